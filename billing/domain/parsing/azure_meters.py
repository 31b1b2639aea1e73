"""Azure's meter names for models: irregular in spelling, regular in vocabulary (`gpt 4o mini0718 BatchOutp DataZone Tokens`)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from billing.domain.dimensions import BilledTokenClass, ContextBand, CostHeading, RoutingClass, Tier

# Words stick together (BatchOutp, DataZone) and to the day of a release (mini0718).
SEPARATORS = re.compile(r"[\s\-_/(),:]+")
STUCK = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])|(?<=[a-z])(?=\d{4}$)")
RELEASE = re.compile(r"(?:0[1-9]|1[0-2])[0-3]\d|20\d{2}|20\d{6}")
# 56luna is GPT-5.6 Luna, and 5.4 alone is GPT-5.4.
SHORT_GPT = re.compile(r"(?P<major>\d)\.?(?P<minor>\d)?(?P<name>[a-z]*)")
GPT_NAMES = ("luna", "terra", "sol", "astra")
ONE_WORD = re.compile(r"deepseek|text[\s-]embeddings?", re.IGNORECASE)
GPT_VERSION = re.compile(r"gpt(?P<version>\d.*)")

INPUT_WORDS = frozenset({"inp", "inpt", "input", "in", "prompt"})
OUTPUT_WORDS = frozenset({"outp", "outpt", "output", "out", "opt", "completion"})
CACHED_WORDS = frozenset({"cached", "cchd", "cd", "cache", "cach"})
WRITE_WORDS = frozenset({"wr", "write", "writes"})
GLOBAL_WORDS = frozenset({"glbl", "global", "gl", "glb"})
REGIONAL_WORDS = frozenset(
    {"regnl", "regional", "rgnl", "regn", "rg", "data", "zone", "datazone", "dzone", "dz", "dzn"}
)
LONG_WORDS = frozenset({"loco", "longco", "longcontext", "lc"})
LONG_PAIRS = frozenset({("lo", "co"), ("long", "co"), ("long", "context"), ("long", "ctx")})
TIER_WORDS: Mapping[str, Tier] = {
    "batch": Tier.BATCH,
    "btch": Tier.BATCH,
    "fl": Tier.FLEX,
    "flex": Tier.FLEX,
    "priority": Tier.PRIORITY,
    "prty": Tier.PRIORITY,
    "pp": Tier.PRIORITY,
}
MODALITY_WORDS: Mapping[str, str] = {
    "aud": "audio",
    "audio": "audio",
    "img": "image",
    "image": "image",
    "txt": "",
    "text": "",
}
UNIT_WORDS = frozenset({"1k", "1m", "tokens", "token", "tkns", "tkn", "tok", "units", "unit"})
HEADING_WORDS: Mapping[str, CostHeading] = {
    "provisioned": CostHeading.PROVISIONED_THROUGHPUT,
    "ptu": CostHeading.PROVISIONED_THROUGHPUT,
    "ptum": CostHeading.PROVISIONED_THROUGHPUT,
    "hosting": CostHeading.CUSTOM_MODELS,
    "hstng": CostHeading.CUSTOM_MODELS,
    "training": CostHeading.CUSTOM_MODELS,
    "trng": CostHeading.CUSTOM_MODELS,
    "grader": CostHeading.CUSTOM_MODELS,
    "assistants": CostHeading.AGENTS,
    "interpreter": CostHeading.AGENTS,
    "search": CostHeading.AGENTS,
    "safety": CostHeading.GUARDRAILS,
    "images": CostHeading.MEDIA,
    "dall": CostHeading.MEDIA,
    "sora": CostHeading.MEDIA,
    "whisper": CostHeading.MEDIA,
    "tts": CostHeading.MEDIA,
}
# Fine-tuned models are counted in tokens like others.
IGNORED_WORDS = frozenset(
    {
        "az",
        "azure",
        "openai",
        "ai",
        "ft",
        "finetuned",
        "tuned",
        "fine",
        "dev",
        "std",
        "standard",
        "hd",
        "model",
        "models",
    }
)
PUBLISHERS: Sequence[tuple[str, str]] = (
    ("gpt", "OpenAI"),
    ("o1", "OpenAI"),
    ("o3", "OpenAI"),
    ("o4", "OpenAI"),
    ("text-embedding", "OpenAI"),
    ("embedding", "OpenAI"),
    ("computer-use", "OpenAI"),
    ("codex", "OpenAI"),
    ("whisper", "OpenAI"),
    ("sora", "OpenAI"),
    ("dall", "OpenAI"),
    ("deepseek", "DeepSeek"),
    ("grok", "xAI"),
    ("llama", "Meta"),
    ("mistral", "Mistral AI"),
    ("ministral", "Mistral AI"),
    ("codestral", "Mistral AI"),
    ("phi", "Microsoft"),
    ("mai", "Microsoft"),
    ("claude", "Anthropic"),
    ("command", "Cohere"),
    ("embed", "Cohere"),
    ("kimi", "Moonshot AI"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureMeter:
    """What a meter's name says."""

    model_id: str = ""
    publisher: str = ""
    token_class: BilledTokenClass | None = None
    tier: Tier | None = None
    routing_class: RoutingClass | None = None
    context_band: ContextBand | None = None
    heading: CostHeading = CostHeading.UNRECOGNIZED


