"""Connects an AWS account: enter, verify, pause, disconnect; tells the owner when AWS denies something."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet

from accounts.domain.audit import SYSTEM, Actor, Json
from accounts.domain.errors import Conflict
from accounts.domain.text import gettext_noop
from accounts.operations.audit import record_event
from accounts.tenancy.context import tenant_transaction
from billing.adapters.aws.errors import AwsError, NotConfigured
from billing.adapters.aws.meter import metered
from billing.adapters.aws.sessions import get_endpoint_url, get_principal_arn
from billing.domain.collection import ConnectionKind, WindowState, next_attempt
from billing.domain.connections import (
    DEFAULT_LIMIT_USD,
    EXTERNAL_ID_BYTES,
    Charge,
    ConnectionFault,
    ConnectionState,
    Purpose,
    aws_account_of,
    check_external_id,
    check_regions,
    check_tag_key,
    external_id_from,
)
from billing.domain.watching import default_limit
from billing.models import AwsConnection, BilledSeries, CollectionWindow
from billing.operations.collection import NEEDS, failure_of
from billing.operations.verification import Examination, examine
from billing.operations.watching import note_charge
from billing.operations.windows import Clock, role_of
from billing.queries.connections import ConnectionNotFound

log = structlog.get_logger()

VERIFICATION_LEASE = timedelta(minutes=4)
NAME_LENGTH = 120


class ConnectionIsOver(Conflict):
    """A disconnected connection cannot come back."""

    code: ClassVar[str] = "connection_is_over"
    message: ClassVar[str] = gettext_noop("This connection was disconnected: connect the account anew.")


class NoRoleYet(Conflict):
    """There is nothing to verify."""

    code: ClassVar[str] = "no_role_yet"
    message: ClassVar[str] = gettext_noop("Enter the ARN of the role first.")


class CannotPause(Conflict):
    """Only what is read can be paused."""

    code: ClassVar[str] = "connection_cannot_pause"
    message: ClassVar[str] = gettext_noop("Only a verified connection can be paused.")


class NotPaused(Conflict):
    """Only what is paused can go on."""

    code: ClassVar[str] = "connection_not_paused"
    message: ClassVar[str] = gettext_noop("This connection is not paused.")


def create_connection(
    *,
    actor: Actor,
    kind: ConnectionKind,
    now: datetime,
    name: str = "",
    tag_key: str = "team",
    aws_regions: Sequence[str] = (),
    external_id: str | None = None,
) -> int:
    """Begin to connect an AWS account and return the connection's id; its external id is made here, at random.

    Only the shell may bring an external id along, for a role that was made before. Raises Invalid.
    """
    made = external_id_from(secrets.token_bytes(EXTERNAL_ID_BYTES))
    row = AwsConnection.objects.create(
        name=name.strip()[:NAME_LENGTH],
        kind=kind,
        tag_key=check_tag_key(tag_key),
        aws_regions_asked=list(check_regions(aws_regions)),
        external_id=made if external_id is None else check_external_id(external_id),
        endpoint_url=get_endpoint_url(),
        created_at=now,
    )
    record_event(actor=actor, verb="connection.created", target=f"connection:{row.pk}", after=_described(row))
    return row.pk


def enter_role(*, actor: Actor, connection_id: int, role_arn: str, now: datetime) -> None:
    """Say which role the customer has made, and ask a worker to verify it. Raises Invalid or a Conflict.

    Whether somebody else has the same role is not looked at here: an unverified claim learns nothing.
    """
    row = _open(connection_id)
    before = _described(row)
    account = aws_account_of(role_arn.strip())
    if row.holds_role and row.role_arn != role_arn.strip():
        # The proof was of another role.
        row.holds_role = False
    row.role_arn, row.aws_account_id = role_arn.strip(), account
    _ask_verification(row, now)
    record_event(
        actor=actor, verb="connection.role_entered", target=f"connection:{row.pk}", before=before, after=_described(row)
    )


def rename_connection(*, actor: Actor, connection_id: int, name: str) -> None:
    """Call a connection by another name, or by its account's number when the name is empty. Raises ConnectionIsOver."""
    row = _open(connection_id)
    before, row.name = row.name, name.strip()[:NAME_LENGTH]
    row.save(update_fields=["name"])
    record_event(
        actor=actor,
        verb="connection.renamed",
        target=f"connection:{row.pk}",
        before={"name": before},
        after={"name": row.name},
    )


def change_reading(*, actor: Actor, connection_id: int, tag_key: str, aws_regions: Sequence[str]) -> None:
    """Say which tag names the team from the next reading on, and which regions are read. Raises Invalid.

    What was assigned by another tag stays. A region that is read stays, too: what it cost is not forgotten. Without any
    named, those with traffic are found. Raises ConnectionIsOver.
    """
    row = _open(connection_id)
    before = _described(row)
    row.tag_key = check_tag_key(tag_key)
    asked = set(check_regions(aws_regions))
    if row.aws_regions and not asked <= set(row.aws_regions):
        row.aws_regions = sorted({*row.aws_regions, *asked})
    row.aws_regions_asked = sorted({*row.aws_regions, *asked}) if asked else []
    row.save(update_fields=["tag_key", "aws_regions", "aws_regions_asked"])
    if (after := _described(row)) != before:
        record_event(actor=actor, verb="connection.changed", target=f"connection:{row.pk}", before=before, after=after)


