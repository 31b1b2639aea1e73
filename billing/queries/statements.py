"""The statement of a month in both bases, out of the same readings as every other page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from accounts.domain.cost_centers import CostCenterValue
from accounts.domain.organizations import OrganizationValue
from accounts.queries.cost_centers import list_cost_centers
from billing.domain.dimensions import NO_MODEL, Basis, Dimension
from billing.domain.money import EXACT, ZERO, Money, add_up
from billing.domain.periods import Month, local_range_hours, utc_day_start
from billing.domain.shared_costs import Split, Weights, beside
from billing.domain.statements import NOBODY, CenterStatement, build_statements, statement_of, whole
from billing.queries.allocation_spend import MonthRates
from billing.queries.catalog import list_foundation_models, names_of
from billing.queries.collection import DataUntil, get_data_until
from billing.queries.costs import SpendQuestion, list_spend
from billing.queries.shared_costs import list_metrics, list_splits
from billing.queries.usage import read_rated

Direct = dict[int, dict[str, Decimal]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisStatement:
    """All centers of a month in one basis: they and what nobody pays for add up to `total`."""

    basis: Basis
    centers: tuple[CenterStatement, ...]
    total: Decimal
    foreign: tuple[Money, ...]  # amounts in currencies that nobody has a rate for: in no line

    @property
    def unallocated(self) -> CenterStatement:
        """What nobody pays for."""
        return statement_of(self.centers, NOBODY)

    @property
    def unallocated_share(self) -> Decimal | None:
        """Which part of the total nobody pays for, after splits."""
        return self.unallocated.total / self.total if self.total else None

    def of(self, center: int) -> CenterStatement:
        """Return one center's."""
        return statement_of(self.centers, center)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The month's statement in both bases, in one currency at one rate."""

    month: Month
    rated: BasisStatement
    billed: BasisStatement
    rates: MonthRates
    splits: tuple[Split, ...]
    centers: Mapping[int, CostCenterValue]
    model_names: Mapping[str, str]
    data_until: DataUntil

    @property
    def billed_until(self) -> date | None:
        """The day up to which AWS has billed."""
        return self.data_until.billed

    def bases(self) -> tuple[BasisStatement, BasisStatement]:
        """Return both."""
        return self.rated, self.billed


def get_statement(
    month: Month, *, organization: OrganizationValue, now: datetime, trial: Split | None = None
) -> Statement:
    """Return what each cost center pays for a month; with a trial, as if that split held in the month.

    Estimated: the organization's own month. Billed: the month of UTC days that AWS bills. The two are never added.
    """
    centers = {center.id: center for center in list_cost_centers(retired=True)}
    ids = {center.code: center.id for center in centers.values()}
    rates = MonthRates.of(organization.currency, [month])
    splits = tuple(split for split in list_splits() if split.covers(month))
    if trial is not None:
        splits = beside(trial, splits)
    tokens: dict[int, int] = defaultdict(int)
    rated, _ = _read(_rated_question(month, organization.time_zone), ids, rates, month)
    if splits:
        _count_tokens(_rated_question(month, organization.time_zone), ids, tokens)
    billed, foreign = _read(_billed_question(month), ids, rates, month)
    weights = Weights(direct_cost={}, tokens=tokens, metrics=list_metrics(month) if splits else {})
    return Statement(
        month=month,
        rated=_statement(Basis.RATED, rated, splits, weights),
        billed=_statement(Basis.BILLED, billed, splits, weights, foreign),
        rates=rates,
        splits=splits,
        centers=centers,
        model_names=names_of(list_foundation_models()),
        data_until=get_data_until(now=now),
    )


def _statement(
    basis: Basis, direct: Direct, splits: tuple[Split, ...], weights: Weights, foreign: tuple[Money, ...] = ()
) -> BasisStatement:
    own = {center: add_up(by_label.values()) for center, by_label in direct.items()}
    built = build_statements(direct, splits, replace(weights, direct_cost=own))
    total = whole(built)
    # What was read and what was split are one: a difference would be a fault of ours, and no statement is better than it.
    assert total == add_up(own.values()), (total, own)
    return BasisStatement(basis=basis, centers=built, total=total, foreign=foreign)


def _read(
    question: SpendQuestion, ids: Mapping[str, int], rates: MonthRates, month: Month
) -> tuple[Direct, tuple[Money, ...]]:
    direct: Direct = defaultdict(lambda: defaultdict(lambda: ZERO))
    foreign: dict[str, Decimal] = defaultdict(lambda: ZERO)
    after = None
    while True:
        page = list_spend(question, after=after)
        for row in page.rows:
            code, *told = row.key
            money = rates.convert(row.cost, row.currency, month)
            if money is None:
                foreign[row.currency] = EXACT.add(foreign[row.currency], row.cost)
            else:
                by_label = direct[ids[code] if code else NOBODY]
                label = _label(*told)
                by_label[label] = EXACT.add(by_label[label], money.amount)
        after = page.next
        if after is None:
            return direct, tuple(Money(foreign[currency], currency) for currency in sorted(foreign))


def _label(model: str | None, heading: str | None = None) -> str:
    """By its model or, where a bill line has none, as a guardrail's, by its heading; nothing: unrecognized."""
    return (heading or "") if model in (None, NO_MODEL) and heading else (model or "")


def _count_tokens(question: SpendQuestion, ids: Mapping[str, int], tokens: dict[int, int]) -> None:
    """Count each center's tokens of all classes: what serves as a measure of use, and is shown as no sum."""
    after = None
    while True:
        page = read_rated(question, after=after, limit=None)
        for row in page.rows:
            tokens[ids[row.key[0]] if row.key[0] else NOBODY] += sum(row.by_class)
        after = page.next
        if after is None:
            return


def _rated_question(month: Month, time_zone: str) -> SpendQuestion:
    start, end = local_range_hours(month.range, time_zone)
    return SpendQuestion(
        basis=Basis.RATED,
        start=start,
        end=end,
        group_by=(Dimension.COST_CENTER, Dimension.MODEL),
        time_zone=time_zone,
    )


def _billed_question(month: Month) -> SpendQuestion:
    return SpendQuestion(
        basis=Basis.BILLED,
        start=utc_day_start(month.start),
        end=utc_day_start(month.end),
        group_by=(Dimension.COST_CENTER, Dimension.MODEL, Dimension.HEADING),
    )
