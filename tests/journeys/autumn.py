"""Acme's autumn in dollars, small enough to be worked out by hand: three models, the same tokens on each day of a month.

A day of `search` is 10.0001 M tokens in September, 12.345679 M in October, 11.111111 M in November, at $3.30 a million.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise

from accounts.models import CostCenter
from billing.domain.collection import WindowState
from billing.domain.dimensions import Routing
from billing.domain.periods import DAY, DateRange
from billing.domain.records import TokenCounts, UsageRecord
from billing.operations.catalog import sync_price_table
from billing.operations.rating import series_key_of
from tests.cast import Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.billing import HOUR, make_assignment, make_connection, make_series, make_window, store_records

# Ten in the evening of 10 November in Tokyo.
NOW = datetime(2026, 11, 10, 13, 20, tzinfo=UTC)
DATA_UNTIL = datetime(2026, 11, 10, 13, 0, tzinfo=UTC)
TODAY = date(2026, 11, 10)
MONTHS = (date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1))
# Input tokens on a day of each month; each model is priced as in-region everywhere: $3.30, $1.10 and $0.80 a million.
DAILY = {
    ("claude-sonnet-4-5", "search"): (10_000_100, 12_345_679, 11_111_111),
    ("claude-haiku-4-5", "support"): (20_000_000, 20_500_000, 21_000_000),
    ("nova-pro", None): (5_000_000, 5_000_000, 5_000_000),
}


def tell_autumn(cast: Cast) -> None:
    """Store the story: `search` stands below Engineering, `support` below Products, nobody pays for Nova."""
    sync_price_table(now=_midnight(MONTHS[0]))
    with inside(cast.acme):
        tops = {code: make_cost_center(code=code) for code in ("engineering", "products")}
        centers = {
            "search": make_cost_center(code="search", parent=tops["engineering"]),
            "support": make_cost_center(code="support", parent=tops["products"]),
        }
        records = [
            record for (model_id, team), daily in DAILY.items() for record in _used(model_id, team, daily, centers)
        ]
        records.sort(key=lambda record: record.hour)
        store_records(records, start=_midnight(MONTHS[0]), end=DATA_UNTIL)
        _windows()


def _used(model_id: str, team: str | None, daily: tuple[int, ...], centers: dict[str, CostCenter]) -> list[UsageRecord]:
    series = make_series(model_id=model_id, routing=Routing.IN_REGION)
    if team:
        make_assignment(series, centers[team].pk)
    key = series_key_of(series)
    # Noon in Tokyo: the day is the same in both calendars.
    return [
        UsageRecord(key, _midnight(day) + 3 * HOUR, 1, TokenCounts(input=daily[MONTHS.index(day.replace(day=1))]))
        for day in DateRange(MONTHS[0], TODAY + DAY)
    ]


def _windows() -> None:
    """One window for each month, as if each had been read in one go."""
    connection = make_connection(name="Production", connected_at=_midnight(MONTHS[0]))
    for first, end in pairwise((*MONTHS, date(2026, 12, 1))):
        make_window(
            connection,
            start=_midnight(first),
            end=_midnight(end),
            state=WindowState.DONE,
            filled_until=min(_midnight(end), DATA_UNTIL),
            rows=3 * 31,
        )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
