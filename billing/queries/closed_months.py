"""Which months are closed, with the figures that were signed and those that are still open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from accounts.domain.closed_months import is_closed
from accounts.queries.closed_months import get_closed_until
from billing.domain.exchange_rates import USD, RateInForce, rate_in_force
from billing.domain.money import Money
from billing.domain.periods import Month, local_day
from billing.queries.exchange_rates import get_monthly_spend, list_exchange_rates


@dataclass(frozen=True, slots=True, kw_only=True)
class BookMonth:
    """A month of the organization: its estimated spend, as told in its currency at which rate, and whether it is closed.

    `in_force` None: there is no rate, and the month is told in dollars.
    """

    month: Month
    spent: Money
    in_force: RateInForce | None
    is_closed: bool
    is_over: bool


def list_book_months(*, currency: str, time_zone: str, now: datetime) -> tuple[BookMonth, ...]:
    """Return the months that have spend, newest first."""
    until = get_closed_until()
    this_month = Month.of(local_day(now, time_zone))
    spent = get_monthly_spend(time_zone=time_zone, now=now)
    rates = [one.rate for one in list_exchange_rates(currency)]
    found = []
    for month in sorted({*spent, *([Month.of(until).previous()] if until else [])}, reverse=True):
        rate = rate_in_force(rates, currency, month)
        cost = spent.get(month, Decimal(0))
        found.append(
            BookMonth(
                month=month,
                spent=rate.convert(cost) if rate else Money(cost, USD),
                in_force=rate,
                is_closed=is_closed(month.start, until),
                is_over=month < this_month,
            )
        )
    return tuple(found)


def get_book_month(month: Month, *, months: Sequence[BookMonth]) -> BookMonth:
    """Return one of the months; one without spend, of which nothing was told, is told in dollars."""
    found = next((one for one in months if one.month == month), None)
    if found is not None:
        return found
    until = get_closed_until()
    return BookMonth(
        month=month, spent=Money(Decimal(0), USD), in_force=None, is_closed=is_closed(month.start, until), is_over=True
    )
