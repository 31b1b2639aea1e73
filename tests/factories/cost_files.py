"""Cost files as text: one function per format, everything needed and nothing more."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

FOCUS_COLUMNS = (
    "BilledCost",
    "BillingAccountId",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "EffectiveCost",
    "InvoiceId",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "RegionId",
    "ResourceId",
    "ServiceCategory",
    "ServiceName",
    "SkuMeter",
    "SubAccountId",
    "Tags",
)
AZURE = {
    "BillingAccountId": "billing-1",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2026-10-01T00:00Z",
    "BillingPeriodEnd": "2026-11-01T00:00Z",
    "ChargeCategory": "Usage",
    "ChargePeriodStart": "2026-10-05T00:00Z",
    "ChargePeriodEnd": "2026-10-06T00:00Z",
    "InvoiceId": "G-1",
    "InvoiceIssuerName": "Microsoft",
    "PricingUnit": "1K",
    "ProviderName": "Microsoft",
    "PublisherName": "Microsoft",
    "RegionId": "japaneast",
    "ServiceCategory": "AI and Machine Learning",
    "ServiceName": "Azure OpenAI",
    "SkuMeter": "gpt-4o-0806-Outp-glbl Tokens",
    "SubAccountId": "sub-1",
}
AWS = {
    **AZURE,
    "BillingAccountId": "111111111111",
    "InvoiceId": "A-1",
    "InvoiceIssuerName": "Amazon Web Services, Inc.",
    "PricingUnit": "1K tokens",
    "ProviderName": "AWS",
    "PublisherName": "Anthropic",
    "RegionId": "us-east-1",
    "ServiceName": "Amazon Bedrock",
    "SkuMeter": "USE1-Claude4.6Opus-output-tokens",
    "SubAccountId": "222222222222",
}
CUR2 = {
    "bill_payer_account_id": "111111111111",
    "bill_billing_period_start_date": "2026-10-01 00:00:00",
    "bill_billing_period_end_date": "2026-11-01 00:00:00",
    "bill_invoice_id": "A-1",
    "bill_invoicing_entity": "Amazon Web Services, Inc.",
    "line_item_usage_account_id": "222222222222",
    "line_item_line_item_type": "Usage",
    "line_item_product_code": "AmazonBedrock",
    "line_item_usage_type": "USE1-Claude4.6Opus-output-tokens",
    "line_item_usage_start_date": "2026-10-05 13:00:00",
    "line_item_usage_amount": "20",
    "line_item_currency_code": "USD",
    "line_item_unblended_cost": "0.5",
    "line_item_net_unblended_cost": "",
    "line_item_resource_id": "",
    "line_item_iam_principal": "",
    "pricing_unit": "1K tokens",
    "pricing_public_on_demand_cost": "0.5",
    "product_servicecode": "AmazonBedrock",
    "product_region_code": "us-east-1",
    "product": "",
    "resource_tags": "",
}


def azure(billed: str, **told: str) -> dict[str, str]:
    """A line of Azure OpenAI of 5 October: at the list price, $10 a million tokens."""
    return {**AZURE, "BilledCost": billed, "EffectiveCost": billed, **_priced(billed, "100"), **told}


def aws(billed: str, **told: str) -> dict[str, str]:
    """A line of Bedrock of 5 October in FOCUS: at the list price, $25 a million tokens."""
    return {**AWS, "BilledCost": billed, "EffectiveCost": billed, **_priced(billed, "40"), **told}


def _priced(billed: str, units_per_dollar: str) -> dict[str, str]:
    """Quantities of whole cents only; what is no number is told as it is."""
    try:
        return {"ListCost": billed, "PricingQuantity": f"{float(billed) * float(units_per_dollar):g}"}
    except ValueError:
        return {"ListCost": "0", "PricingQuantity": "0"}


def as_csv(rows: Iterable[dict[str, str]], columns: Iterable[str] = FOCUS_COLUMNS) -> bytes:
    """The rows as a file with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), extrasaction="ignore", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def cur2_csv(*rows: dict[str, str]) -> bytes:
    """Lines of CUR 2.0, each with what it tells otherwise."""
    return as_csv(({**CUR2, **row} for row in rows), CUR2)
