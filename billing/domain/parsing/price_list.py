"""Products of AWS's Price List to prices per million tokens: the usage type says what, the unit says of how many."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from billing.domain.catalog import ModelCatalog, PriceKey, check_rate
from billing.domain.dimensions import BilledTokenClass, ContextBand, CostHeading, RoutingClass, Tier, TokenClass
from billing.domain.learnt_rates import priced_class
from billing.domain.money import EXACT
from billing.domain.parsing.usage_types import UsageType, parse_usage_type

MILLION = 1_000_000
TOKENS_IN_UNIT = {"1k tokens": 1_000, "1m tokens": MILLION, "1000 tokens": 1_000}
# The model marketplace states its unit in words only: "Million Input Tokens Regional".
SAID_MILLION = re.compile(r"\bmillion\b", re.IGNORECASE)
# What the words of a description say when the usage type does not; the first that fits.
WORDS: tuple[tuple[re.Pattern[str], BilledTokenClass], ...] = (
    (re.compile(r"cache write.*\b1 ?h", re.IGNORECASE), BilledTokenClass.CACHE_WRITE_1H),
    (re.compile(r"cache write", re.IGNORECASE), BilledTokenClass.CACHE_WRITE_5M),
    (re.compile(r"cache read", re.IGNORECASE), BilledTokenClass.CACHE_READ),
    (re.compile(r"\b(response|output) tokens?\b", re.IGNORECASE), BilledTokenClass.OUTPUT),
    (re.compile(r"\binput tokens?\b", re.IGNORECASE), BilledTokenClass.INPUT),
)
BATCH_FEATURE = "Batch Inference"
SAID_BATCH = re.compile(r"\bbatch\b", re.IGNORECASE)
SAID_GLOBAL = re.compile(r"\bglobal\b", re.IGNORECASE)


class LeftOut(StrEnum):
    """Why a product of the list gives no price of tokens."""

    MALFORMED = "MALFORMED"
    NOT_TOKENS = "NOT_TOKENS"
    MODEL_UNKNOWN = "MODEL_UNKNOWN"
    UNIT_UNKNOWN = "UNIT_UNKNOWN"
    NO_DOLLARS = "NO_DOLLARS"
    WORDS_DISAGREE = "WORDS_DISAGREE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPrice:
    """A price as AWS lists it, from when on, and the usage type that it is listed for."""

    key: PriceKey
    rate_usd_per_million: Decimal
    effective_from: datetime
    service_code: str
    usage_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedList:
    """What a price list came to: prices of tokens, and how many products were left out, by reason."""

    prices: tuple[ListedPrice, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)


class _Fault(Exception):
    def __init__(self, reason: LeftOut) -> None:
        super().__init__(reason)
        self.reason = reason


def parse_products(texts: Iterable[str], catalog: ModelCatalog) -> ParsedList:
    """Read what GetProducts answers: each item is a product as JSON text. What cannot be read is counted, not guessed."""
    prices: list[ListedPrice] = []
    left_out: Counter[str] = Counter()
    for text in texts:
        try:
            prices.append(_price(_loaded(text), catalog))
        except _Fault as fault:
            left_out[fault.reason] += 1
    return ParsedList(prices=tuple(prices), left_out=dict(left_out))


def products_of_file(text: str) -> Iterator[str]:
    """Take a dated list apart, the file behind GetPriceListFileUrl, into products as GetProducts answers them."""
    file = json.loads(text)
    terms = file.get("terms", {}).get("OnDemand", {})
    for sku, product in file.get("products", {}).items():
        yield json.dumps(
            {"product": product, "serviceCode": file.get("offerCode", ""), "terms": {"OnDemand": terms.get(sku, {})}}
        )


def _loaded(text: str) -> Mapping[str, Any]:
    try:
        product = json.loads(text)
    except ValueError:
        raise _Fault(LeftOut.MALFORMED) from None
    if not isinstance(product, dict):
        raise _Fault(LeftOut.MALFORMED)
    return product


def _price(item: Mapping[str, Any], catalog: ModelCatalog) -> ListedPrice:
    try:
        attributes = item["product"]["attributes"]
        (term,) = item["terms"]["OnDemand"].values()
        (dimension,) = term["priceDimensions"].values()
        effective_from = datetime.fromisoformat(term["effectiveDate"]).astimezone(UTC)
        usage_type, unit = str(attributes["usagetype"]), str(dimension["unit"])
        words, amounts = str(dimension.get("description", "")), dict(dimension["pricePerUnit"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _Fault(LeftOut.MALFORMED) from None
    read = parse_usage_type(usage_type, str(attributes.get("servicename", "")), catalog)
    if read.heading not in (CostHeading.TOKENS, CostHeading.UNRECOGNIZED):
        raise _Fault(LeftOut.NOT_TOKENS)
    if not read.model_id:
        raise _Fault(LeftOut.MODEL_UNKNOWN)
    return ListedPrice(
        key=_key(read, attributes, words),
        rate_usd_per_million=_rate(amounts, _tokens_in(unit, words, read)),
        effective_from=effective_from,
        service_code=str(item.get("serviceCode", "")),
        usage_type=usage_type,
    )


def _key(read: UsageType, attributes: Mapping[str, Any], words: str) -> PriceKey:
    token_class = _class(read, words)
    tier = read.tier or Tier.STANDARD
    # Batch is sometimes visible in the feature or the words alone, with the usage type of on-demand calls.
    if tier is Tier.STANDARD and (attributes.get("feature") == BATCH_FEATURE or SAID_BATCH.search(words)):
        tier = Tier.BATCH
    routing = read.routing_class or RoutingClass.REGIONAL
    if SAID_GLOBAL.search(words) and routing is not RoutingClass.GLOBAL:
        raise _Fault(LeftOut.WORDS_DISAGREE)
    aws_region = str(attributes.get("regionCode") or read.aws_region)
    if not aws_region:
        raise _Fault(LeftOut.MALFORMED)
    return PriceKey(
        model_id=read.model_id,
        aws_region=aws_region,
        routing_class=routing,
        tier=tier,
        token_class=token_class,
        context_band=read.context_band or ContextBand.STANDARD,
    )


def _class(read: UsageType, words: str) -> TokenClass:
    said = read.token_class or next((name for pattern, name in WORDS if pattern.search(words)), None)
    token_class = None if said is None else priced_class(said)
    if token_class is None:
        raise _Fault(LeftOut.NOT_TOKENS)
    return token_class


def _tokens_in(unit: str, words: str, read: UsageType) -> int:
    stated = TOKENS_IN_UNIT.get(unit.strip().lower()) or (MILLION if SAID_MILLION.search(words) else None)
    if stated is None and read.tokens_per_unit is None:
        raise _Fault(LeftOut.UNIT_UNKNOWN)
    return stated or read.tokens_per_unit or MILLION


def _rate(amounts: Mapping[str, Any], tokens: int) -> Decimal:
    try:
        rate = EXACT.divide(EXACT.multiply(Decimal(str(amounts["USD"])), Decimal(MILLION)), Decimal(tokens))
        check_rate(rate)
    except (KeyError, InvalidOperation, ValueError):
        raise _Fault(LeftOut.NO_DOLLARS) from None
    return rate
