"""What a line of a bill is read as, whoever billed it: the columns that stand beside its identity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from billing.domain.catalog import ModelCatalog
from billing.domain.dimensions import ChargeCategory, CostHeading, Provider
from billing.domain.parsing.usage_types import parse_usage_type

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


def read_bill_line(key: BilledKey, catalog: ModelCatalog) -> LineReading:
    """Read a line of a bill. Never raises: what is not understood is under the heading of the unrecognised."""
    if key.provider != Provider.AWS_BEDROCK:
        return LineReading(aws_region=key.region_told)
    read = parse_usage_type(key.usage_type, key.service, catalog)
    heading = read.heading
    if heading is CostHeading.UNRECOGNIZED and key.charge_category not in OF_SOMETHING:
        heading = CostHeading.OTHER
    return LineReading(
        aws_region=key.region_told or read.aws_region,
        model_id=read.model_id,
        publisher=read.publisher,
        token_class=read.token_class or "",
        tier=read.tier or "",
        routing_class=read.routing_class or "",
        context_band=read.context_band or "",
        heading=heading,
        tokens_per_unit=read.tokens_per_unit,
    )
