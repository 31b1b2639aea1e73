"""Budgets with spend to date and forecast."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from accounts.domain.errors import NotFound
from accounts.domain.text import gettext_noop
from accounts.queries.organizations import get_organization
from accounts.tenancy.context import current_organization_id
from billing.domain.dimensions import Basis, Dimension
from billing.domain.exchange_rates import USD, RateInForce, rate_in_force
from billing.domain.money import EXACT, Money, add_up
from billing.domain.periods import DateRange, Month, local_day, local_day_bounds
from billing.domain.reconciliation import BILL_GROWS
from billing.queries.collection import get_data_until
from billing.queries.costs import SpendQuestion, list_spend
from billing.queries.exchange_rates import list_exchange_rates
from forecasting.domain.alerts import Driver
from forecasting.domain.budgets import (
    DAY,
    PACE_DAYS,
    BudgetBasis,
    BudgetForecast,
    BudgetOwner,
    BudgetStatus,
    BudgetValue,
    PeriodKind,
    budget_forecast,
    budget_status,
    completed,
    difference_to_bill,
    period_of,
    share_of,
)
from forecasting.domain.forecasts import PublishedForecast
from forecasting.domain.series import WHOLE_ORGANIZATION, Scope, ScopeKind
from forecasting.domain.thresholds import Threshold, reached_thresholds
from forecasting.models import Budget
from forecasting.queries.forecasts import find_forecast, list_forecasts
from forecasting.queries.scopes import (
    ScopeNames,
    count_tokens_unpriced,
    get_billed_days,
    get_scope_costs,
    get_scope_names,
    list_scope_months,
    stretches_of,
)


class BudgetNotFound(NotFound):
    """No such budget in this organization."""

    code = "budget_not_found"
    message = gettext_noop("There is no such budget.")


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthEffect:
    """A past month against an amount, and the thresholds that it would have crossed."""

    month: Month
    spent: Money
    share: Decimal
    reached: tuple[Threshold, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetEffect:
    """What a budget would have done in past months, newest first, and what the present month comes to."""

    rate: RateInForce
    amount: Money
    months: tuple[MonthEffect, ...]  # months before the first usage are absent
    forecast: BudgetForecast | None

    @property
    def alerting(self) -> int:
        """In how many of the months it would have alerted."""
        return sum(1 for month in self.months if month.reached)


def list_budgets(*, closed: bool = False) -> tuple[BudgetValue, ...]:
    """Return the budgets by name; the closed ones, too, if asked."""
    rows = Budget.objects.all() if closed else Budget.objects.filter(closed_at__isnull=True)
    names = get_scope_names()
    return tuple(sorted((_value(row, names) for row in rows), key=lambda value: (value.name.casefold(), value.id)))


def get_budget(budget_id: int) -> BudgetValue:
    """Return one budget, closed or not. Raises BudgetNotFound."""
    row = Budget.objects.filter(pk=budget_id).first()
    if row is None:
        raise BudgetNotFound
    return _value(row, get_scope_names())


def find_budget_status(*, budget_id: int, as_of: datetime) -> BudgetStatus | None:
    """Return where a budget stands in the month of a time; None where its currency has no rate. Raises BudgetNotFound."""
    return next(iter(measure((get_budget(budget_id),), month=month_of(as_of), as_of=as_of)), None)


def find_status_of_month_before(*, budget_id: int, as_of: datetime) -> BudgetStatus | None:
    """Return what a budget's scope came to in the month before; None without a rate that old. Raises BudgetNotFound."""
    return next(iter(measure((get_budget(budget_id),), month=month_of(as_of).previous(), as_of=as_of)), None)


def list_budget_statuses(*, as_of: datetime) -> tuple[BudgetStatus, ...]:
    """Return where each open budget stands in the month of a time, by name.

    A budget whose currency has no exchange rate cannot be measured and is absent; `list_budgets` has it.
    """
    return measure(list_budgets(), month=month_of(as_of), as_of=as_of)


def count_unpriced(statuses: Iterable[BudgetStatus], *, as_of: datetime) -> int:
    """Return how many tokens of the month have no price, if any budget is for some: budgets overlap, and do not add up."""
    if not any(status.tokens_unpriced for status in statuses):
        return 0
    return count_tokens_unpriced(WHOLE_ORGANIZATION, month_of(as_of), _time_zone())


