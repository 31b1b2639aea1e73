"""Lines of the bill as they are stored: read when they appear, their unit proved by what they cost, and read again."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.domain.parsing.usage_types import READING
from billing.domain.periods import DateRange
from billing.domain.records import BilledRecord
from billing.models import BilledSeries, FoundationModel, RateLearning
from billing.operations.billed_series import read_billed_series_again
from billing.operations.catalog import sync_price_table
from billing.operations.costs import replace_bill
from billing.sql import ensure_months
from tests.cast import Cast, inside
from tests.factories.billing import make_billed, make_connection

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 10, tzinfo=UTC)
DAY = date(2026, 11, 1)
DAYS = DateRange(DAY, date(2026, 11, 2))
SONNET = "Claude Sonnet 4.5 (Amazon Bedrock Edition)"


def record(usage_type: str, service: str, cost: str, quantity: str, unit: str = "Units") -> BilledRecord:
    amount = Decimal(cost)
    return BilledRecord(
        aws_account_id="111122223333",
        service=service,
        usage_type=usage_type,
        date=DAY,
        unblended=amount,
        net_unblended=amount,
        amortized=amount,
        quantity=Decimal(quantity),
        unit=unit,
        currency="USD",
        estimated=False,
    )


def units(*records: BilledRecord) -> list[tuple[int | None, str]]:
    """Store records as one payer's bill, twice; returns how each line's unit is known, in the order of the records."""
    sync_price_table(now=NOW)
    payer = make_connection()
    ensure_months("billing_billedcost", [DAY])
    for _ in range(2):
        replace_bill(payer.pk, DAYS, records, NOW)
    stored = {row.usage_type: (row.tokens_per_unit, row.unit_proof) for row in BilledSeries.objects.all()}
    return [stored[record.usage_type] for record in records]


def test_units_are_stored_as_cost_and_quantity_prove_them(cast: Cast) -> None:
    with inside(cast.acme):
        found = units(
            record("USE1-MP:USE1_InputTokenCount_Global-Units", SONNET, "6", "2"),
            # Sold by the thousand, whatever its family says, and the other way round.
            record("USE1-MP:USE1_OutputTokenCount_Global-Units", SONNET, "0.03", "2"),
            record("USE1-Claude4.5Sonnet-output-tokens", "Amazon Bedrock Service", "33", "2", "1K tokens"),
            record("USE1-NovaPro-output-tokens", "Amazon Bedrock", "90", "1", "1K tokens"),
            record("USE1-Zx9-input-tokens", "Amazon Bedrock", "5", "1", "1K tokens"),
            record("USE1-Zx9-output-tokens", "Amazon Bedrock", "5", "1", "N/A"),
            record("USE1-Guardrail-ContentPolicyUnitsConsumed", "Amazon Bedrock", "5", "1", "TextUnits"),
        )
        first = BilledSeries.objects.get(usage_type="USE1-MP:USE1_InputTokenCount_Global-Units")
        guardrail = BilledSeries.objects.get(usage_type__contains="Guardrail")

    assert found == [
        (1_000_000, "PROVED"),
        (1_000, "PROVED"),
        (1_000_000, "PROVED"),
        (None, "CONTRADICTED"),
        (1_000, "TOLD"),
        (None, "UNPROVED"),
        (None, ""),
    ]
    assert (first.model_id, first.publisher, first.aws_region) == ("claude-sonnet-4-5", "Anthropic", "us-east-1")
    assert (first.token_class, first.tier, first.routing_class) == ("input", "STANDARD", "GLOBAL")
    assert (first.context_band, first.heading, first.reading) == ("STANDARD", "TOKENS", READING)
    assert (guardrail.heading, guardrail.model_id, guardrail.token_class) == ("GUARDRAILS", "", "")


def test_lines_of_an_older_reader_and_of_models_that_were_unknown_are_read_again(cast: Cast) -> None:
    sync_price_table(now=NOW)
    FoundationModel.objects.filter(model_id="nova-pro").delete()
    with inside(cast.acme):
        payer = make_connection()
        ensure_months("billing_billedcost", [DAY])
        replace_bill(payer.pk, DAYS, [record("USE1-NovaPro-input-tokens", "Amazon Bedrock", "0.008", "10")], NOW)
        make_billed(
            payer, {DAY: "0.0033"}, service="Amazon Bedrock Service", usage_type="USE1-Claude4.5Sonnet-input-tokens"
        )
        unknown = BilledSeries.objects.get(usage_type__contains="NovaPro")
        before = (unknown.model_id, unknown.publisher, unknown.heading)
        RateLearning.objects.all().delete()
    sync_price_table(now=NOW)
    with inside(cast.acme):
        changed = [read_billed_series_again(), read_billed_series_again()]
        known = BilledSeries.objects.get(usage_type__contains="NovaPro")
        old = BilledSeries.objects.get(usage_type__contains="Claude")
        is_learning_due = RateLearning.objects.get().is_due

    assert before == ("", "Amazon", "TOKENS")
    assert changed == [2, 0]
    assert (known.model_id, known.tokens_per_unit, known.unit_proof) == ("nova-pro", 1_000, "PROVED")
    assert (old.model_id, old.tokens_per_unit, old.unit_proof) == ("claude-sonnet-4-5", 1_000, "PROVED")
    assert is_learning_due
