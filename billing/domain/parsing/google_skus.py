"""Google's SKU descriptions for models: `Gemini 2.5 Flash GA Text Input - Predictions`, `... Thinking Text Output ...`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from billing.domain.dimensions import BilledTokenClass, ContextBand, CostHeading, RoutingClass, Tier

# A model's name is its family, a version, and what it is called by; the rest of the description says what is counted.
MODEL = re.compile(
    r"(?P<family>gemini|gemma|claude|llama|mistral|codestral|deepseek|qwen|imagen|veo|lyria|text embedding|jamba|grok|gpt[- ]oss|kimi)"
    r"(?P<rest>(?:[ -](?:\d+(?:\.\d+)*|v\d|pro|flash|lite|ultra|nano|sonnet|opus|haiku|large|small|medium|fast|maverick|scout|r1|embedding|\d+b|instruct|live))*)",
    re.IGNORECASE,
)
MAKERS: Mapping[str, str] = {
    "gemini": "Google",
    "gemma": "Google",
    "imagen": "Google",
    "veo": "Google",
    "lyria": "Google",
    "text embedding": "Google",
    "claude": "Anthropic",
    "llama": "Meta",
    "mistral": "Mistral AI",
    "codestral": "Mistral AI",
    "deepseek": "DeepSeek",
    "qwen": "Qwen",
    "jamba": "AI21 Labs",
    "grok": "xAI",
    "gpt-oss": "OpenAI",
    "kimi": "Moonshot AI",
}
MEDIA_FAMILIES = frozenset({"imagen", "veo", "lyria"})
STORAGE = re.compile(r"cach\w* storage", re.IGNORECASE)
CACHED_WRITE = re.compile(r"cache[ds]? (?:input )?writ\w*|(?P<hour>1h|one hour) cache", re.IGNORECASE)
CACHED = re.compile(r"cach(?:ed|ing|e)\b", re.IGNORECASE)
OUTPUT = re.compile(r"\boutput\b|\bresponse\b", re.IGNORECASE)
INPUT = re.compile(r"\binput\b", re.IGNORECASE)
MODALITY = re.compile(r"\b(audio|image|video)\b", re.IGNORECASE)
LONG = re.compile(r"\blong\b|long context|>\s?200k", re.IGNORECASE)
TIERS: Mapping[str, Tier] = {"batch": Tier.BATCH, "flex": Tier.FLEX, "priority": Tier.PRIORITY}
HEADINGS: Mapping[str, CostHeading] = {
    "provisioned throughput": CostHeading.PROVISIONED_THROUGHPUT,
    "tuning": CostHeading.CUSTOM_MODELS,
    "training": CostHeading.CUSTOM_MODELS,
    "agent engine": CostHeading.AGENTS,
    "grounding": CostHeading.KNOWLEDGE_BASES,
    "vector search": CostHeading.KNOWLEDGE_BASES,
    "image generation": CostHeading.MEDIA,
    "video generation": CostHeading.MEDIA,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GoogleSku:
    """What a SKU's description says."""

    model_id: str = ""
    publisher: str = ""
    token_class: BilledTokenClass | None = None
    tier: Tier | None = None
    routing_class: RoutingClass | None = None
    context_band: ContextBand | None = None
    heading: CostHeading = CostHeading.UNRECOGNIZED


def parse_google_sku(description: str) -> GoogleSku:
    """Read a SKU's description. Never raises: what is not understood says so."""
    found = MODEL.search(description)
    model_id, publisher = _model(found) if found else ("", "")
    lower = description.casefold()
    heading = next((heading for word, heading in HEADINGS.items() if word in lower), None)
    token_class = None if heading else _token_class(description)
    if heading is None and found and found["family"].casefold() in MEDIA_FAMILIES:
        heading, token_class = CostHeading.MEDIA, None
    if token_class is not None and model_id:
        heading = CostHeading.TOKENS
    if heading is None:
        return GoogleSku(model_id=model_id, publisher=publisher)
    return GoogleSku(
        model_id=model_id,
        publisher=publisher,
        token_class=token_class,
        tier=next((tier for word, tier in TIERS.items() if word in lower), Tier.STANDARD) if token_class else None,
        routing_class=(RoutingClass.GLOBAL if "global" in lower else RoutingClass.REGIONAL) if token_class else None,
        context_band=(ContextBand.LONG if LONG.search(lower) else ContextBand.STANDARD) if token_class else None,
        heading=heading,
    )


def _model(found: re.Match[str]) -> tuple[str, str]:
    family = found["family"].casefold().replace("gpt oss", "gpt-oss")
    model_id = re.sub(r"[ .]", "-", f"{family}{found['rest'].casefold()}")
    return model_id, MAKERS[family]


def _token_class(description: str) -> BilledTokenClass | None:
    if STORAGE.search(description):
        return BilledTokenClass.CACHE_STORAGE
    write = CACHED_WRITE.search(description)
    if write:
        return BilledTokenClass.CACHE_WRITE_1H if write["hour"] else BilledTokenClass.CACHE_WRITE
    if CACHED.search(description):
        return BilledTokenClass.CACHE_READ
    modality = MODALITY.search(description)
    kind = f"_{modality[1].casefold()}" if modality else ""
    if OUTPUT.search(description):
        return BilledTokenClass(f"output{kind}")
    return BilledTokenClass(f"input{kind}") if INPUT.search(description) else None
