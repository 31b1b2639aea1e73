"""Budgets: period, spent, left, pace, worst overshoot, and what the forecast says of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from accounts.domain.text import gettext_noop
from billing.domain.exchange_rates import USD, RateInForce
from billing.domain.money import EXACT, Money, add_up
from billing.domain.periods import DateRange, Month, local_day, local_day_bounds
from forecasting.domain.forecasts import PublishedForecast
from forecasting.domain.series import Scope, ScopeKind

DAY = timedelta(days=1)
SECONDS_A_DAY = Decimal(86400)
# Pace and burn look at the last whole days, so that they follow a launch and yet hold every weekday once.
PACE_DAYS = 7


class BudgetBasis(StrEnum):
    """What a budget is held against: estimates alone, or the bill, completed by estimates for the days not billed yet."""

    RATED = "rated"
    BILLED_COMPLETED = "billed_completed"


BASIS_LABELS: Mapping[BudgetBasis, str] = {
    BudgetBasis.RATED: gettext_noop("Estimated from tokens"),
    BudgetBasis.BILLED_COMPLETED: gettext_noop("Billed, completed by estimates"),
}


class PeriodKind(StrEnum):
    """How long a budget runs before it starts anew."""

    MONTH = "MONTH"


PERIOD_KIND_LABELS: Mapping[PeriodKind, str] = {PeriodKind.MONTH: gettext_noop("Calendar month")}
SCOPE_KIND_LABELS: Mapping[ScopeKind, str] = {
    ScopeKind.ORGANIZATION: gettext_noop("The whole organization"),
    ScopeKind.COST_CENTER: gettext_noop("A cost center"),
    ScopeKind.MODEL: gettext_noop("A foundation model"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One run of a budget: days of the organization's calendar, and the moments at which they begin and end."""

    kind: PeriodKind
    start: date
    end: date
    start_at: datetime
    end_at: datetime

    @property
    def days(self) -> DateRange:
        return DateRange(self.start, self.end)

    @property
    def month(self) -> Month:
        return Month.of(self.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetOwner:
    """Who answers for a budget; a member who has left keeps the label."""

    user_id: int | None
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetValue:
    """A budget as it stands. `version` rises with every change, so that two editors notice each other."""

    id: int
    name: str
    scope: Scope
    scope_label: str  # the cost center's name or the model's id; empty for the organization
    amount: Money
    basis: BudgetBasis
    period_kind: PeriodKind
    owner: BudgetOwner | None
    version: int
    created_at: datetime
    closed_at: datetime | None

    @property
    def is_active(self) -> bool:
        return self.closed_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetForecast:
    """What the forecast in force says of a budget, in the budget's currency."""

    total: Money
    lo_80: Money
    hi_80: Money
    share: Decimal  # of the amount; 1 is all of it
    over: Money  # total minus amount; negative when it fits
    probability_over: Decimal  # 0 to 1
    crossing_date: date | None  # the first day on which the expected line has reached the amount
    is_calibrated: bool
    method: str
    made_at: datetime
    data_until: datetime
    is_provisional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetStatus:
    """Where a budget stands in one period, on data until a moment, in the budget's currency."""

    budget: BudgetValue
    period: Period
    rate: RateInForce
    as_of: datetime
    data_until: datetime | None  # None: nothing is stored yet, or a new source has not been read yet
    spent: Money
    spent_share: Decimal  # of the amount; 1 is all of it
    left: Money  # negative when exceeded
    pace_a_day: Money | None  # the mean of the last whole days; None before the first of them
    allowed_a_day: Money  # what may still be spent each day to stay within
    lag: timedelta  # from what the data cover to now
    worst_overshoot: Money | None  # the dearest of the last whole days, for as long as the data lag
    exceeded_on: date | None
    tokens_unpriced: int
    days: tuple[tuple[date, Money], ...]  # each day of the period that has begun, oldest first
    forecast: BudgetForecast | None
    # The first UTC day that is not billed yet; None: all of it is estimated.
    billed_until: date | None = None

    @property
    def over(self) -> Money:
        """By how much the amount is exceeded now or is expected to be at the end; negative when it fits."""
        if self.left.amount < 0 or self.forecast is None:
            return -self.left
        return self.forecast.over

    @property
    def over_share(self) -> Decimal:
        return share_of(self.over, self.budget.amount)


@dataclass(frozen=True, slots=True)
class DayCost:
    """Cost of one day, in US dollars: rated of an organization day, or billed of a UTC day."""

    date: date
    cost_usd: Decimal


def period_at(kind: PeriodKind, moment: datetime, time_zone: str) -> Period:
    """The period that a moment lies in, by the organization's calendar: it begins at the midnight of its first day.

    Nothing else can move it: neither the first spend nor the offset of the zone nor a change of the clocks.
    """
    return period_of(kind, Month.of(local_day(moment, time_zone)), time_zone)


def period_of(kind: PeriodKind, month: Month, time_zone: str) -> Period:
    """The period that is this calendar month."""
    return Period(
        kind=kind,
        start=month.start,
        end=month.end,
        start_at=local_day_bounds(month.start, time_zone)[0],
        end_at=local_day_bounds(month.end, time_zone)[0],
    )


def budget_status(
    *,
    budget: BudgetValue,
    period: Period,
    days: Sequence[DayCost],
    rate: RateInForce,
    data_until: datetime | None,
    as_of: datetime,
    time_zone: str,
    tokens_unpriced: int = 0,
    forecast: BudgetForecast | None = None,
    billed_until: date | None = None,
) -> BudgetStatus:
    """Measure a budget in one period.

    `days` holds the cost that it is held against by day from PACE_DAYS before the period on; a day that is missing cost nothing.
    """
    cost = {day.date: day.cost_usd for day in days}
    covered = min(max(data_until or period.start_at, period.start_at), period.end_at)
    shown = DateRange(period.start, _end_of_known_days(covered, cost, period, time_zone))
    spent = rate.convert(add_up(cost.get(day, Decimal(0)) for day in shown))
    whole = whole_days_before(data_until, cost, time_zone) if data_until else ()
    recent = [cost.get(day, Decimal(0)) for day in whole]
    lag = max(as_of - data_until, timedelta(0)) if data_until else timedelta(0)
    by_day = tuple((day, rate.convert(cost.get(day, Decimal(0)))) for day in shown)
    return BudgetStatus(
        budget=budget,
        period=period,
        rate=rate,
        as_of=as_of,
        data_until=data_until,
        spent=spent,
        spent_share=share_of(spent, budget.amount),
        left=budget.amount - spent,
        pace_a_day=rate.convert(EXACT.divide(add_up(recent), Decimal(len(recent)))) if recent else None,
        allowed_a_day=_allowed_a_day(budget.amount - spent, period.end_at - covered),
        lag=lag,
        worst_overshoot=_for_duration(rate.convert(max(recent)), lag) if recent else None,
        exceeded_on=reached_on(by_day, budget.amount),
        tokens_unpriced=tokens_unpriced,
        days=by_day,
        forecast=forecast,
        billed_until=billed_until,
    )


def budget_forecast(published: PublishedForecast, *, amount: Money, rate: RateInForce) -> BudgetForecast:
    """Return what a published forecast, in dollars, says of a budget's amount."""
    assert published.currency == USD, "forecasts stand in the currency of the facts"
    amount_usd = rate.convert_back(amount)
    total = rate.convert(published.total)
    return BudgetForecast(
        total=total,
        lo_80=rate.convert(published.lo_80),
        hi_80=rate.convert(published.hi_80),
        share=share_of(total, amount),
        over=total - amount,
        probability_over=Decimal(repr(published.probability_over(amount_usd))),
        crossing_date=published.reached_on(amount_usd),
        is_calibrated=published.calibrated,
        method=published.method,
        made_at=published.made_at,
        data_until=published.data_until,
        is_provisional=published.is_provisional,
    )


def completed(
    rated: Sequence[DayCost], billed: Mapping[date, Decimal], *, billed_until: date | None
) -> tuple[DayCost, ...]:
    """Put the bill of UTC days before `billed_until` in place of the estimates; later days stay estimated.

    A day before it of which the bill says nothing cost nothing.
    """
    if billed_until is None:
        return tuple(rated)
    days = {day.date: day.cost_usd for day in rated if day.date >= billed_until}
    days |= {day: cost for day, cost in billed.items() if day < billed_until}
    return tuple(DayCost(day, days[day]) for day in sorted(days))


def difference_to_bill(rated: Sequence[DayCost], held: Sequence[DayCost], days: DateRange) -> Decimal:
    """Return by how much what a budget is held against differs from the estimates of some days, in US dollars."""
    return add_up(day.cost_usd for day in held if day.date in days) - add_up(
        day.cost_usd for day in rated if day.date in days
    )


def whole_days_before(data_until: datetime, cost: Mapping[date, Decimal], time_zone: str) -> tuple[date, ...]:
    """The last PACE_DAYS days that the data cover to their end, but none before the first that cost something."""
    today = local_day(data_until, time_zone)
    first = min((day for day, amount in cost.items() if amount > 0), default=today)
    return tuple(DateRange(max(first, today - PACE_DAYS * DAY), today)) if first < today else ()


def reached_on(days: Iterable[tuple[date, Money]], limit: Money) -> date | None:
    """The first day by whose end the amounts add up to the limit, or None."""
    so_far = Money(Decimal(0), limit.currency)
    for day, amount in days:
        so_far += amount
        if limit <= so_far:
            return day
    return None


def share_of(part: Money, whole: Money) -> Decimal:
    """What share of the whole the part is; both in one currency."""
    assert part.currency == whole.currency
    return EXACT.divide(part.amount, whole.amount)


def _end_of_known_days(covered: datetime, cost: Mapping[date, Decimal], period: Period, time_zone: str) -> date:
    """The day after the last one that anything is known of.

    `covered` is the oldest source's; where one source is late, what the others have stored since counts all the same.
    """
    reached = local_day(covered - timedelta(microseconds=1), time_zone)
    last = max((day for day in cost if day in period.days), default=reached)
    return min(max(last, reached, period.start - DAY) + DAY, period.end)


def _allowed_a_day(left: Money, remaining: timedelta) -> Money:
    if left.amount <= 0 or remaining <= timedelta(0):
        return Money(Decimal(0), left.currency)
    return Money(EXACT.divide(EXACT.multiply(left.amount, SECONDS_A_DAY), _seconds(remaining)), left.currency)


def _for_duration(amount_a_day: Money, duration: timedelta) -> Money:
    # Multiplied first, so that what divides evenly stays exact.
    amount = EXACT.multiply(amount_a_day.amount, _seconds(duration))
    return Money(EXACT.divide(amount, SECONDS_A_DAY), amount_a_day.currency)


def _seconds(duration: timedelta) -> Decimal:
    return Decimal(duration // timedelta(seconds=1))
