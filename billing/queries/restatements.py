"""What days said before they were told otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Count

from billing.domain.collection import Source
from billing.domain.dimensions import Basis
from billing.domain.money import Money
from billing.domain.reconciliation import is_whole, last_read_at
from billing.models import CollectionWindow, Restatement


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of a restatement."""

    name: str
    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        """What was added."""
        return self.after - self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class RestatedDay:
    """A day whose amount became another one. `version` is the one that began then; the first is 1."""

    date: date
    basis: Basis
    currency: str
    version: int
    recorded_at: datetime
    before: Decimal
    after: Decimal
    changes: tuple[Change, ...]

    @property
    def money_before(self) -> Money:
        """What the day said."""
        return Money(self.before, self.currency)

    @property
    def money_after(self) -> Money:
        """What the day says."""
        return Money(self.after, self.currency)

    @property
    def difference(self) -> Money:
        """What was added."""
        return self.money_after - self.money_before


def list_restatements(start: date, end: date, *, basis: Basis | None = None) -> tuple[RestatedDay, ...]:
    """Return the restatements of the days from start up to end, oldest day and version first."""
    rows = Restatement.objects.filter(date__gte=start, date__lt=end)
    if basis is not None:
        rows = rows.filter(basis=basis)
    versions: dict[tuple[date, str, str], int] = {}
    found = []
    for row in rows.order_by("date", "basis", "currency", "recorded_at", "id"):
        key = (row.date, row.basis, row.currency)
        versions[key] = versions.get(key, 1) + 1
        found.append(_value(row, versions[key]))
    return tuple(found)


def count_versions(start: date, end: date) -> dict[date, int]:
    """Return how many versions the bill of each restated day has had; days that are not named have one."""
    rows = Restatement.objects.filter(date__gte=start, date__lt=end, basis=Basis.BILLED)
    return {row["date"]: row["n"] + 1 for row in rows.values("date").annotate(n=Count("id"))}


def list_whole_days(connection_id: int, days: tuple[date, ...]) -> list[date]:
    """Return those of the days that an earlier reading of a connection's bill had told whole: to change them is to restate."""
    rows = CollectionWindow.objects.filter(
        connection_id=connection_id, source=Source.COST_EXPLORER, stored_at__isnull=False, filled_until__isnull=False
    ).values_list("window_start", "filled_until", "stored_at")
    # When it was stored, and not when it was read: that is forgotten while a window waits to be read again.
    readings = [(starts, until, stored_at) for starts, until, stored_at in rows if until and stored_at]
    return [day for day in days if is_whole(day, last_read_at(day, readings))]


def _value(row: Restatement, version: int) -> RestatedDay:
    return RestatedDay(
        date=row.date,
        basis=Basis(row.basis),
        currency=row.currency,
        version=version,
        recorded_at=row.recorded_at,
        before=row.cost_before,
        after=row.cost_after,
        changes=tuple(
            Change(name=one["name"], before=Decimal(one["before"]), after=Decimal(one["after"])) for one in row.changes
        ),
    )
