"""Product attributes name what usage types do not, and only where they say one thing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from billing.domain.parsing.bill_lines import BilledKey, LineReading, read_bill_line
from billing.domain.parsing.usage_type_tables import committed_catalog
from billing.domain.periods import DateRange
from billing.domain.product_attributes import Told, asked_days, is_due, read_told

NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)


def read(usage_type: str, told: Told, service: str = "Amazon Bedrock") -> LineReading:
    return read_bill_line(BilledKey("1", service, usage_type, "1K tokens", "USD"), committed_catalog(), told)


def test_they_are_asked_for_once_a_week_and_only_of_days_that_have_them() -> None:
    assert is_due(None, NOW)
    assert not is_due(NOW - timedelta(days=6, hours=23), NOW)
    assert is_due(NOW - timedelta(days=7), NOW)
    assert asked_days(NOW) == DateRange(date(2026, 10, 11), date(2026, 11, 10))
    assert asked_days(datetime(2026, 9, 10, tzinfo=UTC)) == DateRange(date(2026, 9, 1), date(2026, 9, 10))
    assert asked_days(datetime(2026, 9, 1, 9, tzinfo=UTC)) is None


def test_what_says_two_things_says_nothing() -> None:
    told = read_told(
        models=[("a", "model$Nova Pro"), ("b", "model$Nova Pro"), ("b", "model$Nova Lite"), ("c", "model$")],
        features=[("a", "feature$Batch Inference"), ("b", "feature$On-demand Inference"), ("d", "Feature$x")],
    )

    assert told == {
        "a": Told(model="Nova Pro", feature="Batch Inference"),
        "b": Told(feature="On-demand Inference"),
    }


@pytest.mark.parametrize(
    ("usage_type", "told", "model_id", "publisher", "tier"),
    [
        ("USE1-NvPrm-input-tokens", Told(model="Nova Premier"), "nova-premier", "Amazon", "STANDARD"),
        ("USE1-NovaPro-input-tokens", Told(model="Nova Lite"), "nova-pro", "Amazon", "STANDARD"),
        ("USE1-Llama3-1-70B-input-tokens", Told(feature="Batch Inference"), "llama-3-1-70b", "Meta", "BATCH"),
        ("USE1-NovaPro-input-tokens-flex", Told(feature="Batch Inference"), "nova-pro", "Amazon", "FLEX"),
        ("USE1-Zephyr3.1Ultra-input-tokens", Told(model="Zephyr 3.1 Ultra"), "", "", "STANDARD"),
        ("USE1-Guardrail-ContentPolicyUnitsConsumed", Told(feature="Batch Inference"), "", "", ""),
    ],
)
def test_they_name_what_the_string_does_not_and_never_speak_against_it(
    usage_type: str, told: Told, model_id: str, publisher: str, tier: str
) -> None:
    found = read(usage_type, told)

    assert (found.model_id, found.publisher, found.tier) == (model_id, publisher, tier)
