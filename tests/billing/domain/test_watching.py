"""Which metrics a reading asks for, how often the limit allows it, and that what was not asked for is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from billing.domain.collection import DAILY
from billing.domain.connections import USD_PER_METRIC
from billing.domain.dimensions import Namespace, Routing, SeriesKey, Tier
from billing.domain.periods import HOUR
from billing.domain.records import TokenCounts, UsageRecord
from billing.domain.watching import (
    HIGHEST_LIMIT_USD,
    SILENT_AFTER,
    Measure,
    ModelName,
    WatchedMetric,
    WatchingLimitOutOfRange,
    WatchPlan,
    Weight,
    check_limit,
    default_limit,
    keep_unasked,
    metrics_to_ask,
    plan_watching,
    weigh,
)

NOW = datetime(2026, 11, 20, 14, 7, tzinfo=UTC)
START = NOW - 4 * HOUR
LONG_AGO = NOW - timedelta(days=90)
NOVA = ModelName("us-east-1", Namespace.BEDROCK, "amazon.nova-pro-v1:0")
SERIES = SeriesKey(
    aws_account_id="111122223333",
    aws_region="us-east-1",
    namespace=Namespace.BEDROCK,
    aws_model_id="amazon.nova-pro-v1:0",
    model_id="nova-pro",
    publisher="Amazon",
    routing=Routing.IN_REGION,
    tier=Tier.STANDARD,
    inference_profile_id="",
    project="",
)
READ, OTHER_READ = "CacheReadInputTokenCount", "CacheReadInputTokens"


def metric(name: str, *, silent_for: timedelta | None = HOUR, tier: str = "", **fields: object) -> WatchedMetric:
    last = None if silent_for is None else NOW - silent_for
    made = WatchedMetric(
        model=NOVA,
        name=name,
        service_tier=tier,
        resolved_service_tier=tier,
        first_seen_at=LONG_AGO,
        last_data_at=last,
    )
    return replace(made, **fields)  # type: ignore[arg-type] # the fields of the dataclass


def asked(*metrics: WatchedMetric) -> set[tuple[str, str]]:
    chosen = metrics_to_ask(metrics, often={Measure(NOVA, one.quantity) for one in metrics}, start=START, now=NOW)
    return {(one.name, one.service_tier) for one in chosen}


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ([metric("Invocations"), metric("InputTokenCount")], {"Invocations", "InputTokenCount"}),
        # Errors move no money: once a day.
        ([metric("OutputTokenCount"), metric("InvocationThrottles")], {"OutputTokenCount"}),
        # What was silent for days is asked for once a day, and again as soon as AWS lists it as active.
        ([metric("OutputTokenCount", silent_for=SILENT_AFTER)], set()),
        ([metric("OutputTokenCount", silent_for=SILENT_AFTER, is_recent=True)], {"OutputTokenCount"}),
        ([metric("OutputTokenCount", is_recent=False)], set()),
        # Nobody has asked for it yet.
        ([metric("OutputTokenCount", silent_for=None, first_seen_at=NOW)], {"OutputTokenCount"}),
        ([metric("OutputTokenCount", silent_for=None)], set()),
        # Of two spellings the live one.
        ([metric(READ), metric(OTHER_READ)], {READ}),
        ([metric(READ, silent_for=SILENT_AFTER), metric(OTHER_READ)], {OTHER_READ}),
        ([metric(READ, is_recent=True), metric(OTHER_READ, is_recent=True)], {READ}),
        # An account that changes to the other spelling: both, until its hours are read again no more.
        ([metric(READ, first_seen_at=NOW, is_recent=True), metric(OTHER_READ, is_recent=True)], {READ, OTHER_READ}),
    ],
)
def test_a_reading_asks_for_what_moves_money_and_speaks(metrics: list[WatchedMetric], expected: set[str]) -> None:
    """Of steipete/CodexBar#3387: watching Bedrock has a price of its own, which nobody had budgeted."""
    assert {name for name, _ in asked(*metrics)} == expected


def test_a_model_that_is_not_read_often_is_not_asked_for() -> None:
    assert metrics_to_ask([metric("Invocations")], often=set(), start=START, now=NOW) == ()


def test_a_tier_that_was_heard_lately_comes_along_with_the_total_that_it_divides() -> None:
    total, flex = metric("InputTokenCount", is_recent=True), metric("InputTokenCount", tier="flex", is_recent=False)
    assert asked(total, flex, metric("OutputTokenCount", tier="flex")) == {
        ("InputTokenCount", ""),
        ("InputTokenCount", "flex"),
    }
    silent = replace(flex, last_data_at=NOW - SILENT_AFTER)
    assert asked(total, silent) == {("InputTokenCount", "")}
    assert asked(total, replace(silent, is_recent=True)) == {("InputTokenCount", ""), ("InputTokenCount", "flex")}


def weight(index: int, cost: str, *, is_new: bool = False) -> Weight:
    name = ModelName("us-east-1", Namespace.BEDROCK, f"m{index}")
    return Weight(measure=Measure(name, "input"), cost=Decimal(cost), metrics=4, is_new=is_new)


FEW = [weight(0, "90"), weight(1, "6"), weight(2, "4")]
DAILY_USD = 27 * USD_PER_METRIC  # of all metrics of the three, once a day
HOURLY_USD = 96 * USD_PER_METRIC  # of one of the three, every hour of a day


