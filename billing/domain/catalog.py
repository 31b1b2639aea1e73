"""Canonical ids of foundation models, and the `PriceBook`: the price in force at a time."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from billing.domain.dimensions import (
    ContextBand,
    Namespace,
    PriceOrigin,
    Routing,
    RoutingClass,
    SeriesKey,
    Tier,
    TokenClass,
)
from billing.domain.money import EXACT

# The first part of an AWS model id says who made the model.
PUBLISHER_OF = {
    "ai21": "AI21 Labs",
    "amazon": "Amazon",
    "anthropic": "Anthropic",
    "cohere": "Cohere",
    "deepseek": "DeepSeek",
    "google": "Google",
    "luma": "Luma AI",
    "meta": "Meta",
    "minimax": "MiniMax",
    "mistral": "Mistral AI",
    "moonshot": "Moonshot AI",
    "moonshotai": "Moonshot AI",
    "nvidia": "NVIDIA",
    "openai": "OpenAI",
    "qwen": "Qwen",
    "stability": "Stability AI",
    "twelvelabs": "TwelveLabs",
    "writer": "Writer",
    "xai": "xAI",
    "zai": "Z.AI",
}
GLOBAL_PREFIX = "global"

ARN = re.compile(r"arn:[a-z-]+:bedrock:(?P<region>[a-z0-9-]*):\d*:(?P<kind>[a-z-]+)/(?P<id>.+)")
# What an application inference profile is called by in CloudWatch: neither a model nor a profile with a prefix.
OPAQUE_ID = re.compile(r"[a-z0-9]{6,32}")
CONTEXT_SUFFIX = re.compile(r":\d+k$")  # a provisioned variant: amazon.nova-pro-v1:0:300k
MINOR_SUFFIX = re.compile(r":\d+$")
VERSION_SUFFIX = re.compile(r"-v\d+$")
FIRST_VERSION_SUFFIX = re.compile(r"-v1$")
DATE_SUFFIX = re.compile(r"-20\d{6}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundationModel:
    """A model that somebody made and AWS serves, and the dates on which AWS lets go of it."""

    model_id: str
    display_name: str
    publisher: str
    aws_model_ids: tuple[str, ...]
    legacy_date: date | None
    extended_access_date: date | None
    end_of_life_date: date | None
    source: str
    source_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CanonicalModel:
    """What an AWS id says; `model_id` is "" when the model is not recognised, `publisher` when not even its maker is."""

    model_id: str
    publisher: str
    routing: Routing


class ModelCatalog:
    """The foundation models that we know, found by any spelling of their AWS ids."""

    def __init__(self, models: Iterable[FoundationModel]) -> None:
        self.models = {model.model_id: model for model in models}
        spellings = defaultdict(set)
        for model in self.models.values():
            for aws_model_id in model.aws_model_ids:
                for spelling in _spellings_of_known(aws_model_id):
                    spellings[spelling].add(model.model_id)
        # A spelling that several models share (Claude 3.5 Sonnet without its date) names none of them.
        self._by_spelling = {spelling: found.pop() for spelling, found in spellings.items() if len(found) == 1}

    def find(self, bare_id: str) -> FoundationModel | None:
        """The model with an AWS id that has no routing prefix."""
        for spelling in _spellings_of_asked(bare_id):
            if spelling in self._by_spelling:
                return self.models[self._by_spelling[spelling]]
        return None


def canonical_model(aws_model_id: str, catalog: ModelCatalog) -> CanonicalModel:
    """Read a model, its publisher and its routing out of what AWS calls a model: an id, a profile id or an ARN.

    The routing comes from the id itself: bare is in-region, a geography's prefix is that geography, `global.` is
    anywhere. An id that is not recognised stays visible: its model_id is "".
    """
    arn = ARN.fullmatch(aws_model_id)
    if arn is not None and arn["kind"] not in ("foundation-model", "inference-profile"):
        return CanonicalModel(model_id="", publisher="", routing=Routing.IN_REGION)
    routing, bare_id = _split_routing(aws_model_id if arn is None else arn["id"])
    if arn is not None and not arn["region"]:
        routing = Routing.GLOBAL  # the region-less ARN that only global profiles contain
    model = catalog.find(bare_id)
    publisher = PUBLISHER_OF.get(bare_id.partition(".")[0], "") if model is None else model.publisher
    return CanonicalModel(model_id="" if model is None else model.model_id, publisher=publisher, routing=routing)


def canonical_model_of_profile(model_arns: Sequence[str], catalog: ModelCatalog) -> CanonicalModel:
    """The model behind an application inference profile, which lists one ARN for each region that may serve it."""
    found = [canonical_model(arn, catalog) for arn in model_arns]
    model_ids = {model.model_id for model in found}
    if len(model_ids) != 1:
        return CanonicalModel(model_id="", publisher="", routing=_routing_of_profile(model_arns))
    return CanonicalModel(
        model_id=found[0].model_id, publisher=found[0].publisher, routing=_routing_of_profile(model_arns)
    )


def is_application_profile_id(aws_model_id: str) -> bool:
    """Say whether CloudWatch's ModelId is the short opaque id of an application inference profile."""
    return OPAQUE_ID.fullmatch(aws_model_id) is not None


