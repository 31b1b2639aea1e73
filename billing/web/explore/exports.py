"""Files of the Explore page: every row of the question as CSV or as a workbook."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from io import BytesIO

from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from accounts.access.patience import REPORT
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.roles import Permission
from billing.domain import figures
from billing.domain.comparisons import Line, table_of
from billing.domain.dimensions import Basis, Dimension
from billing.domain.explore import Measure
from billing.domain.figures import round_half_up
from billing.domain.money import plain
from billing.domain.periods import DAY
from billing.domain.stretches import Period
from billing.queries.dimension_values import list_dimension_values
from billing.queries.explore import Explored, explore
from billing.web.explore.link import Links, read_request
from billing.web.explore.words import Words, filter_texts, language
from billing.web.explore.workbook import Workbook, write_workbook

# Excel takes UTF-8 for what it is only where it begins so.
MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
# A cell that begins so is run as a formula when the file is opened.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
RATIO_PLACES = 6
NAMED = (Dimension.COST_CENTER, Dimension.MODEL)
WORKBOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@organization_view(Permission.VIEW_SPEND, limit=REPORT)
def explore_export(request: OrganizationRequest) -> HttpResponseBase:
    """Send every row that the question has, also those on other pages; a question with a fault goes back to its page."""
    reading, links = read_request(request.GET), Links(request)
    write = WRITERS.get(request.GET.get("format", ""))
    if reading.problems or write is None:
        query = request.GET.copy()
        query.pop("format", None)
        return redirect(f"{links.path}?{query.urlencode()}")
    explored = explore(reading.exploration, organization=request.organization, now=request.now)
    names = list_dimension_values(reading.exploration.basis).names
    words = Words(exploration=reading.exploration, currency=explored.rates.currency, names=names)
    return write(request, explored, words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the file: its name, and what it holds of a line."""

    name: str
    of: Callable[[Line], str]


