"""A small bill of AWS as Cost Explorer tells it: read, proved, and in part not understood."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from billing.domain.periods import DAY, DateRange
from billing.domain.records import BilledRecord
from billing.operations.catalog import sync_price_table
from billing.operations.costs import replace_bill
from billing.sql import ensure_months
from tests.factories.billing import ACCOUNT, make_connection

# Usage type, service, cost, quantity and unit of a day.
LINES = (
    ("USE1-MP:USE1_OutputTokenCount_Global-Units", "Claude Sonnet 4.5 (Amazon Bedrock Edition)", "45", "3", "Units"),
    ("USE1-NovaPro-input-tokens", "Amazon Bedrock", "0.8", "1000", "1K tokens"),
    ("USE1-NovaPro-output-tokens", "Amazon Bedrock", "90", "1", "1K tokens"),
    ("USE1-Zephyr3.1Ultra-input-tokens", "Amazon Bedrock", "1.5", "100", "N/A"),
    ("USE1-Guardrail-ContentPolicyUnitsConsumed", "Amazon Bedrock", "2.7", "100", "TextUnits"),
)


def make_read_bill(day: date, now: datetime) -> None:
    """Store these lines as one day of a payer's bill."""
    sync_price_table(now=now)
    ensure_months("billing_billedcost", [day])
    records = [
        BilledRecord(
            aws_account_id=ACCOUNT,
            service=service,
            usage_type=usage_type,
            date=day,
            unblended=Decimal(cost),
            net_unblended=Decimal(cost),
            amortized=Decimal(cost),
            quantity=Decimal(quantity),
            unit=unit,
            currency="USD",
            estimated=False,
        )
        for usage_type, service, cost, quantity, unit in LINES
    ]
    replace_bill(make_connection().pk, DateRange(day, day + DAY), records, now)
