"""Plans windows, hands them out fairly, and collects one: fetch, parse, rate, store, mark filled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When

from accounts.tenancy.context import tenant_transaction
from billing.adapters.aws.bedrock import LIST_PROFILES
from billing.adapters.aws.cloudwatch import GET_METRIC_DATA, LIST_METRICS
from billing.adapters.aws.cost_explorer import GET_COST_AND_USAGE, GET_DIMENSION_VALUES
from billing.adapters.aws.errors import AwsError, NotReady, Throttled
from billing.adapters.aws.meter import metered
from billing.adapters.aws.sessions import ASSUME_ROLE, forget
from billing.domain.collection import (
    ConnectionKind,
    FetchFailure,
    Source,
    WindowSpan,
    WindowState,
    due_windows,
)
from billing.domain.connections import COLLECTING_STATES, Charge, ConnectionFault, ConnectionState
from billing.models import AwsConnection, CollectionRun, CollectionWindow
from billing.operations.allocation import assign_series
from billing.operations.costs import read_bill
from billing.operations.inventory import read_inventory
from billing.operations.rating import find_rating_due
from billing.operations.usage import read_usage
from billing.operations.watching import note_plan
from billing.operations.windows import (
    Claim,
    Clock,
    Keeper,
    LeaseLost,
    Stored,
    claim_window,
    finish_window,
    lock_claim,
    meter,
    return_window,
)
from billing.queries.collection import list_known_windows
from billing.queries.watching import get_watch_plan

log = structlog.get_logger()

# How many windows of one organization are in workers' hands at once: the others' wait no longer than these take.
IN_FLIGHT = 3
# A window that was handed out and not begun by then is handed out again.
OFFER = timedelta(minutes=2)
RUNS_KEPT = timedelta(days=60)

Store = Callable[[datetime], Stored]
READERS: Mapping[Source, Callable[[Claim, Charge, Keeper], Store]] = {
    Source.INVENTORY: read_inventory,
    Source.CLOUDWATCH: read_usage,
    Source.COST_EXPLORER: read_bill,
}
# Without these a source cannot be read at all, and is not asked again before a person has acted.
NEEDS: Mapping[Source, frozenset[str]] = {
    Source.INVENTORY: frozenset({LIST_PROFILES}),
    Source.CLOUDWATCH: frozenset({LIST_METRICS, GET_METRIC_DATA}),
    Source.COST_EXPLORER: frozenset({GET_COST_AND_USAGE, GET_DIMENSION_VALUES}),
}


class Outcome(StrEnum):
    """What came of one window."""

    STORED = "STORED"
    RETRIED_LATER = "RETRIED_LATER"
    REFUSED = "REFUSED"
    NOT_OURS = "NOT_OURS"  # somebody else was faster, or took it over


def plan_collection(*, now: datetime) -> int:
    """Write down which windows are due, as rows; returns how many became so. Doing it twice changes nothing more."""
    with tenant_transaction():
        # Two plans at once would wait for each other at the exclusion constraint: the second one has nothing to do.
        connections = list(
            AwsConnection.objects.filter(state__in=COLLECTING_STATES, connected_at__isnull=False)
            .select_for_update(skip_locked=True)
            .order_by("id")
        )
        due = sum(_plan(connection, now) for connection in connections)
        CollectionRun.objects.filter(finished_at__lt=now - RUNS_KEPT).delete()
    # Apart, since they may wait for windows that are being stored.
    find_rating_due()
    with tenant_transaction():
        assign_series(now=now)
    return due


def offer_windows(*, now: datetime) -> list[int]:
    """Return the windows to hand to workers now, most urgent first: a few of each organization, so that all get turns."""
    with tenant_transaction():
        open_windows = _open_windows()
        in_hand = Q(state=WindowState.STARTED, lease_until__gt=now) | Q(offered_until__gt=now)
        free = IN_FLIGHT - open_windows.filter(in_hand).count()
        if free <= 0:
            return []
        waiting = claimable(now).exclude(offered_until__gt=now).select_for_update(of=("self",), skip_locked=True)
        chosen = list(waiting.values_list("id", flat=True)[:free])
        CollectionWindow.objects.filter(id__in=chosen).update(offered_until=now + OFFER)
        return chosen


def claimable(now: datetime) -> QuerySet[CollectionWindow, CollectionWindow]:
    """Return the windows that can be claimed now, most urgent first: what the present needs before the past.

    Of one bill one window at a time: Cost Explorer takes one call a second of an account.
    """
    same_bill = CollectionWindow.objects.filter(
        connection_id=OuterRef("connection_id"),
        source=Source.COST_EXPLORER,
        state=WindowState.STARTED,
        lease_until__gt=now,
    ).exclude(id=OuterRef("id"))
    is_due = Q(state=WindowState.DUE, next_attempt_at__lte=now) | Q(state=WindowState.STARTED, lease_until__lte=now)
    windows = _open_windows().filter(is_due)
    windows = windows.exclude(Q(source=Source.COST_EXPLORER) & Q(Exists(same_bill)))
    # The inventory comes first: its profiles name what the metrics count.
    is_inventory = Case(When(source=Source.INVENTORY, then=0), default=1)
    return windows.order_by(is_inventory, "-window_start", "source", "aws_region", "id")


@dataclass(frozen=True, slots=True, kw_only=True)
class NextWindow:
    """The most urgent window that can be claimed now; or that there is none, but another worker still holds some."""

    window_id: int | None
    is_in_other_hands: bool


def find_next_window(*, only: Sequence[int] | None, now: datetime) -> NextWindow:
    """Return what a worker in the foreground does next, out of all windows or some."""
    with tenant_transaction():
        found, held = claimable(now), _open_windows().filter(state=WindowState.STARTED, lease_until__gt=now)
        if only is not None:
            found, held = found.filter(id__in=only), held.filter(id__in=only)
        return NextWindow(window_id=found.values_list("id", flat=True).first(), is_in_other_hands=held.exists())


def count_left(only: Sequence[int] | None) -> int:
    """Return how many windows, out of all or some, are not read yet: waiting, in somebody's hands, or refused."""
    with tenant_transaction():
        left = CollectionWindow.objects.filter(connection__state__in=COLLECTING_STATES).exclude(state=WindowState.DONE)
        return (left if only is None else left.filter(id__in=only)).count()


