"""Creates, ends and deletes splits of shared cost; enters what a business metric came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from accounts.domain.audit import Actor, Json
from accounts.domain.errors import Conflict, Invalid
from accounts.domain.names import clean_name
from accounts.domain.text import gettext_noop
from accounts.models import CostCenter
from accounts.operations.audit import record_event
from accounts.operations.closed_months import require_open
from accounts.operations.conflicts import unique_or
from billing.domain.allocation import EARLIEST
from billing.domain.allocation_rules import CostCenterUnknown
from billing.domain.periods import Month
from billing.domain.shared_costs import Split, SplitMethod, check_split
from billing.models import BusinessMetric, SharedCostShare, SharedCostSplit
from billing.queries.business_metrics import get_metric
from billing.queries.shared_costs import get_split, list_splits

LARGEST_VALUE = Decimal("1E18")


class SplitNameTaken(Conflict):
    """Two splits of one name could not be told apart in a statement."""

    code = "shared_cost_split_name_taken"
    message = gettext_noop("A shared-cost split named %(name)s exists already.")


class ImpossibleMetric(Invalid):
    """What a metric came to is a number that is not negative."""

    code = "impossible_metric"
    message = gettext_noop("Enter a number from 0, for example 1200.")


def create_split(*, actor: Actor, split: Split, now: datetime) -> Split:
    """Add a split; statements of its months distribute the pool from now on.

    Raises SplitNameTaken, CostCenterUnknown, MonthIsClosed, or what `check_split` and `clean_name` raise.
    """
    name = clean_name(split.name)
    # A metric is found by its name, so that both are written alike.
    metric = clean_name(split.metric, field="metric") if split.metric else ""
    wanted = replace(split, id=0, name=name, metric=metric)
    check_split(wanted, list_splits())
    require_open(_begin(wanted), field="first_month")
    ids = {*wanted.shares, *(() if wanted.pool_id is None else (wanted.pool_id,))}
    if CostCenter.objects.filter(id__in=ids).count() != len(ids):
        raise CostCenterUnknown(field="shares")
    with unique_or(SplitNameTaken(field="name", name=name), constraint="shared_cost_split_name_unique"):
        row = SharedCostSplit.objects.create(
            name=name,
            pool_id=wanted.pool_id,
            method=wanted.method,
            metric=wanted.metric if wanted.method is SplitMethod.METRIC else "",
            first_month=wanted.first_month.start if wanted.first_month else None,
            last_month=wanted.last_month.start if wanted.last_month else None,
            created_by=actor.label,
            created_at=now,
        )
    SharedCostShare.objects.bulk_create(
        SharedCostShare(
            split=row, cost_center_id=center, percent=percent if wanted.method is SplitMethod.FIXED else None
        )
        for center, percent in wanted.shares.items()
    )
    made = get_split(row.pk)
    record_event(
        actor=actor, verb="shared_cost_split.created", target=f"shared_cost_split:{row.pk}", after=_facts(made)
    )
    return made


def end_split(*, actor: Actor, split_id: int, from_month: Month) -> int | None:
    """Have a split not hold from a month on; statements of earlier months stay. Return None where it ended already.

    Raises SplitNotFound, MonthIsClosed, or MonthsReversed where it would never have held.
    """
    before = get_split(split_id)
    last = from_month.previous()
    if before.last_month is not None and before.last_month <= last:
        return None
    after = replace(before, last_month=last)
    check_split(after, ())
    require_open(from_month.start, field="from_month")
    SharedCostSplit.objects.filter(id=split_id).update(last_month=last.start)
    return record_event(
        actor=actor,
        verb="shared_cost_split.ended",
        target=f"shared_cost_split:{split_id}",
        before=_facts(before),
        after=_facts(after),
    )


def delete_split(*, actor: Actor, split_id: int) -> int:
    """Delete a split: its pool keeps its cost, in the statements of past months too.

    Raises SplitNotFound and MonthIsClosed.
    """
    before = get_split(split_id)
    require_open(_begin(before))
    SharedCostSplit.objects.filter(id=split_id).delete()
    return record_event(
        actor=actor, verb="shared_cost_split.deleted", target=f"shared_cost_split:{split_id}", before=_facts(before)
    )


def enter_metric(*, actor: Actor, name: str, month: Month, cost_center_id: int, value: Decimal, now: datetime) -> int:
    """Say what a metric came to in a month for a cost center, in place of what was said before.

    Raises ImpossibleMetric, CostCenterUnknown, MonthIsClosed, or what `clean_name` raises.
    """
    name = clean_name(name, field="metric")
    if not value.is_finite() or not 0 <= value < LARGEST_VALUE:
        raise ImpossibleMetric(field="value")
    require_open(month.start, field="month")
    if not CostCenter.objects.filter(id=cost_center_id).exists():
        raise CostCenterUnknown(field="cost_center_id")
    BusinessMetric.objects.update_or_create(
        name=name,
        month_date=month.start,
        cost_center_id=cost_center_id,
        defaults={"value": value, "entered_by": actor.label, "entered_at": now},
    )
    return record_event(
        actor=actor,
        verb="business_metric.entered",
        target=f"business_metric:{name}:{month}",
        after={"cost_center_id": cost_center_id, "value": str(value)},
    )


def enter_metrics(*, actor: Actor, name: str, values: Mapping[tuple[Month, int], Decimal | None], now: datetime) -> int:
    """Enter what has changed of a metric, by month and cost center; None takes a value back. Return how many changed.

    Raises what `enter_metric` raises.
    """
    name = clean_name(name, field="metric")
    known = get_metric(name, {month for month, _center in values})
    changed = {place: value for place, value in values.items() if known.get(place) != value}
    for month in {month for month, _center in changed}:
        require_open(month.start, field="month")
    for (month, center), value in changed.items():
        if value is not None:
            enter_metric(actor=actor, name=name, month=month, cost_center_id=center, value=value, now=now)
            continue
        BusinessMetric.objects.filter(name=name, month_date=month.start, cost_center_id=center).delete()
        record_event(
            actor=actor,
            verb="business_metric.removed",
            target=f"business_metric:{name}:{month}",
            before={"cost_center_id": center, "value": str(known[month, center])},
        )
    return len(changed)


def _begin(split: Split) -> date:
    return split.first_month.start if split.first_month else EARLIEST


def _facts(split: Split) -> dict[str, Json]:
    return {
        "name": split.name,
        "pool_id": split.pool_id,
        "method": split.method.value,
        "metric": split.metric,
        "first_month": str(split.first_month) if split.first_month else None,
        "last_month": str(split.last_month) if split.last_month else None,
        "shares": {str(center): None if part is None else str(part) for center, part in split.shares.items()},
    }
