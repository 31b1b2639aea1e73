"""Where a forecast stands in the calendar: the last complete day, how much of today is known, the days to come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from billing.domain.periods import DAY, DateRange, Month, local_day, local_day_bounds

# Daily methods were measured to 60 days ahead; data older than that say nothing about the month of today.
LONGEST_HORIZON_DAYS = 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The point in time that a forecast is made from, in the days of one time zone.

    The last complete day ends the history. Of the day after it, the current one, only a part is known; what is known
    counts as spent, and `share_unknown` of a day's forecast stands for the rest: the hours that are left over the hours
    that the day has (23, 24 or 25). A profile over the hours of the day would be off by less than the noise of one day.
    """

    current_day: date
    share_unknown: float

    @property
    def last_complete_day(self) -> date:
        return self.current_day - DAY

    def horizon_to(self, month: Month) -> int:
        """How many days must be forecast to reach the end of the month, the current one included; 0 when it is over."""
        return max((month.end - self.current_day).days, 0)

    def days_to_forecast(self, month: Month) -> DateRange:
        """The days of the month that are not complete."""
        return DateRange(max(month.start, min(self.current_day, month.end)), month.end)


def origin_of(data_until: datetime, time_zone: str) -> Origin:
    """The origin for data that are known up to, not including, a moment."""
    day = local_day(data_until, time_zone)
    start, end = local_day_bounds(day, time_zone)
    return Origin(current_day=day, share_unknown=(end - data_until) / (end - start))


def months_to_forecast(origin: Origin, today: date) -> tuple[Month, ...]:
    """The months that a forecast is due for, oldest first: from that of the last complete day to that of today.

    A month that has just ended is thus forecast once more from complete data, which closes it at what was spent. None
    are due when the end of today's month lies beyond the longest horizon: the data are too old to say anything of it.
    """
    if origin.horizon_to(Month.of(today)) > LONGEST_HORIZON_DAYS:
        return ()
    return tuple(_months_between(origin.last_complete_day, today))


def _months_between(first: date, last: date) -> Iterator[Month]:
    return DateRange(first, max(first, last) + DAY).months()
