"""CloudWatch: ListMetrics, and GetMetricData with exact MetricStat queries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np

from billing.sandbox.errors import AwsError, NotStaged, validation_error
from billing.sandbox.metrics import MetricKey, MetricSource, until
from billing.sandbox.service import Context, make_token, read_token, without
from billing.sandbox.traffic import Floats, Ints

MAX_QUERIES: Final = 500
MAX_DATAPOINTS: Final = 100_800
LONGEST_PERIOD: Final = 86_400
LIST_PAGE: Final = 500
SILENT_AFTER: Final = timedelta(weeks=2)
RECENT: Final = timedelta(hours=3)
RETENTION: Final = ((3600, timedelta(days=455)), (300, timedelta(days=63)), (60, timedelta(days=15)))
QUERY_ID: Final = re.compile(r"^[a-z][a-zA-Z0-9_]*$")
STATISTICS: Final = ("Sum", "SampleCount", "Average")
KNOWN_STATISTIC: Final = re.compile(
    r"^(Sum|SampleCount|Average|Minimum|Maximum|IQM|(p|tm|wm|tc|ts|pr)\d{0,2}(\.\d+)?|(PR|TM|TC|TS|WM)\(.+\))$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One MetricStat query, checked."""

    id: str
    label: str
    key: MetricKey
    period: int
    statistic: str
    unit: str | None
    returned: bool


