"""What a split would have distributed in a month, in both bases; nothing is saved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from accounts.domain.organizations import OrganizationValue
from billing.domain.money import Money, add_up
from billing.domain.periods import Month
from billing.domain.shared_costs import Split, check_split
from billing.domain.statements import NOBODY, SharedLine
from billing.queries.allocation_spend import MonthRates
from billing.queries.shared_costs import list_splits
from billing.queries.statements import BasisStatement, get_statement

TRIAL = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewBasis:
    """The pool in one basis; the parts of `received` add up to `given` exactly, which is all of the pool or nothing."""

    pool: Money
    given: Money
    received: dict[int, SharedLine]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPreview:
    """A month as if the split had held in it."""

    month: Month
    rated: PreviewBasis
    billed: PreviewBasis
    rates: MonthRates


def preview_split(split: Split, *, month: Month, organization: OrganizationValue, now: datetime) -> SplitPreview:
    """Return what a split would have come to in a month. Raises what `check_split` raises."""
    trial = replace(split, id=TRIAL)
    check_split(trial, list_splits())
    found = get_statement(month, organization=organization, now=now, trial=trial)
    return SplitPreview(
        month=month,
        rated=_basis(found.rated, trial, found.rates.currency),
        billed=_basis(found.billed, trial, found.rates.currency),
        rates=found.rates,
    )


def distributed(basis: BasisStatement) -> dict[int, Decimal]:
    """Return what each split gave away in a statement."""
    lines = [line for center in basis.centers for line in center.shared if line.share is None]
    return {line.split_id: -line.amount for line in lines}


def _basis(basis: BasisStatement, trial: Split, currency: str) -> PreviewBasis:
    received = {
        center.cost_center_id: line
        for center in basis.centers
        for line in center.shared
        if line.split_id == TRIAL and line.share is not None
    }
    return PreviewBasis(
        pool=Money(basis.of(trial.pool_id or NOBODY).direct_total, currency),
        given=Money(add_up(line.amount for line in received.values()), currency),
        received=received,
    )