def collect_window(*, window_id: int, clock: Clock) -> Outcome:
    """Collect one window: claim it, ask AWS outside any transaction, store what came in another one.

    A crash anywhere leaves the window to whoever comes after the lease; a second worker finds it claimed; doing it twice
    gives the same rows.
    """
    claim = claim_window(window_id, clock())
    if claim is None:
        return Outcome.NOT_OURS
    charge = Charge()
    try:
        with Keeper(claim, clock) as keeper, metered(charge):
            store = READERS[claim.span.source](claim, charge, keeper)
            _store(claim, store, charge, clock)
    except AwsError as error:
        return _give_back(claim, error, charge, clock())
    except LeaseLost:
        log.warning("lease_lost", window=claim.window_id, attempt=claim.attempt)
        with tenant_transaction():
            meter(claim, charge, clock())
        return Outcome.NOT_OURS
    return Outcome.STORED


def reopen_windows(*, start: datetime | None, end: datetime | None, now: datetime) -> list[int]:
    """Make every window that touches the range due, read or refused before or not; returns them, most urgent first."""
    with tenant_transaction():
        windows = CollectionWindow.objects.filter(connection__state__in=COLLECTING_STATES)
        if start is not None:
            windows = windows.filter(window_end__gt=start)
        if end is not None:
            windows = windows.filter(window_start__lt=end)
        windows.filter(state__in=[WindowState.DONE, WindowState.FAILED]).update(
            state=WindowState.DUE, next_attempt_at=now, failures=0, last_error="", read_at=None
        )
        windows.filter(state=WindowState.DUE).update(next_attempt_at=now)
        return list(windows.exclude(state=WindowState.DONE).values_list("id", flat=True))


def _open_windows() -> QuerySet[CollectionWindow, CollectionWindow]:
    return CollectionWindow.objects.filter(
        connection__state__in=COLLECTING_STATES, state__in=[WindowState.DUE, WindowState.STARTED]
    )


