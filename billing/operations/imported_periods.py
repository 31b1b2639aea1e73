"""The one place that puts a billing period of a cost source in place of what stood there, and decides whose day counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from billing.domain.collection import Source, WindowState
from billing.domain.connections import COLLECTING_STATES
from billing.domain.imports import BilledPeriod, ImportNote
from billing.domain.periods import DateRange, Month
from billing.models import BilledCost, BilledSeries, CollectionWindow, ImportedPeriod
from billing.operations.billed_series import prove_units
from billing.operations.learnt_rates import mark_learning_due
from billing.sql import Row, analyze_months, ensure_months, execute, load

Note = dict[str, Any]
Told = set[tuple[date, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldPeriod:
    """What a file tells of a period besides its lines."""

    period: BilledPeriod
    complete_until: date
    amounts: Sequence[dict[str, str]] = ()
    invoices: Sequence[dict[str, str]] = field(default=())


def replace_period(
    *, cost_source_id: int, cost_import_id: int, told: ToldPeriod, rows: Iterable[Row], now: datetime
) -> tuple[int, list[Note]]:
    """Put the lines of a period in place of those of the source's older file; returns how many, and what gave way.

    Runs inside the transaction that holds the import's row; doing it twice gives the same rows.
    """
    period = told.period
    days = DateRange(period.start, period.end)
    notes, before = _clear(cost_source_id, cost_import_id, period), _told_days(cost_source_id, period)
    ensure_months("billing_billedcost", _months(period))
    stored = load(
        "replace_imported_cost",
        [rows],
        cost_source_id=cost_source_id,
        first_day=period.start,
        last_day=period.end,
    )
    ImportedPeriod.objects.update_or_create(
        cost_source_id=cost_source_id,
        period_start=period.start,
        defaults={
            "cost_import_id": cost_import_id,
            "period_end": period.end,
            "complete_until": told.complete_until,
            "rows": stored,
            "amounts": list(told.amounts),
            "invoices": list(told.invoices),
            "stored_at": now,
        },
    )
    # The statements below join what was just written with itself; without statistics they take hours.
    analyze_months("billing_billedcost", _months(period))
    prove_units({"cost_source_id": cost_source_id}, days)
    notes += [*_yield_others(cost_source_id, period), *yield_costs(days)]
    if before - _told_days(cost_source_id, period):
        # What this file does not tell any more, Cost Explorer may tell again.
        _read_bill_again(period, now)
    mark_learning_due()
    return stored, notes


def remove_period(row: ImportedPeriod, now: datetime) -> int:
    """Take a period's lines away, and let Cost Explorer tell the days again; returns the lines.

    What an older file had told is not kept anywhere: it comes back by importing that file again.
    """
    period = BilledPeriod(row.period_start, row.period_end)
    rows = row.rows
    execute("delete_imported_cost", cost_source_id=row.cost_source_id, first_day=period.start, last_day=period.end)
    row.delete()
    _read_bill_again(period, now)
    mark_learning_due()
    return rows


def yield_costs(days: DateRange) -> list[Note]:
    """Let each AWS account's day count once, after a file or Cost Explorer has told days; returns what gave way.

    A file that tells a day in full has resources, principals and tags that Cost Explorer has not: it counts. A day that a
    file may have been cut off in counts as Cost Explorer tells it. Doing it twice deletes nothing more.
    """
    is_told = ImportedPeriod.objects.filter(period_start__lt=days.end, period_end__gt=days.start).exists()
    if not is_told or not BilledSeries.objects.filter(connection__isnull=False).exists():
        return []
    period = BilledPeriod(days.start, days.end)
    if not ImportedPeriod.objects.filter(period_start__lt=days.end, period_end__gt=days.start).exists():
        return []  # as for everybody without files: nothing is told twice
    bounds = {"first_day": days.start, "last_day": days.end}
    notes = _noted(ImportNote.CONNECTION_YIELDED, execute("yield_to_files", **bounds), period)
    return notes + _noted(ImportNote.FILE_YIELDED, execute("yield_to_connections", **bounds), period)


def _clear(cost_source_id: int, cost_import_id: int, period: BilledPeriod) -> list[Note]:
    """Note the files that told these days before; where their periods were cut otherwise, their lines go as a whole."""
    older = ImportedPeriod.objects.filter(
        cost_source_id=cost_source_id, period_start__lt=period.end, period_end__gt=period.start
    ).select_related("cost_import")
    notes: list[Note] = []
    for row in older.order_by("period_start"):
        if row.cost_import_id != cost_import_id:
            notes.append(
                {
                    "code": ImportNote.REPLACED,
                    "period": str(row.period_start),
                    "import": row.cost_import_id,
                    "file": row.cost_import.file_name,
                }
            )
        if (row.period_start, row.period_end) != (period.start, period.end):
            execute(
                "delete_imported_cost",
                cost_source_id=cost_source_id,
                first_day=row.period_start,
                last_day=row.period_end,
            )
            row.delete()
    return notes


def _yield_others(cost_source_id: int, period: BilledPeriod) -> list[Note]:
    others = ImportedPeriod.objects.exclude(cost_source_id=cost_source_id)
    if not others.filter(period_start__lt=period.end, period_end__gt=period.start).exists():
        return []
    gone = execute("yield_to_newest_file", cost_source_id=cost_source_id, first_day=period.start, last_day=period.end)
    return _noted(ImportNote.OTHER_FILE_YIELDED, gone, period)


def _told_days(cost_source_id: int, period: BilledPeriod) -> Told:
    accounts = dict(BilledSeries.objects.filter(cost_source_id=cost_source_id).values_list("id", "aws_account_id"))
    facts = BilledCost.objects.filter(series_id__in=accounts, date__gte=period.start, date__lt=period.end)
    return {(day, accounts[series_id]) for day, series_id in facts.values_list("date", "series_id").distinct()}


def _noted(code: ImportNote, gone: Sequence[Row], period: BilledPeriod) -> list[Note]:
    if not gone:
        return []
    told = set(gone)
    accounts = sorted({account for _, account in told})
    return [{"code": code, "period": str(period.start), "days": len(told), "accounts": accounts[:10]}]


def _read_bill_again(period: BilledPeriod, now: datetime) -> int:
    """Have Cost Explorer asked again about the days of a period; what is read just now goes on."""
    start, end = (datetime.combine(day, time(), UTC) for day in (period.start, period.end))
    windows = CollectionWindow.objects.filter(
        source=Source.COST_EXPLORER,
        state=WindowState.DONE,
        connection__state__in=COLLECTING_STATES,
        window_start__lt=end,
        window_end__gt=start,
    )
    return windows.update(state=WindowState.DUE, next_attempt_at=now)


def _months(period: BilledPeriod) -> list[date]:
    months, month = [], Month.of(period.start)
    while month.start < period.end:
        months.append(month.start)
        month = month.next()
    return months
