"""Rolling origins: nothing of the future is seen, every weekday is an origin, the work is bounded."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from forecasting.domain.backtest import MOST_TRIALS, SHORTEST_HISTORY_DAYS, backtest
from forecasting.domain.methods.base import FloatArray, Forecast
from forecasting.domain.methods.seasonal_naive import LastValue


@dataclass
class Witness:
    """A method that remembers what it was shown."""

    name: str = "witness"
    minimum_days: int = 1
    seen: list[FloatArray] = field(default_factory=list)

    def forecast(self, history: FloatArray, horizon: int) -> Forecast:
        self.seen.append(history)
        return Forecast(daily=np.zeros(horizon))


def counting(days: int) -> FloatArray:
    return np.arange(days, dtype=np.float64)


def test_no_future_leaks_into_the_past() -> None:
    witness = Witness()

    trials = backtest([counting(60)], witness, horizon=30)

    assert len(witness.seen) == len(trials)
    for shown, trial in zip(witness.seen, trials, strict=True):
        assert shown.tolist() == list(range(60 - trial.days_ago))
        assert trial.history is shown
        assert trial.actual.tolist() == list(range(60))[60 - trial.days_ago :][:30]
        assert len(trial.forecast) == len(trial.actual)


def test_origins_begin_on_every_weekday_and_leave_two_weeks_of_history() -> None:
    trials = backtest([counting(120)], LastValue(), horizon=30)

    assert {len(trial.history) % 7 for trial in trials} == set(range(7))
    assert min(len(trial.history) for trial in trials) >= SHORTEST_HISTORY_DAYS
    assert [trial.days_ago for trial in trials] == list(range(3, 107, 4))


def test_half_a_year_is_remembered() -> None:
    trials = backtest([counting(400)], LastValue(), horizon=30)

    assert max(trial.days_ago for trial in trials) == 179


@pytest.mark.parametrize(("days", "trials"), [(0, 0), (1, 0), (16, 0), (17, 1), (21, 2)])
def test_a_series_that_is_too_short_is_not_tried(days: int, trials: int) -> None:
    assert len(backtest([counting(days)], LastValue(), horizon=30)) == trials


@pytest.mark.parametrize("series", [1, 5, 8, 20, 50, 500])
def test_the_number_of_trials_is_bounded(series: int) -> None:
    trials = backtest([counting(200)] * series, LastValue(), horizon=30)

    assert 0 < len(trials) <= MOST_TRIALS


def test_a_sample_is_spread_over_the_sizes_of_the_series_and_always_the_same() -> None:
    histories = [np.full(200, float(size)) for size in range(1, 101)]

    first, second = (backtest(histories, LastValue(), horizon=30) for _ in range(2))

    tried = sorted({trial.series for trial in first})
    assert tried == sorted({trial.series for trial in second})
    assert (tried[0], tried[-1]) == (0, 99)
    assert max(np.diff(tried)) <= 3
