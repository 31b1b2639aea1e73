"""CloudWatch metric pages to usage records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from billing.domain.dimensions import Namespace, SeriesKey
from billing.domain.records import Rejected, TokenCounts, UsageRecord

# The one set of dimensions that is counted in each namespace. CloudWatch publishes the same traffic under several
# sets (by tier, by project, without any), so adding up what ListMetrics returns counts it many times. The set of the
# model alone is the one that is always complete.
COUNTED_DIMENSION = {Namespace.BEDROCK: "ModelId", Namespace.MANTLE: "Model"}

# AWS's own pages spell the cache metrics in two ways and accounts are seen with either: both are asked for, and they
# are never added. The first is preferred: sums of "…TokenCount" were matched to a bill to the token.
CACHE_READ = ("CacheReadInputTokenCount", "CacheReadInputTokens")
CACHE_WRITE = ("CacheWriteInputTokenCount", "CacheWriteInputTokens")

# The spellings of each quantity, in the order of preference; quantities that are missing are zero.
METRICS: Mapping[Namespace, Mapping[str, tuple[str, ...]]] = {
    Namespace.BEDROCK: {
        "invocations": ("Invocations",),
        "client_errors": ("InvocationClientErrors",),
        "server_errors": ("InvocationServerErrors",),
        "throttles": ("InvocationThrottles",),
        "input": ("InputTokenCount",),
        "output": ("OutputTokenCount",),
        "cache_read": CACHE_READ,
        "cache_write": CACHE_WRITE,
    },
    Namespace.MANTLE: {
        "invocations": ("Inferences",),
        "client_errors": ("InferenceClientErrors",),
        "input": ("TotalInputTokens",),
        "output": ("TotalOutputTokens",),
    },
}
# A float holds every whole number up to here exactly.
MAX_COUNT = 2**53


class RejectedDatapoint(StrEnum):
    """What is wrong with a datapoint."""

    UNKNOWN_METRIC = "UNKNOWN_METRIC"
    UNEVEN_ANSWER = "UNEVEN_ANSWER"  # not as many values as times
    NOT_AN_HOUR = "NOT_AN_HOUR"
    OUTSIDE_WINDOW = "OUTSIDE_WINDOW"
    NOT_A_COUNT = "NOT_A_COUNT"  # negative, broken or too large to be exact
    TOLD_TWICE = "TOLD_TWICE"  # two values of one metric for one hour
    SPELLINGS_DISAGREE = "SPELLINGS_DISAGREE"  # both cache metrics have data, and not the same


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricData:
    """What GetMetricData returned for one metric of one series; several of them, one a page, are one metric."""

    series: SeriesKey
    metric: str
    timestamps: Sequence[datetime]
    values: Sequence[float]


def metric_names(namespace: Namespace) -> tuple[str, ...]:
    """Every metric to ask for in a namespace, in all spellings."""
    return tuple(spelling for spellings in METRICS[namespace].values() for spelling in spellings)


def counted_model_id(namespace: str, metric: str, dimensions: Mapping[str, str]) -> str | None:
    """The AWS model id of a listed metric, or None when the metric or its set of dimensions is not the counted one."""
    if namespace not in COUNTED_DIMENSION or metric not in metric_names(Namespace(namespace)):
        return None
    dimension = COUNTED_DIMENSION[Namespace(namespace)]
    return dimensions[dimension] if set(dimensions) == {dimension} else None


Counts = dict[str, int]  # by metric name


def parse(
    pages: Iterable[MetricData], *, start: datetime, end: datetime
) -> tuple[tuple[UsageRecord, ...], tuple[Rejected, ...]]:
    """Turn hourly sums into usage records, one for each series and hour in which something happened.

    A datapoint that is wrong is rejected with its reason and the others go on; what lies outside [start, end) is
    rejected too, because storing it would touch another window.
    """
    rejected: list[Rejected] = []
    by_series: dict[SeriesKey, dict[datetime, Counts]] = defaultdict(lambda: defaultdict(dict))
    for page in pages:
        if page.metric not in metric_names(page.series.namespace):
            rejected.append(_reject(RejectedDatapoint.UNKNOWN_METRIC, page))
        elif len(page.timestamps) != len(page.values):
            rejected.append(_reject(RejectedDatapoint.UNEVEN_ANSWER, page))
        else:
            rejected.extend(_collect(page, by_series[page.series], start, end))
    records = tuple(_records(by_series, rejected))
    return records, tuple(rejected)


def _collect(page: MetricData, hours: dict[datetime, Counts], start: datetime, end: datetime) -> Iterator[Rejected]:
    for timestamp, value in zip(page.timestamps, page.values, strict=True):
        reason = _fault(timestamp, value, start, end)
        if reason is not None:
            yield _reject(reason, page, timestamp, value)
            continue
        counts = hours[timestamp.astimezone(UTC)]
        if counts.setdefault(page.metric, int(value)) != int(value):
            yield _reject(RejectedDatapoint.TOLD_TWICE, page, timestamp, value)


def _fault(timestamp: datetime, value: float, start: datetime, end: datetime) -> RejectedDatapoint | None:
    if timestamp.tzinfo is None or timestamp.minute or timestamp.second or timestamp.microsecond:
        return RejectedDatapoint.NOT_AN_HOUR
    if not start <= timestamp < end:
        return RejectedDatapoint.OUTSIDE_WINDOW
    if not 0 <= value <= MAX_COUNT or value != int(value):
        return RejectedDatapoint.NOT_A_COUNT
    return None


def _records(
    by_series: Mapping[SeriesKey, Mapping[datetime, Counts]], rejected: list[Rejected]
) -> Iterator[UsageRecord]:
    for series, hours in by_series.items():
        quantities = METRICS[series.namespace]
        for hour in sorted(hours):
            found = {}
            for quantity, spellings in quantities.items():
                found[quantity] = _choose(series, hour, spellings, hours[hour], rejected)
            if any(found.values()):
                yield _record(series, hour, found)


def _choose(
    series: SeriesKey, hour: datetime, spellings: tuple[str, ...], counts: Counts, rejected: list[Rejected]
) -> int:
    """The count under the spelling that has data; the preferred one when both have, and a complaint when they differ."""
    told = [(name, counts[name]) for name in spellings if counts.get(name)]
    if len({count for _, count in told}) > 1:
        raw = f"{series.aws_model_id} {hour.isoformat()} " + " ".join(f"{name}={count}" for name, count in told)
        rejected.append(Rejected(reason=RejectedDatapoint.SPELLINGS_DISAGREE, raw=raw))
    return told[0][1] if told else 0


def _record(series: SeriesKey, hour: datetime, found: Mapping[str, int]) -> UsageRecord:
    return UsageRecord(
        series=series,
        hour=hour,
        invocations=found["invocations"],
        tokens=TokenCounts(
            input=found["input"],
            output=found["output"],
            cache_read=found.get("cache_read", 0),
            cache_write=found.get("cache_write", 0),
        ),
        client_errors=found["client_errors"],
        server_errors=found.get("server_errors", 0),
        throttles=found.get("throttles", 0),
    )


def _reject(reason: RejectedDatapoint, page: MetricData, *what: object) -> Rejected:
    where = (page.series.namespace, page.series.aws_region, page.series.aws_model_id, page.metric)
    return Rejected(reason=reason, raw=" ".join(str(part) for part in (*where, *what)))