def measure(budgets: Sequence[BudgetValue], *, month: Month, as_of: datetime) -> tuple[BudgetStatus, ...]:
    """Return where budgets stand in one month; those without an exchange rate are left out."""
    if not budgets:
        return ()
    time_zone = _time_zone()
    period = period_of(PeriodKind.MONTH, month, time_zone)
    kinds = {budget.scope.kind for budget in budgets}
    costs = get_scope_costs(
        kinds,
        days=DateRange(period.start - PACE_DAYS * DAY, period.end),
        unpriced_since=period.start_at,
        time_zone=time_zone,
    )
    rates = [entered.rate for entered in list_exchange_rates()]
    forecasts = _forecasts(kinds, month, as_of)
    reached = get_data_until(now=as_of)
    data_until = reached.rated
    whole = DateRange(period.start - PACE_DAYS * DAY, period.end)
    billed_until = reached.billed - BILL_GROWS if reached.billed else None
    completes = {budget.scope.kind for budget in budgets if budget.basis is BudgetBasis.BILLED_COMPLETED}
    billed = get_billed_days(completes, days=whole) if completes and billed_until else {}

    def status(budget: BudgetValue, rate: RateInForce) -> BudgetStatus:
        published, rated = forecasts.get(budget.scope), costs.days.get(budget.scope, ())
        held = rated
        if budget.basis is BudgetBasis.BILLED_COMPLETED:
            held = completed(rated, billed.get(budget.scope, {}), billed_until=billed_until)
        if published and held is not rated:
            published = published.shifted(difference_to_bill(rated, held, period.days))
        return budget_status(
            budget=budget,
            period=period,
            days=held,
            rate=rate,
            data_until=data_until,
            as_of=as_of,
            time_zone=time_zone,
            tokens_unpriced=costs.tokens_unpriced.get(budget.scope, 0),
            forecast=budget_forecast(published, amount=budget.amount, rate=rate) if published else None,
            billed_until=billed_until if budget.basis is BudgetBasis.BILLED_COMPLETED else None,
        )

    paired = ((budget, rate_in_force(rates, budget.amount.currency, month)) for budget in budgets)
    return tuple(status(budget, rate) for budget, rate in paired if rate is not None)


def find_effect(
    *, scope: Scope, amount: Money, thresholds: Sequence[Threshold] = (), months: int, as_of: datetime
) -> BudgetEffect | None:
    """Return what a budget would have done in so many past months; None where its currency has no rate."""
    time_zone, month = _time_zone(), month_of(as_of)
    rates = [entered.rate for entered in list_exchange_rates()]
    rate = rate_in_force(rates, amount.currency, month)
    if rate is None:
        return None
    costs = list_scope_months(scope, first=month.plus(-months), end=month, time_zone=time_zone)
    published = find_forecast(scope, month=month, as_of=as_of)

    def effect(past: Month) -> MonthEffect:
        # A month that is older than every rate is shown at the present one: better than not at all.
        spent = (rate_in_force(rates, amount.currency, past) or rate).convert(costs[past])
        reached = reached_thresholds(thresholds, amount, spent)
        return MonthEffect(month=past, spent=spent, share=share_of(spent, amount), reached=reached)

    return BudgetEffect(
        rate=rate,
        amount=amount,
        months=tuple(effect(past) for past in sorted(costs, reverse=True)),
        forecast=budget_forecast(published, amount=amount, rate=rate) if published else None,
    )


def find_last_month(currency: str, *, as_of: datetime) -> Money | None:
    """Return what the organization cost in the last whole month, in US dollars where there is no rate; None: nothing."""
    for code in (currency, USD):
        effect = find_effect(scope=WHOLE_ORGANIZATION, amount=Money(Decimal(1), code), months=1, as_of=as_of)
        if effect is not None:
            return effect.months[0].spent if effect.months else None
    raise AssertionError("US dollars need no rate")


def find_rate_in_force(currency: str, *, as_of: datetime) -> RateInForce | None:
    """Return the rate that budgets of a currency are measured at in the month of a time, or None."""
    rates = [entered.rate for entered in list_exchange_rates(currency)]
    return rate_in_force(rates, currency, month_of(as_of))


def find_driver(status: BudgetStatus) -> Driver | None:
    """Return the largest part of what a budget's scope has cost in its period, by cost center and model, or None."""
    costs: dict[tuple[str | None, ...], Decimal] = {}
    for stretch in stretches_of(status.budget.scope, status.period.days):
        question = SpendQuestion(
            basis=Basis.RATED,
            start=local_day_bounds(stretch.days.start, _time_zone())[0],
            end=local_day_bounds(stretch.days.end, _time_zone())[0],
            group_by=(Dimension.COST_CENTER, Dimension.MODEL),
            filters=stretch.filters,
        )
        for row in list_spend(question).rows:
            costs[row.key] = EXACT.add(costs.get(row.key, Decimal(0)), row.cost)
    rows = [(cost, key) for key, cost in costs.items() if cost > 0]
    if not rows:
        return None
    largest, (center, model) = max(rows, key=lambda row: (row[0], str(row[1])))
    names = get_scope_names()
    return Driver(
        cost_center=names.centers_by_code[center].name if center else None,
        model_id=names.models.get(model, model) if model else None,
        share=EXACT.divide(largest, add_up(cost for cost, _ in rows)),
    )


def month_of(moment: datetime) -> Month:
    """Return the calendar month of the organization that a moment lies in."""
    return Month.of(local_day(moment, _time_zone()))


def _time_zone() -> str:
    return get_organization(current_organization_id()).time_zone


def _forecasts(kinds: set[ScopeKind], month: Month, as_of: datetime) -> dict[Scope, PublishedForecast]:
    found = (forecast for kind in kinds for forecast in list_forecasts(month=month, as_of=as_of, kind=kind))
    return {forecast.scope: forecast for forecast in found}


def _value(row: Budget, names: ScopeNames) -> BudgetValue:
    scope = Scope(ScopeKind(row.scope_kind), row.scope_key)
    return BudgetValue(
        id=row.pk,
        name=row.name,
        scope=scope,
        scope_label=names.label(scope),
        amount=Money(row.amount, row.currency),
        basis=BudgetBasis(row.basis),
        period_kind=PeriodKind(row.period_kind),
        owner=BudgetOwner(user_id=row.owner_id, label=row.owner_label) if row.owner_label else None,
        version=row.version,
        created_at=row.created_at,
        closed_at=row.closed_at,
    )
