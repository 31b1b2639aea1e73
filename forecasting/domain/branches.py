"""A cost center with all below it, by where each stood on the day: roll-ups, and what a move shifts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from accounts.domain.placements import Tree
from billing.domain.money import EXACT
from billing.domain.periods import Month
from forecasting.domain.series import Scope, ScopeKind

ZERO = Decimal(0)

Days = Mapping[int, Mapping[date, Decimal]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """What a move takes from one center (None: the top of the tree) to another in one month."""

    month: Month
    from_id: int | None
    to_id: int | None
    cost: Decimal


def roll_up(days: Days, tree: Tree) -> dict[int, dict[date, Decimal]]:
    """Return what each center cost by day with all that stood below it on that day; every day adds up exactly."""
    sums: defaultdict[int, dict[date, Decimal]] = defaultdict(dict)
    for center, costs in days.items():
        for day, cost in costs.items():
            for above in tree.line(center, day):
                sums[above][day] = EXACT.add(sums[above].get(day, ZERO), cost)
    return dict(sums)


def shifts(days: Days, *, cost_center_id: int, before: Tree, after: Tree) -> tuple[Shift, ...]:
    """Return what a move of one center shifts, by month and place; days on which it stays where it was shift nothing."""
    sums: defaultdict[tuple[Month, int | None, int | None], Decimal] = defaultdict(Decimal)
    for day, cost in roll_up(days, after).get(cost_center_id, {}).items():
        left, entered = before.parent(cost_center_id, day), after.parent(cost_center_id, day)
        if left != entered:
            key = (Month.of(day), left, entered)
            sums[key] = EXACT.add(sums[key], cost)
    ordered = sorted(sums.items(), key=lambda item: (item[0][0], item[0][1] or 0))
    return tuple(Shift(month=month, from_id=left, to_id=entered, cost=cost) for (month, left, entered), cost in ordered)


def branch_amounts(
    own: Mapping[Scope, Sequence[Decimal]], branches: Sequence[Scope], *, days: Sequence[date], tree: Tree
) -> dict[Scope, tuple[Decimal, ...]]:
    """Add what is expected of centers up to the branches that they stand in on each day: parents equal their parts."""
    sums = {branch: [ZERO] * len(days) for branch in branches}
    for scope, amounts in own.items():
        if scope.kind is not ScopeKind.COST_CENTER_OWN:
            continue
        for index, (day, amount) in enumerate(zip(days, amounts, strict=True)):
            for above in line_of(scope, day, tree):
                if above in sums:
                    sums[above][index] = EXACT.add(sums[above][index], amount)
    return {branch: tuple(amounts) for branch, amounts in sums.items()}


def line_of(own: Scope, day: date, tree: Tree) -> tuple[Scope, ...]:
    """Return the branches that a center's own spend belongs to on a day; what nobody owns is its own branch."""
    keys = [str(center) for center in tree.line(int(own.key), day)] if own.key else [""]
    return tuple(Scope(ScopeKind.COST_CENTER, key) for key in keys)
