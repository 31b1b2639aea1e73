"""A window's lease: claim it, keep it, give it back with what came of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from accounts.queries.closed_months import get_closed_until
from accounts.queries.organizations import get_organization
from accounts.tenancy.context import current_organization_id, tenant_transaction
from billing.adapters.aws.sessions import Role, make_session_name
from billing.domain.collection import (
    ConnectionKind,
    FetchFailure,
    Source,
    WindowSpan,
    WindowState,
    extent_of,
    next_attempt,
)
from billing.domain.connections import COLLECTING_STATES, Charge, Purpose
from billing.domain.periods import utc_day_start
from billing.domain.records import Noted, Rejected
from billing.models import AwsConnection, CollectionRun, CollectionWindow
from billing.operations.closed_months import find_closed_moment
from billing.operations.watching import note_charge

# Short, so that a crash is mended soon; kept while pages arrive, each of which takes less than half of it.
LEASE = timedelta(seconds=90)
LEASE_KEPT_EVERY = timedelta(seconds=20)
# What the page shows of what was left aside.
SHOWN = 100
RAW_LENGTH = 300

Clock = Callable[[], datetime]


class LeaseLost(Exception):
    """Somebody else has claimed the window: what was read is thrown away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A window in our hands: what is to be read, from when until when, and the attempt that may store it.

    `start` may lie before the window: days that come late are asked for together with it. `is_whole`: everything is asked
    for; `is_recent`: AWS can say what spoke since the last reading.
    """

    window_id: int
    attempt: int
    failures: int
    started_at: datetime
    span: WindowSpan
    start: datetime
    end: datetime
    is_whole: bool
    is_recent: bool
    purpose: Purpose
    connection_id: int
    kind: ConnectionKind
    aws_account_id: str
    tag_key: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What came of storing a window."""

    rows: int
    # What the window holds by now, where not all of it was read.
    window_rows: int | None = None
    rejected: Sequence[Rejected] = ()
    unrated: Sequence[dict[str, str | int]] = ()
    notes: Sequence[Noted] = ()
    missing_permissions: Sequence[str] = ()


class Keeper(ExitStack):
    """Keeps the lease of a claim while its pages arrive, and the files that hold them until they are stored."""

    def __init__(self, claim: Claim, clock: Clock) -> None:
        super().__init__()
        self.claim = claim
        self.clock = clock
        self.kept_at = claim.started_at

    def keep(self) -> None:
        """Extend the lease when its time has come. Raises LeaseLost when the window is somebody else's by now."""
        now = self.clock()
        if now - self.kept_at < LEASE_KEPT_EVERY:
            return
        with tenant_transaction():
            kept = _held(self.claim).update(lease_until=now + LEASE)
        if not kept:
            raise LeaseLost
        self.kept_at = now


def claim_window(window_id: int, now: datetime) -> Claim | None:
    """Claim a window that is due, or whose lease ran out; None when somebody else was faster or nothing is to be read."""
    with tenant_transaction():
        windows = CollectionWindow.objects.filter(id=window_id)
        if not windows.filter(connection__state__in=COLLECTING_STATES).exists():
            return None
        # The conditions are on the row itself: with a join in them, two workers that come at the same moment would both
        # find it due, since the second one does not look again after it has waited for the first.
        is_free = Q(state=WindowState.DUE, next_attempt_at__lte=now) | Q(
            state=WindowState.STARTED, lease_until__lte=now
        )
        claimed = windows.filter(is_free).update(
            state=WindowState.STARTED, attempt=F("attempt") + 1, lease_until=now + LEASE, offered_until=None
        )
        if not claimed:
            return None
        window = windows.select_related("connection").get()
        claim = _claim(window, now)
        if claim.start >= claim.end:
            # Nothing of it is closed yet, or all of it has left CloudWatch: there is nothing to ask for.
            window.read_at = now
            _finish(window, filled_until=max(claim.span.start, min(claim.end, claim.span.end)))
            return None
        return claim


def lock_claim(claim: Claim) -> CollectionWindow:
    """Lock the row of the claimed window, and those of the windows before it that are read along, for storing.

    Raises LeaseLost when the claimed window's attempt has moved.
    """
    # In the order of time, as everybody does, so that two readings that overlap wait and do not lock up.
    rows = _of_source(claim).filter(window_end__gt=claim.start, window_start__lt=claim.span.end)
    locked = {row.pk: row for row in rows.order_by("window_start").select_for_update()}
    window = locked.get(claim.window_id)
    if window is None or window.attempt != claim.attempt or window.state != WindowState.STARTED:
        raise LeaseLost
    return window


