"""One function per model of the match: everything needed and nothing more."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from billing.domain.dimensions import Basis, Provider
from billing.domain.reconciliation import DiscrepancyState, Reason
from billing.models import (
    BilledCostVersion,
    Discrepancy,
    Invoice,
    Reconciliation,
    ReconciliationTolerance,
    Restatement,
)
from billing.sql import ensure_months

DAY = date(2026, 11, 1)
AT = datetime(2026, 11, 5, tzinfo=UTC)


def make_reconciliation(day: date = DAY, *, rated: str = "3", billed: str = "2.25", **columns: Any) -> Reconciliation:
    """A matched day whose difference is all price."""
    difference = Decimal(billed) - Decimal(rated)
    explained = {Reason.PRICE_DIFFERS.value: str(difference)} if difference else {}
    return Reconciliation.objects.create(
        **{
            "matched": Decimal(0) if difference else Decimal(rated),
            "explained": explained,
            "unexplained": Decimal(0),
            "tokens_unpriced": 0,
            "is_closed": True,
            "reconciled_at": AT,
            **columns,
        },
        date=day,
        rated=Decimal(rated),
        billed=Decimal(billed),
    )


def make_discrepancy(day: date = DAY, *, amount: str = "-12.5", **columns: Any) -> Discrepancy:
    """A price that differs by more than is tolerated."""
    return Discrepancy.objects.create(
        **{
            "provider": Provider.AWS_BEDROCK,
            "aws_account_id": "111122223333",
            "aws_region": "us-east-1",
            "model_id": "claude-sonnet-4-5",
            "token_class": "input",
            "reason": Reason.PRICE_DIFFERS,
            "rated": Decimal(50),
            "billed": Decimal(50) + Decimal(amount),
            "state": DiscrepancyState.OPEN,
            "found_at": AT,
            **columns,
        },
        date=day,
        amount=Decimal(amount),
    )


def make_invoice(invoice_id: str = "EUINAWS26-1", *, amount: str = "26087.15", **columns: Any) -> Invoice:
    """An invoice of AWS for October 2026."""
    return Invoice.objects.create(
        **{
            "provider": Provider.AWS_BEDROCK,
            "month_date": date(2026, 10, 1),
            "currency": "USD",
            "entered_by": "Fay",
            "entered_at": AT,
            **columns,
        },
        invoice_id=invoice_id,
        amount=Decimal(amount),
    )


def make_restatement(day: date = DAY, **columns: Any) -> Restatement:
    """A day that AWS changed."""
    return Restatement.objects.create(
        **{
            "basis": Basis.BILLED,
            "currency": "USD",
            "recorded_at": AT,
            "cost_before": Decimal("812.40"),
            "cost_after": Decimal("809.15"),
            "changes": [{"name": "Amazon Bedrock USE1-input-tokens", "before": "12.40", "after": "9.15"}],
            **columns,
        },
        date=day,
    )


def make_version(day: date = DAY) -> BilledCostVersion:
    """A line of the bill as it was."""
    ensure_months("billing_billedcostversion", [day])
    return BilledCostVersion.objects.create(
        date=day,
        series_id=1,
        replaced_at=AT,
        cost_unblended=Decimal(3),
        cost_net_unblended=Decimal(3),
        cost_amortized=Decimal(3),
        quantity=Decimal(1),
    )


def make_tolerance() -> ReconciliationTolerance:
    """The sample's tolerance."""
    return ReconciliationTolerance.objects.create(
        absolute_usd=Decimal("0.50"), percent=Decimal("0.50"), changed_by="Fay", changed_at=AT
    )
