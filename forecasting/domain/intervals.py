"""Bands of cumulative totals from pooled backtests: conformal, so that coverage is measured and not assumed.

Bounds of single days do not add up to the bound of a total (their sum covers 97 % for a nominal 80 %, added variances
57 %), so the error of the total itself is what is backtested. For every past origin and number of days ahead

    e = ln((R + c) / (P + c)),  c = 0.05 x mean day x days ahead

with R the actual and P the forecast sum. A linear model of ln(|e| + 0.01) gives each forecast its scale s, and a factor
tells how much worse or better than its scale a series has been. The quantiles of e / (s x factor), by class of history
and pooled over the organization's series, are the band. Their level adapts: it is replayed month by month, and a month
that missed too often widens what comes after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from forecasting.domain.backtest import Trial
from forecasting.domain.features import FEATURES, MONTH_DAYS, log_ratio, scale_features
from forecasting.domain.methods.base import FloatArray

Bounds = tuple[FloatArray, FloatArray]
IntArray = np.ndarray[tuple[int], np.dtype[np.int64]]
BoolArray = np.ndarray[tuple[int], np.dtype[np.bool_]]

LEVELS = (0.5, 0.8, 0.95)
# Sums over these numbers of days are judged at each origin; more of them add no independent error.
DAYS_AHEAD = np.array([1, 2, 3, 5, 7, 10, 14, 20, 25, 30])
ERROR_FLOOR = 0.01
# Five series give a pool after two weeks of trials (76 % measured for a nominal 80), one alone after 90 days of
# history (75 to 79 %); with less, coverage falls to 45-60 %.
POOLED_SERIES = 5
POOLED_MEMORY_DAYS = 14
OWN_MEMORY_DAYS = 70
FEWEST_ERRORS = 30
# Under 10 days of history the pool says nothing about a series: no backtest has so short a one.
CALIBRATED_HISTORY_DAYS = 10
HISTORY_CLASSES = (21, 46)  # 10-20, 21-45 and more days
FEWEST_IN_CLASS = 60
# A series counts as the pool does until it has two months of errors of its own.
PRIOR_MONTHS = 2.0
WORST_ERROR = 8.0
FACTOR_LIMITS = (1 / 3, 3.0)
# After each month alpha += GAIN x (alpha - share missed), within a quarter and twice of where it began.
GAIN = 0.5
FEWEST_TO_REPLAY = 60
# All series share a month's shock, so one month is one draw: the fewer months were seen, the wider (measured: 80 %
# bands of five series cover 63 % without this and 76 % with it after two weeks, 79 % and 80 % after half a year).
MONTHS_SEEN_PENALTY = 0.3
WIDEST_LOG_BOUND = 2.3  # a tenth, ten times
RIDGE = 1.0
# Before there is a pool: the ratios that most organizations stay within. Under ten days of history they do not; the
# usage of young tenants of a language-model service (ServeGen, 3 to 9 days of history) needs the wider ones, which
# cover 77 % and 92 % of them where the others cover 43 % and 74 %.
STATED_LOG_BOUNDS: Mapping[float, tuple[float, float]] = {0.5: (-0.2, 0.15), 0.8: (-0.4, 0.3), 0.95: (-1.0, 0.8)}
YOUNG_LOG_BOUNDS: Mapping[float, tuple[float, float]] = {0.5: (-0.4, 0.4), 0.8: (-1.0, 1.0), 0.95: (-2.0, 1.8)}


class Band(Protocol):
    """How far, as the logarithm of a ratio, the actual rest of a period lies from the forecast one."""

    @property
    def calibrated(self) -> bool: ...

    def log_bounds(self, history: FloatArray, days_ahead: FloatArray, *, series: int) -> Mapping[float, Bounds]:
        """For each level the lower and the upper bound at each number of days ahead."""
        ...


@dataclass(frozen=True, slots=True)
class StatedBand:
    """Wide bounds that hold for anybody, until there is enough to calibrate on: said so, never silently."""

    calibrated: bool = False

    def log_bounds(self, history: FloatArray, days_ahead: FloatArray, *, series: int) -> Mapping[float, Bounds]:
        del series
        stated = YOUNG_LOG_BOUNDS if len(history) < CALIBRATED_HISTORY_DAYS else STATED_LOG_BOUNDS
        ones = np.ones_like(days_ahead)
        return {level: (low * ones, high * ones) for level, (low, high) in stated.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleModel:
    """Least squares (slightly ridged) of ln(|e| + 0.01) on standardized features, never beyond what was fitted."""

    center: FloatArray
    spread: FloatArray
    weights: FloatArray
    intercept: float
    limits: tuple[float, float]

    @classmethod
    def fit(cls, features: FloatArray, errors: FloatArray) -> ScaleModel:
        center, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
        standard = (features - center) / spread
        target = np.log(np.abs(errors) + ERROR_FLOOR)
        intercept = float(target.mean())
        squares = standard.T @ standard + RIDGE * np.eye(features.shape[1])
        weights = np.linalg.solve(squares, standard.T @ (target - intercept))
        fitted = standard @ weights + intercept
        limits = (float(fitted.min()), float(fitted.max()))
        return cls(center=center, spread=spread, weights=weights, intercept=intercept, limits=limits)

    def scale(self, features: FloatArray) -> FloatArray:
        """The size of error to expect, one for each row of features."""
        fitted = (features - self.center) / self.spread @ self.weights + self.intercept
        return np.asarray(np.exp(np.clip(fitted, *self.limits)), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Log errors of cumulative totals at past origins, one row for each origin and number of days ahead."""

    features: FloatArray
    error: FloatArray
    series: IntArray
    days_ago: IntArray
    history_days: IntArray

    @property
    def month(self) -> IntArray:
        """How many blocks of 30 days before the end the origin lies."""
        return np.asarray((self.days_ago - 1) // MONTH_DAYS, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.error)

    def where(self, chosen: BoolArray) -> Errors:
        return Errors(
            features=self.features[chosen],
            error=self.error[chosen],
            series=self.series[chosen],
            days_ago=self.days_ago[chosen],
            history_days=self.history_days[chosen],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledBand:
    """The band of one organization, learned from the backtests of its series."""

    scale_model: ScaleModel
    factors: Mapping[int, float]
    quantiles: Mapping[float, tuple[tuple[float, float], ...]]
    widening: float
    calibrated: bool = True

    def log_bounds(self, history: FloatArray, days_ahead: FloatArray, *, series: int) -> Mapping[float, Bounds]:
        scale = self.scale_model.scale(scale_features(history, days_ahead)) * self.factors.get(series, 1.0)
        by_class = {level: rows[_history_class(len(history))] for level, rows in self.quantiles.items()}
        return {
            level: (_limited(low * scale * self.widening), _limited(high * scale * self.widening))
            for level, (low, high) in by_class.items()
        }


def calibrate(trials: Sequence[Trial]) -> Band:
    """Learn the band of one organization from its backtests; the stated one when they are too few to learn from."""
    errors = errors_of(trials)
    if not _is_enough(errors):
        return StatedBand()
    model = ScaleModel.fit(errors.features, errors.error)
    scaled = errors.error / model.scale(errors.features)
    ratio = scaled / _earned_factors(errors, scaled)
    alphas = _adapted_alphas(errors)
    return PooledBand(
        scale_model=model,
        factors=_factors(errors, scaled),
        quantiles={level: _quantiles_by_class(ratio, errors.history_days, alpha) for level, alpha in alphas.items()},
        widening=1 + MONTHS_SEEN_PENALTY * MONTH_DAYS / float(errors.days_ago.max()),
    )


def errors_of(trials: Sequence[Trial]) -> Errors:
    """The log errors of the cumulative totals of backtests."""
    parts = [(trial, DAYS_AHEAD[len(trial.actual) >= DAYS_AHEAD]) for trial in trials]
    return Errors(
        features=np.concatenate(
            [np.empty((0, FEATURES)), *(scale_features(trial.history, ahead) for trial, ahead in parts)]
        ),
        error=np.concatenate([np.empty(0), *(_trial_errors(trial, ahead) for trial, ahead in parts)]),
        series=_repeated([(trial.series, len(ahead)) for trial, ahead in parts]),
        days_ago=_repeated([(trial.days_ago, len(ahead)) for trial, ahead in parts]),
        history_days=_repeated([(len(trial.history), len(ahead)) for trial, ahead in parts]),
    )


def _trial_errors(trial: Trial, ahead: IntArray) -> FloatArray:
    forecast, actual = np.cumsum(trial.forecast)[ahead - 1], np.cumsum(trial.actual)[ahead - 1]
    return log_ratio(actual, forecast, history=trial.history, days_ahead=ahead)


def _repeated(values: Sequence[tuple[int, int]]) -> IntArray:
    return np.repeat(
        np.array([value for value, _ in values], dtype=np.int64), np.array([n for _, n in values], dtype=np.int64)
    )


def _is_enough(errors: Errors) -> bool:
    if len(errors) < FEWEST_ERRORS:
        return False
    memory_days = int(errors.days_ago.max())
    pooled = len(np.unique(errors.series)) >= POOLED_SERIES and memory_days >= POOLED_MEMORY_DAYS
    return pooled or memory_days >= OWN_MEMORY_DAYS


def _factors(errors: Errors, scaled: FloatArray) -> dict[int, float]:
    """For each series the mean size of its scaled errors relative to the pool's, shrunk to 1."""
    size = np.minimum(np.abs(scaled), WORST_ERROR)
    pooled = float(size.mean())
    months = len(np.unique(errors.month))
    prior = PRIOR_MONTHS * len(errors) / len(np.unique(errors.series)) / months
    return {
        int(series): float(np.clip((size[own].sum() + prior * pooled) / (own.sum() + prior) / pooled, *FACTOR_LIMITS))
        for series in np.unique(errors.series)
        for own in (errors.series == series,)
    }


def _earned_factors(errors: Errors, scaled: FloatArray) -> FloatArray:
    """The factor that each row's series had earned in the months before it: what a forecast of then would have used."""
    earned = np.ones(len(errors))
    for month in np.unique(errors.month)[:-1]:
        past, present = errors.month > month, errors.month == month
        factors = _factors(errors.where(past), scaled[past])
        earned[present] = [factors.get(int(series), 1.0) for series in errors.series[present]]
    return earned


def _adapted_alphas(errors: Errors) -> dict[float, float]:
    """The share left outside each level's band, after replaying the months from the oldest to the newest."""
    start = {level: 1 - level for level in LEVELS}
    alphas = dict(start)
    for month in np.unique(errors.month)[-2::-1]:
        past, present = errors.where(errors.month > month), errors.where(errors.month == month)
        if len(past) < FEWEST_TO_REPLAY:
            continue
        model = ScaleModel.fit(past.features, past.error)
        before = past.error / model.scale(past.features)
        factors = _factors(past, before)
        now = present.error / model.scale(present.features)
        now /= np.array([factors.get(int(series), 1.0) for series in present.series])
        before /= _earned_factors(past, before)
        alphas = {level: _adapted(alpha, start[level], before, now) for level, alpha in alphas.items()}
    return alphas


def _adapted(alpha: float, start: float, before: FloatArray, now: FloatArray) -> float:
    low, high = np.quantile(before, [alpha / 2, 1 - alpha / 2])
    missed = float(((now < low) | (now > high)).mean())
    return float(np.clip(alpha + GAIN * (start - missed), start / 4, min(2 * start, 0.9)))


def _quantiles_by_class(ratio: FloatArray, history_days: IntArray, alpha: float) -> tuple[tuple[float, float], ...]:
    """Lower and upper quantile for each class of history; a class that was hardly seen takes those of all."""
    classes = np.searchsorted(HISTORY_CLASSES, history_days, side="right")
    rows = [ratio[classes == index] for index in range(len(HISTORY_CLASSES) + 1)]
    return tuple(_quantile_pair(row if len(row) >= FEWEST_IN_CLASS else ratio, alpha) for row in rows)


def _quantile_pair(ratio: FloatArray, alpha: float) -> tuple[float, float]:
    low, high = np.quantile(ratio, [alpha / 2, 1 - alpha / 2])
    return float(low), float(high)


def _history_class(days: int) -> int:
    return int(np.searchsorted(HISTORY_CLASSES, days, side="right"))


def _limited(bound: FloatArray) -> FloatArray:
    return np.clip(bound, -WIDEST_LOG_BOUND, WIDEST_LOG_BOUND)
