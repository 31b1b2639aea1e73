"""What the first page says: where the month lands, how far the band reaches, what moved, what needs somebody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from billing.domain.dimensions import Dimension
from billing.domain.exchange_rates import RateInForce
from billing.domain.money import EXACT, Money, add_up
from billing.domain.periods import HOUR, Month
from forecasting.domain.budgets import BudgetStatus
from forecasting.domain.forecasts import PublishedForecast
from forecasting.domain.series import ScopeKind

ZERO = Decimal(0)
# As many as a legend and six inks carry; the rest is one line.
SHOWN_ROWS = 6
# A forecast that touches the amount by less than this is a match, not an excess.
NOTABLE = Decimal("0.005")


class FindingKind(StrEnum):
    """Which sentence stands on top of the page; the templates hold the sentences."""

    EXCEEDED = "EXCEEDED"
    WILL_EXCEED = "WILL_EXCEED"
    ON_PLAN = "ON_PLAN"
    LANDS = "LANDS"  # no budget to hold it against
    SPENT = "SPENT"  # no forecast yet


class NeedKind(StrEnum):
    """What can wait for somebody."""

    BUDGET = "BUDGET"
    SOURCE = "SOURCE"
    UNPRICED = "UNPRICED"
    UNREAD = "UNREAD"  # usage types of the bill that are not recognised
    UNHEARD = "UNHEARD"  # budgets whose alerts reach nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class DayAmount:
    """What one day of the organization's calendar cost, in the currency of the page."""

    date: date
    cost: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingDay:
    """One coming day: what has come together by its end, as expected and at both ends of the 80 % band."""

    date: date
    expected: Money
    lo_80: Money
    hi_80: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """Where the month is expected to end, never without its band."""

    total: Money
    lo_80: Money
    hi_80: Money
    is_calibrated: bool
    made_at: datetime
    days: tuple[LandingDay, ...]
    # Made while the past of a new account was still being read: it will move.
    is_provisional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakdownRow:
    """One part of the month so far, beside the same stretch of the month before.

    `key` None: nobody owns it, or the model is not recognized. The rest has no name either: the page gives both one.
    """

    key: str | None
    label: str
    cost: Money
    before: Money
    share: Decimal
    bar: Decimal  # of the largest row, 0 to 1
    tokens_unpriced: int = 0
    is_rest: bool = False

    @property
    def change(self) -> Money:
        return self.cost - self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """The month so far by one dimension: the largest rows, the rest, and what they come to."""

    dimension: Dimension
    rows: tuple[BreakdownRow, ...]
    total: Money
    before: Money

    @property
    def change(self) -> Money:
        return self.total - self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """The part that grew most against the same stretch of the month before, and its share of all growth.

    An empty name: spend that no cost center owns, or of a model that is not recognized.
    """

    cost_center: str
    model: str
    growth: Money
    share: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartCost:
    """What one part cost in each of the two periods, in dollars."""

    key: str | None
    label: str
    now: Decimal
    before: Decimal
    tokens_unpriced: int = 0


def finding_kind(budget: BudgetStatus | None, landing: Landing | None) -> FindingKind:
    """Choose the sentence on top: the worst that is true."""
    if budget is not None and budget.left.amount < 0:
        return FindingKind.EXCEEDED
    if budget is not None and budget.forecast is not None:
        over = budget.forecast.over.amount > budget.budget.amount.amount * NOTABLE
        return FindingKind.WILL_EXCEED if over else FindingKind.ON_PLAN
    return FindingKind.SPENT if landing is None else FindingKind.LANDS


def month_gone(month: Month, data_until: date) -> Decimal:
    """Return the share of the month's days that lie before the day after `data_until`."""
    gone = (min(max(data_until, month.start), month.end) - month.start).days
    return EXACT.divide(Decimal(gone), Decimal(month.days))


def landing_of(forecast: PublishedForecast, rate: RateInForce) -> Landing:
    """Express a forecast in the currency of the page."""
    return Landing(
        total=rate.convert(forecast.total),
        lo_80=rate.convert(forecast.lo_80),
        hi_80=rate.convert(forecast.hi_80),
        is_calibrated=forecast.calibrated,
        is_provisional=forecast.is_provisional,
        made_at=forecast.made_at,
        days=tuple(
            LandingDay(
                date=day.date,
                expected=rate.convert(day.running_total),
                lo_80=rate.convert(day.lo_80),
                hi_80=rate.convert(day.hi_80),
            )
            for day in forecast.days
        ),
    )