def planned(limit: Decimal, *, spent: str = "0", weights: list[Weight] = FEW) -> WatchPlan:
    return plan_watching(
        weights,
        metrics=9 * len(weights),
        limit_usd=limit,
        spent_usd=Decimal(spent),
        bill_usd_a_day=Decimal("0.01"),
        days_left=Decimal(30),
    )


@pytest.mark.parametrize(
    ("a_day", "every_hours", "often"),
    [
        (DAILY_USD + 3 * HOURLY_USD, 1, {"m0", "m1", "m2"}),
        (DAILY_USD + 2 * HOURLY_USD, 1, {"m0", "m1"}),  # 96 % of the spend
        (DAILY_USD + HOURLY_USD, 2, {"m0", "m1"}),
        (DAILY_USD + HOURLY_USD / 2, 4, {"m0", "m1"}),
        (DAILY_USD + HOURLY_USD / 6, 12, {"m0", "m1"}),
        (DAILY_USD + HOURLY_USD / 8, DAILY, set()),
        (DAILY_USD, DAILY, set()),
        (Decimal(0), DAILY, set()),
    ],
)
def test_the_rest_of_the_limit_decides_how_often_the_most_of_the_spend_is_read(
    a_day: Decimal, every_hours: int, often: set[str]
) -> None:
    plan = planned((a_day + Decimal("0.01")) * 30)
    assert (plan.every_hours, {measure.model.aws_model_id for measure in plan.often}) == (every_hours, often)
    assert plan.is_degraded == (every_hours > 1)
    assert plan.is_over_limit == (a_day == 0)
    if not plan.is_over_limit:
        assert plan.expected_usd <= plan.limit_usd


def test_what_was_spent_already_is_not_there_any_more() -> None:
    limit = (DAILY_USD + 2 * HOURLY_USD + Decimal("0.01")) * 30
    assert planned(limit).every_hours == 1
    assert planned(limit, spent="0.01").every_hours > 1
    assert planned(limit, spent="9").every_hours == DAILY
    assert planned(limit, spent="9").expected_usd == 9 + (DAILY_USD + Decimal("0.01")) * 30


def test_a_new_model_comes_first_since_nobody_knows_what_it_spends() -> None:
    plan = planned(
        (DAILY_USD + 9 * USD_PER_METRIC + 2 * HOURLY_USD + 1) * 30, weights=[*FEW, weight(3, "0", is_new=True)]
    )
    assert "m3" in {measure.model.aws_model_id for measure in plan.often}


def test_what_costs_is_weighed_against_the_metrics_that_it_takes() -> None:
    costs = {Measure(NOVA, "input"): Decimal(3), Measure(NOVA, "cache_read"): Decimal(1)}
    told = [
        metric("Invocations"),
        metric("InputTokenCount"),
        metric("InputTokenCount", tier="flex"),
        metric(READ),
        metric(OTHER_READ),
        metric("OutputTokenCount", silent_for=SILENT_AFTER),
        metric("InvocationThrottles"),
    ]
    weights = {one.measure.quantity: (one.cost, one.metrics, one.is_new) for one in weigh(told, costs, now=NOW)}
    assert weights == {
        "invocations": (Decimal(0), 1, False),
        "input": (Decimal(3), 2, False),
        "cache_read": (Decimal(1), 1, False),
    }
    (new,) = weigh([metric("InputTokenCount", silent_for=None, first_seen_at=NOW)], {}, now=NOW)
    assert new.is_new


@pytest.mark.parametrize(("bill_a_day", "limit"), [("0", "1.00"), ("0.01", "1.30"), ("0.05", "2.50")])
def test_a_new_connection_may_cost_a_dollar_and_what_its_bill_takes(bill_a_day: str, limit: str) -> None:
    assert default_limit(Decimal(bill_a_day)) == Decimal(limit)


def test_an_account_without_spend_is_read_as_far_as_there_is_room() -> None:
    assert planned(Decimal(1), weights=[]).share == 0
    assert planned(Decimal(1), weights=[weight(0, "0")]).share == 1


@pytest.mark.parametrize("amount", ["-0.01", "NaN", "Infinity", str(HIGHEST_LIMIT_USD + 1)])
def test_a_limit_is_an_amount(amount: str) -> None:
    with pytest.raises(WatchingLimitOutOfRange):
        check_limit(Decimal(amount))


def test_a_limit_is_kept_in_cents() -> None:
    assert check_limit(Decimal("1.005")) == Decimal("1.00")


def test_what_a_reading_did_not_ask_for_keeps_what_is_stored() -> None:
    tier = replace(SERIES, tier=Tier.FLEX)
    stored = [
        UsageRecord(SERIES, START, 5, TokenCounts(input=10, output=7, cache_read=3), 1, 2, 3),
        UsageRecord(SERIES, START + HOUR, 1, TokenCounts(input=1)),
        UsageRecord(tier, START, 9, TokenCounts(input=9)),
    ]
    told = [UsageRecord(SERIES, START, 6, TokenCounts(input=12, output=8))]
    asked_for = {SERIES: {"invocations", "input", "output"}}
    assert keep_unasked(told, stored, asked_for) == [
        UsageRecord(SERIES, START, 6, TokenCounts(input=12, output=8, cache_read=3), 1, 2, 3)
    ]
    everything = {SERIES: {*TokenCounts._fields, "invocations", "client_errors", "server_errors", "throttles"}}
    assert keep_unasked(told, stored, everything) == told
