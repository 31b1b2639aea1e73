"""FOCUS 1.0 to 1.2 and later, by the presence of columns: which column tells what, and what a line is read as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from billing.domain.catalog import ModelCatalog
from billing.domain.dimensions import BilledTokenClass, ChargeCategory, CostHeading, Provider
from billing.domain.parsing.aws_lines import read_aws_line
from billing.domain.parsing.azure_meters import AzureMeter, parse_azure_meter
from billing.domain.parsing.google_skus import GoogleSku, parse_google_sku
from billing.domain.parsing.lines import Column, Evidence, Field, Offering, OfferingReading, is_ai_category
from billing.domain.parsing.units import MILLION, THOUSAND, proven_tokens_per_unit, told_tokens_per_unit


def _columns(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name) for name in names)


# 1.3 tells ServiceProviderName and InvoiceIssuerName in place of ProviderName. x_ columns are the providers' own: those of
# AWS (table FOCUS_1_2_AWS and, with x_UsageType, FOCUS_1_0_AWS) and of Microsoft (FinOps toolkit, focuscost_1.2).
COLUMNS: Mapping[Field, tuple[Column, ...]] = {
    Field.PROVIDER: _columns("ServiceProviderName", "ProviderName", "HostProviderName", "InvoiceIssuerName"),
    Field.PUBLISHER: _columns("PublisherName"),
    Field.SERVICE: _columns("ServiceName", "x_SkuMeterCategory"),
    Field.SERVICE_CODE: _columns("x_ServiceCode", "x_SkuMeterCategory"),
    Field.CATEGORY: _columns("ServiceCategory"),
    Field.SUBCATEGORY: _columns("x_SkuMeterSubcategory", "ServiceSubcategory"),
    Field.METER: _columns("SkuMeter", "x_UsageType", "x_SkuMeterName", "x_SkuDescription", "ChargeDescription"),
    Field.OPERATION: _columns("x_Operation"),
    Field.DESCRIPTION: _columns("x_SkuDescription"),
    # Quantity and unit are a pair, the priced one first: Azure's consumed unit is often just "Units".
    Field.UNIT: _columns("PricingUnit", "x_PricingUnitDescription", "ConsumedUnit"),
    Field.CHARGE_CATEGORY: _columns("ChargeCategory"),
    Field.CURRENCY: _columns("BillingCurrency"),
    # What belongs to no subscription (a shared commitment, support) belongs to the billing account.
    Field.ACCOUNT: _columns("SubAccountId", "BillingAccountId"),
    Field.REGION: _columns("RegionId", "RegionName", "Region"),
    Field.RESOURCE: _columns("ResourceId"),
    Field.TAGS: _columns("Tags"),
    Field.INVOICE: _columns("InvoiceId", "x_InvoiceId"),
    Field.ISSUER: _columns("InvoiceIssuerName", "InvoiceIssuer"),
    Field.CHARGE_START: _columns("ChargePeriodStart"),
    Field.PERIOD_START: _columns("BillingPeriodStart"),
    Field.PERIOD_END: _columns("BillingPeriodEnd"),
    Field.BILLED: _columns("BilledCost"),
    Field.AMORTIZED: _columns("EffectiveCost"),
    Field.LIST_COST: _columns("ListCost"),
    Field.QUANTITY: _columns("PricingQuantity", "ConsumedQuantity"),
}
MARKS = ("BilledCost", "ChargePeriodStart")

CATEGORIES: Mapping[str, ChargeCategory] = {
    "usage": ChargeCategory.USAGE,
    "purchase": ChargeCategory.PURCHASE,
    "tax": ChargeCategory.TAX,
    "credit": ChargeCategory.CREDIT,
    "adjustment": ChargeCategory.ADJUSTMENT,
}
# Microsoft files models under several names, by age of the export.
AZURE_MODEL_SERVICES = ("openai", "foundry")
AZURE_AI_SERVICES = (*AZURE_MODEL_SERVICES, "cognitive services", "azure ai")
GOOGLE_AI_SERVICES = ("vertex ai", "gemini", "generative language", "generative ai")


def read_focus_line(offering: Offering, evidence: Evidence, catalog: ModelCatalog) -> OfferingReading:
    """Return what an offering is. Never raises: what is not understood says so, and its cost stays.

    AI is, of AWS, what belongs to Bedrock, as Cost Explorer is asked for it; of other clouds, what the provider itself
    files under FOCUS's category "AI and Machine Learning", and its services for models wherever it files them, since
    exports disagree on those. One rule that the provider's own console can be held against.
    """
    provider = provider_of(offering.provider)
    category = CATEGORIES.get(offering.charge_category.casefold())
    known, is_known = category or ChargeCategory.ADJUSTMENT, category is not None
    if provider is Provider.AWS_BEDROCK:
        return read_aws_line(offering, known, catalog, is_category_known=is_known)
    if provider is Provider.AZURE_OPENAI:
        return _read_azure(offering, evidence, known, is_known)
    if provider is Provider.GOOGLE_VERTEX:
        return _read_google(offering, evidence, known, is_known)
    return OfferingReading(
        provider=provider,
        charge_category=known,
        is_category_known=is_known,
        is_ai=is_ai_category(offering),
        publisher=offering.publisher[:64],
    )


def provider_of(name: str) -> Provider:
    """Return whose bill a provider's name means."""
    told = name.casefold()
    if "aws" in told.split() or "amazon" in told:
        return Provider.AWS_BEDROCK
    if "microsoft" in told or "azure" in told:
        return Provider.AZURE_OPENAI
    return Provider.GOOGLE_VERTEX if "google" in told else Provider.OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known of a line before its meter is read."""

    provider: Provider
    category: ChargeCategory
    is_category_known: bool
    is_ai: bool
    is_model_service: bool
    # How many tokens a unit may have where no text says so, and which texts may.
    possible: tuple[int, ...]
    texts: tuple[str, ...]


def _read_azure(offering: Offering, evidence: Evidence, category: ChargeCategory, is_known: bool) -> OfferingReading:
    told = f"{offering.service} {offering.service_code} {offering.subcategory}".casefold()
    is_model_service = any(name in told for name in AZURE_MODEL_SERVICES)
    meter = parse_azure_meter(offering.meter)
    if meter.heading is CostHeading.UNRECOGNIZED and offering.description:
        meter = parse_azure_meter(offering.description)
    known = _Known(
        provider=Provider.AZURE_OPENAI,
        category=category,
        is_category_known=is_known,
        is_ai=is_ai_category(offering) or is_model_service or any(name in told for name in AZURE_AI_SERVICES),
        is_model_service=is_model_service,
        possible=(THOUSAND, MILLION),
        texts=(offering.meter, offering.description, offering.unit),
    )
    return _whole(known, meter, offering, evidence)


def _read_google(offering: Offering, evidence: Evidence, category: ChargeCategory, is_known: bool) -> OfferingReading:
    told = f"{offering.service} {offering.service_code}".casefold()
    is_model_service = any(name in told for name in GOOGLE_AI_SERVICES)
    sku = parse_google_sku(offering.meter)
    if sku.heading is CostHeading.UNRECOGNIZED and offering.description:
        sku = parse_google_sku(offering.description)
    known = _Known(
        provider=Provider.GOOGLE_VERTEX,
        category=category,
        is_category_known=is_known,
        is_ai=is_ai_category(offering) or is_model_service,
        is_model_service=is_model_service,
        # Mostly tokens one by one, whatever the unit is called ("count", even "requests").
        possible=(1, THOUSAND, MILLION),
        texts=(offering.meter, offering.unit),
    )
    return _whole(known, sku, offering, evidence)


def _whole(known: _Known, read: AzureMeter | GoogleSku, offering: Offering, evidence: Evidence) -> OfferingReading:
    heading = read.heading
    if heading is CostHeading.UNRECOGNIZED and not known.is_model_service:
        heading = CostHeading.OTHER
    is_stored = read.token_class is BilledTokenClass.CACHE_STORAGE
    counts = heading is CostHeading.TOKENS and known.category is ChargeCategory.USAGE and not is_stored
    per_unit = (
        proven_tokens_per_unit(
            told=told_tokens_per_unit(*known.texts),
            possible=known.possible,
            list_price=evidence.list_price,
            currency=offering.currency,
            token_class=read.token_class or "",
        )
        if counts
        else None
    )
    return OfferingReading(
        provider=known.provider,
        charge_category=known.category,
        is_category_known=known.is_category_known,
        is_ai=known.is_ai,
        model_id=read.model_id[:128],
        publisher=read.publisher,
        token_class=read.token_class or "",
        tier=read.tier or "",
        routing_class=read.routing_class or "",
        context_band=read.context_band or "",
        heading=heading,
        tokens_per_unit=per_unit,
        counts_tokens=counts,
    )
