"""Lines of AWS in files: the usage type is read as in Cost Explorer, and what the file says besides fills its gaps."""

from __future__ import annotations

from billing.domain.catalog import ModelCatalog, canonical_model
from billing.domain.collection import is_ai_service
from billing.domain.dimensions import ChargeCategory, CostHeading, Provider, Tier
from billing.domain.parsing.lines import Offering, OfferingReading
from billing.domain.parsing.model_names import names_in
from billing.domain.parsing.usage_types import UsageType, parse_usage_type

BEDROCK = "bedrock"
# In CUR's product["feature"]: batch is not in every usage type.
BATCH_FEATURE = "batch"


def read_aws_line(
    offering: Offering, category: ChargeCategory, catalog: ModelCatalog, *, is_category_known: bool
) -> OfferingReading:
    """Return what an AWS offering is.

    It is Bedrock's when anything in it says so: service, product, code, description, or a usage type that is read as one of
    Bedrock's. Never the product code alone: of models that are sold through the Marketplace it is a random id.
    """
    read = parse_usage_type(offering.meter, offering.service, catalog)
    model_id, publisher = read.model_id, read.publisher
    if not model_id and offering.model:
        model_id, publisher = _model_told(offering.model, catalog)
    tier = read.tier
    if tier is Tier.STANDARD and BATCH_FEATURE in offering.feature.casefold():
        tier = Tier.BATCH
    return OfferingReading(
        provider=Provider.AWS_BEDROCK,
        charge_category=category,
        is_category_known=is_category_known,
        is_ai=_is_bedrock(offering, read),
        model_id=model_id,
        publisher=publisher or read.publisher,
        token_class=read.token_class or "",
        tier=tier or "",
        routing_class=read.routing_class or "",
        context_band=read.context_band or "",
        heading=read.heading,
        tokens_per_unit=read.tokens_per_unit if category is ChargeCategory.USAGE else None,
        counts_tokens=read.tokens_per_unit is not None and category is ChargeCategory.USAGE,
        aws_region=read.aws_region,
    )


def _is_bedrock(offering: Offering, read: UsageType) -> bool:
    told = (
        offering.service,
        offering.service_code,
        offering.subcategory,
        offering.description,
        offering.operation,
        offering.publisher,
    )
    if is_ai_service(offering.service) or any(BEDROCK in text.casefold() for text in told):
        return True
    return read.heading is CostHeading.TOKENS and bool(read.model_id or offering.model)


def _model_told(name: str, catalog: ModelCatalog) -> tuple[str, str]:
    by_id = canonical_model(name, catalog)
    if by_id.model_id:
        return by_id.model_id, by_id.publisher
    names = names_in(catalog)
    model_id = names.find(name)
    return model_id, names.publisher(model_id, name) or by_id.publisher
