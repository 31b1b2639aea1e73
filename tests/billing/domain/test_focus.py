"""Rows of FOCUS 1.2: the levels and rules of the specification, as a table that every row is held against."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing.domain.dimensions import ChargeCategory, CostHeading, Provider
from billing.domain.focus import COLUMNS, MOMENTS, NUMBERS, BilledLine, csv_lines, focus_row

LINE = BilledLine(
    day=date(2026, 10, 5),
    period_start=date(2026, 10, 1),
    period_end=date(2026, 11, 1),
    billing_account="111111111111",
    billing_account_name="Production",
    invoice_id="A-1",
    cost_source="CUR",
    provider=Provider.AWS_BEDROCK,
    aws_account_id="222222222222",
    service="Amazon Bedrock",
    usage_type="USE1-Claude4.6Opus-output-tokens",
    unit="1K tokens",
    currency="USD",
    charge_category=ChargeCategory.USAGE,
    region="us-east-1",
    resource_id="",
    principal_arn="",
    tags={"team": "ads"},
    model_id="claude-opus-4-6",
    publisher="Anthropic",
    token_class="output",
    tier="STANDARD",
    routing_class="REGIONAL",
    heading=CostHeading.TOKENS,
    tokens_per_unit=1_000,
    unblended=Decimal("0.000000300000000001"),
    net_unblended=Decimal("0.25"),
    amortized=Decimal("0.3"),
    quantity=Decimal("12.5"),
    is_estimated=True,
)
LINES = [
    LINE,
    replace(LINE, tokens_per_unit=None, unit="", publisher="", usage_type="", invoice_id="", resource_id="arn:aws:x"),
    replace(LINE, provider=Provider.AZURE_OPENAI, aws_account_id="sub-1"),
    replace(LINE, provider=Provider.GOOGLE_VERTEX, heading=CostHeading.MEDIA),
    replace(LINE, provider=Provider.OTHER, publisher="", service="", aws_account_id=""),
    *(replace(LINE, charge_category=category, unblended=Decimal(-2)) for category in ChargeCategory),
]
# FOCUS 1.2, specification/columns: not null; and nullable, but there.
MANDATORY = [
    "BilledCost",
    "BillingAccountId",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceName",
]
NULLABLE = ["BillingAccountName", "ChargeClass", "ChargeDescription", "PricingQuantity", "PricingUnit"]
ALLOWED = {
    "ChargeCategory": {"Usage", "Purchase", "Tax", "Credit", "Adjustment"},
    "ChargeClass": {"", "Correction"},
    "ChargeFrequency": {"One-Time", "Recurring", "Usage-Based"},
    "ServiceCategory": {"AI and Machine Learning"},
    "ServiceSubcategory": {"Generative AI", "Other (AI and Machine Learning)"},
}
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def test_every_mandatory_column_is_there_and_others_are_of_the_standard_or_begin_with_x() -> None:
    assert set(MANDATORY) | set(NULLABLE) <= set(COLUMNS)
    assert len(set(COLUMNS)) == len(COLUMNS)
    assert all(re.fullmatch(r"(x_)?[A-Z][A-Za-z]+", name) for name in COLUMNS)


@pytest.mark.parametrize("line", LINES)
def test_a_row_keeps_the_rules_of_its_columns(line: BilledLine) -> None:
    row = focus_row(line)
    assert set(row) == set(COLUMNS)
    assert [name for name in MANDATORY if not row[name]] == []
    for name, values in ALLOWED.items():
        assert row[name] in values
    for name in MOMENTS:
        assert MOMENT.fullmatch(row[name])
    for name in NUMBERS:
        assert not row[name] or NUMBER.fullmatch(row[name])
    assert re.fullmatch(r"[A-Z]{3}", row["BillingCurrency"])
    # Quantity and unit come together; what is used is counted, what is money only is not.
    assert bool(row["PricingQuantity"]) == bool(row["PricingUnit"]) == (row["ChargeCategory"] in ("Usage", "Purchase"))
    assert bool(row["ConsumedQuantity"]) == bool(row["ConsumedUnit"]) == (row["ChargeCategory"] == "Usage")
    assert (row["ChargeFrequency"] == "Usage-Based") == (row["ChargeCategory"] == "Usage")
    assert row["ChargePeriodStart"] < row["ChargePeriodEnd"]
    assert row["BillingPeriodStart"] < row["BillingPeriodEnd"]
    assert bool(row["SubAccountId"]) == bool(row["SubAccountType"])
    if row["ChargeCategory"] in ("Tax", "Credit", "Adjustment"):
        assert row["ListCost"] == row["ContractedCost"] == "0"


def test_amounts_keep_every_digit_and_tokens_are_counted_one_by_one() -> None:
    row = focus_row(LINE)
    assert row["BilledCost"] == "0.000000300000000001"
    assert (row["ConsumedQuantity"], row["ConsumedUnit"]) == ("12500", "Tokens")
    assert (row["PricingQuantity"], row["PricingUnit"]) == ("12.5", "1K tokens")
    assert row["Tags"] == '{"team": "ads"}'


def test_a_refund_is_an_adjustment_that_corrects() -> None:
    row = focus_row(replace(LINE, charge_category=ChargeCategory.REFUND))
    assert (row["ChargeCategory"], row["ChargeClass"]) == ("Adjustment", "Correction")


def test_rows_are_written_line_by_line_with_a_header() -> None:
    text = "".join(csv_lines([focus_row(LINE)]))
    read = list(csv.DictReader(text.splitlines()))
    assert read == [focus_row(LINE)]
    assert "".join(csv_lines([])).strip() == ",".join(COLUMNS)
