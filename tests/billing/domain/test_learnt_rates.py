"""Rates out of bill lines: exact where amounts are rounded, silent where they tell too little, never a thousandfold."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.catalog import Price, PriceBook, PriceKey
from billing.domain.dimensions import RoutingClass, Tier, TokenClass
from billing.domain.learnt_rates import (
    BilledDay,
    ListedRates,
    RateSpan,
    learn,
    listed_rates,
    priced_class,
    rates_told,
    simplest_rate,
    span_of_change,
)

FIRST = date(2026, 10, 1)
TENTH_DECIMAL = Decimal("1E-10")
KEY = PriceKey(
    model_id="m",
    aws_region="us-east-1",
    routing_class=RoutingClass.REGIONAL,
    tier=Tier.STANDARD,
    token_class=TokenClass.INPUT,
)


def listed(*steps: tuple[int, str | None]) -> ListedRates:
    """The published rate from some days after the first on."""
    return ListedRates(tuple((FIRST + timedelta(days=n), None if rate is None else Decimal(rate)) for n, rate in steps))


def billed(rate: str, *, day: int = 0, tokens: int = 1_234_567, **more: Any) -> BilledDay:
    """A day as AWS states it: its cost has ten decimals."""
    cost = (Decimal(rate) * tokens / 1_000_000).quantize(TENTH_DECIMAL)
    return BilledDay(day=FIRST + timedelta(days=day), cost=cost, tokens=Decimal(tokens), **more)


def told(days: list[BilledDay], steps: ListedRates | None = None) -> list[tuple[str, int, int | None, bool]]:
    """Each stretch: its rate, the days after the first on which it begins and ends, whether it is published."""
    return [
        (
            f"{stretch.rate_usd_per_million.normalize():f}",
            (stretch.first_day - FIRST).days,
            None if stretch.until is None else (stretch.until - FIRST).days,
            stretch.is_list_rate,
        )
        for stretch in learn(days, steps or listed((-99, "3.3"))).stretches
    ]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param([], [], id="no bill at all"),
        pytest.param([billed("3.3")], [("3.3", 0, None, True)], id="the published rate"),
        pytest.param([billed("2.475")], [("2.475", 0, None, False)], id="a private rate"),
        pytest.param(
            [billed("3.3"), billed("3.3", day=1, tokens=77_777), billed("3.3", day=5, tokens=987_654_321_012)],
            [("3.3", 0, None, True)],
            id="days of every size, and a gap",
        ),
        pytest.param(
            [billed("3.3", day=n) for n in range(14)] + [billed("2.475", day=n) for n in range(14, 30)],
            [("3.3", 0, 14, True), ("2.475", 14, None, False)],
            id="a private discount in mid-month",
        ),
        pytest.param(
            [billed("3.3"), billed("3.399", day=1), billed("3.3", day=2)],
            [("3.3", 0, 1, True), ("3.399", 1, 2, False), ("3.3", 2, None, True)],
            id="one restated day",
        ),
        pytest.param([billed("3.3", day=1), billed("2.5")], [("2.5", 0, 1, False), ("3.3", 1, None, True)], id="order"),
        pytest.param([billed("3.3", tokens=9)], [], id="nine tokens tell nothing"),
        pytest.param([billed("3.3", tokens=0)], [], id="no quantity"),
        pytest.param([BilledDay(day=FIRST, cost=Decimal("0.5"), tokens=Decimal(0))], [], id="a cost without quantity"),
        pytest.param([BilledDay(day=FIRST, cost=Decimal(0), tokens=Decimal(10**9))], [], id="a gift is no rate"),
        pytest.param([BilledDay(day=FIRST, cost=Decimal(-5), tokens=Decimal(10**9))], [], id="more credit than cost"),
        pytest.param([billed("3300")], [], id="thousands read as millions"),
        pytest.param([billed("0.0033", tokens=10**9)], [], id="millions read as thousands"),
        pytest.param([billed("0.33")], [("0.33", 0, None, False)], id="a discount of nine tenths is believed"),
    ],
)
def test_days_become_stretches(days: list[BilledDay], expected: list[tuple[str, int, int | None, bool]]) -> None:
    assert told(days) == expected


def test_a_published_rate_ends_where_the_next_one_begins_before_any_bill_says_so() -> None:
    """Whoever pays list prices pays the cut from its first day; whoever has a contract, only when the bill shows it."""
    steps = listed((-99, "3.3"), (3, "2.2"))

    assert told([billed("3.3")], steps) == [("3.3", 0, 3, True)]
    assert told([billed("2.5")], steps) == [("2.5", 0, None, False)]
    assert told([billed("3.3"), billed("2.2", day=3)], steps) == [("3.3", 0, 3, True), ("2.2", 3, None, True)]
    # The cut was announced and did not arrive: the bill is right.
    assert told([billed("3.3"), billed("3.3", day=4)], steps) == [("3.3", 0, None, False)]


def test_without_a_published_rate_the_bill_alone_decides() -> None:
    assert told([billed("41.75")], listed()) == [("41.75", 0, None, False)]
    assert told([billed("41.75")], listed((0, None))) == [("41.75", 0, None, False)]


def test_a_stretch_carries_its_evidence() -> None:
    days = [
        billed("3.3", series_ids=(7, 3), lines=2),
        billed("3.3", day=1, series_ids=(7,), is_estimated=True),
        billed("3.3", day=2, tokens=5, series_ids=(9,)),
    ]

    (stretch,) = learn(days, listed((-99, "3.3"))).stretches

    assert (stretch.first_day, stretch.last_day, stretch.days) == (FIRST, FIRST + timedelta(days=1), 2)
    assert stretch.series_ids == (3, 7)
    assert stretch.is_estimated
    assert stretch.cost == days[0].cost + days[1].cost
    assert stretch.tokens == days[0].tokens + days[1].tokens


def test_two_lines_of_one_day_are_added_first() -> None:
    """AWS publishes every rate twice, under the display name and under the model id, and a day may have both."""
    tiny = billed("3.3", tokens=40, series_ids=(2,), tokens_per_unit=1000)

    (stretch,) = learn([billed("3.3", series_ids=(1,)), tiny], listed((-99, "3.3"))).stretches

    assert (stretch.days, stretch.tokens, stretch.series_ids) == (1, Decimal(1_234_607), (1, 2))


@pytest.mark.parametrize(
    ("billed_class", "expected"),
    [
        ("input", TokenClass.INPUT),
        ("cache_write_5m", TokenClass.CACHE_WRITE_5M),
        ("cache_write_1h", TokenClass.CACHE_WRITE_1H),
        ("cache_write_30m", TokenClass.CACHE_WRITE),
        ("input_audio", None),
        ("", None),
    ],
)
def test_the_class_by_which_prices_know_what_is_billed(billed_class: str, expected: TokenClass | None) -> None:
    assert priced_class(billed_class) is expected


def at(day: int) -> datetime:
    return datetime(2026, 10, day, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param([], [], None, id="nothing"),
        pytest.param([RateSpan(at(1), None, Decimal(3))], [RateSpan(at(1), None, Decimal("3.0"))], None, id="same"),
        pytest.param([], [RateSpan(at(1), at(4), Decimal(3))], (at(1), at(4)), id="new"),
        pytest.param([RateSpan(at(1), None, Decimal(3))], [], (at(1), None), id="gone"),
        pytest.param(
            [RateSpan(at(1), None, Decimal(3))],
            [RateSpan(at(1), at(5), Decimal(3)), RateSpan(at(5), None, Decimal(2))],
            (at(5), None),
            id="a cut",
        ),
        pytest.param(
            [RateSpan(at(1), at(5), Decimal(3)), RateSpan(at(5), None, Decimal(2))],
            [RateSpan(at(1), at(3), Decimal(3)), RateSpan(at(3), None, Decimal(2))],
            (at(3), at(5)),
            id="a cut that began earlier",
        ),
        pytest.param(
            [RateSpan(at(4), None, Decimal(3))], [RateSpan(at(2), None, Decimal(3))], (at(2), at(4)), id="older"
        ),
    ],
)
def test_only_the_time_that_changed_is_rated_again(
    before: list[RateSpan], after: list[RateSpan], expected: tuple[datetime, datetime | None] | None
) -> None:
    changed = span_of_change(before, after)

    assert (changed[:2] if changed else None) == expected


def test_days_beyond_belief_are_named() -> None:
    lesson = learn([billed("3.3"), billed("3300", day=1), billed("3.3", day=2)], listed((-99, "3.3")))

    assert lesson.refused == (FIRST + timedelta(days=1),)
    assert [(one.first_day, one.last_day) for one in lesson.stretches] == [(FIRST, FIRST + timedelta(days=2))]


def test_what_a_quantity_in_thousands_rounds_away_is_little_and_in_millions_more() -> None:
    """A unit of a million has its tenth decimal at a ten-thousandth of a token."""
    fine = rates_told(billed("3.3", tokens_per_unit=1000))
    coarse = rates_told(billed("3.3", tokens_per_unit=1_000_000))

    assert fine is not None
    assert coarse is not None
    assert coarse[0] < fine[0] < Decimal("3.3") < fine[1] < coarse[1]


@given(
    rate=st.decimals(min_value="0.00001", max_value="900", places=6),
    tokens=st.lists(st.integers(min_value=1, max_value=10**13), min_size=1, max_size=6),
)
def test_any_rate_is_found_again_or_nothing_is_said(rate: Decimal, tokens: list[int]) -> None:
    days = [billed(str(rate), day=number, tokens=count) for number, count in enumerate(tokens)]

    stretches = learn(days, ListedRates()).stretches

    # One rate is one stretch, right to four digits, whatever AWS has rounded away; a published one is exact.
    assert len(stretches) <= 1
    for stretch in stretches:
        assert abs(stretch.rate_usd_per_million - rate) <= rate * Decimal("1E-4")
    for stretch in learn(days, ListedRates(((date.min, rate),))).stretches:
        assert stretch.rate_usd_per_million == rate


@pytest.mark.parametrize(
    ("low", "high", "nearest", "expected"),
    [
        ("2.9999", "3.0001", "3.00005", "3"),
        ("2.47499", "2.47501", "2.475", "2.475"),
        ("2.2", "5.9", "4.4", "4"),
        ("0.00000000000011", "0.00000000000012", "0.000000000000115", "0"),
    ],
)
def test_the_simplest_rate(low: str, high: str, nearest: str, expected: str) -> None:
    assert simplest_rate(Decimal(low), Decimal(high), Decimal(nearest)) == Decimal(expected)


def test_published_rates_from_day_to_day() -> None:
    def price(rate: str, start: datetime, end: datetime | None) -> Price:
        return Price(
            key=KEY,
            rate_usd_per_million=Decimal(rate),
            effective_from=start,
            effective_to=end,
            source="a list",
            source_date=FIRST,
        )

    cut, gone = datetime(2026, 10, 4, tzinfo=UTC), datetime(2026, 10, 9, 12, tzinfo=UTC)
    book = PriceBook((price("3.3", datetime(2026, 1, 1, tzinfo=UTC), cut), price("2.2", cut, gone)))

    steps = listed_rates(book, KEY)

    days = [date(2025, 12, 31), date(2026, 10, 3), date(2026, 10, 4), date(2026, 10, 9), date(2026, 10, 10)]
    assert [steps.on(day) for day in days] == [None, Decimal("3.3"), Decimal("2.2"), Decimal("2.2"), None]
    assert steps.next_change(date(2026, 10, 3)) == cut.date()
