"""The pages of the match: a month and its reasons, a day and its lines, exceptions and their answers, the tolerance."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access.forms import posted
from accounts.access.patience import REPORT
from accounts.access.sentences import add_error
from accounts.access.streams import written_csv
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.errors import CallerError
from accounts.domain.roles import Permission
from accounts.queries.closed_months import is_closed
from billing.domain.labels import BILLED_TOKEN_CLASS_LABELS
from billing.domain.money import ZERO, plain
from billing.domain.periods import DAY, YEARS, Month
from billing.domain.reconciliation import (
    DISCREPANCY_STATE_LABELS,
    REASON_LABELS,
    REASON_MEANINGS,
    REASONS,
    DiscrepancyState,
    Line,
    Reason,
    Sums,
    add_up,
)
from billing.operations.reconciliation import answer_discrepancy, set_tolerance
from billing.queries.discrepancies import MonthDiscrepancy, get_discrepancy, list_month_discrepancies
from billing.queries.invoices import get_invoiced, list_invoices
from billing.queries.reconciliation import MatchedDays, get_reconciliation, get_tolerance, match_days
from billing.queries.restatements import RestatedDay, count_versions, list_restatements

USD = "USD"
# As many lines of a day as a page shows; the file has all of them.
MOST_LINES = 200
MOST_EXCEPTIONS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One reason on the ladder from rated to billed; its bar goes left or right of the middle."""

    label: str
    meaning: str
    amount: Decimal
    largest: Decimal
    is_explained: bool = True

    @property
    def bar_width(self) -> str:
        """The length of its bar, of a hundred, half of which is on either side."""
        return f"{abs(self.amount) / self.largest * 50:.1f}" if self.largest else "0"

    @property
    def bar_start(self) -> str:
        """Where its bar begins."""
        return "50" if self.amount >= 0 else f"{50 - abs(self.amount) / self.largest * 50:.1f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """A line of a day with its reasons in words."""

    line: Line
    token_class: str
    reasons: Sequence[tuple[str, Decimal]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionView:
    """An exception of a month with its words."""

    found: MonthDiscrepancy
    reason: str
    state: str
    token_class: str


@require_safe
@organization_view(Permission.VIEW_SPEND, limit=REPORT)
def reconciliation(request: OrganizationRequest) -> HttpResponse:
    """Show a month: the finding, the ladder of reasons, exceptions, days, invoices."""
    month = _month(request)
    found = get_reconciliation(month.start, month.end)
    whole = found.whole
    invoiced = get_invoiced(month)
    restated = list_restatements(month.start, month.end)
    exceptions = list_month_discrepancies(month.start, month.end)
    context = {
        "month": month,
        "previous": month.previous(),
        "following": month.next() if month.next().start <= request.now.date() else None,
        "found": found,
        "whole": whole,
        "ratio": whole.difference / whole.rated if whole.rated else None,
        "steps": steps_of(whole),
        "versions": count_versions(month.start, month.end),
        "closed": sum(day.is_closed for day in found.days),
        "exceptions": [_exception_view(one) for one in exceptions if not one.is_expected][:MOST_EXCEPTIONS],
        "expected": [_exception_view(one) for one in exceptions if one.is_expected][:MOST_EXCEPTIONS],
        "open_count": sum(one.is_open for one in exceptions),
        "at_stake": sum((abs(one.amount) for one in exceptions if one.is_open), ZERO),
        "tolerance": get_tolerance(),
        "invoices": list_invoices(month),
        "invoiced": invoiced.get(USD),
        "invoice_difference": invoiced[USD] - whole.billed if USD in invoiced else None,
        "others": _others(found),
        "is_frozen": is_closed(month.start),
        "restated": restated,
        "restated_days": restated_days(restated),
    }
    return render(request, "billing/reconciliation/month.html", context)


@require_safe
@organization_view(Permission.VIEW_SPEND, limit=REPORT)
def reconciliation_day(request: OrganizationRequest) -> HttpResponse:
    """Show a UTC day line by line, and the versions that it has had."""
    day = _day(request)
    matches = match_days(day, day + DAY)
    lines = matches[0].lines if matches else ()
    whole = add_up(lines)
    ordered = sorted(lines, key=lambda line: (-abs(line.difference), -line.billed, line.key))
    context = {
        "day": day,
        "month": Month.of(day),
        "previous": day - DAY,
        "following": day + DAY if day + DAY < request.now.date() else None,
        "whole": whole,
        "ratio": whole.difference / whole.rated if whole.rated else None,
        "steps": steps_of(whole),
        "lines": [_line_view(line) for line in ordered[:MOST_LINES]],
        "line_count": len(lines),
        "coverage": matches[0].coverage if matches else None,
        "restated": list_restatements(day, day + DAY),
    }
    return render(request, "billing/reconciliation/day.html", context)


@require_safe
@organization_view(Permission.VIEW_SPEND, limit=REPORT)
def reconciliation_export(request: OrganizationRequest) -> HttpResponseBase:
    """Send every line of a month, or of a day, as CSV."""
    if "date" in request.GET:
        start, end, name = _day(request), _day(request) + DAY, _day(request).isoformat()
    else:
        month = _month(request)
        start, end, name = month.start, month.end, str(month)
    rows = [_csv_row(match.date, line) for match in match_days(start, end) for line in match.lines]
    header = [*CSV_HEADER, *(reason.value for reason in REASONS), "unexplained"]
    response = StreamingHttpResponse(written_csv(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{request.organization.slug}-reconciliation-{name}.csv"'
    return response


class AnswerForm(forms.Form):
    """What finance says to an exception."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        choices=[(state.value, gettext_lazy(label)) for state, label in DISCREPANCY_STATE_LABELS.items()],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("What explains the difference, for example the contract with the discount"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_RECONCILIATION)