def request_verification(*, actor: Actor, connection_id: int, now: datetime) -> None:
    """Ask a worker to verify the connection, again or for the first time. Raises a Conflict."""
    row = _open(connection_id)
    if not row.role_arn:
        raise NoRoleYet
    _ask_verification(row, now)
    record_event(actor=actor, verb="connection.verification_requested", target=f"connection:{row.pk}")


def list_verifications_due(*, now: datetime) -> list[int]:
    """Return the connections that wait for a worker to verify them."""
    with tenant_transaction():
        return list(_due(now).order_by("next_attempt_at", "id").values_list("id", flat=True))


def verify_connection(*, connection_id: int, clock: Clock) -> ConnectionState | None:
    """Try a connection's role at AWS, and write down what it is; None when somebody else does so already.

    The calls stand outside any transaction. An outage leaves the connection waiting for its next attempt.
    """
    now = clock()
    with tenant_transaction():
        claimed = _due(now).filter(id=connection_id)
        if not claimed.update(lease_until=now + VERIFICATION_LEASE, attempt=F("attempt") + 1):
            return None
        row = AwsConnection.objects.get(id=connection_id)
        role, attempt = role_of(row, "verify"), row.attempt
    charge = Charge()
    try:
        principal = get_principal_arn()
        with metered(charge):
            found = examine(
                role, kind=ConnectionKind(row.kind), aws_regions=tuple(row.aws_regions_asked), now=now, charge=charge
            )
    except AwsError as error:
        return _postpone(connection_id, attempt, error, charge, clock())
    with tenant_transaction():
        locked = AwsConnection.objects.select_for_update().filter(id=connection_id, attempt=attempt).first()
        if locked is None or locked.state != ConnectionState.VERIFYING:
            return None
        locked.principal_arn = principal
        return _conclude(locked, found, charge, clock())


def list_principals_unknown() -> list[int]:
    """Return the new connections whose template cannot name us yet."""
    with tenant_transaction():
        new = AwsConnection.objects.filter(state=ConnectionState.PENDING, principal_arn="")
        return list(new.order_by("id").values_list("id", flat=True))


def note_principal(*, connection_id: int) -> None:
    """Write down who we are to AWS, so that the template can name us before there is a role to try.

    While AWS is out of reach the template waits; the timetable asks again.
    """
    try:
        principal = get_principal_arn()
    except AwsError as error:
        log.warning("principal_unknown", connection=connection_id, code=error.code)
        return
    with tenant_transaction():
        AwsConnection.objects.filter(id=connection_id).update(principal_arn=principal)


def pause_connection(*, actor: Actor, connection_id: int) -> None:
    """Stop reading until somebody resumes. Raises CannotPause."""
    row = _open(connection_id)
    if row.state not in (ConnectionState.VERIFIED, ConnectionState.FAILING):
        raise CannotPause
    row.state = ConnectionState.PAUSED
    row.save(update_fields=["state"])
    record_event(actor=actor, verb="connection.paused", target=f"connection:{row.pk}")


def resume_connection(*, actor: Actor, connection_id: int, now: datetime) -> None:
    """Go on reading, after the role was verified again: it may have changed meanwhile. Raises NotPaused."""
    row = _open(connection_id)
    if row.state != ConnectionState.PAUSED:
        raise NotPaused
    _ask_verification(row, now)
    record_event(actor=actor, verb="connection.resumed", target=f"connection:{row.pk}")


def disconnect_connection(*, actor: Actor, connection_id: int, delete_data: bool, now: datetime) -> None:
    """Stop for good and let go of the role; the data stay, or a worker deletes them. Raises ConnectionIsOver."""
    row = _open(connection_id)
    row.state, row.holds_role, row.disconnected_at = ConnectionState.DISCONNECTED, False, now
    row.deletion_asked_at = now if delete_data else None
    row.save()
    CollectionWindow.objects.filter(connection=row).exclude(state=WindowState.DONE).delete()
    record_event(
        actor=actor,
        verb="connection.disconnected",
        target=f"connection:{row.pk}",
        after={"delete_data": delete_data, "role_arn": row.role_arn},
    )


def _open(connection_id: int) -> AwsConnection:
    row = AwsConnection.objects.select_for_update().filter(id=connection_id).first()
    if row is None:
        raise ConnectionNotFound
    if row.state == ConnectionState.DISCONNECTED:
        raise ConnectionIsOver
    return row


def _ask_verification(row: AwsConnection, now: datetime) -> None:
    row.state = ConnectionState.VERIFYING
    row.next_attempt_at, row.lease_until, row.failures = now, None, 0
    row.save()


def _due(now: datetime) -> QuerySet[AwsConnection, AwsConnection]:
    is_free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    return AwsConnection.objects.filter(is_free, state=ConnectionState.VERIFYING, next_attempt_at__lte=now)


