"""`execute(name, …)`: run one named statement; `load(name, rows, …)`: the same with rows brought along."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection

from accounts.tenancy.context import organization_in_transaction

FOLDER = Path(__file__).parent
LOADS = re.compile(r"^-- loads: (?P<columns>.+)\n-- loaded by: (?P<key>.+)$", re.MULTILINE)

Row = tuple[Any, ...]


class Statement(NamedTuple):
    """One file: its text, and the columns and the key of the temporary table `loaded` that it reads, if any."""

    text: str
    columns: str
    key: str


@cache
def read_statement(name: str) -> Statement:
    """Return the statement in `<name>.sql`."""
    text = (FOLDER / f"{name}.sql").read_text()
    loads = LOADS.search(text)
    return Statement(text=text, columns=loads["columns"] if loads else "", key=loads["key"] if loads else "")


def execute(name: str, **parameters: Any) -> list[Row]:
    """Run one named statement inside the organization's transaction and return its rows.

    The wall supplies the organization: there is no way to ask about another one. Raises NoOrganization outside.
    """
    organization_in_transaction()
    with connection.cursor() as cursor:
        cursor.execute(read_statement(name).text, parameters)
        return cursor.fetchall() if cursor.description else []


def load(name: str, chunks: Iterable[Iterable[Row]], **parameters: Any) -> int:
    """Copy rows, chunk by chunk, into a temporary table, run the named statement on it, and return how many came.

    Between two chunks the connection is free, so that a chunk may look up what its rows need. PostgreSQL refuses COPY
    into a table with a policy for our role, hence the detour; the statement inserts in the order of the key, so that the
    index grows at its end.
    """
    organization_in_transaction()
    statement = read_statement(name)
    count = 0
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE loaded ({statement.columns}) ON COMMIT DROP")
        for rows in chunks:
            with cursor.cursor.copy("COPY pg_temp.loaded FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
                    count += 1
        # What is stored may be any number of rows more than the planner thinks, and a temporary table has no statistics
        # until somebody asks: with the index no plan is a bad one.
        cursor.execute(f"CREATE UNIQUE INDEX ON pg_temp.loaded ({statement.key})")
        cursor.execute("ANALYZE pg_temp.loaded")
        cursor.execute(statement.text, parameters)
        cursor.execute("DROP TABLE pg_temp.loaded")
    return count


def analyze_months(fact_table: str, months: Iterable[date]) -> None:
    """Have the planner's statistics made for months that have grown, before statements read what was just written."""
    with connection.cursor() as cursor:
        for month in months:
            cursor.execute("SELECT public.analyze_month(%s, %s)", [fact_table, month])


def ensure_months(fact_table: str, months: Iterable[date]) -> None:
    """Have the partitions of a fact table made for the months that the days lie in."""
    with connection.cursor() as cursor:
        for month in months:
            cursor.execute("SELECT public.ensure_month(%s, %s)", [fact_table, month])
