"""The values that dimensions have in the organization, for filters, and what people call them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.queries.cost_centers import list_cost_centers
from billing.domain.dimensions import NO_MODEL, Basis, Dimension, Provider, Routing, Tier, TokenClass
from billing.models import BilledSeries, UsageSeries
from billing.queries.catalog import list_foundation_models, names_of

RATED_COLUMNS = {
    Dimension.MODEL: "model_id",
    Dimension.PUBLISHER: "publisher",
    Dimension.AWS_REGION: "aws_region",
    Dimension.AWS_ACCOUNT: "aws_account_id",
}
BILLED_COLUMNS = {
    Dimension.MODEL: "model_id",
    Dimension.PUBLISHER: "publisher",
    Dimension.AWS_REGION: "aws_region",
    Dimension.AWS_ACCOUNT: "aws_account_id",
    Dimension.SERVICE: "service",
    Dimension.USAGE_TYPE: "usage_type",
    Dimension.TOKEN_CLASS: "token_class",
    Dimension.TIER: "tier",
    Dimension.ROUTING: "routing_class",
    Dimension.HEADING: "heading",
    Dimension.CHARGE_CATEGORY: "charge_category",
}
FIXED = {Dimension.PROVIDER: tuple(Provider)}
FIXED_RATED = {
    **FIXED,
    Dimension.TOKEN_CLASS: tuple(TokenClass),
    Dimension.ROUTING: tuple(Routing),
    Dimension.TIER: tuple(Tier),
}
# Dimensions whose facts may lack a value: of a bill, all that is read out of its usage types.
MAY_LACK = {
    Basis.RATED: frozenset({Dimension.COST_CENTER, Dimension.MODEL, Dimension.PUBLISHER}),
    Basis.BILLED: frozenset(
        {
            Dimension.COST_CENTER,
            Dimension.MODEL,
            Dimension.PUBLISHER,
            Dimension.AWS_REGION,
            Dimension.TOKEN_CLASS,
            Dimension.TIER,
            Dimension.ROUTING,
        }
    ),
}
# Of a bill also what has no model, and so no publisher: guardrails, knowledge bases.
WITHOUT_MODEL = (Dimension.MODEL, Dimension.PUBLISHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionValues:
    """Every value by dimension, in the order of their text, and the names of those that have one."""

    known: Mapping[Dimension, tuple[str, ...]]
    names: Mapping[Dimension, Mapping[str, str]]


def list_dimension_values(basis: Basis) -> DimensionValues:
    """Return what facts of a basis can be filtered by."""
    centers = {center.code: center.name for center in list_cost_centers(retired=True)}
    is_rated = basis is Basis.RATED
    columns, fixed = (RATED_COLUMNS, FIXED_RATED) if is_rated else (BILLED_COLUMNS, FIXED)
    rows = (UsageSeries if is_rated else BilledSeries).objects.values_list(*columns.values()).distinct()
    held = list(rows)
    known = {
        dimension: tuple(sorted({row[index] for row in held if row[index]})) for index, dimension in enumerate(columns)
    }
    named = {Dimension.COST_CENTER: centers, Dimension.MODEL: names_of(list_foundation_models())}
    if not is_rated:
        known.update({dimension: (*known[dimension], NO_MODEL) for dimension in WITHOUT_MODEL})
    told = {dimension: tuple(value.value for value in values) for dimension, values in fixed.items()}
    return DimensionValues(known={**known, **told, Dimension.COST_CENTER: tuple(sorted(centers))}, names=named)
