"""The showback statement of a month: page, CSV and workbook of what each cost center pays and why."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO, StringIO

import xlsxwriter
from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access.patience import REPORT
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.roles import Permission
from billing.domain import figures
from billing.domain.dimensions import Basis, CostHeading
from billing.domain.figures import round_half_up
from billing.domain.labels import HEADING_LABELS
from billing.domain.money import Money, plain
from billing.domain.periods import Month, local_day
from billing.domain.statements import NOBODY, CenterStatement
from billing.queries.statements import BasisStatement, Statement, get_statement

MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
WORKBOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
HEADS = ("month", "basis", "cost_center", "name", "kind", "line", "share", "amount", "currency")
MONTHS_OFFERED = 13
Line = tuple[str, str, Decimal | None, Decimal]


@require_safe
@organization_view(Permission.VIEW_SPEND, limit=REPORT)
def statement(request: OrganizationRequest) -> HttpResponse:
    """Show, or send as a file, what each cost center pays for a month."""
    today = local_day(request.now, request.organization.time_zone)
    this_month = Month.of(today)
    month = _month(request.GET.get("month"), this_month.previous())
    found = get_statement(month, organization=request.organization, now=request.now)
    write = {"csv": _csv, "xlsx": _xlsx}.get(request.GET.get("format", ""))
    if write is not None:
        return write(request, found)
    context = {
        "statement": found,
        "bases": [_shown(found, one) for one in found.bases()],
        "months": [this_month.plus(-back) for back in range(MONTHS_OFFERED)],
        "is_under_way": month >= this_month,
    }
    return render(request, "billing/statements/index.html", context)


def _month(text: str | None, usual: Month) -> Month:
    if not text:
        return usual
    try:
        return Month.parse(text)
    except ValueError as error:
        raise Http404 from error


def _shown(found: Statement, basis: BasisStatement) -> dict[str, object]:
    currency = found.rates.currency
    places = figures.decimals_of(currency)
    centers = [
        {
            "name": _name(found, one),
            "id": one.cost_center_id,
            "direct": Money(one.direct_total, currency),
            "shared": Money(one.shared_total, currency),
            "total": Money(one.total, currency),
            "share": one.total / basis.total if basis.total else None,
            "lines": [
                {"kind": kind, "text": text, "share": share, "amount": Money(amount, currency)}
                for kind, text, share, amount in _lines(found, one)
            ],
            "rounding": Money(one.rounding(places), currency),
        }
        for one in basis.centers
    ]
    # What stands in the table is rounded line by line; what that lacks to the rounded total is a line of its own.
    shown = sum((round_half_up(one.total, places) for one in basis.centers), Decimal(0))
    return {
        "basis": basis,
        "centers": centers,
        "total": Money(basis.total, currency),
        "rounding": Money(round_half_up(basis.total, places) - shown, currency),
        "unallocated": Money(basis.unallocated.total, currency),
    }


def _name(found: Statement, one: CenterStatement) -> str:
    return _("Unallocated") if one.cost_center_id == NOBODY else found.centers[one.cost_center_id].name


def _code(found: Statement, one: CenterStatement) -> str:
    return "" if one.cost_center_id == NOBODY else found.centers[one.cost_center_id].code


def _lines(found: Statement, one: CenterStatement) -> Iterator[Line]:
    """Every line of a center: its kind, what it says, which part of a split it is, and its amount."""
    for direct in one.direct:
        yield "direct", _label(found, direct.label), None, direct.amount
    for shared in one.shared:
        if shared.share is None:
            yield "given", _("Distributed by %(split)s") % {"split": shared.split_name}, None, shared.amount
            continue
        pool = found.centers[shared.other_id].name if shared.other_id else _("Unallocated")
        named = {"split": shared.split_name, "pool": pool}
        yield "received", _("Shared cost of %(pool)s by %(split)s") % named, shared.share, shared.amount


def _label(found: Statement, label: str) -> str:
    if label in CostHeading.__members__.values():
        return _(HEADING_LABELS[CostHeading(label)])
    return found.model_names.get(label, label) or _("Unrecognized")


def _rows(found: Statement) -> Iterator[tuple[str, str, str, str, str, str, Decimal | None, Decimal]]:
    for basis in found.bases():
        for one in basis.centers:
            for kind, text, share, amount in _lines(found, one):
                told = (str(found.month), basis.basis.value, _code(found, one), _name(found, one))
                yield (*told, kind, text, share, amount)


def _csv(request: OrganizationRequest, found: Statement) -> HttpResponse:
    target = StringIO()
    writer = csv.writer(target)
    writer.writerow(HEADS)
    for *texts, share, amount in _rows(found):
        told = [f"'{text}" if str(text).startswith(DANGEROUS) else text for text in texts]
        writer.writerow([*told, "" if share is None else plain(share), plain(amount), found.rates.currency])
    response = HttpResponse(MARK + target.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_file_name(request, found)}.csv"'
    return response


def _xlsx(request: OrganizationRequest, found: Statement) -> HttpResponse:
    target = BytesIO()
    book = xlsxwriter.Workbook(target, OPTIONS)
    bold, text = book.add_format({"bold": True}), book.add_format({})
    places = figures.decimals_of(found.rates.currency)
    money = book.add_format({"num_format": "#,##0" + (f".{'0' * places}" if places else "")})
    percent = book.add_format({"num_format": "0.0%"})
    rows = list(_rows(found))
    for basis, title in ((Basis.RATED, _("Estimated")), (Basis.BILLED, _("Billed"))):
        sheet = book.add_worksheet(title)
        heads = (
            _("Code"),
            _("Cost center"),
            _("Kind"),
            pgettext("statement", "Line"),
            _("Share"),
            found.rates.currency,
        )
        held = [row for row in rows if row[1] == basis]
        sheet.set_column(0, 3, 24)
        sheet.freeze_panes(2, 0)
        for place, head in enumerate(heads):
            sheet.write_string(0, place, head, bold)
        sheet.write_string(1, 0, _("Total"), bold)
        total = found.rated.total if basis is Basis.RATED else found.billed.total
        sheet.write_formula(1, 5, f"=SUM(F3:F{max(3, len(held) + 2)})", money, float(total))
        for number, (_month_text, _basis, *texts, share, amount) in enumerate(held, start=2):
            for place, value in enumerate(texts):
                sheet.write_string(number, place, str(value), text)
            if share is not None:
                sheet.write_number(number, 4, float(share), percent)
            sheet.write_number(number, 5, float(amount), money)
    about = book.add_worksheet(_("About"))
    about.set_column(0, 1, 40)
    for number, (name, value) in enumerate(_about(request, found)):
        about.write_string(number, 0, name, bold)
        about.write_string(number, 1, value, text)
    book.close()
    response = HttpResponse(target.getvalue(), content_type=WORKBOOK_TYPE)
    response["Content-Disposition"] = f'attachment; filename="{_file_name(request, found)}.xlsx"'
    return response


def _about(request: OrganizationRequest, found: Statement) -> Iterator[tuple[str, str]]:
    yield _("Organization"), request.organization.name
    yield _("Month"), str(found.month)
    yield _("Currency"), found.rates.currency
    for rate in found.rates.used:
        named = {"rate": plain(rate.units_per_usd), "currency": rate.currency, "month": str(rate.month)}
        yield _("Exchange rate"), _("%(rate)s %(currency)s/USD, the rate of %(month)s") % named
    if found.data_until.rated:
        language = get_language() or "en"
        yield _("Estimated until"), figures.moment(found.data_until.rated, request.organization.time_zone, language)
    if found.billed_until:
        yield _("Billed until"), found.billed_until.isoformat()
    for money in found.billed.foreign:
        yield _("Not in the table"), f"{plain(money.amount)} {money.currency}"
    yield _("Exported"), request.now.isoformat(timespec="seconds")
    yield _("Exported by"), request.actor.label
    yield _("Version"), f"Yosan {settings.VERSION}"


def _file_name(request: OrganizationRequest, found: Statement) -> str:
    return f"{request.organization.slug}-statement-{found.month}"
