"""Issue and revoke."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.validators import MaxValueValidator
from django.forms.boundfield import BoundWidget
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access.forms import posted
from accounts.access.sentences import add_error, saved
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.api_keys import SCOPE_GROUPS
from accounts.domain.errors import CallerError
from accounts.domain.names import NAME_LIMIT
from accounts.domain.roles import PERMISSION_LABELS, Permission
from accounts.operations.api_keys import issue_api_key, revoke_api_key
from accounts.queries.api_keys import get_api_key, list_api_keys

NEVER, ON_A_DATE = 0, -1
# A key that nobody has used for so long is worth a question.
IDLE_AFTER, EXPIRING_WITHIN = timedelta(days=90), timedelta(days=14)


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
        initial=90,
        choices=(
            (30, gettext_lazy("in 30 days")),
            (90, gettext_lazy("in 90 days")),
            (365, gettext_lazy("in a year")),
            (ON_A_DATE, gettext_lazy("on a date")),
            (NEVER, gettext_lazy("never")),
        ),
    )
    expires_at = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        validators=[MaxValueValidator(date(2199, 12, 31))],
        help_text=gettext_lazy("Only where it expires on a date. The key opens nothing after this day."),
        error_messages={"invalid": gettext_lazy("Enter a day, for example 2027-03-31.")},
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, issuer: Collection[Permission], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scopes = self.fields["scopes"]
        assert isinstance(scopes, forms.MultipleChoiceField)
        scopes.choices = [
            (_(group), [(right.value, _(PERMISSION_LABELS[right])) for right in rights if right in issuer])
            for group, rights in SCOPE_GROUPS
            if any(right in issuer for right in rights)
        ]

    def grouped_scopes(self) -> list[tuple[str, list[BoundWidget]]]:
        """Return the check boxes of the rights under the names of their groups."""
        boxes = {str(box.data["value"]): box for box in self["scopes"]}
        groups = ((_(group), [boxes[right] for right in rights if right in boxes]) for group, rights in SCOPE_GROUPS)
        return [group for group in groups if group[1]]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("expires_in_days") == ON_A_DATE and not cleaned.get("expires_at") and "expires_at" in cleaned:
            self.add_error("expires_at", _("Choose the last day on which the key opens anything."))
        return cleaned

    def expiry(self, *, now: datetime, zone: ZoneInfo) -> datetime | None:
        """Return when the key expires: a date that was chosen still counts as a whole day of the organization."""
        days = self.cleaned_data["expires_in_days"]
        if days == ON_A_DATE:
            return datetime.combine(self.cleaned_data["expires_at"] + timedelta(days=1), time.min, zone)
        return None if days == NEVER else now + timedelta(days=days)


@require_safe
@organization_view(Permission.EDIT_API_KEYS)
def api_key_list(request: OrganizationRequest) -> HttpResponse:
    """Show the keys: what each may do, until when, when it was last used."""
    keys = list_api_keys()
    open_keys = [key for key in keys if key.is_in_force(request.now)]
    context = {
        "api_keys": [(key, key.state(request.now), _groups(key.scopes)) for key in keys],
        "in_force": len(open_keys),
        "idle": sum(1 for key in open_keys if (key.last_used_at or key.created_at) < request.now - IDLE_AFTER),
        "expiring": sum(
            1 for key in open_keys if key.expires_at is not None and key.expires_at < request.now + EXPIRING_WITHIN
        ),
    }
    return render(request, "accounts/api_keys/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_API_KEYS)
def api_key_create(request: OrganizationRequest) -> HttpResponse:
    """Issue a key and show it, once: the answer to the form is the only page that will ever hold it."""
    form = IssueForm(posted(request), issuer=request.permissions, initial={"scopes": [Permission.VIEW_SPEND.value]})
    if request.method == "POST" and form.is_valid():
        try:
            issued = issue_api_key(
                actor=request.actor,
                issuer=request.permissions,
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                expires_at=form.expiry(now=request.now, zone=ZoneInfo(request.organization.time_zone)),
                now=request.now,
            )
        except CallerError as error:
            add_error(form, error)
        else:
            context = {
                "issued": issued,
                "api_key": get_api_key(issued.id),
                "groups": _groups(form.cleaned_data["scopes"]),
                "site_url": settings.SITE_URL,
            }
            return render(request, "accounts/api_keys/issued.html", context)
    context = {"form": form, "groups": form.grouped_scopes()}
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
    context = {
        "api_key": key,
        "groups": _groups(key.scopes),
        "state": key.state(request.now),
        "used_lately": key.last_used_at is not None and key.last_used_at > request.now - timedelta(days=1),
    }
    return render(request, "accounts/api_keys/revoke.html", context)


def _groups(scopes: Collection[Permission]) -> list[tuple[str, list[str]]]:
    """Return the rights of a key in words, in the groups in which they are chosen."""
    return [
        (_(group), [_(PERMISSION_LABELS[right]) for right in rights if right in scopes])
        for group, rights in SCOPE_GROUPS
        if any(right in scopes for right in rights)
    ]
