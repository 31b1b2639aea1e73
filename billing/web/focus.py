"""The stored bill as a FOCUS file, sent while it is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import partial

from django import forms
from django.http import HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_safe

from accounts.access.streams import read_on
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.errors import Invalid
from accounts.domain.pages import Page
from accounts.domain.roles import Permission
from accounts.domain.text import gettext_noop
from billing.domain.focus import csv_lines
from billing.domain.periods import Month
from billing.operations.focus import parquet_chunks
from billing.queries.focus import FocusRow, list_focus_rows

MOST_ROWS = 5_000_000
CSV, PARQUET = "csv", "parquet"


class NoSuchExport(Invalid):
    """The address names no month or no format."""

    code = "no_such_focus_export"
    message = gettext_noop("Choose a month, for example 2026-10, and CSV or Parquet.")


class FocusForm(forms.Form):
    """Which month, in which format."""

    month = forms.RegexField(r"\A\d{4}-(0[1-9]|1[0-2])\Z")
    format = forms.ChoiceField(choices=[(CSV, CSV), (PARQUET, PARQUET)])


@require_safe
@organization_view(Permission.VIEW_SPEND)
def focus_export(request: OrganizationRequest) -> HttpResponseBase:
    """Send the bill of a month as FOCUS 1.2."""
    form = FocusForm(request.GET)
    if not form.is_valid():
        raise NoSuchExport
    month = Month.parse(form.cleaned_data["month"])
    rows = focus_rows(request, month.start, month.next().start)
    is_csv = form.cleaned_data["format"] == CSV
    chunks: Iterable[bytes] = (line.encode() for line in csv_lines(rows)) if is_csv else parquet_chunks(rows)
    response = StreamingHttpResponse(
        chunks, content_type="text/csv; charset=utf-8" if is_csv else "application/vnd.apache.parquet"
    )
    name = f"{request.organization.slug}-focus-{month}.{form.cleaned_data['format']}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def focus_rows(request: OrganizationRequest, start: date, end: date) -> Iterator[FocusRow]:
    """Yield the rows of some days, each page of them in a transaction of its own."""
    read = partial(_read, start, end)
    return read_on(request.organization.id, read, limit=MOST_ROWS)


def _read(start: date, end: date, after: str | None) -> Page[FocusRow]:
    return list_focus_rows(start=start, end=end, after=after, limit=5_000)
