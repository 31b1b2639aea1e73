"""The library's methods, one thin class each; the library is imported inside the method for its weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.domain.methods.base import WEEK, FloatArray, Forecast, MethodFailed

# The cost of a fit grows with the history (4 ms at 14 days, 14 ms at 90, 50 ms at 365) and its accuracy no longer does.
LONGEST_HISTORY_DAYS = 126
TWO_SEASONS = 2 * WEEK


@dataclass(frozen=True, slots=True)
class AutoEts:
    """Exponential smoothing without a trend, kind of errors chosen by information criterion (statsforecast, ZNA).

    No trend: over a fortnight of history the trends of the library's methods run away. Under two weeks no season, which
    the library wants to be asked for as ZNN; under a week it refuses, hence the minimum.
    """

    name: str = "auto_ets"
    minimum_days: int = WEEK

    def forecast(self, history: FloatArray, horizon: int) -> Forecast:
        from statsforecast.models import AutoETS  # noqa: PLC0415 - 200 MB that only the forecasting worker may load

        recent = history[-LONGEST_HISTORY_DAYS:]
        season, model = (WEEK, "ZNA") if len(recent) >= TWO_SEASONS else (1, "ZNN")
        try:
            answer = AutoETS(season_length=season, model=model).forecast(y=recent, h=horizon)
        except (ArithmeticError, IndexError, NotImplementedError, ValueError) as error:
            raise MethodFailed(self.name) from error
        daily = np.asarray(answer["mean"], dtype=np.float64)
        if not np.isfinite(daily).all():
            raise MethodFailed(self.name)
        return Forecast(daily=daily)
