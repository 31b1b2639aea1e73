"""A price as a person types it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billing.domain.price_entry import (
    PriceImplausible,
    PriceMalformed,
    PriceTooFine,
    PriceUnit,
    PriceVerdict,
    judge,
    parse_price,
    per_million,
)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("3", "3"), ("$0.0125", "0.0125"), (" 1,250.50 ", "1250.50"), ("3.00", "3.00"), ("$ 0.25", "0.25")],
)
def test_an_amount_is_read_as_people_write_it(text: str, amount: str) -> None:
    assert parse_price(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["", "three", "-3", "3,5", "1e3", "3.", "NaN", "3 USD", "٣"])
def test_what_is_no_plain_number_is_refused(text: str) -> None:
    with pytest.raises(PriceMalformed) as error:
        parse_price(text)
    assert error.value.field == "amount"


def test_the_unit_decides_the_price_per_million() -> None:
    assert per_million(Decimal("0.003"), PriceUnit.PER_THOUSAND) == 3
    assert per_million(Decimal(3), PriceUnit.PER_MILLION) == 3


def test_a_price_beyond_reason_or_storage_is_refused() -> None:
    with pytest.raises(PriceMalformed):
        per_million(Decimal(1000), PriceUnit.PER_THOUSAND)
    with pytest.raises(PriceTooFine):
        per_million(Decimal("0.0000000000001"), PriceUnit.PER_MILLION)


@pytest.mark.parametrize(
    ("rate", "known", "verdict"),
    [
        ("3", None, PriceVerdict.UNKNOWN),
        ("3", "0", PriceVerdict.UNKNOWN),
        ("2.25", "3", PriceVerdict.PLAUSIBLE),
        ("1.5", "3", PriceVerdict.DOUBTFUL),
        ("4.5", "3", PriceVerdict.DOUBTFUL),
        ("4.49", "3", PriceVerdict.PLAUSIBLE),
        ("0", "3", PriceVerdict.DOUBTFUL),
        ("299", "3", PriceVerdict.DOUBTFUL),
    ],
)
def test_half_off_is_doubtful(rate: str, known: str | None, verdict: PriceVerdict) -> None:
    assert judge(Decimal(rate), None if known is None else Decimal(known)) is verdict


@pytest.mark.parametrize("rate", ["300", "3000", "0.03", "0.003"])
def test_a_hundred_times_off_is_another_unit(rate: str) -> None:
    with pytest.raises(PriceImplausible) as error:
        judge(Decimal(rate), Decimal(3))
    assert error.value.parameters["known"] == "3"
