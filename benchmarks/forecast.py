"""Times the forecast engine: daily series of 90 days, 30 days ahead, with bands of the running total.

    python -m benchmarks.forecast [--series 10000] [--processes 2]

The series are stretches of real ones (tests/payloads/series), scaled; the same in every run.
"""

from __future__ import annotations

import os

# One thread for each process: the processes share the cores, and more threads would only wait for one another.
os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import csv
import gzip
import resource
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from forecasting.domain.backtest import backtest
from forecasting.domain.features import apply_log_ratio
from forecasting.domain.intervals import Band, calibrate
from forecasting.domain.methods import METHODS
from forecasting.domain.methods.base import FloatArray
from forecasting.domain.selection import RECOMMENDED

PAGES = Path(__file__).parents[1] / "tests" / "payloads" / "series" / "wikipedia_daily.csv.gz"
DAYS, HORIZON = 90, 30
CHUNK = 100
MEGABYTE = 1024  # ru_maxrss counts kilobytes
AHEAD = np.arange(1, HORIZON + 1, dtype=np.float64)

Numbered = tuple[int, FloatArray]


def stretches(count: int) -> list[FloatArray]:
    """Stretches of 90 days out of ten pages' views, of all sizes."""
    pages: defaultdict[str, list[float]] = defaultdict(list)
    with gzip.open(PAGES, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            pages[row["Page"]].append(float(row["value"] or 0))
    values, random = [np.array(page) for page in pages.values()], np.random.default_rng(1)
    starts = random.integers(0, len(values[0]) - DAYS, count)
    scales = random.lognormal(0, 2, count)
    return [values[index % len(values)][start : start + DAYS] * scales[index] for index, start in enumerate(starts)]


def forecast(band: Band, chunk: Sequence[Numbered]) -> list[tuple[float, float, float]]:
    """The month's total with its 80 % band, for each series of a chunk."""
    totals = []
    for number, history in chunk:
        running = np.cumsum(METHODS[RECOMMENDED].forecast(history, HORIZON).daily)
        bounds = band.log_bounds(history, AHEAD, series=number)[0.8]
        low, high = (apply_log_ratio(bound, running, history=history, days_ahead=AHEAD) for bound in bounds)
        totals.append((float(running[-1]), float(low[-1]), float(high[-1])))
    return totals


def megabytes(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / MEGABYTE


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    arguments.add_argument("--series", type=int, default=10_000)
    arguments.add_argument("--processes", type=int, default=2)
    options = arguments.parse_args()

    histories = stretches(options.series)
    started = time.perf_counter()
    band = calibrate(backtest(histories, METHODS[RECOMMENDED], horizon=HORIZON))
    calibrated = time.perf_counter()
    numbered = list(enumerate(histories))
    chunks = [numbered[first : first + CHUNK] for first in range(0, len(numbered), CHUNK)]
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        totals = [total for part in pool.map(partial(forecast, band), chunks) for total in part]
    ended = time.perf_counter()

    print(f"{len(totals)} daily series of {DAYS} days, {HORIZON} ahead, with bands; {options.processes} processes")
    print(f"  calibration {calibrated - started:.1f} s, forecasts {ended - calibrated:.1f} s")
    print(f"  {(ended - started) / len(totals) * 1000:.2f} s per 1,000 series")
    print(
        f"  memory: {megabytes(resource.RUSAGE_SELF):.0f} MB, each child {megabytes(resource.RUSAGE_CHILDREN):.0f} MB"
    )


if __name__ == "__main__":
    main()