def _csv(request: OrganizationRequest, explored: Explored, words: Words) -> StreamingHttpResponse:
    columns = list(_columns(explored, words))
    lines = list(all_lines(explored, words))
    response = StreamingHttpResponse(_written(columns, lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_file_name(request, explored)}.csv"'
    return response


def _written(columns: Sequence[Column], lines: Iterable[Line]) -> Iterator[str]:
    """Row by row; whatever the rows need has been read by now, since the organization is closed while they are sent."""
    writer = csv.writer(_Echo())
    yield MARK + writer.writerow([column.name for column in columns])
    for line in lines:
        yield writer.writerow([column.of(line) for column in columns])


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _columns(explored: Explored, words: Words) -> Iterator[Column]:
    asked, stretch = explored.exploration, explored.stretch
    yield Column(name="first_day", of=_always(stretch.days.start.isoformat()))
    yield Column(name="last_day", of=_always((stretch.days.end - DAY).isoformat()))
    yield Column(name="time_zone", of=_always(stretch.time_zone))
    yield Column(name="basis", of=_always(asked.basis.value))
    for depth, dimension in enumerate(asked.group_by):
        yield Column(name=dimension.value, of=_key(depth))
        if dimension in NAMED:
            yield Column(name=f"{dimension.value}_name", of=_name(depth, words))
    yield Column(name=asked.measure.value, of=lambda line: plain(line.now))
    if stretch.before:
        yield Column(name="before", of=lambda line: _number(line.before))
        yield Column(name="change", of=lambda line: _number(line.change))
        yield Column(name="change_ratio", of=lambda line: _ratio(line.change_percent))
    yield Column(name="share", of=lambda line: _ratio(line.share))
    if asked.measure is Measure.COST:
        yield Column(name="currency", of=_always(explored.rates.currency))
    if asked.basis is Basis.RATED:
        yield Column(name="tokens_unpriced", of=lambda line: str(line.unpriced))


def all_lines(explored: Explored, words: Words) -> Iterator[Line]:
    """Return the innermost lines of the table, all of them, in the order of the page."""
    asked = explored.exploration
    table = table_of(
        explored.parts,
        depth=len(asked.group_by),
        sort_by=asked.sort_by,
        descending=asked.descending,
        label=words.key,
    )
    if not asked.group_by and explored.parts:
        yield table.total
    for line in table.lines:
        yield from line.parts or (line,)


def harmless(text: str) -> str:
    """Return a text that no program takes for a formula."""
    return f"'{text}" if text.startswith(DANGEROUS) else text


def _always(text: str) -> Callable[[Line], str]:
    return lambda _: harmless(text)


def _key(depth: int) -> Callable[[Line], str]:
    return lambda line: harmless(line.key[depth] or "")


def _name(depth: int, words: Words) -> Callable[[Line], str]:
    def name(line: Line) -> str:
        return harmless(words.key(depth, line.key[depth])) if line.key[depth] else ""

    return name


def _number(value: Decimal | None) -> str:
    return "" if value is None else plain(value)


def _ratio(value: Decimal | None) -> str:
    return "" if value is None else plain(round_half_up(value, RATIO_PLACES))


def _xlsx(request: OrganizationRequest, explored: Explored, words: Words) -> HttpResponse:
    target = BytesIO()
    about = list(_about(request, explored, words))
    write_workbook(
        target, Workbook(explored=explored, words=words, lines=list(all_lines(explored, words)), about=about)
    )
    response = HttpResponse(target.getvalue(), content_type=WORKBOOK_TYPE)
    response["Content-Disposition"] = f'attachment; filename="{_file_name(request, explored)}.xlsx"'
    return response


def _about(request: OrganizationRequest, explored: Explored, words: Words) -> Iterator[tuple[str, str]]:
    """What the figures are, for whoever finds the file without the page."""
    asked, stretch = explored.exploration, explored.stretch
    zone = request.organization.time_zone
    # The same days also when it is opened next month.
    fixed = replace(asked, period=Period.CUSTOM, first=stretch.days.start, last=stretch.days.end - DAY)
    yield gettext("Organization"), request.organization.name
    yield gettext("Basis"), words.measure
    yield gettext("Days"), figures.days(stretch.days, language())
    if stretch.days_before:
        yield gettext("Compared with"), figures.days(stretch.days_before, language())
    yield gettext("Time zone"), stretch.time_zone
    if words.is_money:
        yield gettext("Currency"), explored.rates.currency
        for rate in explored.rates.used:
            named = {"rate": plain(rate.units_per_usd), "currency": rate.currency, "month": str(rate.month)}
            yield gettext("Exchange rate"), gettext("%(rate)s %(currency)s/USD, the rate of %(month)s") % named
    for text in filter_texts(asked, words):
        yield gettext("Filter"), text
    if explored.data_until.rated:
        yield gettext("Estimated until"), figures.moment(explored.data_until.rated, zone, language())
    if explored.billed_last_day:
        yield gettext("Billed until"), explored.billed_last_day.isoformat()
    yield gettext("Unassigned"), words.full(explored.unassigned)
    yield gettext("Tokens without a price"), figures.tokens(explored.tokens_unpriced)
    for money in explored.beside:
        yield gettext("Not in the table"), figures.money(money, language())
    yield gettext("Exported"), request.now.isoformat(timespec="seconds")
    yield gettext("Exported by"), request.actor.label
    yield gettext("Version"), f"Yosan {settings.VERSION}"
    yield gettext("Address"), request.build_absolute_uri(Links(request).to(fixed))


def _file_name(request: OrganizationRequest, explored: Explored) -> str:
    asked, days = explored.exploration, explored.stretch.days
    name = f"{request.organization.slug}-{asked.measure.value}-{days.start}-{days.end - DAY}-{asked.basis.value}"
    return name.replace("_", "-")


Writer = Callable[[OrganizationRequest, Explored, Words], HttpResponseBase]
WRITERS: Mapping[str, Writer] = {"csv": _csv, "xlsx": _xlsx}
