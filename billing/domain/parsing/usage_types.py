"""What a usage type of AWS's bill says: region, model, what is counted, tier, routing, context band and unit.

Five families of spellings: A names the model as people do (`USE1-Claude4.6Opus-output-tokens-cross-region-global`), B by
its API id (`USW2-anthropic.claude-opus-5-mantle-input-tokens-standard`), C leaves it to the service's name
(`USE1-MP:USE1_OutputTokenCount_Global-Units` of `Claude Sonnet 4.6 (Amazon Bedrock Edition)`), D is reserved capacity, and
E is what does not count tokens. The words and their order are a grammar, so that strings nobody has seen are read too;
what still is not understood keeps its cost and says that it is not recognised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from billing.domain.catalog import ModelCatalog
from billing.domain.dimensions import BilledTokenClass, ContextBand, CostHeading, Routing, RoutingClass, Tier
from billing.domain.parsing.model_names import ModelNames, names_in
from billing.domain.parsing.usage_type_tables import measures, region_prefixes, unit_exception

# Version of this reader: what was read by an older one is read again.
READING = 1

PER_THOUSAND, PER_MILLION, PER_RESERVED_HOUR = "1K tokens", "1M tokens", "1K TPM-hour"
TOKENS_PER_UNIT = {PER_THOUSAND: 1_000, PER_MILLION: 1_000_000}
MARKETPLACE_SERVICE = re.compile(r"(?P<model>.+?)\s*\(Amazon Bedrock Edition\)", re.IGNORECASE)

# A code of a region that no table knows is still one when it looks like one.
PREFIX = re.compile(r"(?P<prefix>[A-Z]{2,4}[0-9]{0,2})-(?P<rest>.+)", re.DOTALL)
LIKE_A_PREFIX = re.compile(r"[A-Z]{3,4}[0-9]{1,2}")
MARKETPLACE = re.compile(r"MP:(?:(?P<prefix>[A-Z]{2,4}[0-9]{0,2})_)?(?P<dimension>.+?)(?:-Units)?")
BARE_DIMENSION = re.compile(r"(?P<prefix>[A-Z]{2,4}[0-9]{0,2})_(?P<dimension>.+?)(?:-Units)?")
MANTLE = "-mantle-"

MODIFIER = (
    r"batch|flex|priority|standard|latency-optimized|long-context|long-ctx"
    r"|cross-region-global|cross-region-geo|cross-region|global|geo|regional|custom-model|5m|30m|1h"
)
MODALITY = r"text|image|audio|video|speech"
COUNTED = (
    r"cache-(?P<cache>read|write)(?:-(?P<lifetime>5m|30m|1h))?(?:-input)?-tokens?(?:-count)?"
    rf"|(?:(?P<before>{MODALITY})(?:-(?:understanding|generation))?-)?(?P<way>input|output|response)"
    rf"(?:-(?P<after>{MODALITY}))?-tokens?(?:-count)?"
    r"|reserved-[0-9]+-months?-(?P<reserved>input|output)-(?:tokens-per-minute|tpm)"
)
REST = rf"(?P<head>(?:(?:{MODIFIER})-)*)(?P<counted>{COUNTED})(?P<tail>(?:-(?:{MODIFIER}))*)"
WITHOUT_MODEL = re.compile(rf"(?:million-)?{REST}", re.IGNORECASE)
# Two ways to divide `TitanEmbeddingV2-Text-input-tokens`: is the text the model's, or of the tokens?
SHORT_MODEL = re.compile(rf"(?P<model>.+?)-{REST}", re.IGNORECASE)
LONG_MODEL = re.compile(rf"(?P<model>.+)-{REST}", re.IGNORECASE)
# The same with words behind it that nobody has seen: the model can still be told.
STRANGE_TAIL = re.compile(rf"(?P<model>.+?)-(?:{COUNTED})(?:-.*)?", re.IGNORECASE | re.DOTALL)
MODIFIERS = re.compile(MODIFIER, re.IGNORECASE)

# InputTokenCount_LatencyOptimized is input-token-count-latency-optimized.
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[a-z])(?=[0-9])")

TIER_OF = {
    "batch": Tier.BATCH,
    "flex": Tier.FLEX,
    "priority": Tier.PRIORITY,
    "latency-optimized": Tier.LATENCY_OPTIMIZED,
}
ROUTING_OF = {
    "cross-region-global": Routing.GLOBAL,
    "global": Routing.GLOBAL,
    "cross-region-geo": Routing.GEO,
    "cross-region": Routing.GEO,
    "geo": Routing.GEO,
}
LONG = frozenset({"long-context", "long-ctx"})
LIFETIMES = frozenset({"5m", "30m", "1h"})
CUSTOM_MODEL = "custom-model"
# A model that sells several lifetimes leaves the short one unsaid.
MAKERS_WITH_LIFETIMES = frozenset({"Anthropic"})
# Lines under these headings belong to a model; without one they are not understood.
HEADINGS_WITH_MODEL = frozenset(
    {
        CostHeading.TOKENS,
        CostHeading.MEDIA,
        CostHeading.CUSTOM_MODELS,
        CostHeading.PROVISIONED_THROUGHPUT,
        CostHeading.RESERVED_THROUGHPUT,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageType:
    """A usage type as read; "" where it says nothing, or where what it says is not understood.

    `routing_class` is what prices tell apart; `routing` also tells a geography, where a bill does.
    `tokens_per_unit` is what the spelling's family promises, until cost and quantity prove it; None: not tokens.
    """

    usage_type: str
    service: str
    region_prefix: str = ""
    aws_region: str = ""
    model_id: str = ""
    publisher: str = ""
    token_class: BilledTokenClass | None = None
    tier: Tier | None = None
    routing: Routing | None = None
    context_band: ContextBand | None = None
    unit: str = ""
    tokens_per_unit: int | None = None
    family: str = ""
    heading: CostHeading = CostHeading.UNRECOGNIZED

    @property
    def routing_class(self) -> RoutingClass | None:
        if self.routing is None:
            return None
        return RoutingClass.GLOBAL if self.routing is Routing.GLOBAL else RoutingClass.REGIONAL

    @property
    def is_recognized(self) -> bool:
        return is_recognized(self.heading, self.model_id)


class _Place(NamedTuple):
    """A usage type without what all families share."""

    prefix: str
    rest: str


class _Model(NamedTuple):
    model_id: str
    publisher: str


NO_MODEL = _Model("", "")


def is_recognized(heading: str, model_id: str) -> bool:
    """Say whether a line was understood: what it is for, and of which model where it is of one."""
    return heading != CostHeading.UNRECOGNIZED and (bool(model_id) or heading not in HEADINGS_WITH_MODEL)


def parse_usage_type(usage_type: str, service: str, catalog: ModelCatalog) -> UsageType:
    """Read a usage type of a service. Never raises: what is not understood says so."""
    names = names_in(catalog)
    place = _split_prefix(usage_type)
    of_service = MARKETPLACE_SERVICE.fullmatch(service.strip())
    sold = _model(names, of_service["model"]) if of_service else NO_MODEL
    dimension = MARKETPLACE.fullmatch(place.rest) or BARE_DIMENSION.fullmatch(place.rest)
    if dimension is not None:
        place = _Place(place.prefix or dimension["prefix"] or "", dimension["dimension"])
        read = _read_dimension(place.rest, service, sold, names)
    elif MANTLE in place.rest:
        read = _read_mantle(place.rest, catalog, names)
    else:
        read = _read_named(place.rest, sold, names) or _read_measure(place.rest, service, sold, names, "E")
    if read is None:
        read = _Reading(model=_model_in_strange(place.rest, sold, names))
    return _whole(usage_type, service, place, read)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What a family's reader found."""

    model: _Model = NO_MODEL
    token_class: BilledTokenClass | None = None
    tier: Tier | None = None
    routing: Routing | None = None
    context_band: ContextBand | None = None
    unit: str = ""
    tokens_per_unit: int | None = None
    family: str = ""
    heading: CostHeading = CostHeading.UNRECOGNIZED