def finish_window(window: CollectionWindow, claim: Claim, stored: Stored, charge: Charge, now: datetime) -> None:
    """Write down, in the transaction that stored the rows, that the window is read up to the claim's end."""
    window.rows = stored.rows if stored.window_rows is None else stored.window_rows
    window.read_at = claim.started_at
    window.stored_at = now
    # Not the time of storing: a name that was found out while this was being read may have come too late.
    window.rated_at = claim.started_at
    window.is_rating_due = False
    _finish(window, filled_until=claim.end)
    along = _of_source(claim).filter(window_end__gt=claim.start, window_end__lte=claim.span.start)
    along.filter(state=WindowState.DONE).update(read_at=claim.started_at, stored_at=now)
    meter(claim, charge, now)
    CollectionRun.objects.create(
        **_run(claim, charge, now),
        outcome="STORED",
        rows=stored.rows,
        rejected_count=len(stored.rejected),
        rejected=[{"reason": item.reason, "raw": item.raw[:RAW_LENGTH]} for item in stored.rejected[:SHOWN]],
        unrated_count=len(stored.unrated),
        unrated=list(stored.unrated[:SHOWN]),
        notes=[{"reason": item.reason, "raw": item.raw[:RAW_LENGTH]} for item in stored.notes[:SHOWN]],
    )


def return_window(
    claim: Claim, failure: FetchFailure, *, code: str, detail: str, charge: Charge, now: datetime
) -> WindowState | None:
    """Give a window back that could not be read: due again later, or FAILED when only a person can help.

    Returns its new state; None when it is somebody else's by now.
    """
    again = next_attempt(claim.failures + 1, failure, now, random.random())  # noqa: S311 - jitter, no secret
    state = WindowState.FAILED if again is None else WindowState.DUE
    returned = _held(claim).update(
        state=state, next_attempt_at=again, failures=F("failures") + 1, last_error=failure, lease_until=None
    )
    if not returned:
        return None
    meter(claim, charge, now)
    CollectionRun.objects.create(
        **_run(claim, charge, now), outcome=failure.value, detail=f"{code} {detail}".strip()[:RAW_LENGTH]
    )
    return state


def meter(claim: Claim, charge: Charge, now: datetime) -> None:
    """Count what a reading asked, whatever became of it."""
    note_charge(claim.connection_id, source=claim.span.source, purpose=claim.purpose, charge=charge, now=now)


def role_of(connection: AwsConnection, job: str) -> Role:
    """Return how we enter a connection's account for a job."""
    organization = get_organization(current_organization_id())
    return Role(
        role_arn=connection.role_arn,
        external_id=connection.external_id,
        session_name=make_session_name(organization.slug, job),
    )


def _claim(window: CollectionWindow, now: datetime) -> Claim:
    span = WindowSpan(
        source=Source(window.source),
        aws_region=window.aws_region,
        start=window.window_start,
        end=window.window_end,
    )
    connection = window.connection
    extent = extent_of(span, filled_until=window.filled_until if window.read_at else None, now=now)
    return Claim(
        window_id=window.pk,
        attempt=window.attempt,
        failures=window.failures,
        started_at=now,
        span=span,
        start=_open_start(extent.start, span.source),
        end=extent.end,
        is_whole=extent.is_whole,
        is_recent=extent.is_recent,
        purpose=_purpose(window),
        connection_id=connection.pk,
        kind=ConnectionKind(connection.kind),
        aws_account_id=connection.aws_account_id,
        tag_key=connection.tag_key,
        role=role_of(connection, "collect"),
    )


def _open_start(start: datetime, source: Source) -> datetime:
    """Nothing is read into closed months: their figures stay as they were signed. The bill's days are UTC."""
    closed = find_closed_moment() if source is Source.CLOUDWATCH else None
    if source is Source.COST_EXPLORER and (until := get_closed_until()) is not None:
        closed = utc_day_start(until)
    return start if closed is None else max(start, closed)


def _purpose(window: CollectionWindow) -> Purpose:
    """The first reading of what was before the connection: the models of the past among it, which the inventory looks for."""
    first_day = utc_day_start(window.connection.connected_at or window.window_start)
    before = window.window_start if window.source == Source.INVENTORY else window.window_end
    return Purpose.PAST if window.read_at is None and before <= first_day else Purpose.PRESENT


def _of_source(claim: Claim) -> QuerySet[CollectionWindow, CollectionWindow]:
    return CollectionWindow.objects.filter(
        connection_id=claim.connection_id, source=claim.span.source, aws_region=claim.span.aws_region
    )


def _held(claim: Claim) -> QuerySet[CollectionWindow, CollectionWindow]:
    return CollectionWindow.objects.filter(id=claim.window_id, attempt=claim.attempt, state=WindowState.STARTED)


def _finish(window: CollectionWindow, *, filled_until: datetime) -> None:
    window.state = WindowState.DONE
    window.filled_until = filled_until
    window.lease_until = window.offered_until = window.next_attempt_at = None
    window.failures, window.last_error = 0, ""
    window.save()


def _run(claim: Claim, charge: Charge, now: datetime) -> dict[str, object]:
    return {
        "window_id": claim.window_id,
        "attempt": claim.attempt,
        "started_at": claim.started_at,
        "finished_at": now,
        "is_whole": claim.is_whole,
        "purpose": claim.purpose,
        "api_calls": charge.requests.total(),
        "metrics_requested": charge.metrics,
        "cost_explorer_requests": charge.cost_explorer_requests,
        "aws_charge_usd": charge.usd,
    }
