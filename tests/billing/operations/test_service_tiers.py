"""Flex and priority are stored as such, the rest as standard, all traffic once; what is odd is told by the run."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.tenancy.context import tenant_transaction
from billing.adapters.aws import cloudwatch
from billing.adapters.aws.cloudwatch import Metric, MetricSums
from billing.domain.collection import ConnectionKind, Source
from billing.domain.connections import CLOUDWATCH_READINGS_A_DAY, DAYS_PER_MONTH, USD_PER_METRIC
from billing.domain.dimensions import Basis, Dimension
from billing.models import AwsConnection, CollectionRun, ObservedMetric
from billing.operations.collection import Outcome, reopen_windows
from billing.queries.costs import SpendQuestion, list_spend
from billing.queries.usage import list_usage
from billing.queries.watching import get_watching
from billing.sandbox.control import Control
from tests.billing.operations.conftest import TODAY, Ticking, collect, connect, hours, plan, today, window
from tests.servers import SANDBOX_NOW

pytestmark = pytest.mark.usefixtures("acme")


def question(*group_by: Dimension, **filters: tuple[str, ...]) -> SpendQuestion:
    return SpendQuestion(
        basis=Basis.RATED,
        start=TODAY,
        end=SANDBOX_NOW,
        group_by=group_by,
        filters={Dimension(name): values for name, values in filters.items()},
    )


def used(*group_by: Dimension) -> dict[tuple[str | None, ...], tuple[int, int]]:
    with tenant_transaction():
        rows = list_usage(question(*group_by)).rows
        return {row.key: (row.tokens.input, row.tokens.output) for row in rows if not isinstance(row.tokens, int)}


def last_run() -> CollectionRun:
    with tenant_transaction():
        run = CollectionRun.objects.filter(window__source=Source.CLOUDWATCH).latest("id")
        assert run.outcome == "STORED"
        return run


def sum_of_metrics() -> int:
    with tenant_transaction():
        return sum(CollectionRun.objects.values_list("metrics_requested", flat=True))


def told_today(aws: Control, region: str) -> list[dict[str, Any]]:
    whole = SANDBOX_NOW.replace(minute=0)
    rows = aws.truth(TODAY.date(), TODAY.date().replace(day=TODAY.day + 1), granularity="hour")
    found: list[dict[str, Any]] = [*rows["rows"], *rows["orphaned"]]
    return [
        row
        for row in found
        if row["region"] == region and row["namespace"] and row["period"] < whole.strftime("%Y-%m-%dT%H:%M:%SZ")
    ]


@pytest.mark.usefixtures("connection_id")
def test_each_tier_has_what_it_served_and_all_traffic_is_there_once(aws: Control, clock: Ticking) -> None:
    assert collect(today(clock).pk, clock) is Outcome.STORED
    expected: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in told_today(aws, "us-east-1"):
        if row["account"] == "111122223333":
            for at, name in enumerate(("input", "output")):
                expected[row["tier"].upper()][at] += row["tokens"][name]
    assert set(expected) == {"STANDARD", "FLEX", "PRIORITY"}
    assert used(Dimension.TIER) == {(tier,): (*counts,) for tier, counts in expected.items()}
    assert {(model, tier) for model, tier in used(Dimension.MODEL, Dimension.TIER) if tier != "STANDARD"} == {
        ("nova-pro", "PRIORITY"),
        ("qwen3-32b", "FLEX"),
        ("qwen3-32b", "PRIORITY"),
    }
    assert last_run().notes == last_run().rejected == []


@pytest.mark.usefixtures("connection_id")
def test_a_sum_is_the_same_however_it_is_grouped(clock: Ticking) -> None:
    collect(today(clock).pk, clock)
    (whole,) = used().values()
    with tenant_transaction():
        (spent,) = list_spend(question()).rows
    for group_by in ((Dimension.TIER,), (Dimension.MODEL,), (Dimension.TIER, Dimension.MODEL, Dimension.AWS_ACCOUNT)):
        parts = used(*group_by).values()
        assert (sum(part[0] for part in parts), sum(part[1] for part in parts)) == whole
        with tenant_transaction():
            assert sum(row.cost for row in list_spend(question(*group_by)).rows) == spent.cost
    with tenant_transaction():
        (flex,) = list_spend(question(Dimension.MODEL, tier=("FLEX",))).rows
        by_model = list_spend(question(Dimension.MODEL, Dimension.TIER, model=("qwen3-32b",))).rows
    assert (flex.key, flex.tokens_unpriced) == (("qwen3-32b",), 0)
    assert 0 < flex.cost < sum(row.cost for row in by_model)


@pytest.mark.usefixtures("connection_id")
def test_reading_twice_gives_the_same_rows(clock: Ticking) -> None:
    due = today(clock)
    collect(due.pk, clock)
    before = hours()
    clock.pass_time(hours=1)
    plan(clock)
    assert collect(due.pk, clock) is Outcome.STORED
    again = hours()
    assert again[: len(before)] == before
    assert len(again) > len(before)


@pytest.mark.usefixtures("connection_id")
def test_a_tier_that_was_silent_for_two_weeks_is_still_asked_for(
    clock: Ticking, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = today(clock)
    collect(due.pk, clock)
    before, asked = hours(), last_run().metrics_requested

    def only_totals(*args: Any, **options: Any) -> tuple[Metric, ...]:
        return tuple(metric for metric in cloudwatch.list_metrics(*args, **options) if len(metric.dimensions) == 1)

    monkeypatch.setattr("billing.operations.metrics.list_metrics", only_totals)
    clock.pass_time(hours=15, minutes=6)  # the day's last reading asks for everything
    plan(clock)
    collect(due.pk, clock)
    assert set(before) <= set(hours())  # and the late days before
    assert last_run().metrics_requested == asked
    assert last_run().is_whole


@pytest.mark.usefixtures("connection_id")
def test_a_series_that_wakes_up_unnoticed_is_filled_by_the_days_last_reading(
    clock: Ticking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """steipete/CodexBar#3387: asking for less must save the customer's money and lose nothing."""
    due = today(clock)
    listed = cloudwatch.list_metrics

    def without_qwen(*args: Any, **options: Any) -> tuple[Metric, ...]:
        return tuple(one for one in listed(*args, **options) if "qwen" not in str(one.dimensions))

    monkeypatch.setattr("billing.operations.metrics.list_metrics", without_qwen)
    collect(due.pk, clock)
    everything = last_run()
    assert not [key for key in used(Dimension.MODEL) if "qwen" in str(key[0])]
    clock.pass_time(hours=1)
    plan(clock)
    collect(due.pk, clock)
    hourly = last_run()
    assert (everything.is_whole, hourly.is_whole) == (True, False)
    assert 0 < hourly.metrics_requested < everything.metrics_requested * 2 / 3
    monkeypatch.setattr("billing.operations.metrics.list_metrics", listed)
    clock.pass_time(hours=14, minutes=6)
    plan(clock)
    collect(due.pk, clock)
    found = hours()
    assert [key for key in used(Dimension.MODEL) if "qwen" in str(key[0])]
    # Whatever was asked for when: the day is the same as if all of it had been read at once.
    reopen_windows(start=TODAY, end=TODAY + timedelta(hours=1), now=clock())
    collect(due.pk, clock)
    assert hours() == found
    with tenant_transaction():
        watching = get_watching(last_run().window.connection_id, now=clock())
    metered = {call.operation: call for call in watching.calls if call.source is Source.CLOUDWATCH}
    assert metered["cloudwatch:GetMetricData"].metrics == sum_of_metrics()
    assert metered["cloudwatch:ListMetrics"].requests >= 8
    assert watching.plan.spent_usd == sum_of_metrics() * USD_PER_METRIC < watching.plan.limit_usd


