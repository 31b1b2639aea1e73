"""Money changes currency at the rate entered for its month, and not without one."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billing.domain.exchange_rates import ExchangeRate, MissingRate, convert
from billing.domain.money import Money
from billing.domain.periods import Month

OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)
RATES = (
    ExchangeRate(month=OCTOBER, currency="JPY", units_per_usd=Decimal("150.25")),
    ExchangeRate(month=OCTOBER, currency="EUR", units_per_usd=Decimal("0.8")),
)


@pytest.mark.parametrize(
    ("amount", "currency", "to_currency", "expected"),
    [
        ("10", "USD", "JPY", "1502.50"),
        ("1502.50", "JPY", "USD", "10"),
        ("8", "EUR", "JPY", "1502.50"),
        ("3.21", "JPY", "JPY", "3.21"),
    ],
)
def test_money_is_converted_by_way_of_the_dollar(amount: str, currency: str, to_currency: str, expected: str) -> None:
    converted = convert(Money(Decimal(amount), currency), to_currency=to_currency, month=OCTOBER, rates=RATES)
    assert converted == Money(Decimal(expected), to_currency)


def test_a_month_without_a_rate_is_refused_and_no_other_month_is_taken() -> None:
    with pytest.raises(MissingRate) as refused:
        convert(Money(Decimal(1), "USD"), to_currency="JPY", month=NOVEMBER, rates=RATES)
    assert refused.value.parameters == {"currency": "JPY", "month": "2026-11"}
    assert str(refused.value) == "There is no exchange rate from USD to JPY for 2026-11."


@pytest.mark.parametrize("rate", ["0", "-1", "NaN", "Infinity"])
def test_a_rate_is_above_zero(rate: str) -> None:
    with pytest.raises(ValueError, match="above zero"):
        ExchangeRate(month=OCTOBER, currency="JPY", units_per_usd=Decimal(rate))
