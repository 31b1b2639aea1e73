"""Last week again, and the last day again: the baselines all others must beat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.domain.methods.base import WEEK, FloatArray, Forecast


@dataclass(frozen=True, slots=True)
class SeasonalNaive:
    """Each day is what it was one week ago; below a week of history, one such history ago."""

    name: str = "seasonal_naive"
    minimum_days: int = 1

    def forecast(self, history: FloatArray, horizon: int) -> Forecast:
        season = history[-WEEK:]
        return Forecast(daily=season[np.arange(horizon) % len(season)])


@dataclass(frozen=True, slots=True)
class LastValue:
    """Each day is what the last one was."""

    name: str = "last_value"
    minimum_days: int = 1

    def forecast(self, history: FloatArray, horizon: int) -> Forecast:
        return Forecast(daily=np.full(horizon, history[-1]))


@dataclass(frozen=True, slots=True)
class AverageDay:
    """Each day is the mean of all: what peers do ("average day times days left"), and all that a few days allow."""

    name: str = "average_day"
    minimum_days: int = 1

    def forecast(self, history: FloatArray, horizon: int) -> Forecast:
        return Forecast(daily=np.full(horizon, history.mean()))
