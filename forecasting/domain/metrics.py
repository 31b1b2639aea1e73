"""How wrong a forecast was: errors of days and of totals, coverage and sharpness of bands."""

from __future__ import annotations

import numpy as np

from forecasting.domain.methods.base import FloatArray

# An error of more than twice the truth is not worse than one of twice: one series may not decide a mean.
CAP = 2.0


def total_error(forecast: FloatArray, actual: FloatArray) -> float:
    """|sum of the forecast - sum of the actual| / sum of the actual, capped; 0 for nothing expected of nothing."""
    return _relative(abs(float(forecast.sum() - actual.sum())), float(actual.sum()))


def daily_error(forecast: FloatArray, actual: FloatArray) -> float:
    """The weighted absolute percentage error (WAPE): sum of |error| per day / sum of the actual, capped."""
    return _relative(float(np.abs(forecast - actual).sum()), float(actual.sum()))


def total_bias(forecast: FloatArray, actual: FloatArray) -> float:
    """(sum of the forecast - sum of the actual) / sum of the actual, capped: positive when too much was expected."""
    difference = float(forecast.sum() - actual.sum())
    return float(np.copysign(_relative(abs(difference), float(actual.sum())), difference))


def pinball(quantile: float, forecast: FloatArray, actual: FloatArray) -> float:
    """The mean pinball loss of a forecast quantile."""
    difference = actual - forecast
    return float(np.maximum(quantile * difference, (quantile - 1) * difference).mean())


def coverage(low: FloatArray, high: FloatArray, actual: FloatArray) -> float:
    """The share of the actual values that lie in their band, ends included."""
    return float(((low <= actual) & (actual <= high)).mean())


def interval_score(level: float, low: FloatArray, high: FloatArray, actual: FloatArray) -> float:
    """Winkler's score: mean width plus 2 / (1 - level) times by how much the band was missed; lower is better."""
    missed = np.maximum(low - actual, 0) + np.maximum(actual - high, 0)
    return float((high - low + 2 / (1 - level) * missed).mean())


def geometric_mean(ratios: FloatArray) -> float:
    """The mean of ratios in which twice as good and twice as bad cancel."""
    return float(np.exp(np.log(ratios).mean()))


def _relative(error: float, truth: float) -> float:
    if error == 0:
        return 0.0
    return min(error / truth, CAP) if truth > 0 else CAP
