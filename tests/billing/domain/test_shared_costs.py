"""Shared cost is given away in parts that add up to the last digit, and stays where it is when there is nothing to go by."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.domain.errors import CallerError
from billing.domain.periods import Month
from billing.domain.shared_costs import (
    MetricMissing,
    MonthsReversed,
    PercentagesWrong,
    PoolHasASplit,
    PoolReceives,
    PoolsInACircle,
    SharesMissing,
    SharesTooMany,
    Split,
    SplitMethod,
    Weights,
    check_split,
    distribute,
)
from billing.domain.statements import NOBODY, build_statements, statement_of, whole

OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)
NO_WEIGHTS = Weights(direct_cost={}, tokens={}, metrics={})


def split(method: SplitMethod = SplitMethod.DIRECT_COST, **given_fields: object) -> Split:
    usual: dict[str, object] = {"id": 1, "name": "Platform", "pool_id": 9, "shares": {1: None, 2: None}}
    return Split(method=method, **{**usual, **given_fields})  # type: ignore[arg-type] # a test's shorthand


@pytest.mark.parametrize(
    ("method", "shares", "expected"),
    [
        (SplitMethod.FIXED, {1: Decimal("33.333333"), 2: Decimal("66.666667")}, ("33.333333", "66.666667")),
        (SplitMethod.DIRECT_COST, {1: None, 2: None}, ("25", "75")),
        (SplitMethod.TOKENS, {1: None, 2: None}, ("80", "20")),
        (SplitMethod.METRIC, {1: None, 2: None}, ("0", "100")),
        (SplitMethod.METRIC, {1: None}, ()),
    ],
)
def test_a_pool_is_distributed_by_its_method(
    method: SplitMethod, shares: dict[int, Decimal | None], expected: tuple[str, ...]
) -> None:
    weights = Weights(
        direct_cost={1: Decimal(1), 2: Decimal(3)}, tokens={1: 800, 2: 200}, metrics={("orders", 2): Decimal(7)}
    )
    parts = distribute(Decimal(100), split(method, shares=shares, metric="orders"), weights)
    assert tuple(part.amount for part in parts) == tuple(Decimal(text) for text in expected)


@given(
    st.decimals(min_value=-1000, max_value=10**9, places=18),
    st.lists(st.decimals(min_value=0, max_value=10**6, places=9), min_size=2, max_size=6),
)
def test_statements_add_up_to_what_was_read_to_the_last_digit(pool: Decimal, own: list[Decimal]) -> None:
    direct = {center: {"claude": cost} for center, cost in enumerate(own, start=1)}
    direct |= {99: {"claude": pool}, NOBODY: {"nova": Decimal("0.000000000000000001")}}
    weights = Weights(direct_cost=dict(enumerate(own, start=1)), tokens={}, metrics={})
    shared = split(pool_id=99, shares=dict.fromkeys(range(1, len(own) + 1)))
    built = build_statements(direct, [shared], weights)
    assert whole(built) == sum(own) + pool + Decimal("0.000000000000000001")
    if sum(own):
        assert statement_of(built, 99).total == 0
    for one in built:
        assert one.total == one.direct_total + one.shared_total


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (split(shares={}), SharesMissing),
        (split(shares=dict.fromkeys(range(201))), SharesTooMany),
        (split(shares={9: None}), PoolReceives),
        (split(first_month=NOVEMBER, last_month=OCTOBER), MonthsReversed),
        (split(SplitMethod.METRIC), MetricMissing),
        (split(SplitMethod.FIXED, shares={1: Decimal(99)}), PercentagesWrong),
        (split(id=2), PoolHasASplit),
        (split(id=2, pool_id=1, shares={3: None}), PoolsInACircle),
        (split(id=2, pool_id=3, shares={9: None}), PoolsInACircle),
    ],
)
def test_a_split_that_cannot_be_is_refused(wrong: Split, error: type[CallerError]) -> None:
    with pytest.raises(error):
        check_split(wrong, [split()])


def test_splits_of_other_months_do_not_meet() -> None:
    check_split(split(id=2, first_month=NOVEMBER), [split(last_month=OCTOBER)])
    assert split(first_month=NOVEMBER).covers(NOVEMBER)
    assert not split(last_month=OCTOBER).covers(NOVEMBER)


def test_a_rounded_statement_says_what_its_lines_lack() -> None:
    (one,) = build_statements({1: {"a": Decimal("0.4"), "b": Decimal("0.4")}}, [], NO_WEIGHTS)
    assert one.rounding(0) == 1
