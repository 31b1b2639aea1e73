"""The committed price table against the package genai-prices: every difference is explained, or the test fails."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from genai_prices.data import providers
from genai_prices.types import StartDateConstraint, TieredPrices

from billing.domain.catalog import ModelCatalog, PriceBook, PriceFound, PriceKey, canonical_model
from billing.domain.dimensions import ContextBand, RoutingClass, Tier, TokenClass
from billing.domain.parsing.catalog import parse_models, parse_prices

DATA = Path(__file__).parents[4] / "billing" / "data"
CATALOG = ModelCatalog(parse_models((DATA / "models.csv").read_text()))
PRICES = parse_prices((DATA / "prices.csv").read_text())
BOOK = PriceBook(PRICES)
EXPLAINED = Path(__file__).with_name("genai_prices_differences.csv")
# The package is a snapshot of its day, as the table is.
TODAY = max(datetime.combine(price.source_date, datetime.min.time(), UTC) for price in PRICES)
AWS = next(provider for provider in providers if provider.id == "aws")
CLASSES = {
    "input_mtok": (TokenClass.INPUT,),
    "output_mtok": (TokenClass.OUTPUT,),
    "cache_read_mtok": (TokenClass.CACHE_READ,),
    "cache_write_mtok": (TokenClass.CACHE_WRITE_5M, TokenClass.CACHE_WRITE),
    "cache_write_1h_mtok": (TokenClass.CACHE_WRITE_1H,),
}


class Theirs(NamedTuple):
    """A price per million tokens as the package has it, at a time."""

    genai_id: str
    price: str
    context_band: ContextBand
    at: datetime
    rate: Decimal


class Difference(NamedTuple):
    """What the explanations name; `ours` is empty where the table has no price."""

    genai_id: str
    price: str
    context_band: str
    theirs: str
    ours: str


def their_prices() -> Iterator[Theirs]:
    for model in AWS.models:
        for at in sorted(dates_of(model)):
            prices = model.get_prices(at)
            for name in [name for name in dir(prices) if name.endswith("_mtok")]:
                for band, rate in bands(getattr(prices, name)):
                    yield Theirs(model.id, name, band, at, rate)


def dates_of(model: Any) -> set[datetime]:
    """Now, and both sides of every date on which a price begins."""
    found = {TODAY}
    for entry in model.prices if isinstance(model.prices, list) else ():
        if isinstance(entry.constraint, StartDateConstraint):
            begins = datetime.combine(entry.constraint.start_date, datetime.min.time(), UTC)
            found |= {begins, begins - timedelta(days=1)}
    return found


def bands(price: Any) -> Iterator[tuple[ContextBand, Decimal]]:
    if isinstance(price, TieredPrices):
        yield ContextBand.STANDARD, price.base
        yield from ((ContextBand.LONG, tier.price) for tier in price.tiers)
    elif price is not None:
        yield ContextBand.STANDARD, price


def our_price(theirs: Theirs) -> Decimal | None:
    scope, _, bare_id = theirs.genai_id.partition(".")
    model = canonical_model(bare_id if scope in ("global", "regional") else theirs.genai_id, CATALOG)
    for token_class in CLASSES.get(theirs.price, ()):
        key = PriceKey(
            model_id=model.model_id,
            aws_region="us-east-1",
            routing_class=RoutingClass.GLOBAL if scope == "global" else RoutingClass.REGIONAL,
            tier=Tier.STANDARD,
            token_class=token_class,
            context_band=theirs.context_band,
        )
        found = BOOK.price_in_force(key, theirs.at)
        if isinstance(found, PriceFound):
            return found.price.rate_usd_per_million
    return None


def written(rate: Decimal | None) -> str:
    return "" if rate is None else f"{rate.normalize():f}"


def test_every_difference_from_genai_prices_is_explained() -> None:
    """promptfoo/promptfoo#10593: 11 of 43 entries of a hand-kept table were stale, by +178 % to -78 %."""
    theirs = list(their_prices())
    found = {
        Difference(one.genai_id, one.price, one.context_band, written(one.rate), written(our_price(one)))
        for one in theirs
        if our_price(one) != one.rate
    }
    rows = list(csv.DictReader(EXPLAINED.read_text().splitlines()))
    explained = {Difference(*(row[name] for name in Difference._fields)) for row in rows}

    assert len(theirs) > 450
    assert found - explained == set(), "unexplained"
    assert explained - found == set(), "explained and no longer so"
    assert all(row["explanation"] for row in rows)
