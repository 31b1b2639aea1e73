"""What a rule would move on history, before it is saved: in money, by month, from whom to whom; nothing is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from accounts.domain.organizations import OrganizationValue
from billing.domain.allocation import Evidence, RuleVersion, Stretch, allocate, check_conditions, check_days
from billing.domain.allocation_rules import RuleDraft, with_draft
from billing.domain.dimensions import Basis
from billing.domain.money import ZERO, Money, add_up
from billing.domain.periods import DAY, DateRange, Month
from billing.queries.allocation import (
    Series,
    evidence_of,
    list_assignments,
    list_evidence,
    list_rule_versions,
    list_series,
    stretches_of,
)
from billing.queries.allocation_rules import list_rules
from billing.queries.allocation_spend import MonthRates, Piece, list_piece_costs

LOOKED_BACK = timedelta(days=90)
NEW_RULE = 0
Move = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveLine:
    """What would move from one cost center to another (None: nobody pays), by month."""

    basis: Basis
    from_id: int | None
    to_id: int | None
    by_month: tuple[Money, ...]
    total: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePreview:
    """What a draft would move within the days looked at, the largest first of each basis."""

    days: DateRange
    months: tuple[Month, ...]
    lines: tuple[MoveLine, ...]
    rates: MonthRates
    series_matched: int
    foreign: tuple[Money, ...]  # amounts in currencies that nobody has a rate for

    def moved(self, basis: Basis) -> Money:
        """Return how much would move in one basis; a move counts once, whichever way."""
        return Money(add_up(abs(line.total.amount) for line in self.lines if line.basis is basis), self.rates.currency)

    @property
    def moved_rated(self) -> Money:
        """What would move of the estimated cost."""
        return self.moved(Basis.RATED)

    @property
    def moved_billed(self) -> Money:
        """What would move of the bill."""
        return self.moved(Basis.BILLED)


def preview_rule(
    draft: RuleDraft, *, rule_id: int | None, organization: OrganizationValue, now: datetime
) -> RulePreview:
    """Return what saving a draft would move in the last 90 UTC days. Raises what is wrong with the draft."""
    check_conditions(draft.conditions)
    check_days(draft.effective_from, draft.effective_to)
    versions = list_rule_versions()
    ranks = {rule.id: rule.rank for rule in list_rules()}
    rank = ranks.get(rule_id or NEW_RULE, max(ranks.values(), default=0) + 1)
    drafted = with_draft(versions, draft, rule_id=rule_id or NEW_RULE, rank=rank)
    days = DateRange(now.date() - LOOKED_BACK, now.date() + DAY)
    months = tuple(days.months())
    rates = MonthRates.of(organization.currency, months)
    lines: list[MoveLine] = []
    foreign: dict[str, Decimal] = defaultdict(lambda: ZERO)
    matched = 0
    for basis in Basis:
        moves: dict[Move, int] = {}
        pieces: list[Piece] = []
        series = list_series(basis)
        matched += sum(drafted[-1].matches(facts, tags) for facts, tags in series)  # the draft stands last
        for move, piece in _moved(basis, series, versions, drafted, days):
            label = moves.setdefault(move, len(moves))
            pieces.append(piece._replace(label=label))
        amounts: dict[Move, dict[Month, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
        named = {label: move for move, label in moves.items()}
        for cost in list_piece_costs(basis, pieces, days, by="month"):
            month = Month.of(cost.period)
            money = rates.convert(cost.cost, cost.currency, month)
            if money is None:
                foreign[cost.currency] += cost.cost
            else:
                amounts[named[cost.label]][month] += money.amount
        lines += _lines(basis, amounts, months, rates.currency)
    return RulePreview(
        days=days,
        months=months,
        lines=tuple(lines),
        rates=rates,
        series_matched=matched,
        foreign=tuple(Money(foreign[currency], currency) for currency in sorted(foreign)),
    )


def _moved(
    basis: Basis,
    series: Sequence[Series],
    versions: Sequence[RuleVersion],
    drafted: Sequence[RuleVersion],
    days: DateRange,
) -> Iterator[tuple[Move, Piece]]:
    """Every piece of time in which a series would be paid by somebody else."""
    ids = [facts.id for facts, _ in series]
    evidence, assigned = list_evidence(basis, ids), list_assignments(basis, ids)
    for facts, tags in series:
        told = evidence_of(evidence.get(facts.id, ())) or (Evidence(tags=tags),)
        fixed = tuple(one for one in stretches_of(assigned.get(facts.id, ())) if one.origin == "HAND")
        before, after = allocate(facts, versions, told, fixed), allocate(facts, drafted, told, fixed)
        for start, end in _pieces((*before, *after), days):
            payers = _payer(before, start), _payer(after, start)
            if payers[0] != payers[1]:
                yield payers, Piece(0, facts.id, start, end)


def _pieces(stretches: Sequence[Stretch], days: DateRange) -> Iterator[tuple[date, date]]:
    turns = {one.start for one in stretches if one.start is not None and days.start < one.start < days.end}
    edges = [days.start, *sorted(turns), days.end]
    yield from pairwise(edges)


def _payer(stretches: Sequence[Stretch], day: date) -> int | None:
    return next(one.cost_center_id for one in reversed(stretches) if one.start is None or one.start <= day)


def _lines(
    basis: Basis, amounts: dict[Move, dict[Month, Decimal]], months: Sequence[Month], currency: str
) -> list[MoveLine]:
    lines = [
        MoveLine(
            basis=basis,
            from_id=move[0],
            to_id=move[1],
            by_month=tuple(Money(by_month[month], currency) for month in months),
            total=Money(add_up(by_month.values()), currency),
        )
        for move, by_month in amounts.items()
    ]
    return sorted(lines, key=lambda line: (-abs(line.total.amount), line.from_id or 0, line.to_id or 0))
