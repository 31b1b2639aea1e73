"""`execute(name, …)`: run one named statement; `load(name, rows, …)`: the same with rows brought along."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection

from accounts.tenancy.context import organization_in_transaction

FOLDER = Path(__file__).parent
LOADS = re.compile(r"^-- loads: (?P<columns>.+)$", re.MULTILINE)

Row = tuple[Any, ...]


class Statement(NamedTuple):
    """One file: its text, and the columns of the temporary table `loaded` that it reads, if any."""

    text: str
    columns: str


@cache
def read_statement(name: str) -> Statement:
    """Return the statement in `<name>.sql`."""
    text = (FOLDER / f"{name}.sql").read_text()
    loads = LOADS.search(text)
    return Statement(text=text, columns=loads["columns"] if loads else "")


def execute(name: str, **parameters: Any) -> list[Row]:
    """Run one named statement inside the organization's transaction and return its rows.

    The wall supplies the organization: there is no way to ask about another one. Raises NoOrganization outside.
    """
    organization_in_transaction()
    with connection.cursor() as cursor:
        cursor.execute(read_statement(name).text, parameters)
        return cursor.fetchall() if cursor.description else []


def load(name: str, rows: Iterable[Row], **parameters: Any) -> int:
    """Copy rows into a temporary table, run the named statement on it, and return how many rows that wrote.

    PostgreSQL refuses COPY into a table with a policy for our role, hence the detour; the statement inserts in the order
    of the key, so that the index grows at its end.
    """
    organization_in_transaction()
    statement = read_statement(name)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE loaded ({statement.columns}) ON COMMIT DROP")
        with cursor.cursor.copy("COPY pg_temp.loaded FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(statement.text, parameters)
        written = int(cursor.rowcount)
        cursor.execute("DROP TABLE pg_temp.loaded")
    return written


def ensure_months(fact_table: str, months: Iterable[Any]) -> None:
    """Have the partitions of a fact table made for the months that the days lie in."""
    with connection.cursor() as cursor:
        for month in months:
            cursor.execute("SELECT public.ensure_month(%s, %s)", [fact_table, month])
