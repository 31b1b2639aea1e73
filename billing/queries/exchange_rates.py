"""The exchange rates that the organization entered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from accounts.domain.errors import NotFound
from accounts.domain.text import gettext_noop
from accounts.queries.closed_months import get_closed_until
from accounts.tenancy.answers import asked_once
from billing.domain.dimensions import Basis, Granularity
from billing.domain.exchange_rates import USD
from billing.domain.exchange_rates import ExchangeRate as Rate
from billing.domain.periods import Month, local_day, local_day_bounds
from billing.domain.rate_files import (
    Layout,
    PlannedRate,
    RateChange,
    chosen_rates,
    plan_rates,
    read_rate_file,
)
from billing.domain.rate_months import (
    ChangedMonth,
    RateMonth,
    changed_months,
    compared_months,
    rate_months,
    with_rates,
)
from billing.models import ExchangeRate
from billing.queries.costs import SpendQuestion, list_spend

# A grid of three years; what is older is in the list below it.
MOST_MONTHS = 36


class ExchangeRateNotFound(NotFound):
    """No rate of this organization has the id."""

    code: ClassVar[str] = "exchange_rate_not_found"
    message: ClassVar[str] = gettext_noop("There is no such exchange rate.")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnteredRate:
    """One rate with its origin."""

    id: int
    month: Month
    currency: str
    units_per_usd: Decimal
    source: str
    entered_by: str
    entered_at: datetime

    @property
    def rate(self) -> Rate:
        """What converting needs."""
        return Rate(month=self.month, currency=self.currency, units_per_usd=self.units_per_usd)


@asked_once
def list_exchange_rates(currency: str | None = None) -> tuple[EnteredRate, ...]:
    """Return the entered rates, newest month first, of one currency or all."""
    rows = ExchangeRate.objects.order_by("-month_date", "currency")
    if currency is not None:
        rows = rows.filter(currency=currency)
    return tuple(_value(row) for row in rows)


def get_exchange_rate(rate_id: int) -> EnteredRate:
    """Return one entered rate. Raises ExchangeRateNotFound."""
    row = ExchangeRate.objects.filter(id=rate_id).first()
    if row is None:
        raise ExchangeRateNotFound
    return _value(row)


def find_rate(currency: str, month: Month) -> EnteredRate | None:
    """Return the rate entered for a currency in that very month, or None; no other month's rate is taken instead."""
    row = ExchangeRate.objects.filter(currency=currency, month_date=month.start).first()
    return _value(row) if row else None


def list_rate_months(*, currency: str, time_zone: str, now: datetime) -> tuple[RateMonth, ...]:
    """Return the months that have spend or a rate, newest first, with a cell for each currency in use."""
    entered = list_exchange_rates()
    currencies = sorted({one.currency for one in entered} | {currency} - {USD})
    spent = get_monthly_spend(time_zone=time_zone, now=now)
    this_month = Month.of(local_day(now, time_zone))
    known = [this_month, *spent, *(one.month for one in entered)]
    first, last = max(min(known), this_month.plus(-MOST_MONTHS)), max(known)
    months, month = [], last
    while month >= first:
        months.append(month)
        month = month.previous()
    return rate_months([one.rate for one in entered], currencies, months, spent)


def list_changed_months(rate: Rate, *, time_zone: str, now: datetime) -> tuple[ChangedMonth, ...]:
    """Return what entering a rate would make of the spend of each month."""
    rates = [one.rate for one in list_exchange_rates(rate.currency)]
    return changed_months(rates, rate, get_monthly_spend(time_zone=time_zone, now=now))


def list_changed_by_removal(rate: Rate, *, time_zone: str, now: datetime) -> tuple[ChangedMonth, ...]:
    """Return what removing a rate would make of the spend of each month."""
    rates = [one.rate for one in list_exchange_rates(rate.currency)]
    left = [one for one in rates if one.month != rate.month]
    return compared_months(rates, left, rate.currency, get_monthly_spend(time_zone=time_zone, now=now))


@dataclass(frozen=True, slots=True, kw_only=True)
class RatePlan:
    """What saving a file of rates would do, rate by rate, and to the spend of each month in the reporting currency."""

    layout: Layout
    rates: tuple[PlannedRate, ...]
    changed: tuple[ChangedMonth, ...]

    @property
    def to_save(self) -> tuple[Rate, ...]:
        """The rates that would be entered."""
        return tuple(one.rate for one in self.rates if one.change in (RateChange.NEW, RateChange.CHANGED))


def plan_rate_file(text: str, *, currency: str, time_zone: str, now: datetime) -> RatePlan:
    """Return what saving a file would do. Raises RateFileUnreadable and RateFileRowWrong."""
    file = read_rate_file(text)
    entered = [one.rate for one in list_exchange_rates()]
    months = {row.month for row in list_rate_months(currency=currency, time_zone=time_zone, now=now)}
    currencies = {currency, *(one.currency for one in entered)} - {USD}
    rates = [one for one in chosen_rates(file, currencies=currencies, months=months) if one.currency != USD]
    planned = plan_rates(rates, entered, closed_until=get_closed_until())
    plan = RatePlan(layout=file.layout, rates=planned, changed=())
    spent = get_monthly_spend(time_zone=time_zone, now=now)
    changed = compared_months(entered, with_rates(entered, plan.to_save), currency, spent) if currency != USD else ()
    return replace(plan, changed=changed)


def get_monthly_spend(*, time_zone: str, now: datetime) -> dict[Month, Decimal]:
    """Return the rated cost of each month of the organization that has any, in dollars."""
    this_month = Month.of(local_day(now, time_zone))
    start, _ = local_day_bounds(this_month.plus(1 - MOST_MONTHS).start, time_zone)
    question = SpendQuestion(
        basis=Basis.RATED, start=start, end=now, granularity=Granularity.MONTH, time_zone=time_zone
    )
    rows = list_spend(question).rows
    return {Month.of(row.period): row.cost for row in rows if row.period is not None and row.cost}


def _value(row: ExchangeRate) -> EnteredRate:
    return EnteredRate(
        id=row.pk,
        month=Month.of(row.month_date),
        currency=row.currency,
        # Stored with eight places; people see what they typed.
        units_per_usd=row.units_per_usd.normalize(),
        source=row.source,
        entered_by=row.entered_by,
        entered_at=row.entered_at,
    )