def parse_azure_meter(name: str) -> AzureMeter:
    """Read a meter's name. Never raises: what is not understood says so."""
    words = _words(name)
    is_long = any(word in LONG_WORDS for word in words) or any(pair in LONG_PAIRS for pair in pairwise(words))
    model_id, publisher = _model(words)
    heading = next((HEADING_WORDS[word] for word in words if word in HEADING_WORDS), None)
    token_class = None if heading and heading is not CostHeading.MEDIA else _token_class(words, model_id)
    if token_class is not None and heading is None:
        heading = CostHeading.TOKENS
    is_read = heading is not None and (bool(publisher) or heading is not CostHeading.TOKENS)
    if not is_read:
        return AzureMeter(model_id=model_id if publisher else "", publisher=publisher)
    routing = _routing(words)
    return AzureMeter(
        model_id=model_id if publisher else "",
        publisher=publisher,
        token_class=token_class,
        tier=next((TIER_WORDS[word] for word in words if word in TIER_WORDS), Tier.STANDARD) if token_class else None,
        routing_class=routing,
        context_band=(ContextBand.LONG if is_long else ContextBand.STANDARD) if token_class else None,
        heading=heading or CostHeading.UNRECOGNIZED,
    )


def _words(name: str) -> list[str]:
    # Names that are written as one word, capital inside or not; of "text embedding" the text is no modality.
    whole = ONE_WORD.sub(lambda found: re.sub(r"[\s-]", "~", found[0].casefold()), name)
    parts = [part.replace("~", "-") for part in SEPARATORS.split(whole) if part]
    return [word.casefold() for part in parts for word in STUCK.split(part) if word]


def _routing(words: Sequence[str]) -> RoutingClass | None:
    if GLOBAL_WORDS & set(words):
        return RoutingClass.GLOBAL
    return RoutingClass.REGIONAL if REGIONAL_WORDS & set(words) else None


def _token_class(words: Sequence[str], model_id: str) -> BilledTokenClass | None:
    found = set(words)
    if WRITE_WORDS & found and CACHED_WORDS & found:
        return BilledTokenClass.CACHE_WRITE
    if CACHED_WORDS & found:
        return BilledTokenClass.CACHE_READ
    modality = next((MODALITY_WORDS[word] for word in words if MODALITY_WORDS.get(word)), "")
    if OUTPUT_WORDS & found:
        return BilledTokenClass(f"output_{modality}") if modality else BilledTokenClass.OUTPUT
    if INPUT_WORDS & found:
        return BilledTokenClass(f"input_{modality}") if modality else BilledTokenClass.INPUT
    # Embeddings have no output, and their meters do not say that it is the input that counts.
    return BilledTokenClass.INPUT if "embed" in model_id and UNIT_WORDS & found else None


def _model(words: Sequence[str]) -> tuple[str, str]:
    """The canonical id, with dashes for dots as everywhere, and the maker; the words that say nothing else are its name."""
    known = (
        INPUT_WORDS
        | OUTPUT_WORDS
        | CACHED_WORDS
        | WRITE_WORDS
        | GLOBAL_WORDS
        | REGIONAL_WORDS
        | LONG_WORDS
        | TIER_WORDS.keys()
        | MODALITY_WORDS.keys()
        | UNIT_WORDS
        | HEADING_WORDS.keys() - {"dall", "sora", "whisper"}
        | IGNORED_WORDS
    )
    name: list[str] = []
    for position, word in enumerate(words):
        if word in known or (name and RELEASE.fullmatch(word)) or _is_half_of_pair(words, position):
            continue
        name.append(word)
    model_id = _spelled(name)
    publisher = next((maker for start, maker in PUBLISHERS if model_id.startswith(start)), "")
    return model_id, publisher


def _is_half_of_pair(words: Sequence[str], position: int) -> bool:
    before = tuple(words[max(position - 1, 0) : position + 1])
    after = tuple(words[position : position + 2])
    return before in LONG_PAIRS or after in LONG_PAIRS


def _spelled(name: list[str]) -> str:
    if not name:
        return ""
    stuck = GPT_VERSION.fullmatch(name[0])
    if stuck:
        name = ["gpt", stuck["version"], *name[1:]]
    if name[:2] == ["gpt", "35"]:
        name[1] = "3.5"
    short = SHORT_GPT.fullmatch(name[0])
    if short and (short["name"] in GPT_NAMES or not short["name"]) and (short["minor"] or short["name"]):
        version = f"{short['major']}-{short['minor']}" if short["minor"] else short["major"]
        name = ["gpt", version, *([short["name"]] if short["name"] else []), *name[1:]]
    return "-".join(name).replace(".", "-")
