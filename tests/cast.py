"""The cast: Ada owns Acme, Ben may only look, Cleo belongs to Globex and must see nothing of Acme."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest

from accounts.access.web import user_actor
from accounts.domain.audit import Actor
from accounts.domain.roles import Role
from accounts.models import Organization, User
from accounts.tenancy.context import organization_scope, tenant_transaction
from tests.factories.accounts import make_membership, make_organization, make_user

# A Tuesday evening in Tokyo, in the middle of a month: the clock of every test that does not say otherwise.
NOW = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody who is needed to tell a story about access."""

    acme: Organization
    globex: Organization
    ada: User
    ben: User
    fay: User
    max: User
    cleo: User

    @property
    def ada_acts(self) -> Actor:
        return user_actor(self.ada)


@contextmanager
def inside(organization: Organization | UUID) -> Iterator[None]:
    """Open an organization as a door does: named, and its transaction begun."""
    with organization_scope(organization if isinstance(organization, UUID) else organization.id), tenant_transaction():
        yield


@pytest.fixture
def cast(db: None) -> Cast:  # noqa: ARG001 - opens the database
    """Acme (Tokyo) with Ada, the owner, Max, an admin, Fay of finance and Ben, a viewer; Globex with Cleo, its owner."""
    people = Cast(
        acme=make_organization(slug="acme", name="Acme", time_zone="Asia/Tokyo", fiscal_year_start_month=4),
        globex=make_organization(slug="globex", name="Globex"),
        ada=make_user(email="ada@acme.test", name="Ada"),
        ben=make_user(email="ben@acme.test", name="Ben"),
        fay=make_user(email="fay@acme.test", name="Fay"),
        max=make_user(email="max@acme.test", name="Max"),
        cleo=make_user(email="cleo@globex.test", name="Cleo"),
    )
    with inside(people.acme):
        make_membership(user=people.ada, role=Role.OWNER)
        make_membership(user=people.max, role=Role.ADMIN)
        make_membership(user=people.fay, role=Role.FINANCE)
        make_membership(user=people.ben, role=Role.VIEWER)
    with inside(people.globex):
        make_membership(user=people.cleo, role=Role.OWNER)
    return people
