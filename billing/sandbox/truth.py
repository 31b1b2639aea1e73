"""What really happened: tokens and costs per day or hour, with the part that CloudWatch hides apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import numpy as np

from billing.sandbox import bill, names
from billing.sandbox.bill import Line
from billing.sandbox.cost_explorer import plain
from billing.sandbox.extras import extra_lines
from billing.sandbox.prices import MILLION, list_rate, private_factor
from billing.sandbox.traffic import Ints, Series
from billing.sandbox.world import World

# CloudWatch tells one number for cache writes; at the stated default all of them live for five minutes.
VISIBLE: Final = (
    ("input", "input"),
    ("output", "output"),
    ("cache_read", "cache_read"),
    ("cache_write", "cache_write_5m"),
)
ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One series, as far as one tier served it, over one day or hour."""

    series: Series
    start: datetime
    tokens: dict[str, int]
    costs: dict[str, Decimal]  # visible, by class, with the private rate
    costs_list: dict[str, Decimal]
    billed: Decimal

    @property
    def visible(self) -> Decimal:
        return sum(self.costs.values(), ZERO)

    @property
    def hidden(self) -> Decimal:
        return self.billed - self.visible


def _rates(series: Series, classes: Iterable[tuple[str, str]]) -> dict[str, Decimal]:
    """USD per token by the field that holds the tokens."""
    return {
        field: list_rate(
            model=series.model, region=series.region, routing=series.routing, tier=series.tier, token_class=rated_as
        )
        / MILLION
        for field, rated_as in classes
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Rater:
    """The list rates of one series: those of what CloudWatch shows, and those of the bill."""

    series: Series
    visible: dict[str, Decimal]
    billed: dict[str, Decimal]

    def truth(self, start: datetime, day: int, tokens: dict[str, int]) -> Truth:
        factor = private_factor(model=self.series.model, routing=self.series.routing, day=day)
        listed = {field: tokens[field] * rate for field, rate in self.visible.items() if tokens[field]}
        billed = sum((tokens[field] * rate for field, rate in self.billed.items() if tokens[field]), ZERO)
        return Truth(
            series=self.series,
            start=start,
            tokens=tokens,
            costs={field: cost * factor for field, cost in listed.items()},
            costs_list=listed,
            billed=billed * factor,
        )


def _rater(series: Series, tokens: Mapping[str, Ints]) -> Rater:
    seen = [pair for pair in VISIBLE if tokens[pair[0]].any()] if series.endpoint != "batch" else []
    billed = [(name, name) for name in bill.BILLED_CLASSES if tokens[name].any()]
    return Rater(series=series, visible=_rates(series, seen), billed=_rates(series, billed))


def _sums(hourly: Ints, first: int, last: int, step: int) -> list[int]:
    sums: list[int] = np.add.reduceat(hourly[first:last], np.arange(0, last - first, step)).tolist()
    return sums


def truths(world: World, start: datetime, end: datetime, *, step_hours: int) -> Iterator[Truth]:
    """Of every series with traffic and tier that served it, by day (24) or hour (1); only hours that CloudWatch shows whole."""
    first = max(world.hour_of(start), 0)
    last = min(world.hour_of(end), world.hour_of(world.visible_until()))
    if first >= last:
        return
    snapshot = world.snapshot()
    for series, own in (part for parts in snapshot.served.values() for part in parts):
        rater = _rater(series, own)
        sums = {field: _sums(values, first, last, step_hours) for field, values in own.items()}
        for place, hour in enumerate(range(first, last, step_hours)):
            tokens = {field: values[place] for field, values in sums.items()}
            if any(tokens.values()):
                yield rater.truth(world.start + timedelta(hours=hour), hour // 24, tokens)


def tell(truth: Truth, *, hourly: bool) -> dict[str, Any]:
    series = truth.series
    form = "%Y-%m-%dT%H:%M:%SZ" if hourly else "%Y-%m-%d"
    return {
        "period": truth.start.strftime(form),
        "series": series.name,
        "account": series.account,
        "region": series.region,
        "namespace": {"runtime": "AWS/Bedrock", "mantle": "AWS/BedrockMantle", "batch": ""}[series.endpoint],
        "aws_model_id": names.cloudwatch_model_id(series) if series.endpoint != "batch" else "",
        "model": series.model,
        "foundation_model_id": names.MODELS[series.model].aws_id,
        "routing": series.routing,
        "tier": series.tier,
        "team": series.team if series.endpoint == "runtime" else "",
        "tokens": truth.tokens,
        "cost_visible": plain(truth.visible),
        "cost_visible_list": plain(sum(truth.costs_list.values(), ZERO)),
        "cost_by_class": {name: plain(cost) for name, cost in truth.costs.items()},
        "cost_assumed": plain(truth.costs.get("cache_write", ZERO)),
        "cost_assumed_list": plain(truth.costs_list.get("cache_write", ZERO)),
        "cost_hidden": plain(truth.hidden),
        "cost_billed": plain(truth.billed),
    }


def orphaned(world: World, series: Series) -> bool:
    """Its profile was deleted: its metrics remain, but nothing tells any more which model they were."""
    day = world.day_of(world.clock.now().date())
    return series.deleted_day is not None and day >= series.deleted_day


def guardrails(world: World, start: datetime, end: datetime, *, step_hours: int) -> Iterator[dict[str, Any]]:
    """What is billed and is no token at all: wholly hidden."""
    line = bill.guardrail_line(world.snapshot().tokens[bill.GUARDRAIL_SERIES])
    yield from _hidden(world, line, start, end, step_hours=step_hours)


def others(world: World, start: datetime, end: datetime, *, step_hours: int) -> Iterator[dict[str, Any]]:
    """What else is billed and nobody counts: reserved capacity, agents, knowledge bases, lines that nobody knows."""
    for line in extra_lines(world.snapshot().hours):
        yield from _hidden(world, line, start, end, step_hours=step_hours)


def _hidden(world: World, line: Line, start: datetime, end: datetime, *, step_hours: int) -> Iterator[dict[str, Any]]:
    first = max(world.hour_of(start), 0)
    last = min(world.hour_of(end), world.hour_of(world.visible_until()))
    form = "%Y-%m-%dT%H:%M:%SZ" if step_hours == 1 else "%Y-%m-%d"
    for hour in range(first, last, step_hours):
        count = int(line.hourly[hour : min(hour + step_hours, last)].sum())
        if count:
            yield {
                "period": (world.start + timedelta(hours=hour)).strftime(form),
                "account": line.attributes.account,
                "region": line.attributes.region,
                "service": line.attributes.service,
                "usage_type": line.attributes.usage_type,
                "units": count if line.per_unit == 1 else plain(line.quantity(count)),
                "cost_hidden": plain(line.cost(count, hour // 24)),
            }


def published(world: World, start: datetime, end: datetime, *, hourly: bool) -> dict[str, Any]:
    step = 1 if hourly else 24
    found = list(truths(world, start, end, step_hours=step))
    return {
        "epoch": world.epoch.isoformat(),
        "visible_until": world.visible_until().isoformat(),
        "billed_until": world.billed_until().isoformat(),
        "rows": [tell(row, hourly=hourly) for row in found if not orphaned(world, row.series)],
        "orphaned": [tell(row, hourly=hourly) for row in found if orphaned(world, row.series)],
        "guardrails": list(guardrails(world, start, end, step_hours=step)),
        "others": list(others(world, start, end, step_hours=step)),
    }
