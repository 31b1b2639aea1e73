"""Finds metrics by ListMetrics and fetches their hourly sums by GetMetricData: exact queries, all pages, no search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing.adapters.aws.errors import Denied, Unavailable, aws_errors
from billing.adapters.aws.sessions import Role, client
from billing.domain.connections import Charge

# GetMetricData takes at most 500 queries and answers at most 100,800 values a page (API reference).
QUERIES_PER_CALL = 500
HOUR_SECONDS = 3600
DAY_SECONDS = 86400
LIST_METRICS = "cloudwatch:ListMetrics"
GET_METRIC_DATA = "cloudwatch:GetMetricData"
COMPLETE = "Complete"
# What one result says about itself besides Complete and PartialData (more on the next page).
FAILED_STATES = {"InternalError": Unavailable, "Forbidden": Denied}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric of one dimension set, dimensions sorted by name."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSums:
    """What a metric added up to in each period that holds data; a period without data is absent."""

    metric: Metric
    starts: tuple[datetime, ...]
    sums: tuple[float, ...]


def list_metrics(role: Role, aws_region: str, namespace: str, *, is_recent: bool = False) -> tuple[Metric, ...]:
    """Return every metric of a namespace that had data in the last two weeks, or three hours, of every dimension set."""
    found: list[Metric] = []
    age = {"RecentlyActive": "PT3H"} if is_recent else {}
    with aws_errors(LIST_METRICS):
        paginator = client(role, "cloudwatch", aws_region).get_paginator("list_metrics")
        for page in paginator.paginate(Namespace=namespace, **age):
            found.extend(_metric(item) for item in page["Metrics"])
    return tuple(found)


def fetch_sums(
    role: Role,
    aws_region: str,
    metrics: Sequence[Metric],
    start: datetime,
    end: datetime,
    *,
    charge: Charge,
    period_seconds: int = HOUR_SECONDS,
) -> tuple[MetricSums, ...]:
    """Return the sums of at most 500 metrics, each complete.

    Raises Unavailable when AWS ends its pages with a result that is not complete: partial data is never taken for
    the whole, since what is missing would be stored as zero.
    """
    assert 0 < len(metrics) <= QUERIES_PER_CALL
    charge.metrics += len(metrics)
    request: dict[str, Any] = {
        "MetricDataQueries": [_query(index, metric, period_seconds) for index, metric in enumerate(metrics)],
        "StartTime": start,
        "EndTime": end,
        "ScanBy": "TimestampAscending",
    }
    starts: list[list[datetime]] = [[] for _ in metrics]
    sums: list[list[float]] = [[] for _ in metrics]
    states = [COMPLETE] * len(metrics)
    for result in _results(client(role, "cloudwatch", aws_region), request):
        index = int(result["Id"][1:])
        starts[index].extend(result["Timestamps"])
        sums[index].extend(result["Values"])
        states[index] = result["StatusCode"]
    if any(state != COMPLETE for state in states):
        raise Unavailable(action=GET_METRIC_DATA, code="PARTIAL_DATA")
    return tuple(
        MetricSums(metric=metric, starts=tuple(starts[index]), sums=tuple(sums[index]))
        for index, metric in enumerate(metrics)
    )


def _results(cloudwatch: Any, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    while True:
        with aws_errors(GET_METRIC_DATA):
            answer = cloudwatch.get_metric_data(**request)
        for result in answer["MetricDataResults"]:
            _refuse_failure(result)
            yield result
        if not answer.get("NextToken"):
            return
        request = {**request, "NextToken": answer["NextToken"]}


def _refuse_failure(result: dict[str, Any]) -> None:
    kind = FAILED_STATES.get(result["StatusCode"])
    if kind is not None:
        messages = "; ".join(message.get("Value", "") for message in result.get("Messages", []))
        raise kind(action=GET_METRIC_DATA, code=result["StatusCode"], detail=messages)


def _query(index: int, metric: Metric, period_seconds: int) -> dict[str, Any]:
    # No Unit: one that does not match answers "no data", without an error. No Expression: a search cannot see what was
    # silent for two weeks, and is charged for everything it matches.
    return {
        "Id": f"q{index}",
        "MetricStat": {
            "Metric": {
                "Namespace": metric.namespace,
                "MetricName": metric.name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
            },
            "Period": period_seconds,
            "Stat": "Sum",
        },
        "ReturnData": True,
    }


def _metric(item: dict[str, Any]) -> Metric:
    dimensions = sorted((pair["Name"], pair["Value"]) for pair in item.get("Dimensions", []))
    return Metric(namespace=item["Namespace"], name=item["MetricName"], dimensions=tuple(dimensions))
