"""A range is cut into whole UTC days and hours that cover it once, each within one period of the time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.dimensions import Granularity
from billing.domain.periods import HOUR, Month, local_day, utc_day_start
from billing.domain.slices import Slice, Slices, cut

ZONES = ("UTC", "Asia/Tokyo", "America/New_York", "Asia/Kolkata", "America/Sao_Paulo", "Pacific/Apia")
START = datetime(2026, 10, 30, tzinfo=UTC)


def at(day: int, hour: int = 0, month: int = 10) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def hours_of(slices: Slices) -> list[tuple[datetime, datetime | None]]:
    found = []
    for piece in (*slices.days, *slices.hours):
        hour = piece.start
        while hour < piece.end:
            found.append((hour, piece.period))
            hour += HOUR
    return sorted(found, key=lambda item: item[0])


def test_whole_days_come_from_the_roll_up_and_edges_from_the_hours() -> None:
    slices = cut(at(30, 22), at(2, 3, 11), None, "UTC")
    assert slices.days == (Slice(None, at(31), at(2, 0, 11)),)
    assert slices.hours == (Slice(None, at(30, 22), at(31)), Slice(None, at(2, 0, 11), at(2, 3, 11)))


def test_days_of_utc_name_themselves_and_only_edges_are_named() -> None:
    slices = cut(at(30, 22), at(2, 3, 11), Granularity.DAY, "UTC")
    assert slices.days == (Slice(None, at(31), at(2, 0, 11)),)
    assert slices.hours == (
        Slice(at(30), at(30, 22), at(31)),
        Slice(at(2, 0, 11), at(2, 0, 11), at(2, 3, 11)),
    )


def test_within_one_day_there_are_only_hours() -> None:
    assert cut(at(30, 2), at(30, 5), None, "UTC") == Slices(days=(), hours=(Slice(None, at(30, 2), at(30, 5)),))
    assert cut(at(30, 2), at(30, 5), Granularity.HOUR, "Asia/Tokyo").hours == (Slice(None, at(30, 2), at(30, 5)),)


def test_a_day_of_tokyo_is_two_halves_of_utc_days() -> None:
    slices = cut(at(30, 15), at(31, 15), Granularity.DAY, "Asia/Tokyo")
    assert slices.days == ()
    assert slices.hours == (Slice(at(31), at(30, 15), at(31, 15)),)


@pytest.mark.parametrize("granularity", [None, *Granularity])
def test_an_empty_range_has_no_slices(granularity: Granularity | None) -> None:
    assert cut(START, START, granularity, "UTC") == Slices(days=(), hours=())


@given(
    st.integers(0, 24 * 70),
    st.integers(0, 24 * 70),
    st.sampled_from([None, *Granularity]),
    st.sampled_from(ZONES),
)
def test_every_hour_of_a_range_is_there_once_and_in_its_period(
    first: int, length: int, granularity: Granularity | None, time_zone: str
) -> None:
    start = START + timedelta(hours=first)
    end = start + timedelta(hours=length)
    found = hours_of(cut(start, end, granularity, time_zone))
    assert [hour for hour, _ in found] == [start + HOUR * index for index in range(length)]
    for hour, period in found:
        if period is None:
            assert granularity in (None, Granularity.HOUR) or (granularity, time_zone) == (Granularity.DAY, "UTC")
            continue
        day = local_day(hour, time_zone)
        assert period == utc_day_start(Month.of(day).start if granularity is Granularity.MONTH else day)
