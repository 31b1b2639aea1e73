"""`PublishedForecast`: where the month of one scope lands, with its bands, its path by day, and what that makes likely."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from statistics import NormalDist

from billing.domain.money import EXACT
from billing.domain.periods import Month
from forecasting.domain.series import Scope

NORMAL = NormalDist()
PATIENCE = timedelta(minutes=10)
# Reading a year of a new account takes minutes. A connection that is still not read after this long is stuck, and must
# not silence the alerts of all others.
SETTLING = timedelta(hours=6)


class ChoiceReason(StrEnum):
    """Why a method was chosen."""

    TOO_LITTLE_HISTORY = "TOO_LITTLE_HISTORY"  # nothing to judge by: the recommended one
    RECOMMENDED = "RECOMMENDED"  # judged, and the baseline is not clearly better
    BASELINE_BETTER = "BASELINE_BETTER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How wrong a method was on the past of one organization, weighted by money."""

    method: str
    trials: int
    memory_days: int
    total_error: float  # sum of |error of totals| / sum of totals
    daily_error: float  # the same by day: WAPE
    bias: float  # signed, positive when too much was expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The method in use and the scores that speak for it."""

    method: str
    reason: ChoiceReason
    scores: tuple[Score, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastDay:
    """One coming day: what is still expected of it, and the month's total by its end, with the bounds of that total.

    The bounds are those of the running total, not of the day: bounds of days do not add up.
    """

    date: date
    amount: Decimal
    running_total: Decimal
    lo_80: Decimal
    hi_80: Decimal
    lo_95: Decimal
    hi_95: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedForecast:
    """What was said about one scope and month at one time.

    Of the current day, the first of `days`, `amount` is only what is still to come: what was known of it is in
    `spent_to_date`. Hence spent_to_date + sum of the days' amounts = total, exactly, and over the cost centers, or over
    the foundation models, everything adds up to the organization. spent_to_date <= lo_95 <= lo_80 <= lo_50 <= total <=
    hi_50 <= hi_80 <= hi_95. Forecasts that were overtaken on the same day keep their totals and bands, but no days.
    """

    scope: Scope
    month: Month
    made_at: datetime
    data_until: datetime
    method: str
    calibrated: bool
    history_days: int
    currency: str
    spent_to_date: Decimal
    total: Decimal
    lo_50: Decimal
    hi_50: Decimal
    lo_80: Decimal
    hi_80: Decimal
    lo_95: Decimal
    hi_95: Decimal
    days: tuple[ForecastDay, ...]
    # The past of a new connection was still being read when it was made.
    is_provisional: bool = False

    @property
    def bands(self) -> Mapping[float, tuple[Decimal, Decimal]]:
        return {0.5: (self.lo_50, self.hi_50), 0.8: (self.lo_80, self.hi_80), 0.95: (self.lo_95, self.hi_95)}

    def probability_over(self, amount: Decimal) -> float:
        """How likely the month ends above an amount, between 0 and 1, in agreement with the bands.

        1 below what is spent already; 0.975, 0.9 and 0.75 at the lower bounds, 0.5 at the total, 0.25, 0.1 and 0.025 at
        the upper ones; between them straight lines in terms of the normal distribution, which go on beyond the last.
        """
        if amount < self.spent_to_date:
            return 1.0
        if self.lo_95 == self.hi_95:
            return 1.0 if amount < self.total else 0.0
        return 1 - NORMAL.cdf(_score_of(float(amount), tuple(self._quantiles())))

    def shifted(self, difference: Decimal) -> PublishedForecast:
        """Return the same forecast of what is to come, on top of another amount spent so far."""
        names = ("spent_to_date", "total", "lo_50", "hi_50", "lo_80", "hi_80", "lo_95", "hi_95")
        bounds = ("running_total", "lo_80", "hi_80", "lo_95", "hi_95")
        return replace(
            self,
            **{name: getattr(self, name) + difference for name in names},
            days=tuple(replace(day, **{name: getattr(day, name) + difference for name in bounds}) for day in self.days),
        )

    def reached_on(self, amount: Decimal) -> date | None:
        """The first coming day by whose end the running total has reached an amount, or None."""
        return next((day.date for day in self.days if day.running_total >= amount), None)

    def _quantiles(self) -> Iterator[tuple[float, float]]:
        """Amounts, rising, with their normal scores; of equal amounts the last, so that "over" means over."""
        points = [(float(self.total), 0.0)]
        for level, (low, high) in self.bands.items():
            score = NORMAL.inv_cdf((1 + level) / 2)
            points = [(float(low), -score), *points, (float(high), score)]
        yield from dict(points).items()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How right a forecast was, now that the month is over."""

    error: Decimal | None  # signed, as a share of what was spent; positive: too much was expected. None: nothing was
    is_in_80: bool
    is_in_95: bool


def judge(forecast: PublishedForecast, spent: Decimal) -> Verdict:
    """Hold a forecast against what the month came to."""
    return Verdict(
        error=EXACT.divide(EXACT.subtract(forecast.total, spent), spent) if spent else None,
        is_in_80=forecast.lo_80 <= spent <= forecast.hi_80,
        is_in_95=forecast.lo_95 <= spent <= forecast.hi_95,
    )


def _score_of(amount: float, points: tuple[tuple[float, float], ...]) -> float:
    """The normal score of an amount on the line through the points around it, or through the two nearest."""
    above = next((index for index, (point, _) in enumerate(points) if amount <= point), len(points) - 1)
    (left, low), (right, high) = points[max(above, 1) - 1], points[max(above, 1)]
    return low + (high - low) * (amount - left) / (right - left)


def is_provisional(*, is_reading_past: bool, connected_at: datetime | None, now: datetime) -> bool:
    """Whether a forecast made now has not seen its past yet: an account that was just connected is still being read.

    It is shown, and raises no alert: the next one, minutes later, may say something else.
    """
    return is_reading_past and connected_at is not None and now - connected_at < SETTLING


def is_forecast_due(
    *,
    stored_at: datetime | None,
    data_until: datetime | None,
    windows_left: int,
    made_at: datetime | None,
    made_on: datetime | None,
    now: datetime,
) -> bool:
    """Whether the organization is to be forecast now: something was stored since it last was.

    `made_at` and `made_on` are when the last forecast was made and the data it was made on. While windows are still
    left to be read (a backfill stores one after the other), news that does not move `data_until` waits for its turn.
    """
    if stored_at is None or data_until is None:
        return False
    if made_at is None or made_on is None:
        return True
    is_pressing = windows_left == 0 or data_until > made_on or now - made_at >= PATIENCE
    return stored_at > made_at and is_pressing