def _plan(connection: AwsConnection, now: datetime) -> int:
    assert connection.connected_at is not None
    if connection.last_error == ConnectionFault.ROLE_NOT_ASSUMABLE:
        return 0
    watch = get_watch_plan(connection.pk, now=now)
    note_plan(connection, watch)
    due = due_windows(
        kind=ConnectionKind(connection.kind),
        aws_regions=connection.aws_regions,
        connected_at=connection.connected_at,
        windows=list_known_windows(connection.pk),
        now=now,
        every_hours=watch.every_hours,
    )
    missing = set(connection.permissions_missing)
    spans = [span for span in due if not NEEDS[span.source] & missing]
    _write(connection, spans, now)
    return len(spans)


def _write(connection: AwsConnection, spans: Iterable[WindowSpan], now: datetime) -> None:
    rows = [
        CollectionWindow(
            connection=connection,
            source=span.source,
            aws_region=span.aws_region,
            window_start=span.start,
            window_end=span.end,
            state=WindowState.DUE,
            next_attempt_at=now,
        )
        for span in spans
    ]
    CollectionWindow.objects.bulk_create(rows, ignore_conflicts=True)
    known = Q(pk__in=[])
    for span in spans:
        known |= Q(source=span.source, aws_region=span.aws_region, window_start=span.start)
    CollectionWindow.objects.filter(known, connection=connection, state=WindowState.DONE).update(
        state=WindowState.DUE, next_attempt_at=now
    )


def _store(claim: Claim, store: Store, charge: Charge, clock: Clock) -> None:
    with tenant_transaction():
        window = lock_claim(claim)
        now = clock()
        stored = store(now)
        finish_window(window, claim, stored, charge, now)
        assign_series(now=now)
        if stored.missing_permissions:
            _note_missing(claim.connection_id, stored.missing_permissions)


def _give_back(claim: Claim, error: AwsError, charge: Charge, now: datetime) -> Outcome:
    failure = failure_of(error)
    forget(claim.role)  # its credentials may be the cause
    log.warning("window_not_read", window=claim.window_id, action=error.action, code=error.code, failure=failure.value)
    with tenant_transaction():
        state = return_window(claim, failure, code=error.code, detail=error.detail, charge=charge, now=now)
        if state is None:
            return Outcome.NOT_OURS
        if state is not WindowState.FAILED:
            return Outcome.RETRIED_LATER
        mark_denied(claim.connection_id, error, now)
        return Outcome.REFUSED


def failure_of(error: AwsError) -> FetchFailure:
    """Return how a failure is treated."""
    if error.permanent:
        return FetchFailure.DENIED
    if isinstance(error, Throttled):
        return FetchFailure.THROTTLED
    if isinstance(error, NotReady):
        return FetchFailure.NOT_READY
    return FetchFailure.UNAVAILABLE


def mark_denied(connection_id: int, error: AwsError, now: datetime) -> None:
    """Mark a connection that AWS denied something, and stop asking for it until a person has acted.

    The source that needs the permission waits as a whole; when the role itself is out of reach, everything does.
    """
    connection = AwsConnection.objects.select_for_update().get(id=connection_id)
    is_role = error.action == ASSUME_ROLE
    connection.state = ConnectionState.FAILING
    connection.last_error = ConnectionFault.ROLE_NOT_ASSUMABLE if is_role else ConnectionFault.PERMISSION_MISSING
    connection.last_error_detail = f"{error.action}: {error.code}"
    connection.failing_since = connection.failing_since or now
    if not is_role:
        _add_missing(connection, [error.action])
    connection.save()
    blocked = [source for source, needs in NEEDS.items() if is_role or error.action in needs]
    CollectionWindow.objects.filter(connection=connection, source__in=blocked, state=WindowState.DUE).update(
        state=WindowState.FAILED, last_error=FetchFailure.DENIED, next_attempt_at=None
    )


def _note_missing(connection_id: int, actions: Sequence[str]) -> None:
    connection = AwsConnection.objects.select_for_update().get(id=connection_id)
    _add_missing(connection, actions)
    connection.save()


def _add_missing(connection: AwsConnection, actions: Sequence[str]) -> None:
    connection.permissions_missing = sorted({*connection.permissions_missing, *actions})
    connection.permissions_found = [name for name in connection.permissions_found if name not in actions]
