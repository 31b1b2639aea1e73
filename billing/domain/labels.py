"""What people call the codes that a price is known by; marked here, translated by the pages."""

from __future__ import annotations

from collections.abc import Mapping

from accounts.domain.text import gettext_noop
from billing.domain.collection import ConnectionKind
from billing.domain.dimensions import (
    BilledTokenClass,
    ChargeCategory,
    CostHeading,
    Dimension,
    PriceOrigin,
    Provider,
    Routing,
    RoutingClass,
    Tier,
    TokenClass,
)
from billing.domain.explore import Column, CurrencyChoice, Measure
from billing.domain.stretches import Against, Period

TOKEN_CLASS_LABELS: Mapping[TokenClass, str] = {
    TokenClass.INPUT: gettext_noop("Input"),
    TokenClass.OUTPUT: gettext_noop("Output"),
    TokenClass.CACHE_READ: gettext_noop("Cache read"),
    TokenClass.CACHE_WRITE: gettext_noop("Cache write"),
    TokenClass.CACHE_WRITE_5M: gettext_noop("Cache write, 5 minutes"),
    TokenClass.CACHE_WRITE_1H: gettext_noop("Cache write, 1 hour"),
}
# What a price can be entered for: a write of unknown lifetime is rated as one of five minutes.
PRICED_CLASSES = tuple(label for label in TOKEN_CLASS_LABELS if label is not TokenClass.CACHE_WRITE)
BILLED_TOKEN_CLASS_LABELS: Mapping[BilledTokenClass, str] = {
    **{BilledTokenClass(token_class.value): label for token_class, label in TOKEN_CLASS_LABELS.items()},
    BilledTokenClass.CACHE_WRITE_30M: gettext_noop("Cache write, 30 minutes"),
    BilledTokenClass.CACHE_STORAGE: gettext_noop("Cache storage"),
    BilledTokenClass.INPUT_AUDIO: gettext_noop("Audio input"),
    BilledTokenClass.INPUT_IMAGE: gettext_noop("Image input"),
    BilledTokenClass.INPUT_SPEECH: gettext_noop("Speech input"),
    BilledTokenClass.INPUT_VIDEO: gettext_noop("Video input"),
    BilledTokenClass.OUTPUT_AUDIO: gettext_noop("Audio output"),
    BilledTokenClass.OUTPUT_IMAGE: gettext_noop("Image output"),
    BilledTokenClass.OUTPUT_SPEECH: gettext_noop("Speech output"),
    BilledTokenClass.OUTPUT_VIDEO: gettext_noop("Video output"),
}
ROUTING_CLASS_LABELS: Mapping[RoutingClass, str] = {
    RoutingClass.REGIONAL: gettext_noop("In-region or geography"),
    RoutingClass.GLOBAL: gettext_noop("Global"),
}
TIER_LABELS: Mapping[Tier, str] = {
    Tier.STANDARD: gettext_noop("Standard"),
    Tier.BATCH: gettext_noop("Batch"),
    Tier.FLEX: gettext_noop("Flex"),
    Tier.PRIORITY: gettext_noop("Priority"),
    Tier.RESERVED: gettext_noop("Reserved"),
    Tier.LATENCY_OPTIMIZED: gettext_noop("Latency-optimized"),
}
PRICE_ORIGIN_LABELS: Mapping[PriceOrigin, str] = {
    PriceOrigin.OVERRIDE: gettext_noop("Own price"),
    PriceOrigin.LEARNT: gettext_noop("Learnt from the bill"),
    PriceOrigin.PRICE_LIST: gettext_noop("AWS Price List"),
    PriceOrigin.COMMITTED: gettext_noop("Price table"),
}
CONNECTION_KIND_LABELS: Mapping[ConnectionKind, str] = {
    ConnectionKind.PAYER: gettext_noop("Payer: pays the bill, or stands alone"),
    ConnectionKind.MEMBER: gettext_noop("Member: its bill comes with a payer account"),
}
DIMENSION_LABELS: Mapping[Dimension, str] = {
    Dimension.COST_CENTER: gettext_noop("Cost center"),
    Dimension.MODEL: gettext_noop("Model"),
    Dimension.PUBLISHER: gettext_noop("Publisher"),
    Dimension.PROVIDER: gettext_noop("Provider"),
    Dimension.AWS_REGION: gettext_noop("Region"),
    Dimension.AWS_ACCOUNT: gettext_noop("AWS account"),
    Dimension.SERVICE: gettext_noop("AWS service"),
    Dimension.USAGE_TYPE: gettext_noop("Usage type"),
    Dimension.TOKEN_CLASS: gettext_noop("Token class"),
    Dimension.ROUTING: gettext_noop("Routing"),
    Dimension.TIER: gettext_noop("Service tier"),
    Dimension.HEADING: gettext_noop("Heading"),
    Dimension.CHARGE_CATEGORY: gettext_noop("Charge category"),
}
ROUTING_LABELS: Mapping[Routing, str] = {
    Routing.IN_REGION: gettext_noop("In-region"),
    Routing.GEO: gettext_noop("Geography"),
    Routing.GLOBAL: gettext_noop("Global"),
}
HEADING_LABELS: Mapping[CostHeading, str] = {
    CostHeading.TOKENS: gettext_noop("Tokens"),
    CostHeading.MEDIA: gettext_noop("Images, video and search units"),
    CostHeading.GUARDRAILS: gettext_noop("Guardrails"),
    CostHeading.KNOWLEDGE_BASES: gettext_noop("Knowledge bases"),
    CostHeading.AGENTS: gettext_noop("Agents and flows"),
    CostHeading.AGENTCORE: "AgentCore",
    CostHeading.CUSTOM_MODELS: gettext_noop("Custom models"),
    CostHeading.IMPORTED_MODELS: gettext_noop("Imported models"),
    CostHeading.PROVISIONED_THROUGHPUT: gettext_noop("Provisioned throughput"),
    CostHeading.RESERVED_THROUGHPUT: gettext_noop("Reserved throughput"),
    CostHeading.DATA_AUTOMATION: gettext_noop("Data automation"),
    CostHeading.OTHER: gettext_noop("Other charges"),
    CostHeading.UNRECOGNIZED: gettext_noop("Unrecognized"),
}
CHARGE_CATEGORY_LABELS: Mapping[ChargeCategory, str] = {
    ChargeCategory.USAGE: gettext_noop("Usage"),
    ChargeCategory.PURCHASE: gettext_noop("Purchase"),
    ChargeCategory.TAX: gettext_noop("Tax"),
    ChargeCategory.CREDIT: gettext_noop("Credit"),
    ChargeCategory.REFUND: gettext_noop("Refund"),
    ChargeCategory.ADJUSTMENT: gettext_noop("Adjustment"),
}
PROVIDER_LABELS: Mapping[Provider, str] = {
    Provider.AWS_BEDROCK: "Amazon Bedrock",
    Provider.AZURE_OPENAI: "Azure OpenAI",
    Provider.GOOGLE_VERTEX: "Google Vertex AI",
    Provider.OTHER: gettext_noop("Other provider"),
}
MEASURE_LABELS: Mapping[Measure, str] = {
    Measure.COST: gettext_noop("Cost"),
    Measure.TOKENS_INPUT: gettext_noop("Input tokens"),
    Measure.TOKENS_OUTPUT: gettext_noop("Output tokens"),
    Measure.TOKENS_CACHE_READ: gettext_noop("Cache read tokens"),
    Measure.TOKENS_CACHE_WRITE: gettext_noop("Cache write tokens"),
    Measure.TOKENS_CACHE_WRITE_5M: gettext_noop("Cache write tokens, 5 minutes"),
    Measure.TOKENS_CACHE_WRITE_1H: gettext_noop("Cache write tokens, 1 hour"),
    Measure.INVOCATIONS: gettext_noop("Requests"),
}
PERIOD_LABELS: Mapping[Period, str] = {
    Period.THIS_MONTH: gettext_noop("This month"),
    Period.LAST_MONTH: gettext_noop("Last month"),
    Period.LAST_7_DAYS: gettext_noop("Last 7 days"),
    Period.LAST_30_DAYS: gettext_noop("Last 30 days"),
    Period.LAST_90_DAYS: gettext_noop("Last 90 days"),
    Period.THIS_QUARTER: gettext_noop("This quarter"),
    Period.LAST_QUARTER: gettext_noop("Last quarter"),
    Period.FISCAL_YEAR: gettext_noop("Fiscal year to date"),
    Period.CUSTOM: gettext_noop("Own dates"),
}
AGAINST_LABELS: Mapping[Against, str] = {
    Against.BEFORE: gettext_noop("Period before"),
    Against.YEAR: gettext_noop("A year earlier"),
    Against.NONE: gettext_noop("Nothing"),
}
COLUMN_LABELS: Mapping[Column, str] = {
    Column.BEFORE: gettext_noop("Before"),
    Column.CHANGE: gettext_noop("Change"),
    Column.CHANGE_PERCENT: gettext_noop("Relative change"),
    Column.SHARE: gettext_noop("Share"),
}
CURRENCY_CHOICE_LABELS: Mapping[CurrencyChoice, str] = {
    CurrencyChoice.REPORTING: gettext_noop("Reporting currency"),
    CurrencyChoice.USD: gettext_noop("US dollars"),
}
