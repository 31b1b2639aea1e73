"""Where a forecast stands: the last complete day, the share of today that is unknown, the months that are due."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from billing.domain.periods import DateRange, Month
from forecasting.domain.calendar import Origin, months_to_forecast, origin_of

NOVEMBER = Month(2026, 11)
DECEMBER = Month(2026, 12)


@pytest.mark.parametrize(
    ("data_until", "time_zone", "current_day", "share_unknown"),
    [
        (datetime(2026, 11, 24, 18, tzinfo=UTC), "UTC", date(2026, 11, 24), 0.25),
        (datetime(2026, 11, 24, tzinfo=UTC), "UTC", date(2026, 11, 24), 1.0),
        (datetime(2026, 11, 24, 18, tzinfo=UTC), "Asia/Tokyo", date(2026, 11, 25), 21 / 24),
        # The clocks go back on 1 November: that day has 25 hours; forward on 8 March: 23.
        (datetime(2026, 11, 1, 9, tzinfo=UTC), "America/New_York", date(2026, 11, 1), 20 / 25),
        (datetime(2026, 3, 8, 9, tzinfo=UTC), "America/New_York", date(2026, 3, 8), 19 / 23),
    ],
)
def test_the_current_day_is_that_of_the_organizations_clock(
    data_until: datetime, time_zone: str, current_day: date, share_unknown: float
) -> None:
    origin = origin_of(data_until, time_zone)

    assert origin.current_day == current_day
    assert origin.share_unknown == pytest.approx(share_unknown)


@pytest.mark.parametrize(
    ("current_day", "horizon", "first"),
    [
        (date(2026, 11, 24), 7, date(2026, 11, 24)),
        (date(2026, 12, 1), 0, date(2026, 12, 1)),
        (date(2026, 10, 30), 32, date(2026, 11, 1)),
    ],
)
def test_the_days_to_forecast_are_those_of_the_month_that_are_not_complete(
    current_day: date, horizon: int, first: date
) -> None:
    origin = Origin(current_day=current_day, share_unknown=1.0)

    assert origin.horizon_to(NOVEMBER) == horizon
    assert origin.days_to_forecast(NOVEMBER) == DateRange(first, date(2026, 12, 1))


@pytest.mark.parametrize(
    ("current_day", "today", "months"),
    [
        (date(2026, 11, 24), date(2026, 11, 24), (NOVEMBER,)),
        # The month that has just ended is closed with complete data.
        (date(2026, 12, 1), date(2026, 12, 1), (NOVEMBER, DECEMBER)),
        (date(2026, 12, 2), date(2026, 12, 2), (DECEMBER,)),
        # Data that are late reach into the month of today.
        (date(2026, 11, 30), date(2026, 12, 1), (NOVEMBER, DECEMBER)),
        # Late by a month, and by too much to reach the end of this one: 47 and 63 days.
        (date(2026, 11, 15), date(2026, 12, 20), (NOVEMBER, DECEMBER)),
        (date(2026, 10, 30), date(2026, 12, 20), ()),
        # A clock that is behind its data.
        (date(2026, 11, 24), date(2026, 11, 20), (NOVEMBER,)),
    ],
)
def test_months_are_due_from_the_last_complete_day_to_today(
    current_day: date, today: date, months: tuple[Month, ...]
) -> None:
    assert months_to_forecast(Origin(current_day=current_day, share_unknown=0.5), today) == months
