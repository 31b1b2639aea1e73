"""The champion: the recommended method, unless the baseline is clearly better on enough of the past."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.domain.backtest import Trial
from forecasting.domain.forecasts import Choice, ChoiceReason, Score
from forecasting.domain.selection import BASELINE, RECOMMENDED, choose, score


def trials(count: int, *, wrong_by: float, step_days: int = 4, days: int = 10) -> list[Trial]:
    return [
        Trial(
            series=0,
            days_ago=7 + step_days * index,
            history=np.ones(20),
            forecast=np.full(days, 10.0 + wrong_by),
            actual=np.full(days, 10.0),
        )
        for index in range(count)
    ]


@pytest.mark.parametrize(
    ("count", "step_days", "recommended", "baseline", "method", "reason"),
    [
        (30, 4, 2.0, 2.0, RECOMMENDED, ChoiceReason.RECOMMENDED),
        (30, 4, 2.0, 1.85, RECOMMENDED, ChoiceReason.RECOMMENDED),  # not clearly
        (30, 4, 2.0, -1.7, BASELINE, ChoiceReason.BASELINE_BETTER),
        (19, 4, 2.0, 0.0, RECOMMENDED, ChoiceReason.TOO_LITTLE_HISTORY),
        (30, 1, 2.0, 0.0, RECOMMENDED, ChoiceReason.TOO_LITTLE_HISTORY),
        (0, 4, 2.0, 0.0, RECOMMENDED, ChoiceReason.TOO_LITTLE_HISTORY),
    ],
)
def test_the_baseline_must_be_clearly_better_for_two_months(
    *, count: int, step_days: int, recommended: float, baseline: float, method: str, reason: ChoiceReason
) -> None:
    choice = choose(
        {
            RECOMMENDED: trials(count, wrong_by=recommended, step_days=step_days),
            BASELINE: trials(count, wrong_by=baseline, step_days=step_days),
        }
    )

    assert (choice.method, choice.reason) == (method, reason)
    assert [entry.method for entry in choice.scores] == [RECOMMENDED, BASELINE]


def test_a_score_weighs_by_money_and_leaves_out_what_was_followed_by_less_than_a_week() -> None:
    small, large = trials(1, wrong_by=-5.0)[0], trials(1, wrong_by=0.0)[0]
    large = Trial(series=1, days_ago=90, history=large.history, forecast=np.full(10, 101.0), actual=np.full(10, 90.0))

    assert score("witness", [small, large, *trials(5, wrong_by=99.0, days=6)]) == Score(
        method="witness", trials=2, memory_days=90, total_error=0.16, daily_error=0.16, bias=0.06
    )


def test_a_score_of_nothing_is_no_error() -> None:
    empty = Trial(series=0, days_ago=9, history=np.zeros(20), forecast=np.ones(9), actual=np.zeros(9))

    assert score("witness", [empty]).total_error == 0
    assert choose({RECOMMENDED: [], BASELINE: []}) == Choice(
        method=RECOMMENDED,
        reason=ChoiceReason.TOO_LITTLE_HISTORY,
        scores=tuple(
            Score(method=name, trials=0, memory_days=0, total_error=0.0, daily_error=0.0, bias=0.0)
            for name in (RECOMMENDED, BASELINE)
        ),
    )
