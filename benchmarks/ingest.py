"""Measures ingest: usage records rated, stored behind the wall and rolled up, beside a raw COPY of the same rows."""

from __future__ import annotations

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"

import argparse
import importlib
from typing import TYPE_CHECKING

from benchmarks.report import keep
from benchmarks.throwaway import throwaway_database

if TYPE_CHECKING:
    from benchmarks.windows import Round

AIM = 0.20


def main() -> None:
    """Measure, print, and keep the table in docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=270, help="series of one month: 270 are 200,880 rows")
    parser.add_argument("--rounds", type=int, default=3, help="the median of so many rounds counts")
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    with throwaway_database():
        measure = importlib.import_module("benchmarks.windows").measure_round  # its models need Django set up
        found: list[Round] = [measure(options.series) for _ in range(options.rounds)]
    median = sorted(found, key=lambda one: one.share)[len(found) // 2]
    table = as_table(median, found[0].megabytes)
    print(table)
    if not options.dry:
        keep("ingest", table)


def as_table(one: Round, megabytes: int) -> str:
    """What was measured, as Markdown."""
    ours, raw = one.measurements[0], one.measurements[-1]
    told = (
        f"{ours.rows:,} hourly rows of one month, {os.cpu_count()} cores, median of the rounds. "
        f"The process that stored them had {megabytes} MB at most."
    )
    lines = [told, "", "| What | Seconds | Rows/s | Of raw COPY |", "|---|---|---|---|"]
    lines += [
        f"| {way.name} | {way.seconds:.2f} | {way.rows_per_second:,.0f} | {way.rows_per_second / raw.rows_per_second:.0%} |"
        for way in one.measurements
    ]
    lines += ["", f"The aim is {AIM:.0%}; this run reached {one.share:.0%}."]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
