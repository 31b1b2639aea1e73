"""What watching a connection costs: the month's meter, the months before, and the plan for the rest of the month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Avg, F, Sum

from billing.domain.collection import Source
from billing.domain.connections import Purpose
from billing.domain.dimensions import TOKEN_CLASSES
from billing.domain.periods import DAY, Month, utc_day_start
from billing.domain.watching import (
    QUANTITY_OF_CLASS,
    SPEND_DAYS,
    Measure,
    ModelName,
    WatchedMetric,
    WatchPlan,
    plan_watching,
    weigh,
)
from billing.models import AwsConnection, CollectionRun, DailyUsage, MeteredCall, ObservedMetric, UsageSeries

MONTHS_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """One operation's requests of a month, for one source and purpose. `source` is empty for what no source needs."""

    source: Source | None
    purpose: Purpose
    operation: str
    requests: int
    metrics: int
    charge_usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthOfWatching:
    """What a UTC month's questions came to: the present, which the limit is for, and the past and checks beside it."""

    month: date
    present_usd: Decimal
    once_usd: Decimal
    requests: int
    metrics: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """What was asked of AWS for a connection this month, by operation, and how the rest of the month is read."""

    plan: WatchPlan
    calls: tuple[Metered, ...]
    months: tuple[MonthOfWatching, ...]

    @property
    def charge_usd(self) -> Decimal:
        """All that AWS charges for this month so far, the reading of the past included."""
        return sum((call.charge_usd for call in self.calls), Decimal(0))

    @property
    def once_usd(self) -> Decimal:
        """What of it was for the past and for checks, and so does not come again."""
        return self.charge_usd - self.plan.spent_usd

    @property
    def charged(self) -> tuple[Metered, ...]:
        """The calls that AWS charges for."""
        return tuple(call for call in self.calls if call.charge_usd)

    @property
    def free(self) -> Mapping[str, int]:
        """The requests of operations that AWS does not charge for, the most frequent first."""
        found: dict[str, int] = defaultdict(int)
        for call in self.calls:
            if not call.charge_usd:
                found[call.operation] += call.requests
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    @property
    def free_requests(self) -> int:
        return sum(self.free.values())

    @property
    def requests(self) -> int:
        return sum(call.requests for call in self.calls)

    @property
    def metrics_requested(self) -> int:
        return sum(call.metrics for call in self.calls)

    @property
    def cost_explorer_requests(self) -> int:
        return sum(call.requests for call in self.calls if call.operation.startswith("ce:"))


def get_watching(connection_id: int, *, now: datetime) -> Watching:
    """Return what this UTC month's questions were and cost so far, and what is planned."""
    month = now.date().replace(day=1)
    rows = MeteredCall.objects.filter(connection_id=connection_id, month=month)
    calls = tuple(
        Metered(
            source=Source(row.source) if row.source else None,
            purpose=Purpose(row.purpose),
            operation=row.operation,
            requests=row.requests,
            metrics=row.metrics,
            charge_usd=row.charge_usd,
        )
        for row in rows.order_by("-charge_usd", "-requests", "operation", "purpose", "source")
    )
    return Watching(plan=get_watch_plan(connection_id, now=now), calls=calls, months=_months(connection_id))


def get_watch_plan(connection_id: int, *, now: datetime) -> WatchPlan:
    """Return how a connection's account is read from now to the end of the month, so that its limit is kept."""
    connection = AwsConnection.objects.get(id=connection_id)
    month = Month.of(now.date())
    spent = MeteredCall.objects.filter(connection=connection, month=month.start, purpose=Purpose.PRESENT).aggregate(
        charge=Sum("charge_usd")
    )["charge"]
    left = Decimal((utc_day_start(month.end) - now) / DAY)
    account = connection.aws_account_id
    rows = ObservedMetric.objects.filter(aws_account_id=account, aws_region__in=connection.aws_regions)
    metrics = [watched(row) for row in rows]
    return plan_watching(
        weigh(metrics, _costs(account, now), now=now),
        metrics=len(metrics),
        limit_usd=connection.watching_limit_usd,
        spent_usd=spent or Decimal(0),
        bill_usd_a_day=_bill_usd_a_day(connection, now),
        days_left=max(left, Decimal(1)),
    )


def watched(row: ObservedMetric) -> WatchedMetric:
    """Return a remembered metric as a value."""
    return WatchedMetric(
        model=ModelName(row.aws_region, row.namespace, row.aws_model_id),
        name=row.name,
        service_tier=row.service_tier,
        resolved_service_tier=row.resolved_service_tier,
        first_seen_at=row.first_seen_at,
        last_data_at=row.last_data_at,
    )


def _costs(aws_account_id: str, now: datetime) -> Mapping[Measure, Decimal]:
    """What each measure was rated at in the last days; what has no price is worth nothing here, and read with what is left."""
    names = {
        row.pk: ModelName(row.aws_region, row.namespace, row.aws_model_id)
        for row in UsageSeries.objects.filter(aws_account_id=aws_account_id)
    }
    since = (now - timedelta(days=SPEND_DAYS)).date()
    days = DailyUsage.objects.filter(series_id__in=list(names), date__gte=since)
    sums = {f"sum_{name.value}": Sum(f"cost_{name.value}", default=Decimal(0)) for name in TOKEN_CLASSES}
    costs: dict[Measure, Decimal] = defaultdict(Decimal)
    for series_id, *parts in days.values_list("series_id").annotate(**sums):
        for token_class, cost in zip(TOKEN_CLASSES, parts, strict=True):
            costs[Measure(names[series_id], QUANTITY_OF_CLASS[token_class])] += cost
    return costs


def _bill_usd_a_day(connection: AwsConnection, now: datetime) -> Decimal:
    """What a reading of the bill cost on the average of a week, since some of it is asked for once a week."""
    runs = CollectionRun.objects.filter(
        window__connection=connection,
        window__source=Source.COST_EXPLORER,
        purpose=Purpose.PRESENT,
        outcome="STORED",
        finished_at__gte=now - timedelta(days=SPEND_DAYS),
    )
    mean: Decimal | None = runs.aggregate(mean=Avg("aws_charge_usd"))["mean"]
    return mean or Decimal(0)


def _months(connection_id: int) -> tuple[MonthOfWatching, ...]:
    rows = (
        MeteredCall.objects.filter(connection_id=connection_id)
        .values("month", "purpose")
        .annotate(charge=Sum("charge_usd"), number=Sum("requests"), asked=Sum(F("metrics")))
        .order_by("-month")
    )
    months: dict[date, list[Mapping[str, object]]] = defaultdict(list)
    for row in rows:
        months[row["month"]].append(row)
    return tuple(_month(month, parts) for month, parts in list(months.items())[:MONTHS_SHOWN])


def _month(month: date, parts: Iterable[Mapping[str, object]]) -> MonthOfWatching:
    present, once, requests, metrics = Decimal(0), Decimal(0), 0, 0
    for part in parts:
        charge = Decimal(str(part["charge"]))
        if part["purpose"] == Purpose.PRESENT:
            present += charge
        else:
            once += charge
        requests += int(str(part["number"]))
        metrics += int(str(part["asked"]))
    return MonthOfWatching(month=month, present_usd=present, once_usd=once, requests=requests, metrics=metrics)
