"""Hours, days and months are half-open; days of a time zone have 23, 24 or 25 hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.periods import (
    DateRange,
    Month,
    ceil_hour,
    each_hour,
    floor_hour,
    local_day,
    local_day_bounds,
    local_day_hours,
    local_range_hours,
    utc,
    utc_day_start,
)

months = st.builds(Month, st.integers(1900, 2900), st.integers(1, 12))
days = st.dates(min_value=date(2000, 1, 2), max_value=date(2037, 12, 30))
moments = st.integers(946_771_200, 2_114_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
ZONES = ("UTC", "Asia/Tokyo", "America/New_York", "Asia/Kolkata", "America/Sao_Paulo", "Pacific/Apia", "Asia/Kathmandu")


def test_a_range_holds_its_start_and_not_its_end() -> None:
    days = DateRange(date(2026, 10, 30), date(2026, 11, 2))
    assert list(days) == [date(2026, 10, 30), date(2026, 10, 31), date(2026, 11, 1)]
    assert len(days) == 3
    assert date(2026, 10, 30) in days
    assert date(2026, 11, 2) not in days
    assert list(days.months()) == [Month(2026, 10), Month(2026, 11)]
    assert list(DateRange(date(2026, 10, 1), date(2026, 11, 1)).months()) == [Month(2026, 10)]


def test_a_range_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="before it starts"):
        DateRange(date(2026, 1, 2), date(2026, 1, 1))


@pytest.mark.parametrize(("month", "days"), [(Month(2026, 2), 28), (Month(2028, 2), 29), (Month(2026, 12), 31)])
def test_a_month_knows_its_days(month: Month, days: int) -> None:
    assert month.days == days
    assert month.range == DateRange(month.start, month.end)
    assert month.end == month.next().start


@given(months, st.integers(-500, 500))
def test_month_arithmetic_can_be_undone(month: Month, months: int) -> None:
    assert month.plus(months).plus(-months) == month
    assert month.next().previous() == month
    assert (month.plus(months) < month) == (months < 0)


def test_a_month_is_written_and_read_as_year_and_month() -> None:
    assert str(Month(2026, 3)) == "2026-03"
    assert Month.parse("2026-03") == Month(2026, 3) == Month.of(date(2026, 3, 31))
    for text in ("2026-13", "2026", "", "march", "0001-01", "9999-12"):
        with pytest.raises(ValueError):  # noqa: PT011 - some sentences are the library's
            Month.parse(text)


@pytest.mark.parametrize("month", [0, 13])
def test_there_are_twelve_months(month: int) -> None:
    with pytest.raises(ValueError, match="no month"):
        Month(2026, month)


def test_hours_begin_at_the_full_hour_in_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert floor_hour(datetime(2026, 1, 1, 9, 59, tzinfo=tokyo)) == datetime(2026, 1, 1, tzinfo=UTC)
    assert ceil_hour(datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)) == datetime(2026, 1, 1, 1, tzinfo=UTC)
    assert ceil_hour(datetime(2026, 1, 1, tzinfo=UTC)) == datetime(2026, 1, 1, tzinfo=UTC)
    assert list(each_hour(datetime(2026, 1, 1, 22, 30, tzinfo=UTC), datetime(2026, 1, 2, 1, tzinfo=UTC))) == [
        datetime(2026, 1, 1, 23, tzinfo=UTC),
        datetime(2026, 1, 2, 0, tzinfo=UTC),
    ]


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        utc(datetime(2026, 1, 1))  # noqa: DTZ001 - what is refused


def test_a_day_of_utc_starts_at_midnight() -> None:
    assert utc_day_start(date(2026, 1, 1)) == datetime(2026, 1, 1, tzinfo=UTC)
    assert utc_day_start(datetime(2026, 1, 1, 3, tzinfo=timezone(timedelta(hours=9)))) == datetime(
        2025, 12, 31, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2026, 3, 8), "America/New_York", 23),
        (date(2026, 11, 1), "America/New_York", 25),
        (date(2026, 11, 2), "America/New_York", 24),
        (date(2018, 11, 4), "America/Sao_Paulo", 23),  # the clocks jumped over midnight
        (date(2026, 6, 1), "Asia/Tokyo", 24),
    ],
)
def test_a_local_day_is_as_long_as_its_clocks_make_it(day: date, zone: str, hours: int) -> None:
    start, end = local_day_bounds(day, zone)
    assert end - start == timedelta(hours=hours)
    assert local_day(start, zone) == day
    assert local_day(end - timedelta(seconds=1), zone) == day


@given(moments, st.sampled_from(ZONES))
def test_every_hour_belongs_to_exactly_one_local_day(moment: datetime, zone: str) -> None:
    hour = floor_hour(moment)
    day = local_day(hour, zone)
    start, end = local_day_hours(day, zone)
    assert start <= hour < end
    assert local_day_hours(day + timedelta(days=1), zone)[0] == end


@given(days, st.integers(0, 40), st.sampled_from(ZONES))
def test_a_range_of_local_days_is_its_days_laid_end_to_end(start: date, length: int, zone: str) -> None:
    days = DateRange(start, start + timedelta(days=length))
    first, after = local_range_hours(days, zone)
    assert first == local_day_hours(start, zone)[0]
    for day in days:
        assert local_day_hours(day, zone)[0] == first
        first = local_day_hours(day, zone)[1]
    assert first == after