def _whole(usage_type: str, service: str, place: _Place, read: _Reading) -> UsageType:
    return UsageType(
        usage_type=usage_type,
        service=service,
        region_prefix=place.prefix,
        aws_region=region_prefixes().get(place.prefix, ""),
        model_id=read.model.model_id,
        publisher=read.model.publisher,
        token_class=read.token_class,
        tier=read.tier,
        routing=read.routing,
        context_band=read.context_band,
        unit=read.unit,
        tokens_per_unit=read.tokens_per_unit,
        family=read.family,
        heading=read.heading,
    )


def _split_prefix(usage_type: str) -> _Place:
    found = PREFIX.fullmatch(usage_type)
    if found and (found["prefix"] in region_prefixes() or LIKE_A_PREFIX.fullmatch(found["prefix"])):
        return _Place(found["prefix"], found["rest"])
    return _Place("", usage_type)


def _read_dimension(dimension: str, service: str, sold: _Model, names: ModelNames) -> _Reading | None:
    words = CAMEL.sub("-", dimension).replace("_", "-")
    found = WITHOUT_MODEL.fullmatch(words)
    if found is not None:
        return _tokens(found, sold, "C", PER_MILLION)
    return _read_measure(dimension, service, sold, names, "C")


def _read_mantle(rest: str, catalog: ModelCatalog, names: ModelNames) -> _Reading | None:
    aws_id, _, counted = rest.partition(MANTLE)
    found = WITHOUT_MODEL.fullmatch(counted)
    if found is None:
        return None
    unit = unit_exception(rest) or PER_THOUSAND
    return _tokens(found, _model_of_id(aws_id, catalog, names), "B", unit)


