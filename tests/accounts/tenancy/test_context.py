"""Naming an organization, telling PostgreSQL, and what happens without."""

from __future__ import annotations

from contextlib import suppress
from uuid import uuid4

import pytest
from django.db import InternalError, ProgrammingError, connection, transaction

from accounts.models import CostCenter, Membership
from accounts.queries.organizations import list_organizations_of_user
from accounts.tenancy.context import (
    NoOrganization,
    current_organization_id,
    organization_scope,
    tenant_transaction,
    user_transaction,
)
from tests.cast import Cast, inside
from tests.factories.accounts import make_cost_center


def raw_count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def test_nobody_is_named_outside_a_scope() -> None:
    with pytest.raises(NoOrganization):
        current_organization_id()


def test_a_scope_names_its_organization_and_forgets_it() -> None:
    organization_id = uuid4()

    with organization_scope(organization_id):
        assert current_organization_id() == organization_id

    with pytest.raises(NoOrganization):
        current_organization_id()


@pytest.mark.django_db
def test_a_query_without_a_scope_is_refused() -> None:
    with pytest.raises(NoOrganization):
        CostCenter.objects.count()


@pytest.mark.django_db
def test_a_query_in_a_scope_without_a_transaction_is_refused(cast: Cast) -> None:
    with organization_scope(cast.acme.id), pytest.raises(NoOrganization):
        CostCenter.objects.count()


def test_a_transaction_without_a_name_is_refused() -> None:
    with pytest.raises(NoOrganization), tenant_transaction():
        pass


def test_a_new_row_belongs_to_the_named_organization(cast: Cast) -> None:
    with inside(cast.acme):
        center = make_cost_center(code="search")

        assert center.organization_id == cast.acme.id


def test_each_organization_sees_its_own_rows_only(cast: Cast) -> None:
    with inside(cast.acme):
        make_cost_center(code="search")
        make_cost_center(code="support")
    with inside(cast.globex):
        make_cost_center(code="research")

    with inside(cast.acme):
        assert CostCenter.objects.count() == raw_count("accounts_costcenter") == 2
    with inside(cast.globex):
        assert CostCenter.objects.count() == raw_count("accounts_costcenter") == 1


def test_a_nested_organization_hands_back_to_the_outer_one(cast: Cast) -> None:
    with inside(cast.acme):
        make_cost_center(code="search")

        with inside(cast.globex):
            assert raw_count("accounts_costcenter") == 0

        assert raw_count("accounts_costcenter") == 1


def test_a_nested_scope_without_its_own_transaction_is_refused(cast: Cast) -> None:
    with inside(cast.acme), organization_scope(cast.globex.id), pytest.raises(NoOrganization):
        CostCenter.objects.count()


def test_the_outer_name_is_back_after_an_error_inside(cast: Cast) -> None:
    with inside(cast.acme):
        make_cost_center(code="search")

        with pytest.raises(ZeroDivisionError), inside(cast.globex):
            raise ZeroDivisionError

        assert raw_count("accounts_costcenter") == 1


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize("fails", [False, True])
def test_nothing_stays_set_on_the_connection(cast: Cast, fails: bool) -> None:
    with inside(cast.acme):
        make_cost_center(code="search")
    with suppress(ZeroDivisionError), inside(cast.acme):
        if fails:
            raise ZeroDivisionError

    assert raw_count("accounts_costcenter") == 0


def test_a_row_for_another_organization_is_refused_by_postgresql(cast: Cast) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"), inside(cast.acme):
        CostCenter.objects.create(organization_id=cast.globex.id, code="search", name="Search")


def test_a_row_cannot_be_moved_to_another_organization(cast: Cast) -> None:
    with inside(cast.acme):
        make_cost_center(code="search")
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            CostCenter.objects.update(organization_id=cast.globex.id)


def test_a_user_reads_the_organizations_he_belongs_to(cast: Cast) -> None:
    with inside(cast.globex):
        Membership.objects.create(user=cast.ada, role="VIEWER")

    assert [organization.slug for organization in list_organizations_of_user(cast.ada.pk)] == ["acme", "globex"]
    assert [organization.slug for organization in list_organizations_of_user(cast.cleo.pk)] == ["globex"]


@pytest.mark.django_db
def test_own_memberships_are_refused_without_a_user() -> None:
    with pytest.raises(NoOrganization):
        Membership.of_current_user.count()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO accounts_membership (organization_id, user_id, role, created_at) VALUES (%(org)s, %(user)s, 'OWNER', now())",
    ],
)
def test_a_named_user_cannot_write_himself_into_an_organization(cast: Cast, statement: str) -> None:
    with (
        pytest.raises((ProgrammingError, InternalError), match="row-level security"),
        user_transaction(cast.cleo.pk),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, {"org": cast.acme.id, "user": cast.cleo.pk})


@pytest.mark.parametrize(
    "statement", ["UPDATE accounts_membership SET role = 'OWNER'", "DELETE FROM accounts_membership"]
)
def test_a_named_user_cannot_change_his_own_membership(cast: Cast, statement: str) -> None:
    with user_transaction(cast.ben.pk), connection.cursor() as cursor:
        cursor.execute(statement)

        assert cursor.rowcount == 0
