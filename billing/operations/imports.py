"""Import files of bills: take them in, read them once whatever dies meanwhile, take them back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from django.db.models import F, Q, QuerySet

from accounts.domain.audit import SYSTEM, Actor
from accounts.domain.closed_months import MonthIsClosed, month_of
from accounts.operations.audit import record_event
from accounts.operations.closed_months import require_open
from accounts.tenancy.context import tenant_transaction
from billing.adapters.aws.errors import AwsError
from billing.adapters.cost_files import CostFileTooLarge, CostFileUnreadable
from billing.domain.dimensions import Provider
from billing.domain.imports import (
    ATTEMPTS,
    FILE_NAME_LENGTH,
    LEASE,
    OPEN_STATES,
    RAW_LENGTH,
    SOURCE_NAME_LENGTH,
    BilledPeriod,
    ColumnsMissing,
    CostImportNotFound,
    ImportFailure,
    ImportOrigin,
    ImportState,
    ImportUnderWay,
    SourceNameMissing,
    UnknownCostFormat,
    progress_percent,
)
from billing.models import BilledSeries, CostImport, CostSource, ImportedPeriod
from billing.operations.allocation import assign_series
from billing.operations.billed_series import find_or_add_bill_lines
from billing.operations.cost_exports import fetch_delivery
from billing.operations.cost_readings import CostReader, CostReading, NothingToRead
from billing.operations.imported_periods import remove_period, replace_period
from billing.operations.kept_files import KeptFile, drop_file, drop_orphans, path_of, workshop
from billing.queries.catalog import get_model_catalog

log = structlog.get_logger()

KEPT_EVERY_SECONDS = 2.0

Clock = Callable[[], datetime]


class LeaseLost(Exception):
    """Somebody else reads the import, or it was taken back: what was read is thrown away."""


class _Refused(Exception):
    def __init__(self, failure: ImportFailure, detail: str = "") -> None:
        super().__init__(failure)
        self.failure = failure
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """The import that a file became; `is_repeated`: the same file is there already, and nothing was added."""

    import_id: int
    is_repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    import_id: int
    attempt: int
    kept_as: str


def add_import(
    *, actor: Actor, source_name: str, file_name: str, file: KeptFile, origin: ImportOrigin, now: datetime
) -> TakenIn:
    """Take a file in, to be read by a worker; the same file of the same source is there once. Raises SourceNameMissing."""
    source = find_or_add_source(source_name, now)
    twin = _twin(source.pk, file.digest)
    if twin is not None:
        drop_file(file.name)
        return TakenIn(import_id=twin, is_repeated=True)
    row = CostImport.objects.create(
        cost_source=source,
        origin=origin,
        file_name=Path(file_name).name[-FILE_NAME_LENGTH:] or "file",
        file_bytes=file.bytes,
        file_digest=file.digest,
        kept_as=file.name,
        created_at=now,
        created_by=actor.label[:254],
        state=ImportState.DUE,
    )
    record_event(
        actor=actor,
        verb="cost_import.added",
        target=f"cost_import:{row.pk}",
        after={"source": source.name, "file": row.file_name, "sha256": file.digest, "bytes": file.bytes},
    )
    return TakenIn(import_id=row.pk, is_repeated=False)


def find_or_add_source(name: str, now: datetime) -> CostSource:
    """Return the source of this name, made when there is none. Raises SourceNameMissing."""
    told = name.strip()
    if not 1 <= len(told) <= SOURCE_NAME_LENGTH:
        raise SourceNameMissing(field="source")
    source, _ = CostSource.objects.get_or_create(
        name=told, defaults={"provider": Provider.OTHER.value, "created_at": now}
    )
    return source


def list_imports_due(*, now: datetime) -> list[int]:
    """Return the imports that wait for a worker, or whose worker has died."""
    with tenant_transaction():
        return list(_due(now).order_by("created_at", "id").values_list("id", flat=True))


def sweep_files(*, now: datetime) -> int:
    """Delete files that no import waits for any more, left by a process that died; returns how many."""
    with tenant_transaction():
        wanted = set(CostImport.objects.exclude(kept_as="").values_list("kept_as", flat=True))
    return drop_orphans(wanted, now)


def run_import(*, import_id: int, clock: Clock) -> ImportState | None:
    """Read an import's files and put its periods in place; None when somebody else does so already.

    Files are read outside any transaction; what is stored is stored in one. A worker that dies leaves the import to the
    next one, which begins again; one that made three of them die is given up.
    """
    claim = _claim(import_id, clock())
    if claim is None:
        return None
    if claim.attempt > ATTEMPTS:
        return _refuse(claim, ImportFailure.GAVE_UP, "", clock())
    try:
        with ExitStack() as stack:
            _read_and_store(claim, stack, clock)
    except LeaseLost:
        return None
    except _Refused as refused:
        return _refuse(claim, refused.failure, refused.detail, clock())
    drop_file(claim.kept_as)
    return ImportState.DONE


def remove_import(*, actor: Actor, import_id: int, now: datetime) -> int:
    """Take an import back: its periods go, and Cost Explorer tells the days again where a connection reads them.

    Returns the lines that went. What an older file told of the same periods is not kept: import that file again to have
    it back. Raises CostImportNotFound, ImportUnderWay, MonthIsClosed.
    """
    row = CostImport.objects.select_for_update().filter(id=import_id).first()
    if row is None or row.state == ImportState.REMOVED:
        raise CostImportNotFound
    if row.state == ImportState.STARTED:
        raise ImportUnderWay
    periods = list(ImportedPeriod.objects.filter(cost_import=row).order_by("period_start"))
    for period in periods:
        require_open(period.period_start)
    rows = sum(remove_period(period, now) for period in periods)
    drop_file(row.kept_as)
    row.state, row.kept_as, row.lease_until = ImportState.REMOVED, "", None
    row.save(update_fields=["state", "kept_as", "lease_until"])
    record_event(
        actor=actor,
        verb="cost_import.removed",
        target=f"cost_import:{row.pk}",
        before={"file": row.file_name, "periods": [str(period.period_start) for period in periods], "rows": rows},
    )
    return rows


def _twin(cost_source_id: int, digest: str) -> int | None:
    """The import that brought the same file, and of which every period still stands, or that is still to be read."""
    same = CostImport.objects.filter(
        cost_source_id=cost_source_id, file_digest=digest, state__in=[*OPEN_STATES, ImportState.DONE]
    )
    for row in same.order_by("-id"):
        standing = ImportedPeriod.objects.filter(cost_import=row).count()
        if row.state in OPEN_STATES or standing == len(row.periods):
            return row.pk
    return None


def _due(now: datetime) -> QuerySet[CostImport, CostImport]:
    return CostImport.objects.filter(
        Q(state=ImportState.DUE) | Q(state=ImportState.STARTED, lease_until__lte=now),
    )


def _claim(import_id: int, now: datetime) -> _Claim | None:
    with tenant_transaction():
        claimed = _due(now).filter(id=import_id)
        if not claimed.update(
            state=ImportState.STARTED,
            attempt=F("attempt") + 1,
            lease_until=now + LEASE,
            started_at=now,
            progress_percent=0,
        ):
            return None
        row = CostImport.objects.get(id=import_id)
        return _Claim(import_id=row.pk, attempt=row.attempt, kept_as=row.kept_as)


def _held(claim: _Claim) -> QuerySet[CostImport, CostImport]:
    return CostImport.objects.filter(id=claim.import_id, attempt=claim.attempt, state=ImportState.STARTED)


@dataclass(slots=True)
class _Keeper:
    """Keeps the lease and says how far reading is, every few seconds."""

    claim: _Claim
    clock: Clock
    stage: int = 0
    kept_at: float = 0.0

    def __call__(self, percent: float) -> None:
        """Raises LeaseLost when the import is somebody else's by now, or was taken back."""
        if time.monotonic() - self.kept_at < KEPT_EVERY_SECONDS:
            return
        self.kept_at = time.monotonic()
        done = progress_percent(survey=percent, stored=0) if self.stage == 0 else 50 + percent / 2
        with tenant_transaction():
            if not _held(self.claim).update(
                lease_until=self.clock() + LEASE, progress_percent=max(0, min(99, int(done)))
            ):
                raise LeaseLost


