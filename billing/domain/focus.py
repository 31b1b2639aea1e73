"""A stored bill line as a row of FOCUS 1.2: the columns, and what each of them says of it.

https://focus.finops.org/focus-specification/v1-2/ : what is mandatory is always there; of the conditional columns those that
a bill can tell. Columns of our own begin with x_.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

from billing.domain.dimensions import ChargeCategory, CostHeading, Provider
from billing.domain.money import plain

VERSION = "1.2"
DAY = timedelta(days=1)

PROVIDER_NAMES: Mapping[str, str] = {
    Provider.AWS_BEDROCK: "AWS",
    Provider.AZURE_OPENAI: "Microsoft",
    Provider.GOOGLE_VERTEX: "Google Cloud",
}
ISSUER_NAMES: Mapping[str, str] = {
    Provider.AWS_BEDROCK: "Amazon Web Services, Inc.",
    Provider.AZURE_OPENAI: "Microsoft",
    Provider.GOOGLE_VERTEX: "Google Cloud",
}
UNNAMED_PROVIDER = "Other provider"
SUB_ACCOUNT_TYPES: Mapping[str, str] = {
    Provider.AWS_BEDROCK: "AWS account",
    Provider.AZURE_OPENAI: "Subscription",
    Provider.GOOGLE_VERTEX: "Project",
}
CATEGORIES: Mapping[str, str] = {
    ChargeCategory.USAGE: "Usage",
    ChargeCategory.PURCHASE: "Purchase",
    ChargeCategory.TAX: "Tax",
    ChargeCategory.CREDIT: "Credit",
    ChargeCategory.ADJUSTMENT: "Adjustment",
    # FOCUS has no category of refunds: money that comes back is an adjustment that corrects.
    ChargeCategory.REFUND: "Adjustment",
}
OF_SOMETHING = ("Usage", "Purchase")

COLUMNS: tuple[str, ...] = (
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceId",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ServiceCategory",
    "ServiceName",
    "ServiceSubcategory",
    "SkuMeter",
    "SubAccountId",
    "SubAccountName",
    "SubAccountType",
    "Tags",
    "x_CostHeading",
    "x_CostSource",
    "x_IamPrincipal",
    "x_IsEstimated",
    "x_ModelId",
    "x_NetBilledCost",
    "x_RoutingClass",
    "x_Tier",
    "x_TokenClass",
)
NUMBERS = frozenset(
    {
        "BilledCost",
        "ConsumedQuantity",
        "ContractedCost",
        "EffectiveCost",
        "ListCost",
        "PricingQuantity",
        "x_NetBilledCost",
    }
)
MOMENTS = frozenset({"BillingPeriodEnd", "BillingPeriodStart", "ChargePeriodEnd", "ChargePeriodStart"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledLine:
    """A bill line on one day, as it is stored."""

    day: date
    period_start: date
    period_end: date
    billing_account: str
    billing_account_name: str
    invoice_id: str
    cost_source: str
    provider: str
    aws_account_id: str
    service: str
    usage_type: str
    unit: str
    currency: str
    charge_category: str
    region: str
    resource_id: str
    principal_arn: str
    tags: Mapping[str, str]
    model_id: str
    publisher: str
    token_class: str
    tier: str
    routing_class: str
    heading: str
    tokens_per_unit: int | None
    unblended: Decimal
    net_unblended: Decimal
    amortized: Decimal
    quantity: Decimal
    is_estimated: bool


def focus_row(line: BilledLine) -> dict[str, str]:
    """Return a row: every column, "" for what FOCUS calls null.

    A bill tells what was paid and no list price, so ListCost and ContractedCost repeat BilledCost for what was used or
    bought; for what is money only they are zero, as FOCUS wants it.
    """
    category = CATEGORIES[line.charge_category]
    is_of_something = category in OF_SOMETHING
    provider = PROVIDER_NAMES.get(line.provider, line.publisher or UNNAMED_PROVIDER)
    listed = plain(line.unblended) if is_of_something else "0"
    consumed, consumed_unit = _consumed(line) if category == "Usage" else ("", "")
    return {
        "BilledCost": plain(line.unblended),
        "BillingAccountId": line.billing_account,
        "BillingAccountName": line.billing_account_name,
        "BillingCurrency": line.currency,
        "BillingPeriodEnd": _moment(line.period_end),
        "BillingPeriodStart": _moment(line.period_start),
        "ChargeCategory": category,
        "ChargeClass": "Correction" if line.charge_category == ChargeCategory.REFUND else "",
        "ChargeDescription": f"{line.service}: {line.usage_type}" if line.usage_type else line.service,
        "ChargeFrequency": "Usage-Based" if category == "Usage" else "One-Time",
        "ChargePeriodEnd": _moment(line.day + DAY),
        "ChargePeriodStart": _moment(line.day),
        "ConsumedQuantity": consumed,
        "ConsumedUnit": consumed_unit,
        "ContractedCost": listed,
        "EffectiveCost": plain(line.amortized),
        "InvoiceId": line.invoice_id,
        "InvoiceIssuerName": ISSUER_NAMES.get(line.provider, provider),
        "ListCost": listed,
        "PricingQuantity": plain(line.quantity) if is_of_something else "",
        "PricingUnit": (line.unit or "Units") if is_of_something else "",
        "ProviderName": provider,
        "PublisherName": line.publisher or provider,
        "RegionId": line.region,
        "RegionName": line.region,
        "ResourceId": line.resource_id,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": line.service or provider,
        "ServiceSubcategory": "Generative AI"
        if line.heading == CostHeading.TOKENS
        else "Other (AI and Machine Learning)",
        "SkuMeter": line.usage_type,
        "SubAccountId": line.aws_account_id,
        "SubAccountName": line.aws_account_id,
        "SubAccountType": SUB_ACCOUNT_TYPES.get(line.provider, "Account") if line.aws_account_id else "",
        "Tags": json.dumps(dict(line.tags), ensure_ascii=False, sort_keys=True),
        "x_CostHeading": line.heading,
        "x_CostSource": line.cost_source,
        "x_IamPrincipal": line.principal_arn,
        "x_IsEstimated": "true" if line.is_estimated else "false",
        "x_ModelId": line.model_id,
        "x_NetBilledCost": plain(line.net_unblended),
        "x_RoutingClass": line.routing_class,
        "x_Tier": line.tier,
        "x_TokenClass": line.token_class,
    }


def csv_lines(rows: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """Yield rows as a CSV file, line by line; null is an empty value."""
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        yield _taken(buffer)
        writer.writerow([row[name] for name in COLUMNS])
    yield _taken(buffer)


def _taken(buffer: StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _consumed(line: BilledLine) -> tuple[str, str]:
    """Tokens, where that is certain; else the quantity in the bill's own unit."""
    if line.tokens_per_unit:
        return plain(line.quantity * line.tokens_per_unit), "Tokens"
    return plain(line.quantity), line.unit or "Units"


def _moment(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"
