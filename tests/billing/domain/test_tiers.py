"""Whatever the tiers are said to have served, their sum is all traffic, and nothing is below zero."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.dimensions import Tier
from billing.domain.tiers import TIER_OF, TierDoubt, divide

FLEX, PRIORITY, RESERVED, STANDARD = Tier.FLEX, Tier.PRIORITY, Tier.RESERVED, Tier.STANDARD


@pytest.mark.parametrize(
    ("total", "told", "served", "doubt"),
    [
        (100, {}, {STANDARD: 100}, None),
        (100, {FLEX: 30}, {STANDARD: 70, FLEX: 30}, None),
        (100, {FLEX: 30, PRIORITY: 70}, {STANDARD: 0, FLEX: 30, PRIORITY: 70}, None),
        (0, {}, {STANDARD: 0}, None),
        (100, {FLEX: 200}, {FLEX: 100}, TierDoubt.TIERS_EXCEED_TOTAL),
        (10, {FLEX: 10, PRIORITY: 10}, {FLEX: 5, PRIORITY: 5}, TierDoubt.TIERS_EXCEED_TOTAL),
        (1, {PRIORITY: 1, FLEX: 1}, {FLEX: 1, PRIORITY: 0}, TierDoubt.TIERS_EXCEED_TOTAL),
        (0, {FLEX: 5}, {FLEX: 0}, TierDoubt.TIERS_EXCEED_TOTAL),  # zero was told, and the total wins
        (None, {FLEX: 5}, {FLEX: 5}, TierDoubt.TOTAL_MISSING),  # nothing was told: what is known is kept
        (None, {FLEX: 0}, {FLEX: 0}, None),
    ],
)
def test_the_total_is_divided(
    total: int | None, told: dict[Tier, int], served: dict[Tier, int], doubt: TierDoubt | None
) -> None:
    assert divide(total, told) == (served, doubt)


@given(st.integers(0, 10**15), st.dictionaries(st.sampled_from([FLEX, PRIORITY, RESERVED]), st.integers(0, 10**15)))
def test_the_tiers_add_up_to_the_total(total: int, told: dict[Tier, int]) -> None:
    served, doubt = divide(total, told)
    assert sum(served.values()) == total
    assert all(count >= 0 for count in served.values())
    assert all(served[tier] <= count for tier, count in told.items())
    assert (doubt is None) == (sum(told.values()) <= total)
    if doubt is None:
        assert all(served[tier] == count for tier, count in told.items())


def test_standard_is_no_tier_that_is_asked_for() -> None:
    assert STANDARD not in TIER_OF.values()
