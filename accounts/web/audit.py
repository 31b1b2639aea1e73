"""The log: filtered by who, what, on what and when; every line of it as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.access.pages import next_cursor, read_after
from accounts.access.sentences import add_error, day_text
from accounts.access.streams import read_on, written_csv
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.audit import Json
from accounts.domain.roles import Permission
from accounts.queries.audit import (
    EXPORT_LIMIT,
    AuditEventValue,
    AuditFilter,
    AuditNames,
    TooManyLines,
    check_export,
    count_audit_events,
    list_audit_events,
    list_audit_names,
)

ROWS_IN_PAGE, ROWS_AT_ONCE = 50, 1000
COUNTED_AT_MOST = 10_000
# No line is older than the product; days at the ends of the calendar would leave it when their zone is taken off.
DAYS_OF_THE_LOG = (MinValueValidator(date(2020, 1, 1)), MaxValueValidator(date(2199, 12, 31)))
COLUMNS = ("line", "recorded_at", "actor_kind", "actor", "verb", "target", "before", "after", "request_id")


class FilterForm(forms.Form):
    """What to look for; days are the organization's."""

    actor = forms.CharField(label=gettext_lazy("Who"), required=False, max_length=120)
    verb = forms.ChoiceField(label=gettext_lazy("What"), required=False)
    target = forms.ChoiceField(label=gettext_lazy("On"), required=False)
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

    def __init__(self, *args: Any, names: AuditNames, asked_target: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # One thing (`budget:42`) is asked for by a link, not by a choice among thousands.
        one = [asked_target] if ":" in asked_target and asked_target.isprintable() else []
        for field, values in (("verb", names.verbs), ("target", (*one, *names.kinds))):
            choice = self.fields[field]
            assert isinstance(choice, forms.ChoiceField)
            choice.choices = [("", _("Everything")), *((name, name) for name in values)]


@require_safe
@organization_view(Permission.VIEW_AUDIT_LOG)
def audit_list(request: OrganizationRequest) -> HttpResponse:
    """Show who changed what, newest first."""
    form, matching = _read(request)
    page = list_audit_events(matching=matching, after=read_after(request), limit=ROWS_IN_PAGE)
    context = _context(request, form, matching, page.rows, page.next)
    return render(request, "accounts/audit/list.html", context, status=422 if form.errors else 200)


@require_safe
@organization_view(Permission.VIEW_AUDIT_LOG)
def audit_export(request: OrganizationRequest) -> HttpResponseBase:
    """Answer every line that matches as a CSV file, newest first."""
    form, matching = _read(request)
    if not form.errors:
        try:
            check_export(matching)
        except TooManyLines as error:
            add_error(form, error)
    if form.errors:
        return render(request, "accounts/audit/list.html", _context(request, form, matching, (), None), status=422)
    rows = read_on(
        request.organization.id,
        lambda after: list_audit_events(matching=matching, after=after, limit=ROWS_AT_ONCE),
        limit=EXPORT_LIMIT,
    )
    response = StreamingHttpResponse(written_csv(COLUMNS, _cells(rows)), content_type="text/csv; charset=utf-8")
    name = f"{request.organization.slug}-audit-log-{request.now:%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _read(request: OrganizationRequest) -> tuple[FilterForm, AuditFilter]:
    asked = {name: value for name, value in request.GET.items() if name in FilterForm.base_fields and value}
    form = FilterForm(asked, names=list_audit_names(), asked_target=str(asked.get("target", ""))[:128])
    if not form.is_valid():
        return form, AuditFilter()
    return form, _filter(form.cleaned_data, ZoneInfo(request.organization.time_zone))


def _context(
    request: OrganizationRequest,
    form: FilterForm,
    matching: AuditFilter,
    events: Sequence[AuditEventValue],
    position: str | None,
) -> dict[str, object]:
    is_right = not form.errors
    counted = count_audit_events(matching, at_most=COUNTED_AT_MOST + 1) if is_right else 0
    return {
        "form": form,
        "events": [(event, _changes(event)) for event in events] if is_right else [],
        "next": next_cursor(request, position) if is_right else None,
        "is_filtered": matching != AuditFilter(),
        "chips": _chips(request, form) if is_right else [],
        "query": urlencode(_asked(form)) if is_right else "",
        "counted": min(counted, COUNTED_AT_MOST),
        "is_more": counted > COUNTED_AT_MOST,
    }


def _asked(form: FilterForm) -> dict[str, str]:
    """What the address asks for, without the page."""
    return {name: str(value) for name, value in form.data.items() if value}


def _chips(request: OrganizationRequest, form: FilterForm) -> list[tuple[str, str]]:
    """Each filter in words, with the address of the page without it."""
    asked = _asked(form)
    words = {
        "actor": _("Who contains %(value)s"),
        "verb": _("What is %(value)s"),
        "target": _("On %(value)s"),
        "start": _("From %(value)s"),
        "end": _("Until %(value)s"),
    }
    chips = []
    for name, sentence in words.items():
        if name in asked:
            value = form.cleaned_data[name]
            shown = day_text(value) if isinstance(value, date) else str(value)
            rest = urlencode({other: text for other, text in asked.items() if other != name})
            chips.append((sentence % {"value": shown}, f"{request.path}?{rest}" if rest else request.path))
    return chips


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


def _changes(event: AuditEventValue) -> list[tuple[str, str | None, str | None]]:
    """Return each field with what it was before and after, in words; None where it was not told."""
    before, after = event.before or {}, event.after or {}
    names = [*before, *(name for name in after if name not in before)]
    return [
        (
            name.replace("_", " "),
            _readable(before[name]) if name in before else None,
            _readable(after[name]) if name in after else None,
        )
        for name in names
        if name not in before or name not in after or before[name] != after[name]
    ]


def _readable(value: Json) -> str:
    if value is None or value in ("", [], {}):
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(_readable(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_readable(one)}" for name, one in value.items())
    return str(value)


def _cells(events: Iterator[AuditEventValue]) -> Iterator[Sequence[str]]:
    for event in events:
        yield (
            str(event.id),
            event.recorded_at.astimezone(UTC).isoformat(),
            event.actor.kind,
            event.actor.label,
            event.verb,
            event.target,
            _json(event.before),
            _json(event.after),
            event.request_id,
        )


def _json(value: Mapping[str, Json] | None) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
