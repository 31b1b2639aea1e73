"""Errors and coverage on numbers that can be checked in the head."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.domain.methods.base import FloatArray
from forecasting.domain.metrics import (
    coverage,
    daily_error,
    geometric_mean,
    interval_score,
    pinball,
    total_bias,
    total_error,
)


def days(*values: float) -> FloatArray:
    return np.array(values)


@pytest.mark.parametrize(
    ("forecast", "actual", "of_total", "of_days", "bias"),
    [
        (days(1, 3), days(2, 2), 0.0, 0.5, 0.0),
        (days(3, 3), days(2, 2), 0.5, 0.5, 0.5),
        (days(1, 1), days(2, 2), 0.5, 0.5, -0.5),
        (days(90, 9), days(1, 1), 2.0, 2.0, 2.0),  # capped
        (days(0, 0), days(0, 0), 0.0, 0.0, 0.0),
        (days(1, 0), days(0, 0), 2.0, 2.0, 2.0),
    ],
)
def test_errors_are_relative_to_what_came(
    forecast: FloatArray, actual: FloatArray, of_total: float, of_days: float, bias: float
) -> None:
    assert total_error(forecast, actual) == of_total
    assert daily_error(forecast, actual) == of_days
    assert total_bias(forecast, actual) == bias


def test_pinball_punishes_the_side_that_the_quantile_is_to_avoid() -> None:
    assert pinball(0.9, days(10), days(12)) == pytest.approx(1.8)
    assert pinball(0.9, days(10), days(8)) == pytest.approx(0.2)


def test_coverage_counts_the_ends_of_a_band() -> None:
    assert coverage(days(1, 1, 1, 1), days(2, 2, 2, 2), days(1, 2, 0.9, 2.1)) == 0.5


def test_the_interval_score_is_the_width_and_ten_times_the_miss_at_80_percent() -> None:
    assert interval_score(0.8, days(1), days(3), days(2)) == pytest.approx(2)
    assert interval_score(0.8, days(1), days(3), days(4)) == pytest.approx(2 + 10)
    assert interval_score(0.8, days(1), days(3), days(0)) == pytest.approx(2 + 10)


def test_twice_as_good_and_twice_as_bad_cancel() -> None:
    assert geometric_mean(days(2, 0.5)) == pytest.approx(1)
