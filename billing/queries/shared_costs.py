"""The splits of shared cost, and the business metrics that some go by."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import ClassVar

from accounts.domain.errors import NotFound
from accounts.domain.text import gettext_noop
from billing.domain.periods import Month
from billing.domain.shared_costs import Split, SplitMethod
from billing.models import BusinessMetric, SharedCostShare, SharedCostSplit


class SplitNotFound(NotFound):
    """No split of this organization has the id."""

    code: ClassVar[str] = "shared_cost_split_not_found"
    message: ClassVar[str] = gettext_noop("There is no such shared-cost split.")


def list_splits() -> tuple[Split, ...]:
    """Return the splits by name."""
    shares: dict[int, dict[int, Decimal | None]] = defaultdict(dict)
    for split_id, center, percent in SharedCostShare.objects.values_list("split_id", "cost_center_id", "percent"):
        shares[split_id][center] = percent
    return tuple(
        Split(
            id=row.pk,
            name=row.name,
            pool_id=row.pool_id,
            method=SplitMethod(row.method),
            shares=shares[row.pk],
            metric=row.metric,
            first_month=Month.of(row.first_month) if row.first_month else None,
            last_month=Month.of(row.last_month) if row.last_month else None,
        )
        for row in SharedCostSplit.objects.order_by("name")
    )


def get_split(split_id: int) -> Split:
    """Return one split. Raises SplitNotFound."""
    for split in list_splits():
        if split.id == split_id:
            return split
    raise SplitNotFound


def list_metrics(month: Month) -> dict[tuple[str, int], Decimal]:
    """Return what was entered of a month, by metric and cost center."""
    rows = BusinessMetric.objects.filter(month_date=month.start).values_list("name", "cost_center_id", "value")
    return {(name, center): value for name, center, value in rows}
