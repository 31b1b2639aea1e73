"""Measures the import of a CUR 2.0 file of millions of rows, beside DuckDB's own reading and grouping of the same file."""

from __future__ import annotations

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"

import argparse
import importlib
import multiprocessing
import resource
import shutil
import tempfile
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.report import keep
from benchmarks.throwaway import throwaway_database

AIM, AIM_MEGABYTES = 0.25, 1024
MEGABYTE = 1024 * 1024
ROWS = 5_000_000
# A large month: so many lines of Bedrock by account, usage type, resource and principal, and as many of other services.
SERIES = 2_000
WRITE = """
    COPY (
        SELECT
            '111111111111' AS bill_payer_account_id,
            TIMESTAMP '2026-10-01' AS bill_billing_period_start_date, TIMESTAMP '2026-11-01' AS bill_billing_period_end_date,
            'A-' || (s % 3) AS bill_invoice_id, 'AWS' AS bill_invoicing_entity,
            'Usage' AS line_item_line_item_type, 'USD' AS line_item_currency_code,
            CAST(222222222200 + s % 20 AS VARCHAR) AS line_item_usage_account_id,
            TIMESTAMP '2026-10-01' + INTERVAL 1 HOUR * CAST((i // $series) % 744 AS INTEGER) AS line_item_usage_start_date,
            CASE WHEN s % 10 < 7 THEN 'AmazonBedrock' ELSE 'AmazonEC2' END AS line_item_product_code,
            CASE WHEN s % 10 < 7
                THEN 'USE1-Claude4.' || (s % 7) || 'Opus-' || CASE WHEN s % 2 = 0 THEN 'input' ELSE 'output' END || '-tokens'
                ELSE 'BoxUsage:m' || (s % 40) || '.large' END AS line_item_usage_type,
            '1K tokens' AS pricing_unit,
            'arn:aws:bedrock:us-east-1:222222222222:application-inference-profile/' || md5(CAST(s AS VARCHAR))
                AS line_item_resource_id,
            'arn:aws:iam::222222222222:role/team-' || (s % 50) AS line_item_iam_principal,
            CAST((i % 977) * 0.125 AS DOUBLE) AS line_item_usage_amount,
            CAST((i % 977) * 0.00025 AS DOUBLE) AS line_item_unblended_cost,
            CAST((i % 977) * 0.00025 AS DOUBLE) AS pricing_public_on_demand_cost,
            'us-east-1' AS product_region_code,
            MAP {'servicename': CASE WHEN s % 10 < 7 THEN 'Amazon Bedrock' ELSE 'Amazon EC2' END} AS product,
            MAP {'user_team': 'team-' || (s % 50)} AS resource_tags
        FROM (SELECT i, i % $series AS s FROM range($rows) AS r (i))
    ) TO '{path}' (FORMAT parquet, COMPRESSION snappy)
"""
GROUP = """
    SELECT
        CAST(line_item_usage_start_date AS DATE), line_item_usage_account_id, line_item_product_code, line_item_usage_type,
        line_item_resource_id, line_item_iam_principal, bill_invoice_id, product, resource_tags,
        sum(CAST(line_item_unblended_cost AS DECIMAL(38, 18))), sum(CAST(line_item_usage_amount AS DECIMAL(38, 18)))
    FROM read_parquet('{path}')
    GROUP BY ALL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one round showed."""

    rows: int
    kept: int
    facts: int
    file_megabytes: int
    seconds: float
    peak_megabytes: int
    before_megabytes: int
    duckdb_seconds: float
    groups: int

    @property
    def share(self) -> float:
        """Our rate as a share of DuckDB's."""
        return self.duckdb_seconds / self.seconds


