"""The Explore page: spend and usage by any one or two dimensions, over any range, against another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from accounts.access.pages import next_cursor, read_after
from accounts.access.patience import REPORT
from accounts.access.sentences import sentence
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.errors import Invalid
from accounts.domain.roles import Permission
from billing.domain import figures
from billing.domain.explore import Exploration, Reading
from billing.queries.dimension_values import DimensionValues, list_dimension_values
from billing.queries.explore import Explored, explore
from billing.web.explore.calls import calls_of
from billing.web.explore.chart import chart_of
from billing.web.explore.form import controls_of
from billing.web.explore.link import Links, filtered, read_request
from billing.web.explore.saved import saved_of
from billing.web.explore.table import TablePage, arrange, table_page
from billing.web.explore.words import Words, finding, language

LIMITS = (25, 50, 100)
FORMATS = ("csv", "xlsx")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with the address, and with which of its names."""

    name: str
    text: str


@require_safe
@organization_view(Permission.VIEW_SPEND, limit=REPORT)
def explore_page(request: OrganizationRequest) -> HttpResponse:
    """Show the answer to what the address asks; htmx gets the answer and the controls without the frame."""
    reading = read_request(request.GET)
    links = Links(request)
    if "dimension" in request.GET:
        return redirect(links.to(filtered(reading.exploration, request.GET)))
    context, status = _context(request, reading, links)
    is_part = request.htmx and not request.htmx.history_restore_request
    template = "billing/explore/_swap.html" if is_part else "billing/explore/index.html"
    response = render(request, template, context, status=status)
    if is_part:
        response["HX-Push-Url"] = links.here(reading.exploration)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _context(request: OrganizationRequest, reading: Reading, links: Links) -> tuple[dict[str, object], int]:
    asked, problems = reading.exploration, [*reading.problems]
    values = list_dimension_values(asked.basis)
    explored: Explored | None = None
    try:
        explored = explore(asked, organization=request.organization, now=request.now)
    except Invalid as error:
        problems.append(error)
    words = Words(
        exploration=asked,
        currency=explored.rates.currency if explored else request.organization.currency,
        names=values.names,
    )
    context = {
        "asked": asked,
        "controls": controls_of(asked, explored, values, words, links),
        "problems": [Problem(name=error.field or "", text=sentence(error)) for error in problems],
        "gone": _gone(asked, values, words),
        "words": words,
        "explored": explored,
        "saved": saved_of(request, asked, links),
        "limit": _limit(request),
        "limits": LIMITS,
        **(_answer(request, explored, words, links) if explored else {}),
    }
    return context, HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK


def _answer(request: OrganizationRequest, explored: Explored, words: Words, links: Links) -> dict[str, object]:
    table = arrange(explored, words)
    page = table_page(explored, table, words, links.to, after=read_after(request), limit=_limit(request))
    sentences = finding(explored, table, words)
    return {
        # Japanese sentences follow each other without a space.
        "finding": ("" if language() == figures.JAPANESE else " ").join(sentences),
        "table": page,
        "pager": _pager(request, explored.exploration, page, links),
        "chart": chart_of(explored, words, sentences[0].rstrip(".。")),
        "calls": calls_of(request, explored),
        "exports": {
            name: Links(request, "billing:explore_export").to(explored.exploration, format=name) for name in FORMATS
        },
        "unassigned": words.full(explored.unassigned),
        "unassigned_share": explored.unassigned / table.total.now if table.total.now else None,
    }


def _pager(request: OrganizationRequest, asked: Exploration, page: TablePage, links: Links) -> dict[str, object]:
    shown = _limit(request)
    limit = _limit_text(shown)
    first = links.to(asked, **limit)
    previous = links.to(asked, after=next_cursor(request, page.previous) or "", **limit) if page.previous else first
    return {
        "previous": previous if page.first > 1 else None,
        "next": links.to(asked, after=next_cursor(request, page.next) or "", **limit) if page.next else None,
        "sizes": [
            {"limit": size, "link": links.to(asked, **_limit_text(size)), "is_chosen": size == shown} for size in LIMITS
        ],
    }


def _limit_text(limit: int) -> dict[str, str]:
    return {} if limit == LIMITS[0] else {"limit": str(limit)}


def _limit(request: OrganizationRequest) -> int:
    text = request.GET.get("limit", "")
    return int(text) if text in map(str, LIMITS) else LIMITS[0]


def _gone(asked: Exploration, values: DimensionValues, words: Words) -> Sequence[dict[str, str]]:
    """Filters that name what is not, or no longer, there: they match nothing, and the page says so."""
    return [
        {"dimension": words.dimension(dimension), "value": value}
        for held in (asked.filters, asked.excluded)
        for dimension, wanted in held.items()
        for value in wanted
        if value is not None and value not in values.known.get(dimension, ())
    ]
