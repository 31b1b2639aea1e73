"""The sandbox's CloudWatch answers as CloudWatch does, also where that is awkward."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.factories.aws import MEMBER_ROLE, NOW, PAYER_ROLE, Aws, code_of, running_aws

HOUR = timedelta(hours=1)
SONNET = "global.anthropic.claude-sonnet-4-5-20250929-v1:0"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with running_aws(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


@pytest.fixture(autouse=True)
def _calm(aws: Aws) -> None:
    aws.control.clear_faults()
    aws.control.set_now(NOW)


def query(
    name: str = "InputTokenCount",
    *,
    query_id: str = "q1",
    dimensions: dict[str, str] | None = None,
    namespace: str = "AWS/Bedrock",
    period: int = 3600,
    stat: str = "Sum",
    **more: Any,
) -> dict[str, Any]:
    own = {"ModelId": SONNET} if dimensions is None else dimensions
    metric = {
        "Namespace": namespace,
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in own.items()],
    }
    unit = {"Unit": more.pop("unit")} if "unit" in more else {}
    return {"Id": query_id, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat, **unit}, **more}


def ask(
    client: Any, *queries: dict[str, Any], start: datetime = NOW - 24 * HOUR, end: datetime = NOW, **more: Any
) -> dict[str, dict[datetime, float]]:
    """All pages, merged by id."""
    answer: dict[str, dict[datetime, float]] = {}
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=list(queries), StartTime=start, EndTime=end, **more
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            points = answer.setdefault(result["Id"], {})
            stamps = [stamp.astimezone(UTC) for stamp in result["Timestamps"]]
            points.update(zip(stamps, result["Values"], strict=True))
    return answer


def one(client: Any, **more: Any) -> dict[datetime, float]:
    times = {name: more.pop(name) for name in ("start", "end") if name in more}
    return ask(client, query(**more), **times)["q1"]


def listed(client: Any, **filters: Any) -> list[tuple[str, str, dict[str, str]]]:
    pages = client.get_paginator("list_metrics").paginate(**filters)
    return [
        (row["Namespace"], row["MetricName"], {pair["Name"]: pair["Value"] for pair in row["Dimensions"]})
        for page in pages
        for row in page["Metrics"]
    ]


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


def test_metrics_are_listed_in_pages(aws: Aws) -> None:
    client = aws.client("cloudwatch")
    whole = listed(client)
    aws.control.set_page_size("ListMetrics", 50)
    paged = listed(client)
    aws.control.set_page_size("ListMetrics", 500)

    assert paged == whole
    assert len(whole) > 200
    assert {namespace for namespace, _, _ in whole} == {
        "AWS/Bedrock",
        "AWS/BedrockMantle",
        "AWS/Bedrock/Agents",
        "AWS/Bedrock/Guardrails",
    }


def test_listing_narrows_by_name_and_dimension(aws: Aws) -> None:
    client = aws.client("cloudwatch")
    found = listed(
        client,
        Namespace="AWS/Bedrock",
        MetricName="InputTokenCount",
        Dimensions=[{"Name": "ModelId", "Value": SONNET}],
    )

    assert [dimensions for _, _, dimensions in found] == [
        {"ModelId": SONNET},
        {"ModelId": SONNET, "ResolvedServiceTier": "default", "ServiceTier": "default"},
    ]


def test_a_metric_silent_for_two_weeks_vanishes_but_its_data_remains(aws: Aws) -> None:
    deleted = next(row for row in aws.control.series() if not row["alive"])
    own = {"ModelId": deleted["inference_profile_id"]}
    filters = {"Namespace": "AWS/Bedrock", "Dimensions": [{"Name": "ModelId", "Value": own["ModelId"]}]}
    client = aws.client("cloudwatch", deleted["region"])
    ten_days_later = listed(client, **filters)
    aws.control.set_now(NOW + timedelta(days=5))
    client = aws.client("cloudwatch", deleted["region"])

    assert ten_days_later
    assert listed(client, **filters) == []
    assert sum(one(client, dimensions=own, start=NOW - timedelta(days=30)).values()) > 0


def test_recently_active_means_three_hours(aws: Aws) -> None:
    client = aws.client("cloudwatch", "eu-central-1")
    lately = listed(client, RecentlyActive="PT3H")

    assert 0 < len(lately) < len(listed(client))


def test_the_cache_metrics_are_spelled_by_account_and_once_both_ways(aws: Aws) -> None:
    def spellings(region: str, role_arn: str) -> set[str]:
        rows = listed(aws.client("cloudwatch", region, role_arn=role_arn), Namespace="AWS/Bedrock")
        return {name for _, name, _ in rows if name.startswith("CacheRead")}

    assert spellings("us-east-1", PAYER_ROLE) == {"CacheReadInputTokens"}
    assert spellings("us-east-1", MEMBER_ROLE) == {"CacheReadInputTokenCount"}
    assert spellings("eu-central-1", PAYER_ROLE) == {"CacheReadInputTokens", "CacheReadInputTokenCount"}
    profile = next(row for row in aws.control.series() if row["series"] == "p-euc1-sonnet45-geo-support")
    own = {"ModelId": profile["aws_model_id"]}
    client = aws.client("cloudwatch", "eu-central-1")
    assert one(client, name="CacheReadInputTokens", dimensions=own) == one(
        client, name="CacheReadInputTokenCount", dimensions=own
    )


def test_mantle_tells_the_same_inferences_at_four_levels(aws: Aws) -> None:
    client = aws.client("cloudwatch")
    rows = listed(client, Namespace="AWS/BedrockMantle", MetricName="TotalInputTokens")
    sums: dict[tuple[str, ...], float] = {}
    for _, name, dimensions in rows:
        total = sum(one(client, name=name, namespace="AWS/BedrockMantle", dimensions=dimensions).values())
        level = tuple(sorted(dimensions))
        sums[level] = sums.get(level, 0) + total

    assert set(sums) == {(), ("Model",), ("Project",), ("Model", "Project")}
    assert len(set(sums.values())) == 1


def test_agents_repeat_tokens_and_tiers_duplicate_them(aws: Aws) -> None:
    client = aws.client("cloudwatch")
    rows = listed(client, Namespace="AWS/Bedrock/Agents", MetricName="InputTokenCount")
    model = rows[0][2]["ModelId"]

    repeated = one(client, namespace="AWS/Bedrock/Agents", dimensions=rows[0][2])
    again = one(client, dimensions={"ModelId": model, "ServiceTier": "default", "ResolvedServiceTier": "default"})

    assert repeated == again == one(client, dimensions={"ModelId": model})


def test_an_account_sees_itself_and_a_region_only(aws: Aws) -> None:
    member = aws.client("cloudwatch", role_arn=MEMBER_ROLE)
    elsewhere = aws.client("cloudwatch", "eu-west-1")

    assert one(member) != one(aws.client("cloudwatch"))
    assert listed(elsewhere) == []
    assert one(elsewhere) == {}


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
