"""Replays 30 days of the sandbox's traffic through the planner: what watching costs, and how old the spend is when read.

    python -m benchmarks.watching [--models 60] [--limit 1.00] [--dry]

The tenant has 60 models with nine metrics each. Their traffic, hour by hour, is that of the sandbox's series; when there are
more models than series, the shapes come again at a tenth of the size. Each hour the rules of the product decide: they plan,
choose what to ask for, and are told what the trace holds; nothing of what they decide is written down here.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np

from benchmarks.report import keep
from billing.domain.collection import (
    CLOUDWATCH_LAG,
    DAILY,
    LATE_HOURS,
    Extent,
    Source,
    WindowSpan,
    extent_of,
    last_reading_mark,
)
from billing.domain.connections import USD_PER_COST_EXPLORER_CALL, USD_PER_METRIC
from billing.domain.dimensions import Namespace
from billing.domain.parsing.cloudwatch import METRICS
from billing.domain.periods import DAY, HOUR, utc_day_start
from billing.domain.watching import (
    AIM,
    QUANTITY_OF,
    SPEND_DAYS,
    Measure,
    ModelName,
    WatchedMetric,
    WatchPlan,
    default_limit,
    metrics_to_ask,
    plan_watching,
    weigh,
)
from billing.sandbox.prices import list_rate
from billing.sandbox.traffic import Floats, Ints, Series, all_series, hourly_tokens

DAYS, WARM_UP = 30, 7
EPOCH = date(2026, 9, 1)
RECENT_HOURS = 3
# As it is for a standalone account: a page of usage and a page of everything else a day, and a look-up a week.
BILL_USD_A_DAY = USD_PER_COST_EXPLORER_CALL * (2 + Decimal(1) / 7)
# Nine of the ten names that are asked for: an account that spells one of the cache's metrics in both ways.
UNSEEN = "CacheWriteInputTokens"
BILLED_AS = {"cache_write": "cache_write_5m"}
CLASSES = ("input", "output", "cache_read", "cache_write")


@dataclass(slots=True)
class Traced:
    """One model: its metrics, what each of them holds by the hour, what an hour costs, and when it was first read."""

    name: ModelName
    metrics: dict[str, WatchedMetric]
    values: dict[str, Ints]
    cost: dict[str, Floats]  # by quantity
    read_after: dict[str, Floats]  # hours from the end of an hour to its first reading

    def known(self, quantity: str, since: int, until: int) -> Floats:
        """What each hour cost, as far as it was read by now."""
        read = np.isfinite(self.read_after[quantity][since:until])
        return np.where(read, self.cost[quantity][since:until], 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a month of watching came to."""

    metrics: int
    asked: int
    naive: int
    usd: Decimal
    bill_usd: Decimal
    within_an_hour: float
    within_a_day: float
    unread: float
    readings: int


