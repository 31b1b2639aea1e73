"""Issue and revoke."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access.forms import posted
from accounts.access.sentences import add_error, saved
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.errors import CallerError
from accounts.domain.names import NAME_LIMIT
from accounts.domain.roles import PERMISSION_LABELS, Permission
from accounts.operations.api_keys import issue_api_key, revoke_api_key
from accounts.queries.api_keys import get_api_key, list_api_keys

NEVER = 0


class IssueForm(forms.Form):
    """A new key; the rights to choose from are the issuer's own."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        error_messages={"required": gettext_lazy("Enter a name for the key.")},
        max_length=NAME_LIMIT,
        help_text=gettext_lazy("What uses the key, for example: chargeback job."),
    )
    scopes = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Rights"),
        error_messages={"required": gettext_lazy("Choose at least one right for the key.")},
        coerce=Permission,
        widget=forms.CheckboxSelectMultiple,
    )
    expires_in_days = forms.TypedChoiceField(
        label=gettext_lazy("Expires"),
        error_messages={"required": gettext_lazy("Choose when the key expires.")},
        coerce=int,
        initial=365,
        choices=(
            (30, gettext_lazy("in 30 days")),
            (90, gettext_lazy("in 90 days")),
            (365, gettext_lazy("in a year")),
            (NEVER, gettext_lazy("never")),
        ),
    )

    def __init__(self, *args: Any, issuer: Collection[Permission], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scopes = self.fields["scopes"]
        assert isinstance(scopes, forms.MultipleChoiceField)
        scopes.choices = [(right.value, _(label)) for right, label in PERMISSION_LABELS.items() if right in issuer]


@require_safe
@organization_view(Permission.EDIT_API_KEYS)
def api_key_list(request: OrganizationRequest) -> HttpResponse:
    """Show the keys: what each may do, until when, when it was last used."""
    context = {"api_keys": [(key, key.is_in_force(request.now), _rights(key.scopes)) for key in list_api_keys()]}
    return render(request, "accounts/api_keys/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_API_KEYS)
def api_key_create(request: OrganizationRequest) -> HttpResponse:
    """Issue a key and show it, once: the answer to the form is the only page that will ever hold it."""
    form = IssueForm(posted(request), issuer=request.permissions, initial={"scopes": [Permission.VIEW_SPEND.value]})
    if request.method == "POST" and form.is_valid():
        days = form.cleaned_data["expires_in_days"]
        try:
            issued = issue_api_key(
                actor=request.actor,
                issuer=request.permissions,
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                expires_at=None if days == NEVER else request.now + timedelta(days=days),
                now=request.now,
            )
        except CallerError as error:
            add_error(form, error)
        else:
            context = {"issued": issued, "site_url": settings.SITE_URL}
            return render(request, "accounts/api_keys/issued.html", context)
    context = {"form": form}
    return render(request, "accounts/api_keys/form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_API_KEYS)
def api_key_revoke(request: OrganizationRequest, api_key_id: int) -> HttpResponse:
    """Shut a key for ever, after a page that says what will stop."""
    key = get_api_key(api_key_id)
    if request.method == "POST":
        event_id = revoke_api_key(actor=request.actor, api_key_id=api_key_id, now=request.now)
        messages.success(request, saved(event_id))
        return redirect("accounts:api_key_list", org_slug=request.organization.slug)
    context = {"api_key": key, "rights": _rights(key.scopes), "in_force": key.is_in_force(request.now)}
    return render(request, "accounts/api_keys/revoke.html", context)


def _rights(scopes: Collection[Permission]) -> list[str]:
    return [_(label) for right, label in PERMISSION_LABELS.items() if right in scopes]
