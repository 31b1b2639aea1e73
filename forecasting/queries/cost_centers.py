"""What cost centers cost this month, alone and with all below them; what a move would shift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from accounts.domain.cost_centers import CostCenterValue
from accounts.domain.organizations import OrganizationValue
from accounts.domain.placements import EARLIEST_MOVE, Placement, Tree, check_move, moved
from accounts.queries.cost_centers import get_cost_center, get_tree, list_cost_centers, list_placements
from billing.domain.dimensions import Basis, Dimension
from billing.domain.exchange_rates import USD, RateInForce, rate_in_force
from billing.domain.money import EXACT, Money, add_up
from billing.domain.periods import DAY, DateRange, Month, local_day, local_day_bounds
from billing.queries.collection import get_data_until
from billing.queries.connections import list_connections
from billing.queries.costs import SpendQuestion, list_daily_spend, list_spend
from billing.queries.exchange_rates import list_exchange_rates
from billing.queries.questions import LONGEST_RANGE
from forecasting.domain.branches import Days, roll_up, shifts
from forecasting.domain.budgets import BudgetStatus
from forecasting.domain.dashboard import DayAmount, Landing, landing_of
from forecasting.domain.series import Scope, ScopeKind
from forecasting.queries.budgets import list_budget_statuses
from forecasting.queries.forecasts import find_forecast
from forecasting.queries.scopes import count_tokens_unpriced

ZERO = Decimal(0)
MOMENT = timedelta(microseconds=1)
DOLLARS = RateInForce(currency=USD, units_per_usd=Decimal(1), month=None)
# Key of what no cost center pays, among the days by center.
NOBODY = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CenterSpend:
    """One center in the tree: what it cost by itself, and with all that stood below it on each day."""

    center: CostCenterValue
    own: Money
    branch: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSpend:
    """What one AWS account cost that no cost center pays."""

    aws_account_id: str
    name: str
    cost: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeSpend:
    """The tree of a month so far: the centers' own spend and the unassigned line add up to the total. Rated."""

    month: Month
    data_until: datetime | None
    rate: RateInForce
    rate_is_missing: bool
    rows: tuple[CenterSpend, ...]
    unassigned: Money
    unassigned_accounts: tuple[AccountSpend, ...]
    total: Money
    tokens_unpriced: int
    # What each center cost on each day by itself and with all that stood below it, in US dollars.
    own_days: Days
    branch_days: Days

    @property
    def unassigned_share(self) -> Decimal | None:
        """Which part of the total no center pays; None where nothing was spent."""
        return EXACT.divide(self.unassigned.amount, self.total.amount) if self.total.amount else None

    @property
    def largest(self) -> CenterSpend | None:
        """The center at the top with the largest branch, if one cost anything."""
        tops = [row for row in self.rows if row.center.depth == 0 and row.branch.amount > 0]
        return max(tops, key=lambda row: (row.branch.amount, -row.center.id), default=None)

    def share(self, row: CenterSpend) -> Decimal | None:
        """Which part of the total a branch is."""
        return EXACT.divide(row.branch.amount, self.total.amount) if self.total.amount else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CenterDays:
    """What a center adds to the days of the one that is shown: by itself, or with its branch while it stood below."""

    center: CostCenterValue
    days: tuple[DayAmount, ...]

    @property
    def total(self) -> Decimal:
        return add_up(day.cost.amount for day in self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class CenterPage:
    """One center with what it costs, where it lands, its budgets, and where it has stood."""

    tree: TreeSpend
    row: CenterSpend
    below: tuple[CenterSpend, ...]
    landing: Landing | None
    budgets: tuple[BudgetStatus, ...]
    tokens_unpriced: int
    places: tuple[tuple[Placement, CostCenterValue | None], ...]
    daily: tuple[CenterDays, ...]
    # Codes of the center and all below it; None where something came or went within the month.
    branch_codes: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthShift:
    """What a move takes from one center (None: the top) to another in a month."""

    month: Month
    left: CostCenterValue | None
    entered: CostCenterValue | None
    cost: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveEffect:
    """What a move would shift on stored history, newest month first; `is_same` when it stands there already."""

    center: CostCenterValue
    parent: CostCenterValue | None
    from_date: date
    data_until: datetime | None
    months: tuple[MonthShift, ...]
    total: Money
    is_same: bool
    later_moves: tuple[date, ...]
    counted_from: date


def get_tree_spend(*, organization: OrganizationValue, now: datetime, retired: bool = False) -> TreeSpend:
    """Return the tree of the month that the data end in; retired centers where they cost something, or if asked."""
    data_until = get_data_until(now=now).rated
    month = Month.of(local_day(data_until - MOMENT if data_until else now, organization.time_zone))
    rate = _rate(organization, month)
    centers = list_cost_centers(retired=True)
    days = _own_days(DateRange(month.start, month.end), organization.time_zone, centers)
    branches = roll_up({key: own for key, own in days.items() if key != NOBODY}, get_tree())
    rows = tuple(
        CenterSpend(
            center=center,
            own=(rate or DOLLARS).convert(_sum(days, center.id)),
            branch=(rate or DOLLARS).convert(_sum(branches, center.id)),
        )
        for center in centers
    )
    spent = [row for row in rows if retired or row.center.retired_at is None or row.branch.amount]
    accounts, tokens = _unassigned(month, organization.time_zone, rate or DOLLARS)
    return TreeSpend(
        month=month,
        data_until=data_until,
        rate=rate or DOLLARS,
        rate_is_missing=rate is None,
        rows=tuple(spent),
        unassigned=(rate or DOLLARS).convert(_sum(days, NOBODY)),
        unassigned_accounts=accounts,
        total=(rate or DOLLARS).convert(add_up(cost for own in days.values() for cost in own.values())),
        tokens_unpriced=tokens,
        own_days=days,
        branch_days=branches,
    )


def get_center_page(*, cost_center_id: int, organization: OrganizationValue, now: datetime) -> CenterPage:
    """Return one center's page. Raises CostCenterNotFound."""
    center = get_cost_center(cost_center_id)
    tree = get_tree_spend(organization=organization, now=now, retired=True)
    scope = Scope(ScopeKind.COST_CENTER, str(center.id))
    forecast = find_forecast(scope, month=tree.month, as_of=now)
    by_id = {row.center.id: row for row in tree.rows}
    return CenterPage(
        tree=tree,
        row=by_id[center.id],
        below=tuple(row for row in tree.rows if row.center.parent_id == center.id),
        landing=landing_of(forecast, tree.rate) if forecast else None,
        budgets=tuple(status for status in list_budget_statuses(as_of=now) if status.budget.scope == scope),
        tokens_unpriced=count_tokens_unpriced(scope, tree.month, organization.time_zone),
        places=tuple(
            (one, by_id[one.parent_id].center if one.parent_id else None)
            for one in reversed(list_placements(cost_center_id))
        ),
        daily=_daily(center, tree),
        branch_codes=_branch_codes(center.id, tree.month, by_id),
    )


def find_move_effect(
    *, cost_center_id: int, parent_id: int | None, from_date: date, organization: OrganizationValue, now: datetime
) -> MoveEffect:
    """Return what a move would shift, as far back as one reading goes.

    Raises CostCenterNotFound, MoveDateOutOfRange, CostCenterBelowItself, TreeTooDeep.
    """
    center = get_cost_center(cost_center_id)
    centers = {value.id: value for value in list_cost_centers(retired=True)}
    placements, today = list_placements(), local_day(now, organization.time_zone)
    check_move(placements, cost_center_id=center.id, parent_id=parent_id, from_date=from_date, today=today)
    own = [one for one in placements if one.cost_center_id == center.id]
    new = moved(own, parent_id=parent_id, from_date=from_date)
    after = Tree.of([*(one for one in placements if one.cost_center_id != center.id), *new])
    start = max(from_date, today - LONGEST_RANGE, EARLIEST_MOVE)
    days = _own_days(DateRange(start, today + DAY), organization.time_zone, tuple(centers.values()))
    days.pop(NOBODY, None)
    rates = {month: _rate(organization, month) or DOLLARS for month in DateRange(start, today + DAY).months()}
    if len({rate.currency for rate in rates.values()}) > 1:
        # Months without a rate, months with one: amounts of two currencies would not add up.
        rates = dict.fromkeys(rates, DOLLARS)
    months = tuple(
        MonthShift(
            month=shift.month,
            left=centers[shift.from_id] if shift.from_id else None,
            entered=centers[shift.to_id] if shift.to_id else None,
            cost=rates[shift.month].convert(shift.cost),
        )
        for shift in reversed(shifts(days, cost_center_id=center.id, before=Tree.of(placements), after=after))
    )
    currency = next(iter(rates.values())).currency
    return MoveEffect(
        center=center,
        parent=centers[parent_id] if parent_id else None,
        from_date=from_date,
        data_until=get_data_until(now=now).rated,
        months=months,
        total=Money(add_up(month.cost.amount for month in months), currency),
        is_same=tuple(own) == new,
        later_moves=tuple(one.valid_from for one in own if one.valid_from is not None and one.valid_from > from_date),
        counted_from=start,
    )


def _branch_codes(cost_center_id: int, month: Month, by_id: Mapping[int, CenterSpend]) -> tuple[str, ...] | None:
    tree = get_tree()
    branches = {tree.branch(cost_center_id, start) for start, _ in tree.stretches(month.start, month.end)}
    return tuple(sorted(by_id[one].center.code for one in branches.pop())) if len(branches) == 1 else None


def _daily(center: CostCenterValue, spend: TreeSpend) -> tuple[CenterDays, ...]:
    """The days of a branch in parts that add up to it: the center by itself, then what stood below it, dearest first."""
    tree = get_tree()

    def part(one: CostCenterValue, days: Mapping[date, Decimal]) -> CenterDays:
        amounts = [DayAmount(date=day, cost=spend.rate.convert(cost)) for day, cost in sorted(days.items())]
        return CenterDays(center=one, days=tuple(amounts))

    below = []
    for row in spend.rows:
        costs = spend.branch_days.get(row.center.id, {})
        days = {day: cost for day, cost in costs.items() if tree.parent(row.center.id, day) == center.id}
        if days:
            below.append(part(row.center, days))
    below.sort(key=lambda one: (-one.total, one.center.id))
    return (part(center, spend.own_days.get(center.id, {})), *below)


def _rate(organization: OrganizationValue, month: Month) -> RateInForce | None:
    rates = [entered.rate for entered in list_exchange_rates(organization.currency)]
    return rate_in_force(rates, organization.currency, month)


def _own_days(days: DateRange, time_zone: str, centers: Sequence[CostCenterValue]) -> dict[int, dict[date, Decimal]]:
    """What each center cost by itself on each day; what nobody pays stands under NOBODY."""
    ids = {center.code: center.id for center in centers}
    own: dict[int, dict[date, Decimal]] = {}
    for row in list_daily_spend(start=days.start, end=days.end, time_zone=time_zone, by=Dimension.COST_CENTER):
        own.setdefault(ids[row.key] if row.key else NOBODY, {})[row.date] = row.cost
    return own


def _sum(days: Days, key: int) -> Decimal:
    costs: Mapping[date, Decimal] = days.get(key, {})
    return add_up(costs.values())


def _unassigned(month: Month, time_zone: str, rate: RateInForce) -> tuple[tuple[AccountSpend, ...], int]:
    """Which AWS accounts the spend comes from that nobody pays, dearest first, and the tokens of the month unpriced."""
    names = {one.aws_account_id: one.name for one in list_connections(include_disconnected=True)}
    question = SpendQuestion(
        basis=Basis.RATED,
        start=local_day_bounds(month.start, time_zone)[0],
        end=local_day_bounds(month.end, time_zone)[0],
        group_by=(Dimension.AWS_ACCOUNT, Dimension.COST_CENTER),
    )
    rows = list_spend(question).rows
    accounts = [
        AccountSpend(aws_account_id=account, name=names.get(account, ""), cost=rate.convert(row.cost))
        for row in rows
        for account, center in [row.key]
        if center is None and account is not None and row.cost
    ]
    accounts.sort(key=lambda one: (-one.cost.amount, one.aws_account_id))
    return tuple(accounts), sum(row.tokens_unpriced for row in rows)
