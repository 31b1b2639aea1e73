"""What nobody pays for, and series whose evidence disagrees: by series, week and reason, in money."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from accounts.domain.organizations import OrganizationValue
from billing.domain.allocation import Origin, RuleField, SeriesFacts, matching
from billing.domain.dimensions import Basis
from billing.domain.money import ZERO, Money, add_up
from billing.domain.periods import DAY, DateRange, Month, utc_day_start
from billing.domain.unallocated import (
    Suggestion,
    UnpaidSeries,
    WhyUnallocated,
    gaps,
    suggestions,
    weeks_until,
    why_unallocated,
)
from billing.models import UnallocatedOwner
from billing.queries.allocation import DEFAULT_TAG_KEY, get_ground, list_assignments, list_series, stretches_of
from billing.queries.allocation_spend import MonthRates, Piece, list_piece_costs
from billing.queries.costs import SpendQuestion, list_spend

GROUPS = (RuleField.MODEL, RuleField.AWS_ACCOUNT, RuleField.AWS_REGION)
LOOKED_BACK = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What nobody pays for of one value, the largest first."""

    value: str
    cost: Money
    share: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerValue:
    """Who looks after what nobody pays for."""

    user_id: int
    name: str
    set_by: str
    set_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Unallocated:
    """What nobody pays for in the last 13 weeks of one basis; `total` is all that was spent in them."""

    basis: Basis
    days: DateRange
    cost: Money
    total: Money
    weeks: tuple[tuple[date, Money], ...]
    by_why: tuple[tuple[WhyUnallocated, Money], ...]
    groups: Mapping[RuleField, tuple[Group, ...]]
    suggestions: tuple[Suggestion, ...]
    owner: OwnerValue | None
    rates: MonthRates

    @property
    def share(self) -> Decimal | None:
        """Which part of all spend nobody pays for."""
        return self.cost.amount / self.total.amount if self.total.amount else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing that says who pays: a rule by its name, a tag by its key, an account."""

    origin: Origin
    text: str
    cost_center_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationConflict:
    """A series whose evidence names several cost centers; the first in the list wins."""

    series: SeriesFacts
    told: tuple[Told, ...]
    cost: Money


def get_unallocated(basis: Basis, *, organization: OrganizationValue, now: datetime) -> Unallocated:
    """Return what nobody pays for, by reason, week, model, account and region, with the rules that would catch most."""
    days = weeks_until(now.date())
    rates = MonthRates.of(organization.currency, (Month.of(day) for day in days))
    unpaid = _unpaid(basis, days, rates)
    by_week: dict[date, Decimal] = defaultdict(lambda: ZERO)
    by_why: dict[WhyUnallocated, Decimal] = defaultdict(lambda: ZERO)
    for one in unpaid:
        by_why[one.why] += one.cost
        for week, cost in one.by_week.items():
            by_week[week] += cost
    cost, currency = add_up(one.cost for one in unpaid), rates.currency
    return Unallocated(
        basis=basis,
        days=days,
        cost=Money(cost, currency),
        total=_total(basis, days, rates),
        weeks=tuple((day, Money(by_week[day], currency)) for day in days if day.weekday() == 0),
        by_why=tuple((why, Money(by_why[why], currency)) for why in sorted(by_why, key=lambda why: -by_why[why])),
        groups={field: _groups(unpaid, field, cost, currency) for field in GROUPS},
        suggestions=suggestions(unpaid, currency),
        owner=find_unallocated_owner(),
        rates=rates,
    )


def find_unallocated_owner() -> OwnerValue | None:
    """Return who looks after what nobody pays for, None while nobody does."""
    row = UnallocatedOwner.objects.select_related("user").first()
    if row is None:
        return None
    return OwnerValue(user_id=row.user_id, name=row.user.name or row.user.email, set_by=row.set_by, set_at=row.set_at)


def list_conflicts(*, organization: OrganizationValue, now: datetime) -> tuple[AllocationConflict, ...]:
    """Return the series of the last 90 days whose rules, tags and account name different cost centers, the dearest first."""
    ground, today = get_ground(), now.date()
    days = DateRange(today - LOOKED_BACK, today + DAY)
    rates = MonthRates.of(organization.currency, days.months())
    found: list[AllocationConflict] = []
    for basis in Basis:
        told_of: list[tuple[SeriesFacts, tuple[Told, ...]]] = []
        for facts, tags in list_series(basis):
            told = [
                Told(origin=Origin.RULE, text=rule.name, cost_center_id=rule.cost_center_id)
                for rule in matching(facts, ground.versions, tags, today)
            ]
            told += [
                Told(origin=claim.origin, text=claim.text, cost_center_id=claim.cost_center_id)
                for claim in ground.claims(facts, tags)
            ]
            if len({one.cost_center_id for one in told}) > 1:
                told_of.append((facts, tuple(told)))
        pieces = [Piece(place, facts.id, days.start, days.end) for place, (facts, _) in enumerate(told_of)]
        costs: dict[int, Decimal] = defaultdict(lambda: ZERO)
        for one in list_piece_costs(basis, pieces, days, by="month"):
            money = rates.convert(one.cost, one.currency, Month.of(one.period))
            costs[one.label] += money.amount if money else ZERO
        found += [
            AllocationConflict(series=facts, told=told, cost=Money(costs[place], rates.currency))
            for place, (facts, told) in enumerate(told_of)
        ]
    return tuple(sorted(found, key=lambda one: (-one.cost.amount, one.series.basis, one.series.id)))


def _unpaid(basis: Basis, days: DateRange, rates: MonthRates) -> list[UnpaidSeries]:
    series = list_series(basis)
    assigned = list_assignments(basis, [facts.id for facts, _ in series])
    pieces = [
        Piece(place, facts.id, start, end)
        for place, (facts, _) in enumerate(series)
        for start, end in gaps(stretches_of(assigned.get(facts.id, ())), days)
    ]
    weeks: dict[int, dict[date, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    for one in list_piece_costs(basis, pieces, days, by="day"):
        money = rates.convert(one.cost, one.currency, Month.of(one.period))
        if money is not None:
            weeks[one.label][one.period - timedelta(days=one.period.weekday())] += money.amount
    tag_keys = get_ground().tag_keys
    return [
        UnpaidSeries(
            series=series[place][0],
            tags=series[place][1],
            why=why_unallocated(
                *series[place], tag_keys.get(series[place][0].told[RuleField.AWS_ACCOUNT], DEFAULT_TAG_KEY)
            ),
            by_week=by_week,
            cost=add_up(by_week.values()),
        )
        for place, by_week in weeks.items()
    ]


def _total(basis: Basis, days: DateRange, rates: MonthRates) -> Money:
    """All that was spent in the same days; the weeks that two months share at the rate of each of their days' month."""
    total = ZERO
    for month in days.months():
        start, end = max(month.start, days.start), min(month.end, days.end)
        question = SpendQuestion(basis=basis, start=utc_day_start(start), end=utc_day_start(end))
        for row in list_spend(question).rows:
            money = rates.convert(row.cost, row.currency, month)
            total += money.amount if money else ZERO
    return Money(total, rates.currency)


def _groups(unpaid: list[UnpaidSeries], field: RuleField, whole: Decimal, currency: str) -> tuple[Group, ...]:
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for one in unpaid:
        sums[one.series.told.get(field, "")] += one.cost
    return tuple(
        Group(value=value, cost=Money(sums[value], currency), share=sums[value] / whole if whole else ZERO)
        for value in sorted(sums, key=lambda value: (-sums[value], value))[:10]
    )