def series_key(
    *,
    aws_account_id: str,
    aws_region: str,
    namespace: Namespace,
    aws_model_id: str,
    profile_model_arns: Sequence[str] | None,
    catalog: ModelCatalog,
) -> SeriesKey:
    """The series that a ModelId of CloudWatch stands for.

    `profile_model_arns` are those of the application inference profile of that id, if one is known or remembered.
    """
    if profile_model_arns is None:
        model = canonical_model(aws_model_id, catalog)
    else:
        model = canonical_model_of_profile(profile_model_arns, catalog)
    is_profile = profile_model_arns is not None or is_application_profile_id(aws_model_id)
    return SeriesKey(
        aws_account_id=aws_account_id,
        aws_region=aws_region,
        namespace=namespace,
        aws_model_id=aws_model_id,
        model_id=model.model_id,
        publisher=model.publisher,
        routing=model.routing,
        inference_profile_id=aws_model_id if is_profile else "",
    )


def _routing_of_profile(model_arns: Sequence[str]) -> Routing:
    regions = {arn["region"] for arn in map(ARN.fullmatch, model_arns) if arn is not None}
    if "" in regions:
        return Routing.GLOBAL
    return Routing.GEO if len(regions) > 1 else Routing.IN_REGION


def _split_routing(aws_model_id: str) -> tuple[Routing, str]:
    """A prefix is whatever stands before a publisher: AWS adds geographies faster than any list of them."""
    first, _, rest = aws_model_id.partition(".")
    if first == GLOBAL_PREFIX:
        return Routing.GLOBAL, rest
    if first not in PUBLISHER_OF and rest.partition(".")[0] in PUBLISHER_OF:
        return Routing.GEO, rest
    return Routing.IN_REGION, aws_model_id


def _spellings_of_known(aws_model_id: str) -> Iterator[str]:
    yield from _shortened(aws_model_id, (CONTEXT_SUFFIX, MINOR_SUFFIX, VERSION_SUFFIX, DATE_SUFFIX))


def _spellings_of_asked(aws_model_id: str) -> Iterator[str]:
    # Only a first version may go unsaid: a second one can be another model at another price (Titan Embeddings).
    yield from _shortened(aws_model_id, (CONTEXT_SUFFIX, MINOR_SUFFIX, FIRST_VERSION_SUFFIX))


def _shortened(text: str, suffixes: Iterable[re.Pattern[str]]) -> Iterator[str]:
    yield text
    for suffix in suffixes:
        text = suffix.sub("", text)
        yield text


