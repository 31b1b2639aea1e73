"""Usage types of all five families are read: the real ones as their sources say, unseen ones by the grammar."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.dimensions import ContextBand, CostHeading, Routing, Tier
from billing.domain.parsing.usage_type_tables import (
    committed_catalog,
    measures,
    model_names,
    region_prefixes,
    unit_exception,
)
from billing.domain.parsing.usage_types import UsageType, parse_usage_type
from billing.domain.usage_types import EXPLAINED, explain

PAYLOADS = Path(__file__).parents[3] / "payloads" / "aws"
CATALOG = committed_catalog()


def rows_of(name: str) -> list[dict[str, str]]:
    with (PAYLOADS / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


REAL = list(zip(rows_of("usage_types.csv"), rows_of("usage_types_read.csv"), strict=True))
SEGMENT_BY_MODEL = {
    "claude-opus-4-6": ("Claude4.6Opus", "anthropic.claude-opus-4-6", "Claude Opus 4.6"),
    "claude-3-5-haiku": ("Claude3-5Haiku", "anthropic.claude-3-5-haiku-20241022-v1:0", "Claude 3.5 Haiku"),
    "claude-sonnet-4-5": ("Claude4.5Sonnet", "anthropic.claude-sonnet-4-5", "Claude Sonnet 4.5"),
    "nova-2-lite": ("Nova2.0Lite", "amazon.nova-2-lite", "Nova 2 Lite"),
    "llama-3-1-405b": ("Llama3-1-405B", "meta.llama3-1-405b-instruct", "Llama 3.1 405B Instruct"),
    "qwen3-vl-235b-a22b": ("Qwen3-VL-235B-A22B", "qwen.qwen3-vl-235b-a22b", "Qwen3 VL 235B A22B"),
    "gpt-6-astra": ("GPT-6-Astra", "openai.gpt-6-astra", "OpenAI GPT-6 Astra"),
    "titan-embed-text-v2": ("TitanEmbeddingV2-Text", "amazon.titan-embed-text-v2:0", "Titan Text Embeddings V2"),
    "mistral-large-2407": ("MistralLarge2407", "mistral.mistral-large-2407", "Mistral Large 2 (24.07)"),
}
UNSEEN = "a model that no table has"


def read(usage_type: str, service: str = "Amazon Bedrock") -> UsageType:
    return parse_usage_type(usage_type, service, CATALOG)


@pytest.mark.parametrize(("told", "wanted"), REAL, ids=[told["usage_type"] for told, _ in REAL])
def test_a_real_usage_type_is_read(told: dict[str, str], wanted: dict[str, str]) -> None:
    found = read(told["usage_type"], told["service"])

    assert {**explain(found), "heading": found.heading.value} == wanted
    assert found.region_prefix == told["region_prefix"]
    assert found.unit == told["unit"]


@pytest.mark.parametrize(("told", "wanted"), REAL, ids=[told["usage_type"] for told, _ in REAL])
def test_what_must_be_read_says_the_words_of_the_source(told: dict[str, str], wanted: dict[str, str]) -> None:
    kind = told["kind"]
    said = {
        "global": wanted["routing"] == "global",
        "long context": wanted["context_band"] == "long",
        "batch": wanted["tier"] == "batch",
        "flex": wanted["tier"] == "flex",
        "priority": wanted["tier"] == "priority",
        "reserved": wanted["tier"] == "reserved",
        "latency-optimized": wanted["tier"] == "latency_optimized",
        "cache read": wanted["token_class"] == "cache_read",
        "cache write 1h": wanted["token_class"] == "cache_write_1h",
        "cache write 5m": wanted["token_class"] == "cache_write_5m",
        "provisioned": wanted["heading"] == "PROVISIONED_THROUGHPUT",
    }
    assert {word: word in kind for word in said} == said
    assert "custom model" not in kind or wanted["heading"] in ("CUSTOM_MODELS", "IMPORTED_MODELS")


def test_the_tables_have_their_sources_and_known_models() -> None:
    assert set(model_names().values()) <= set(CATALOG.models)
    assert region_prefixes()["EU"] == region_prefixes()["EUW1"] == "eu-west-1"
    assert region_prefixes()["APS3"] == "ap-south-1"
    assert unit_exception("xai.grok-4.3-mantle-output-tokens-flex") == "1M tokens"
    assert {measure.heading for measure in measures()} >= {
        CostHeading.GUARDRAILS,
        CostHeading.KNOWLEDGE_BASES,
        CostHeading.AGENTS,
        CostHeading.AGENTCORE,
        CostHeading.CUSTOM_MODELS,
        CostHeading.IMPORTED_MODELS,
        CostHeading.PROVISIONED_THROUGHPUT,
        CostHeading.DATA_AUTOMATION,
        CostHeading.MEDIA,
    }


TOKEN_CLASSES = {  # as spelled in A, B and C
    "input": ("input-tokens", "input-tokens", "InputTokenCount", "input_tokens"),
    "output": ("output-tokens", "output-tokens", "OutputTokenCount", "output_tokens"),
    "cache_read": (
        "cache-read-input-token-count",
        "cache-read-tokens",
        "CacheReadInputTokenCount",
        "cache_read_tokens",
    ),
    "cache_write_1h": (
        "cache-write-1h-input-token-count",
        "cache-write-tokens-1h",
        "CacheWrite1hInputTokenCount",
        "cache_write_tokens_1h",
    ),
}
TIERS = {
    Tier.STANDARD: ("", "standard", "", "standard"),
    Tier.BATCH: ("batch", "batch", "Batch", "batch"),
    Tier.FLEX: ("flex", "flex", "Flex", "flex"),
    Tier.PRIORITY: ("priority", "priority", "Priority", "priority"),
    Tier.LATENCY_OPTIMIZED: ("latency-optimized", "latency-optimized", "LatencyOptimized", "latency_optimized"),
}
ROUTINGS = {
    Routing.IN_REGION: ("", "", "", ""),
    Routing.GLOBAL: ("cross-region-global", "global", "Global", "global"),
    Routing.GEO: ("cross-region-geo", "geo", "Geo", "geo"),
}
BANDS = {
    ContextBand.STANDARD: ("", "", "", ""),
    ContextBand.LONG: ("long-context", "long-ctx", "LongContext", "long_ctx"),
}
DISPLAY, MANTLE, CAMEL, SNAKE = range(4)
FAMILY = {DISPLAY: "A", MANTLE: "B", CAMEL: "C", SNAKE: "C"}
new_words = st.from_regex(r"[A-Z][a-z]{2,7}", fullmatch=True).filter(
    lambda word: word not in ("Text", "Audio", "Image", "Video", "Speech")
)
new_names = st.builds(
    lambda word, major, minor, size: f"Zx{word}{major}.{minor}{size}",
    new_words,
    st.integers(1, 99),
    st.integers(1, 9),
    st.sampled_from(["", "Ultra", "Mini", "-70B"]),
)


@given(
    spelling=st.sampled_from([DISPLAY, MANTLE, CAMEL, SNAKE]),
    prefix=st.sampled_from(sorted(region_prefixes())),
    model=st.sampled_from([*SEGMENT_BY_MODEL, UNSEEN]),
    new_name=new_names,
    token_class=st.sampled_from(sorted(TOKEN_CLASSES)),
    tier=st.sampled_from(sorted(TIERS)),
    routing=st.sampled_from(sorted(ROUTINGS)),
    band=st.sampled_from(sorted(BANDS)),
    data=st.data(),
)
def test_any_string_of_the_grammar_is_read_whatever_the_order_of_its_words(  # noqa: PLR0917
    spelling: int,
    prefix: str,
    model: str,
    new_name: str,
    token_class: str,
    tier: Tier,
    routing: Routing,
    band: ContextBand,
    data: st.DataObject,
) -> None:
    """Two service codes, two names and two units for one model (grafana/cloudcost-exporter#933)."""
    words = [TIERS[tier][spelling], ROUTINGS[routing][spelling], BANDS[band][spelling]]
    ordered = data.draw(st.permutations([word for word in words if word]))
    names = SEGMENT_BY_MODEL.get(model, (new_name, f"zx.{new_name.lower()}", new_name))
    counted = TOKEN_CLASSES[token_class][spelling]
    if spelling in (CAMEL, SNAKE):
        usage_type = f"{prefix}-MP:{prefix}_{'_'.join([counted, *ordered])}-Units"
        service = f"{names[2]} (Amazon Bedrock Edition)"
    else:
        joint = "-mantle-" if spelling == MANTLE else "-"
        usage_type = f"{prefix}-{names[spelling]}{joint}{'-'.join([counted, *ordered])}"
        service = "Amazon Bedrock Service"

    found = read(usage_type, service)

    assert found.model_id == ("" if model == UNSEEN else model)
    assert found.is_recognized == (model != UNSEEN)
    assert (found.region_prefix, found.aws_region) == (prefix, region_prefixes()[prefix])
    assert (found.token_class, found.tier, found.routing, found.context_band) == (token_class, tier, routing, band)
    assert found.unit == ("1M tokens" if FAMILY[spelling] == "C" else "1K tokens")
    assert found.family == FAMILY[spelling]
    assert found.heading is CostHeading.TOKENS


@given(
    prefix=st.sampled_from(sorted(region_prefixes())),
    months=st.sampled_from([1, 3, 6]),
    way=st.sampled_from(["input", "output"]),
    routing=st.sampled_from(["global", "geo"]),
)
def test_reserved_capacity_is_no_tokens(prefix: str, months: int, way: str, routing: str) -> None:
    named = read(f"{prefix}-Claude4.5Sonnet-reserved-{months}-month-{way}-tokens-per-minute-cross-region-{routing}")
    sold = read(
        f"{prefix}-MP:{prefix}_Reserved_{months}Month_{way.title()}TPM_{routing.title()}-Units",
        "Claude Sonnet 4.5 (Amazon Bedrock Edition)",
    )

    assert (named.family, sold.family) == ("D", "C")
    for found in (named, sold):
        assert found.is_recognized
        assert found.heading is CostHeading.RESERVED_THROUGHPUT
        assert found.unit == "1K TPM-hour"
        assert found.tokens_per_unit is None
        assert (found.model_id, found.token_class, found.tier) == ("claude-sonnet-4-5", way, Tier.RESERVED)
        assert found.routing is Routing(routing.upper())


@given(st.text(max_size=255), st.text(max_size=80))
def test_no_string_raises_and_none_is_lost(usage_type: str, service: str) -> None:
    """What nobody listed is kept and said to be unknown, not dropped (opencost/opencost#4022)."""
    found = read(usage_type, service)

    assert (found.usage_type, found.service) == (usage_type, service)
    assert set(explain(found)) == set(EXPLAINED)
    assert found.is_recognized or explain(found)["model"] in ("unrecognised", *CATALOG.models)


def test_a_string_with_words_nobody_knows_keeps_its_model_and_is_not_recognised() -> None:
    found = read("USE1-NovaPro-input-tokens-turbo")

    assert (found.model_id, found.publisher, found.aws_region) == ("nova-pro", "Amazon", "us-east-1")
    assert (found.token_class, found.tier, found.tokens_per_unit) == (None, None, None)
    assert found.heading is CostHeading.UNRECOGNIZED
    assert not found.is_recognized


def test_the_maker_of_an_unknown_model_can_still_be_told() -> None:
    assert read("USE1-Claude9Verse-input-tokens").publisher == "Anthropic"
    assert read("USE1-zai.glm-9-mantle-input-tokens-standard").publisher == "Z.AI"
    assert read("USE1-MP:USE1_input_tokens_flex-Units", "OpenAI GPT-9 (Amazon Bedrock Edition)").publisher == "OpenAI"


def test_a_region_that_no_table_knows_keeps_its_code() -> None:
    found = read("XYN7-NovaPro-input-tokens")

    assert (found.region_prefix, found.aws_region, found.model_id) == ("XYN7", "", "nova-pro")


def test_an_unmarked_cache_write_lives_as_long_as_its_maker_says() -> None:
    """The lifetime is part of the price (BerriAI/litellm#28572)."""
    assert read("USE1-Claude4.5Sonnet-cache-write-input-token-count").token_class == "cache_write_5m"
    assert read("USE1-NovaPro-cache-write-input-token-count").token_class == "cache_write"
    assert read("USE1-openai.gpt-6-sol-mantle-cache-write-tokens-30m-standard").token_class == "cache_write_30m"


@pytest.mark.parametrize(
    ("usage_type", "service", "heading"),
    [
        ("USE1-Memory:Consumption-based:Short-Term-Memory", "Amazon Bedrock AgentCore", CostHeading.AGENTCORE),
        ("USE1-Something-Quite-New", "Amazon Bedrock AgentCore", CostHeading.AGENTCORE),
        ("USE1-Knowledge-Base:Consumption-based:AgenticRetrieval", "Amazon Bedrock", CostHeading.KNOWLEDGE_BASES),
        ("USE1-NovaLite-Customization-Training", "Amazon Bedrock", CostHeading.CUSTOM_MODELS),
        ("USE1-NovaLite-Customization-Storage", "Amazon Bedrock", CostHeading.CUSTOM_MODELS),
        ("USE1-Agents-Invocations", "Amazon Bedrock", CostHeading.AGENTS),
        ("USE1-Flows-NodeTransitions", "Amazon Bedrock", CostHeading.AGENTS),
        ("USE1-NovaReel-T2V-HD", "Amazon Bedrock", CostHeading.MEDIA),
        ("Consumption-Units", "Claude Platform on AWS", CostHeading.OTHER),
        ("USE1-Nonsense", "Amazon Bedrock", CostHeading.UNRECOGNIZED),
    ],
)
def test_what_is_not_tokens_has_its_own_heading(usage_type: str, service: str, heading: CostHeading) -> None:
    found = read(usage_type, service)

    assert found.heading is heading
    assert found.tokens_per_unit is None
    assert found.is_recognized == (heading is not CostHeading.UNRECOGNIZED)


def test_every_model_is_found_by_the_ways_in_which_bills_write_it() -> None:
    for model in CATALOG.models.values():
        name = model.display_name
        for spelling in (name, name.replace(" ", "-"), name.replace(" ", ""), model.model_id):
            assert read(f"USE1-{spelling}-output-tokens-batch").model_id == model.model_id, spelling
        for sold in (name, f"{model.publisher} {name}", f"{name} Model"):
            edition = f"{sold} (Amazon Bedrock Edition)"
            assert read("USE1-MP:USE1_OutputTokenCount-Units", edition).model_id == model.model_id, sold
        for aws_model_id in model.aws_model_ids:
            assert read(f"USE1-{aws_model_id}-mantle-output-tokens-standard").model_id == model.model_id
