"""The door for browsers: `@organization_view(permission)`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

import structlog
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.views.decorators.cache import never_cache
from django_htmx.middleware import HtmxDetails

from accounts.access.patience import INTERACTIVE, within
from accounts.domain.audit import Actor, ActorKind
from accounts.domain.errors import Forbidden
from accounts.domain.organizations import OrganizationValue
from accounts.domain.roles import Permission, Role, permissions_of
from accounts.models import User
from accounts.queries.memberships import find_role
from accounts.queries.organizations import find_organization_by_slug, list_organizations_of_user
from accounts.tenancy.context import organization_scope, tenant_transaction

Arguments = ParamSpec("Arguments")


class OrganizationRequest(HttpRequest):
    """A request that has passed the door."""

    user: User
    htmx: HtmxDetails
    organization: OrganizationValue
    actor: Actor
    role: Role
    permissions: frozenset[Permission]
    now: datetime


View = Callable[Concatenate[OrganizationRequest, Arguments], HttpResponseBase]


def organization_view(
    permission: Permission, *, limit: timedelta = INTERACTIVE
) -> Callable[[View[Arguments]], Callable[..., HttpResponseBase]]:
    """Open one organization around a view and its rendering, for members whose role has the permission.

    No statement of the view may take longer than the limit: what does is answered with 503.

    A stranger gets 404, as for an organization that does not exist; a member without the right 403. The view gets the
    URL's arguments without `org_slug`. An error rolls the view's writes back.
    """

    def decorate(view: View[Arguments]) -> Callable[..., HttpResponseBase]:
        @never_cache
        @login_required
        @wraps(view)
        def door(request: HttpRequest, *args: Any, org_slug: str, **kwargs: Any) -> HttpResponseBase:
            organization = find_organization_by_slug(org_slug)
            if organization is None:
                raise Http404
            with organization_scope(organization.id), within(limit), tenant_transaction():
                entered = _enter(request, organization)
                if permission not in entered.permissions:
                    raise Forbidden
                response = view(entered, *args, **kwargs)
                # Lazily rendered answers are rendered here: outside, their queries would be refused.
                return response.render() if isinstance(response, TemplateResponse) else response

        door.permission = permission  # type: ignore[attr-defined] # read by the test that walks every route
        return door

    return decorate


def user_actor(user: User) -> Actor:
    """Return the actor that a person is in the audit log."""
    return Actor(kind=ActorKind.USER, id=str(user.pk), label=user.name or user.email)


def organization_context(request: HttpRequest) -> dict[str, object]:
    """Give templates the organization, role and rights of a request that has passed the door."""
    organization = getattr(request, "organization", None)
    if organization is None:
        return {}
    entered = cast(OrganizationRequest, request)
    return {
        "organization": organization,
        # For the organization switch; asked for only where the frame is drawn.
        "organizations": SimpleLazyObject(lambda: list_organizations_of_user(entered.user.pk)),
        "role": entered.role,
        "permissions": {permission.value for permission in entered.permissions},
        "now": entered.now,
    }


def _enter(request: HttpRequest, organization: OrganizationValue) -> OrganizationRequest:
    entered = cast(OrganizationRequest, request)
    role = find_role(entered.user.pk)
    if role is None:
        raise Http404
    entered.organization = organization
    entered.actor = user_actor(entered.user)
    entered.role = role
    entered.permissions = permissions_of(role)
    entered.now = timezone.now()
    structlog.contextvars.bind_contextvars(organization=str(organization.id), actor=f"user:{entered.user.pk}")
    return entered