def _read_named(rest: str, sold: _Model, names: ModelNames) -> _Reading | None:
    short, long = SHORT_MODEL.fullmatch(rest), LONG_MODEL.fullmatch(rest)
    if short is None or long is None:
        alone = WITHOUT_MODEL.fullmatch(rest) if sold != NO_MODEL else None
        return None if alone is None else _tokens(alone, sold, "A", PER_THOUSAND)
    of_short, of_long = _model(names, short["model"]), _model(names, long["model"])
    # Where neither is known, a word with a capital belongs to the name: the classes are written small.
    is_long = bool(of_long.model_id) if bool(of_long.model_id) != bool(of_short.model_id) else _ends_in_name(long)
    found, model = (long, of_long) if is_long else (short, of_short)
    family = "D" if found["reserved"] else "A"
    return _tokens(found, sold if sold.model_id else model, family, unit_exception(rest) or PER_THOUSAND)


def _ends_in_name(found: re.Match[str]) -> bool:
    last = found["model"].rpartition("-")[2]
    return last[:1].isupper()


def _read_measure(rest: str, service: str, sold: _Model, names: ModelNames, family: str) -> _Reading | None:
    for measure in measures():
        found = measure.pattern.fullmatch(rest)
        if found is None or measure.service not in ("", service.strip()):
            continue
        named = found.groupdict().get("model")
        return _Reading(
            model=_model(names, named) if named and not sold.model_id else sold,
            token_class=BilledTokenClass(measure.token_class) if measure.token_class else None,
            unit=measure.unit,
            family=family,
            heading=measure.heading,
        )
    return None


def _tokens(found: re.Match[str], model: _Model, family: str, unit: str) -> _Reading:
    said = {word.lower() for part in ("head", "tail") for word in MODIFIERS.findall(found[part])}
    is_reserved = found["reserved"] is not None
    tier = next((tier for word, tier in TIER_OF.items() if word in said), Tier.STANDARD)
    heading = CostHeading.CUSTOM_MODELS if CUSTOM_MODEL in said else CostHeading.TOKENS
    return _Reading(
        model=model,
        token_class=_class(found, said, model.publisher),
        tier=Tier.RESERVED if is_reserved else tier,
        routing=next((routing for word, routing in ROUTING_OF.items() if word in said), Routing.IN_REGION),
        context_band=ContextBand.LONG if said & LONG else ContextBand.STANDARD,
        unit=PER_RESERVED_HOUR if is_reserved else unit,
        tokens_per_unit=None if is_reserved else TOKENS_PER_UNIT[unit],
        family=family,
        heading=CostHeading.RESERVED_THROUGHPUT if is_reserved else heading,
    )


def _class(found: re.Match[str], said: set[str], publisher: str) -> BilledTokenClass:
    if found["cache"]:
        if found["cache"].lower() == "read":
            return BilledTokenClass.CACHE_READ
        unsaid = "5m" if publisher in MAKERS_WITH_LIFETIMES else ""
        lifetime = (found["lifetime"] or "").lower() or next(iter(said & LIFETIMES), unsaid)
        return BilledTokenClass(f"cache_write_{lifetime}" if lifetime else "cache_write")
    way = (found["reserved"] or found["way"]).lower().replace("response", "output")
    modality = (found["before"] or found["after"] or "text").lower()
    return BilledTokenClass(way if modality == "text" else f"{way}_{modality}")


def _model(names: ModelNames, name: str) -> _Model:
    model_id = names.find(name)
    return _Model(model_id, names.publisher(model_id, name))


def _model_of_id(aws_id: str, catalog: ModelCatalog, names: ModelNames) -> _Model:
    model = catalog.find(aws_id)
    return _Model(model.model_id, model.publisher) if model else _model(names, aws_id)


def _model_in_strange(rest: str, sold: _Model, names: ModelNames) -> _Model:
    if sold != NO_MODEL:
        return sold
    found = STRANGE_TAIL.fullmatch(rest.replace(MANTLE, "-", 1))
    return _model(names, found["model"]) if found else NO_MODEL
