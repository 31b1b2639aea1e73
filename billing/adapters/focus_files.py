"""Writes FOCUS rows as Parquet with DuckDB: amounts as decimals, moments as timestamps, tags as a map."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import duckdb

from billing.adapters.cost_file_sql import DECIMAL, as_identifier, as_literal, from_csv

MEMORY, THREADS = "256MB", 2
TAGS = "Tags"


def write_parquet(
    lines: Iterable[str],
    *,
    columns: Sequence[str],
    numbers: Collection[str],
    moments: Collection[str],
    folder: Path,
) -> Path:
    """Write the lines of a CSV file with a header as Parquet into a folder; returns the file."""
    text, path = folder / "focus.csv", folder / "focus.parquet"
    with text.open("w", encoding="utf-8", newline="") as file:
        file.writelines(lines)
    chosen = ", ".join(f"{_typed(name, numbers, moments)} AS {as_identifier(name)}" for name in columns)
    source = from_csv([str(text)], columns, compression="none", is_strict=True, rejects=0)
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "threads": THREADS,
        "temp_directory": str(folder / "spill"),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    with duckdb.connect(":memory:", config=config) as database:
        database.execute(f"COPY (SELECT {chosen} FROM {source}) TO {as_literal(str(path))} (FORMAT parquet)")  # noqa: S608 - names are ours
    return path


def _typed(name: str, numbers: Collection[str], moments: Collection[str]) -> str:
    column = as_identifier(name)
    if name in numbers:
        return f"CAST({column} AS {DECIMAL})"
    if name in moments:
        return f"CAST({column} AS TIMESTAMP)"
    return f"CAST(CAST({column} AS JSON) AS MAP(VARCHAR, VARCHAR))" if name == TAGS else column
