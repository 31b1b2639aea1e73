"""Matches days with the bill and stores what came of it; answers discrepancies; sets the tolerance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import ClassVar, NamedTuple

from accounts.domain.audit import Actor
from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop
from accounts.operations.audit import record_event
from accounts.tenancy.context import tenant_transaction
from billing.domain.money import ZERO
from billing.domain.periods import DAY, DateRange, Month
from billing.domain.reconciliation import EXPECTED, DiscrepancyState, Line, Reason, add_up, all_exceeding
from billing.models import Discrepancy, Reconciliation, ReconciliationTolerance
from billing.queries.discrepancies import DiscrepancyNotFound
from billing.queries.reconciliation import (
    DayMatch,
    get_tolerance,
    list_days_to_reconcile,
    match_days,
)

# As long as a bill is kept, and imported ones a while longer.
LOOKS_BACK = timedelta(days=500)
DAYS_AT_ONCE = 500
DAYS_TOGETHER = 31
NEVER = datetime(2000, 1, 1, tzinfo=UTC)
MOST_PERCENT = Decimal(100)
MOST_ABSOLUTE = Decimal(10) ** 9
NOTE_LENGTH = 500


class ImpossibleTolerance(Invalid):
    """The numbers cannot be a tolerance."""

    code: ClassVar[str] = "impossible_tolerance"
    message: ClassVar[str] = gettext_noop(
        "A tolerance is an amount of 0 or more US dollars and a percentage from 0 to 100, with two decimals."
    )


class ExplanationMissing(Invalid):
    """Explained, but not how."""

    code: ClassVar[str] = "explanation_missing"
    message: ClassVar[str] = gettext_noop("Say in a note what explains the difference.")


class _Key(NamedTuple):
    """What makes a discrepancy the same one on another day."""

    provider: str
    aws_account_id: str
    aws_region: str
    model_id: str
    token_class: str
    reason: str


def reconcile_due_days(*, now: datetime, limit: int = DAYS_AT_ONCE) -> int:
    """Match the days whose facts are newer than their match, newest first; returns how many.

    Each day is stored by itself, so that a worker may stop at any time; doing it twice gives the same rows.
    """
    with tenant_transaction():
        days = list_days_to_reconcile(start=(now - LOOKS_BACK).date(), end=now.date(), limit=limit)
    for stretch in _stretches(sorted(days)):
        reconcile_days(stretch, now=now)
    return len(days)


def reconcile_days(days: DateRange, *, now: datetime) -> None:
    """Match some days from their facts, in place of what is stored of them."""
    with tenant_transaction():
        stored = Reconciliation.objects.select_for_update().filter(date__gte=days.start, date__lt=days.end)
        rows = {row.date: row for row in stored.order_by("date")}
        matches = {match.date: match for match in match_days(days.start, days.end)}
        for day in days:
            match = matches.get(day)
            _store(rows.get(day), day, match, now)
            _replace_discrepancies(day, match.lines if match else (), now)


def _stretches(days: Sequence[date]) -> Iterator[DateRange]:
    """Days that follow one another are read together, as many as fit into a transaction that nobody waits long for."""
    start = None
    for index, day in enumerate(days):
        start = start or day
        is_last = index + 1 == len(days) or days[index + 1] != day + DAY
        if is_last or (day - start).days + 1 >= DAYS_TOGETHER:
            yield DateRange(start, day + DAY)
            start = None


def mark_reconciliation_due(*, start: date, end: date | None = None) -> int:
    """Write down that days from start up to end are to be matched again; returns how many had been.

    With an end, days that never were are due as well: usage that was told by events has no window that says so.
    """
    if end is not None:
        blank = {"rated": ZERO, "billed": ZERO, "matched": ZERO, "unexplained": ZERO, "tokens_unpriced": 0}
        made = [
            Reconciliation(date=day, **blank, is_closed=False, is_due=True, reconciled_at=NEVER)
            for day in DateRange(start, end)
        ]
        Reconciliation.objects.bulk_create(made, ignore_conflicts=True)
    rows = Reconciliation.objects.filter(date__gte=start)
    if end is not None:
        rows = rows.filter(date__lt=end)
    return rows.update(is_due=True)


def set_tolerance(*, actor: Actor, absolute_usd: Decimal, percent: Decimal, now: datetime) -> int:
    """Say what nobody need look at; every day is matched again. Raises ImpossibleTolerance."""
    _check(absolute_usd, percent)
    before = get_tolerance()
    ReconciliationTolerance.objects.update_or_create(
        defaults={"absolute_usd": absolute_usd, "percent": percent, "changed_by": actor.label, "changed_at": now}
    )
    mark_reconciliation_due(start=date.min)
    return record_event(
        actor=actor,
        verb="reconciliation_tolerance.changed",
        target="reconciliation_tolerance",
        before={"absolute_usd": str(before.absolute_usd), "percent": str(before.percent)},
        after={"absolute_usd": str(absolute_usd), "percent": str(percent)},
    )


def answer_discrepancy(*, actor: Actor, discrepancy_id: int, state: DiscrepancyState, note: str, now: datetime) -> int:
    """Say something to a discrepancy and to the same one on the other days of its month; returns the audit event's id.

    What holds for one day of a month holds for its other days, those to come included. Raises DiscrepancyNotFound and
    ExplanationMissing.
    """
    row = Discrepancy.objects.select_for_update().filter(id=discrepancy_id).first()
    if row is None:
        raise DiscrepancyNotFound
    note = note.strip()
    if state is DiscrepancyState.EXPLAINED and not note:
        raise ExplanationMissing(field="note")
    month = Month.of(row.date)
    alike = Discrepancy.objects.filter(date__gte=month.start, date__lt=month.end, **_key_of(row)._asdict())
    before = {"state": row.state, "note": row.note}
    alike.update(state=state, note=note[:NOTE_LENGTH], changed_by=actor.label, changed_at=now)
    return record_event(
        actor=actor,
        verb="discrepancy.answered",
        target=f"discrepancy:{row.pk}",
        before=before,
        after={"state": state.value, "note": note[:NOTE_LENGTH]},
    )


def _check(absolute_usd: Decimal, percent: Decimal) -> None:
    for field, number, most in (("absolute_usd", absolute_usd, MOST_ABSOLUTE), ("percent", percent, MOST_PERCENT)):
        if not number.is_finite() or not 0 <= number <= most or number != round(number, 2):
            raise ImpossibleTolerance(field=field)


def _store(row: Reconciliation | None, day: date, match: DayMatch | None, now: datetime) -> None:
    sums = add_up(match.lines if match else ())
    columns = {
        "rated": sums.rated,
        "billed": sums.billed,
        "matched": sums.matched,
        "explained": {reason.value: f"{amount:f}" for reason, amount in sums.explained.items()},
        "unexplained": sums.unexplained,
        "tokens_unpriced": sums.tokens_unpriced,
        "other_currencies": {name: f"{amount:f}" for name, amount in (match.other_currencies if match else {}).items()},
        "is_closed": match.coverage.is_closed if match else False,
        "reconciled_at": now,
        "is_due": False,
    }
    if row is None:
        # Another worker may match the same day at the same time: both would write the same.
        Reconciliation.objects.bulk_create([Reconciliation(date=day, **columns)], ignore_conflicts=True)
    else:
        Reconciliation.objects.filter(id=row.pk).update(**columns)


def _replace_discrepancies(day: date, lines: Iterable[Line], now: datetime) -> None:
    """Put what exceeds the tolerance in place of what was found before; what is gone is closed, and stays to be seen."""
    tolerance = get_tolerance()
    known = {_key_of(row): row for row in Discrepancy.objects.filter(date=day)}
    found = {_Key(*one.key, one.reason): one for one in all_exceeding(lines, tolerance)}
    said = _said_this_month(day, found.keys() - known.keys())
    for key, one in found.items():
        row = known.get(key)
        if row is None:
            row = Discrepancy(date=day, found_at=now, **key._asdict())
            row.state, row.note, row.changed_by, row.changed_at = said.get(key) or _usual(key)
        row.amount, row.rated, row.billed, row.resolved_at = one.amount, one.rated, one.billed, None
        row.save()
    gone = [row.pk for key, row in known.items() if key not in found and row.resolved_at is None]
    Discrepancy.objects.filter(id__in=gone).update(resolved_at=now)


Said = tuple[str, str, str, datetime | None]


def _said_this_month(day: date, keys: Iterable[_Key]) -> dict[_Key, Said]:
    wanted, month = set(keys), Month.of(day)
    if not wanted:
        return {}
    rows = Discrepancy.objects.filter(date__gte=month.start, date__lt=month.end, changed_at__isnull=False)
    return {
        _key_of(row): (row.state, row.note, row.changed_by, row.changed_at)
        for row in rows.order_by("changed_at", "id")
        if _key_of(row) in wanted
    }


def _usual(key: _Key) -> Said:
    """What is to be expected asks nobody."""
    is_expected = key.reason != "" and Reason(key.reason) in EXPECTED
    return (DiscrepancyState.EXPLAINED if is_expected else DiscrepancyState.OPEN).value, "", "", None


def _key_of(row: Discrepancy) -> _Key:
    return _Key(*(getattr(row, name) for name in _Key._fields))
