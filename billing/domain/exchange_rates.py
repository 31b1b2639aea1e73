"""Money in another currency at the rate that an organization has entered for a month."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop
from billing.domain.money import EXACT, Money
from billing.domain.periods import Month

USD = "USD"  # Cost Explorer and the price lists know no other


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRate:
    """How many units of a currency one US dollar bought in a month."""

    month: Month
    currency: str
    units_per_usd: Decimal

    def __post_init__(self) -> None:
        if not self.units_per_usd.is_finite() or self.units_per_usd <= 0:
            raise ValueError(f"a rate is above zero, not {self.units_per_usd}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateInForce:
    """How many units of a currency one US dollar buys, and the month whose rate that is.

    `month` is None for US dollars, which need no rate.
    """

    currency: str
    units_per_usd: Decimal
    month: Month | None

    def convert(self, amount_usd: Decimal) -> Money:
        """Express dollars in the currency."""
        return Money(EXACT.multiply(amount_usd, self.units_per_usd), self.currency)

    def convert_back(self, money: Money) -> Decimal:
        """Express an amount of a currency in dollars."""
        assert money.currency == self.currency
        return EXACT.divide(money.amount, self.units_per_usd)


class MissingRate(Invalid):
    """Nobody has entered a rate for the month, and none is guessed: the amount stays in its own currency."""

    code: ClassVar[str] = "missing_exchange_rate"
    message: ClassVar[str] = gettext_noop("There is no exchange rate from USD to %(currency)s for %(month)s.")


def rate_in_force(rates: Iterable[ExchangeRate], currency: str, month: Month) -> RateInForce | None:
    """The rate of the month or, where that one has not been entered yet, of the latest month before it.

    A figure must not fall silent on the first of a month because nobody has typed a rate; which month's rate was used
    is shown. None when there is no rate that old.
    """
    if currency == USD:
        return RateInForce(currency=USD, units_per_usd=Decimal(1), month=None)
    known = [rate for rate in rates if rate.currency == currency and rate.month <= month]
    if not known:
        return None
    latest = max(known, key=lambda rate: rate.month)
    return RateInForce(currency=currency, units_per_usd=latest.units_per_usd, month=latest.month)


def convert(money: Money, *, to_currency: str, month: Month, rates: Iterable[ExchangeRate]) -> Money:
    """Express money in another currency at the rates of one month.

    Raises MissingRate when a currency other than USD has no rate in that very month.
    """
    if money.currency == to_currency:
        return money
    table = {rate.currency: rate.units_per_usd for rate in rates if rate.month == month}
    in_usd = EXACT.divide(money.amount, _units_per_usd(money.currency, month, table))
    return Money(EXACT.multiply(in_usd, _units_per_usd(to_currency, month, table)), to_currency)


def _units_per_usd(currency: str, month: Month, table: dict[str, Decimal]) -> Decimal:
    if currency == USD:
        return Decimal(1)
    if currency not in table:
        raise MissingRate(currency=currency, month=str(month))
    return table[currency]
