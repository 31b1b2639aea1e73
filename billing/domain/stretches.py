"""Which days a period means, and which days it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from billing.domain.periods import DAY, HOUR, MONTHS_IN_A_YEAR, DateRange, Month, local_day, local_day_bounds

MONTHS_IN_A_QUARTER = 3


class Period(StrEnum):
    """The stretches of time that people ask about; the values stand in addresses and saved views."""

    THIS_MONTH = "this_month"
    LAST_MONTH = "last_month"
    LAST_7_DAYS = "last_7_days"
    LAST_30_DAYS = "last_30_days"
    LAST_90_DAYS = "last_90_days"
    THIS_QUARTER = "this_quarter"
    LAST_QUARTER = "last_quarter"
    FISCAL_YEAR = "fiscal_year"
    CUSTOM = "custom"


class Against(StrEnum):
    """What a stretch is compared with."""

    BEFORE = "before"
    YEAR = "year"
    NONE = "none"


ROLLING = {Period.LAST_7_DAYS: 7, Period.LAST_30_DAYS: 30, Period.LAST_90_DAYS: 90}
# How many months the stretch before begins earlier; of the others the days just before are taken.
_STEP = {
    Period.THIS_MONTH: 1,
    Period.LAST_MONTH: 1,
    Period.THIS_QUARTER: MONTHS_IN_A_QUARTER,
    Period.LAST_QUARTER: MONTHS_IN_A_QUARTER,
    Period.FISCAL_YEAR: MONTHS_IN_A_YEAR,
}


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment up to, but not including, another."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The days asked about and those compared with, as days of a time zone and as moments.

    While data of the days asked about are still to come, only as much of the days before is compared as is there.
    """

    days: DateRange
    now: Span
    days_before: DateRange | None
    before: Span | None
    time_zone: str
    is_partial: bool


def days_of(period: Period, *, today: date, fiscal_start: int, custom: DateRange | None = None) -> DateRange:
    """Return the days that a period means today; what is under way ends with today, rolling days with yesterday."""
    month = Month.of(today)
    if period is Period.CUSTOM:
        assert custom is not None
        return custom
    if period in ROLLING:
        return DateRange(today - ROLLING[period] * DAY, today)
    if period is Period.LAST_MONTH:
        return month.previous().range
    quarter = month.plus(-((month.month - fiscal_start) % MONTHS_IN_A_QUARTER))
    if period is Period.LAST_QUARTER:
        return DateRange(quarter.plus(-MONTHS_IN_A_QUARTER).start, quarter.start)
    year = month.plus(-((month.month - fiscal_start) % MONTHS_IN_A_YEAR))
    first = {Period.THIS_MONTH: month, Period.THIS_QUARTER: quarter, Period.FISCAL_YEAR: year}[period]
    return DateRange(first.start, today + DAY)


def days_before(days: DateRange, *, period: Period, against: Against) -> DateRange | None:
    """Return the days that a stretch is compared with, None for none."""
    if against is Against.NONE:
        return None
    if against is Against.YEAR:
        return DateRange(_earlier(days.start, MONTHS_IN_A_YEAR), _earlier(days.end, MONTHS_IN_A_YEAR))
    step = _STEP.get(period) or _whole_months(days)
    if step:
        start = _earlier(days.start, step)
        # Whole months are as long as they are; of a month under way only so many days are compared.
        is_whole = _whole_months(days) == step
        return DateRange(start, days.start if is_whole else min(start + (days.end - days.start), days.start))
    return DateRange(days.start - (days.end - days.start), days.start)


def stretch(days: DateRange, before: DateRange | None, *, time_zone: str, data_until: datetime | None) -> Stretch:
    """Return the moments of days and of those before, of these at most as much as there are data of the days asked about."""
    now = _span(days, time_zone)
    is_partial = data_until is not None and now.start < data_until < now.end
    span_before = _span(before, time_zone) if before else None
    if span_before and is_partial:
        assert data_until is not None
        reached = span_before.start + max(data_until - now.start, HOUR)
        span_before = Span(span_before.start, min(reached, span_before.end))
    return Stretch(
        days=days, now=now, days_before=before, before=span_before, time_zone=time_zone, is_partial=is_partial
    )


def months_of(span: Span, time_zone: str) -> tuple[Month, ...]:
    """Return the months of a time zone that a span touches."""
    last = local_day(span.end - HOUR, time_zone)
    return tuple(DateRange(local_day(span.start, time_zone), last + DAY).months())


def _span(days: DateRange, time_zone: str) -> Span:
    return Span(local_day_bounds(days.start, time_zone)[0], local_day_bounds(days.end, time_zone)[0])


def _whole_months(days: DateRange) -> int:
    """How many whole calendar months the days are, 0 when they are none."""
    if (days.start.day, days.end.day) != (1, 1):
        return 0
    return (days.end.year - days.start.year) * MONTHS_IN_A_YEAR + days.end.month - days.start.month


def _earlier(day: date, months: int) -> date:
    month = Month.of(day).plus(-months)
    return month.start.replace(day=min(day.day, month.days))
