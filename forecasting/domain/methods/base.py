"""`Method` protocol and `Forecast`: what every method is asked and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

WEEK = 7


class MethodFailed(Exception):
    """The library behind a method gave up on this history; the ensemble goes on without it and says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """The daily amounts a method expects, tomorrow first, and the members that had to be left out."""

    daily: FloatArray
    left_out: tuple[str, ...] = ()


class Method(Protocol):
    """One way to continue a daily history."""

    @property
    def name(self) -> str: ...

    @property
    def minimum_days(self) -> int:
        """The shortest history the method may be asked about."""
        ...

    def forecast(self, history: FloatArray, horizon: int) -> Forecast:
        """Continue the history (oldest day first, not negative, not shorter than the minimum) by `horizon` days."""
        ...
