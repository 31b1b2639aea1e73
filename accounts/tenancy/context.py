"""Names the organization and tells PostgreSQL: two small tools, because naming and holding a transaction differ.

A third one says how long a statement may run, which a door knows and a transaction has to tell as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction

_named: ContextVar[UUID | None] = ContextVar("yosan_organization", default=None)
_open: ContextVar[UUID | None] = ContextVar("yosan_tenant_transaction", default=None)
_user: ContextVar[int | None] = ContextVar("yosan_user_transaction", default=None)
# Without a door that says otherwise (the shell): longer than any statement of ours needs, and not for ever.
_limit: ContextVar[timedelta] = ContextVar("yosan_statement_limit", default=timedelta(hours=1))
_open_limit: ContextVar[timedelta] = ContextVar("yosan_open_statement_limit", default=timedelta(0))


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
def statement_limit(limit: timedelta) -> Iterator[None]:
    """Say how long each statement of the transactions begun in this context may run. Asks no database."""
    token = _limit.set(limit)
    try:
        yield
    finally:
        _limit.reset(token)


@contextmanager
def tenant_transaction() -> Iterator[None]:
    """Begin a transaction and tell PostgreSQL the organization's name and the limit, for this transaction only.

    Nestable, also for another organization: what was told outside is told again when the inner block ends well (after
    an error the savepoint's rollback restores it). Raises NoOrganization when none is named.
    """
    organization_id, limit = current_organization_id(), _limit.get()
    outer, outer_limit = _open.get(), _open_limit.get()
    with transaction.atomic():
        _tell_both(organization_id, limit)
        token, limit_token = _open.set(organization_id), _open_limit.set(limit)
        try:
            yield
        finally:
            _open.reset(token)
            _open_limit.reset(limit_token)
        _tell_both(outer, outer_limit)


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


def _tell_both(organization_id: UUID | None, limit: timedelta) -> None:
    """Both settings at once: a statement for each would be one more on every page."""
    name, milliseconds = str(organization_id or ""), str(limit // timedelta(milliseconds=1))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('app.organization_id', %s, true), set_config('statement_timeout', %s, true)",
            [name, milliseconds],
        )


def _tell(name: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
