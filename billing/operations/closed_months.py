"""Closes months with the rates that they were told at, so that no later rate can tell them otherwise."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from accounts.domain.audit import Actor
from accounts.operations.closed_months import close_months, reopen_months
from accounts.queries.closed_months import get_closed_until
from accounts.queries.organizations import get_organization
from accounts.tenancy.context import current_organization_id
from billing.domain.exchange_rates import rate_in_force
from billing.domain.periods import Month, local_day, local_day_bounds
from billing.models import ExchangeRate
from billing.queries.exchange_rates import get_monthly_spend, list_exchange_rates

FROZEN = "Rate of %s, in force when the month was closed"


def close_month(*, actor: Actor, month: Month, now: datetime) -> int:
    """Close a month and all before it; returns the audit line's id. Raises MonthNotOver and MonthIsClosed.

    A month that was told at an earlier month's rate keeps that one as its own.
    """
    organization = get_organization(current_organization_id())
    event_id = close_months(actor=actor, month=month.start, today=local_day(now, organization.time_zone))
    _freeze_rates(month, time_zone=organization.time_zone, actor=actor, now=now)
    return event_id


def reopen_month(*, actor: Actor, month: Month, reason: str) -> int:
    """Open a month and all after it again; returns the audit line's id. Raises MonthIsOpen and ReasonMissing."""
    return reopen_months(actor=actor, month=month.start, reason=reason)


def find_closed_moment() -> datetime | None:
    """Return the time up to which the facts of closed months stay as they are; None when nothing was ever closed."""
    until = get_closed_until()
    if until is None:
        return None
    return local_day_bounds(until, get_organization(current_organization_id()).time_zone)[0]


def _freeze_rates(last: Month, *, time_zone: str, actor: Actor, now: datetime) -> None:
    rates = [one.rate for one in list_exchange_rates()]
    entered = {(rate.month, rate.currency) for rate in rates}
    spent = [month for month in get_monthly_spend(time_zone=time_zone, now=now) if month <= last]
    frozen = []
    for month in spent:
        for currency in sorted({rate.currency for rate in rates}):
            in_force = rate_in_force(rates, currency, month)
            if in_force is not None and (month, currency) not in entered:
                frozen.append((month, currency, in_force.units_per_usd, in_force.month))
    ExchangeRate.objects.bulk_create(_frozen(row, actor, now) for row in frozen)


def _frozen(row: tuple[Month, str, Decimal, Month | None], actor: Actor, now: datetime) -> ExchangeRate:
    month, currency, units_per_usd, of_month = row
    return ExchangeRate(
        month_date=month.start,
        currency=currency,
        units_per_usd=units_per_usd,
        source=FROZEN % of_month,
        entered_by=actor.label,
        entered_at=now,
    )
