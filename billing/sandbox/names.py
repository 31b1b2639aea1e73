"""What AWS calls the models, profiles, services and usage types of the sandbox's series."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from billing.sandbox.traffic import Series

PAYER: Final = "111122223333"
MEMBER: Final = "444455556666"
ACCOUNT_NAMES: Final[Mapping[str, str]] = {PAYER: "Acme Production", MEMBER: "Acme Research"}
REGION_PREFIX: Final[Mapping[str, str]] = {"us-east-1": "USE1", "eu-central-1": "EUC1", "ap-northeast-1": "APN1"}
GEO_REGIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "us": ("us-east-1", "us-east-2", "us-west-2"),
    "eu": ("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-3"),
    "jp": ("ap-northeast-1", "ap-northeast-3"),
    "apac": ("ap-northeast-1", "ap-northeast-2", "ap-southeast-1"),
}
BEDROCK: Final = "Amazon Bedrock"
BEDROCK_SERVICE: Final = "Amazon Bedrock Service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    aws_id: str
    mantle_id: str
    title: str
    provider: str
    segment: str  # in usage types of the display-name family


MODELS: Final[Mapping[str, Model]] = {
    "claude-sonnet-4-5": Model(
        aws_id="anthropic.claude-sonnet-4-5-20250929-v1:0",
        mantle_id="anthropic.claude-sonnet-4-5",
        title="Claude Sonnet 4.5",
        provider="Anthropic",
        segment="Claude4.5Sonnet",
    ),
    "claude-haiku-4-5": Model(
        aws_id="anthropic.claude-haiku-4-5-20251001-v1:0",
        mantle_id="anthropic.claude-haiku-4-5",
        title="Claude Haiku 4.5",
        provider="Anthropic",
        segment="Claude4.5Haiku",
    ),
    "claude-opus-4-5": Model(
        aws_id="anthropic.claude-opus-4-5-20251101-v1:0",
        mantle_id="anthropic.claude-opus-4-5",
        title="Claude Opus 4.5",
        provider="Anthropic",
        segment="Claude4.5Opus",
    ),
    "claude-sonnet-5": Model(
        aws_id="anthropic.claude-sonnet-5",
        mantle_id="anthropic.claude-sonnet-5",
        title="Claude Sonnet 5",
        provider="Anthropic",
        segment="Claude5Sonnet",
    ),
    "llama-3-3-70b": Model(
        aws_id="meta.llama3-3-70b-instruct-v1:0",
        mantle_id="meta.llama3-3-70b-instruct",
        title="Llama 3.3 70B Instruct",
        provider="Meta",
        segment="Llama3-3-70B",
    ),
    "mistral-large-2407": Model(
        aws_id="mistral.mistral-large-2407-v1:0",
        mantle_id="mistral.mistral-large-2407",
        title="Mistral Large (24.07)",
        provider="Mistral AI",
        segment="MistralLarge2407",
    ),
    "nova-lite": Model(
        aws_id="amazon.nova-lite-v1:0",
        mantle_id="amazon.nova-lite",
        title="Nova Lite",
        provider="Amazon",
        segment="NovaLite",
    ),
    "nova-pro": Model(
        aws_id="amazon.nova-pro-v1:0",
        mantle_id="amazon.nova-pro",
        title="Nova Pro",
        provider="Amazon",
        segment="NovaPro",
    ),
    "qwen3-32b": Model(
        aws_id="qwen.qwen3-32b-v1:0",
        mantle_id="qwen.qwen3-32b",
        title="Qwen3 32B",
        provider="Qwen",
        segment="Qwen3-32B",
    ),
}


def geo_prefix(model: str, region: str) -> str:
    if region == "ap-northeast-1":
        return "jp" if model.startswith("claude") else "apac"
    return {"us-east-1": "us", "eu-central-1": "eu"}[region]


def routed_id(model: str, region: str, routing: str) -> str:
    """The foundation-model id, or the id of the system profile in front of it."""
    aws_id = MODELS[model].aws_id
    if routing == "in_region":
        return aws_id
    return f"{'global' if routing == 'global' else geo_prefix(model, region)}.{aws_id}"


def model_arns(model: str, region: str, routing: str) -> tuple[str, ...]:
    """The models behind a profile; a global one names the region-less ARN too."""
    aws_id = MODELS[model].aws_id
    regions: tuple[str, ...] = (region,)
    if routing == "geo":
        regions = GEO_REGIONS[geo_prefix(model, region)]
    elif routing == "global":
        regions = (region, "")
    return tuple(f"arn:aws:bedrock:{name}::foundation-model/{aws_id}" for name in regions)


def _opaque(text: str) -> str:
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
    letters = "0123456789abcdefghijklmnopqrstuvwxyz"
    found = ""
    for _ in range(12):
        number, rest = divmod(number, 36)
        found += letters[rest]
    return found


def has_profile(series: Series) -> bool:
    return bool(series.team) and series.endpoint == "runtime"


def profile_id(series: Series) -> str:
    return _opaque(series.name) if has_profile(series) else ""


def profile_arn(series: Series) -> str:
    return f"arn:aws:bedrock:{series.region}:{series.account}:application-inference-profile/{profile_id(series)}"


def project_id(series: Series) -> str:
    """The mantle project: named by the service, the default one when nobody asked for another."""
    return f"proj_{_opaque(series.account + series.team)}" if series.team else "default"


def cloudwatch_model_id(series: Series) -> str:
    if series.endpoint == "mantle":
        return MODELS[series.model].mantle_id
    return profile_id(series) or routed_id(series.model, series.region, series.routing)


def billed_service(series: Series) -> str:
    """Claude is sold through Marketplace to the payer, first-hand to the member; mantle is first-hand everywhere."""
    if not series.model.startswith("claude"):
        return BEDROCK
    if series.endpoint == "mantle" or series.account == MEMBER:
        return BEDROCK_SERVICE
    return f"{MODELS[series.model].title} (Amazon Bedrock Edition)"


_DISPLAY: Final = {
    "input": "input-tokens",
    "output": "output-tokens",
    "cache_read": "cache-read-input-token-count",
    "cache_write_5m": "cache-write-input-token-count",
}
_MARKETPLACE: Final = {
    "input": "InputTokenCount",
    "output": "OutputTokenCount",
    "cache_read": "CacheReadInputTokenCount",
    "cache_write_5m": "CacheWriteInputTokenCount",
    "cache_write_1h": "CacheWrite1hInputTokenCount",
}
_SNAKE: Final = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write_5m": "cache_write_tokens",
    "cache_write_1h": "cache_write_tokens_1h",
}
_MANTLE: Final = {
    "input": "input-tokens",
    "output": "output-tokens",
    "cache_read": "cache-read-tokens",
    "cache_write_5m": "cache-write-tokens",
    "cache_write_1h": "cache-write-tokens-1h",
}


def _display_type(series: Series, token_class: str) -> str:
    suffix = "-cross-region-global" if series.routing == "global" else ""
    # Batch stands at the end, the other tiers before the routing.
    batch = "-batch" if series.tier == "batch" else ""
    tier = f"-{series.tier}" if series.tier in {"flex", "priority"} else ""
    return f"{MODELS[series.model].segment}-{_DISPLAY[token_class]}{tier}{suffix}{batch}"


def _mantle_type(series: Series, token_class: str) -> str:
    suffix = "-global" if series.routing == "global" else ""
    return f"{MODELS[series.model].mantle_id}-mantle-{_MANTLE[token_class]}{suffix}-{series.tier}"


def _marketplace_type(series: Series, token_class: str, prefix: str) -> str:
    if series.model == "claude-sonnet-5":  # snake-case since Claude 4.7
        suffix = "_global" if series.routing == "global" else ""
        dimension = f"{_SNAKE[token_class]}{suffix}_{series.tier}"
    else:
        suffix = "_Global" if series.routing == "global" else ""
        batch = "_Batch" if series.tier == "batch" else ""
        dimension = f"{_MARKETPLACE[token_class]}{suffix}{batch}"
    return f"MP:{prefix}_{dimension}-Units"


def usage_type(series: Series, token_class: str) -> str:
    prefix = REGION_PREFIX[series.region]
    service = billed_service(series)
    if service.endswith("(Amazon Bedrock Edition)"):
        return f"{prefix}-{_marketplace_type(series, token_class, prefix)}"
    if service == BEDROCK_SERVICE and (series.endpoint == "mantle" or series.model == "claude-sonnet-5"):
        return f"{prefix}-{_mantle_type(series, token_class)}"
    return f"{prefix}-{_display_type(series, token_class)}"


def tokens_per_unit(series: Series) -> int:
    return 1_000_000 if billed_service(series).endswith("(Amazon Bedrock Edition)") else 1_000