def get_metric_data(context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
    start, end = parameters["StartTime"], parameters["EndTime"]
    questions = _questions(context, parameters["MetricDataQueries"])
    if start >= end:
        raise validation_error("The parameter StartTime must be less than the parameter EndTime.")
    for name in ("LabelOptions",):
        if name in parameters:
            raise NotStaged(f"GetMetricData with {name}")
    series = [_answer(context, question, start, end) for question in questions if question.returned]
    if parameters.get("ScanBy", "TimestampDescending") == "TimestampDescending":
        series = [(stamps[::-1], values[::-1]) for stamps, values in series]
    asked = [question for question in questions if question.returned]
    if context.fault("partial_data"):
        return _partial(asked, series)
    return _page(context, parameters, asked, series)


def _questions(context: Context, queries: list[dict[str, Any]]) -> list[Question]:
    if not queries:
        raise validation_error("The collection MetricDataQueries must not be empty.")
    if len(queries) > MAX_QUERIES:
        raise validation_error(f"The collection MetricDataQueries must not have a size greater than {MAX_QUERIES}.")
    questions = [_question(context, query) for query in queries]
    if len({question.id for question in questions}) < len(questions):
        raise validation_error("The values for parameter id in MetricDataQueries are not unique.")
    if not any(question.returned for question in questions):
        raise validation_error("At least one query must have ReturnData set to true.")
    return questions


def _question(context: Context, query: dict[str, Any]) -> Question:
    if not QUERY_ID.match(query["Id"]):
        raise validation_error(
            f"The value {query['Id']} for parameter MetricDataQueries.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."
        )
    if ("Expression" in query) == ("MetricStat" in query):
        raise validation_error("Exactly one of the parameters Expression and MetricStat must be provided.")
    if "Expression" in query:
        raise NotStaged(f"the expression {query['Expression']!r} (SEARCH, metric math, Metrics Insights)")
    if query.get("AccountId", context.caller.account) != context.caller.account:
        raise AwsError("AccessDenied", "This account is no monitoring account of the account asked for.", status=403)
    if "${" in query.get("Label", ""):
        raise NotStaged("dynamic labels")
    statistic = query["MetricStat"]
    return Question(
        id=query["Id"],
        label=query.get("Label") or statistic["Metric"].get("MetricName", ""),
        key=_key(context, statistic["Metric"]),
        period=_period(statistic["Period"]),
        statistic=_statistic(statistic["Stat"]),
        unit=statistic.get("Unit"),
        returned=query.get("ReturnData", True),
    )


def _key(context: Context, metric: dict[str, Any]) -> MetricKey:
    for name in ("Namespace", "MetricName"):
        if not metric.get(name):
            raise validation_error(f"The parameter MetricStat.Metric.{name} is required.")
    dimensions = tuple(sorted((row["Name"], row["Value"]) for row in metric.get("Dimensions", ())))
    if len({name for name, _ in dimensions}) < len(dimensions):
        raise validation_error("A dimension name must not be given twice.")
    caller = context.caller
    return MetricKey(caller.account, caller.region, metric["Namespace"], metric["MetricName"], dimensions)


def _period(period: int) -> int:
    if period in {1, 5, 10, 20, 30}:
        raise NotStaged("high-resolution periods")
    if period <= 0 or period % 60:
        raise validation_error("The parameter MetricStat.Period must be 1, 5, 10, 20, 30, or a multiple of 60.")
    if period > LONGEST_PERIOD:
        raise validation_error("The parameter MetricStat.Period must be at most 86400.")
    return period


def _statistic(statistic: str) -> str:
    if statistic in STATISTICS:
        return statistic
    if KNOWN_STATISTIC.match(statistic):
        raise NotStaged(f"the statistic {statistic}")
    raise validation_error(f"The value {statistic} for parameter MetricStat.Stat is not supported.")


def _answer(context: Context, question: Question, start: datetime, end: datetime) -> tuple[Ints, Floats]:
    """Timestamps and values of the buckets that exist; buckets lie on the clock, the end is exclusive."""
    source = context.world.snapshot().metrics.get(question.key)
    if source is None or question.unit not in {None, source.unit}:
        return np.empty(0, dtype=np.int64), np.empty(0)
    epoch = int(context.world.start.timestamp())
    period = question.period
    first = int(start.timestamp()) // period * period
    stamps = np.arange(max(first, epoch // period * period), int(np.ceil(end.timestamp())), period)
    stamps = stamps[stamps >= _oldest(context, period)]
    edges = (np.append(stamps, stamps[-1:] + period) - epoch) // 60
    return _bucket(context, question, source, stamps, edges)


def _bucket(
    context: Context, question: Question, source: MetricSource, stamps: Ints, edges: Ints
) -> tuple[Ints, Floats]:
    limit = int((context.world.visible_until() - context.world.start).total_seconds()) // 60
    edges = _late(context, np.clip(edges, 0, limit), limit)
    sums = np.diff(until(source.values, source.total, edges))
    samples = np.diff(until(source.samples, source.sample_total, edges))
    present = (sums > 0) | (samples > 0)
    stamps, sums, samples = stamps[present], sums[present], samples[present]
    if question.statistic == "Sum":
        return stamps, sums.astype(float)
    if question.statistic == "SampleCount":
        return stamps, samples.astype(float)
    return stamps, sums / np.maximum(samples, 1)


def _oldest(context: Context, period: int) -> float:
    """Finer points are kept for less long; what is older than its kind is simply absent."""
    for kept, age in RETENTION:
        if period % kept == 0:
            return (context.now() - age).timestamp()
    raise AssertionError(period)


def _late(context: Context, edges: Ints, limit: int) -> Ints:
    """With late data only a share of the last hours has arrived yet."""
    fault = context.fault("late_data")
    if fault is None:
        return edges
    since = limit // 60 * 60 - (fault.hours - 1) * 60 - 60
    late = edges > since
    return np.where(late, since + ((edges - since) * fault.share).astype(np.int64), edges)


def _result(question: Question, stamps: Ints, values: Floats, status: str) -> dict[str, Any]:
    return {
        "Id": question.id,
        "Label": question.label,
        "Timestamps": stamps.tolist(),
        "Values": values.tolist(),
        "StatusCode": status,
    }


def _partial(asked: list[Question], series: list[tuple[Ints, Floats]]) -> dict[str, Any]:
    results = [
        _result(question, stamps[: len(stamps) // 2], values[: len(values) // 2], "PartialData")
        for question, (stamps, values) in zip(asked, series, strict=True)
    ]
    return {"MetricDataResults": results, "Messages": []}


def _page(
    context: Context, parameters: dict[str, Any], asked: list[Question], series: list[tuple[Ints, Floats]]
) -> dict[str, Any]:
    """As many datapoints as fit; a series that is cut, or not reached, is told as PartialData."""
    size = min(parameters.get("MaxDatapoints", MAX_DATAPOINTS), MAX_DATAPOINTS)
    if size < 1:
        raise validation_error("The parameter MaxDatapoints must be at least 1.")
    bare = without(parameters, "NextToken")
    invalid = validation_error("The value for parameter NextToken is not valid.")
    start = read_token(parameters.get("NextToken"), bare, context.caller, invalid=invalid, changed=invalid)
    end, offset, results = start + size, 0, []
    for question, (stamps, values) in zip(asked, series, strict=True):
        low, high = max(start - offset, 0), max(end - offset, 0)
        status = "PartialData" if offset + len(stamps) > end else "Complete"
        results.append(_result(question, stamps[low:high], values[low:high], status))
        offset += len(stamps)
    answer: dict[str, Any] = {"MetricDataResults": results, "Messages": []}
    if offset > end:
        answer["NextToken"] = make_token(end, bare, context.caller)
    return answer


def list_metrics(context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
    for name in ("IncludeLinkedAccounts", "OwningAccount"):
        if parameters.get(name):
            raise NotStaged(f"ListMetrics with {name}")
    found = list(_listed(context, parameters))
    bare = without(parameters, "NextToken")
    invalid = AwsError("InvalidParameterValue", "The value for parameter NextToken is not valid.")
    start = read_token(parameters.get("NextToken"), bare, context.caller, invalid=invalid, changed=invalid)
    end = start + context.state.page_sizes.get("ListMetrics", LIST_PAGE)
    answer: dict[str, Any] = {"Metrics": [_listing(key) for key in found[start:end]]}
    if end < len(found):
        answer["NextToken"] = make_token(end, bare, context.caller)
    return answer


def _listing(key: MetricKey) -> dict[str, Any]:
    return {
        "Namespace": key.namespace,
        "MetricName": key.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in key.dimensions],
    }


def _listed(context: Context, parameters: Mapping[str, Any]) -> Iterator[MetricKey]:
    """The metrics that match and were heard of lately; silent ones vanish though their data stays."""
    age = RECENT if "RecentlyActive" in parameters else SILENT_AFTER
    world = context.world
    newest = world.hour_of(world.visible_until())
    oldest = world.hour_of(world.clock.now() - age)
    wanted = [(row["Name"], row.get("Value")) for row in parameters.get("Dimensions", ())]
    for key, source in world.snapshot().metrics.items():
        if (key.account, key.region) != (context.caller.account, context.caller.region):
            continue
        if parameters.get("Namespace") not in {None, key.namespace}:
            continue
        if parameters.get("MetricName") not in {None, key.name} or not _has(key, wanted):
            continue
        if _active(source, oldest, newest):
            yield key


def _has(key: MetricKey, wanted: list[tuple[str, str | None]]) -> bool:
    own = dict(key.dimensions)
    return all(name in own and value in {None, own[name]} for name, value in wanted)


def _active(source: MetricSource, oldest: int, newest: int) -> bool:
    place = int(np.searchsorted(source.present, newest, side="right")) - 1
    return place >= 0 and int(source.present[place]) >= oldest


OPERATIONS = {"GetMetricData": get_metric_data, "ListMetrics": list_metrics}
