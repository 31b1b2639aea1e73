"""Measures what people wait for: the dashboard and the questions of Explore, with few and with many rows stored."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")

import argparse
import importlib
import logging
from dataclasses import dataclass
from pathlib import Path

import structlog

from benchmarks.report import RESULTS, keep
from benchmarks.throwaway import throwaway_database


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much there is to be read. The same organizations, young and old: what grows in a product is its past."""

    organizations: int
    measured: int  # every so many-th of them is asked; sizes and time zones are mixed
    series: float  # of one organization, on average
    young_days: int
    old_days: int
    large_series: int
    large_days: int
    rounds: int
    large_rounds: int
    opened: int  # how often the web server is asked for pages of the large organization


SIZES = {
    "full": Size(
        organizations=200,
        measured=3,
        series=8.25,
        young_days=91,
        old_days=910,
        large_series=2000,
        large_days=455,
        rounds=2,
        large_rounds=10,
        opened=10,
    ),
    # To see that it runs, not how fast: days before the first hours are what the large organization has none of.
    "small": Size(
        organizations=2,
        measured=1,
        series=4,
        young_days=62,
        old_days=70,
        large_series=12,
        large_days=70,
        rounds=1,
        large_rounds=1,
        opened=1,
    ),
}


def main() -> None:
    """Measure, print, and keep the table in docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the Markdown file that keeps the table")
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    # A line for each request would be most of what is printed, and some of what is measured.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with throwaway_database() as cluster:
        measured = importlib.import_module("benchmarks.stages").measure_all  # its models need Django set up
        table = measured(cluster, SIZES[options.size])
    print(table)
    if not options.dry:
        keep("pages", table, file=options.results)


if __name__ == "__main__":
    main()
