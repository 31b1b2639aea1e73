"""The same facts in Parquet, and the same question asked of DuckDB: what a store of columns would make of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from psycopg import sql

from benchmarks.landscape import Tenant
from benchmarks.questions import Timings, compare_whole_days, inside, milliseconds, whole_days
from billing.domain.periods import DateRange
from config.local.postgres import DATABASE, Cluster

# What the question reads; NULL is an hour without a price, which adds nothing.
FACTS = """
SELECT organization_id, date, series_id,
    coalesce(cost_input, 0) + coalesce(cost_output, 0) + coalesce(cost_cache_read, 0)
    + coalesce(cost_cache_write, 0) + coalesce(cost_cache_write_5m, 0) + coalesce(cost_cache_write_1h, 0) AS cost
FROM billing_dailyusage
"""
DICTIONARIES = {
    "facts": (FACTS, {"organization_id": "UUID", "date": "DATE", "series_id": "BIGINT", "cost": "DECIMAL(38, 18)"}),
    "series": (
        "SELECT organization_id, id AS series_id, model_id FROM billing_usageseries",
        {"organization_id": "UUID", "series_id": "BIGINT", "model_id": "VARCHAR"},
    ),
    "assignments": (
        (
            "SELECT organization_id, usage_series_id AS series_id, cost_center_id, assigned_from, assigned_to "
            "FROM billing_seriesassignment WHERE usage_series_id IS NOT NULL"
        ),
        {
            "organization_id": "UUID",
            "series_id": "BIGINT",
            "cost_center_id": "BIGINT",
            "assigned_from": "DATE",
            "assigned_to": "DATE",
        },
    ),
    "centers": (
        "SELECT organization_id, id AS cost_center_id, code FROM accounts_costcenter",
        {"organization_id": "UUID", "cost_center_id": "BIGINT", "code": "VARCHAR"},
    ),
}
QUESTION = """
SELECT coalesce(center.code, '') AS code, s.model_id, sum(f.cost) AS cost
FROM 'facts.parquet' AS f
JOIN 'series.parquet' AS s ON s.organization_id = f.organization_id AND s.series_id = f.series_id
LEFT JOIN 'assignments.parquet' AS a ON a.organization_id = f.organization_id AND a.series_id = f.series_id
    AND (a.assigned_from IS NULL OR a.assigned_from <= f.date) AND (a.assigned_to IS NULL OR a.assigned_to > f.date)
LEFT JOIN 'centers.parquet' AS center
    ON center.organization_id = a.organization_id AND center.cost_center_id = a.cost_center_id
WHERE f.organization_id = $organization AND f.date >= $start AND f.date < $end
GROUP BY ALL ORDER BY ALL
"""
Row = tuple[str | None, str | None, Decimal]


class Columns:
    """The facts as files of columns, in the order of organization and day."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self._session = duckdb.connect()
        self._session.execute("SET threads = 2")
        self._session.execute(f"SET file_search_path = '{folder}'")
        self.bytes = 0
        for name, (asked, types) in DICTIONARIES.items():
            self._bring(cluster, folder, name, asked, types)

    def _bring(self, cluster: Cluster, folder: Path, name: str, asked: str, types: dict[str, str]) -> None:
        rows, columns = folder / f"{name}.csv", folder / f"{name}.parquet"
        with cluster.connect(DATABASE) as session, rows.open("wb") as file:
            copy = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, HEADER)").format(sql.SQL(asked))
            with session.cursor().copy(copy) as lines:
                for line in lines:
                    file.write(line)
        order = "organization_id, date, series_id" if name == "facts" else "organization_id"
        self._session.execute(
            f"COPY (SELECT * FROM read_csv('{rows}', header = true, types = {types}) ORDER BY {order}) "  # noqa: S608
            f"TO '{columns}' (FORMAT parquet)"
        )
        self.bytes += columns.stat().st_size
        rows.unlink()

    def ask(self, tenant: Tenant, days: DateRange) -> list[Row]:
        """Cost by cost center and model."""
        bounds: dict[str, Any] = {"organization": tenant.organization_id, "start": days.start, "end": days.end}
        found: list[Row] = self._session.execute(QUESTION, bounds).fetchall()
        return found

    def ask_both(self, tenant: Tenant) -> tuple[list[Row], list[Row]]:
        """A month and the month before."""
        now, before = whole_days()
        return self.ask(tenant, now), self.ask(tenant, before)

    def close(self) -> None:
        self._session.close()


def measure_columns(cluster: Cluster, groups: Iterable[Sequence[Tenant]], rounds: int) -> tuple[list[Timings], int]:
    """Ask DuckDB the question of every organization of each group; returns the timings and the bytes of the files.

    The answers must be those of PostgreSQL to the last digit, or there is nothing to compare.
    """
    with tempfile.TemporaryDirectory(prefix="yosan-bench-columns-") as folder:
        columns = Columns(cluster, Path(folder))
        found = []
        for tenants in groups:
            for tenant in tenants:
                check_equal(columns, tenant)
            calls = [_timed(columns, tenant) for _ in range(rounds) for tenant in tenants]
            found.append(Timings(calls=tuple(calls)))
        columns.close()
        return found, columns.bytes


def _timed(columns: Columns, tenant: Tenant) -> float:
    return milliseconds(lambda: columns.ask_both(tenant))


def check_equal(columns: Columns, tenant: Tenant) -> None:
    """Assert that both stores give the same answer."""
    with inside(tenant):
        ours = [_sorted((*row.key, row.cost) for row in rows) for rows in compare_whole_days()]
    theirs = [_sorted(rows) for rows in columns.ask_both(tenant)]
    assert ours == theirs, f"DuckDB and PostgreSQL differ about {tenant.slug}"


def _sorted(rows: Iterable[tuple[Any, ...]]) -> list[tuple[str, str, Decimal]]:
    return sorted((code or "", model or "", Decimal(cost)) for code, model, cost in rows)


__all__ = ["Columns", "check_equal", "measure_columns"]
