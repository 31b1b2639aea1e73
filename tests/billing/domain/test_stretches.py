"""Which days a period means, what it is compared with, and how much of that while data are still coming in."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from billing.domain.periods import DateRange, Month
from billing.domain.stretches import Against, Period, days_before, days_of, months_of, stretch

TODAY = date(2026, 11, 10)
APRIL = 4


def days(start: str, end: str) -> DateRange:
    return DateRange(date.fromisoformat(start), date.fromisoformat(end))


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        (Period.THIS_MONTH, "2026-11-01", "2026-11-11"),
        (Period.LAST_MONTH, "2026-10-01", "2026-11-01"),
        (Period.LAST_7_DAYS, "2026-11-03", "2026-11-10"),
        (Period.LAST_30_DAYS, "2026-10-11", "2026-11-10"),
        (Period.LAST_90_DAYS, "2026-08-12", "2026-11-10"),
        (Period.THIS_QUARTER, "2026-10-01", "2026-11-11"),
        (Period.LAST_QUARTER, "2026-07-01", "2026-10-01"),
        (Period.FISCAL_YEAR, "2026-04-01", "2026-11-11"),
    ],
)
def test_a_period_means_days_of_the_fiscal_calendar(period: Period, start: str, end: str) -> None:
    assert days_of(period, today=TODAY, fiscal_start=APRIL) == days(start, end)


def test_a_fiscal_year_begins_in_its_own_month() -> None:
    assert days_of(Period.FISCAL_YEAR, today=date(2026, 3, 31), fiscal_start=APRIL) == days("2025-04-01", "2026-04-01")
    assert days_of(Period.THIS_QUARTER, today=TODAY, fiscal_start=2) == days("2026-11-01", "2026-11-11")


def test_own_days_are_those_days() -> None:
    own = days("2026-10-05", "2026-10-09")
    assert days_of(Period.CUSTOM, today=TODAY, fiscal_start=1, custom=own) == own


@pytest.mark.parametrize(
    ("period", "asked", "before"),
    [
        (Period.THIS_MONTH, ("2026-11-01", "2026-11-11"), ("2026-10-01", "2026-10-11")),
        (Period.THIS_MONTH, ("2026-03-01", "2026-03-31"), ("2026-02-01", "2026-03-01")),
        (Period.LAST_MONTH, ("2026-11-01", "2026-12-01"), ("2026-10-01", "2026-11-01")),
        (Period.LAST_7_DAYS, ("2026-11-03", "2026-11-10"), ("2026-10-27", "2026-11-03")),
        (Period.THIS_QUARTER, ("2026-10-01", "2026-11-11"), ("2026-07-01", "2026-08-11")),
        (Period.FISCAL_YEAR, ("2026-04-01", "2026-11-11"), ("2025-04-01", "2025-11-11")),
        (Period.CUSTOM, ("2026-10-01", "2026-12-01"), ("2026-08-01", "2026-10-01")),
        (Period.CUSTOM, ("2026-10-05", "2026-10-09"), ("2026-10-01", "2026-10-05")),
    ],
)
def test_before_is_as_much_time_before(period: Period, asked: tuple[str, str], before: tuple[str, str]) -> None:
    assert days_before(days(*asked), period=period, against=Against.BEFORE) == days(*before)


def test_a_year_earlier_is_the_same_days_of_that_year() -> None:
    leap = days("2024-02-29", "2024-03-01")
    assert days_before(leap, period=Period.CUSTOM, against=Against.YEAR) == days("2023-02-28", "2023-03-01")
    assert days_before(leap, period=Period.CUSTOM, against=Against.NONE) is None


def test_what_is_under_way_is_compared_with_as_much_as_is_there() -> None:
    until = datetime(2026, 11, 10, 13, tzinfo=UTC)
    found = stretch(
        days("2026-11-01", "2026-11-11"), days("2026-10-01", "2026-10-11"), time_zone="Asia/Tokyo", data_until=until
    )
    assert found.is_partial
    assert found.now.start == datetime(2026, 10, 31, 15, tzinfo=UTC)
    assert found.before is not None
    assert found.before.end == datetime(2026, 10, 10, 13, tzinfo=UTC)


def test_what_is_complete_is_compared_whole() -> None:
    asked, before = days("2026-10-01", "2026-10-11"), days("2026-09-01", "2026-09-11")
    for until in (None, datetime(2026, 11, 10, tzinfo=UTC)):
        found = stretch(asked, before, time_zone="UTC", data_until=until)
        assert not found.is_partial
        assert found.before is not None
        assert found.before.end == datetime(2026, 9, 11, tzinfo=UTC)
    assert stretch(asked, None, time_zone="UTC", data_until=None).before is None


def test_the_days_before_end_where_they_end_although_more_has_passed() -> None:
    until = datetime(2026, 3, 30, 12, tzinfo=UTC)
    found = stretch(
        days("2026-03-01", "2026-03-31"), days("2026-02-01", "2026-03-01"), time_zone="UTC", data_until=until
    )
    assert found.before is not None
    assert found.before.end == datetime(2026, 3, 1, tzinfo=UTC)


def test_a_span_touches_the_months_of_its_zone() -> None:
    found = stretch(days("2026-10-01", "2026-11-01"), None, time_zone="Asia/Tokyo", data_until=None)
    assert months_of(found.now, "Asia/Tokyo") == (Month(2026, 10),)
    assert months_of(found.now, "UTC") == (Month(2026, 9), Month(2026, 10))