def main() -> None:
    """Measure, print, and keep the table in docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--series", type=int, default=SERIES)
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="yosan-bench-"))
    try:
        path = folder / "cur.parquet"
        _apart(_write, path, options.rows, options.series)
        with throwaway_database():
            found = measure(path, folder)
    finally:
        shutil.rmtree(folder)
    table = as_table(found)
    print(table)
    if not options.dry:
        keep("imports", table)


def measure(path: Path, folder: Path) -> Found:
    """Import the file, then let DuckDB read and group it, in the same process and with as much memory and as many threads."""
    imports: Any = importlib.import_module("billing.operations.imports")  # its models need Django set up
    files: Any = importlib.import_module("billing.operations.kept_files")
    models: Any = importlib.import_module("billing.models")
    world: Any = importlib.import_module("benchmarks.imported_organization")
    with world.organization(folder) as actor:
        with path.open("rb") as file:
            kept = files.keep_file(iter(lambda: file.read(MEGABYTE), b""))
        import_id = world.add(actor, kept)
        before, began = peak_megabytes(), time.perf_counter()
        imports.run_import(import_id=import_id, clock=world.clock)
        seconds, peak = time.perf_counter() - began, peak_megabytes()
        row, facts, total = world.read(models, import_id)
    duckdb_seconds, groups, whole = _group(path, folder)
    told = sum(Decimal(amount["billed"]) for amount in row.amounts)
    # A binary number that becomes a decimal at once brings noise along; we take it as it is printed.
    assert round(told, 6) == round(whole, 6), f"the file adds up to {whole}, the import to {told}"
    assert total == sum(Decimal(amount["billed_ai"]) for amount in row.amounts)
    return Found(
        rows=row.rows,
        kept=row.rows_kept,
        facts=facts,
        file_megabytes=path.stat().st_size // MEGABYTE,
        seconds=seconds,
        peak_megabytes=peak,
        before_megabytes=before,
        duckdb_seconds=duckdb_seconds,
        groups=groups,
    )


def as_table(found: Found) -> str:
    """What was measured, as Markdown."""
    told = (
        f"A CUR 2.0 file (Parquet, {found.file_megabytes} MB) of {found.rows:,} hourly rows, {found.kept:,} of them Bedrock's, "
        f"with resources, principals and tags; {os.cpu_count()} cores. It became {found.facts:,} stored lines, which add up to "
        "the file. DuckDB alone sums in decimals, too, and stores nothing."
    )
    rate, alone = found.rows / found.seconds, found.rows / found.duckdb_seconds
    reached = (
        f"The aim is {AIM:.0%} in less than {AIM_MEGABYTES} MB; this run reached {found.share:.0%}, and the process had "
        f"{found.peak_megabytes} MB at most ({found.before_megabytes} MB before)."
    )
    grouped = f"DuckDB alone: read and grouped into {found.groups:,}"
    lines = [
        told,
        "",
        "| What | Seconds | Rows/s | Of DuckDB alone |",
        "|---|---|---|---|",
        f"| looked through, read, stored behind the wall | {found.seconds:.2f} | {rate:,.0f} | {found.share:.0%} |",
        f"| {grouped} | {found.duckdb_seconds:.2f} | {alone:,.0f} | 100% |",
        "",
        reached,
    ]
    return "\n".join(lines)


def peak_megabytes() -> int:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 // MEGABYTE


def _write(path: Path, rows: int, series: int) -> None:
    duckdb: Any = importlib.import_module("duckdb")
    statement = WRITE.replace("{path}", str(path)).replace("$rows", str(rows)).replace("$series", str(series))
    duckdb.connect(config={"memory_limit": "1GB"}).execute(statement)


def _group(path: Path, folder: Path) -> tuple[float, int, Decimal]:
    duckdb: Any = importlib.import_module("duckdb")
    limits: Any = importlib.import_module("billing.adapters.cost_files")
    database = duckdb.connect(
        config={"memory_limit": limits.MEMORY, "threads": limits.THREADS, "temp_directory": str(folder / "spill")}
    )
    began = time.perf_counter()
    rows = database.execute(GROUP.replace("{path}", str(path))).fetchall()
    seconds = time.perf_counter() - began
    return seconds, len(rows), sum((row[-2] for row in rows), Decimal(0))


def _apart(work: Any, *given: Any) -> None:
    """Do it in a process of its own: what it takes must not count as ours."""
    process = multiprocessing.get_context("spawn").Process(target=work, args=given)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(process.exitcode)


if __name__ == "__main__":
    main()