def _read_and_store(claim: _Claim, stack: ExitStack, clock: Clock) -> None:
    keeper = _Keeper(claim, clock)
    folder = stack.enter_context(workshop())
    with tenant_transaction():
        catalog = get_model_catalog()
    try:
        paths = _paths(claim, folder, keeper, clock)
        reader = stack.enter_context(CostReader(paths, folder, catalog, keeper))
        found = reader.look_through()
        keeper.stage = 1
        keys, read_as, tags_of = reader.keys()
    except CostFileUnreadable as error:
        raise _Refused(ImportFailure.UNREADABLE, str(error)) from error
    except CostFileTooLarge as error:
        raise _Refused(ImportFailure.TOO_LARGE, str(error)) from error
    except UnknownCostFormat as error:
        raise _Refused(ImportFailure.UNKNOWN_FORMAT) from error
    except ColumnsMissing as error:
        raise _Refused(ImportFailure.COLUMNS_MISSING, ", ".join(error.names)) from error
    except NothingToRead as error:
        raise _Refused(ImportFailure.NO_ROWS) from error
    except AwsError as error:
        if not error.permanent:
            # The lease runs out, and another worker tries again.
            raise LeaseLost from error
        raise _Refused(ImportFailure.NOT_FETCHED, f"{error.action}: {error.code}") from error
    now = clock()
    with tenant_transaction():
        row = _held(claim).select_for_update().select_related("cost_source").first()
        if row is None:
            raise LeaseLost
        bill = {"cost_source_id": row.cost_source_id}
        ids = find_or_add_bill_lines(keys.values(), bill, tags_of, now, read_as)
        _read_better(ids, read_as)
        series_of = {place: ids[key] for place, key in keys.items()}
        _require_open(found.periods)
        for period in found.periods:
            _, notes = replace_period(
                cost_source_id=row.cost_source_id,
                cost_import_id=row.pk,
                told=reader.tell(period, now),
                rows=reader.rows(series_of, period, now),
                now=now,
            )
            found.notes += notes
        assign_series(now=now)
        _name_provider(row.cost_source, {key.provider for key in keys.values()})
        _finish(row, found, now)


