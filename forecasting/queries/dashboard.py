"""What the first page says: landing, cause, what needs somebody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from accounts.domain.cost_centers import CostCenterValue
from accounts.domain.organizations import OrganizationValue
from accounts.domain.placements import Tree
from accounts.queries.cost_centers import get_tree, list_cost_centers
from billing.domain.dimensions import Basis, Dimension
from billing.domain.exchange_rates import USD, RateInForce, rate_in_force
from billing.domain.freshness import Freshness
from billing.domain.money import Money, add_up, total
from billing.domain.periods import DAY, DateRange, Month, local_day, local_day_bounds, utc_day_start
from billing.queries.catalog import list_foundation_models, names_of
from billing.queries.collection import DataUntil, SourceFreshness, get_data_until, list_source_freshness
from billing.queries.costs import SpendQuestion, SpendRow, list_daily_spend, list_spend
from billing.queries.exchange_rates import list_exchange_rates
from forecasting.domain.budgets import BudgetStatus
from forecasting.domain.dashboard import (
    ZERO,
    Breakdown,
    DayAmount,
    FindingKind,
    Landing,
    Mover,
    PartCost,
    break_down,
    finding_kind,
    landing_of,
    largest_mover,
    month_gone,
    most_pressing,
    same_stretch_before,
)
from forecasting.domain.series import WHOLE_ORGANIZATION
from forecasting.queries.budgets import list_budget_statuses
from forecasting.queries.forecasts import find_forecast
from forecasting.queries.needs import Need, list_needs

PARTS = (Dimension.COST_CENTER, Dimension.MODEL, Dimension.AWS_REGION)
RECENT_DAYS = 30
DOLLARS = RateInForce(currency=USD, units_per_usd=Decimal(1), month=None)
MOMENT = timedelta(microseconds=1)
# Failing sources stand first.
SEVERITY = (
    Freshness.DENIED,
    Freshness.LATE,
    Freshness.RETRYING,
    Freshness.FILLING,
    Freshness.PAUSED,
    Freshness.FRESH,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Which month is shown, in which currency at which rates, and how far the data reach."""

    month: Month
    time_zone: str
    data_until: DataUntil
    rated_until: datetime
    as_of: datetime
    rate: RateInForce
    rate_before: RateInForce
    rate_is_missing: bool

    @property
    def month_before(self) -> Month:
        return self.month.previous()

    @property
    def currency(self) -> str:
        return self.rate.currency

    @property
    def last_day(self) -> date:
        """The last day that has any data."""
        return local_day(self.rated_until - MOMENT, self.time_zone)

    @property
    def partial_day(self) -> date | None:
        """That day, if the data end within it."""
        return self.last_day if local_day_bounds(self.last_day, self.time_zone)[1] > self.rated_until else None

    @property
    def billed_last_day(self) -> date | None:
        """The last UTC day that the bill is complete for."""
        return self.data_until.billed - DAY if self.data_until.billed else None

    @property
    def gone(self) -> Decimal:
        """How much of the month is over, counting whole days."""
        return month_gone(self.month, local_day(self.rated_until, self.time_zone))

    def convert(self, day: date, cost_usd: Decimal) -> Money:
        """Express a day's dollars at the rate of its month."""
        return (self.rate if day >= self.month.start else self.rate_before).convert(cost_usd)


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """Rated cost by day: of the month, of the month before, and of the last days by foundation model."""

    days: tuple[DayAmount, ...]
    days_before: tuple[DayAmount, ...]
    spent: Money
    before: Money
    recent: DateRange
    recent_by_model: Mapping[str | None, tuple[DayAmount, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """What the month so far is made of, and the lines that must not be overlooked."""

    breakdowns: tuple[Breakdown, ...]
    mover: Mover | None
    unassigned: Money
    unassigned_share: Decimal | None
    tokens_unpriced: int
    assumed: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledBeside:
    """What the bill says of the month's first UTC days, and the estimate for the same days."""

    last_day: date
    amount: Money
    rated: Money

    @property
    def difference(self) -> Money:
        return self.amount - self.rated


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """Everything on the first page, in one currency; rated cost unless a name says otherwise."""

    frame: Frame
    daily: Daily
    composition: Composition
    landing: Landing | None
    budget: BudgetStatus | None
    budgets: tuple[BudgetStatus, ...]
    finding: FindingKind
    billed: BilledBeside | None
    billed_before: Money | None
    sources: tuple[SourceFreshness, ...]
    needs: tuple[Need, ...]


def get_dashboard(*, organization: OrganizationValue, now: datetime) -> Dashboard | None:
    """Return the first page's values, or None while no usage is stored.

    Days are the organization's; only what is billed stands on UTC days, as AWS bills.
    """
    frame = _frame(organization, now)
    if frame is None:
        return None
    forecast = find_forecast(WHOLE_ORGANIZATION, month=frame.month, as_of=frame.as_of)
    landing = landing_of(forecast, frame.rate) if forecast else None
    budgets = tuple(list_budget_statuses(as_of=frame.as_of))
    budget = most_pressing(budgets)
    composition, sources = _composition(frame), list_source_freshness(now=now)
    return Dashboard(
        frame=frame,
        daily=_daily(frame),
        composition=composition,
        landing=landing,
        budget=budget,
        budgets=budgets,
        finding=finding_kind(budget, landing),
        billed=_billed_beside(frame),
        billed_before=_billed(frame.month_before.range, frame.rate_before),
        sources=tuple(sorted(sources, key=lambda source: SEVERITY.index(source.state))),
        needs=list_needs(budgets, sources, composition.tokens_unpriced),
    )


def _frame(organization: OrganizationValue, now: datetime) -> Frame | None:
    data_until = get_data_until(now=now)
    if data_until.rated is None:
        return None
    # Where data are late, the month they end in is shown: an empty new month would read as "nothing spent".
    month = Month.of(local_day(data_until.rated - MOMENT, organization.time_zone))
    month_end = local_day_bounds(month.end, organization.time_zone)[0]
    rates = [entered.rate for entered in list_exchange_rates(organization.currency)]
    rate = rate_in_force(rates, organization.currency, month)
    rate_before = rate_in_force(rates, organization.currency, month.previous()) if rate else DOLLARS
    return Frame(
        month=month,
        time_zone=organization.time_zone,
        data_until=data_until,
        rated_until=data_until.rated,
        as_of=min(now, month_end - MOMENT),
        rate=rate or DOLLARS,
        rate_before=rate_before or rate or DOLLARS,
        rate_is_missing=rate is None,
    )


def _daily(frame: Frame) -> Daily:
    by_model: dict[str | None, list[DayAmount]] = defaultdict(list)
    by_day: dict[date, Money] = {}
    spend = list_daily_spend(
        start=frame.month_before.start, end=frame.month.end, time_zone=frame.time_zone, by=Dimension.MODEL
    )
    recent = DateRange(frame.last_day - (RECENT_DAYS - 1) * DAY, frame.last_day + DAY)
    for row in spend:
        cost = frame.convert(row.date, row.cost)
        by_day[row.date] = by_day.get(row.date, Money(ZERO, frame.currency)) + cost
        if row.date in recent:
            by_model[row.key].append(DayAmount(date=row.date, cost=cost))
    days = _filled(by_day, DateRange(frame.month.start, frame.last_day + DAY), frame.currency)
    days_before = _filled(by_day, frame.month_before.range, frame.currency)
    return Daily(
        days=days,
        days_before=days_before,
        spent=_total(days, frame.currency),
        before=_total(days_before, frame.currency),
        recent=recent,
        recent_by_model={key: tuple(amounts) for key, amounts in by_model.items()},
    )


def _filled(by_day: Mapping[date, Money], days: DateRange, currency: str) -> tuple[DayAmount, ...]:
    """A day without facts cost nothing: the source has been read up to its end."""
    return tuple(DayAmount(date=day, cost=by_day.get(day, Money(ZERO, currency))) for day in days)


def _total(days: Iterable[DayAmount], currency: str) -> Money:
    return total((day.cost for day in days), currency)


def _composition(frame: Frame) -> Composition:
    # To the end of the month, later than any fact: whole local days are read by the day.
    start, end = (local_day_bounds(day, frame.time_zone)[0] for day in (frame.month.start, frame.month.end))
    start_before = local_day_bounds(frame.month_before.start, frame.time_zone)[0]
    end_before = same_stretch_before(start, frame.rated_until, (start_before, start))
    tree, centers = get_tree(), list_cost_centers(retired=True)
    now, tops = _spend(start, end, frame.time_zone, tree, centers)
    before, tops_before = _spend(start_before, end_before, frame.time_zone, tree, centers)
    unassigned = add_up(row.cost for row in now if row.key[0] is None)
    spent = add_up(row.cost for row in now)
    label = _labels(centers)
    breakdowns = [_breakdown(index, tops, tops_before, label, frame) for index in range(len(PARTS))]
    return Composition(
        breakdowns=tuple(breakdowns),
        mover=_mover(now, before, label, frame),
        unassigned=frame.rate.convert(unassigned),
        unassigned_share=unassigned / spent if spent else None,
        tokens_unpriced=sum(row.tokens_unpriced for row in now),
        assumed=frame.rate.convert(add_up(row.cost_assumed for row in now)),
    )


def _spend(
    start: datetime, end: datetime, time_zone: str, tree: Tree, centers: Iterable[CostCenterValue]
) -> tuple[tuple[SpendRow, ...], tuple[SpendRow, ...]]:
    """What was spent by each cost center itself, and the same by the center at the top of its branch.

    One statement, and one more for each day in between on which a cost center moved.
    """
    ids = {center.code: center.id for center in centers}
    codes = {number: code for code, number in ids.items()}
    rows: list[SpendRow] = []
    tops: list[SpendRow] = []
    last = local_day(max(end - MOMENT, start), time_zone) + DAY
    for first_day, last_day in tree.stretches(local_day(start, time_zone), last):
        question = SpendQuestion(
            basis=Basis.RATED,
            start=max(start, local_day_bounds(first_day, time_zone)[0]),
            end=min(end, local_day_bounds(last_day, time_zone)[0]),
            group_by=PARTS,
            time_zone=time_zone,
        )
        for row in list_spend(question).rows:
            center, *others = row.key
            top = codes[tree.line(ids[center], first_day)[-1]] if center else None
            rows.append(row)
            tops.append(replace(row, key=(top, *others)))
    return tuple(rows), tuple(tops)


def _breakdown(
    index: int,
    now: Sequence[SpendRow],
    before: Sequence[SpendRow],
    label: Callable[[Dimension, str | None], str],
    frame: Frame,
) -> Breakdown:
    dimension = PARTS[index]
    costs, costs_before = _sums(now, index), _sums(before, index)
    unpriced: dict[str | None, int] = defaultdict(int)
    for row in now:
        unpriced[row.key[index]] += row.tokens_unpriced
    parts = [
        PartCost(
            key=key,
            label=label(dimension, key),
            now=costs.get(key, ZERO),
            before=costs_before.get(key, ZERO),
            tokens_unpriced=unpriced[key],
        )
        for key in {**costs, **costs_before}
    ]
    return break_down(dimension, parts, rate=frame.rate, rate_before=frame.rate_before)


def _sums(rows: Iterable[SpendRow], index: int) -> dict[str | None, Decimal]:
    sums: dict[str | None, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row.key[index]] += row.cost
    return sums


def _mover(
    now: Sequence[SpendRow], before: Sequence[SpendRow], label: Callable[[Dimension, str | None], str], frame: Frame
) -> Mover | None:
    sums: dict[tuple[str | None, str | None], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for index, rows in enumerate((now, before)):
        for row in rows:
            sums[row.key[0], row.key[1]][index] += row.cost
    parts = {key: (pair[0], pair[1]) for key, pair in sums.items()}
    return largest_mover(parts, rate=frame.rate, label=label)


def _labels(cost_centers: Iterable[CostCenterValue]) -> Callable[[Dimension, str | None], str]:
    """Names for keys; a key without a name stands for itself, and no key has no name: the page says what that is."""
    centers = {center.code: center.name for center in cost_centers}
    names = {Dimension.COST_CENTER: centers, Dimension.MODEL: names_of(list_foundation_models())}
    return lambda dimension, key: names.get(dimension, {}).get(key or "", key or "")


def _billed(days: DateRange, rate: RateInForce) -> Money | None:
    """What the bill says of UTC days, or None where it says nothing yet."""
    question = SpendQuestion(basis=Basis.BILLED, start=utc_day_start(days.start), end=utc_day_start(days.end))
    rows = [row for row in list_spend(question).rows if row.currency == USD]
    return rate.convert(add_up(row.cost for row in rows)) if rows else None


def _billed_beside(frame: Frame) -> BilledBeside | None:
    until = frame.data_until.billed
    if until is None or until <= frame.month.start:
        return None
    days = DateRange(frame.month.start, min(until, frame.month.end))
    billed = _billed(days, frame.rate)
    rated = add_up(row.cost for row in list_daily_spend(start=days.start, end=days.end, time_zone="UTC"))
    if billed is None:
        return None
    return BilledBeside(last_day=days.end - DAY, amount=billed, rated=frame.rate.convert(rated))