@pytest.mark.usefixtures("connection_id")
def test_a_set_of_dimensions_that_nobody_has_seen_is_noted_and_not_added(
    clock: Ticking, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = today(clock)
    collect(due.pk, clock)
    before, asked = hours(), last_run().metrics_requested

    def with_news(*args: Any, **options: Any) -> tuple[Metric, ...]:
        listed = cloudwatch.list_metrics(*args, **options)
        news = [replace(m, dimensions=(*m.dimensions, ("Something", "new"))) for m in listed if len(m.dimensions) == 1]
        return (*listed, *news)

    monkeypatch.setattr("billing.operations.metrics.list_metrics", with_news)
    clock.pass_time(hours=1)
    plan(clock)
    assert collect(due.pk, clock) is Outcome.STORED
    run = last_run()
    assert hours()[: len(before)] == before
    assert run.metrics_requested < asked
    assert run.notes == [
        {"reason": "UNKNOWN_DIMENSIONS", "raw": "AWS/Bedrock ModelId + Something"},
        {"reason": "UNKNOWN_DIMENSIONS", "raw": "AWS/BedrockMantle Model + Something"},
        {"reason": "UNKNOWN_DIMENSIONS", "raw": "AWS/BedrockMantle Project + Something"},
    ]


@pytest.mark.usefixtures("connection_id")
def test_tiers_that_tell_more_than_the_total_get_no_more_than_the_total(
    clock: Ticking, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = today(clock)
    collect(due.pk, clock)
    right = used(Dimension.MODEL)
    fetch = cloudwatch.fetch_sums

    def exaggerating(*args: Any, **kwargs: Any) -> tuple[MetricSums, ...]:
        return tuple(_times(item, 7 if len(item.metric.dimensions) > 1 else 1) for item in fetch(*args, **kwargs))

    monkeypatch.setattr("billing.operations.usage.fetch_sums", exaggerating)
    clock.pass_time(seconds=5)
    reopen_windows(start=TODAY, end=None, now=clock())
    assert collect(due.pk, clock) is Outcome.STORED
    assert used(Dimension.MODEL) == right
    notes = last_run().notes
    assert {note["reason"] for note in notes} == {"TIERS_EXCEED_TOTAL"}
    assert any(note["raw"].startswith("qwen.qwen3-32b-v1:0 input: ") for note in notes)
    assert used(Dimension.MODEL, Dimension.TIER)["qwen3-32b", "FLEX"][0] > 0


def _times(item: MetricSums, factor: int) -> MetricSums:
    return replace(item, sums=tuple(value * factor for value in item.sums))


@pytest.mark.usefixtures("aws")
def test_watching_costs_what_is_asked_and_the_tiers_are_in_it(clock: Ticking) -> None:
    connection_id = connect(clock, kind=ConnectionKind.MEMBER, aws_regions=("us-east-1",))
    collect(today(clock).pk, clock)
    run = last_run()
    with tenant_transaction():
        told = AwsConnection.objects.get(id=connection_id).polling_usd_per_month
        of_tiers = ObservedMetric.objects.exclude(resolved_service_tier="").count()
        whole = ObservedMetric.objects.count()
    assert told is not None
    expected = run.metrics_requested * CLOUDWATCH_READINGS_A_DAY * DAYS_PER_MONTH * USD_PER_METRIC
    assert abs(told - expected) < Decimal("0.001")
    assert run.metrics_requested == whole
    assert 0 < of_tiers < whole / 5
    assert (run.cost_explorer_requests, run.aws_charge_usd) == (0, run.metrics_requested * USD_PER_METRIC)


@pytest.mark.usefixtures("connection_id")
def test_the_tiers_of_the_past_are_looked_for_with_the_silent_models(
    clock: Ticking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billing.operations.metrics.list_metrics", lambda *_args, **_options: ())
    plan(clock)
    assert collect(window(Source.INVENTORY, TODAY).pk, clock) is Outcome.STORED
    assert collect(window(Source.CLOUDWATCH, TODAY).pk, clock) is Outcome.STORED
    assert {("qwen3-32b", "FLEX"), ("qwen3-32b", "PRIORITY"), ("nova-pro", "PRIORITY")} <= set(
        used(Dimension.MODEL, Dimension.TIER)
    )
