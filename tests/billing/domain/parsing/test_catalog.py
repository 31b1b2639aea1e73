"""The committed tables are well formed, complete and dated; a broken one names its line."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from billing.domain.catalog import PriceBook, PriceFound, PriceKey
from billing.domain.dimensions import ContextBand, RoutingClass, Tier, TokenClass
from billing.domain.parsing.catalog import MalformedTable, parse_models, parse_prices

DATA = Path(__file__).parents[4] / "billing" / "data"
MODELS = parse_models((DATA / "models.csv").read_text(encoding="utf-8"))
PRICES = parse_prices((DATA / "prices.csv").read_text(encoding="utf-8"))
BOOK = PriceBook(PRICES)
PRICE_HEADING = "model_id,aws_region,routing_class,tier,token_class,context_band,usd_per_million,effective_from,effective_to,source,source_date\n"
MODEL_HEADING = "model_id,display_name,publisher,aws_model_ids,legacy_date,extended_access_date,end_of_life_date,source,source_date\n"


def test_every_row_has_a_source_and_a_date() -> None:
    sources = [(row.source, row.source_date) for row in MODELS] + [(row.source, row.source_date) for row in PRICES]
    for source, source_date in sources:
        assert source
        assert date(2026, 1, 1) < source_date < date(2027, 1, 1)


def test_every_price_belongs_to_a_model_of_the_table() -> None:
    assert {price.key.model_id for price in PRICES} <= {model.model_id for model in MODELS}
    assert max(Counter(model.model_id for model in MODELS).values()) == 1


def test_no_two_prices_of_one_key_are_in_force_at_once() -> None:
    by_key = defaultdict(list)
    for price in PRICES:
        by_key[price.key].append(price)
    for prices in by_key.values():
        prices.sort(key=lambda price: price.effective_from)
        for earlier, later in pairwise(prices):
            assert earlier.effective_to is not None
            assert earlier.effective_to <= later.effective_from


def test_what_is_listed_for_us_regions_only_says_so() -> None:
    for price in PRICES:
        if "cheapest US region" in price.source:
            assert price.key.aws_region == "*"
            assert "taken for every region without a row of its own" in price.source


def rate(
    model_id: str, token_class: TokenClass, routing: RoutingClass = RoutingClass.REGIONAL, **other: object
) -> Decimal:
    key = PriceKey(
        model_id=model_id,
        aws_region="us-east-1",
        routing_class=routing,
        token_class=token_class,
        tier=other.get("tier", Tier.STANDARD),  # type: ignore[arg-type]
        context_band=other.get("band", ContextBand.STANDARD),  # type: ignore[arg-type]
    )
    found = BOOK.price_in_force(key, datetime(2026, 11, 1, tzinfo=UTC))
    assert isinstance(found, PriceFound)
    return found.price.rate_usd_per_million


def test_global_is_a_tenth_cheaper_where_the_two_differ() -> None:
    for model in ("claude-sonnet-4-5", "claude-opus-5", "claude-haiku-5-5", "nova-2-lite", "gpt-6-astra", "kimi-k3"):
        for token_class in (TokenClass.INPUT, TokenClass.OUTPUT):
            assert rate(model, token_class) == rate(model, token_class, RoutingClass.GLOBAL) * Decimal("1.1")


def test_cache_and_batch_keep_the_proportions_that_aws_states() -> None:
    for model in ("claude-sonnet-4-6", "claude-opus-4-8", "claude-haiku-4-5"):
        base = rate(model, TokenClass.INPUT)
        assert rate(model, TokenClass.CACHE_READ) == base * Decimal("0.1")
        assert rate(model, TokenClass.CACHE_WRITE_5M) == base * Decimal("1.25")
        assert rate(model, TokenClass.CACHE_WRITE_1H) == base * 2
    for model in ("claude-sonnet-4-5", "llama-3-3-70b", "nova-pro", "gpt-oss-120b"):
        assert rate(model, TokenClass.INPUT, tier=Tier.BATCH) * 2 == rate(model, TokenClass.INPUT)
    assert (
        rate("claude-haiku-5-5", TokenClass.INPUT, band=ContextBand.LONG)
        == rate("claude-haiku-5-5", TokenClass.INPUT) * 5
    )


def test_the_sandbox_and_the_table_agree_on_every_list_price_outside_the_cut() -> None:
    # Two people read the same sources: the sandbox shares no code with us, and its cut is a private rate.
    with (DATA.parent / "sandbox" / "data" / "prices.csv").open(encoding="utf-8", newline="") as file:
        theirs = [row for row in csv.DictReader(file) if row["token_class"] in set(TokenClass)]
    assert len(theirs) > 100
    for row in theirs:
        key = PriceKey(
            model_id=row["model"],
            aws_region=row["region"],
            routing_class=RoutingClass(row["routing"].upper()),
            tier=Tier(row["tier"].upper()),
            token_class=TokenClass(row["token_class"]),
        )
        found = BOOK.price_in_force(key, datetime(2026, 10, 1, tzinfo=UTC))
        assert isinstance(found, PriceFound), row
        assert found.price.rate_usd_per_million == Decimal(row["rate_usd_per_million"]), row


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ("m,*,REGIONAL,STANDARD,input,STANDARD,abc,2026-01-01,,s,2026-01-01", 2),
        ("m,*,REGIONAL,STANDARD,input,STANDARD,-1,2026-01-01,,s,2026-01-01", 2),
        ("m,*,MARS,STANDARD,input,STANDARD,1,2026-01-01,,s,2026-01-01", 2),
        ("m,*,REGIONAL,STANDARD,input,STANDARD,1,2026-02-30,,s,2026-01-01", 2),
        ("m,*,REGIONAL,STANDARD,input,STANDARD,1,2026-01-02,2026-01-01,s,2026-01-01", 2),
        ("m,*,REGIONAL", 2),
    ],
)
def test_a_broken_price_names_its_line(row: str, line: int) -> None:
    with pytest.raises(MalformedTable, match=f"line {line}:"):
        parse_prices(PRICE_HEADING + row + "\n")


def test_a_broken_model_names_its_line() -> None:
    with pytest.raises(MalformedTable, match="line 3:"):
        parse_models(MODEL_HEADING + "m,M,P,p.m,,,2026-01-01,s,2026-01-01\nn,N,P,p.n,soon,,,s,2026-01-01\n")
    with pytest.raises(MalformedTable, match="line 2:"):
        parse_models("model_id\nm\n")


def test_a_table_reads_back_what_it_says() -> None:
    (price,) = parse_prices(
        PRICE_HEADING + "m,eu-*,GLOBAL,FLEX,cache_write_1h,LONG,1.25,2026-01-01,2026-02-01,page,2026-01-05\n"
    )
    assert price.key == PriceKey(
        model_id="m",
        aws_region="eu-*",
        routing_class=RoutingClass.GLOBAL,
        tier=Tier.FLEX,
        token_class=TokenClass.CACHE_WRITE_1H,
        context_band=ContextBand.LONG,
    )
    assert (price.rate_usd_per_million, price.effective_to) == (Decimal("1.25"), datetime(2026, 2, 1, tzinfo=UTC))
    (model,) = parse_models(MODEL_HEADING + "m,M,P,p.m-v1:0 p.m,,2026-01-01,,page,2026-01-05\n")
    assert model.aws_model_ids == ("p.m-v1:0", "p.m")
    assert model.extended_access_date == date(2026, 1, 1)
    assert model.legacy_date is None
