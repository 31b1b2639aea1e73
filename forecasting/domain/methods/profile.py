"""A level that forgets, times a weekday index that forgets more slowly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.domain.methods.base import WEEK, FloatArray, Forecast

# One pseudo-observation of 1 keeps an index that was seen once or twice near to no weekday effect at all.
PRIOR_WEIGHT = 1.0
INDEX_HALF_LIVES = 4.0  # the weekday index remembers this many times as long as the level
# Bursts are cut at this multiple of the median of the last weeks: without it totals of spiky series get worse than
# last week again (ratio 1.01 to 1.12 instead of 0.91 to 0.97 on Wikipedia page views).
CLIP = 4.0
CLIP_WINDOW_DAYS = 28
CLIP_MINIMUM_DAYS = 5


@dataclass(frozen=True, slots=True)
class Profile:
    """Exponentially weighted level (half-life in days) times a shrunk weekday index.

    level = sum(w y) / sum(w index), w = 0.5 ** (age / half_life); index of a weekday = mean of y over its centered
    weekly mean, weighted likewise with a longer half-life, shrunk to 1. Below one week there is no index.
    """

    half_life_days: float
    minimum_days: int = 1

    @property
    def name(self) -> str:
        return f"profile_{self.half_life_days:g}"

    def forecast(self, history: FloatArray, horizon: int) -> Forecast:
        values = _without_bursts(history)
        days = len(values)
        age = np.arange(days, dtype=np.float64)[::-1]
        weekday = np.arange(days) % WEEK
        index = _weekday_index(values, age, weekday, self.half_life_days * INDEX_HALF_LIVES)
        weight = 0.5 ** (age / self.half_life_days)
        level = (weight * values).sum() / (weight * index[weekday]).sum()
        return Forecast(daily=level * index[(days + np.arange(horizon)) % WEEK])


def _without_bursts(history: FloatArray) -> FloatArray:
    median = float(np.median(history[-CLIP_WINDOW_DAYS:]))
    if len(history) < CLIP_MINIMUM_DAYS or median <= 0:
        return history
    return np.minimum(history, CLIP * median)


def _weekday_index(
    values: FloatArray, age: FloatArray, weekday: np.ndarray[tuple[int], np.dtype[np.int64]], half_life: float
) -> FloatArray:
    """The relative height of each weekday, with a mean of 1; all ones below a week of history."""
    days = len(values)
    if days < WEEK:
        return np.ones(WEEK)
    level = _centered_weekly_mean(values)
    seen = level > 0
    weight = 0.5 ** (age[seen] / half_life)
    height = np.bincount(weekday[seen], weight * values[seen] / level[seen], WEEK)
    index = (height + PRIOR_WEIGHT) / (np.bincount(weekday[seen], weight, WEEK) + PRIOR_WEIGHT)
    return np.asarray(index / index.mean(), dtype=np.float64)


def _centered_weekly_mean(values: FloatArray) -> FloatArray:
    """The mean of the week around each day; at the ends, of the first and the last week."""
    days = len(values)
    running = np.concatenate(([0.0], np.cumsum(values)))
    first = np.clip(np.arange(days) - WEEK // 2, 0, days - WEEK)
    return np.asarray((running[first + WEEK] - running[first]) / WEEK, dtype=np.float64)
