"""Google's SKU descriptions for models, as its catalogue spells them (service C7E2-9256-1C43, August 2026)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.dimensions import CostHeading
from billing.domain.parsing.google_skus import parse_google_sku

SKUS = [
    # description, model, token class, tier, routing class, context band
    ("Gemini 2.5 Flash GA Text Input - Predictions", ("gemini-2-5-flash", "input", "STANDARD", "REGIONAL", "STANDARD")),
    (
        "Gemini 2.5 Flash GA Text Output - Predictions",
        ("gemini-2-5-flash", "output", "STANDARD", "REGIONAL", "STANDARD"),
    ),
    (
        "Gemini 2.5 Flash GA Thinking Text Output - Predictions",
        ("gemini-2-5-flash", "output", "STANDARD", "REGIONAL", "STANDARD"),
    ),
    ("Gemini 2.5 Flash Input Text Caching", ("gemini-2-5-flash", "cache_read", "STANDARD", "REGIONAL", "STANDARD")),
    (
        "Gemini 3 Flash Text Input Caching Storage",
        ("gemini-3-flash", "cache_storage", "STANDARD", "REGIONAL", "STANDARD"),
    ),
    (
        "Gemini 3.7 Flash Global Text Input - Predictions",
        ("gemini-3-7-flash", "input", "STANDARD", "GLOBAL", "STANDARD"),
    ),
    ("Gemini 2.5 Pro Long Text Output - Predictions", ("gemini-2-5-pro", "output", "STANDARD", "REGIONAL", "LONG")),
    (
        "Gemini 2.5 Flash Lite GA Batch Audio Input - Predictions",
        ("gemini-2-5-flash-lite", "input_audio", "BATCH", "REGIONAL", "STANDARD"),
    ),
    ("Claude Sonnet 4.5 Cache Write Tokens", ("claude-sonnet-4-5", "cache_write", "STANDARD", "REGIONAL", "STANDARD")),
]


@pytest.mark.parametrize(("name", "told"), SKUS)
def test_a_sku_of_tokens_tells_model_class_tier_routing_and_context(name: str, told: tuple[str | None, ...]) -> None:
    read = parse_google_sku(name)
    found = (read.model_id, read.token_class, read.tier, read.routing_class, read.context_band)
    assert found == told
    assert read.heading is CostHeading.TOKENS


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("Imagen 4 Fast Image Generation", CostHeading.MEDIA),
        ("Veo 3 Video Generation", CostHeading.MEDIA),
        ("Gemini 2.5 Flash Tuning", CostHeading.CUSTOM_MODELS),
        ("Vertex AI: Agent Engine vCPU", CostHeading.AGENTS),
        ("Provisioned Throughput 1 week", CostHeading.PROVISIONED_THROUGHPUT),
        ("Cloud Storage Standard", CostHeading.UNRECOGNIZED),
        ("", CostHeading.UNRECOGNIZED),
    ],
)
def test_what_is_not_counted_in_tokens_stands_under_its_own_heading(name: str, heading: CostHeading) -> None:
    read = parse_google_sku(name)
    assert (read.heading, read.token_class) == (heading, None)


@given(st.text(max_size=60))
def test_no_description_stops_the_reader(name: str) -> None:
    assert parse_google_sku(name).heading in CostHeading
