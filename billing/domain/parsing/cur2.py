"""AWS's CUR 2.0, by the presence of columns: which column tells what, and what a line is read as."""

from __future__ import annotations

from collections.abc import Mapping

from billing.domain.catalog import ModelCatalog
from billing.domain.dimensions import ChargeCategory
from billing.domain.parsing.aws_lines import read_aws_line
from billing.domain.parsing.lines import Column, Evidence, Field, Offering, OfferingReading

# The entries of the map `product` are those that AWS fills for Bedrock since 20 July 2026; before that, and of the
# Marketplace, the description has to do.
COLUMNS: Mapping[Field, tuple[Column, ...]] = {
    Field.PUBLISHER: (Column("product", "provider"), Column("line_item_legal_entity")),
    Field.SERVICE: (
        Column("product", "servicename"),
        Column("product", "product_name"),
        Column("product_servicecode"),
        Column("line_item_product_code"),
    ),
    Field.SERVICE_CODE: (Column("product_servicecode"), Column("line_item_product_code")),
    Field.SUBCATEGORY: (Column("product_product_family"),),
    Field.METER: (Column("line_item_usage_type"), Column("line_item_line_item_description")),
    Field.OPERATION: (Column("line_item_operation"),),
    Field.DESCRIPTION: (Column("product", "product_name"), Column("line_item_line_item_description")),
    Field.UNIT: (Column("pricing_unit"), Column("product_pricing_unit")),
    Field.CHARGE_CATEGORY: (Column("line_item_line_item_type"),),
    Field.MODEL: (Column("product", "model"),),
    Field.FEATURE: (Column("product", "feature"),),
    Field.CURRENCY: (Column("line_item_currency_code"),),
    Field.ACCOUNT: (Column("line_item_usage_account_id"), Column("bill_payer_account_id")),
    Field.REGION: (Column("product_region_code"), Column("product", "region")),
    Field.RESOURCE: (Column("line_item_resource_id"),),
    Field.PRINCIPAL: (Column("line_item_iam_principal"),),
    Field.TAGS: (Column("resource_tags"),),
    Field.MORE_TAGS: (Column("tags"),),
    Field.INVOICE: (Column("bill_invoice_id"),),
    Field.ISSUER: (Column("bill_invoicing_entity"),),
    Field.CHARGE_START: (Column("line_item_usage_start_date"),),
    Field.PERIOD_START: (Column("bill_billing_period_start_date"),),
    Field.PERIOD_END: (Column("bill_billing_period_end_date"),),
    Field.BILLED: (Column("line_item_unblended_cost"),),
    Field.NET: (Column("line_item_net_unblended_cost"),),
    Field.LIST_COST: (Column("pricing_public_on_demand_cost"),),
    Field.QUANTITY: (Column("line_item_usage_amount"),),
}
MARKS = ("line_item_usage_account_id", "line_item_unblended_cost")

# Everything that a bill may hold is kept; what is not listed here is an adjustment, never left out.
# https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2-line-item.html
CATEGORIES: Mapping[str, ChargeCategory] = {
    "usage": ChargeCategory.USAGE,
    "discountedusage": ChargeCategory.USAGE,
    "savingsplancoveredusage": ChargeCategory.USAGE,
    "savingsplannegation": ChargeCategory.USAGE,
    "fee": ChargeCategory.PURCHASE,
    "rifee": ChargeCategory.PURCHASE,
    "savingsplanupfrontfee": ChargeCategory.PURCHASE,
    "savingsplanrecurringfee": ChargeCategory.PURCHASE,
    "tax": ChargeCategory.TAX,
    "credit": ChargeCategory.CREDIT,
    "edpdiscount": ChargeCategory.CREDIT,
    "privateratediscount": ChargeCategory.CREDIT,
    "bundleddiscount": ChargeCategory.CREDIT,
    "solutionproviderprogramdiscount": ChargeCategory.CREDIT,
    "distributordiscount": ChargeCategory.CREDIT,
    "refund": ChargeCategory.REFUND,
}


def read_cur2_line(offering: Offering, evidence: Evidence, catalog: ModelCatalog) -> OfferingReading:
    """Return what an offering is. Never raises: what is not understood says so, and its cost stays."""
    del evidence  # the unit stands in the usage type
    category = CATEGORIES.get(offering.charge_category.casefold())
    return read_aws_line(
        offering, category or ChargeCategory.ADJUSTMENT, catalog, is_category_known=category is not None
    )
