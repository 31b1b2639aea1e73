"""What scopes are called, and what they cost by day and month, out of billing's queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from accounts.domain.cost_centers import CostCenterValue
from accounts.queries.cost_centers import list_cost_centers
from billing.domain.dimensions import Basis, Dimension, Granularity
from billing.domain.periods import DateRange, Month, local_day_bounds
from billing.queries.catalog import list_foundation_models, names_of
from billing.queries.costs import SpendQuestion, list_daily_spend, list_spend
from forecasting.domain.budgets import DayCost
from forecasting.domain.series import WHOLE_ORGANIZATION, Scope, ScopeKind

DIMENSION_OF: Mapping[ScopeKind, Dimension] = {
    ScopeKind.COST_CENTER: Dimension.COST_CENTER,
    ScopeKind.MODEL: Dimension.MODEL,
}


@dataclass(frozen=True, slots=True)
class ScopeNames:
    """What cost centers and foundation models are called, and how spend names a cost center."""

    centers: Mapping[str, CostCenterValue]  # by id, as a scope's key has it
    centers_by_code: Mapping[str, CostCenterValue]  # as spend has it
    models: Mapping[str, str]

    def label(self, scope: Scope) -> str:
        """Return what people call a scope; empty for the organization."""
        if scope.kind is ScopeKind.COST_CENTER and scope.key in self.centers:
            return self.centers[scope.key].name
        return self.models.get(scope.key, scope.key)

    def key_in_spend(self, scope: Scope) -> str:
        """Return the value by which spend knows a scope: a cost center's code, a model's canonical id."""
        return self.centers[scope.key].code if scope.kind is ScopeKind.COST_CENTER else scope.key

    def scope(self, kind: ScopeKind, key_in_spend: str | None) -> Scope | None:
        """Return the scope that a row of spend belongs to; None for what belongs to nobody."""
        if kind is ScopeKind.MODEL:
            return Scope(kind, key_in_spend) if key_in_spend else None
        center = self.centers_by_code.get(key_in_spend or "")
        return Scope(kind, str(center.id)) if center else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeCosts:
    """Rated cost by day and tokens without a price, of every scope of some kinds."""

    days: Mapping[Scope, Sequence[DayCost]]
    tokens_unpriced: Mapping[Scope, int]


def get_scope_names() -> ScopeNames:
    """Return the names of every scope there is."""
    centers = list_cost_centers(retired=True)
    return ScopeNames(
        {str(center.id): center for center in centers},
        {center.code: center for center in centers},
        names_of(list_foundation_models()),
    )


def get_scope_costs(
    kinds: Iterable[ScopeKind], *, days: DateRange, unpriced_since: datetime, time_zone: str
) -> ScopeCosts:
    """Return what each scope of these kinds cost on each day of a time zone. Two statements for each kind."""
    names = get_scope_names()
    costs: defaultdict[Scope, list[DayCost]] = defaultdict(list)
    tokens: defaultdict[Scope, int] = defaultdict(int)
    for kind in sorted(set(kinds)):
        dimension = DIMENSION_OF.get(kind)
        for day in list_daily_spend(start=days.start, end=days.end, time_zone=time_zone, by=dimension):
            scope = _scope(names, kind, day.key)
            if scope is not None:
                costs[scope].append(DayCost(day.date, day.cost))
        question = SpendQuestion(
            basis=Basis.RATED,
            start=unpriced_since,
            end=local_day_bounds(days.end, time_zone)[0],
            group_by=(dimension,) if dimension else (),
        )
        for row in list_spend(question).rows:
            scope = _scope(names, kind, row.key[0] if row.key else None)
            if scope is not None:
                tokens[scope] += row.tokens_unpriced
    return ScopeCosts(days=costs, tokens_unpriced=tokens)


def list_scope_months(scope: Scope, *, first: Month, end: Month, time_zone: str) -> Mapping[Month, Decimal]:
    """Return what a scope cost in each of the months of a time zone from `first` up to `end`; absent: no facts."""
    question = SpendQuestion(
        basis=Basis.RATED,
        start=local_day_bounds(first.start, time_zone)[0],
        end=local_day_bounds(end.start, time_zone)[0],
        granularity=Granularity.MONTH,
        filters=filters_of(scope),
        time_zone=time_zone,
    )
    found: defaultdict[Month, Decimal] = defaultdict(Decimal)
    for row in list_spend(question).rows:
        assert row.period is not None
        found[Month.of(row.period)] += row.cost
    return found


def filters_of(scope: Scope) -> Mapping[Dimension, tuple[str, ...]]:
    """Return the filter that leaves a scope's spend."""
    if scope == WHOLE_ORGANIZATION:
        return {}
    return {DIMENSION_OF[scope.kind]: (get_scope_names().key_in_spend(scope),)}


def _scope(names: ScopeNames, kind: ScopeKind, key_in_spend: str | None) -> Scope | None:
    return WHOLE_ORGANIZATION if kind is ScopeKind.ORGANIZATION else names.scope(kind, key_in_spend)
