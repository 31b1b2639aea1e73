"""The test run's own database: throwaway, reached as the role that the application has."""

from __future__ import annotations

import pytest
from django.db import connection, connections


@pytest.mark.django_db
def test_a_test_that_names_no_database_runs_in_the_throwaway_one_as_the_application(cluster: dict[str, str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, current_database(), rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        user, database, superuser, bypasses = cursor.fetchone()
    assert user == "yosan_app"
    assert database.startswith("test_")
    assert not superuser
    assert not bypasses
    assert connection.settings_dict["HOST"] == cluster["host"]


@pytest.mark.django_db(databases=["default", "owner"])
def test_both_roles_meet_in_one_database() -> None:
    names = set()
    for alias in ("default", "owner"):
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT current_database()")
            names.add(cursor.fetchone()[0])
    assert len(names) == 1