def discrepancy_detail(request: OrganizationRequest, discrepancy_id: int) -> HttpResponse:
    """Show an exception and take finance's answer to it."""
    found = get_discrepancy(discrepancy_id)
    form = AnswerForm(posted(request), initial={"state": found.state.value, "note": found.note})
    if request.method == "POST" and form.is_valid():
        try:
            event_id = answer_discrepancy(
                actor=request.actor,
                discrepancy_id=discrepancy_id,
                state=DiscrepancyState(form.cleaned_data["state"]),
                note=form.cleaned_data["note"],
                now=request.now,
            )
        except CallerError as error:
            add_error(form, error)
        else:
            messages.success(request, _("Saved. The audit log has it as line %(number)s.") % {"number": event_id})
            return redirect(month_address(request, Month.of(found.date)))
    context = {
        "form": form,
        "found": found,
        "label": reason_label(found.reason),
        "meaning": _(REASON_MEANINGS[found.reason]) if found.reason else "",
        "token_class": class_label(found.key.token_class),
        "month": Month.of(found.date),
    }
    return render(request, "billing/reconciliation/exception.html", context, status=422 if form.errors else 200)


class ToleranceForm(forms.Form):
    """What nobody need look at."""

    absolute_usd = forms.CharField(
        label=gettext_lazy("Amount in US dollars"),
        max_length=20,
        help_text=gettext_lazy("A difference of a line and day up to this is left alone, for example 1.00"),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    percent = forms.CharField(
        label=gettext_lazy("Percent of the line"),
        max_length=8,
        help_text=gettext_lazy("So is one up to this share of its line, for example 0.50"),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    def clean_absolute_usd(self) -> Decimal:
        """Read the amount as people write it."""
        return read_number(self.cleaned_data["absolute_usd"])

    def clean_percent(self) -> Decimal:
        """Read the percentage as people write it."""
        return read_number(self.cleaned_data["percent"].rstrip("%％ "))


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_RECONCILIATION)
def reconciliation_tolerance(request: OrganizationRequest) -> HttpResponse:
    """Say what nobody need look at."""
    tolerance = get_tolerance()
    initial = {"absolute_usd": f"{tolerance.absolute_usd:.2f}", "percent": f"{tolerance.percent:.2f}"}
    form = ToleranceForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            event_id = set_tolerance(actor=request.actor, now=request.now, **form.cleaned_data)
        except CallerError as error:
            add_error(form, error)
        else:
            text = _("Saved. Every day is matched again with it; the audit log has it as line %(number)s.")
            messages.success(request, text % {"number": event_id})
            return redirect("billing:reconciliation", org_slug=request.organization.slug)
    return render(request, "billing/reconciliation/tolerance.html", {"form": form}, status=422 if form.errors else 200)


def read_number(text: str) -> Decimal:
    """Read an amount as people write it: with commas, full-width digits, a sign of the currency."""
    plain_text = unicodedata.normalize("NFKC", text).replace(",", "").replace(" ", "").lstrip("$¥€")
    try:
        number = Decimal(plain_text.replace("\N{MINUS SIGN}", "-"))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValidationError(_("Enter a number, for example 12.50."))
    return number


def month_address(request: OrganizationRequest, month: Month) -> str:
    """Return where a month is shown."""
    path = reverse("billing:reconciliation", kwargs={"org_slug": request.organization.slug})
    return f"{path}?month={month}"


def reason_label(reason: Reason | None) -> str:
    """Name a reason, or the want of one."""
    return _("Unexplained") if reason is None else _(REASON_LABELS[reason])


def steps_of(whole: Sums) -> list[Step]:
    """Return the ladder from rated to billed; what is unexplained is its last step, also at zero."""
    largest = max((abs(amount) for amount in [*whole.explained.values(), whole.unexplained]), default=ZERO)
    steps = [
        Step(label=_(REASON_LABELS[reason]), meaning=_(REASON_MEANINGS[reason]), amount=amount, largest=largest)
        for reason, amount in whole.explained.items()
    ]
    return [
        *steps,
        Step(
            label=_("Unexplained"),
            meaning=_("No reason was found."),
            amount=whole.unexplained,
            largest=largest,
            is_explained=False,
        ),
    ]


def class_label(token_class: str) -> str:
    """Name a token class of either side; one that nobody has named is told as it is."""
    known = {item.value: label for item, label in BILLED_TOKEN_CLASS_LABELS.items()}
    return _(known[token_class]) if token_class in known else token_class


def _exception_view(found: MonthDiscrepancy) -> ExceptionView:
    state = DISCREPANCY_STATE_LABELS[found.newest.state]
    return ExceptionView(
        found=found,
        reason=reason_label(found.newest.reason),
        state=_("Resolved") if found.newest.resolved_at else _(state),
        token_class=class_label(found.newest.key.token_class),
    )


def restated_days(restated: Iterable[RestatedDay]) -> Mapping[date, RestatedDay]:
    """Return the newest restatement of each day."""
    return {one.date: one for one in restated}


def _others(found: MatchedDays) -> list[tuple[str, Decimal]]:
    sums: dict[str, Decimal] = {}
    for day in found.days:
        for currency, amount in day.other_currencies.items():
            sums[currency] = sums.get(currency, ZERO) + amount
    return sorted(sums.items())


def _line_view(line: Line) -> LineView:
    reasons = [(_(REASON_LABELS[reason]), line.explained[reason]) for reason in REASONS if reason in line.explained]
    if line.unexplained:
        reasons.append((_("Unexplained"), line.unexplained))
    return LineView(line=line, token_class=class_label(line.key.token_class), reasons=reasons)


CSV_HEADER = (
    "date",
    "provider",
    "aws_account",
    "aws_region",
    "model",
    "token_class",
    "tokens_rated",
    "tokens_unpriced",
    "tokens_billed",
    "rated_usd",
    "billed_usd",
    "difference_usd",
)


def _csv_row(day: date, line: Line) -> list[str]:
    return list(_cells(day, line))


def _cells(day: date, line: Line) -> Iterator[str]:
    yield day.isoformat()
    yield from line.key
    yield str(line.rated_tokens)
    yield str(line.rated_tokens_unpriced)
    for amount in (line.billed_tokens, line.rated, line.billed, line.difference):
        yield plain(amount)
    for reason in REASONS:
        yield plain(line.explained.get(reason, ZERO))
    yield plain(line.unexplained)


def _month(request: OrganizationRequest) -> Month:
    """The month of the address; without one that of yesterday, the last that a bill can know."""
    text = request.GET.get("month", "")
    if not text:
        return Month.of(request.now.date() - DAY)
    try:
        return Month.parse(text)
    except ValueError as error:
        raise Http404 from error


def _day(request: OrganizationRequest) -> date:
    try:
        day = date.fromisoformat(request.GET.get("date", ""))
    except ValueError as error:
        raise Http404 from error
    if day.year not in YEARS:
        raise Http404
    return day
