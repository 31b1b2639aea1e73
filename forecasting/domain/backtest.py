"""Rolling origins: what a method would have said on past days, beside what came; no future leaks into the past."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.domain.methods.base import FloatArray, Method

# With less the backtests have not seen a second weekend and mislead: measured coverage 32 % for a nominal 80.
SHORTEST_HISTORY_DAYS = 14
# Months that lie further back describe another organization.
LONGEST_MEMORY_DAYS = 182
# Steps between origins: no multiple of a week, so that every weekday becomes an origin.
STEPS_DAYS = (4, 5, 8, 10, 15, 20, 30)
# Every trial fits the statistical model once (some 10 ms); this many take a few seconds of one worker.
MOST_TRIALS = 300
# The youngest origin leaves this many days to be judged by.
YOUNGEST_ORIGIN_DAYS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One past origin of one series: the history up to it, what the method said, and what came."""

    series: int
    days_ago: int
    history: FloatArray
    forecast: FloatArray
    actual: FloatArray


def backtest(histories: Sequence[FloatArray], method: Method, *, horizon: int) -> tuple[Trial, ...]:
    """Try a method at past origins of several series that end on the same day.

    The number of trials is bounded: with more series their origins lie further apart, and beyond that only a sample of
    the series, spread evenly over their size, is tried. Series that are too short have no trial.
    """
    chosen = _spread(histories)
    step = next((step for step in STEPS_DAYS if _count(histories, chosen, step) <= MOST_TRIALS), STEPS_DAYS[-1])
    return tuple(
        _try(histories[index], method, index=index, days_ago=days_ago, horizon=horizon)
        for index in chosen
        for days_ago in _origins(len(histories[index]), step)
    )


def _try(values: FloatArray, method: Method, *, index: int, days_ago: int, horizon: int) -> Trial:
    origin = len(values) - days_ago
    history, actual = values[:origin], values[origin : origin + horizon]
    forecast = method.forecast(history, len(actual)).daily
    return Trial(series=index, days_ago=days_ago, history=history, forecast=forecast, actual=actual)


def _origins(days: int, step: int) -> range:
    """Days before the end at which a forecast is tried, youngest first."""
    return range(YOUNGEST_ORIGIN_DAYS, min(days - SHORTEST_HISTORY_DAYS, LONGEST_MEMORY_DAYS) + 1, step)


def _count(histories: Sequence[FloatArray], chosen: Sequence[int], step: int) -> int:
    return sum(len(_origins(len(histories[index]), step)) for index in chosen)


def _spread(histories: Sequence[FloatArray]) -> list[int]:
    """The indices of the series to try: all, or at the widest step as many as the bound allows, evenly by size."""
    usable = [index for index, values in enumerate(histories) if _origins(len(values), STEPS_DAYS[-1])]
    per_series = len(_origins(LONGEST_MEMORY_DAYS + SHORTEST_HISTORY_DAYS, STEPS_DAYS[-1]))
    most = MOST_TRIALS // per_series
    if len(usable) <= most:
        return usable
    by_size = sorted(usable, key=lambda index: (-float(histories[index].sum()), index))
    return sorted(by_size[rank] for rank in _even_ranks(len(usable), most))


def _even_ranks(count: int, wanted: int) -> Iterator[int]:
    return (int(rank) for rank in np.linspace(0, count - 1, wanted).round())
