"""Rated spend by organization day, for the whole and its parts, out of billing's queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal

from accounts.domain.placements import Tree
from accounts.queries.cost_centers import list_cost_centers
from billing.domain.dimensions import Dimension
from billing.domain.money import EXACT
from billing.queries.costs import DailySpend, list_daily_spend
from forecasting.domain.branches import line_of
from forecasting.domain.series import WHOLE_ORGANIZATION, Scope, ScopeKind, ScopeSpend, is_adding_up

# Each part is read by a statement of its own; a window that is stored between two of them shows as a difference.
ATTEMPTS = 5


class SpendKeepsMoving(RuntimeError):
    """New data was stored between the readings of the whole and its parts, time after time."""


def list_scope_spend(*, start: date, end: date, time_zone: str, tree: Tree) -> tuple[ScopeSpend, ...]:
    """Return the spend of the organization, of each cost center and of each foundation model, the whole first.

    What the cost centers cost by themselves adds up to the whole, and so do the models: what has none is a scope with an
    empty key. Besides, each center with all that stood below it on the day. Empty when nothing was spent. Raises
    SpendKeepsMoving.
    """
    for _ in range(ATTEMPTS):
        spend = _read(start, end, time_zone, tree)
        if is_adding_up(spend):
            return spend
    raise SpendKeepsMoving


def _read(start: date, end: date, time_zone: str, tree: Tree) -> tuple[ScopeSpend, ...]:
    ids = {center.code: str(center.id) for center in list_cost_centers(retired=True)}
    models = list_daily_spend(start=start, end=end, time_zone=time_zone, by=Dimension.MODEL)
    centers = list_daily_spend(start=start, end=end, time_zone=time_zone, by=Dimension.COST_CENTER)
    if not models:
        return ()
    own = _scopes(centers, lambda row: Scope(ScopeKind.COST_CENTER_OWN, ids[row.key] if row.key else ""))
    return (
        *_scopes(models, lambda _: WHOLE_ORGANIZATION),
        *_branches(own, tree),
        *own,
        *_scopes(models, lambda row: Scope(ScopeKind.MODEL, row.key or "")),
    )


def _branches(own: Iterable[ScopeSpend], tree: Tree) -> list[ScopeSpend]:
    days: defaultdict[Scope, defaultdict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for one in own:
        for day, cost in one.days.items():
            for branch in line_of(one.scope, day, tree):
                days[branch][day] = EXACT.add(days[branch][day], cost)
    return [ScopeSpend(scope=scope, days=dict(days[scope])) for scope in sorted(days)]


def _scopes(rows: Iterable[DailySpend], scope_of: Callable[[DailySpend], Scope]) -> list[ScopeSpend]:
    days: defaultdict[Scope, defaultdict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in rows:
        days[scope_of(row)][row.date] += row.cost
    return [ScopeSpend(scope=scope, days=dict(days[scope])) for scope in sorted(days)]
