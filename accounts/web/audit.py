"""The log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.access.pages import next_cursor, read_after
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.audit import Json
from accounts.domain.roles import Permission
from accounts.queries.audit import AuditEventValue, AuditFilter, list_audit_events, list_audit_verbs

ROWS_IN_PAGE = 50
# No line is older than the product; days at the ends of the calendar would leave it when their zone is taken off.
DAYS_OF_THE_LOG = (MinValueValidator(date(2020, 1, 1)), MaxValueValidator(date(2199, 12, 31)))


class FilterForm(forms.Form):
    """What to look for; days are the organization's."""

    actor = forms.CharField(label=gettext_lazy("Who"), required=False, max_length=120)
    verb = forms.ChoiceField(label=gettext_lazy("What"), required=False)
    target = forms.CharField(
        label=gettext_lazy("On"),
        required=False,
        max_length=128,
        widget=forms.TextInput(attrs={"placeholder": "budget:42"}),
    )
    start = forms.DateField(
        label=gettext_lazy("From"),
        required=False,
        validators=DAYS_OF_THE_LOG,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    end = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        validators=DAYS_OF_THE_LOG,
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, verbs: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        verb = self.fields["verb"]
        assert isinstance(verb, forms.ChoiceField)
        verb.choices = [("", _("Everything")), *((name, name) for name in verbs)]


@require_safe
@organization_view(Permission.VIEW_AUDIT_LOG)
def audit_list(request: OrganizationRequest) -> HttpResponse:
    """Show who changed what, newest first."""
    form = FilterForm(request.GET or None, verbs=list_audit_verbs())
    is_right = not form.is_bound or form.is_valid()
    matching = (
        _filter(form.cleaned_data, ZoneInfo(request.organization.time_zone))
        if form.is_bound and is_right
        else AuditFilter()
    )
    page = list_audit_events(matching=matching, after=read_after(request), limit=ROWS_IN_PAGE)
    context = {
        "form": form,
        "events": [(event, _changes(event)) for event in page.rows] if is_right else [],
        "next": next_cursor(request, page.next) if is_right else None,
        "is_filtered": matching != AuditFilter(),
    }
    return render(request, "accounts/audit/list.html", context, status=200 if is_right else 422)


def _filter(given: Mapping[str, Any], zone: ZoneInfo) -> AuditFilter:
    start, end = given["start"], given["end"]
    return AuditFilter(
        actor=given["actor"],
        verb=given["verb"],
        target=given["target"],
        start=datetime.combine(start, time.min, zone) if start else None,
        # The page says "until" and means the whole day.
        end=datetime.combine(end + timedelta(days=1), time.min, zone) if end else None,
    )


def _changes(event: AuditEventValue) -> list[tuple[str, Json, Json]]:
    """Return each field with what it was before and after."""
    before, after = event.before or {}, event.after or {}
    names = [*before, *(name for name in after if name not in before)]
    return [(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)]
