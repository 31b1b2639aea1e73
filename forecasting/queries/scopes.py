"""What scopes are called, and what they cost by day and month, out of billing's queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from accounts.domain.cost_centers import CostCenterValue
from accounts.domain.placements import Tree
from accounts.queries.cost_centers import get_tree, list_cost_centers
from billing.domain.dimensions import Basis, Dimension, Granularity
from billing.domain.exchange_rates import USD
from billing.domain.money import EXACT
from billing.domain.periods import DateRange, Month, local_day, local_day_bounds, utc_day_start
from billing.queries.catalog import list_foundation_models, names_of
from billing.queries.costs import SpendQuestion, list_daily_spend, list_spend
from forecasting.domain.budgets import DayCost
from forecasting.domain.series import WHOLE_ORGANIZATION, Scope, ScopeKind

DIMENSION_OF: Mapping[ScopeKind, Dimension] = {
    ScopeKind.COST_CENTER: Dimension.COST_CENTER,
    ScopeKind.COST_CENTER_OWN: Dimension.COST_CENTER,
    ScopeKind.MODEL: Dimension.MODEL,
}
CENTER_KINDS = (ScopeKind.COST_CENTER, ScopeKind.COST_CENTER_OWN)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days within which one filter leaves a scope's spend."""

    days: DateRange
    filters: Mapping[Dimension, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ScopeNames:
    """What cost centers and foundation models are called, and how spend names a cost center."""

    centers: Mapping[str, CostCenterValue]  # by id, as a scope's key has it
    centers_by_code: Mapping[str, CostCenterValue]  # as spend has it
    models: Mapping[str, str]

    def label(self, scope: Scope) -> str:
        """Return what people call a scope; empty for the organization."""
        if scope.kind in CENTER_KINDS and scope.key in self.centers:
            return self.centers[scope.key].name
        return self.models.get(scope.key, scope.key)

    def key_in_spend(self, scope: Scope) -> str:
        """Return the value by which spend knows a scope: a cost center's code, a model's canonical id."""
        return self.centers[scope.key].code if scope.kind in CENTER_KINDS and scope.key else scope.key

    def scopes(self, kind: ScopeKind, key_in_spend: str | None, day: date, tree: Tree) -> tuple[Scope, ...]:
        """Return the scopes of a kind that a row of spend of a day belongs to; none for what belongs to nobody.

        What a cost center cost belongs to it and to all above it on that day.
        """
        if kind is ScopeKind.ORGANIZATION:
            return (WHOLE_ORGANIZATION,)
        if kind is ScopeKind.MODEL:
            return (Scope(kind, key_in_spend),) if key_in_spend else ()
        center = self.centers_by_code.get(key_in_spend or "")
        if center is None:
            return ()
        line = tree.line(center.id, day) if kind is ScopeKind.COST_CENTER else (center.id,)
        return tuple(Scope(kind, str(one)) for one in line)


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
    """Return what each scope of these kinds cost on each day of a time zone.

    Two statements for each dimension, and one more for each day in the range on which a cost center moved.
    """
    names, tree = get_scope_names(), get_tree()
    costs: defaultdict[Scope, defaultdict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    tokens: defaultdict[Scope, int] = defaultdict(int)
    for dimension, together in _by_dimension(kinds).items():
        for row in list_daily_spend(start=days.start, end=days.end, time_zone=time_zone, by=dimension):
            for scope in _scopes(names, together, row.key, row.date, tree):
                costs[scope][row.date] = EXACT.add(costs[scope][row.date], row.cost)
        unpriced_days = DateRange(local_day(unpriced_since, time_zone), days.end)
        for start, end in tree.stretches(unpriced_days.start, unpriced_days.end):
            question = SpendQuestion(
                basis=Basis.RATED,
                start=max(unpriced_since, local_day_bounds(start, time_zone)[0]),
                end=local_day_bounds(end, time_zone)[0],
                group_by=(dimension,) if dimension else (),
            )
            for found in list_spend(question).rows:
                for scope in _scopes(names, together, found.key[0] if found.key else None, start, tree):
                    tokens[scope] += found.tokens_unpriced
    by_scope = {scope: [DayCost(day, cost) for day, cost in sorted(own.items())] for scope, own in costs.items()}
    return ScopeCosts(days=by_scope, tokens_unpriced=tokens)


def get_billed_days(kinds: Iterable[ScopeKind], *, days: DateRange) -> Mapping[Scope, Mapping[date, Decimal]]:
    """Return what each scope of these kinds was billed on each UTC day, in US dollars; another currency is not in it."""
    names, tree = get_scope_names(), get_tree()
    costs: defaultdict[Scope, defaultdict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for dimension, together in _by_dimension(kinds).items():
        question = SpendQuestion(
            basis=Basis.BILLED,
            start=utc_day_start(days.start),
            end=utc_day_start(days.end),
            granularity=Granularity.DAY,
            group_by=(dimension,) if dimension else (),
        )
        for row in list_spend(question).rows:
            if row.period is None or row.currency != USD:
                continue
            day = row.period if not isinstance(row.period, datetime) else row.period.date()
            for scope in _scopes(names, together, row.key[0] if row.key else None, day, tree):
                costs[scope][day] = EXACT.add(costs[scope][day], row.cost)
    return costs


def _by_dimension(kinds: Iterable[ScopeKind]) -> Mapping[Dimension | None, Sequence[ScopeKind]]:
    """The kinds that one reading serves: the whole is the sum of any reading's rows, and needs none of its own."""
    together: defaultdict[Dimension | None, list[ScopeKind]] = defaultdict(list)
    for kind in sorted(set(kinds)):
        together[DIMENSION_OF.get(kind)].append(kind)
    whole = together.pop(None, [])
    if whole:
        together[next(iter(together), None)].extend(whole)
    return together


def _scopes(
    names: ScopeNames, kinds: Iterable[ScopeKind], key_in_spend: str | None, day: date, tree: Tree
) -> Iterator[Scope]:
    for kind in kinds:
        yield from names.scopes(kind, key_in_spend, day, tree)


def list_scope_months(scope: Scope, *, first: Month, end: Month, time_zone: str) -> Mapping[Month, Decimal]:
    """Return what a scope cost in each of the months of a time zone from `first` up to `end`; absent: no facts."""
    found: defaultdict[Month, Decimal] = defaultdict(Decimal)
    for stretch in stretches_of(scope, DateRange(first.start, end.start)):
        question = SpendQuestion(
            basis=Basis.RATED,
            start=local_day_bounds(stretch.days.start, time_zone)[0],
            end=local_day_bounds(stretch.days.end, time_zone)[0],
            granularity=Granularity.MONTH,
            filters=stretch.filters,
            time_zone=time_zone,
        )
        for row in list_spend(question).rows:
            assert row.period is not None
            month = Month.of(row.period)
            found[month] = EXACT.add(found[month], row.cost)
    return found


def stretches_of(scope: Scope, days: DateRange) -> tuple[Stretch, ...]:
    """Cut days so that within each piece one filter leaves a scope's spend: what stands below a center may move."""
    if scope == WHOLE_ORGANIZATION:
        return (Stretch(days, {}),)
    dimension = DIMENSION_OF[scope.kind]
    if scope.kind is not ScopeKind.COST_CENTER or not scope.key:
        return (Stretch(days, {dimension: (get_scope_names().key_in_spend(scope),)}),)
    codes = {center.id: center.code for center in list_cost_centers(retired=True)}
    tree = get_tree()
    return tuple(
        Stretch(
            DateRange(start, end), {dimension: tuple(sorted(codes[one] for one in tree.branch(int(scope.key), start)))}
        )
        for start, end in tree.stretches(days.start, days.end)
    )


def count_tokens_unpriced(scope: Scope, month: Month, time_zone: str) -> int:
    """Return how many tokens of a scope have no price in a month, and are in none of its amounts."""
    tokens = 0
    for stretch in stretches_of(scope, DateRange(month.start, month.end)):
        question = SpendQuestion(
            basis=Basis.RATED,
            start=local_day_bounds(stretch.days.start, time_zone)[0],
            end=local_day_bounds(stretch.days.end, time_zone)[0],
            filters=stretch.filters,
        )
        tokens += sum(row.tokens_unpriced for row in list_spend(question).rows)
    return tokens
