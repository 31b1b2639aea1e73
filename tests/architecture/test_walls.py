"""Every tenant table: its policy is forced, and raw SQL of another organization sees, changes and adds no row."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, connections, transaction
from django.db.models import Model

from accounts.tenancy.checks import tenant_models
from accounts.tenancy.isolation import NAMED_ORGANIZATION_SQL
from tests.architecture.rows import ROW_OF
from tests.cast import Cast, inside

TENANT_MODELS = tenant_models()
# Tables that every organization may read because they belong to none, and why.
GLOBAL_TABLES = {
    "accounts_user": "a person may belong to several organizations",
    "accounts_organization": "it is what the wall is named after",
    "billing_foundationmodel": "the public catalog",
    "billing_modelprice": "list prices",
    "billing_pricelistreading": "how the reading of the public list went",
}
POLICY = "SELECT policyname, cmd, qual, with_check FROM pg_policies WHERE tablename = %s ORDER BY policyname"


def rows_of(sql: str, *parameters: str, alias: str = "default") -> list[tuple[object, ...]]:
    with connections[alias].cursor() as cursor:
        cursor.execute(sql, parameters)
        found: list[tuple[object, ...]] = cursor.fetchall()
    return found


def table_of(model: type[Model]) -> str:
    return model._meta.db_table


def normal(sql: object) -> str:
    """A policy's text as PostgreSQL prints it, without the casts and brackets that it adds."""
    return str(sql).replace("::text", "").replace("(", "").replace(")", "").strip()


OWN = normal(f"organization_id = {NAMED_ORGANIZATION_SQL}")


@pytest.mark.django_db
@pytest.mark.parametrize("table", [table_of(model) for model in TENANT_MODELS])
def test_a_tenant_table_is_walled(table: str) -> None:
    walled = rows_of("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", table)
    policies = {name: (cmd, qual, check) for name, cmd, qual, check in rows_of(POLICY, table)}
    of_all_commands = [(normal(qual), normal(check)) for cmd, qual, check in policies.values() if cmd == "ALL"]

    assert walled == [(True, True)]
    assert of_all_commands == [(OWN, OWN)]
    assert {cmd for cmd, _, _ in policies.values()} <= (
        {"ALL", "SELECT"} if table == "accounts_membership" else {"ALL"}
    )


@pytest.mark.django_db
def test_every_other_table_of_ours_is_global_for_a_reason() -> None:
    ours = {
        table_of(model)
        for model in apps.get_models()
        if model._meta.app_label in ("accounts", "billing", "forecasting") and model not in TENANT_MODELS
    }

    assert ours == set(GLOBAL_TABLES)


@pytest.mark.django_db
def test_the_application_owns_nothing_and_is_no_superuser() -> None:
    assert rows_of("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user") == [(False, False)]
    assert rows_of("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole") == [(0,)]


def partitions() -> Iterator[str]:
    for (name,) in rows_of("SELECT inhrelid::regclass::text FROM pg_inherits ORDER BY 1"):
        yield str(name)


@pytest.mark.parametrize("model", TENANT_MODELS, ids=table_of)
def test_raw_sql_of_another_organization_touches_nothing(model: type[Model], cast: Cast) -> None:
    table = table_of(model)
    with inside(cast.acme):
        ROW_OF[model._meta.label]()
        assert rows_of(f"SELECT count(*) >= 1 FROM {table}") == [(True,)]

    with inside(cast.globex), connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {table} WHERE organization_id = %s", [cast.acme.id])
        assert cursor.fetchall() == []
        if "UPDATE" in getattr(model, "application_rights", "UPDATE"):
            cursor.execute(
                f"UPDATE {table} SET organization_id = %s WHERE organization_id = %s", [cast.globex.id, cast.acme.id]
            )
            assert cursor.rowcount == 0
            cursor.execute(f"DELETE FROM {table} WHERE organization_id = %s", [cast.acme.id])
            assert cursor.rowcount == 0


@pytest.mark.parametrize("model", TENANT_MODELS, ids=table_of)
def test_a_row_cannot_be_written_for_another_organization(model: type[Model], cast: Cast) -> None:
    table = table_of(model)
    with inside(cast.acme):
        ROW_OF[model._meta.label]()
        columns = [
            str(name)
            for (name,) in rows_of(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
                table,
            )
        ]
        copied = ", ".join(f'"{name}"' for name in columns if name not in ("id", "organization_id"))
        with (
            pytest.raises(ProgrammingError, match="row-level security"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                f"INSERT INTO {table} (organization_id, {copied}) SELECT %s, {copied} FROM {table}", [cast.globex.id]
            )


@pytest.mark.django_db
def test_the_application_has_no_right_on_a_partition() -> None:
    """A partition read directly would show every organization: policies bind on the table that a statement names."""
    for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"):
        for name in partitions():
            assert rows_of("SELECT has_table_privilege(current_user, %s, %s)", name, right) == [(False,)], name


@pytest.mark.parametrize(
    "statement", ["UPDATE accounts_auditevent SET verb = 'x.y'", "DELETE FROM accounts_auditevent"]
)
def test_the_audit_log_can_only_grow(cast: Cast, statement: str) -> None:
    with inside(cast.acme):
        ROW_OF["accounts.AuditEvent"]()
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
