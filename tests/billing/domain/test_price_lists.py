"""Readings of the Price List become dated prices, and a price that is in another unit than it says is not taken."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from billing.domain.catalog import Price, PriceBook, PriceKey
from billing.domain.dimensions import PriceOrigin, RoutingClass, Tier, TokenClass
from billing.domain.parsing.price_list import ListedPrice
from billing.domain.price_lists import choose, continued

KEY = PriceKey(
    model_id="m",
    aws_region="us-east-1",
    routing_class=RoutingClass.REGIONAL,
    tier=Tier.STANDARD,
    token_class=TokenClass.INPUT,
)
START = datetime(2026, 1, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def listed(rate: str, since: int = 0, usage_type: str = "USE1-m-input-tokens") -> ListedPrice:
    return ListedPrice(
        key=KEY,
        rate_usd_per_million=Decimal(rate),
        effective_from=day(since),
        service_code="AmazonBedrock",
        usage_type=usage_type,
    )


def history(*readings: tuple[int, ListedPrice | None]) -> list[tuple[str, int, int | None]]:
    """What is stored after readings on some days: rate, and the days on which it begins and ends."""
    stored: tuple[Price, ...] = ()
    for number, price in readings:
        stored = continued(stored, {KEY: price} if price else {}, at=day(number) + timedelta(hours=3))
    assert {price.origin for price in stored} <= {PriceOrigin.PRICE_LIST}
    return [
        (
            f"{price.rate_usd_per_million:f}",
            (price.effective_from - START).days,
            (price.effective_to - START).days if price.effective_to else None,
        )
        for price in stored
    ]


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        pytest.param([(40, listed("3", 31))], [("3", 31, None)], id="from the day that AWS says"),
        pytest.param(
            [(40, listed("3", 31)), (62, listed("3.0", 59))], [("3", 31, None)], id="dated anew, the same rate"
        ),
        pytest.param(
            [(40, listed("3", 31)), (62, listed("2.4", 59))], [("3", 31, 59), ("2.4", 59, None)], id="a cut on its day"
        ),
        pytest.param(
            [(40, listed("3", 31)), (41, listed("3.3", 31))],
            [("3", 31, 41), ("3.3", 41, None)],
            id="a page corrected within a month counts from the day it was seen",
        ),
        pytest.param(
            [(40, listed("3", 31)), (45, None), (50, listed("3", 31))],
            [("3", 31, 45), ("3", 45, None)],
            id="missed, and back",
        ),
        pytest.param([(40, listed("3", 40)), (40, listed("2", 40))], [("2", 40, None)], id="twice on one day"),
    ],
)
def test_one_reading_after_the_other(
    readings: list[tuple[int, ListedPrice | None]], expected: list[tuple[str, int, int | None]]
) -> None:
    assert history(*readings) == expected


def committed(rate: str) -> PriceBook:
    return PriceBook(
        (
            Price(
                key=KEY,
                rate_usd_per_million=Decimal(rate),
                effective_from=START - timedelta(days=900),
                effective_to=None,
                source="a page",
                source_date=date(2026, 1, 1),
            ),
        )
    )


def test_a_rate_that_is_published_twice_is_one() -> None:
    chosen = choose([listed("3"), listed("3.00", usage_type="USE1-m-mantle-input-tokens-standard")], committed("3.3"))

    assert list(chosen.prices) == [KEY]
    assert not chosen.contradicted


def test_two_rates_for_one_key_are_none_of_them() -> None:
    chosen = choose([listed("3"), listed("2", usage_type="another")], PriceBook(()))

    assert (dict(chosen.prices), chosen.contradicted) == ({}, (KEY,))


@pytest.mark.parametrize("rate", ["3300", "0.0033"])
def test_a_thousandfold_is_not_believed(rate: str) -> None:
    """The page itself once showed a column per thousand that was per million."""
    chosen = choose([listed(rate)], committed("3.3"))

    assert (dict(chosen.prices), chosen.not_believed) == ({}, (KEY,))