def traced(count: int, hours: int) -> Iterator[Traced]:
    """The models of the tenant, of all sizes."""
    for index in range(count):
        series, size = all_series()[index % len(all_series())], 10 ** -(index // len(all_series()))
        tokens = hourly_tokens(series, EPOCH, hours)
        name = ModelName(series.region, Namespace.BEDROCK, f"{series.name}-{index}")
        names = [metric for metrics in METRICS[Namespace.BEDROCK].values() for metric in metrics if metric != UNSEEN]
        yield Traced(
            name=name,
            metrics={metric: WatchedMetric(model=name, name=metric, first_seen_at=at(0) - DAY) for metric in names},
            values={metric: tokens[QUANTITY_OF[Namespace.BEDROCK, metric]] for metric in names},
            cost={quantity: _cost(series, tokens, quantity) * size for quantity in CLASSES},
            read_after={quantity: np.full(hours, np.inf) for quantity in CLASSES},
        )


def _cost(series: Series, tokens: dict[str, Ints], quantity: str) -> Floats:
    if not tokens[quantity].any():
        return np.zeros(len(tokens[quantity]))
    told = {"model": series.model, "region": series.region, "routing": series.routing, "tier": series.tier}
    rate = list_rate(**told, token_class=BILLED_AS.get(quantity, quantity))
    cost: Floats = tokens[quantity] * np.float64(rate) / 1e6
    return cost


def at(hour: int) -> datetime:
    """The time that many hours after the epoch."""
    return datetime(EPOCH.year, EPOCH.month, EPOCH.day, tzinfo=UTC) + hour * HOUR


def replay(models: list[Traced], limit: Decimal) -> Replay:
    """Let the planner watch the models for 30 days, after a week in which everything was read."""
    first, last = WARM_UP * 24, (WARM_UP + DAYS) * 24
    for model in models:
        for quantity in CLASSES:
            model.read_after[quantity][:first] = 0
        for name, metric in model.metrics.items():
            model.metrics[name] = replace(metric, last_data_at=_last_heard(model.values[name], 0, first))
    every = sum(len(model.metrics) for model in models)
    asked, readings = 0, 0
    read_at: dict[WindowSpan, datetime] = {}
    filled: dict[WindowSpan, datetime] = {}
    for hour in range(first + 1, last + LATE_HOURS + 1):
        now = at(hour) + CLOUDWATCH_LAG
        plan = _plan(models, hour, limit, asked, last)
        for day in (utc_day_start(now) - DAY, utc_day_start(now)):
            span = WindowSpan(source=Source.CLOUDWATCH, aws_region="", start=day, end=day + DAY)
            mark = last_reading_mark(span, now, plan.every_hours)
            if mark is None or read_at.get(span, at(first)) >= mark or day < at(first) or day >= at(last):
                continue
            extent = extent_of(span, filled_until=filled.get(span), now=now)
            for model in models:
                asked += _read(model, extent, plan, hour, now)
            read_at[span], filled[span] = now, extent.end
            readings += 1
    every_part = [(model, quantity) for model in models for quantity in CLASSES]
    spend = np.concatenate([model.cost[quantity][first:last] for model, quantity in every_part])
    after = np.concatenate([model.read_after[quantity][first:last] for model, quantity in every_part])
    return Replay(
        metrics=every,
        asked=asked,
        naive=every * 24 * DAYS,
        usd=asked * USD_PER_METRIC,
        bill_usd=BILL_USD_A_DAY * DAYS,
        within_an_hour=float(spend[after <= 1].sum() / spend.sum()),
        within_a_day=float(spend[after <= DAILY + LATE_HOURS + 1].sum() / spend.sum()),
        unread=float(spend[np.isinf(after)].sum()),
        readings=readings,
    )


def _plan(models: list[Traced], hour: int, limit: Decimal, asked: int, last: int) -> WatchPlan:
    """What the product plans, from what each model spent in the last days, as far as it was read."""
    now, since = at(hour), hour - SPEND_DAYS * 24
    costs = {
        Measure(model.name, quantity): Decimal(float(model.known(quantity, since, hour).sum()))
        for model in models
        for quantity in CLASSES
    }
    metrics = [metric for model in models for metric in model.metrics.values()]
    gone = Decimal(hour - WARM_UP * 24) / 24
    return plan_watching(
        weigh(metrics, costs, now=now),
        metrics=len(metrics),
        limit_usd=limit,
        spent_usd=asked * USD_PER_METRIC + BILL_USD_A_DAY * gone,
        bill_usd_a_day=BILL_USD_A_DAY,
        days_left=max(Decimal(last - hour) / 24, Decimal(1)),
    )


def _read(model: Traced, extent: Extent, plan: WatchPlan, hour: int, now: datetime) -> int:
    """Ask what the rules say, note what came, and return how many metrics were asked for."""
    start, end = _hour(extent.start), _hour(extent.end)
    if extent.is_whole:
        chosen = tuple(model.metrics.values())
    else:
        known = [
            replace(one, is_recent=bool(model.values[one.name][hour - RECENT_HOURS : hour].any()))
            if extent.is_recent
            else one
            for one in model.metrics.values()
        ]
        chosen = metrics_to_ask(known, often=plan.often, start=extent.start, now=now)
    if not chosen:
        return 0
    quantities = {one.quantity for one in chosen}
    delay = hour + CLOUDWATCH_LAG / HOUR - (np.arange(start, end) + 1)
    for quantity in quantities & {*CLASSES}:
        before = model.read_after[quantity][start:end]
        model.read_after[quantity][start:end] = np.where(np.isinf(before), delay, before)
    for one in chosen:
        heard = _last_heard(model.values[one.name], start, end)
        if heard is not None:
            model.metrics[one.name] = replace(model.metrics[one.name], last_data_at=heard)
    return len(chosen)


def _last_heard(values: Ints, start: int, end: int) -> datetime | None:
    heard = np.flatnonzero(values[start:end])
    return at(start + int(heard[-1])) if len(heard) else None


def _hour(moment: datetime) -> int:
    return round((moment - at(0)) / HOUR)


def as_table(one: Replay, limit: Decimal) -> str:
    """What the replay came to, as Markdown."""
    head = (
        f"{one.metrics} metrics of 60 models in three regions, {DAYS} days of the sandbox's traffic hour by hour, a limit of "
        f"${limit:.2f} a month, bill included; {one.readings:,} readings."
    )
    foot = (
        f"The aim is {AIM:.0%} of the spend at most 1 hour old, for less than $1.00 a month where asking for everything every "
        f"hour costs ${one.naive * USD_PER_METRIC:.2f}. Of the spend {one.within_a_day:.1%} was read within a day and the late "
        f"hours; never read: ${one.unread:.2f}."
    )
    lines = [
        head,
        "",
        "| What | Metrics asked for | $ in 30 days | Spend at most 1 hour old when read |",
        "|---|---|---|---|",
        f"| everything, every hour | {one.naive:,} | {one.naive * USD_PER_METRIC:.2f} | 100.0% |",
        f"| the plan | {one.asked:,} | {one.usd:.2f} | {one.within_an_hour:.1%} |",
        f"| the plan and the bill, two pages a day | | {one.usd + one.bill_usd:.2f} | |",
        "",
        foot,
    ]
    return "\n".join(lines)


def main() -> None:
    """Replay, print, and keep the table in docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=60)
    parser.add_argument("--limit", type=Decimal, default=default_limit(BILL_USD_A_DAY))
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    models = list(traced(options.models, (WARM_UP + DAYS + 1) * 24))
    table = as_table(replay(models, options.limit), options.limit)
    print(table)
    if not options.dry:
        keep("watching", table)


if __name__ == "__main__":
    main()
