"""Which CloudWatch metrics exist, under which exact dimension sets, and their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from billing.sandbox import names
from billing.sandbox.tiers import Tiers, Tokens
from billing.sandbox.traffic import Ints, Series, all_series

BEDROCK: Final = "AWS/Bedrock"
MANTLE: Final = "AWS/BedrockMantle"
AGENTS: Final = "AWS/Bedrock/Agents"
GUARDRAILS: Final = "AWS/Bedrock/Guardrails"
DOCUMENTED_CACHE: Final = {"cache_read": "CacheReadInputTokens", "cache_write": "CacheWriteInputTokens"}
OTHER_CACHE: Final = {"cache_read": "CacheReadInputTokenCount", "cache_write": "CacheWriteInputTokenCount"}
BOTH_SPELLINGS_REGION: Final = "eu-central-1"
GUARDED_SERIES: Final = "p-use1-haiku45-geo-support"
GUARDRAIL_UNITS_PER_CALL: Final = 2
LATENCY_MS: Final = {"claude": 4200, "llama": 1900, "mistral": 2300, "nova": 1100, "qwen3": 900}

Dimensions = tuple[tuple[str, str], ...]
Parts = Mapping[str, Mapping[Tiers, Tokens]]  # by series


class MetricKey(NamedTuple):
    account: str
    region: str
    namespace: str
    name: str
    dimensions: Dimensions


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSource:
    values: Ints  # per hour
    samples: Ints  # per hour
    total: Ints  # running total of values, one longer
    sample_total: Ints
    unit: str
    present: Ints  # the hours that have data, ascending


def _running(values: Ints) -> Ints:
    return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(values)))


def _source(values: Ints, samples: Ints, unit: str = "Count") -> MetricSource:
    return MetricSource(
        values=values,
        samples=samples,
        total=_running(values),
        sample_total=_running(samples),
        unit=unit,
        present=np.flatnonzero((values > 0) | (samples > 0)),
    )


def until(hourly: Ints, running: Ints, minutes: Ints) -> Ints:
    """The running total at minutes after the epoch; an hour spreads evenly over its minutes, in whole numbers."""
    minutes = np.clip(minutes, 0, len(hourly) * 60)
    hour = np.minimum(minutes // 60, len(hourly) - 1)
    part: Ints = running[hour] + hourly[hour] * (minutes - hour * 60) // 60
    return part


def cache_names(account: str, region: str) -> tuple[Mapping[str, str], ...]:
    """The spelling differs by account; one region shows both, with equal values."""
    if account == names.MEMBER:
        return (OTHER_CACHE,)
    if region == BOTH_SPELLINGS_REGION:
        return (DOCUMENTED_CACHE, OTHER_CACHE)
    return (DOCUMENTED_CACHE,)


def _runtime_values(series: Series, tokens: Tokens) -> Iterator[tuple[str, MetricSource]]:
    calls = tokens["invocations"]
    yield "Invocations", _source(calls, calls)
    yield "InputTokenCount", _source(tokens["input"], calls)
    yield "OutputTokenCount", _source(tokens["output"], calls)
    latency = LATENCY_MS[series.model.split("-")[0]]
    yield "InvocationLatency", _source(calls * latency + tokens["output"], calls, "Milliseconds")
    for name, field in (
        ("InvocationClientErrors", "client_errors"),
        ("InvocationServerErrors", "server_errors"),
        ("InvocationThrottles", "throttles"),
    ):
        yield name, _source(tokens[field], tokens[field])
    for spelling in cache_names(series.account, series.region):
        for field, name in spelling.items():
            if tokens[field].any():
                yield name, _source(tokens[field], calls)


def _tier_dimensions(series: Series, parts: Mapping[Tiers, Tokens]) -> Iterator[tuple[Dimensions, Tokens]]:
    """The same traffic again, by tier: whoever adds it counts twice."""
    if (series.account, series.region) == (names.PAYER, "us-east-1"):
        for (asked, served), part in parts.items():
            yield (_model(series), ("ResolvedServiceTier", served), ("ServiceTier", asked)), part


def _model(series: Series) -> tuple[str, str]:
    return ("ModelId", names.cloudwatch_model_id(series))


def _runtime_metrics(tokens: Mapping[str, Tokens], parts: Parts) -> Iterator[tuple[MetricKey, MetricSource]]:
    for series in all_series():
        if series.endpoint != "runtime":
            continue
        own = parts[series.name]
        total = list(_runtime_values(series, tokens[series.name]))
        published: list[tuple[Dimensions, list[tuple[str, MetricSource]]]] = [((_model(series),), total)]
        for dimensions, part in _tier_dimensions(series, own):
            # Where one tier serves everything, its values are those of all traffic.
            published.append((dimensions, total if len(own) == 1 else list(_runtime_values(series, part))))
        for dimensions, sources in published:
            for name, source in sources:
                yield MetricKey(series.account, series.region, BEDROCK, name, dimensions), source


def _mantle_levels(series: Series) -> tuple[Dimensions, ...]:
    model = ("Model", names.cloudwatch_model_id(series))
    project = ("Project", names.project_id(series))
    return ((), (model,), (project,), (model, project))


def _mantle_metrics(tokens: Mapping[str, Tokens]) -> Iterator[tuple[MetricKey, MetricSource]]:
    sums: dict[MetricKey, tuple[Ints, Ints]] = {}
    fields = (
        ("Inferences", "invocations"),
        ("InferenceClientErrors", "client_errors"),
        ("TotalInputTokens", "input"),
        ("TotalOutputTokens", "output"),
    )
    for series in all_series():
        if series.endpoint != "mantle":
            continue
        own = tokens[series.name]
        for name, field in fields:
            samples = own[field] if name == "InferenceClientErrors" else own["invocations"]
            for level in _mantle_levels(series):
                key = MetricKey(series.account, series.region, MANTLE, name, level)
                values, counts = sums.get(key, (0, 0))
                sums[key] = (values + own[field], counts + samples)
        both = _mantle_levels(series)[-1]
        for name, field in (("InputTokens", "input"), ("OutputTokens", "output")):
            sums[MetricKey(series.account, series.region, MANTLE, name, both)] = (own[field], own["invocations"])
    for key, (values, counts) in sums.items():
        yield key, _source(values, counts)


def _agent_metrics(tokens: Mapping[str, Tokens]) -> Iterator[tuple[MetricKey, MetricSource]]:
    """Agents repeat tokens that AWS/Bedrock has already."""
    for series in all_series():
        if series.team != "support" or series.endpoint != "runtime":
            continue
        own = tokens[series.name]
        dimensions = (("ModelId", names.cloudwatch_model_id(series)), ("Operation", "InvokeAgent"))
        for name, field in (
            ("ModelInvocationCount", "invocations"),
            ("InputTokenCount", "input"),
            ("OutputTokenCount", "output"),
        ):
            key = MetricKey(series.account, series.region, AGENTS, name, dimensions)
            yield key, _source(own[field], own["invocations"])


def _other_metrics(tokens: Mapping[str, Tokens]) -> Iterator[tuple[MetricKey, MetricSource]]:
    calls = tokens[GUARDED_SERIES]["invocations"]
    guard = (("Operation", "ApplyGuardrail"),)
    yield MetricKey(names.PAYER, "us-east-1", GUARDRAILS, "Invocations", guard), _source(calls, calls)
    yield (
        MetricKey(names.PAYER, "us-east-1", GUARDRAILS, "TextUnitCount", guard),
        _source(calls * GUARDRAIL_UNITS_PER_CALL, calls),
    )
    # Log delivery is the only metric of AWS/Bedrock without dimensions.
    delivered = MetricKey(names.PAYER, "us-east-1", BEDROCK, "ModelInvocationLogsCloudWatchDeliverySuccess", ())
    yield delivered, _source(calls, calls)


def build_metrics(tokens: Mapping[str, Tokens], parts: Parts) -> dict[MetricKey, MetricSource]:
    """Every metric of every account and region, in the order in which ListMetrics tells them."""
    found = dict(_runtime_metrics(tokens, parts))
    found.update(_mantle_metrics(tokens))
    found.update(_agent_metrics(tokens))
    found.update(_other_metrics(tokens))
    return {key: found[key] for key in sorted(found)}
