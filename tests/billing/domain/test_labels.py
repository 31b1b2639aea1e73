"""Every code that people see has words."""

from __future__ import annotations

from billing.domain.collection import ConnectionKind
from billing.domain.dimensions import (
    BilledTokenClass,
    ChargeCategory,
    CostHeading,
    Dimension,
    RoutingClass,
    Tier,
    TokenClass,
)
from billing.domain.labels import (
    BILLED_TOKEN_CLASS_LABELS,
    CHARGE_CATEGORY_LABELS,
    CONNECTION_KIND_LABELS,
    DIMENSION_LABELS,
    HEADING_LABELS,
    PRICED_CLASSES,
    ROUTING_CLASS_LABELS,
    TIER_LABELS,
    TOKEN_CLASS_LABELS,
)


def test_every_code_has_a_label() -> None:
    assert set(TOKEN_CLASS_LABELS) == set(TokenClass)
    assert set(BILLED_TOKEN_CLASS_LABELS) == set(BilledTokenClass)
    assert set(HEADING_LABELS) == set(CostHeading)
    assert set(CHARGE_CATEGORY_LABELS) == set(ChargeCategory)
    assert set(DIMENSION_LABELS) == set(Dimension)
    assert set(PRICED_CLASSES) == set(TokenClass) - {TokenClass.CACHE_WRITE}
    assert set(ROUTING_CLASS_LABELS) == set(RoutingClass)
    assert set(TIER_LABELS) == set(Tier)
    assert set(CONNECTION_KIND_LABELS) == set(ConnectionKind)