def running_total(days: Iterable[DayAmount], currency: str) -> tuple[DayAmount, ...]:
    """Add days up, each with all before it."""
    so_far, rows = Money(ZERO, currency), []
    for day in days:
        so_far += day.cost
        rows.append(DayAmount(date=day.date, cost=so_far))
    return tuple(rows)


def same_stretch_before(month_start: datetime, data_until: datetime, before: tuple[datetime, datetime]) -> datetime:
    """Return how far the month before must be read to cover as much time as this month has covered, at most all of it."""
    start, end = before
    return min(start + max(data_until - month_start, HOUR), end)


def break_down(
    dimension: Dimension, parts: Iterable[PartCost], *, rate: RateInForce, rate_before: RateInForce
) -> Breakdown:
    """Sort the parts, keep the largest and add up the rest; what nobody owns keeps its own line, also when small."""
    known = sorted((part for part in parts if part.now or part.before or part.tokens_unpriced), key=_by_size)
    owned = [part for part in known if part.key is not None]
    kept = owned if len(owned) <= SHOWN_ROWS else owned[: SHOWN_ROWS - 1]
    rest = owned[len(kept) :]
    shown = [*kept, *(part for part in known if part.key is None)]
    if rest:
        shown.append(_sum_of(rest))
    total = add_up(part.now for part in known)
    largest = max((part.now for part in shown), default=ZERO)
    rows = tuple(
        BreakdownRow(
            key=part.key,
            label=part.label,
            cost=rate.convert(part.now),
            before=rate_before.convert(part.before),
            share=_ratio(part.now, total),
            bar=_ratio(part.now, largest),
            tokens_unpriced=part.tokens_unpriced,
            is_rest=bool(rest) and part is shown[-1],
        )
        for part in shown
    )
    before = add_up(part.before for part in known)
    return Breakdown(dimension=dimension, rows=rows, total=rate.convert(total), before=rate_before.convert(before))


def largest_mover(
    parts: Mapping[tuple[str | None, str | None], tuple[Decimal, Decimal]],
    *,
    rate: RateInForce,
    label: Callable[[Dimension, str | None], str],
) -> Mover | None:
    """Return the cost center and model that grew most, from (now, before) in dollars; None when nothing grew."""
    grown = {key: now - before for key, (now, before) in parts.items() if now > before}
    if not grown:
        return None
    center, model = key = max(grown, key=lambda candidate: (grown[candidate], candidate[0] or "", candidate[1] or ""))
    net = add_up(now - before for now, before in parts.values())
    return Mover(
        cost_center=label(Dimension.COST_CENTER, center),
        model=label(Dimension.MODEL, model),
        growth=rate.convert(grown[key]),
        # Where others shrank, one part can be more than all of the net growth: then a share says nothing.
        share=EXACT.divide(grown[key], net) if net >= grown[key] else None,
    )


def most_pressing(budgets: Iterable[BudgetStatus]) -> BudgetStatus | None:
    """Return the budget of the whole organization that is closest to being exceeded, or furthest beyond."""
    whole = [status for status in budgets if status.budget.scope.kind is ScopeKind.ORGANIZATION]
    return max(whole, key=_pressure, default=None)


def excess_of(status: BudgetStatus) -> Money | None:
    """Return by how much a budget is or will be exceeded, whichever is more; None when it fits."""
    excess = [-status.left] + ([status.forecast.over] if status.forecast else [])
    worst = max(excess, key=lambda money: money.amount)
    return worst if worst.amount > status.budget.amount.amount * NOTABLE else None


def _pressure(status: BudgetStatus) -> tuple[Decimal, int]:
    expected = status.forecast.share if status.forecast else ZERO
    return max(status.spent_share, expected), -status.budget.id


def _by_size(part: PartCost) -> tuple[Decimal, str]:
    return -part.now, part.label


def _sum_of(parts: Sequence[PartCost]) -> PartCost:
    return PartCost(
        key="",
        label="",
        now=add_up(part.now for part in parts),
        before=add_up(part.before for part in parts),
        tokens_unpriced=sum(part.tokens_unpriced for part in parts),
    )


def _ratio(part: Decimal, whole: Decimal) -> Decimal:
    return EXACT.divide(part, whole) if whole else ZERO
