"""One function per model of allocation: everything needed and nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from billing.domain.allocation_runs import RunState
from billing.domain.shared_costs import SplitMethod
from billing.models import (
    AllocationRule,
    AllocationRuleVersion,
    AllocationRun,
    BusinessMetric,
    SeriesEvidence,
    SharedCostShare,
    SharedCostSplit,
    UnallocatedOwner,
)
from tests.factories.accounts import make_cost_center, make_user
from tests.factories.billing import CONNECTED_AT, make_series

AT = datetime(2026, 11, 1, tzinfo=UTC)


def make_rule(
    center_id: int,
    *conditions: Mapping[str, Any],
    name: str = "Nova to search",
    rank: int = 1,
    effective_from: date | None = None,
    effective_to: date | None = None,
) -> AllocationRule:
    """A rule with one version; a condition may leave out what is usual."""
    rule = AllocationRule.objects.create(
        name=name, rank=rank, created_by="Ada", created_at=CONNECTED_AT, changed_by="Ada", changed_at=CONNECTED_AT
    )
    usual = {"field": "model", "comparison": "is", "values": ["amazon.*"], "tag_key": ""}
    AllocationRuleVersion.objects.create(
        rule=rule,
        cost_center_id=center_id,
        conditions=[{**usual, **one} for one in conditions or ({},)],
        effective_from=effective_from,
        effective_to=effective_to,
    )
    return rule


def make_rule_version() -> AllocationRuleVersion:
    return AllocationRuleVersion.objects.get(rule=make_rule(make_cost_center().pk))


def make_evidence() -> SeriesEvidence:
    return SeriesEvidence.objects.create(usage_series=make_series(), tags={"team": "search"})


def make_run(*, state: RunState = RunState.DUE) -> AllocationRun:
    return AllocationRun.objects.create(requested_by="Ada", requested_at=AT, state=state)


def make_unallocated_owner() -> UnallocatedOwner:
    return UnallocatedOwner.objects.create(user=make_user(), set_by="Ada", set_at=AT)


def make_split(
    pool_id: int | None,
    shares: Mapping[int, str | None],
    *,
    name: str = "Platform",
    method: SplitMethod = SplitMethod.DIRECT_COST,
    metric: str = "",
    first_month: date | None = None,
    last_month: date | None = None,
) -> SharedCostSplit:
    """A split of what a cost center costs; without one, of what nobody pays for."""
    split = SharedCostSplit.objects.create(
        name=name,
        pool_id=pool_id,
        method=method,
        metric=metric,
        first_month=first_month,
        last_month=last_month,
        created_by="Ada",
        created_at=AT,
    )
    for center_id, percent in shares.items():
        SharedCostShare.objects.create(
            split=split, cost_center_id=center_id, percent=None if percent is None else Decimal(percent)
        )
    return split


def make_one_split() -> SharedCostSplit:
    return make_split(None, {})


def make_share() -> SharedCostSplit:
    return make_split(None, {make_cost_center().pk: None})


def make_metric() -> BusinessMetric:
    return BusinessMetric.objects.create(
        name="orders",
        month_date=date(2026, 11, 1),
        cost_center=make_cost_center(),
        value=Decimal(3),
        entered_by="Ada",
        entered_at=AT,
    )


def make_any_rule() -> AllocationRule:
    return make_rule(make_cost_center().pk)
