"""Connections and their health."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from accounts.domain.errors import NotFound
from accounts.domain.text import gettext_noop
from billing.domain.collection import ConnectionKind
from billing.domain.connections import (
    FAULT_SENTENCES,
    STATE_LABELS,
    ConnectionFault,
    ConnectionState,
    needed_permissions,
)
from billing.domain.role_templates import missing_policy, role_template, role_terraform, trust_policy
from billing.models import AwsConnection, BilledSeries

# The role is there, but lets in too many or not us.
TRUST_FAULTS = (
    ConnectionFault.ROLE_NOT_ASSUMABLE,
    ConnectionFault.ASSUMABLE_WITHOUT_EXTERNAL_ID,
    ConnectionFault.ASSUMABLE_WITH_WRONG_EXTERNAL_ID,
)


class ConnectionNotFound(NotFound):
    """No connection of this organization has the id."""

    code: ClassVar[str] = "connection_not_found"
    message: ClassVar[str] = gettext_noop("There is no such connection.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionStatus:
    """One permission: what it is for, and whether the role was seen to have it (None: not tried yet)."""

    action: str
    why: str
    is_vital: bool
    is_granted: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One AWS account and how we get into it. `fault_sentence` says what is wrong and what to do; empty when nothing is."""

    id: int
    name: str
    kind: ConnectionKind
    role_arn: str
    aws_account_id: str
    external_id: str
    tag_key: str
    aws_regions_asked: tuple[str, ...]
    aws_regions: tuple[str, ...]
    linked_account_ids: tuple[str, ...]
    state: ConnectionState
    state_label: str
    fault: ConnectionFault | None
    fault_sentence: str
    fault_detail: str
    permissions: tuple[PermissionStatus, ...]
    polling_usd_per_month: Decimal | None
    watching_limit_usd: Decimal
    expected_usd_this_month: Decimal | None
    principal_arn: str
    endpoint_url: str
    created_at: datetime
    connected_at: datetime | None
    verified_at: datetime | None
    failing_since: datetime | None
    deletion_asked_at: datetime | None
    next_attempt_at: datetime | None
    disconnected_at: datetime | None
    data_deleted_at: datetime | None

    @property
    def label(self) -> str:
        """The name people know the account by."""
        return self.name or self.aws_account_id


def list_connections(*, include_disconnected: bool = False) -> tuple[Connection, ...]:
    """Return the organization's connections, payers first, then by account."""
    rows = AwsConnection.objects.order_by("-kind", "aws_account_id", "id")
    if not include_disconnected:
        rows = rows.exclude(state=ConnectionState.DISCONNECTED)
    return tuple(_value(row) for row in rows)


def get_connection(connection_id: int) -> Connection:
    """Return one connection. Raises ConnectionNotFound."""
    row = AwsConnection.objects.filter(id=connection_id).first()
    if row is None:
        raise ConnectionNotFound
    return _value(row)


def find_connection_of_role(role_arn: str) -> Connection | None:
    """Return the organization's own connection by this role that is not over, or None."""
    rows = AwsConnection.objects.filter(role_arn=role_arn).exclude(state=ConnectionState.DISCONNECTED)
    row = rows.order_by("-holds_role", "id").first()
    return _value(row) if row else None


def get_role_template(connection_id: int) -> str:
    """Return the CloudFormation template (JSON) that makes the connection's role. Raises ConnectionNotFound."""
    found = get_connection(connection_id)
    return role_template(kind=found.kind, external_id=found.external_id, principal_arn=found.principal_arn)


def get_role_terraform(connection_id: int) -> str:
    """Return the same role as Terraform (HCL). Raises ConnectionNotFound."""
    found = get_connection(connection_id)
    return role_terraform(kind=found.kind, external_id=found.external_id, principal_arn=found.principal_arn)


def find_fix(connection: Connection) -> str:
    """Return the policy (JSON) that mends a connection: the trust policy, or what is missing; empty when neither is."""
    if connection.fault in TRUST_FAULTS and connection.principal_arn:
        return trust_policy(external_id=connection.external_id, principal_arn=connection.principal_arn)
    return missing_policy([one.action for one in connection.permissions if one.is_granted is False])


def list_kept_bills(connection: Connection) -> tuple[Connection, ...]:
    """Return the disconnected connections whose kept bill has costs of the accounts that this one's bill has."""
    if connection.kind is not ConnectionKind.PAYER or not connection.aws_account_id:
        return ()
    accounts = [connection.aws_account_id, *connection.linked_account_ids]
    kept = BilledSeries.objects.filter(
        aws_account_id__in=accounts, connection__state=ConnectionState.DISCONNECTED
    ).exclude(connection_id=connection.id)
    rows = AwsConnection.objects.filter(id__in=kept.values("connection_id"), deletion_asked_at__isnull=True)
    return tuple(_value(row) for row in rows.order_by("id"))


def _value(row: AwsConnection) -> Connection:
    fault = ConnectionFault(row.last_error) if row.last_error else None
    state = ConnectionState(row.state)
    return Connection(
        id=row.pk,
        name=row.name,
        kind=ConnectionKind(row.kind),
        role_arn=row.role_arn,
        aws_account_id=row.aws_account_id,
        external_id=row.external_id,
        tag_key=row.tag_key,
        aws_regions_asked=tuple(row.aws_regions_asked),
        aws_regions=tuple(row.aws_regions),
        linked_account_ids=tuple(row.linked_account_ids),
        state=state,
        state_label=STATE_LABELS[state],
        fault=fault,
        fault_sentence=FAULT_SENTENCES[fault] if fault else "",
        fault_detail=row.last_error_detail,
        permissions=_permissions(row),
        polling_usd_per_month=row.polling_usd_per_month,
        watching_limit_usd=row.watching_limit_usd,
        expected_usd_this_month=row.expected_usd_this_month,
        principal_arn=row.principal_arn,
        endpoint_url=row.endpoint_url,
        created_at=row.created_at,
        connected_at=row.connected_at,
        verified_at=row.verified_at,
        failing_since=row.failing_since,
        deletion_asked_at=row.deletion_asked_at,
        next_attempt_at=row.next_attempt_at,
        disconnected_at=row.disconnected_at,
        data_deleted_at=row.data_deleted_at,
    )


def _permissions(row: AwsConnection) -> tuple[PermissionStatus, ...]:
    known = {**dict.fromkeys(row.permissions_found, True), **dict.fromkeys(row.permissions_missing, False)}
    return tuple(
        PermissionStatus(
            action=needed.action, why=needed.why, is_vital=needed.is_vital, is_granted=known.get(needed.action)
        )
        for needed in needed_permissions(ConnectionKind(row.kind))
    )