ANY_REGION = "*"
# GovCloud has price lists of its own, about 1.2 times as high; a price for "every region" does not hold there.
SEPARATE_REGIONS = ("us-gov-", "cn-")
# Costs are stored with 18 places and prices are per million tokens: a finer price would lose digits.
MAX_RATE_PLACES = 12
RATE_LIMIT = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceKey:
    """What a price depends on, apart from the time; in a `Price` the region may be a pattern (`*`, `us-*`)."""

    model_id: str
    aws_region: str
    routing_class: RoutingClass
    tier: Tier
    token_class: TokenClass
    context_band: ContextBand = ContextBand.STANDARD


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A price per million tokens, in force from a time up to, but not including, another."""

    key: PriceKey
    rate_usd_per_million: Decimal
    currency: str = "USD"
    effective_from: datetime
    effective_to: datetime | None
    source: str
    source_date: date
    origin: PriceOrigin = PriceOrigin.COMMITTED

    def __post_init__(self) -> None:
        check_rate(self.rate_usd_per_million)
        if self.effective_to is not None and self.effective_to <= self.effective_from:
            raise ValueError(f"a price cannot end ({self.effective_to}) before it begins ({self.effective_from})")

    def in_force(self, at: datetime) -> bool:
        return self.effective_from <= at and (self.effective_to is None or at < self.effective_to)


def check_rate(rate: Decimal) -> None:
    """Raise ValueError unless the number can be a price per million tokens."""
    if not rate.is_finite() or not 0 <= rate < RATE_LIMIT:
        raise ValueError(f"a price is a number from zero up to {RATE_LIMIT}, not {rate}")
    exponent = rate.normalize(EXACT).as_tuple().exponent
    assert isinstance(exponent, int)
    if exponent < -MAX_RATE_PLACES:
        raise ValueError(f"a price per million tokens has at most {MAX_RATE_PLACES} decimal places, not {rate}")


class UnpricedReason(StrEnum):
    """Why there is no price."""

    UNRECOGNIZED_MODEL = "UNRECOGNIZED_MODEL"
    NO_PRICE = "NO_PRICE"
    NO_PRICE_AT_THAT_TIME = "NO_PRICE_AT_THAT_TIME"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFound:
    """The price in force, where it comes from, and whether it was listed for that very region."""

    price: Price
    origin: PriceOrigin

    @property
    def is_override(self) -> bool:
        return self.origin is PriceOrigin.OVERRIDE

    @property
    def is_for_any_region(self) -> bool:
        return ANY_REGION in self.price.key.aws_region


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceNotFound:
    """There is no price, and none is made up."""

    reason: UnpricedReason


class PriceScope(NamedTuple):
    """The part of a price key that all token classes of a series share."""

    model_id: str
    aws_region: str
    routing_class: RoutingClass
    tier: Tier


# An organization's own price goes before what its bill says, that before AWS's list, and that before ours.
PRECEDENCE = {origin: -place for place, origin in enumerate(PriceOrigin)}


class _Candidate(NamedTuple):
    """A price in the order in which it is asked: by origin, then the nearest region, then the newest."""

    precedence: int
    nearness: int
    effective_from: datetime
    found: PriceFound


@dataclass(frozen=True, slots=True)
class PriceBook:
    """Published prices, what an organization's bill says on top of them, and its own prices on top of that."""

    prices: tuple[Price, ...]
    overrides: tuple[Price, ...] = ()
    learnt: tuple[Price, ...] = ()
    _by_model: dict[str, list[PriceFound]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_model = defaultdict(list)
        for origin, prices in ((PriceOrigin.OVERRIDE, self.overrides), (PriceOrigin.LEARNT, self.learnt)):
            for price in prices:
                by_model[price.key.model_id].append(PriceFound(price=price, origin=origin))
        for price in self.prices:
            by_model[price.key.model_id].append(PriceFound(price=price, origin=price.origin))
        object.__setattr__(self, "_by_model", dict(by_model))

    @property
    def published(self) -> PriceBook:
        """The same without anything of one organization."""
        return PriceBook(self.prices)

    def price_in_force(self, key: PriceKey, at: datetime) -> PriceFound | PriceNotFound:
        """Find the price for a key at a time: by origin first, then a region before a pattern."""
        if key.model_id == "":
            return PriceNotFound(reason=UnpricedReason.UNRECOGNIZED_MODEL)
        candidates = self._candidates(key)
        now = [candidate for candidate in candidates if candidate.found.price.in_force(at)]
        if not now:
            reason = UnpricedReason.NO_PRICE_AT_THAT_TIME if candidates else UnpricedReason.NO_PRICE
            return PriceNotFound(reason=reason)
        return max(now, key=lambda candidate: candidate[:3]).found

    def validity(self, scope: PriceScope, at: datetime) -> tuple[datetime | None, datetime | None]:
        """The longest time around `at` in which no price of the scope begins or ends; None is without a bound."""
        times = {
            time
            for found in self._by_model.get(scope.model_id, ())
            if _concerns(found.price.key, scope)
            for time in (found.price.effective_from, found.price.effective_to)
            if time is not None
        }
        earlier = max((time for time in times if time <= at), default=None)
        return earlier, min((time for time in times if time > at), default=None)

    def _candidates(self, key: PriceKey) -> list[_Candidate]:
        scope = PriceScope(key.model_id, key.aws_region, key.routing_class, key.tier)
        return [
            _Candidate(
                PRECEDENCE[found.origin], nearness(price.key.aws_region, key.aws_region), price.effective_from, found
            )
            for found in self._by_model.get(key.model_id, ())
            if _concerns((price := found.price).key, scope)
            and (price.key.token_class, price.key.context_band) == (key.token_class, key.context_band)
        ]


def nearness(pattern: str, aws_region: str) -> int:
    """How closely a price's region fits a region: 0 not at all, more the longer the part that is spelled out."""
    if pattern == aws_region:
        return len(aws_region) + 2
    if not pattern.endswith(ANY_REGION):
        return 0
    stem = pattern.removesuffix(ANY_REGION)
    if not aws_region.startswith(stem) or (not stem and aws_region.startswith(SEPARATE_REGIONS)):
        return 0
    return len(stem) + 1


def _concerns(key: PriceKey, scope: PriceScope) -> bool:
    return (
        key.routing_class is scope.routing_class
        and key.tier is scope.tier
        and nearness(key.aws_region, scope.aws_region) > 0
    )
