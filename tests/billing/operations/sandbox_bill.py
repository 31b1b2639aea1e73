"""What the sandbox's whole bill must be read as: everything under its heading, every unit proved, and the strangers named."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from accounts.tenancy.context import tenant_transaction
from billing.domain.dimensions import CostHeading
from billing.domain.usage_types import UnitProof, UsageTypeState
from billing.models import BilledSeries
from billing.queries.usage_types import UsageTypeReport

# Of the sandbox's extras.csv: the beginning of what follows the region's prefix.
HEADINGS = {
    "Guardrail-": CostHeading.GUARDRAILS,
    "Knowledge-Base:": CostHeading.KNOWLEDGE_BASES,
    "Runtime:": CostHeading.AGENTCORE,
    "OSS-CustomModelImport-": CostHeading.IMPORTED_MODELS,
    "NovaLite-Customization-": CostHeading.CUSTOM_MODELS,
    "NovaCanvas-": CostHeading.MEDIA,
    "DataAutomation-": CostHeading.DATA_AUTOMATION,
    "Claude4.5Haiku-reserved-": CostHeading.RESERVED_THROUGHPUT,
    "MP:USE1_Reserved_": CostHeading.RESERVED_THROUGHPUT,
    "QuantumLeap-": CostHeading.UNRECOGNIZED,
}
STRANGERS = {
    "USE1-QuantumLeap-Entangled-Queries",
    "USE1-Zephyr3.1Ultra-input-tokens",
    "USE1-Zephyr3.1Ultra-output-tokens",
}


def check_the_reading(bill: list[dict[str, Any]], report: UsageTypeReport) -> None:
    """Compare what is stored with the strings of the bill, and with what its attributes alone tell."""
    with tenant_transaction():
        rows = list(BilledSeries.objects.filter(charge_category="USAGE"))
    assert {row.usage_type for row in rows} == {row["usage_type"] for row in bill if row["bedrock"]}
    for row in rows:
        assert row.heading == heading_of(row.usage_type), row.usage_type
    strange = {row.usage_type for row in rows if not row.model_id and row.heading in ("TOKENS", "UNRECOGNIZED")}
    assert strange == STRANGERS
    # Every unit is proved by what it costs, in both families and at every discount, and is what the sandbox sells.
    for row in rows:
        if row.heading == CostHeading.TOKENS and row.model_id:
            assert row.unit_proof == UnitProof.PROVED, row.usage_type
            assert row.tokens_per_unit == (1_000_000 if row.service.endswith("Edition)") else 1_000)
    # What only the product attributes tell.
    told = {row.usage_type: (row.model_id, row.tier, row.model_told, row.feature_told) for row in rows}
    assert told["USE1-NvPrm-input-tokens"][:2] == ("nova-premier", "STANDARD")
    assert told["USE1-Llama3-1-70B-input-tokens"][:2] == ("llama-3-1-70b", "BATCH")
    assert told["USE1-Zephyr3.1Ultra-input-tokens"][2:] == ("Zephyr 3.1 Ultra", "On-demand Inference")
    _check_the_report(bill, report)


def heading_of(usage_type: str) -> CostHeading:
    rest = usage_type.partition("-")[2]
    return next((heading for start, heading in HEADINGS.items() if rest.startswith(start)), CostHeading.TOKENS)


def _check_the_report(bill: list[dict[str, Any]], report: UsageTypeReport) -> None:
    """The page's figures are those of the bill, line by line."""
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for row in bill:
        if row["bedrock"] and report.days.start.isoformat() <= row["date"] < report.days.end.isoformat():
            costs[row["usage_type"]] += Decimal(row["cost"])
    told: dict[str, Decimal] = defaultdict(Decimal)
    for line in report.lines:
        told[line.usage_type] += line.cost.amount
    assert {name: cost for name, cost in told.items() if cost} == costs
    assert {line.usage_type for line in report.of(UsageTypeState.UNRECOGNIZED)} == STRANGERS
    assert report.of(UsageTypeState.CONTRADICTED) == ()
