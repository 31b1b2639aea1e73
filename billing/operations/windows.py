"""A window's lease: claim it, keep it, give it back with what came of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from accounts.queries.organizations import get_organization
from accounts.tenancy.context import current_organization_id, tenant_transaction
from billing.adapters.aws.sessions import Role, make_session_name
from billing.domain.collection import (
    ConnectionKind,
    FetchFailure,
    Source,
    WindowSpan,
    WindowState,
    next_attempt,
    readable_from,
    readable_until,
)
from billing.domain.connections import COLLECTING_STATES, Charge
from billing.domain.records import Noted, Rejected
from billing.models import AwsConnection, CollectionRun, CollectionWindow

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
    """A window in our hands: what is to be read, from when until when, and the attempt that may store it."""

    window_id: int
    attempt: int
    failures: int
    started_at: datetime
    span: WindowSpan
    start: datetime
    end: datetime
    connection_id: int
    kind: ConnectionKind
    aws_account_id: str
    tag_key: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What came of storing a window."""

    rows: int
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
    """Lock the claimed window's row for storing. Raises LeaseLost when its attempt has moved."""
    window = _held(claim).select_for_update().first()
    if window is None:
        raise LeaseLost
    return window


def finish_window(window: CollectionWindow, claim: Claim, stored: Stored, charge: Charge, now: datetime) -> None:
    """Write down, in the transaction that stored the rows, that the window is read up to the claim's end."""
    window.rows = stored.rows
    window.read_at = claim.started_at
    window.stored_at = now
    # Not the time of storing: a name that was found out while this was being read may have come too late.
    window.rated_at = claim.started_at
    window.is_rating_due = False
    _finish(window, filled_until=claim.end)
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
    CollectionRun.objects.create(
        **_run(claim, charge, now), outcome=failure.value, detail=f"{code} {detail}".strip()[:RAW_LENGTH]
    )
    return state


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
    return Claim(
        window_id=window.pk,
        attempt=window.attempt,
        failures=window.failures,
        started_at=now,
        span=span,
        start=readable_from(span, now),
        end=readable_until(span, now),
        connection_id=connection.pk,
        kind=ConnectionKind(connection.kind),
        aws_account_id=connection.aws_account_id,
        tag_key=connection.tag_key,
        role=role_of(connection, "collect"),
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
        "api_calls": charge.other_calls + charge.cost_explorer_requests,
        "metrics_requested": charge.metrics,
        "cost_explorer_requests": charge.cost_explorer_requests,
        "aws_charge_usd": charge.usd,
    }
