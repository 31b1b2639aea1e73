"""Series have no gaps and no credits; scopes name what they are about; parts are compared with the whole."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from billing.domain.periods import DateRange
from forecasting.domain.series import (
    WHOLE_ORGANIZATION,
    DailySeries,
    Scope,
    ScopeKind,
    ScopeSpend,
    is_adding_up,
)

MONDAY = date(2026, 11, 2)
TUESDAY = date(2026, 11, 3)
WEDNESDAY = date(2026, 11, 4)


def test_days_that_nothing_was_charged_on_are_zero() -> None:
    series = DailySeries.from_days({TUESDAY: 5.0}, start=MONDAY, end=date(2026, 11, 5))

    assert series == DailySeries(MONDAY, (0.0, 5.0, 0.0))
    assert (len(series), series.end) == (3, date(2026, 11, 5))


def test_a_day_outside_the_series_is_refused() -> None:
    with pytest.raises(ValueError, match="2026-11-04 lies outside"):
        DailySeries.from_days({WEDNESDAY: 1.0}, start=MONDAY, end=WEDNESDAY)


@pytest.mark.parametrize("value", [-0.01, float("nan"), float("inf")])
def test_what_is_no_charge_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="2026-11-03"):
        DailySeries(MONDAY, (1.0, value))


@pytest.mark.parametrize(
    ("values", "start", "kept"),
    [
        ((0.0, 0.0, 3.0, 0.0), WEDNESDAY, (3.0, 0.0)),
        ((1.0, 0.0), MONDAY, (1.0, 0.0)),
        ((0.0, 0.0), WEDNESDAY, ()),
        ((), MONDAY, ()),
    ],
)
def test_a_history_begins_with_its_first_charge(
    values: tuple[float, ...], start: date, kept: tuple[float, ...]
) -> None:
    assert DailySeries(MONDAY, values).since_first_charge() == DailySeries(start, kept)


def test_an_organization_is_one_scope() -> None:
    with pytest.raises(ValueError, match="no key"):
        Scope(ScopeKind.ORGANIZATION, "search")


def test_spend_between_days_leaves_the_last_out() -> None:
    spend = ScopeSpend(scope=WHOLE_ORGANIZATION, days={MONDAY: Decimal(1), TUESDAY: Decimal(2), WEDNESDAY: Decimal(4)})

    assert spend.between(DateRange(MONDAY, WEDNESDAY)) == Decimal(3)


@pytest.mark.parametrize(
    ("search", "nobody", "adds_up"),
    [
        ({MONDAY: Decimal("0.1")}, {MONDAY: Decimal("0.2")}, True),
        ({MONDAY: Decimal("0.1")}, {MONDAY: Decimal("0.20001")}, False),
        ({MONDAY: Decimal("0.3")}, {TUESDAY: Decimal("0.1")}, False),
    ],
)
def test_parts_are_compared_with_the_whole_day_by_day(
    search: dict[date, Decimal], nobody: dict[date, Decimal], adds_up: bool
) -> None:
    spend = [
        ScopeSpend(scope=WHOLE_ORGANIZATION, days={MONDAY: Decimal("0.3")}),
        ScopeSpend(scope=Scope(ScopeKind.COST_CENTER_OWN, "7"), days=search),
        ScopeSpend(scope=Scope(ScopeKind.COST_CENTER_OWN), days=nobody),
    ]

    assert is_adding_up(spend) is adds_up