def _require_open(periods: Iterable[BilledPeriod]) -> None:
    for period in periods:
        try:
            require_open(period.start)
        except MonthIsClosed as error:
            raise _Refused(ImportFailure.MONTH_CLOSED, month_of(period.start)) from error


def _paths(claim: _Claim, folder: Path, keeper: _Keeper, clock: Clock) -> Sequence[Path]:
    """The uploaded file, or what a delivery's manifest names, fetched one after another."""
    if claim.kept_as:
        path = path_of(claim.kept_as)
        if not path.exists():
            raise _Refused(ImportFailure.UNREADABLE, "the file is gone")
        return [path]
    return fetch_delivery(claim.import_id, folder, tick=lambda: keeper(0.0), now=clock())


def _read_better(ids: dict[Any, int], read_as: dict[Any, dict[str, Any]]) -> None:
    """A unit that a newer file proves holds for the line's past as well."""
    proven: dict[tuple[int, str], list[int]] = {}
    for key, columns in read_as.items():
        if columns.get("tokens_per_unit"):
            proven.setdefault((columns["tokens_per_unit"], columns["unit_proof"]), []).append(ids[key])
    for (tokens, proof), series in proven.items():
        BilledSeries.objects.filter(id__in=series, tokens_per_unit__isnull=True).update(
            tokens_per_unit=tokens, unit_proof=proof
        )


def _name_provider(source: CostSource, providers: set[str]) -> None:
    provider = providers.pop() if len(providers) == 1 else Provider.OTHER.value
    if source.provider != provider:
        source.provider = provider
        source.save(update_fields=["provider"])


def _finish(row: CostImport, found: CostReading, now: datetime) -> None:
    row.state, row.lease_until, row.kept_as = ImportState.DONE, None, ""
    row.progress_percent, row.finished_at = 100, now
    row.format = found.format
    row.rows, row.rows_kept, row.rows_rejected = found.rows, found.rows_kept, found.rows_rejected
    row.rejected, row.notes, row.amounts, row.left_out = found.rejected, found.notes, found.amounts, found.left_out
    row.periods = [[str(period.start), str(period.end)] for period in found.periods]
    row.save()
    record_event(
        actor=SYSTEM,
        verb="cost_import.stored",
        target=f"cost_import:{row.pk}",
        after={"rows": found.rows, "kept": found.rows_kept, "rejected": found.rows_rejected, "periods": row.periods},
    )


def _refuse(claim: _Claim, failure: ImportFailure, detail: str, now: datetime) -> ImportState | None:
    log.warning("cost_import_failed", cost_import=claim.import_id, failure=failure.value, detail=detail[:RAW_LENGTH])
    with tenant_transaction():
        if not _held(claim).update(
            state=ImportState.FAILED,
            failure=failure,
            failure_detail=detail[:RAW_LENGTH],
            finished_at=now,
            lease_until=None,
            kept_as="",
        ):
            return None
    drop_file(claim.kept_as)
    return ImportState.FAILED
