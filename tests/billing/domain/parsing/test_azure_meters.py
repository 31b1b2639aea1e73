"""Azure's meter names, as its price sheet spells them (FinOps toolkit and public price lists, 2024 to 2026)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.dimensions import CostHeading
from billing.domain.parsing.azure_meters import parse_azure_meter

METERS = [
    # name, model, token class, tier, routing class, context band
    ("gpt-4o-0806-Inp-glbl Tokens", ("gpt-4o", "input", "STANDARD", "GLOBAL", "STANDARD")),
    ("gpt 4o 0806 Inp Data Zone Tokens", ("gpt-4o", "input", "STANDARD", "REGIONAL", "STANDARD")),
    ("gpt 4o 0806 cached Inp regnl Tokens", ("gpt-4o", "cache_read", "STANDARD", "REGIONAL", "STANDARD")),
    ("gpt-4o-0806-Batch-Inp-glbl", ("gpt-4o", "input", "BATCH", "GLOBAL", "STANDARD")),
    ("gpt 4o mini0718 BatchOutp DataZone Tokens", ("gpt-4o-mini", "output", "BATCH", "REGIONAL", "STANDARD")),
    ("gpt 4o 0513 Input global Tokens", ("gpt-4o", "input", "STANDARD", "GLOBAL", "STANDARD")),
    ("o4-mini 0416 Outp glbl Tokens", ("o4-mini", "output", "STANDARD", "GLOBAL", "STANDARD")),
    ("GPT 5 Nano Batch Inpt cchd Dzone 1M Tokens", ("gpt-5-nano", "cache_read", "BATCH", "REGIONAL", "STANDARD")),
    ("5.4 longco batch cd inp Dz 1M Tokens", ("gpt-5-4", "cache_read", "BATCH", "REGIONAL", "LONG")),
    ("56luna LoCo Cd Wr Fl Gl 1M Tokens", ("gpt-5-6-luna", "cache_write", "FLEX", "GLOBAL", "LONG")),
    ("gpt-35-turbo-16k-Inp Tokens", ("gpt-3-5-turbo-16k", "input", "STANDARD", None, "STANDARD")),
    ("text-embedding-3-small-glbl Tokens", ("text-embedding-3-small", "input", "STANDARD", "GLOBAL", "STANDARD")),
    ("gpt-4o-rt-aud-Inp-glbl Tokens", ("gpt-4o-rt", "input_audio", "STANDARD", "GLOBAL", "STANDARD")),
    ("DeepSeek R1 Inp glbl Tokens", ("deepseek-r1", "input", "STANDARD", "GLOBAL", "STANDARD")),
    ("gpt 4.1 mini cached Inp glbl Tokens", ("gpt-4-1-mini", "cache_read", "STANDARD", "GLOBAL", "STANDARD")),
]


@pytest.mark.parametrize(("name", "told"), METERS)
def test_a_meter_of_tokens_tells_model_class_tier_routing_and_context(name: str, told: tuple[str | None, ...]) -> None:
    read = parse_azure_meter(name)
    found = (read.model_id, read.token_class, read.tier, read.routing_class, read.context_band)
    assert found == told
    assert read.heading is CostHeading.TOKENS
    assert read.publisher


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("Provisioned Managed Global Unit", CostHeading.PROVISIONED_THROUGHPUT),
        ("gpt-4o-mini-ft-hosting Unit", CostHeading.CUSTOM_MODELS),
        ("Az-GPT-4o-FineTuned-Training Tokens", CostHeading.CUSTOM_MODELS),
        ("Code Interpreter Session", CostHeading.AGENTS),
        ("Standard Text Records", CostHeading.UNRECOGNIZED),
        ("Standard S1 Instance", CostHeading.UNRECOGNIZED),
        ("", CostHeading.UNRECOGNIZED),
    ],
)
def test_what_is_not_counted_in_tokens_stands_under_its_own_heading(name: str, heading: CostHeading) -> None:
    read = parse_azure_meter(name)
    assert read.heading is heading
    assert read.token_class is None


@given(st.text(max_size=60))
def test_no_name_stops_the_reader(name: str) -> None:
    assert parse_azure_meter(name).heading in CostHeading


@given(
    model=st.sampled_from([("gpt 4o", "gpt-4o"), ("o3 mini", "o3-mini"), ("GPT 6", "gpt-6"), ("grok 4", "grok-4")]),
    way=st.sampled_from([("Inp", "input"), ("Outp", "output"), ("cd inp", "cache_read"), ("Cd Wr", "cache_write")]),
    tier=st.sampled_from([("", "STANDARD"), ("Batch ", "BATCH"), ("Fl ", "FLEX")]),
    place=st.sampled_from([("glbl", "GLOBAL"), ("Dz", "REGIONAL"), ("Data Zone", "REGIONAL"), ("regnl", "REGIONAL")]),
    release=st.sampled_from(["", "0806 ", "1217 "]),
)
def test_names_nobody_has_seen_are_read_by_their_words(
    model: tuple[str, str], way: tuple[str, str], tier: tuple[str, str], place: tuple[str, str], release: str
) -> None:
    read = parse_azure_meter(f"{model[0]} {release}{tier[0]}{way[0]} {place[0]} 1M Tokens")
    assert (read.model_id, read.token_class, read.tier, read.routing_class) == (model[1], way[1], tier[1], place[1])
