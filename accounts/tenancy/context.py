"""Names the organization and tells PostgreSQL: two small tools, because naming and holding a transaction differ."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from django.db import connection, transaction

_named: ContextVar[UUID | None] = ContextVar("yosan_organization", default=None)
_open: ContextVar[UUID | None] = ContextVar("yosan_tenant_transaction", default=None)
_user: ContextVar[int | None] = ContextVar("yosan_user_transaction", default=None)


class NoOrganization(RuntimeError):
    """Tenant data was asked for outside a tenant transaction."""


def current_organization_id() -> UUID:
    """Return the organization named for this context. Raises NoOrganization outside a scope."""
    organization_id = _named.get()
    if organization_id is None:
        raise NoOrganization("No organization is named here: enter organization_scope() first.")
    return organization_id


def organization_in_transaction() -> UUID:
    """Return the organization whose transaction is open. Raises NoOrganization without one."""
    organization_id = current_organization_id()
    if _open.get() != organization_id or not connection.in_atomic_block:
        raise NoOrganization("Tenant data is read and written inside tenant_transaction() only.")
    return organization_id


def user_in_transaction() -> int:
    """Return the user whose own memberships may be read. Raises NoOrganization without one."""
    user_id = _user.get()
    if user_id is None or not connection.in_atomic_block:
        raise NoOrganization("Memberships across organizations are read inside user_transaction() only.")
    return user_id


@contextmanager
def organization_scope(organization_id: UUID) -> Iterator[None]:
    """Name the organization for this context. Opens no transaction, asks no database."""
    token = _named.set(organization_id)
    try:
        yield
    finally:
        _named.reset(token)


@contextmanager
def tenant_transaction() -> Iterator[None]:
    """Begin a transaction and tell PostgreSQL the organization's name, for this transaction only.

    Nestable, also for another organization: the outer name is told again when the inner block ends well (after an
    error the savepoint's rollback restores it). Raises NoOrganization when none is named.
    """
    organization_id = current_organization_id()
    outer = _open.get()
    with transaction.atomic():
        _tell("app.organization_id", str(organization_id))
        token = _open.set(organization_id)
        try:
            yield
        finally:
            _open.reset(token)
        _tell("app.organization_id", str(outer) if outer else "")


@contextmanager
def user_transaction(user_id: int) -> Iterator[None]:
    """Begin a transaction in which the user's own memberships, of every organization, may be read."""
    with transaction.atomic():
        _tell("app.user_id", str(user_id))
        token = _user.set(user_id)
        try:
            yield
        finally:
            _user.reset(token)
        _tell("app.user_id", "")


def _tell(name: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
