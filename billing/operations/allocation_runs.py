"""Has every series allocated again after a rule has changed: in steps, in the background, with progress."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from django.db.models import Q

from accounts.domain.audit import Actor
from accounts.tenancy.context import tenant_transaction
from billing.domain.allocation_runs import LEASE, SERIES_AT_ONCE, RunState
from billing.domain.dimensions import Basis
from billing.models import AllocationRun, BilledSeries, UsageSeries
from billing.operations.allocation import allocate_series, lock_allocation
from billing.queries.allocation import get_ground, list_series

Clock = Callable[[], datetime]


def request_run(*, actor: Actor, from_day: date | None, now: datetime) -> int:
    """Write down that every series is to be allocated again; one that waits already does for both. Returns its id."""
    waiting = AllocationRun.objects.select_for_update().filter(state=RunState.DUE).first()
    if waiting is not None:
        if waiting.from_day is not None and (from_day is None or from_day < waiting.from_day):
            waiting.from_day = from_day
            waiting.save(update_fields=["from_day"])
        return waiting.pk
    return AllocationRun.objects.create(
        requested_by=actor.label,
        requested_at=now,
        from_day=from_day,
        state=RunState.DUE,
        series_total=UsageSeries.objects.count() + BilledSeries.objects.count(),
    ).pk


def work_off_runs(*, clock: Clock) -> int:
    """Do what is due, oldest first, and go on with what another worker has left lying; returns how many runs are done.

    Doing it twice, or from the middle after a crash, gives the same rows.
    """
    done = 0
    while (claim := _claim(clock())) is not None:
        run_id, begun = claim
        lease: datetime | None = begun
        while lease is not None:
            lease = _step(run_id, lease, clock)
        done += 1
    return done


def _claim(now: datetime) -> tuple[int, datetime] | None:
    with tenant_transaction():
        is_free = Q(state=RunState.DUE) | Q(state=RunState.STARTED, lease_until__lte=now)
        runs = AllocationRun.objects.select_for_update(skip_locked=True).filter(is_free)
        run = runs.order_by("id").first()
        if run is None:
            return None
        run.state, run.lease_until = RunState.STARTED, now + LEASE
        run.save(update_fields=["state", "lease_until"])
        return run.pk, run.lease_until


def _step(run_id: int, lease: datetime, clock: Clock) -> datetime | None:
    """Allocate the next series of a run; returns the next lease, None when there are no more or somebody took it over."""
    with tenant_transaction():
        lock_allocation()
        run = AllocationRun.objects.select_for_update().filter(id=run_id, lease_until=lease).first()
        if run is None:
            return None
        now = clock()
        basis, after = Basis.RATED, run.last_usage_series_id
        series = list_series(basis, after=after, limit=SERIES_AT_ONCE)
        if not series:
            basis, after = Basis.BILLED, run.last_billed_series_id
            series = list_series(basis, after=after, limit=SERIES_AT_ONCE)
        if not series:
            run.state, run.finished_at, run.lease_until = RunState.DONE, now, None
            run.series_total = run.series_done
            run.save()
            return None
        run.changes += allocate_series(get_ground(), basis, series, now=now)
        run.series_done += len(series)
        if basis is Basis.RATED:
            run.last_usage_series_id = series[-1][0].id
        else:
            run.last_billed_series_id = series[-1][0].id
        run.lease_until = now + LEASE
        run.save()
        return run.lease_until
