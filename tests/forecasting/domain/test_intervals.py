"""Bands of running totals: when there is enough to calibrate on, and what calibration makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from forecasting.domain.backtest import Trial, backtest
from forecasting.domain.features import log_ratio
from forecasting.domain.intervals import (
    LEVELS,
    STATED_LOG_BOUNDS,
    YOUNG_LOG_BOUNDS,
    Band,
    PooledBand,
    StatedBand,
    calibrate,
    errors_of,
)
from forecasting.domain.methods.base import FloatArray
from forecasting.domain.methods.profile import Profile

MONTH = np.array([30.0])


def noise(days: int, *, spread: float, seed: int) -> FloatArray:
    """Days around 100 whose level drifts by up to `spread` a week."""
    random = np.random.default_rng(seed)
    weekly = np.exp(np.cumsum(random.normal(0, spread, days // 7 + 1)))
    return 100 * np.repeat(weekly, 7)[:days] * random.gamma(30, 1 / 30, days)


def organization(series: int, days: int, *, spread: float = 0.1) -> tuple[list[FloatArray], tuple[Trial, ...]]:
    histories = [noise(days, spread=spread, seed=index) for index in range(series)]
    return histories, backtest(histories, Profile(14.0), horizon=30)


def width(band: Band, history: FloatArray, *, series: int = 0, level: float = 0.8) -> float:
    low, high = band.log_bounds(history, MONTH, series=series)[level]
    return float(high[0] - low[0])


@pytest.mark.parametrize(
    ("series", "days", "calibrated"),
    [
        (5, 31, True),  # five series, two weeks of trials
        (4, 31, False),
        (5, 25, False),
        (1, 90, True),  # one series, three months of history
        (1, 60, False),
        (4, 90, True),
        (0, 0, False),
        (1, 10, False),
    ],
)
def test_a_band_is_calibrated_with_five_series_or_three_months(series: int, days: int, calibrated: bool) -> None:
    _, trials = organization(series, days)

    assert calibrate(trials).calibrated is calibrated


@pytest.mark.parametrize(("days", "stated"), [(9, YOUNG_LOG_BOUNDS), (10, STATED_LOG_BOUNDS), (60, STATED_LOG_BOUNDS)])
def test_before_that_stated_bounds_hold_wider_ones_under_ten_days(
    days: int, stated: dict[float, tuple[float, float]]
) -> None:
    bounds = StatedBand().log_bounds(np.ones(days), np.array([1.0, 30.0]), series=0)

    assert {level: (low.tolist(), high.tolist()) for level, (low, high) in bounds.items()} == {
        level: ([low] * 2, [high] * 2) for level, (low, high) in stated.items()
    }


def test_errors_are_those_of_sums_and_not_of_days() -> None:
    trial = Trial(
        series=3,
        days_ago=40,
        history=np.full(20, 10.0),
        forecast=np.full(5, 10.0),
        actual=np.array([5, 15, 10, 10, 60.0]),
    )

    errors = errors_of([trial])

    assert errors.error == pytest.approx(  # after 1, 2, 3 and 5 days
        log_ratio(
            np.array([5, 20, 30, 100.0]),
            np.array([10, 20, 30, 50.0]),
            history=trial.history,
            days_ahead=np.array([1, 2, 3, 5]),
        )
    )
    assert errors.error[1] == 0
    assert (errors.series.tolist(), errors.month.tolist()) == ([3] * 4, [1] * 4)


def test_a_restless_organization_gets_a_wider_band_than_a_steady_one() -> None:
    (steady, of_steady), (restless, of_restless) = organization(5, 120, spread=0.02), organization(5, 120, spread=0.3)

    assert width(calibrate(of_restless), restless[0]) > 2 * width(calibrate(of_steady), steady[0])


def test_a_series_that_was_wrong_more_often_gets_a_wider_band_than_its_like() -> None:
    histories, trials = organization(6, 180)
    worse = [
        Trial(
            series=trial.series,
            days_ago=trial.days_ago,
            history=trial.history,
            forecast=trial.forecast * (1.6 if trial.series == 2 else 1.0),
            actual=trial.actual,
        )
        for trial in trials
    ]

    band = calibrate(worse)

    assert width(band, histories[0], series=2) > 1.5 * width(band, histories[0], series=0)
    assert width(band, histories[0], series=99) > 0  # one that was not tried counts as the pool does


def test_bounds_are_nested_and_widen_with_the_days_ahead() -> None:
    histories, trials = organization(8, 180)

    ahead = np.arange(1.0, 31.0)
    bounds = calibrate(trials).log_bounds(histories[0], ahead, series=0)

    assert set(bounds) == set(LEVELS)
    for (inner_low, inner_high), (outer_low, outer_high) in pairwise(bounds[level] for level in LEVELS):
        assert (outer_low < inner_low).all()
        assert (outer_high > inner_high).all()
    rising = [high * ahead for _, high in bounds.values()]  # in money
    assert all((np.diff(high) > 0).all() for high in rising)


def test_coverage_on_days_that_were_not_seen_is_what_is_promised() -> None:
    inside: list[bool] = []
    for organization_seed in range(12):
        histories = [noise(180, spread=0.1, seed=100 * organization_seed + index) for index in range(6)]
        known = [history[:150] for history in histories]
        band = calibrate(backtest(known, Profile(14.0), horizon=30))
        for index, history in enumerate(known):
            forecast = Profile(14.0).forecast(history, 30).daily.sum(keepdims=True)
            actual = histories[index][150:].sum(keepdims=True)
            error = log_ratio(actual, forecast, history=history, days_ahead=MONTH)
            low, high = band.log_bounds(history, MONTH, series=index)[0.8]
            inside.append(bool(low <= error <= high))

    assert 0.7 <= np.mean(inside) <= 0.92


def test_months_that_missed_too_often_widen_the_band() -> None:
    """The same errors, but in one organization all of the newest month were twice as large: that one is wider."""
    _, trials = organization(6, 150)
    calm, shaken = calibrate(trials), calibrate([_with_worse_months(trial) for trial in trials])
    assert isinstance(calm, PooledBand)
    assert isinstance(shaken, PooledBand)

    assert _spread(shaken.quantiles[0.8]) > _spread(calm.quantiles[0.8])


def test_nothing_explodes_where_nothing_was_ever_wrong() -> None:
    histories = [np.full(120, 10.0)] * 5
    band = calibrate(backtest(histories, Profile(14.0), horizon=30))

    assert band.calibrated
    assert 0 <= width(band, histories[0]) < 0.1


def test_calibration_is_deterministic() -> None:
    histories, trials = organization(5, 120)

    first, second = (calibrate(trials).log_bounds(histories[0], MONTH, series=0) for _ in range(2))

    assert {level: (low.tolist(), high.tolist()) for level, (low, high) in first.items()} == {
        level: (low.tolist(), high.tolist()) for level, (low, high) in second.items()
    }


def _with_worse_months(trial: Trial) -> Trial:
    factor = 1.5 if trial.days_ago <= 60 else 1.0
    return Trial(
        series=trial.series,
        days_ago=trial.days_ago,
        history=trial.history,
        forecast=trial.forecast * factor,
        actual=trial.actual,
    )


def _spread(classes: Sequence[tuple[float, float]]) -> float:
    return max(high - low for low, high in classes)
