"""Refuses to start when the application's database role could see past the wall between organizations."""

from __future__ import annotations

import structlog
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

log = structlog.get_logger()

FACTS = """
SELECT current_user, rolsuper, rolbypassrls,
       EXISTS (
           SELECT 1 FROM pg_class
           JOIN pg_namespace ON pg_namespace.oid = relnamespace
           WHERE relkind IN ('r', 'p') AND nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_'
             AND pg_has_role(current_user, relowner, 'MEMBER')
       )
       OR (SELECT pg_has_role(current_user, datdba, 'MEMBER') FROM pg_database WHERE datname = current_database())
FROM pg_roles WHERE rolname = current_user
"""


class UnsafeDatabaseRole(Exception):
    """The role in DATABASE_URL is not held back by row-level security; the text says what to do."""


def refuse_unsafe_role(connection: BaseDatabaseWrapper | None = None) -> None:
    """Raise `UnsafeDatabaseRole` when the role is a superuser, bypasses row-level security, or owns what it reads."""
    with (connection or connections["default"]).cursor() as cursor:
        cursor.execute(FACTS)
        role, superuser, bypasses, owns = cursor.fetchone()
    faults = (
        ("is a superuser", superuser),
        ("has BYPASSRLS", bypasses and not superuser),
        ("owns the database or its tables, itself or as a member of the owner's role", owns and not superuser),
    )
    found = [fault for fault, applies in faults if applies]
    if found:
        raise UnsafeDatabaseRole(
            f"The role {role} in DATABASE_URL {' and '.join(found)}: organizations would not be kept apart. "
            "Use a role of its own, as docs/deployment.md shows."
        )


def refuse_unsafe_start() -> None:
    """End the process with one sentence when its role is unsafe; a database that is away is readiness's business."""
    try:
        refuse_unsafe_role()
    except UnsafeDatabaseRole as fault:
        raise SystemExit(str(fault)) from None
    except OperationalError:
        log.warning("database_away", consequence="the application's role could not be checked")
    finally:
        # A web server forks: its children must not share this connection.
        connections.close_all()
