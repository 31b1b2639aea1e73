"""What a history tells about how wrong its forecast will be, and the log ratio that errors are measured in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forecasting.domain.methods.base import WEEK, FloatArray

Days = npt.NDArray[np.float64] | npt.NDArray[np.int64]

MONTH_DAYS = 30
FEATURES = 7
RECENT_DAYS = 14
LEVEL_DAYS = 28
MOST_WEEKS = 9
LONG_HISTORY_DAYS = 90
# What keeps the logarithm of small and zero sums quiet, relative to a mean day.
SOFTENING = 0.05
TINY = 1e-12


def mean_day(history: FloatArray) -> float:
    """The mean of the last four weeks."""
    return float(history[-LEVEL_DAYS:].mean())


def softening(history: FloatArray, days_ahead: Days) -> FloatArray:
    """The constant c that is added to both sums before their ratio is taken."""
    return np.asarray(SOFTENING * mean_day(history) * days_ahead + TINY, dtype=np.float64)


def log_ratio(actual: FloatArray, forecast: FloatArray, *, history: FloatArray, days_ahead: Days) -> FloatArray:
    """ln((actual + c) / (forecast + c)) of sums over so many days."""
    soft = softening(history, days_ahead)
    return np.asarray(np.log((actual + soft) / (forecast + soft)), dtype=np.float64)


def apply_log_ratio(bound: FloatArray, forecast: FloatArray, *, history: FloatArray, days_ahead: Days) -> FloatArray:
    """The sum that lies so far, as a log ratio, from the forecast one; never negative."""
    soft = softening(history, days_ahead)
    return np.asarray(np.maximum((forecast + soft) * np.exp(bound) - soft, 0.0), dtype=np.float64)


def scale_features(history: FloatArray, days_ahead: Days) -> FloatArray:
    """One row for each number of days ahead: the regressors of the size of the error."""
    of_history = _history_features(history)
    horizon = np.log(np.maximum(np.asarray(days_ahead, dtype=np.float64), SOFTENING))
    return np.column_stack([horizon, *(np.full(len(horizon), feature) for feature in of_history)])


def _history_features(history: FloatArray) -> tuple[float, ...]:
    changes = _weekly_log_changes(history)
    last_change = float(abs(changes[-1])) if len(changes) else 0.0
    unrest = float(changes.std()) if len(changes) > 1 else last_change
    return (
        float(np.log(min(len(history), LONG_HISTORY_DAYS))),
        float(np.log(_relative_spread(history[-RECENT_DAYS:]) + SOFTENING)),
        float((history[-LEVEL_DAYS:] == 0).mean()),
        last_change,
        float(np.log(unrest + SOFTENING)),
        _last_day_against_its_week(history),
    )


def _relative_spread(values: FloatArray) -> float:
    mean = float(values.mean())
    return float(values.std()) / mean if mean > 0 else 0.0


def _weekly_log_changes(history: FloatArray) -> FloatArray:
    weeks = min(len(history) // WEEK, MOST_WEEKS)
    sums = history[len(history) - weeks * WEEK :].reshape(weeks, WEEK).sum(axis=1)
    if weeks < 2:  # noqa: PLR2004 - one week alone has not changed
        return np.empty(0)
    return np.diff(np.log(sums + SOFTENING * sums.mean() + TINY))


def _last_day_against_its_week(history: FloatArray) -> float:
    mean = float(history[-WEEK:].mean())
    soft = SOFTENING * mean + TINY
    return float(abs(np.log((history[-1] + soft) / (mean + soft))))
