"""What a history tells about its forecast's error, also where it is short, empty or has stopped."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.domain.features import FEATURES, apply_log_ratio, log_ratio, mean_day, scale_features
from forecasting.domain.methods.base import FloatArray

AHEAD = np.array([0.25, 1.0, 30.0])


@pytest.mark.parametrize(
    "history",
    [np.array([5.0]), np.zeros(1), np.zeros(40), np.full(10, 3.0), np.arange(14.0), np.arange(200.0), np.eye(60)[59]],
    ids=["one day", "nothing", "nothing for long", "constant", "two weeks", "long", "begins today"],
)
def test_every_history_has_finite_features(history: FloatArray) -> None:
    features = scale_features(history, AHEAD)

    assert features.shape == (3, FEATURES)
    assert np.isfinite(features).all()


def test_only_the_first_feature_knows_how_far_ahead() -> None:
    features = scale_features(np.arange(60.0), AHEAD)

    assert features[:, 0].tolist() == np.log(AHEAD).tolist()
    assert (features[:, 1:] == features[0, 1:]).all()


def test_unsteady_weeks_are_told_from_steady_ones() -> None:
    steady, unsteady = np.tile([1.0, 2, 3, 4, 5, 6, 7], 6), np.repeat([1.0, 5, 1, 9, 2, 30], 7)

    of_steady, of_unsteady = (scale_features(history, np.ones(1))[0] for history in (steady, unsteady))

    assert of_steady[4] == pytest.approx(0)  # the last week against the one before
    assert of_unsteady[4] > 2
    assert of_unsteady[5] > of_steady[5]  # the spread of weekly changes


@pytest.mark.parametrize("rest", [0.0, 1.0, 70.0, 100.0, 5000.0])
def test_a_log_ratio_is_taken_and_applied_alike(rest: float) -> None:
    history, ahead, forecast = np.full(28, 10.0), np.array([10.0]), np.array([100.0])

    ratio = log_ratio(np.array([rest]), forecast, history=history, days_ahead=ahead)

    assert apply_log_ratio(ratio, forecast, history=history, days_ahead=ahead) == pytest.approx(np.array([rest]))


def test_a_sum_is_never_below_zero() -> None:
    low = apply_log_ratio(np.array([-9.0]), np.array([1.0]), history=np.full(28, 10.0), days_ahead=np.array([10.0]))

    assert low.tolist() == [0.0]


def test_the_mean_day_is_that_of_four_weeks() -> None:
    assert mean_day(np.concatenate([np.full(100, 1000.0), np.full(28, 7.0)])) == 7.0
