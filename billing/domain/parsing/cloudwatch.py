"""CloudWatch metric pages to usage records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from billing.domain.dimensions import Namespace, SeriesKey, Tier
from billing.domain.records import Noted, Rejected, TokenCounts, UsageRecord
from billing.domain.tiers import STANDARD_TIER, TIER_OF, Quantities, TierLedger

# The one set of dimensions that is counted in each namespace. CloudWatch publishes the same traffic under several
# sets (by tier, by project, without any), so adding up what ListMetrics returns counts it many times. The set of the
# model alone is the one that is always complete.
COUNTED_DIMENSION = {Namespace.BEDROCK: "ModelId", Namespace.MANTLE: "Model"}
# The set that says which tier served (bedrock/service-tiers-inference); it divides what is counted, and adds nothing.
# AWS/BedrockMantle has none.
SERVICE_TIER, RESOLVED_SERVICE_TIER = "ServiceTier", "ResolvedServiceTier"
TIER_DIMENSIONS = frozenset({COUNTED_DIMENSION[Namespace.BEDROCK], SERVICE_TIER, RESOLVED_SERVICE_TIER})
# All sets that AWS documents (bedrock/monitoring-runtime-metrics, bedrock/monitoring-mantle-metrics): whatever else
# turns up is left out as well, but not in silence.
KNOWN_DIMENSIONS = {
    Namespace.BEDROCK: (
        frozenset[str](),  # delivery of logs
        frozenset({"ModelId"}),
        frozenset({"ModelId", "ImageSize", "BucketedStepSize"}),
        TIER_DIMENSIONS,
    ),
    Namespace.MANTLE: (
        frozenset[str](),
        frozenset({"Model"}),
        frozenset({"Project"}),
        frozenset({"Model", "Project"}),
    ),
}

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


class Remark(StrEnum):
    """What a listing held that is left out, beside the doubts about tiers (`TierDoubt`)."""

    UNKNOWN_DIMENSIONS = "UNKNOWN_DIMENSIONS"
    UNKNOWN_TIER = "UNKNOWN_TIER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a listed metric counts: the traffic of one model, all of it or what one tier served of it.

    The tiers as AWS calls them: the one that was asked for and the one that served; both empty for all traffic.
    """

    aws_model_id: str
    service_tier: str = ""
    resolved_service_tier: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricData:
    """What GetMetricData returned for one metric of one series; several of them, one a page, are one metric.

    A series of the standard tier holds all traffic, one of another tier what that tier served. Several requested tiers
    may have been served by one (`service_tier`): these are different traffic and are added.
    """

    series: SeriesKey
    metric: str
    timestamps: Sequence[datetime]
    values: Sequence[float]
    service_tier: str = ""


class Parsed(NamedTuple):
    """Usage, what was wrong in it, and what was stored otherwise than it was told."""

    records: tuple[UsageRecord, ...]
    rejected: tuple[Rejected, ...]
    notes: tuple[Noted, ...]


def metric_names(namespace: Namespace) -> tuple[str, ...]:
    """Every metric to ask for in a namespace, in all spellings."""
    return tuple(spelling for spellings in METRICS[namespace].values() for spelling in spellings)


def counted(namespace: str, metric: str, dimensions: Mapping[str, str]) -> Counted | None:
    """Say what a listed metric counts; None when the metric or its set of dimensions is not counted.

    What the standard tier served is not asked for: it is what the other tiers leave of all traffic.
    """
    if namespace not in COUNTED_DIMENSION or metric not in metric_names(Namespace(namespace)):
        return None
    dimension = COUNTED_DIMENSION[Namespace(namespace)]
    if set(dimensions) == {dimension}:
        return Counted(aws_model_id=dimensions[dimension])
    if namespace != Namespace.BEDROCK or set(dimensions) != TIER_DIMENSIONS:
        return None
    if dimensions[RESOLVED_SERVICE_TIER] not in TIER_OF:
        return None
    return Counted(
        aws_model_id=dimensions[dimension],
        service_tier=dimensions[SERVICE_TIER],
        resolved_service_tier=dimensions[RESOLVED_SERVICE_TIER],
    )


def dimensions_of(namespace: Namespace, what: Counted) -> dict[str, str]:
    """Return the dimensions under which AWS publishes it."""
    dimensions = {COUNTED_DIMENSION[namespace]: what.aws_model_id}
    if what.resolved_service_tier:
        dimensions |= {SERVICE_TIER: what.service_tier, RESOLVED_SERVICE_TIER: what.resolved_service_tier}
    return dimensions


