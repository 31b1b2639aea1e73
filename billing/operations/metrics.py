"""Which metrics a reading asks for: what AWS lists, what it once listed, and of these what the reading needs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from accounts.tenancy.context import tenant_transaction
from billing.adapters.aws.cloudwatch import Metric, list_metrics
from billing.domain.collection import DAILY
from billing.domain.dimensions import Namespace
from billing.domain.parsing.cloudwatch import METRICS, Counted, counted, remarks
from billing.domain.records import Noted
from billing.domain.watching import QUANTITY_OF, Measure, ModelName, WatchedMetric, metrics_to_ask
from billing.models import ObservedMetric
from billing.operations.inventory import metric_of
from billing.operations.windows import Claim
from billing.queries.watching import get_watch_plan, watched


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a reading asks for, and what the listing held that nobody has seen yet; whether it is everything."""

    metrics: Sequence[Metric]
    notes: tuple[Noted, ...]
    is_whole: bool


def choose_metrics(claim: Claim) -> Asked:
    """Find out what there is, remember what is new, and choose what this reading asks for.

    Whole readings ask for every counted metric that has data now or once had: AWS lists only what spoke in the last two
    weeks. A metric of a tier brings that of all traffic with it, listed or not: without the total it says nothing.
    """
    found, notes = _listed(claim)
    place = place_of(claim)
    with tenant_transaction():
        known = {metric_of_row(row): row for row in ObservedMetric.objects.filter(**place)}
        _remember(claim, found - known.keys())
        plan = get_watch_plan(claim.connection_id, now=claim.started_at)
        is_whole = claim.is_whole or plan.every_hours >= DAILY
        every = {metric: watched(row) for metric, row in known.items()}
    if not is_whole:
        new = {metric: _first_seen(metric, claim) for metric in found - known.keys()}
        if claim.is_recent:
            every = {metric: replace(one, is_recent=metric in found) for metric, one in every.items()}
        often = plan.often | {Measure(one.model, one.quantity) for one in new.values()}
        every = every | new
        by_value = {one: metric for metric, one in every.items()}
        chosen = metrics_to_ask(every.values(), often=often, start=claim.start, now=claim.started_at)
        return Asked(metrics=_ordered(by_value[one] for one in chosen), notes=notes, is_whole=False)
    return Asked(metrics=_ordered(found | known.keys()), notes=notes, is_whole=True)


def note_data(claim: Claim, heard: Mapping[Metric, datetime]) -> None:
    """Write down when each metric last had data, inside the transaction that stores it."""
    changed = []
    for row in ObservedMetric.objects.filter(**place_of(claim)) if heard else ():
        at = heard.get(metric_of_row(row))
        if at is not None and (row.last_data_at is None or row.last_data_at < at):
            row.last_data_at = at
            changed.append(row)
    ObservedMetric.objects.bulk_update(changed, ["last_data_at"], batch_size=500)


def quantities_asked(metrics: Iterable[Metric]) -> dict[tuple[str, str], frozenset[str]]:
    """Return which quantities are asked for of each model, known by its namespace and id."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for metric in metrics:
        found[metric.namespace, model_id_of(metric)].add(QUANTITY_OF[metric.namespace, metric.name])
    return {name: frozenset(quantities) for name, quantities in found.items()}


def metric_of_row(row: ObservedMetric) -> Metric:
    """Return a remembered metric as AWS publishes it."""
    what = Counted(
        aws_model_id=row.aws_model_id,
        service_tier=row.service_tier,
        resolved_service_tier=row.resolved_service_tier,
    )
    return metric_of(Namespace(row.namespace), row.name, what)


def place_of(claim: Claim) -> dict[str, str]:
    """Return the account and region that a claim reads, as the columns call them."""
    return {"aws_account_id": claim.aws_account_id, "aws_region": claim.span.aws_region}


def counted_of(metric: Metric) -> Counted:
    """Return what a metric counts, which is one of those that are counted."""
    what = counted(metric.namespace, metric.name, dict(metric.dimensions))
    assert what is not None
    return what


def model_id_of(metric: Metric) -> str:
    """Return the model of a metric as CloudWatch calls it."""
    return metric.dimensions[0][1]  # sorted by name, and the model's is the first of every counted set


def _listed(claim: Claim) -> tuple[set[Metric], tuple[Noted, ...]]:
    found: set[Metric] = set()
    seen: list[tuple[str, str, Mapping[str, str]]] = []
    for namespace in METRICS:
        for metric in list_metrics(claim.role, claim.span.aws_region, namespace, is_recent=claim.is_recent):
            seen.append((metric.namespace, metric.name, dict(metric.dimensions)))
            if counted(*seen[-1]) is not None:
                found |= {metric, _total_of(metric)}
    return found, remarks(seen)


def _ordered(metrics: Iterable[Metric]) -> list[Metric]:
    return sorted(metrics, key=lambda metric: (metric.namespace, metric.dimensions, metric.name))


def _total_of(metric: Metric) -> Metric:
    return metric_of(Namespace(metric.namespace), metric.name, Counted(aws_model_id=model_id_of(metric)))


def _first_seen(metric: Metric, claim: Claim) -> WatchedMetric:
    what = counted_of(metric)
    return WatchedMetric(
        model=ModelName(claim.span.aws_region, metric.namespace, what.aws_model_id),
        name=metric.name,
        service_tier=what.service_tier,
        resolved_service_tier=what.resolved_service_tier,
        first_seen_at=claim.started_at,
        is_recent=True,
    )


def _remember(claim: Claim, metrics: Iterable[Metric]) -> None:
    rows = []
    for metric in metrics:
        what = counted_of(metric)
        rows.append(
            ObservedMetric(
                **place_of(claim),
                namespace=metric.namespace,
                name=metric.name,
                aws_model_id=what.aws_model_id,
                service_tier=what.service_tier,
                resolved_service_tier=what.resolved_service_tier,
                first_seen_at=claim.started_at,
            )
        )
    ObservedMetric.objects.bulk_create(rows, ignore_conflicts=True)
