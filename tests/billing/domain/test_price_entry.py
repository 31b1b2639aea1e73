"""A price as a person types it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.domain.catalog import Price, PriceKey
from billing.domain.dimensions import RoutingClass, Tier, TokenClass
from billing.domain.exchange_rates import ExchangeRate, MissingRate, RateInForce
from billing.domain.periods import Month
from billing.domain.price_entry import (
    PriceDoubtful,
    PriceEntry,
    PriceImplausible,
    PriceMalformed,
    PriceTooFine,
    PriceUnit,
    PriceVerdict,
    check_confirmed,
    classes_priced_by,
    exchange_of,
    is_priced_by,
    judge,
    overlaid,
    parse_price,
    per_million,
    weigh,
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


KEY = PriceKey(
    model_id="claude-sonnet-4-5",
    aws_region="*",
    routing_class=RoutingClass.GLOBAL,
    tier=Tier.STANDARD,
    token_class=TokenClass.INPUT,
)


def day(number: int) -> datetime:
    return datetime(2026, 11, number, tzinfo=UTC)


def price(rate: str, start: int, end: int | None = None, key: PriceKey = KEY) -> Price:
    return Price(
        key=key,
        rate_usd_per_million=Decimal(rate),
        effective_from=day(start),
        effective_to=None if end is None else day(end),
        source="a contract",
        source_date=date(2026, 11, 1),
    )


def entry(amount: str, currency: str = "USD", unit: PriceUnit = PriceUnit.PER_MILLION) -> PriceEntry:
    return PriceEntry(key=KEY, amount=Decimal(amount), currency=currency, unit=unit, effective_from=day(1))


def test_a_price_in_another_currency_becomes_dollars_at_the_rate_of_the_month_it_begins_in() -> None:
    rates = [ExchangeRate(month=Month(2026, 10), currency="JPY", units_per_usd=Decimal(150))]
    yen = entry("0.45", "JPY", PriceUnit.PER_THOUSAND)
    weighed = weigh(yen, exchange=exchange_of(yen, rates), known=Decimal(3))
    assert weighed.rate_usd_per_million == 3
    assert weighed.exchange.month == Month(2026, 10)
    with pytest.raises(MissingRate):
        exchange_of(yen, [])
    third = weigh(
        entry("1", "JPY"), exchange=RateInForce(currency="JPY", units_per_usd=Decimal(3), month=None), known=None
    )
    assert third.rate_usd_per_million == Decimal("0.333333333333")


def test_a_doubtful_price_passes_only_when_it_is_confirmed() -> None:
    dollars = exchange_of(entry("1"), [])
    doubtful = weigh(entry("1.5"), exchange=dollars, known=Decimal(3))
    with pytest.raises(PriceDoubtful):
        check_confirmed(doubtful, is_confirmed=False)
    check_confirmed(doubtful, is_confirmed=True)
    check_confirmed(weigh(entry("2.9"), exchange=dollars, known=Decimal(3)), is_confirmed=False)


@pytest.mark.parametrize(
    ("own", "new", "left"),
    [
        ([], price("2", 1), [price("2", 1)]),
        ([price("3", 1)], price("2", 5), [price("3", 1, 5), price("2", 5)]),
        ([price("3", 1)], price("2", 1), [price("2", 1)]),
        ([price("3", 9)], price("2", 5), [price("3", 9), price("2", 5, 9)]),
        ([price("3", 1, 3)], price("2", 5, 7), [price("3", 1, 3), price("2", 5, 7)]),
    ],
)
def test_a_new_own_price_ends_the_earlier_one_and_gives_way_to_a_later_one(
    own: list[Price], new: Price, left: list[Price]
) -> None:
    assert list(overlaid(own, new)) == left
    other = price("9", 1, key=replace(KEY, tier=Tier.BATCH))
    assert other in overlaid([*own, other], new)


def test_a_five_minute_write_decides_writes_of_an_untold_lifetime_as_well() -> None:
    assert TokenClass.CACHE_WRITE in classes_priced_by(TokenClass.CACHE_WRITE_5M)
    assert classes_priced_by(TokenClass.INPUT) == {TokenClass.INPUT}
    assert is_priced_by(replace(KEY, aws_region="us-*"), "us-east-1")
    assert not is_priced_by(replace(KEY, aws_region="eu-west-1"), "us-east-1")
