"""The business metrics that were entered: their names, and what one came to by month and cost center."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from billing.domain.periods import Month
from billing.models import BusinessMetric, SharedCostSplit


def list_metric_names() -> tuple[str, ...]:
    """Return the metrics that have a value or that a split goes by, by name."""
    entered = BusinessMetric.objects.values_list("name", flat=True).distinct()
    asked_for = SharedCostSplit.objects.exclude(metric="").values_list("metric", flat=True).distinct()
    return tuple(sorted({*entered, *asked_for}))


def get_metric(name: str, months: Collection[Month]) -> dict[tuple[Month, int], Decimal]:
    """Return what a metric came to in some months, by month and cost center."""
    rows = BusinessMetric.objects.filter(name=name, month_date__in=[month.start for month in months])
    return {
        (Month.of(day), center): value
        for day, center, value in rows.values_list("month_date", "cost_center_id", "value")
    }
