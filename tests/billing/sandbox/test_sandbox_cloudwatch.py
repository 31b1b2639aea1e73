"""The sandbox's CloudWatch answers as CloudWatch does, also where that is awkward."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.factories.aws import (
    HOUR,
    MEMBER_ROLE,
    NOW,
    SONNET,
    Aws,
    ask,
    code_of,
    one,
    query,
    running_aws,
)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with running_aws(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


@pytest.fixture(autouse=True)
def _calm(aws: Aws) -> None:
    aws.control.clear_faults()
    aws.control.set_now(NOW)


def test_hours_equal_the_published_truth(aws: Aws) -> None:
    day = (NOW - 24 * HOUR).date()
    rows = aws.control.truth(day, day + timedelta(days=1), granularity="hour")["rows"]
    wanted = {
        datetime.fromisoformat(row["period"]): row["tokens"]["input"]
        for row in rows
        if (row["account"], row["region"], row["aws_model_id"]) == ("111122223333", "us-east-1", SONNET)
    }
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)

    found = one(aws.client("cloudwatch"), start=start, end=start + 24 * HOUR)

    assert len(found) >= 20
    assert {stamp: value for stamp, value in found.items() if value} == {k: v for k, v in wanted.items() if v}


def test_the_end_is_exclusive_and_buckets_lie_on_the_clock(aws: Aws) -> None:
    start = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)

    assert list(one(aws.client("cloudwatch"), start=start, end=start + 2 * HOUR)) == [start + HOUR, start]
    assert list(one(aws.client("cloudwatch"), start=start + HOUR / 2, end=start + HOUR)) == [start]


def test_minutes_and_days_add_up_to_the_same(aws: Aws) -> None:
    client = aws.client("cloudwatch")
    start = datetime(2026, 11, 20, tzinfo=UTC)
    totals = {
        period: sum(one(client, period=period, start=start, end=start + 24 * HOUR).values())
        for period in (60, 300, 3600, 86_400)
    }

    assert len(set(totals.values())) == 1
    assert totals[60] > 0


def test_newest_comes_first_unless_asked_otherwise(aws: Aws) -> None:
    client = aws.client("cloudwatch")
    down = list(ask(client, query())["q1"])
    up = list(ask(client, query(), ScanBy="TimestampAscending")["q1"])

    assert down == sorted(down, reverse=True)
    assert up == sorted(up)


def test_nothing_is_told_of_the_last_minutes(aws: Aws) -> None:
    found = one(aws.client("cloudwatch"), period=60, start=NOW - HOUR, end=NOW)

    assert max(found) == NOW - timedelta(minutes=6)


@pytest.mark.parametrize(
    "strange",
    [
        {"dimensions": {}},
        {"dimensions": {"ModelId": SONNET, "ServiceTier": "default"}},
        {"dimensions": {"ModelId": "unknown"}},
        {"unit": "Bytes"},
        {"name": "inputtokencount"},
        {"namespace": "AWS/bedrock"},
    ],
)
def test_what_does_not_match_exactly_has_no_data_and_no_error(aws: Aws, strange: dict[str, Any]) -> None:
    assert one(aws.client("cloudwatch"), **strange) == {}


def test_a_matching_unit_and_the_other_statistics_work(aws: Aws) -> None:
    found = ask(
        aws.client("cloudwatch"),
        query(query_id="sum", unit="Count"),
        query(query_id="count", stat="SampleCount"),
        query(query_id="mean", stat="Average"),
        query("Invocations", query_id="calls"),
    )

    assert found["count"] == found["calls"]
    for stamp, mean in found["mean"].items():
        assert mean == found["sum"][stamp] / max(found["count"][stamp], 1)


@pytest.mark.parametrize(("period", "days"), [(60, 15), (300, 63), (3600, 455)])
def test_finer_points_are_kept_for_less_long(aws: Aws, period: int, days: int) -> None:
    aws.control.set_now(NOW + timedelta(days=500))
    now = NOW + timedelta(days=500)
    client = aws.client("cloudwatch")
    edge = now - timedelta(days=days)
    coarser = {60: 300, 300: 3600}.get(period)
    times = {"start": edge - timedelta(days=2), "end": edge + timedelta(days=2)}

    found = one(client, period=period, **times)

    assert found
    assert min(found) >= edge
    if coarser:
        assert min(one(client, period=coarser, **times)) < edge


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"period": 61}, "ValidationError"),
        ({"period": 90_000}, "ValidationError"),
        ({"period": 10}, "SandboxNotImplemented"),
        ({"stat": "Median"}, "ValidationError"),
        ({"stat": "p95"}, "SandboxNotImplemented"),
        ({"query_id": "Upper"}, "ValidationError"),
        ({"ReturnData": False}, "ValidationError"),
        ({"AccountId": "444455556666"}, "AccessDenied"),
        ({"Label": "${PROP('Region')}"}, "SandboxNotImplemented"),
    ],
)
def test_bad_queries_are_refused(aws: Aws, bad: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        ask(aws.client("cloudwatch"), query(**bad))

    assert code_of(refused.value) == code


@pytest.mark.parametrize(
    "expression", ["SEARCH('{AWS/Bedrock,ModelId} InputTokenCount','Sum',3600)", "q1*2", "SELECT SUM(x) FROM y"]
)
def test_expressions_are_refused_and_never_answered_with_nothing(aws: Aws, expression: str) -> None:
    with pytest.raises(ClientError, match="SandboxNotImplemented"):
        ask(aws.client("cloudwatch"), query(), {"Id": "e1", "Expression": expression})


def test_five_hundred_queries_are_answered_and_one_more_is_not(aws: Aws) -> None:
    client = aws.client("cloudwatch")
    queries = [query(query_id=f"q{number}") for number in range(501)]

    assert len(ask(client, *queries[:500], start=NOW - 3 * HOUR)) == 500
    with pytest.raises(ClientError, match="must not have a size greater than 500"):
        ask(client, *queries)


def test_periods_upside_down_empty_and_doubled_queries_are_refused(aws: Aws) -> None:
    client = aws.client("cloudwatch")
    for queries, times in (
        ([query()], {"start": NOW, "end": NOW}),
        ([], {}),
        ([query(), query()], {}),
        ([{"Id": "q1"}], {}),
        ([{**query(), "Expression": "q2"}], {}),
    ):
        with pytest.raises(ClientError, match="ValidationError"):
            ask(client, *queries, **times)


def test_datapoints_are_paged_and_every_page_together_is_the_whole(aws: Aws) -> None:
    client = aws.client("cloudwatch")
    queries = [query(query_id="a"), query("OutputTokenCount", query_id="b"), query("Invocations", query_id="c")]
    whole = ask(client, *queries)
    page = client.get_metric_data(MetricDataQueries=queries, StartTime=NOW - 24 * HOUR, EndTime=NOW, MaxDatapoints=30)

    assert ask(client, *queries, MaxDatapoints=7) == whole
    assert sum(len(result["Values"]) for result in page["MetricDataResults"]) == 30
    assert [result["StatusCode"] for result in page["MetricDataResults"]] == ["Complete", "PartialData", "PartialData"]


def test_a_page_mark_belongs_to_its_question(aws: Aws) -> None:
    client = aws.client("cloudwatch")
    times = {"StartTime": NOW - 24 * HOUR, "EndTime": NOW, "MaxDatapoints": 5}
    mark = client.get_metric_data(MetricDataQueries=[query()], **times)["NextToken"]

    for changed in ({"MetricDataQueries": [query("Invocations")], **times, "NextToken": mark},):
        with pytest.raises(ClientError, match="ValidationError"):
            client.get_metric_data(**changed)
    with pytest.raises(ClientError, match="ValidationError"):
        client.get_metric_data(MetricDataQueries=[query()], **times, NextToken="forged")


def test_throttling_strikes_as_often_as_asked(aws: Aws) -> None:
    aws.control.put_fault("GetMetricData", "throttle", count=2)
    client = aws.client("cloudwatch")

    for _ in range(2):
        with pytest.raises(ClientError) as refused:
            one(client)
        assert code_of(refused.value) == "Throttling"
    assert one(client)


def test_failures_delays_and_every_nth_call_can_be_had(aws: Aws) -> None:
    client = aws.client("cloudwatch")
    aws.control.put_fault("ListMetrics", "error", count=1)
    with pytest.raises(ClientError) as refused:
        client.list_metrics()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500

    aws.control.clear_calls()
    aws.control.put_fault("ListMetrics", "throttle", every=3)
    outcomes = []
    for _ in range(6):
        try:
            client.list_metrics()
            outcomes.append("ok")
        except ClientError as error:
            outcomes.append(code_of(error))
    assert outcomes == ["ok", "ok", "Throttling"] * 2
    assert aws.control.calls() == {"ListMetrics": 6}


def test_a_fault_can_be_meant_for_one_role(aws: Aws) -> None:
    aws.control.put_fault("*", "throttle", role_arn=MEMBER_ROLE)

    assert one(aws.client("cloudwatch"))
    with pytest.raises(ClientError, match="Throttling"):
        one(aws.client("cloudwatch", role_arn=MEMBER_ROLE))


def test_partial_data_is_marked_and_whole_when_asked_again(aws: Aws) -> None:
    client = aws.client("cloudwatch")
    aws.control.put_fault("GetMetricData", "partial_data", count=1)
    question = {"MetricDataQueries": [query()], "StartTime": NOW - 24 * HOUR, "EndTime": NOW}

    first = client.get_metric_data(**question)["MetricDataResults"][0]
    second = client.get_metric_data(**question)["MetricDataResults"][0]

    assert (first["StatusCode"], second["StatusCode"]) == ("PartialData", "Complete")
    assert len(first["Values"]) < len(second["Values"])


def test_the_last_hour_may_arrive_late(aws: Aws) -> None:
    client = aws.client("cloudwatch")
    whole = one(client)
    aws.control.put_fault("GetMetricData", "late_data", hours=1, share=0.5)
    early = one(client)
    last = datetime(2026, 11, 24, 5, tzinfo=UTC)

    assert 0 < early[last] < whole[last]
    assert {stamp: early[stamp] for stamp in early if stamp < last} == {
        stamp: whole[stamp] for stamp in whole if stamp < last
    }


def test_a_month_of_a_hundred_series_is_quick(aws: Aws) -> None:
    client = aws.client("cloudwatch")
    metrics = client.list_metrics(Namespace="AWS/Bedrock")["Metrics"][:100]
    queries = [
        {"Id": f"q{number}", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Sum"}}
        for number, metric in enumerate(metrics)
    ]
    answer = client.get_metric_data(
        MetricDataQueries=queries, StartTime=NOW - timedelta(days=30), EndTime=NOW, ScanBy="TimestampAscending"
    )

    assert sum(len(result["Values"]) for result in answer["MetricDataResults"]) > 50_000
