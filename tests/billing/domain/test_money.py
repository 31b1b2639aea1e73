"""Money adds up, to the last digit, or refuses."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.money import CurrencyMismatch, Money, plain, split_exactly, total

amounts = st.decimals(
    min_value=Decimal("-1e12"), max_value=Decimal("1e12"), places=18, allow_nan=False, allow_infinity=False
)
weights = st.lists(
    st.decimals(min_value=0, max_value=1_000_000, places=3, allow_nan=False, allow_infinity=False),
    min_size=1,
    max_size=12,
).filter(lambda values: sum(values) > 0)


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def test_money_of_one_currency_adds_subtracts_and_scales_exactly() -> None:
    assert usd("0.1") + usd("0.2") == usd("0.3")
    assert usd("0.1") - usd("0.3") == usd("-0.2")
    assert -usd("1.5") == usd("-1.5")
    assert usd("0.000000000000000001").scale(Decimal(3)) == usd("0.000000000000000003")
    assert usd("1") < usd("2") <= usd("2")


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__le__"])
def test_different_currencies_do_not_mix(operation: str) -> None:
    with pytest.raises(CurrencyMismatch, match="USD and JPY"):
        getattr(usd("1"), operation)(Money(Decimal(1), "JPY"))


@pytest.mark.parametrize("amount", [1.5, 3, "1", Decimal("NaN"), Decimal("Infinity")])
def test_an_amount_is_a_finite_decimal(amount: object) -> None:
    with pytest.raises(TypeError):
        Money(amount, "USD")  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["usd", "US", "USDT", "ÜSD", ""])
def test_a_currency_is_an_iso_code(currency: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(Decimal(1), currency)


def test_nothing_adds_up_to_zero_and_a_list_to_its_sum() -> None:
    assert total([], "JPY") == Money(Decimal(0), "JPY")
    assert total([usd("1.1"), usd("2.2")], "USD") == usd("3.3")


def test_a_split_gives_the_remainder_to_those_who_lost_most() -> None:
    shares = usd("1").split([Decimal(1), Decimal(1), Decimal(1)])
    assert shares == (usd("0.333333333333333334"), usd("0.333333333333333333"), usd("0.333333333333333333"))
    assert usd("-0.000000000000000005").split([Decimal(1), Decimal(1)]) == (
        usd("-0.000000000000000003"),
        usd("-0.000000000000000002"),
    )


@given(amounts, weights)
def test_shares_add_up_to_the_whole(amount: Decimal, shares: list[Decimal]) -> None:
    parts = split_exactly(amount, shares)
    assert total((Money(part, "USD") for part in parts), "USD").amount == amount
    assert len(parts) == len(shares)


@given(amounts, weights)
def test_nobody_gets_more_than_a_last_digit_besides_the_fair_share(amount: Decimal, shares: list[Decimal]) -> None:
    whole = sum(shares)
    for part, weight in zip(split_exactly(amount, shares), shares, strict=True):
        assert abs(Fraction(part) - Fraction(amount) * Fraction(weight) / Fraction(whole)) <= Fraction(1, 10**18)


@pytest.mark.parametrize("bad", [[], [Decimal(0)], [Decimal(-1), Decimal(2)]])
def test_weights_are_not_negative_and_not_all_zero(bad: list[Decimal]) -> None:
    with pytest.raises(ValueError, match="weights"):
        usd("1").split(bad)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("12.345678000000000000", "12.345678"),
        ("0E-18", "0"),
        ("1E+2", "100"),
        ("-0.000000000000000001", "-0.000000000000000001"),
        ("12345678901234567890.123456789012345678", "12345678901234567890.123456789012345678"),
    ],
)
def test_a_number_is_written_out_for_programs_without_losing_a_digit(amount: str, text: str) -> None:
    assert plain(Decimal(amount)) == text
