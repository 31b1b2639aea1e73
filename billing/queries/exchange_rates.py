"""The exchange rates that the organization entered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from accounts.domain.errors import NotFound
from accounts.domain.text import gettext_noop
from billing.domain.exchange_rates import ExchangeRate as Rate
from billing.domain.periods import Month
from billing.models import ExchangeRate


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
