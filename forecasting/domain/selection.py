"""The champion, and why: the recommended method, unless last week again has clearly been better here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from forecasting.domain.backtest import Trial
from forecasting.domain.forecasts import Choice, ChoiceReason, Score
from forecasting.domain.metrics import CAP

RECOMMENDED = "median_of_five"
BASELINE = "seasonal_naive"
# Totals of less than a week say little about a month.
SHORTEST_JUDGED_DAYS = 7
# A difference that luck may make within two months is not a reason: the baseline must be this much better, that long.
CLEARLY_BETTER = 0.9
FEWEST_TRIALS = 20
MEMORY_DAYS = 60


def score(method: str, trials: Sequence[Trial]) -> Score:
    """Add up a method's errors over the trials that were followed by a week or more."""
    judged = [trial for trial in trials if len(trial.actual) >= SHORTEST_JUDGED_DAYS]
    actual = sum(float(trial.actual.sum()) for trial in judged)
    differences = [float(trial.forecast.sum() - trial.actual.sum()) for trial in judged]
    by_day = sum(float(abs(trial.forecast - trial.actual).sum()) for trial in judged)
    return Score(
        method=method,
        trials=len(judged),
        memory_days=max((trial.days_ago for trial in judged), default=0),
        total_error=_share(sum(map(abs, differences)), actual),
        daily_error=_share(by_day, actual),
        bias=_share(sum(differences), actual),
    )


def choose(trials: Mapping[str, Sequence[Trial]]) -> Choice:
    """Choose between the recommended method and the baseline by their trials on one organization's past."""
    recommended, baseline = (score(name, trials[name]) for name in (RECOMMENDED, BASELINE))
    reason = ChoiceReason.RECOMMENDED
    if not _is_enough(recommended):
        reason = ChoiceReason.TOO_LITTLE_HISTORY
    elif baseline.total_error < CLEARLY_BETTER * recommended.total_error:
        reason = ChoiceReason.BASELINE_BETTER
    method = BASELINE if reason is ChoiceReason.BASELINE_BETTER else RECOMMENDED
    return Choice(method=method, reason=reason, scores=(recommended, baseline))


def _is_enough(judged: Score) -> bool:
    return judged.trials >= FEWEST_TRIALS and judged.memory_days >= MEMORY_DAYS


def _share(error: float, actual: float) -> float:
    return max(-CAP, min(CAP, error / actual)) if actual > 0 else 0.0
