"""A range is cut into whole UTC days and edge hours, so that every hour lies in exactly one slice."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest

from billing.domain.dimensions import Granularity
from billing.domain.periods import DAY, DateRange, each_hour, local_day, local_day_hours, utc_day_start
from billing.domain.slices import Slice, Slices, cut, moved_hours, share_out_days, single_blocks

START = datetime(2026, 3, 27, 22, tzinfo=UTC)
END = datetime(2026, 4, 2, 5, tzinfo=UTC)
# Berlin moves its clocks on 29 March 2026; Kathmandu is 5:45 ahead; Lord Howe moves by half an hour.
ZONES = ("UTC", "Asia/Tokyo", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")


def hours_of(slices: Slices) -> list[datetime]:
    return sorted(hour for piece in (*slices.days, *slices.hours) for hour in each_hour(piece.start, piece.end))


@pytest.mark.parametrize("time_zone", ZONES)
@pytest.mark.parametrize("granularity", [None, *Granularity])
def test_every_hour_lies_in_exactly_one_slice(granularity: Granularity | None, time_zone: str) -> None:
    assert hours_of(cut(START, END, granularity, time_zone)) == list(each_hour(START, END))


@pytest.mark.parametrize("time_zone", ZONES)
@pytest.mark.parametrize("granularity", [Granularity.DAY, Granularity.MONTH])
def test_an_hour_lies_in_the_period_in_which_it_begins(granularity: Granularity, time_zone: str) -> None:
    slices = cut(START, END, granularity, time_zone)
    for piece in (*slices.days, *slices.hours):
        for hour in each_hour(piece.start, piece.end):
            day = local_day(hour, time_zone)
            period = hour.date() if piece.period is None else piece.period.date()
            assert period == (day if granularity is Granularity.DAY else day.replace(day=1))


def test_days_of_utc_are_read_from_the_roll_up_in_one_stretch() -> None:
    slices = cut(START, END, Granularity.DAY, "UTC")
    assert slices.days == (Slice(None, datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 4, 2, tzinfo=UTC)),)
    assert [piece.period for piece in slices.hours] == [
        datetime(2026, 3, 27, tzinfo=UTC),
        datetime(2026, 4, 2, tzinfo=UTC),
    ]


def test_a_month_of_another_zone_is_whole_days_and_its_edges() -> None:
    slices = cut(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC), Granularity.MONTH, "Asia/Tokyo")
    assert [(piece.period and piece.period.date(), piece.end - piece.start) for piece in slices.days] == [
        (date(2026, 3, 1), 30 * DAY),
        (date(2026, 4, 1), 29 * DAY),
    ]
    assert max(piece.end - piece.start for piece in slices.hours) < DAY


def test_a_range_within_one_day_is_hours_only() -> None:
    start = datetime(2026, 3, 28, 3, tzinfo=UTC)
    for granularity in (None, *Granularity):
        slices = cut(start, start + timedelta(hours=2), granularity, "UTC")
        assert slices.days == ()
        assert len(slices.hours) == 1


@pytest.mark.parametrize("granularity", [None, *Granularity])
def test_nothing_is_cut_into_nothing(granularity: Granularity | None) -> None:
    assert cut(START, START, granularity, "UTC") == Slices(days=(), hours=())
    assert cut(START, START, granularity, "Asia/Tokyo") == Slices(days=(), hours=())


def test_a_broken_hour_belongs_to_the_range_in_which_it_begins() -> None:
    slices = cut(START + timedelta(minutes=1), END + timedelta(minutes=1), None, "UTC")
    assert hours_of(slices) == list(each_hour(START + timedelta(hours=1), END + timedelta(hours=1)))


@pytest.mark.parametrize("time_zone", [*ZONES, "Europe/London", "Pacific/Kiritimati", "America/St_Johns"])
@pytest.mark.parametrize("first", [date(2026, 3, 26), date(2026, 10, 22)])  # around both changes of the clocks
def test_local_days_are_put_together_out_of_utc_days_and_blocks(time_zone: str, first: date) -> None:
    days = DateRange(first, first + timedelta(days=9))
    owned, blocks = share_out_days(days, time_zone)
    found: dict[date, set[datetime]] = defaultdict(set)
    for one in owned:
        found[one.owner] |= set(each_hour(utc_day_start(one.day), utc_day_start(one.day) + DAY))
    for block in blocks:
        hours = set(each_hour(block.start, block.end))
        assert len(hours) <= 12
        assert hours <= found[block.owner]
        found[block.owner] -= hours
    for block in blocks:
        found[block.period] |= set(each_hour(block.start, block.end))
    for day in days:
        assert found[day] == set(each_hour(*local_day_hours(day, time_zone)))
    assert blocks == () or time_zone != "UTC"


def test_no_days_are_shared_out_into_none() -> None:
    assert share_out_days(DateRange(date(2026, 3, 1), date(2026, 3, 1)), "Asia/Tokyo") == ((), ())


def test_of_a_day_in_tokyo_the_hours_after_its_midnight_move() -> None:
    (block,) = moved_hours(DateRange(date(2026, 11, 1), date(2026, 11, 2)), "Asia/Tokyo")

    assert (block.day, block.owner, block.period) == (date(2026, 11, 1), date(2026, 11, 1), date(2026, 11, 2))
    assert (block.start, block.end) == (datetime(2026, 11, 1, 15, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))


def test_nothing_moves_where_days_are_utc_days() -> None:
    assert moved_hours(DateRange(date(2026, 11, 1), date(2026, 12, 1)), "UTC") == ()


def test_a_day_from_which_two_blocks_move_has_no_single_one() -> None:
    (block,) = moved_hours(DateRange(date(2026, 11, 1), date(2026, 11, 2)), "Asia/Tokyo")
    (other,) = moved_hours(DateRange(date(2026, 11, 2), date(2026, 11, 3)), "Asia/Tokyo")

    assert single_blocks([block, block, other]) == {other.day: other}
