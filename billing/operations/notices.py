"""Tells an organization's owners, once, that AWS denies a connection something."""

from __future__ import annotations

from datetime import datetime

import structlog

from accounts.domain.roles import Role
from accounts.models import User
from accounts.queries.memberships import list_members
from accounts.queries.organizations import get_organization
from accounts.tenancy.context import current_organization_id, tenant_transaction
from billing.adapters.mail import MailNotSent, send_mail
from billing.domain.connections import ConnectionState
from billing.models import AwsConnection
from billing.queries.connections import Connection, get_connection

log = structlog.get_logger()


def tell_owners(*, now: datetime) -> int:
    """Send a mail about every connection that fails and whose owners do not know yet; returns how many connections.

    The row says that they were told before the mail leaves, so that a crash costs a mail and never repeats one; when the
    mail server is away the row takes it back, and the next look tries again.
    """
    told = 0
    for connection_id in _untold():
        if not _claim(connection_id, now):
            continue
        try:
            _tell(connection_id)
            told += 1
        except MailNotSent as error:
            log.warning("owners_not_told", connection=connection_id, error=str(error))
            with tenant_transaction():
                AwsConnection.objects.filter(id=connection_id).update(owner_told_at=None)
    return told


def _untold() -> list[int]:
    with tenant_transaction():
        failing = AwsConnection.objects.filter(state=ConnectionState.FAILING, owner_told_at__isnull=True)
        return list(failing.order_by("id").values_list("id", flat=True))


def _claim(connection_id: int, now: datetime) -> bool:
    with tenant_transaction():
        mine = AwsConnection.objects.filter(id=connection_id, owner_told_at__isnull=True)
        return mine.update(owner_told_at=now) > 0


def _tell(connection_id: int) -> None:
    organization = get_organization(current_organization_id())
    with tenant_transaction():
        connection = get_connection(connection_id)
        owners = [member for member in list_members() if member.role is Role.OWNER]
    languages = dict(User.objects.filter(id__in=[owner.user_id for owner in owners]).values_list("id", "language"))
    for owner in owners:
        send_mail(
            "connection_denied",
            {
                "organization": organization,
                "connection": connection,
                "missing": _missing(connection),
                "path": f"/o/{organization.slug}/connections/{connection.id}/",
            },
            address=owner.email,
            language=languages.get(owner.user_id, ""),
        )


def _missing(connection: Connection) -> list[str]:
    return [permission.action for permission in connection.permissions if permission.is_granted is False]
