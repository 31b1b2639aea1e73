"""What files of bills were imported, what stands of them, and where exports are read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from accounts.domain.pages import Page
from billing.domain.imports import CostImportNotFound, ImportState
from billing.domain.money import EXACT, Money
from billing.models import BilledCost, BilledSeries, CostExport, CostImport, CostSource, ImportedPeriod

LINES_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportAmount:
    """What a file holds in one currency."""

    billed: Money
    billed_ai: Money
    left_out: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingPeriod:
    """A billing period that stands as an import told it."""

    start: date
    end: date
    complete_until: date
    rows: int
    amounts: tuple[ImportAmount, ...]
    invoices: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportLine:
    """An import as lists show it; `standing` of its `periods` are still as it told them."""

    id: int
    source: str
    file_name: str
    file_bytes: int
    format: str
    origin: str
    state: str
    progress_percent: int
    created_at: datetime
    created_by: str
    finished_at: datetime | None
    failure: str
    failure_detail: str
    rows: int
    rows_kept: int
    rows_rejected: int
    amounts: tuple[ImportAmount, ...]
    periods: tuple[tuple[date, date], ...]
    standing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedLine:
    """What came in of one model, or of what is no model, under one heading."""

    provider: str
    model_id: str
    publisher: str
    heading: str
    cost: Money
    tokens: int
    series: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportDetail:
    """Everything about one import."""

    line: ImportLine
    file_digest: str
    rejected: tuple[dict[str, str], ...]
    notes: tuple[dict[str, Any], ...]
    left_out: tuple[dict[str, Any], ...]
    standing: tuple[StandingPeriod, ...]
    came_in: tuple[ImportedLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportLine:
    """An export that is read from a bucket."""

    id: int
    source: str
    location: str
    connection_id: int
    connection: str
    periods: tuple[str, ...]
    checked_at: datetime | None
    next_check_at: datetime | None
    last_error: str
    last_error_detail: str


def list_imports(*, after: str | None = None, limit: int = 100) -> Page[ImportLine]:
    """Return a page of imports, newest first."""
    rows = CostImport.objects.select_related("cost_source").order_by("-id")
    if after:
        rows = rows.filter(id__lt=int(after))
    found = list(rows[: limit + 1])
    standing = _standing([row.pk for row in found])
    following = str(found[limit - 1].pk) if len(found) > limit else None
    return Page(rows=tuple(_line(row, standing[row.pk]) for row in found[:limit]), next=following)


def get_import(import_id: int) -> ImportDetail:
    """Return one import. Raises CostImportNotFound."""
    row = CostImport.objects.select_related("cost_source").filter(id=import_id).first()
    if row is None:
        raise CostImportNotFound
    periods = list(ImportedPeriod.objects.filter(cost_import=row).order_by("period_start"))
    return ImportDetail(
        line=_line(row, len(periods)),
        file_digest=row.file_digest,
        rejected=tuple(row.rejected),
        notes=tuple(row.notes),
        left_out=tuple({**line, "cost": Money(Decimal(line["billed"]), line["currency"])} for line in row.left_out),
        standing=tuple(_period(period) for period in periods),
        came_in=_came_in(row.cost_source_id, periods),
    )


def list_cost_sources() -> tuple[str, ...]:
    """Return the names of the sources that files came from, by name."""
    return tuple(CostSource.objects.order_by("name").values_list("name", flat=True))


def list_exports() -> tuple[ExportLine, ...]:
    """Return the exports that are read."""
    rows = CostExport.objects.filter(ended_at__isnull=True).select_related("cost_source", "connection").order_by("id")
    return tuple(
        ExportLine(
            id=row.pk,
            source=row.cost_source.name,
            location=str(row),
            connection_id=row.connection_id,
            connection=row.connection.name or row.connection.aws_account_id,
            periods=tuple(sorted(row.manifests)),
            checked_at=row.checked_at,
            next_check_at=row.next_check_at,
            last_error=row.last_error,
            last_error_detail=row.last_error_detail,
        )
        for row in rows
    )


def find_last_period() -> date | None:
    """Return the newest billing period that stands, by its first day."""
    return ImportedPeriod.objects.order_by("-period_start").values_list("period_start", flat=True).first()


def has_open_imports() -> bool:
    """Return whether a file waits, or is being read."""
    return CostImport.objects.filter(state__in=[ImportState.DUE, ImportState.STARTED]).exists()


def _line(row: CostImport, standing: int) -> ImportLine:
    return ImportLine(
        id=row.pk,
        source=row.cost_source.name,
        file_name=row.file_name,
        file_bytes=row.file_bytes,
        format=row.format,
        origin=row.origin,
        state=row.state,
        progress_percent=row.progress_percent,
        created_at=row.created_at,
        created_by=row.created_by,
        finished_at=row.finished_at,
        failure=row.failure,
        failure_detail=row.failure_detail,
        rows=row.rows,
        rows_kept=row.rows_kept,
        rows_rejected=row.rows_rejected,
        amounts=_amounts(row.amounts),
        periods=tuple((date.fromisoformat(start), date.fromisoformat(end)) for start, end in row.periods),
        standing=standing,
    )


def _period(row: ImportedPeriod) -> StandingPeriod:
    return StandingPeriod(
        start=row.period_start,
        end=row.period_end,
        complete_until=row.complete_until,
        rows=row.rows,
        amounts=_amounts(row.amounts),
        invoices=tuple(row.invoices),
    )


def _amounts(stored: Sequence[dict[str, str]]) -> tuple[ImportAmount, ...]:
    return tuple(
        ImportAmount(
            billed=Money(Decimal(line["billed"]), line["currency"]),
            billed_ai=Money(Decimal(line["billed_ai"]), line["currency"]),
            left_out=Money(Decimal(line["left_out"]), line["currency"]),
        )
        for line in stored
    )


def _standing(import_ids: Sequence[int]) -> dict[int, int]:
    counts: dict[int, int] = defaultdict(int)
    rows = ImportedPeriod.objects.filter(cost_import_id__in=import_ids)
    for import_id in rows.values_list("cost_import_id", flat=True):
        counts[import_id] += 1
    return counts


def _came_in(cost_source_id: int, periods: Sequence[ImportedPeriod]) -> tuple[ImportedLine, ...]:
    """What stands of an import, by model: read from the facts, so that it says what counts."""
    series = {row.pk: row for row in BilledSeries.objects.filter(cost_source_id=cost_source_id)}
    costs: dict[tuple[str, str, str, str, str], Decimal] = defaultdict(Decimal)
    tokens: dict[tuple[str, str, str, str, str], Decimal] = defaultdict(Decimal)
    count: dict[tuple[str, str, str, str, str], int] = defaultdict(int)
    for period in periods:
        facts = BilledCost.objects.filter(
            series_id__in=series, date__gte=period.period_start, date__lt=period.period_end
        )
        sums = facts.values_list("series_id").annotate(cost=Sum("cost_unblended"), quantity=Sum("quantity"))
        for series_id, cost, quantity in sums:
            row = series[series_id]
            key = (row.provider, row.model_id, row.publisher, row.heading, row.currency)
            costs[key] = EXACT.add(costs[key], cost)
            tokens[key] += quantity * (row.tokens_per_unit or 0)
            count[key] += 1
    largest = sorted(costs, key=lambda key: (-abs(costs[key]), key))[:LINES_SHOWN]
    return tuple(
        ImportedLine(
            provider=key[0],
            model_id=key[1],
            publisher=key[2],
            heading=key[3],
            cost=Money(costs[key], key[4]),
            tokens=round(tokens[key]),
            series=count[key],
        )
        for key in largest
    )