def _postpone(connection_id: int, attempt: int, error: AwsError, charge: Charge, now: datetime) -> ConnectionState:
    fault = ConnectionFault.NOT_CONFIGURED if isinstance(error, NotConfigured) else ConnectionFault.AWS_UNAVAILABLE
    log.warning("verification_postponed", connection=connection_id, action=error.action, code=error.code)
    with tenant_transaction():
        row = AwsConnection.objects.select_for_update().get(id=connection_id)
        note_charge(row.pk, source="", purpose=Purpose.CHECK, charge=charge, now=now)
        if row.attempt == attempt and row.state == ConnectionState.VERIFYING:
            row.failures += 1
            row.last_error, row.last_error_detail = fault, f"{error.action}: {error.code} {error.detail}"[:500]
            again = next_attempt(row.failures, failure_of(error), now, secrets.randbelow(1000) / 1000)
            # A refusal that is no answer to "may we?" is looked at again as well, since nothing is proved either way.
            row.next_attempt_at, row.lease_until = again or now + timedelta(hours=1), None
            row.save()
        return ConnectionState(row.state)


def _conclude(row: AwsConnection, found: Examination, charge: Charge, now: datetime) -> ConnectionState:
    before = _described(row)
    row.permissions_found, row.permissions_missing = list(found.found), list(found.missing)
    row.aws_regions, row.linked_account_ids = list(found.aws_regions), list(found.linked_account_ids)
    row.polling_usd_per_month = found.polling_usd_per_month
    row.endpoint_url = get_endpoint_url()
    row.lease_until = row.next_attempt_at = None
    fault = found.fault or _paid_by_another(row) or _take_role(row)
    if row.connected_at is None and row.watching_limit_usd == DEFAULT_LIMIT_USD:
        row.watching_limit_usd = default_limit(found.bill_usd_a_day)
    note_charge(row.pk, source="", purpose=Purpose.CHECK, charge=charge, now=now)
    if fault is None:
        _accept(row, now)
    else:
        _refuse(row, fault, found.detail)
    row.save()
    verb = "connection.refused" if fault else "connection.verified"
    record_event(actor=SYSTEM, verb=verb, target=f"connection:{row.pk}", before=before, after=_described(row))
    return ConnectionState(row.state)


def _take_role(row: AwsConnection) -> ConnectionFault | None:
    """Hold the role, if nobody does: only now, after the proof, are the organizations compared, by an index."""
    try:
        with transaction.atomic():
            AwsConnection.objects.filter(id=row.pk).update(holds_role=True)
    except IntegrityError as error:
        if "aws_connection_role_held_once" in str(error):
            return ConnectionFault.ROLE_ALREADY_CONNECTED
        return ConnectionFault.ACCOUNT_ALREADY_CONNECTED
    row.holds_role = True
    return None


def _paid_by_another(row: AwsConnection) -> ConnectionFault | None:
    if row.kind != ConnectionKind.PAYER:
        return None
    payers = AwsConnection.objects.filter(kind=ConnectionKind.PAYER, holds_role=True).exclude(id=row.pk)
    for payer in payers:
        if payer.aws_account_id != row.aws_account_id and row.aws_account_id in payer.linked_account_ids:
            return ConnectionFault.ACCOUNT_PAID_BY_ANOTHER
        if payer.aws_account_id != row.aws_account_id and payer.aws_account_id in row.linked_account_ids:
            return ConnectionFault.LINKED_ACCOUNT_IS_PAYER
    return None


def _accept(row: AwsConnection, now: datetime) -> None:
    if row.connected_at is None:
        _take_over_bill(row)
    row.state = ConnectionState.VERIFIED
    row.connected_at = row.connected_at or now
    row.verified_at = row.scanned_at = now
    row.failures = 0
    row.last_error = row.last_error_detail = ""
    row.failing_since = row.owner_told_at = None
    # What was refused is tried again, but for what would be refused again.
    missing = set(row.permissions_missing)
    readable = [source for source, needs in NEEDS.items() if not needs & missing]
    CollectionWindow.objects.filter(connection=row, state=WindowState.FAILED, source__in=readable).update(
        state=WindowState.DUE, next_attempt_at=now, failures=0, last_error=""
    )


def _take_over_bill(row: AwsConnection) -> None:
    """Go on with the bill that an earlier, disconnected connection to the account has left: read anew it would be double."""
    earlier = AwsConnection.objects.filter(
        aws_account_id=row.aws_account_id, state=ConnectionState.DISCONNECTED, deletion_asked_at__isnull=True
    )
    BilledSeries.objects.filter(connection__in=earlier).update(connection=row)


def _refuse(row: AwsConnection, fault: ConnectionFault, detail: str) -> None:
    row.state, row.holds_role = ConnectionState.REFUSED, False
    row.last_error, row.last_error_detail = fault, detail


def _described(row: AwsConnection) -> dict[str, Json]:
    return {
        "kind": row.kind,
        "role_arn": row.role_arn,
        "state": row.state,
        "aws_regions": ", ".join(row.aws_regions or row.aws_regions_asked),
        "tag_key": row.tag_key,
        "fault": row.last_error,
    }
