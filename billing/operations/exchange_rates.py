"""Enters and removes an organization's exchange rates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from django.db import IntegrityError, transaction

from accounts.domain.audit import Actor, Json
from accounts.domain.errors import Conflict, Invalid
from accounts.domain.text import gettext_noop
from accounts.operations.audit import record_event
from accounts.operations.closed_months import require_open
from billing.domain.exchange_rates import USD
from billing.domain.exchange_rates import ExchangeRate as Rate
from billing.domain.periods import Month
from billing.models import ExchangeRate
from billing.queries.exchange_rates import ExchangeRateNotFound

CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
MAX_PLACES = 8
MAX_RATE = Decimal(10) ** 10
FIRST_YEAR, LAST_YEAR = 2015, 2100


class MalformedCurrency(Invalid):
    """The text is no currency other than the facts' own."""

    code: ClassVar[str] = "malformed_currency"
    message: ClassVar[str] = gettext_noop("Enter a currency other than USD by its three letters, such as JPY.")


class ImpossibleExchangeRate(Invalid):
    """The number cannot be a rate."""

    code: ClassVar[str] = "impossible_exchange_rate"
    message: ClassVar[str] = gettext_noop("A rate is a number above 0 with at most 8 decimals.")


class ImpossibleMonth(Invalid):
    """A month that no fact can lie in."""

    code: ClassVar[str] = "impossible_month"
    message: ClassVar[str] = gettext_noop("Enter a month between 2015 and 2100.")


class ExchangeRateExists(Conflict):
    """The month has a rate of the currency: which of two is meant is for people to say."""

    code: ClassVar[str] = "exchange_rate_exists"
    message: ClassVar[str] = gettext_noop("There is a %(currency)s rate for %(month)s already: remove it first.")


def add_exchange_rate(
    *, actor: Actor, month: Month, currency: str, units_per_usd: Decimal, source: str, now: datetime
) -> int:
    """Say what one US dollar bought in a month of which nothing was said; returns the audit event's id.

    Raises ExchangeRateExists, MalformedCurrency, ImpossibleExchangeRate or ImpossibleMonth.
    """
    _check(month, currency, units_per_usd)
    if ExchangeRate.objects.filter(month_date=month.start, currency=currency).exists():
        raise ExchangeRateExists(currency=currency, month=str(month))
    try:
        with transaction.atomic():
            return enter_exchange_rate(
                actor=actor, month=month, currency=currency, units_per_usd=units_per_usd, source=source, now=now
            )
    except IntegrityError as error:  # somebody else said it in the same moment
        raise ExchangeRateExists(currency=currency, month=str(month)) from error


def enter_exchange_rate(
    *, actor: Actor, month: Month, currency: str, units_per_usd: Decimal, source: str, now: datetime
) -> int:
    """Say what one US dollar bought in a month, in place of what was said before; returns the audit event's id.

    Raises MalformedCurrency, ImpossibleExchangeRate, ImpossibleMonth or MonthIsClosed.
    """
    _check(month, currency, units_per_usd)
    require_open(month.start, field="month")
    row = ExchangeRate.objects.select_for_update().filter(month_date=month.start, currency=currency).first()
    before = _described(row) if row else None
    row = row or ExchangeRate(month_date=month.start, currency=currency)
    row.units_per_usd, row.source = units_per_usd, source[:120]
    row.entered_by, row.entered_at = actor.label, now
    row.save()
    return record_event(
        actor=actor,
        verb="exchange_rate.entered",
        target=f"exchange_rate:{month}:{currency}",
        before=before,
        after=_described(row),
    )


def save_exchange_rates(*, actor: Actor, rates: Sequence[Rate], source: str, now: datetime) -> int:
    """Enter many rates at once, all or nothing; returns how many. Raises what entering one of them raises."""
    for rate in rates:
        enter_exchange_rate(
            actor=actor,
            month=rate.month,
            currency=rate.currency,
            units_per_usd=rate.units_per_usd,
            source=source,
            now=now,
        )
    return len(rates)


def remove_exchange_rate(*, actor: Actor, rate_id: int) -> int:
    """Take a rate back; amounts of that month are told in USD again. Raises ExchangeRateNotFound and MonthIsClosed."""
    row = ExchangeRate.objects.select_for_update().filter(id=rate_id).first()
    if row is None:
        raise ExchangeRateNotFound
    require_open(row.month_date)
    before, month = _described(row), Month.of(row.month_date)
    row.delete()
    return record_event(
        actor=actor, verb="exchange_rate.removed", target=f"exchange_rate:{month}:{row.currency}", before=before
    )


def _check(month: Month, currency: str, units_per_usd: Decimal) -> None:
    if CURRENCY.fullmatch(currency) is None or currency == USD:
        raise MalformedCurrency(field="currency")
    if not FIRST_YEAR <= month.year < LAST_YEAR:
        raise ImpossibleMonth(field="month")
    if not units_per_usd.is_finite() or not 0 < units_per_usd < MAX_RATE:
        raise ImpossibleExchangeRate(field="units_per_usd")
    if units_per_usd != round(units_per_usd, MAX_PLACES):
        raise ImpossibleExchangeRate(field="units_per_usd")


def _described(row: ExchangeRate) -> dict[str, Json]:
    return {"units_per_usd": str(row.units_per_usd.normalize()), "source": row.source}
