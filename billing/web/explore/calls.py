"""The calls of the API that give the figures of the Explore page, ready to be run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext

from accounts.access.web import OrganizationRequest
from billing.domain import figures
from billing.domain.dimensions import Basis, Dimension
from billing.domain.explore import Measure, as_all_texts
from billing.domain.periods import ceil_hour
from billing.domain.stretches import Span
from billing.queries.explore import Explored
from billing.web.explore.words import language

ROWS = "1000"
_FILTERS = frozenset(dimension.value for dimension in Dimension)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call: whose days it asks for, its address, and the command that makes it."""

    id: str
    title: str
    url: str
    command: str


def calls_of(request: OrganizationRequest, explored: Explored) -> Sequence[Call]:
    """Return the call for the days shown, and the one for those compared with."""
    stretch = explored.stretch
    spans = [("call-now", stretch.now, stretch.days), ("call-before", stretch.before, stretch.days_before)]
    return [
        _call(request, explored, name, span, figures.days(days, language()))
        for name, span, days in spans
        if span and days
    ]


def _call(request: OrganizationRequest, explored: Explored, name: str, span: Span, title: str) -> Call:
    is_cost = explored.exploration.measure is Measure.COST
    path = reverse("billing_api:spend_list" if is_cost else "billing_api:usage_list")
    url = request.build_absolute_uri(f"{path}?{urlencode(parameters_of(explored, span), safe=',~:')}")
    command = f'curl --header "Authorization: Bearer $YOSAN_API_KEY" \\\n  "{url}"'
    return Call(id=name, title=gettext("Rows of %(period)s") % {"period": title}, url=url, command=command)


def parameters_of(explored: Explored, span: Span) -> dict[str, str]:
    """Return the parameters that ask the API for one span, as the page asked for it."""
    asked, zone = explored.exploration, explored.stretch.time_zone
    texts = as_all_texts(asked)
    filters = {name: text for name, text in texts.items() if name.removeprefix("exclude_") in _FILTERS}
    calendar = {"calendar": "organization"} if asked.basis is Basis.RATED else {}
    grouping = {"group_by": texts["group_by"]} if asked.group_by else {}
    return {
        "basis": asked.basis.value,
        "start": _moment(span.start, zone),
        "end": _moment(span.end, zone),
        "granularity": "total",
        **calendar,
        **grouping,
        **filters,
        "limit": ROWS,
    }


def _moment(moment: datetime, zone: str) -> str:
    """A date where the moment is the beginning of a day, else the full hour in UTC that it counts as."""
    local = moment.astimezone(ZoneInfo(zone))
    if local.time() == time.min:
        return local.date().isoformat()
    return ceil_hour(moment).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
