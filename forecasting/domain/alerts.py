"""Which thresholds are crossed, actual or forecast; the key that stops repeats; what an alert says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from billing.domain.money import EXACT, Money
from billing.domain.periods import Month
from forecasting.domain.budgets import BudgetForecast, BudgetStatus, reached_on, share_of
from forecasting.domain.thresholds import HUNDRED, AlertKind, Threshold, limit_of

# Hours arrive up to this late (billing/domain/collection.py reads the last two days again), so a period that has just
# ended can still cross a threshold. What comes later is restated history and raises no alarm.
LATE_DATA = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class CrossingKey:
    """What may happen once only; unique in the database, so that no number of workers repeats it."""

    budget_id: int
    percent: Decimal
    kind: AlertKind
    period_start: date

    def __str__(self) -> str:
        return f"{self.budget_id}/{self.percent.normalize():f}/{self.kind}/{self.period_start}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A threshold that is reached: the line, and how far it is reached by what was spent or is forecast."""

    key: CrossingKey
    limit: Money
    level: Money
    reached_on: date | None  # the day, when what was spent has reached it


def crossings(rule: Threshold, status: BudgetStatus, forecast: BudgetForecast | None) -> tuple[Crossing, ...]:
    """Return what the rule finds crossed, at most one. Reaching a threshold crosses it.

    A rule on the forecast is crossed by what was already spent, too: once the line is passed it must not fall silent
    because no forecast could be made. The forecast is an argument of its own because a period that is over has none.
    """
    if not is_open(status):
        return ()
    limit = limit_of(status.budget.amount, rule.percent)
    level = status.spent
    if rule.kind is AlertKind.FORECAST and forecast is not None:
        level = max(level, forecast.total)
    if level < limit:
        return ()
    key = CrossingKey(
        budget_id=status.budget.id, percent=rule.percent, kind=rule.kind, period_start=status.period.start
    )
    return (Crossing(key=key, limit=limit, level=level, reached_on=reached_on(status.days, limit)),)


def alerting_forecast(status: BudgetStatus, *, is_current: bool) -> BudgetForecast | None:
    """The forecast that an alert may rest on: none for a period that is over, and none that has not seen its past.

    An alert is raised once and cannot be taken back when, minutes later, the past has been read.
    """
    forecast = status.forecast if is_current else None
    return None if forecast is None or forecast.is_provisional else forecast


def is_open(status: BudgetStatus) -> bool:
    """Whether crossings of this period still count: the budget watched it, and data for it may still arrive."""
    period = status.period
    return (
        status.budget.is_active
        and status.budget.created_at < period.end_at
        and period.start_at <= status.as_of < period.end_at + LATE_DATA
    )


class FindingCode(StrEnum):
    """Which sentence tells what was found; the templates hold the sentences."""

    EXCEEDED = "EXCEEDED"  # the budget is spent
    WILL_EXCEED = "WILL_EXCEED"  # the forecast is over the amount
    REACHED = "REACHED"  # what was spent has reached the threshold, and the month still fits
    WILL_REACH = "WILL_REACH"  # the forecast reaches the threshold and stays within the amount


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastFigures:
    """The forecast as it was known when the alert was raised."""

    total: Money
    lo_80: Money
    hi_80: Money
    probability_over: Decimal
    crossing_date: date | None
    is_calibrated: bool
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """The largest part of what was spent: where, on which foundation model, and its share."""

    cost_center: str | None
    model_id: str | None
    share: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSnapshot:
    """Everything that an alert says, as known when it was raised; later changes of the world do not reach it."""

    organization_slug: str
    organization_name: str
    time_zone: str
    budget_id: int
    budget_name: str
    scope_kind: str
    scope_key: str
    scope_label: str
    basis: str
    kind: AlertKind
    percent: Decimal
    period_start: date
    period_end: date
    amount: Money
    limit: Money
    spent: Money
    spent_share: Decimal
    reached_on: date | None
    forecast: ForecastFigures | None
    driver: Driver | None
    owner_label: str
    rate_month: Month | None  # None when no exchange rate was needed
    units_per_usd: Decimal
    tokens_unpriced: int
    data_until: datetime | None  # None: a source that was connected since has not been read yet
    evaluated_at: datetime

    @property
    def finding(self) -> FindingCode:
        """Which sentence says it: the worst that is true."""
        if self.amount <= self.spent:
            return FindingCode.EXCEEDED
        if self.forecast is not None and self.amount < self.forecast.total:
            return FindingCode.WILL_EXCEED
        if self.limit <= self.spent:
            return FindingCode.REACHED
        return FindingCode.WILL_REACH

    @property
    def month(self) -> Month:
        return Month.of(self.period_start)

    @property
    def expected(self) -> Money:
        """What the period comes to as far as known: the forecast, or what was spent when that is more."""
        return self.spent if self.forecast is None else max(self.spent, self.forecast.total)

    @property
    def over(self) -> Money:
        """By how much the amount is exceeded, now or at the end; nothing when it fits."""
        finding = self.finding
        measured = self.spent if finding is FindingCode.EXCEEDED else self.expected
        return max(measured - self.amount, Money(Decimal(0), self.amount.currency))

    @property
    def over_share(self) -> Decimal:
        return share_of(self.over, self.amount)

    @property
    def expected_share(self) -> Decimal:
        return share_of(self.expected, self.amount)

    @property
    def threshold_share(self) -> Decimal:
        return EXACT.divide(self.percent, HUNDRED)

    @property
    def at_stake(self) -> Money:
        """The money that somebody could still act on or must account for: what the month comes to above the amount."""
        return max(self.expected - self.amount, Money(Decimal(0), self.amount.currency))

    @property
    def at_stake_share(self) -> Decimal:
        return share_of(self.at_stake, self.amount)

    @property
    def at_stake_usd(self) -> Decimal:
        """The same in dollars, so that budgets of different currencies can be put in order."""
        return EXACT.divide(self.at_stake.amount, self.units_per_usd)


def snapshot_of(
    crossing: Crossing,
    status: BudgetStatus,
    forecast: BudgetForecast | None,
    *,
    organization_slug: str,
    organization_name: str,
    time_zone: str,
    driver: Driver | None,
) -> AlertSnapshot:
    """Write down what is known at a crossing."""
    budget = status.budget
    return AlertSnapshot(
        organization_slug=organization_slug,
        organization_name=organization_name,
        time_zone=time_zone,
        budget_id=budget.id,
        budget_name=budget.name,
        scope_kind=budget.scope.kind,
        scope_key=budget.scope.key,
        scope_label=budget.scope_label,
        basis=budget.basis,
        kind=crossing.key.kind,
        percent=crossing.key.percent,
        period_start=status.period.start,
        period_end=status.period.end,
        amount=budget.amount,
        limit=crossing.limit,
        spent=status.spent,
        spent_share=status.spent_share,
        reached_on=crossing.reached_on,
        forecast=None if forecast is None else _figures(forecast),
        driver=driver,
        owner_label=budget.owner.label if budget.owner else "",
        rate_month=status.rate.month,
        units_per_usd=status.rate.units_per_usd,
        tokens_unpriced=status.tokens_unpriced,
        data_until=status.data_until,
        evaluated_at=status.as_of,
    )


def _figures(forecast: BudgetForecast) -> ForecastFigures:
    return ForecastFigures(
        total=forecast.total,
        lo_80=forecast.lo_80,
        hi_80=forecast.hi_80,
        probability_over=forecast.probability_over,
        crossing_date=forecast.crossing_date,
        is_calibrated=forecast.is_calibrated,
        made_at=forecast.made_at,
    )
