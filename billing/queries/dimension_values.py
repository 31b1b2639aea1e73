"""The values that a dimension has in the organization, for filters, and what people call them."""

from __future__ import annotations

from collections.abc import Mapping

from accounts.queries.cost_centers import list_cost_centers
from billing.domain.dimensions import Basis, Dimension, Provider, Routing, Tier, TokenClass
from billing.models import BilledSeries
from billing.queries.catalog import list_foundation_models, names_of
from billing.queries.usage import list_known_values

FIXED = {
    Dimension.PROVIDER: tuple(Provider),
    Dimension.TOKEN_CLASS: tuple(TokenClass),
    Dimension.ROUTING: tuple(Routing),
    Dimension.TIER: tuple(Tier),
}
BILLED_COLUMNS = {
    Dimension.AWS_ACCOUNT: "aws_account_id",
    Dimension.SERVICE: "service",
    Dimension.USAGE_TYPE: "usage_type",
}
# Dimensions whose facts may lack a value.
MAY_LACK = frozenset({Dimension.COST_CENTER, Dimension.MODEL, Dimension.PUBLISHER})


def list_dimension_values(dimension: Dimension, basis: Basis) -> tuple[str, ...]:
    """Return the values that facts of a basis can be filtered by, in the order of their text."""
    if dimension in FIXED:
        return tuple(value.value for value in FIXED[dimension])
    if dimension is Dimension.COST_CENTER:
        return tuple(sorted(center.code for center in list_cost_centers(retired=True)))
    if basis is Basis.BILLED:
        column = BILLED_COLUMNS[dimension]
        return tuple(sorted(BilledSeries.objects.values_list(column, flat=True).distinct()))
    return list_known_values(dimension)


def list_value_names() -> Mapping[Dimension, Mapping[str, str]]:
    """Return the names that organizations and the catalog gave to values; others stand for themselves."""
    return {
        Dimension.COST_CENTER: {center.code: center.name for center in list_cost_centers(retired=True)},
        Dimension.MODEL: names_of(list_foundation_models()),
    }
