"""Measured on real data (tests/payloads/series): better than last week again, and bands that hold what they promise."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from forecasting.domain.backtest import Trial
from forecasting.domain.features import apply_log_ratio, log_ratio
from forecasting.domain.intervals import YOUNG_LOG_BOUNDS, calibrate
from forecasting.domain.methods import METHODS
from forecasting.domain.methods.base import FloatArray
from forecasting.domain.metrics import CAP

SERIES = Path(__file__).parents[2] / "payloads" / "series"
MONTH = 30
MONTHS = 6
# Origins lie this far apart, so that those of the judged months are among those that a band is learned from.
STEP = 10
MEMORY = 100
# What an output token costs, in input tokens: the usual ratio of list prices.
OUTPUT_WEIGHT = 5


@cache
def wikipedia() -> list[FloatArray]:
    """Views a day of ten pages."""
    pages: defaultdict[str, list[tuple[str, float]]] = defaultdict(list)
    with gzip.open(SERIES / "wikipedia_daily.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            pages[row["Page"]].append((row["date"], float(row["value"] or 0)))
    return [np.array([value for _, value in sorted(days)]) for days in pages.values()]


@cache
def tenants() -> list[FloatArray]:
    """Two weeks of tokens of a language-model service, by groups of six of its clients."""
    clients: defaultdict[tuple[str, str], FloatArray] = defaultdict(lambda: np.zeros(14))
    with gzip.open(SERIES / "servegen_daily.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            weight = float(row["input_tokens"]) + OUTPUT_WEIGHT * float(row["output_tokens"])
            clients[row["model"], row["client"]][int(row["day"])] += weight
    order = np.random.default_rng(0).permutation(len(clients))
    rows = np.stack(list(clients.values()))[order[: len(clients) // 6 * 6]]
    return list(rows.reshape(-1, 6, 14).sum(axis=1))


@cache
def trials_of_wikipedia() -> tuple[Trial, ...]:
    """What the recommended method would have said on every tenth day."""
    return tuple(
        Trial(
            series=index,
            days_ago=days_ago,
            history=values[:-days_ago],
            forecast=METHODS["median_of_five"].forecast(values[:-days_ago], min(MONTH, days_ago)).daily,
            actual=values[len(values) - days_ago :][:MONTH],
        )
        for index, values in enumerate(wikipedia())
        for days_ago in range(STEP, MONTHS * MONTH + MEMORY + 1, STEP)
    )


def month_errors(trial: Trial, *methods: str) -> list[float]:
    """The errors of the month's total, seen from its tenth day, for the trial's forecast and other methods."""
    rest, known = float(trial.actual[:20].sum()), float(trial.history[-10:].sum())
    sums = [trial.forecast[:20].sum(), *(METHODS[name].forecast(trial.history, 20).daily.sum() for name in methods)]
    return [min(abs(float(forecast) - rest) / (rest + known), CAP) for forecast in sums]


def judged() -> list[Trial]:
    """The trials on the tenth day of the last months."""
    return [trial for trial in trials_of_wikipedia() if trial.days_ago in range(20, MONTHS * MONTH, MONTH)]


def test_month_totals_are_better_than_last_week_again_and_than_the_average_day() -> None:
    """Measured: 0.168 against 0.191, 0.223 (the smoothing model alone) and 0.380."""
    seen = [trial for trial in trials_of_wikipedia() if len(trial.actual) >= 20]
    others = ("seasonal_naive", "auto_ets", "average_day")

    recommended, last_week, smoothing, average_day = np.array([month_errors(one, *others) for one in seen]).mean(axis=0)

    assert len(seen) == 270
    assert recommended < 0.9 * last_week
    assert recommended < 0.8 * smoothing
    assert recommended < 0.5 * average_day


@pytest.mark.parametrize("days", [7, 8, 9, 10])
def test_tenants_with_days_of_history_are_forecast_no_worse_than_by_last_week_again(days: int) -> None:
    totals = np.array([tenant.sum() for tenant in tenants()])
    rest = np.array([tenant[days:].sum() for tenant in tenants()])

    recommended, last_week = (
        np.array([METHODS[name].forecast(tenant[:days], 14 - days).daily.sum() for tenant in tenants()])
        for name in ("median_of_five", "seasonal_naive")
    )

    assert (abs(recommended - rest) / totals).mean() < 1.05 * (abs(last_week - rest) / totals).mean()


def learned_before(trial: Trial) -> list[Trial]:
    """All trials of all pages whose outcome was known when the trial's forecast was made, cut to what was known."""
    return [
        Trial(
            series=other.series,
            days_ago=other.days_ago - trial.days_ago,
            history=other.history,
            forecast=other.forecast[: other.days_ago - trial.days_ago],
            actual=other.actual[: other.days_ago - trial.days_ago],
        )
        for other in trials_of_wikipedia()
        if 0 < other.days_ago - trial.days_ago <= MEMORY
    ]


def test_the_band_learned_on_past_months_holds_on_later_ones() -> None:
    """Six months of ten pages, each judged by a band that had seen earlier days only; one month alone says little."""
    inside: dict[float, list[bool]] = {0.5: [], 0.8: [], 0.95: []}
    widths: list[float] = []
    for month in range(20, MONTHS * MONTH, MONTH):
        trials = [trial for trial in judged() if trial.days_ago == month]
        band = calibrate(learned_before(trials[0]))
        assert band.calibrated
        for trial in trials:
            rest, ahead = trial.actual[:20].sum(keepdims=True), np.array([20.0])
            for level, sides in band.log_bounds(trial.history, ahead, series=trial.series).items():
                low, high = (
                    apply_log_ratio(
                        side, trial.forecast[:20].sum(keepdims=True), history=trial.history, days_ahead=ahead
                    )
                    for side in sides
                )
                inside[level].append(bool(low[0] <= rest[0] <= high[0]))
                widths += [float(((high - low) / rest)[0])] if level == 0.8 else []

    coverage = {level: float(np.mean(hits)) for level, hits in inside.items()}
    assert 0.4 <= coverage[0.5] <= 0.65
    assert 0.75 <= coverage[0.8] <= 0.92
    assert 0.92 <= coverage[0.95] <= 1.0
    assert np.median(widths) < 1.0


def test_the_stated_bounds_of_young_series_hold_for_young_tenants() -> None:
    inside: dict[float, list[bool]] = {level: [] for level in YOUNG_LOG_BOUNDS}
    for days in (3, 5, 7, 9):
        for tenant in tenants():
            history = np.trim_zeros(tenant[:days], "f")
            if len(history) == 0:
                continue
            forecast = METHODS["median_of_five"].forecast(history, 14 - days).daily.sum(keepdims=True)
            rest, ahead = tenant[days:].sum(keepdims=True), np.array([14.0 - days])
            error = float(log_ratio(rest, forecast, history=history, days_ahead=ahead)[0])
            for level, (low, high) in YOUNG_LOG_BOUNDS.items():
                inside[level].append(low <= error <= high)

    assert np.mean(inside[0.8]) >= 0.7
    assert np.mean(inside[0.95]) >= 0.85
