"""How an account is read so that watching it stays under the connection's monthly limit.

AWS charges for each metric that is asked for, whatever the range of time. So one reading a day asks for everything, three
days back; in between, only what says how much is spent is asked for, where it spoke lately and makes the most of the spend. When the limit is short, these readings become rarer, and the daily one stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import ClassVar, NamedTuple

from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop
from billing.domain.collection import DAILY, HOURLY
from billing.domain.connections import DAYS_PER_MONTH, DEFAULT_LIMIT_USD, USD_PER_METRIC
from billing.domain.dimensions import Namespace, SeriesKey, TokenClass
from billing.domain.parsing.cloudwatch import METRICS
from billing.domain.records import TokenCounts, UsageRecord

HIGHEST_LIMIT_USD = Decimal(10_000)
CENT = Decimal("0.01")
DIME = Decimal("0.1")
# The least share of the spend that is read as often as the limit allows.
AIM = Decimal("0.95")
# What was silent for so long is asked for once a day.
SILENT_AFTER = timedelta(days=2)
# A model that appeared so lately comes first: nobody knows yet what it spends.
NEW_FOR = timedelta(days=1)
# What models spent lately says which of them matter.
SPEND_DAYS = 7
# What a reading between two daily ones asks for; errors and throttles move no money.
MONEY_QUANTITIES = ("invocations", "input", "output", "cache_read", "cache_write")
INTERVALS = (HOURLY, 2, 3, 4, 6, 8, 12)
HOURS_A_DAY = 24


def default_limit(bill_usd_a_day: Decimal) -> Decimal:
    """Return the limit of a new connection: a dollar for metrics and what the daily reading of its bill takes, rounded down."""
    limit = DEFAULT_LIMIT_USD + bill_usd_a_day * DAYS_PER_MONTH
    return limit.quantize(DIME, rounding=ROUND_FLOOR).quantize(CENT)


class WatchingLimitOutOfRange(Invalid):
    """The amount is no limit."""

    code: ClassVar[str] = "watching_limit_out_of_range"
    message: ClassVar[str] = gettext_noop("A limit is an amount from $0.00 to $10,000.00 a month.")


def check_limit(limit_usd: Decimal) -> Decimal:
    """Return a limit in whole cents. Raises WatchingLimitOutOfRange."""
    if not limit_usd.is_finite() or not 0 <= limit_usd <= HIGHEST_LIMIT_USD:
        raise WatchingLimitOutOfRange(field="watching_limit_usd")
    return limit_usd.quantize(CENT)


class ModelName(NamedTuple):
    """What CloudWatch counts by: a model, or a profile, in a region."""

    aws_region: str
    namespace: str
    aws_model_id: str


class Measure(NamedTuple):
    """One quantity of one model, in whatever spelling: its input tokens, its invocations."""

    model: ModelName
    quantity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedMetric:
    """A metric that was seen in an account: since when, and when it last had data; both tiers empty: of all traffic.

    `is_recent`: AWS lists it among those that spoke in the last hours; None where AWS was not asked for these.
    """

    model: ModelName
    name: str
    service_tier: str = ""
    resolved_service_tier: str = ""
    first_seen_at: datetime
    last_data_at: datetime | None = None
    is_recent: bool | None = None

    @property
    def quantity(self) -> str:
        """What it counts, in whatever spelling."""
        return QUANTITY_OF[self.model.namespace, self.name]

    @property
    def is_of_tier(self) -> bool:
        return bool(self.resolved_service_tier)

    def was_heard(self, now: datetime) -> bool:
        """Whether it had data in the last days, as far as is known: what nobody has asked for yet may have."""
        if self.last_data_at is None:
            return now - self.first_seen_at < SILENT_AFTER
        return now - self.last_data_at < SILENT_AFTER

    def is_active(self, now: datetime) -> bool:
        """Whether a reading now may find something new."""
        return self.was_heard(now) if self.is_recent is None else self.is_recent


QUANTITY_OF: Mapping[tuple[str, str], str] = {
    (namespace.value, name): quantity
    for namespace, quantities in METRICS.items()
    for quantity, names in quantities.items()
    for name in names
}


# What CloudWatch counts together: it does not tell how long a written cache lives.
QUANTITY_OF_CLASS: Mapping[TokenClass, str] = {
    TokenClass.INPUT: "input",
    TokenClass.OUTPUT: "output",
    TokenClass.CACHE_READ: "cache_read",
    TokenClass.CACHE_WRITE: "cache_write",
    TokenClass.CACHE_WRITE_5M: "cache_write",
    TokenClass.CACHE_WRITE_1H: "cache_write",
}


def metrics_to_ask(
    metrics: Iterable[WatchedMetric], *, often: Collection[Measure], start: datetime, now: datetime
) -> tuple[WatchedMetric, ...]:
    """Choose what a reading between two daily ones, from `start` on, asks for.

    Of what is read often: the metrics that are active. Of the two spellings of the cache's
    metrics only the live one, once it was seen before `start`: the other is asked for once a day. The metrics of a tier
    that was heard lately come along with the total that they divide. Everything else keeps what is stored.
    """
    by_model: dict[ModelName, list[WatchedMetric]] = defaultdict(list)
    for metric in metrics:
        if (metric.model, metric.quantity) in often:
            by_model[metric.model].append(metric)
    return tuple(metric for own in by_model.values() for metric in _of_model(own, start, now))


def _of_model(metrics: Sequence[WatchedMetric], start: datetime, now: datetime) -> Iterator[WatchedMetric]:
    totals = {metric.name: metric for metric in metrics if not metric.is_of_tier}
    asked: set[str] = set()
    for quantity in MONEY_QUANTITIES:
        spellings = METRICS[Namespace(metrics[0].model.namespace)].get(quantity, ())
        active = [totals[name] for name in spellings if name in totals and totals[name].is_active(now)]
        if active and active[0].first_seen_at <= start and active[0].last_data_at is not None:
            active = active[:1]
        asked |= {metric.name for metric in active}
        yield from active
    heard = {
        (metric.service_tier, metric.resolved_service_tier)
        for metric in metrics
        if metric.is_of_tier and (metric.is_recent or metric.was_heard(now))
    }
    for metric in metrics:
        if metric.name in asked and (metric.service_tier, metric.resolved_service_tier) in heard:
            yield metric


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """What a measure has cost lately, and how many metrics it takes to read it."""

    measure: Measure
    cost: Decimal
    metrics: int
    is_new: bool = False


def weigh(metrics: Iterable[WatchedMetric], costs: Mapping[Measure, Decimal], *, now: datetime) -> tuple[Weight, ...]:
    """Weigh every measure that moves money and was heard lately: its cost against the metrics that it takes."""
    by_measure: dict[Measure, list[WatchedMetric]] = defaultdict(list)
    for metric in metrics:
        by_measure[Measure(metric.model, metric.quantity)].append(metric)
    spending = {measure.model for measure, cost in costs.items() if cost}
    return tuple(
        Weight(
            measure=measure,
            cost=costs.get(measure, Decimal(0)),
            metrics=len(asked),
            is_new=measure.model not in spending and now - min(one.first_seen_at for one in own) < NEW_FOR,
        )
        for measure, own in by_measure.items()
        if (asked := metrics_to_ask(own, often={measure}, start=now, now=now))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPlan:
    """How an account is read for the rest of the month.

    `every_hours` is 24 when nothing but the daily reading is within the limit. `share` is what `often` makes of the spend.
    `expected_usd` is the whole month's charge if all goes on like this; `daily_usd` what the daily readings alone cost in
    a month, and `hourly_usd` what it takes to read 95 % of the spend every hour.
    """

    limit_usd: Decimal
    spent_usd: Decimal
    every_hours: int
    often: frozenset[Measure]
    share: Decimal
    expected_usd: Decimal
    daily_usd: Decimal
    hourly_usd: Decimal

    @property
    def aim(self) -> Decimal:
        """The share of the spend that is read as often as the limit allows."""
        return AIM

    @property
    def is_degraded(self) -> bool:
        """Whether the limit keeps the most of the spend from being read every hour."""
        return self.every_hours > HOURLY

    @property
    def is_over_limit(self) -> bool:
        """Whether the daily readings, which never stop, cost more than the limit."""
        return self.expected_usd > self.limit_usd


def plan_watching(
    weights: Iterable[Weight],
    *,
    metrics: int,
    limit_usd: Decimal,
    spent_usd: Decimal,
    bill_usd_a_day: Decimal,
    days_left: Decimal,
) -> WatchPlan:
    """Choose what is read how often, so that what is left of the limit lasts to the end of the month.

    The daily reading of all `metrics`, and the bill's, come first. Then the measures that make 95 % of the spend, those
    that cost the most for each metric first, as often as the rest of the limit allows; then as many others as it allows.
    """
    ranked = sorted(weights, key=_urgency)
    daily = metrics * USD_PER_METRIC + bill_usd_a_day
    room = max(limit_usd - spent_usd - daily * days_left, Decimal(0)) / days_left / USD_PER_METRIC
    total = sum((weight.cost for weight in ranked), Decimal(0))
    asks = sum(weight.metrics for weight in _needed(ranked, total))
    every = next((hours for hours in INTERVALS if room and asks * HOURS_A_DAY <= room * hours), DAILY)
    often = _filled(ranked, room * every / HOURS_A_DAY) if every < DAILY else ()
    asked_a_day = sum(weight.metrics for weight in often) * Decimal(HOURS_A_DAY) / every
    covered = sum((weight.cost for weight in often), Decimal(0))
    return WatchPlan(
        limit_usd=limit_usd,
        spent_usd=spent_usd,
        every_hours=every,
        often=frozenset(weight.measure for weight in often),
        share=covered / total if total else Decimal(bool(often)),
        expected_usd=spent_usd + (daily + asked_a_day * USD_PER_METRIC) * days_left,
        daily_usd=daily * DAYS_PER_MONTH,
        hourly_usd=(daily + asks * HOURS_A_DAY * USD_PER_METRIC) * DAYS_PER_MONTH,
    )


def _urgency(weight: Weight) -> tuple[bool, Decimal, Measure]:
    return not weight.is_new, -weight.cost / weight.metrics, weight.measure


def _needed(ranked: Sequence[Weight], total: Decimal) -> Sequence[Weight]:
    """The first measures that make up the aim; new ones among them, whatever they cost."""
    reached = Decimal(0)
    for index, weight in enumerate(ranked):
        if reached >= AIM * total and not weight.is_new:
            return ranked[:index]
        reached += weight.cost
    return ranked


def _filled(ranked: Sequence[Weight], room: Decimal) -> Sequence[Weight]:
    """As many measures, in their order, as there is room for their metrics."""
    taken: list[Weight] = []
    for weight in ranked:
        if weight.metrics <= room:
            room -= weight.metrics
            taken.append(weight)
    return taken


def keep_unasked(
    records: Iterable[UsageRecord],
    stored: Iterable[UsageRecord],
    asked: Mapping[SeriesKey, Collection[str]],
) -> list[UsageRecord]:
    """Put together what a reading told and what is stored of the quantities that it did not ask for.

    `asked` names the quantities by series; hours of these series that were stored and not told hold zero of them now.
    """
    told = {(record.series, record.hour): record for record in records}
    before = {(record.series, record.hour): record for record in stored if record.series in asked}
    found: list[UsageRecord] = []
    for series, hour in sorted(told.keys() | before.keys(), key=lambda key: (key[0].tier, key[0].aws_model_id, key[1])):
        blank = UsageRecord(series, hour)
        new, old = told.get((series, hour), blank), before.get((series, hour), blank)
        merged = _merged(new, old, asked[series])
        if merged != blank:
            found.append(merged)
    return found


def _merged(new: UsageRecord, old: UsageRecord, asked: Collection[str]) -> UsageRecord:
    return UsageRecord(
        new.series,
        new.hour,
        new.invocations if "invocations" in asked else old.invocations,
        TokenCounts(
            *(
                fresh if name in asked else kept
                for name, fresh, kept in zip(TokenCounts._fields, new.tokens, old.tokens, strict=True)
            )
        ),
        new.client_errors if "client_errors" in asked else old.client_errors,
        new.server_errors if "server_errors" in asked else old.server_errors,
        new.throttles if "throttles" in asked else old.throttles,
    )
