"""What exceeds the tolerance, and what finance has said to it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from accounts.domain.errors import NotFound
from accounts.domain.text import gettext_noop
from billing.domain.reconciliation import EXPECTED, DiscrepancyState, LineKey, Reason
from billing.models import Discrepancy


class DiscrepancyNotFound(NotFound):
    """No discrepancy of this organization has the id."""

    code: ClassVar[str] = "discrepancy_not_found"
    message: ClassVar[str] = gettext_noop("There is no such exception.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDiscrepancy:
    """What exceeds the tolerance on a day, and what finance has said to it; `reason` None: unexplained."""

    id: int
    date: date
    key: LineKey
    reason: Reason | None
    amount: Decimal
    rated: Decimal
    billed: Decimal
    state: DiscrepancyState
    note: str
    changed_by: str
    changed_at: datetime | None
    found_at: datetime
    resolved_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether somebody has to look."""
        return self.state is DiscrepancyState.OPEN and self.resolved_at is None


def list_discrepancies(start: date, end: date) -> tuple[FoundDiscrepancy, ...]:
    """Return what exceeded the tolerance on the days from start up to end: the most money first, ties by id."""
    rows = Discrepancy.objects.filter(date__gte=start, date__lt=end)
    return tuple(sorted((_discrepancy(row) for row in rows), key=lambda one: (-abs(one.amount), one.id)))


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthDiscrepancy:
    """The same discrepancy on several days: one line to be answered."""

    newest: FoundDiscrepancy
    amount: Decimal
    days: int

    @property
    def is_open(self) -> bool:
        """Whether somebody has to look."""
        return self.newest.is_open

    @property
    def is_expected(self) -> bool:
        """Whether it is of a kind that is always there, and nobody has said anything to it."""
        return self.newest.reason in EXPECTED and self.newest.changed_at is None


def list_month_discrepancies(start: date, end: date) -> tuple[MonthDiscrepancy, ...]:
    """Return the discrepancies of some days by line and reason: open ones first, the most money first.

    Days on which it is gone count only where it is gone on all of them.
    """
    alike: dict[tuple[LineKey, Reason | None], list[FoundDiscrepancy]] = defaultdict(list)
    for row in list_discrepancies(start, end):
        alike[row.key, row.reason].append(row)
    found = []
    for rows in alike.values():
        standing = [row for row in rows if row.resolved_at is None] or rows
        amount = sum((row.amount for row in standing), Decimal(0))
        newest = max(standing, key=lambda row: row.date)
        found.append(MonthDiscrepancy(newest=newest, amount=amount, days=len(standing)))
    return tuple(sorted(found, key=lambda one: (not one.is_open, -abs(one.amount), one.newest.id)))


def get_discrepancy(discrepancy_id: int) -> FoundDiscrepancy:
    """Return one discrepancy. Raises DiscrepancyNotFound."""
    row = Discrepancy.objects.filter(id=discrepancy_id).first()
    if row is None:
        raise DiscrepancyNotFound
    return _discrepancy(row)


def _discrepancy(row: Discrepancy) -> FoundDiscrepancy:
    return FoundDiscrepancy(
        id=row.pk,
        date=row.date,
        key=LineKey(row.provider, row.aws_account_id, row.aws_region, row.model_id, row.token_class),
        reason=Reason(row.reason) if row.reason else None,
        amount=row.amount,
        rated=row.rated,
        billed=row.billed,
        state=DiscrepancyState(row.state),
        note=row.note,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        found_at=row.found_at,
        resolved_at=row.resolved_at,
    )
