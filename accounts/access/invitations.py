"""The door for invited people: a link names its organization, and opens it far enough to say who invites to what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import cast

from allauth.core.ratelimit import respond_429
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from accounts.domain.errors import NotFound
from accounts.domain.invitations import InvitationToken, TokenMalformed, parse_token
from accounts.domain.organizations import OrganizationValue
from accounts.models import User
from accounts.queries.invitations import InvitationValue, find_invitation_by_secret
from accounts.queries.organizations import get_organization
from accounts.tenancy.context import organization_scope, tenant_transaction

# Links that open nothing, from one address in a minute; further ones are answered 429, a right link never is. A secret of
# 256 bits is not found by trying, but trying costs us work.
REFUSED_A_MINUTE = 20


class InvitationRequest(HttpRequest):
    """A request whose link opens an invitation, be it open or not; its reader is no member yet."""

    user: User | AnonymousUser
    host: OrganizationValue
    invitation: InvitationValue
    token: InvitationToken
    now: datetime


def invitation_view(view: Callable[[InvitationRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Open the organization that a link names around a view and its rendering, if the link is one of its own.

    The organization's id stands in the link, so that it is named before a row behind the wall is read. Whoever comes
    with another text learns nothing: an unknown organization, a closed one and a wrong secret look the same.
    """

    @never_cache
    @wraps(view)
    def door(request: HttpRequest, token: str) -> HttpResponse:
        try:
            parsed = parse_token(token)
        except TokenMalformed:
            return _refuse(request)
        with organization_scope(parsed.organization_id), tenant_transaction():
            entered = _enter(request, parsed)
            if entered is not None:
                return view(entered)
        return _refuse(request)

    return door


def _enter(request: HttpRequest, token: InvitationToken) -> InvitationRequest | None:
    entered = cast(InvitationRequest, request)
    entered.now = timezone.now()
    invitation = find_invitation_by_secret(token.secret, now=entered.now)
    if invitation is None:
        return None
    try:
        entered.host = get_organization(token.organization_id)
    except NotFound:
        return None
    entered.invitation, entered.token = invitation, token
    return entered


def _refuse(request: HttpRequest) -> HttpResponse:
    name = f"invitation-refused:{request.META.get('REMOTE_ADDR', '')}"
    cache.add(name, 0, timeout=60)
    try:
        refused = cache.incr(name)
    except ValueError:
        # It ran out between the two calls.
        refused = 1
    if refused > REFUSED_A_MINUTE:
        return cast(HttpResponse, respond_429(request))
    return render(request, "accounts/invitations/unknown.html", status=HTTPStatus.NOT_FOUND)
