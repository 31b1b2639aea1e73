"""Tokens times price: exact, never negative, unpriced never zero, and said where something was assumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.catalog import Price, PriceBook, PriceFound, PriceKey, UnpricedReason
from billing.domain.dimensions import (
    TOKEN_CLASSES,
    ContextBand,
    Namespace,
    Routing,
    RoutingClass,
    SeriesKey,
    Tier,
    TokenClass,
)
from billing.domain.parsing.catalog import parse_models, parse_prices
from billing.domain.rating import TokenCosts, assumed_cost, cost, rate, rate_card, scope_of
from billing.domain.records import TokenCounts, UsageRecord

DATA = Path(__file__).parents[3] / "billing" / "data"
LIST = parse_prices((DATA / "prices.csv").read_text(encoding="utf-8"))
BOOK = PriceBook(LIST)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
START = datetime(2020, 1, 1, tzinfo=UTC)
MILLION = 1_000_000
counts = st.integers(0, 2**53)
tokens = st.builds(TokenCounts, counts, counts, counts, counts, counts, counts)
rates = st.decimals(min_value=0, max_value=1000, places=12, allow_nan=False, allow_infinity=False)


def series(
    model_id: str, routing: Routing = Routing.IN_REGION, aws_region: str = "us-east-1", **other: Any
) -> SeriesKey:
    return SeriesKey(
        aws_account_id="111111111111",
        aws_region=aws_region,
        namespace=Namespace.BEDROCK,
        aws_model_id="raw",
        model_id=model_id,
        publisher="",
        routing=routing,
        **other,
    )


def own_price(rate_: Decimal, token_class: TokenClass, start: datetime = START, end: datetime | None = None) -> Price:
    key = PriceKey(
        model_id="m", aws_region="*", routing_class=RoutingClass.REGIONAL, tier=Tier.STANDARD, token_class=token_class
    )
    return Price(
        key=key,
        rate_usd_per_million=rate_,
        effective_from=start,
        effective_to=end,
        source="contract",
        source_date=date(2026, 1, 1),
    )


def book_of(prices: Mapping[TokenClass, str]) -> PriceBook:
    return PriceBook(tuple(own_price(Decimal(value), token_class) for token_class, value in prices.items()))


ONE_OF_EACH = TokenCounts(*([MILLION] * 6))


@pytest.mark.parametrize(
    ("model_id", "routing", "expected"),
    [
        ("claude-sonnet-4-5", Routing.IN_REGION, ("3.30", "16.50", "0.33", "4.125", "4.125", "6.60")),
        ("claude-sonnet-4-5", Routing.GEO, ("3.30", "16.50", "0.33", "4.125", "4.125", "6.60")),
        ("claude-sonnet-4-5", Routing.GLOBAL, ("3", "15", "0.30", "3.75", "3.75", "6")),
        ("claude-opus-5-5", Routing.GLOBAL, ("4", "20", "0.20", "5", "5", "8")),
        ("claude-haiku-5-5", Routing.GEO, ("0.11", "0.55", "0.011", "0.1375", "0.1375", "0.22")),
        ("claude-fable-5-1", Routing.IN_REGION, ("11", "55", "0.275", "13.75", "13.75", "22")),
        ("claude-sonnet-4", Routing.GLOBAL, ("3", "15", "0.30", "3.75", "3.75", None)),
        ("claude-3-opus", Routing.IN_REGION, ("15", "75", None, None, None, None)),
        ("claude-3-opus", Routing.GLOBAL, (None, None, None, None, None, None)),
        ("nova-lite", Routing.GEO, ("0.06", "0.24", "0.015", "0", None, None)),
        ("llama-3-3-70b", Routing.IN_REGION, ("0.72", "0.72", None, None, None, None)),
        ("gpt-5-6-sol", Routing.GLOBAL, ("4", "20", "0.40", "5", None, None)),
        ("", Routing.IN_REGION, (None, None, None, None, None, None)),
    ],
)
def test_a_million_tokens_of_each_class_cost_their_list_price(
    model_id: str, routing: Routing, expected: tuple[str | None, ...]
) -> None:
    costs = cost(ONE_OF_EACH, rate_card(series(model_id, routing), NOW, BOOK))
    assert costs == tuple(None if value is None else Decimal(value) for value in expected)


@pytest.mark.parametrize(
    ("model_id", "moment", "expected"),
    [
        ("claude-3-5-sonnet", datetime(2025, 11, 30, 23, tzinfo=UTC), "3"),
        ("claude-3-5-sonnet", datetime(2025, 12, 1, tzinfo=UTC), "6"),
        ("claude-3-5-sonnet-v2", datetime(2025, 12, 1, tzinfo=UTC), "6"),
        ("gpt-5-6-luna", datetime(2026, 7, 29, 23, tzinfo=UTC), "1.10"),
        ("gpt-5-6-luna", datetime(2026, 7, 30, tzinfo=UTC), "0.22"),
        ("gpt-5-6-terra", datetime(2026, 7, 30, tzinfo=UTC), "2.20"),
        ("gpt-5-6-sol", datetime(2026, 8, 20, tzinfo=UTC), "5.50"),
        ("gpt-5-6-sol", datetime(2026, 8, 21, tzinfo=UTC), "4.40"),
    ],
)
def test_usage_is_rated_at_the_price_of_its_hour(model_id: str, moment: datetime, expected: str) -> None:
    record = UsageRecord(series(model_id), moment, 1, TokenCounts(input=MILLION))
    (rated,) = rate([record], BOOK)
    assert rated.costs.input == Decimal(expected)
    assert rated.rate_card.covers(moment)


def test_tiers_have_prices_of_their_own() -> None:
    nova = {tier: rate_card(series("nova-pro", tier=tier), NOW, BOOK).of(TokenClass.INPUT) for tier in Tier}
    assert {tier: rate_.rate_per_million for tier, rate_ in nova.items()} == {
        Tier.STANDARD: Decimal("0.8"),
        Tier.BATCH: Decimal("0.4"),
        Tier.PRIORITY: Decimal("1.4"),
        Tier.LATENCY_OPTIMIZED: Decimal(1),
        Tier.FLEX: None,
        Tier.RESERVED: None,
    }


@pytest.mark.parametrize(
    ("model_id", "routing", "tier", "expected"),
    [
        ("nova-pro", Routing.GEO, Tier.PRIORITY, ("1.40", "5.60")),
        ("nova-premier", Routing.GEO, Tier.PRIORITY, ("4.375", "21.875")),
        ("nova-2-lite", Routing.IN_REGION, Tier.PRIORITY, ("0.5775", "4.8125")),
        ("nova-2-lite", Routing.IN_REGION, Tier.FLEX, ("0.165", "1.375")),
        ("nova-2-pro", Routing.IN_REGION, Tier.PRIORITY, ("2.40625", "19.25")),
        ("nova-2-pro", Routing.GLOBAL, Tier.PRIORITY, ("2.1875", "17.5")),
        ("gpt-oss-120b", Routing.IN_REGION, Tier.PRIORITY, ("0.2625", "1.05")),
        ("gpt-oss-20b", Routing.IN_REGION, Tier.PRIORITY, ("0.1225", "0.525")),
        ("qwen3-32b", Routing.IN_REGION, Tier.FLEX, ("0.075", "0.30")),
        ("qwen3-32b", Routing.IN_REGION, Tier.PRIORITY, ("0.2625", "1.05")),
        # What no source states has no price, and neither has what is not sold by the token.
        ("gpt-oss-120b", Routing.IN_REGION, Tier.FLEX, (None, None)),
        ("claude-sonnet-4-5", Routing.GLOBAL, Tier.PRIORITY, (None, None)),
        ("claude-sonnet-4-5", Routing.GLOBAL, Tier.RESERVED, (None, None)),
    ],
)
def test_what_other_tiers_cost_is_known_or_unpriced(
    model_id: str, routing: Routing, tier: Tier, expected: tuple[str | None, str | None]
) -> None:
    costs = cost(ONE_OF_EACH, rate_card(series(model_id, routing, tier=tier), NOW, BOOK))
    assert costs[:2] == tuple(None if value is None else Decimal(value) for value in expected)
    # A tier is never silently rated at the standard price of a class that it has no price of its own for.
    assert costs.cache_read is None


def test_flex_is_half_and_priority_one_and_three_quarters_of_standard() -> None:
    for price in LIST:
        factor = {Tier.FLEX: Decimal("0.5"), Tier.PRIORITY: Decimal("1.75")}.get(price.key.tier)
        if factor is not None:
            standard = BOOK.price_in_force(replace(price.key, tier=Tier.STANDARD), NOW)
            assert isinstance(standard, PriceFound)
            assert price.rate_usd_per_million == standard.price.rate_usd_per_million * factor


def test_a_cache_write_of_unknown_life_is_rated_at_five_minutes_and_says_so() -> None:
    card = rate_card(series("claude-haiku-4-5"), NOW, BOOK)
    assert card.of(TokenClass.CACHE_WRITE).assumed
    assert card.of(TokenClass.CACHE_WRITE).rate_per_million == card.of(TokenClass.CACHE_WRITE_5M).rate_per_million
    assert not card.of(TokenClass.CACHE_WRITE_5M).assumed
    assert not card.of(TokenClass.INPUT).assumed
    costs = cost(TokenCounts(input=MILLION, cache_write=MILLION), card)
    assert assumed_cost(costs, card) == Decimal("1.375")


def test_where_long_prompts_cost_more_every_rate_is_an_assumption() -> None:
    card = rate_card(series("claude-sonnet-4-5"), NOW, BOOK)
    assert all(rate_.assumed for rate_ in card.rates)
    costs = cost(ONE_OF_EACH, card)
    assert assumed_cost(costs, card) == costs.total == Decimal("34.98")


def test_a_cache_write_with_one_price_for_any_life_is_not_assumed() -> None:
    card = rate_card(series("kimi-k3", Routing.GLOBAL), NOW, BOOK)
    assert card.of(TokenClass.CACHE_WRITE).rate_per_million == Decimal("3.75")
    assert not card.of(TokenClass.CACHE_WRITE).assumed


def test_an_own_price_for_five_minutes_goes_before_a_published_one_for_any_life() -> None:
    published = own_price(Decimal(3), TokenClass.CACHE_WRITE)
    own = own_price(Decimal(2), TokenClass.CACHE_WRITE_5M)
    card = rate_card(series("m"), NOW, PriceBook((published,), (own,)))
    assert (card.of(TokenClass.CACHE_WRITE).rate_per_million, card.of(TokenClass.CACHE_WRITE).assumed) == (
        Decimal(2),
        True,
    )
    card = rate_card(series("m"), NOW, PriceBook((published, own)))
    assert (card.of(TokenClass.CACHE_WRITE).rate_per_million, card.of(TokenClass.CACHE_WRITE).assumed) == (
        Decimal(3),
        False,
    )


def test_an_override_is_taken_from_its_day_and_for_its_routing_only() -> None:
    cut = datetime(2026, 10, 1, 12, tzinfo=UTC)
    list_price = next(
        price
        for price in LIST
        if (price.key.model_id, price.key.routing_class, price.key.token_class, price.key.tier, price.key.context_band)
        == ("claude-sonnet-4-5", RoutingClass.GLOBAL, TokenClass.INPUT, Tier.STANDARD, ContextBand.STANDARD)
    )
    own = replace(list_price, rate_usd_per_million=Decimal("2.25"), effective_from=cut, source="contract 7")
    book = PriceBook(LIST, (own,))
    hours = [cut - timedelta(hours=1), cut]
    records = [
        UsageRecord(series("claude-sonnet-4-5", routing), hour, 1, TokenCounts(input=MILLION, output=MILLION))
        for routing in (Routing.GLOBAL, Routing.GEO)
        for hour in hours
    ]
    rated = list(rate(records, book))
    assert [item.costs.input for item in rated] == [Decimal(3), Decimal("2.25"), Decimal("3.3"), Decimal("3.3")]
    assert [item.costs.output for item in rated[:2]] == [Decimal(15), Decimal(15)]
    assert rated[1].rate_card.of(TokenClass.INPUT).source == "contract 7"
    assert rated[1].rate_card.of(TokenClass.INPUT).is_override
    assert rated[0].rate_card.valid_to == rated[1].rate_card.valid_from == cut


def test_usage_without_a_price_is_unpriced_and_never_zero() -> None:
    record = UsageRecord(series(""), NOW, 3, TokenCounts(input=5, output=7))
    (rated,) = rate([record], BOOK)
    assert rated.costs == TokenCosts(input=None, output=None)
    assert rated.tokens_unpriced == 12
    assert rated.costs.total == rated.cost_assumed == 0
    assert rated.rate_card.of(TokenClass.INPUT).unpriced_reason is UnpricedReason.UNRECOGNIZED_MODEL
    assert rated.rate_card.covers(datetime.min.replace(tzinfo=UTC))


def test_no_tokens_cost_nothing_even_without_a_price() -> None:
    (rated,) = rate([UsageRecord(series(""), NOW, 3)], BOOK)
    assert rated.costs == TokenCosts()
    assert rated.tokens_unpriced == 0


def test_one_card_serves_all_series_that_share_a_price_and_every_hour_it_covers() -> None:
    one, two = series("nova-pro"), series("nova-pro", inference_profile_id="x9f3k2m1q0zz")
    records = [UsageRecord(item, NOW + timedelta(hours=hour), 1) for item in (one, two, one) for hour in (0, 500)]
    cards = {id(rated.rate_card) for rated in rate(records, BOOK)}
    assert len(cards) == 1
    assert scope_of(one) == scope_of(two)


def test_negative_tokens_are_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match="never negative"):
        cost(TokenCounts(output=-1), rate_card(series("nova-pro"), NOW, BOOK))


@given(tokens, st.fixed_dictionaries({}, optional=dict.fromkeys(TOKEN_CLASSES, rates)))
def test_cost_is_exact_not_negative_and_the_sum_of_its_parts(
    usage: TokenCounts, prices: dict[TokenClass, Decimal]
) -> None:
    book = PriceBook(tuple(own_price(value, token_class) for token_class, value in prices.items()))
    card = rate_card(series("m"), NOW, book)
    costs = cost(usage, card)
    for token_class, count, part in zip(TOKEN_CLASSES, usage, costs, strict=True):
        value = card.of(token_class).rate_per_million
        if part is None:
            assert value is None
            assert count > 0
        else:
            assert Fraction(part) == count * Fraction(value or 0) / MILLION
            assert part >= 0
    assert Fraction(costs.total) == sum(Fraction(part) for part in costs if part is not None)
    assert 0 <= assumed_cost(costs, card) <= costs.total


@given(tokens, rates)
def test_a_price_per_million_is_a_thousandth_of_one_per_thousand(usage: TokenCounts, value: Decimal) -> None:
    card = rate_card(series("m"), NOW, book_of({TokenClass.INPUT: str(value)}))
    thousand = cost(TokenCounts(input=usage.input * 1000), card).input
    one = cost(TokenCounts(input=usage.input), card).input
    assert thousand is not None
    assert one is not None
    assert Fraction(thousand) == 1000 * Fraction(one)


@given(tokens, tokens)
def test_the_cost_of_two_hours_is_the_sum_of_their_costs(first: TokenCounts, second: TokenCounts) -> None:
    card = rate_card(series("claude-opus-5"), NOW, BOOK)
    together = cost(first.plus(second), card)
    for whole, one, two in zip(together, cost(first, card), cost(second, card), strict=True):
        assert whole is not None
        assert one is not None
        assert two is not None
        assert Fraction(whole) == Fraction(one) + Fraction(two)


def test_rating_twice_gives_the_same() -> None:
    models = parse_models((DATA / "models.csv").read_text(encoding="utf-8"))
    records = [
        UsageRecord(series(model.model_id, routing), NOW + timedelta(hours=hour), 1, ONE_OF_EACH)
        for model in models
        for routing in Routing
        for hour in range(2)
    ]
    assert list(rate(records, BOOK)) == list(rate(records, BOOK))
    assert ONE_OF_EACH.of(TokenClass.CACHE_WRITE_1H) == MILLION
