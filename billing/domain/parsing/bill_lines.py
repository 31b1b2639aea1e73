"""What a line of a bill is read as, whoever billed it: the columns that stand beside its identity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from billing.domain.catalog import ModelCatalog
from billing.domain.dimensions import ChargeCategory, CostHeading, Provider, Tier
from billing.domain.parsing.model_names import names_in
from billing.domain.parsing.usage_types import parse_usage_type
from billing.domain.product_attributes import NOTHING_TOLD, Told, is_batch

# A line of these kinds is a charge for something; the others are money only, and may name no usage type at all.
OF_SOMETHING = frozenset({ChargeCategory.USAGE, ChargeCategory.PURCHASE})


class BilledKey(NamedTuple):
    """What makes a line of the bill the same line, as the bill said it; "" where it tells nothing."""

    aws_account_id: str
    service: str
    usage_type: str
    unit: str
    currency: str
    charge_category: str = ChargeCategory.USAGE
    provider: str = Provider.AWS_BEDROCK
    region_told: str = ""
    resource_id: str = ""
    principal_arn: str = ""
    tags_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineReading:
    """What a line says, "" where it says nothing or is not understood; the names are those of the stored columns.

    `tokens_per_unit` is the promise of the spelling; what is stored is what cost and quantity have proved.
    """

    aws_region: str = ""
    model_id: str = ""
    publisher: str = ""
    token_class: str = ""
    tier: str = ""
    routing_class: str = ""
    context_band: str = ""
    heading: str = CostHeading.UNRECOGNIZED
    tokens_per_unit: int | None = None


def read_bill_line(key: BilledKey, catalog: ModelCatalog, told: Told = NOTHING_TOLD) -> LineReading:
    """Read a line of a bill. Never raises: what is not understood is under the heading of the unrecognised.

    What is `told` beside the usage type names a model that its string does not, and batch calls that it does not tell.
    """
    if key.provider != Provider.AWS_BEDROCK:
        return LineReading(aws_region=key.region_told)
    read = parse_usage_type(key.usage_type, key.service, catalog)
    names = names_in(catalog)
    model_id = read.model_id or (names.find(told.model) if told.model else "")
    is_batch_untold = read.tier is Tier.STANDARD and is_batch(told.feature)
    heading = read.heading
    if heading is CostHeading.UNRECOGNIZED and key.charge_category not in OF_SOMETHING:
        heading = CostHeading.OTHER
    return LineReading(
        aws_region=key.region_told or read.aws_region,
        model_id=model_id,
        publisher=read.publisher or names.publisher(model_id, told.model),
        token_class=read.token_class or "",
        tier=Tier.BATCH if is_batch_untold else read.tier or "",
        routing_class=read.routing_class or "",
        context_band=read.context_band or "",
        heading=heading,
        tokens_per_unit=read.tokens_per_unit,
    )
