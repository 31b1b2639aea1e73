"""Metric pages become records: one dimension level, one spelling, whole numbers, and what is wrong is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.dimensions import Namespace, Routing, SeriesKey, Tier
from billing.domain.parsing.cloudwatch import (
    METRICS,
    Counted,
    MetricData,
    RejectedDatapoint,
    Remark,
    counted,
    dimensions_of,
    metric_names,
    parse,
    remarks,
)
from billing.domain.records import TokenCounts, UsageRecord
from billing.domain.tiers import TierDoubt

DAY = datetime(2026, 11, 1, tzinfo=UTC)
END = DAY + timedelta(days=1)


def series(namespace: Namespace = Namespace.BEDROCK, aws_model_id: str = "amazon.nova-pro-v1:0") -> SeriesKey:
    return SeriesKey(
        aws_account_id="111111111111",
        aws_region="us-east-1",
        namespace=namespace,
        aws_model_id=aws_model_id,
        model_id="nova-pro",
        publisher="Amazon",
        routing=Routing.IN_REGION,
    )


def page(metric: str, *values: float, start: datetime = DAY, of: SeriesKey | None = None) -> MetricData:
    hours = [start + timedelta(hours=index) for index in range(len(values))]
    return MetricData(series=of or series(), metric=metric, timestamps=hours, values=values)


def read(*pages: MetricData) -> tuple[tuple[UsageRecord, ...], list[str]]:
    found = parse(pages, start=DAY, end=END)
    assert found.notes == ()
    return found.records, [item.reason for item in found.rejected]


def test_the_metrics_of_an_hour_become_one_record() -> None:
    records, rejected = read(
        page("Invocations", 10.0),
        page("InvocationClientErrors", 1.0),
        page("InvocationServerErrors", 2.0),
        page("InvocationThrottles", 3.0),
        page("InputTokenCount", 12_345_678.0),
        page("OutputTokenCount", 4.0),
        page("CacheReadInputTokenCount", 5.0),
        page("CacheWriteInputTokens", 6.0),
    )
    assert rejected == []
    assert records == (
        UsageRecord(
            series=series(),
            hour=DAY,
            invocations=10,
            tokens=TokenCounts(input=12_345_678, output=4, cache_read=5, cache_write=6),
            client_errors=1,
            server_errors=2,
            throttles=3,
        ),
    )


def test_the_other_endpoint_has_other_names_for_the_same() -> None:
    mantle = series(Namespace.MANTLE, "openai.gpt-oss-120b")
    records, rejected = read(
        page("Inferences", 2.0, of=mantle),
        page("TotalInputTokens", 30.0, of=mantle),
        page("TotalOutputTokens", 40.0, of=mantle),
        page("InferenceClientErrors", 1.0, of=mantle),
    )
    assert rejected == []
    assert records == (UsageRecord(mantle, DAY, 2, TokenCounts(input=30, output=40), client_errors=1),)


def test_pages_of_one_metric_are_laid_together_and_hours_come_in_order() -> None:
    later = DAY + timedelta(hours=2)
    records, _ = read(page("InputTokenCount", 3.0, start=later), page("InputTokenCount", 1.0, 2.0))
    assert [(record.hour, record.tokens.input) for record in records] == [
        (DAY, 1),
        (DAY + timedelta(hours=1), 2),
        (later, 3),
    ]


def test_hours_in_which_nothing_happened_leave_no_record() -> None:
    assert read(page("Invocations", 0.0, 1.0))[0] == (UsageRecord(series(), DAY + timedelta(hours=1), 1),)


def test_times_are_kept_in_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    (record,), _ = read(page("Invocations", 1.0, start=datetime(2026, 11, 1, 12, tzinfo=tokyo)))
    assert record.hour == datetime(2026, 11, 1, 3, tzinfo=UTC)
    assert record.hour.tzinfo is UTC


@pytest.mark.parametrize(
    ("documented", "observed", "expected", "reasons"),
    [
        ((7.0,), (), 7, []),
        ((), (8.0,), 8, []),
        ((0.0,), (8.0,), 8, []),
        ((7.0,), (0.0,), 7, []),
        ((7.0,), (7.0,), 7, []),  # never added
        ((7.0,), (8.0,), 8, [RejectedDatapoint.SPELLINGS_DISAGREE]),
    ],
)
@pytest.mark.parametrize("what", ["Read", "Write"])
def test_both_spellings_of_a_cache_metric_are_taken_and_never_added(
    documented: tuple[float, ...], observed: tuple[float, ...], expected: int, reasons: list[str], what: str
) -> None:
    (record,), rejected = read(
        page(f"Cache{what}InputTokens", *documented), page(f"Cache{what}InputTokenCount", *observed)
    )
    assert record.tokens.cache_read + record.tokens.cache_write == expected
    assert rejected == reasons


@pytest.mark.parametrize("value", [-1.0, 1.5, float("nan"), float("inf"), float("-inf"), 2.0**53 + 2])
def test_what_is_no_count_is_rejected_and_the_others_go_on(value: float) -> None:
    records, rejected = read(page("InputTokenCount", value, 5.0))
    assert [record.tokens.input for record in records] == [5]
    assert rejected == [RejectedDatapoint.NOT_A_COUNT]


@pytest.mark.parametrize(
    ("timestamp", "reason"),
    [
        (DAY.replace(minute=30), RejectedDatapoint.NOT_AN_HOUR),
        (DAY.replace(tzinfo=None), RejectedDatapoint.NOT_AN_HOUR),
        (END, RejectedDatapoint.OUTSIDE_WINDOW),
        (DAY - timedelta(hours=1), RejectedDatapoint.OUTSIDE_WINDOW),
    ],
)
def test_what_is_no_hour_of_the_window_is_rejected(timestamp: datetime, reason: RejectedDatapoint) -> None:
    assert read(page("Invocations", 1.0, start=timestamp)) == ((), [reason])


def test_one_hour_told_twice_counts_once_and_complains_when_it_differs() -> None:
    same = page("Invocations", 4.0)
    assert read(same, same) == ((UsageRecord(series(), DAY, 4),), [])
    assert read(same, page("Invocations", 5.0)) == ((UsageRecord(series(), DAY, 4),), [RejectedDatapoint.TOLD_TWICE])


def test_an_answer_of_the_wrong_shape_is_rejected_as_a_whole() -> None:
    uneven = MetricData(series=series(), metric="Invocations", timestamps=[DAY], values=[1.0, 2.0])
    assert read(uneven, page("Latency", 1.0)) == (
        (),
        [RejectedDatapoint.UNEVEN_ANSWER, RejectedDatapoint.UNKNOWN_METRIC],
    )
    (_, rejected, _) = parse([page("Latency", 1.0)], start=DAY, end=END)
    assert rejected[0].raw == "AWS/Bedrock us-east-1 amazon.nova-pro-v1:0 Latency"


FLEX = {"ModelId": "m", "ServiceTier": "flex", "ResolvedServiceTier": "flex"}
FELL_BACK = {"ModelId": "m", "ServiceTier": "priority", "ResolvedServiceTier": "default"}
NEW_TIER = {"ModelId": "m", "ServiceTier": "turbo", "ResolvedServiceTier": "turbo"}


@pytest.mark.parametrize(
    ("namespace", "metric", "dimensions", "expected"),
    [
        ("AWS/Bedrock", "InputTokenCount", {"ModelId": "m"}, Counted(aws_model_id="m")),
        (
            "AWS/Bedrock",
            "InputTokenCount",
            FLEX,
            Counted(aws_model_id="m", service_tier="flex", resolved_service_tier="flex"),
        ),
        ("AWS/Bedrock", "InputTokenCount", FELL_BACK, None),  # what is left of the total
        ("AWS/Bedrock", "InputTokenCount", NEW_TIER, None),
        ("AWS/Bedrock", "InputTokenCount", {"ModelId": "m", "ResolvedServiceTier": "flex"}, None),
        ("AWS/Bedrock", "InputTokenCount", {"ModelId": "m", "Something": "s"}, None),
        ("AWS/Bedrock", "InputTokenCount", {}, None),
        ("AWS/Bedrock", "InvocationLatency", {"ModelId": "m"}, None),
        ("AWS/BedrockMantle", "TotalInputTokens", {"Model": "m"}, Counted(aws_model_id="m")),
        ("AWS/BedrockMantle", "TotalInputTokens", FLEX, None),
        ("AWS/BedrockMantle", "TotalInputTokens", {"Model": "m", "Project": "p"}, None),
        ("AWS/BedrockMantle", "InputTokens", {"Model": "m", "Project": "p"}, None),
        ("AWS/Bedrock/Agents", "InputTokenCount", {"ModelId": "m"}, None),
        ("AWS/Bedrock/Batch", "NumberOfInputTokensProcessedPerMinute", {"ModelId": "m"}, None),
    ],
)
def test_one_set_of_dimensions_is_counted_in_each_namespace_and_agents_never(
    namespace: str, metric: str, dimensions: dict[str, str], expected: Counted | None
) -> None:
    assert counted(namespace, metric, dimensions) == expected
    if expected is not None:
        assert dimensions_of(Namespace(namespace), expected) == dimensions


def test_dimensions_that_nobody_has_seen_are_left_out_and_noted_once() -> None:
    listed = [
        ("AWS/Bedrock", "InputTokenCount", {"ModelId": "m", "Something": "s"}),
        ("AWS/Bedrock", "OutputTokenCount", {"ModelId": "n", "Something": "t"}),
        ("AWS/Bedrock", "InputTokenCount", NEW_TIER),
        ("AWS/BedrockMantle", "TotalInputTokens", FLEX),
    ]
    assert [(note.reason, note.raw) for note in remarks(listed)] == [
        (Remark.UNKNOWN_DIMENSIONS, "AWS/Bedrock ModelId + Something"),
        (Remark.UNKNOWN_TIER, "AWS/Bedrock ResolvedServiceTier=turbo"),
        (Remark.UNKNOWN_DIMENSIONS, "AWS/BedrockMantle ModelId + ResolvedServiceTier + ServiceTier"),
    ]


def test_what_aws_documents_is_not_worth_a_note() -> None:
    documented = [
        ("AWS/Bedrock", "InputTokenCount", {"ModelId": "m"}),
        ("AWS/Bedrock", "InputTokenCount", FLEX),
        ("AWS/Bedrock", "InputTokenCount", FELL_BACK),
        ("AWS/Bedrock", "InvocationLatency", {"ModelId": "m", "Something": "s"}),  # nothing that counts
        ("AWS/Bedrock/Agents", "InputTokenCount", {"Operation": "o"}),
        ("AWS/BedrockMantle", "TotalInputTokens", {}),
        ("AWS/BedrockMantle", "TotalInputTokens", {"Model": "m", "Project": "p"}),
    ]
    assert remarks(documented) == ()


def tier(of: Tier, metric: str, *values: float, asked: str, start: datetime = DAY) -> MetricData:
    hours = [start + timedelta(hours=index) for index in range(len(values))]
    return MetricData(
        series=replace(series(), tier=of), metric=metric, timestamps=hours, values=values, service_tier=asked
    )


def test_what_the_tiers_leave_of_the_total_is_standard_and_hours_before_them_are_as_they_were() -> None:
    records, rejected = read(
        page("InputTokenCount", 100.0, 100.0, 100.0),
        page("CacheReadInputTokenCount", 0.0, 9.0),
        tier(Tier.FLEX, "InputTokenCount", 30.0, 100.0, asked="flex", start=DAY + timedelta(hours=1)),
        tier(Tier.PRIORITY, "InputTokenCount", 20.0, asked="priority", start=DAY + timedelta(hours=1)),
        tier(Tier.PRIORITY, "CacheReadInputTokens", 9.0, asked="priority", start=DAY + timedelta(hours=1)),
    )
    assert rejected == []
    assert [(record.series.tier, record.hour.hour, record.tokens) for record in records] == [
        (Tier.STANDARD, 0, TokenCounts(input=100)),
        (Tier.STANDARD, 1, TokenCounts(input=50)),
        (Tier.FLEX, 1, TokenCounts(input=30)),
        (Tier.FLEX, 2, TokenCounts(input=100)),
        (Tier.PRIORITY, 1, TokenCounts(input=20, cache_read=9)),
    ]


def test_a_tier_that_served_what_was_asked_of_several_is_their_sum() -> None:
    records, rejected = read(
        page("Invocations", 10.0),
        tier(Tier.FLEX, "Invocations", 3.0, asked="flex"),
        tier(Tier.FLEX, "Invocations", 4.0, asked="default"),
    )
    assert rejected == []
    assert [(record.series.tier, record.invocations) for record in records] == [(Tier.STANDARD, 3), (Tier.FLEX, 7)]


def test_tiers_that_exceed_the_total_share_it_and_the_run_says_so() -> None:
    found = parse(
        [
            page("InputTokenCount", 100.0, 10.0),
            tier(Tier.FLEX, "InputTokenCount", 100.0, 20.0, asked="flex"),
            tier(Tier.PRIORITY, "InputTokenCount", 50.0, asked="priority"),
        ],
        start=DAY,
        end=END,
    )
    assert [(record.series.tier, record.hour.hour, record.tokens.input) for record in found.records] == [
        (Tier.FLEX, 0, 67),
        (Tier.FLEX, 1, 10),
        (Tier.PRIORITY, 0, 33),
    ]
    (note,) = found.notes
    assert note.reason == TierDoubt.TIERS_EXCEED_TOTAL
    assert note.raw == "amazon.nova-pro-v1:0 input: 170 by tier, 110 in all, 2 h from 2026-11-01T00:00:00+00:00"


def test_tiers_without_a_total_are_kept_and_the_run_says_so() -> None:
    found = parse([tier(Tier.FLEX, "InputTokenCount", 7.0, asked="flex")], start=DAY, end=END)
    assert [(record.series.tier, record.tokens.input) for record in found.records] == [(Tier.FLEX, 7)]
    assert [note.reason for note in found.notes] == [TierDoubt.TOTAL_MISSING]


def test_every_metric_is_asked_for_in_all_its_spellings() -> None:
    assert set(metric_names(Namespace.BEDROCK)) >= {"CacheReadInputTokens", "CacheReadInputTokenCount"}
    assert len(metric_names(Namespace.BEDROCK)) == 10
    assert len(metric_names(Namespace.MANTLE)) == 4


@given(
    st.lists(
        st.tuples(
            st.sampled_from(metric_names(Namespace.BEDROCK)),
            st.integers(-2, 26),
            st.one_of(st.integers(0, 10**9).map(float), st.floats(allow_nan=True)),
        ),
        max_size=30,
    )
)
def test_whatever_comes_no_token_is_counted_twice_or_below_zero(points: list[tuple[str, int, float]]) -> None:
    pages = [page(metric, value, start=DAY + timedelta(hours=hour)) for metric, hour, value in points]
    records, rejected, _ = parse(pages, start=DAY, end=END)
    assert len({(record.series, record.hour) for record in records}) == len(records)
    largest: dict[Any, float] = {}
    for metric, hour, value in points:
        if value == value and 0 <= value < float("inf"):  # noqa: PLR0124 - not NaN
            for quantity, spellings in METRICS[Namespace.BEDROCK].items():
                if metric in spellings:
                    largest[quantity, hour] = max(largest.get((quantity, hour), 0), value)
    for record in records:
        hour = int((record.hour - DAY) / timedelta(hours=1))
        assert 0 <= hour < 24
        for quantity in ("input", "output", "cache_read", "cache_write"):
            assert 0 <= getattr(record.tokens, quantity) <= largest.get((quantity, hour), 0)
    assert len(rejected) <= 2 * len(points)
