"""Hours, date ranges and months: UTC and half-open, and the days of a time zone as UTC times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MONTHS_IN_A_YEAR = 12
# Before and after, Python's calendar may end while months are counted.
YEARS = range(1900, 2200)


@dataclass(frozen=True, slots=True, order=True)
class DateRange:
    """Whole days from `start` up to, but not including, `end`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"a range cannot end ({self.end}) before it starts ({self.start})")

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def __len__(self) -> int:
        return (self.end - self.start).days

    def __iter__(self) -> Iterator[date]:
        return (self.start + timedelta(days=offset) for offset in range(len(self)))

    def months(self) -> Iterator[Month]:
        """Every month that has a day in the range, oldest first."""
        month = Month.of(self.start)
        while month.start < self.end:
            yield month
            month = month.next()


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not 1 <= self.month <= MONTHS_IN_A_YEAR:
            raise ValueError(f"there is no month {self.month}")

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @classmethod
    def of(cls, day: date) -> Month:
        """The month that a day lies in."""
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> Month:
        """The month written as `2026-10`; ValueError for anything else."""
        month = cls.of(datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date())
        if month.year not in YEARS:
            raise ValueError(f"{text} is too far away to count from")
        return month

    @property
    def start(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def end(self) -> date:
        return self.next().start

    @property
    def range(self) -> DateRange:
        return DateRange(self.start, self.end)

    @property
    def days(self) -> int:
        return len(self.range)

    def next(self) -> Month:
        return self.plus(1)

    def previous(self) -> Month:
        return self.plus(-1)

    def plus(self, months: int) -> Month:
        """The month that lies so many months later, or earlier when negative."""
        index = self.year * MONTHS_IN_A_YEAR + self.month - 1 + months
        return Month(index // MONTHS_IN_A_YEAR, index % MONTHS_IN_A_YEAR + 1)


def utc(moment: datetime) -> datetime:
    """The same moment in UTC; a time without a zone is refused, because it could mean any."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone")
    return moment.astimezone(UTC)


def floor_hour(moment: datetime) -> datetime:
    """The full UTC hour at or before the moment."""
    return utc(moment).replace(minute=0, second=0, microsecond=0)


def ceil_hour(moment: datetime) -> datetime:
    """The full UTC hour at or after the moment."""
    floor = floor_hour(moment)
    return floor if floor == moment else floor + HOUR


def each_hour(start: datetime, end: datetime) -> Iterator[datetime]:
    """Every full hour that begins in [start, end)."""
    hour = ceil_hour(start)
    while hour < end:
        yield hour
        hour += HOUR


def utc_day_start(day: date) -> datetime:
    """Midnight UTC with which the day begins; a datetime gives the midnight of its UTC day."""
    if isinstance(day, datetime):
        day = utc(day).date()
    return datetime.combine(day, time.min, UTC)


def local_day(moment: datetime, time_zone: str) -> date:
    """The calendar day that the moment belongs to in a time zone."""
    return utc(moment).astimezone(ZoneInfo(time_zone)).date()


def local_day_bounds(day: date, time_zone: str) -> tuple[datetime, datetime]:
    """The UTC times at which a day of a time zone begins and the next one begins: 23, 24 or 25 hours apart."""
    return _local_midnight(day, time_zone), _local_midnight(day + DAY, time_zone)


def local_day_hours(day: date, time_zone: str) -> tuple[datetime, datetime]:
    """The full UTC hours that begin in the day of a time zone, as [first, after the last).

    Facts are hourly, so an hour belongs to the local day in which it begins; in zones that are not whole hours from
    UTC the day is thus up to 45 minutes off.
    """
    start, end = local_day_bounds(day, time_zone)
    return ceil_hour(start), ceil_hour(end)


def local_range_hours(days: DateRange, time_zone: str) -> tuple[datetime, datetime]:
    """The full UTC hours that begin in a range of days of a time zone, as [first, after the last)."""
    return ceil_hour(_local_midnight(days.start, time_zone)), ceil_hour(_local_midnight(days.end, time_zone))


def _local_midnight(day: date, time_zone: str) -> datetime:
    # fold=0: where the clocks go back over midnight the day begins at the first of the two; where they jump over
    # midnight the offset before the jump gives exactly the moment of the jump.
    return datetime.combine(day, time.min, ZoneInfo(time_zone)).astimezone(UTC)
