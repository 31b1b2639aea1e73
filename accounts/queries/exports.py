"""A copy of an organization: which tables it has, what of them is told, and their rows as CSV."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection
from psycopg import sql

from accounts.models import IdempotencyRecord
from accounts.tenancy.checks import tenant_models
from accounts.tenancy.context import organization_in_transaction

# What opens something, or helps to guess it, is in no copy.
SECRET_WORDS = ("secret", "hash", "salt", "password", "token_key", "external_id")
# Answers of the API that are kept for a day are no data of the organization.
LEFT_OUT = (IdempotencyRecord,)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedTable:
    """One table of the copy and the columns that are told."""

    name: str
    columns: tuple[str, ...]


def list_exported_tables() -> tuple[ExportedTable, ...]:
    """Return every table behind the wall, by name, without columns that hold secrets."""
    tables = []
    for model in tenant_models():
        if model in LEFT_OUT:
            continue
        meta = model._meta  # noqa: SLF001 - Django's documented escape hatch
        columns = tuple(
            field.column
            for field in meta.local_concrete_fields
            if field.column and not any(word in field.column for word in SECRET_WORDS)
        )
        tables.append(ExportedTable(name=meta.db_table, columns=columns))
    return tuple(sorted(tables, key=lambda table: table.name))


def copy_table(table: ExportedTable, write: Callable[[bytes], object]) -> int:
    """Write the organization's rows of a table as CSV with a header, and return how many; the wall leaves the others."""
    organization_id = organization_in_transaction()
    statement = sql.SQL("COPY (SELECT {} FROM {} WHERE organization_id = {}) TO STDOUT (FORMAT csv, HEADER)").format(
        sql.SQL(", ").join(map(sql.Identifier, table.columns)), sql.Identifier(table.name), sql.Literal(organization_id)
    )
    with connection.cursor() as cursor:
        raw = cursor.cursor
        with raw.copy(statement) as copy:
            for chunk in copy:
                write(bytes(chunk))
        return int(raw.rowcount)