def remarks(listed: Iterable[tuple[str, str, Mapping[str, str]]]) -> tuple[Noted, ...]:
    """Note what a listing of (namespace, metric, dimensions) holds that nobody has seen yet, one line for each kind."""
    found: dict[Noted, None] = {}
    for namespace, metric, dimensions in listed:
        if namespace not in KNOWN_DIMENSIONS or metric not in metric_names(Namespace(namespace)):
            continue
        if frozenset(dimensions) not in KNOWN_DIMENSIONS[Namespace(namespace)]:
            found[Noted(reason=Remark.UNKNOWN_DIMENSIONS, raw=f"{namespace} {' + '.join(sorted(dimensions))}")] = None
        resolved = dimensions.get(RESOLVED_SERVICE_TIER, STANDARD_TIER)
        if resolved != STANDARD_TIER and resolved not in TIER_OF:
            found[Noted(reason=Remark.UNKNOWN_TIER, raw=f"{namespace} {RESOLVED_SERVICE_TIER}={resolved}")] = None
    return tuple(found)


Counts = dict[str, int]  # by metric name
Hours = dict[datetime, Counts]


def parse(pages: Iterable[MetricData], *, start: datetime, end: datetime) -> Parsed:
    """Turn hourly sums into usage records, one for each series and hour in which something happened.

    A datapoint that is wrong is rejected with its reason and the others go on; what lies outside [start, end) is
    rejected too, because storing it would touch another window.
    """
    rejected: list[Rejected] = []
    told: dict[SeriesKey, dict[str, Hours]] = defaultdict(lambda: defaultdict(lambda: defaultdict(dict)))
    for page in pages:
        if page.metric not in metric_names(page.series.namespace):
            rejected.append(_reject(RejectedDatapoint.UNKNOWN_METRIC, page))
        elif len(page.timestamps) != len(page.values):
            rejected.append(_reject(RejectedDatapoint.UNEVEN_ANSWER, page))
        else:
            rejected.extend(_collect(page, told[page.series][page.service_tier], start, end))
    records, notes = _divided(told, rejected)
    return Parsed(tuple(records), tuple(rejected), tuple(notes))


def _collect(page: MetricData, hours: Hours, start: datetime, end: datetime) -> Iterator[Rejected]:
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


def _divided(
    told: Mapping[SeriesKey, Mapping[str, Hours]], rejected: list[Rejected]
) -> tuple[list[UsageRecord], list[Noted]]:
    """The records of each model after the other: of its total alone, or divided among its tiers where it has any."""
    models: dict[SeriesKey, list[SeriesKey]] = defaultdict(list)
    for series in told:
        models[series if series.tier is Tier.STANDARD else replace(series, tier=Tier.STANDARD)].append(series)
    records: list[UsageRecord] = []
    notes: list[Noted] = []
    for total, by_tier in models.items():
        found = {
            series: [_quantities(series, hours, rejected) for hours in told[series].values()] for series in by_tier
        }
        if by_tier == [total]:
            records.extend(_records(total, found[total][0]))
        else:
            ledger = TierLedger(total)
            for series, parts in found.items():
                for part in parts:
                    ledger.add(series.tier, part)
            for series, quantities in ledger.divided():
                records.extend(_records(series, quantities))
            notes.extend(ledger.notes())
    return records, notes


def _quantities(series: SeriesKey, hours: Hours, rejected: list[Rejected]) -> Quantities:
    """What was told of each quantity in each hour, in the spelling that has data; absent where nothing was told."""
    spelled = METRICS[series.namespace].items()
    found: Quantities = {}
    for hour in sorted(hours):
        counts = hours[hour]
        found[hour] = {
            quantity: _choose(series, hour, spellings, counts, rejected)
            for quantity, spellings in spelled
            if any(name in counts for name in spellings)
        }
    return found


def _records(series: SeriesKey, quantities: Quantities) -> Iterator[UsageRecord]:
    for hour, found in quantities.items():
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
        invocations=found.get("invocations", 0),
        tokens=TokenCounts(
            input=found.get("input", 0),
            output=found.get("output", 0),
            cache_read=found.get("cache_read", 0),
            cache_write=found.get("cache_write", 0),
        ),
        client_errors=found.get("client_errors", 0),
        server_errors=found.get("server_errors", 0),
        throttles=found.get("throttles", 0),
    )


def _reject(reason: RejectedDatapoint, page: MetricData, *what: object) -> Rejected:
    where = (page.series.namespace, page.series.aws_region, page.series.aws_model_id, page.metric)
    return Rejected(reason=reason, raw=" ".join(str(part) for part in (*where, *what)))
