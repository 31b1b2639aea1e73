"""Nothing starts with a database role that sees past the wall."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from config.database_role import UnsafeDatabaseRole, refuse_unsafe_role

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def superuser(cluster: dict[str, str]) -> Iterator[psycopg.Connection]:
    database = connections["owner"].settings_dict["NAME"]
    with psycopg.connect(
        host=cluster["host"], user="yosan_super", password=cluster["superuser"], dbname=database, autocommit=True
    ) as connection:
        yield connection


def connect_as(role: str, password: str) -> BaseDatabaseWrapper:
    settings = {**connections["owner"].settings_dict, "USER": role, "PASSWORD": password}
    return type(connections["owner"])(settings, alias="owner")


def test_the_applications_own_role_may_start() -> None:
    refuse_unsafe_role()


def test_the_owner_may_not() -> None:
    with pytest.raises(UnsafeDatabaseRole, match="yosan_owner in DATABASE_URL owns the database"):
        refuse_unsafe_role(connections["owner"])


@pytest.mark.parametrize(
    ("attributes", "fault"),
    [
        ("SUPERUSER", "is a superuser"),
        ("BYPASSRLS", "has BYPASSRLS"),
        ("IN ROLE yosan_owner", "as a member of the owner's role"),
    ],
)
def test_neither_may_a_role_that_gets_past_the_wall(superuser: psycopg.Connection, attributes: str, fault: str) -> None:
    superuser.execute(f"CREATE ROLE tried LOGIN PASSWORD 'tried' {attributes}")
    connection = connect_as("tried", "tried")
    try:
        with pytest.raises(UnsafeDatabaseRole, match=fault):
            refuse_unsafe_role(connection)
    finally:
        connection.close()
        superuser.execute("DROP ROLE tried")
