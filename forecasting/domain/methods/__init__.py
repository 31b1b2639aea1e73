"""The explicit table of methods by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from forecasting.domain.methods.base import Method
from forecasting.domain.methods.ensemble import MedianOfFive
from forecasting.domain.methods.profile import Profile
from forecasting.domain.methods.seasonal_naive import AverageDay, LastValue, SeasonalNaive
from forecasting.domain.methods.statistical import AutoEts

METHODS: Mapping[str, Method] = MappingProxyType(
    {
        method.name: method
        for method in (
            MedianOfFive(),
            SeasonalNaive(),
            LastValue(),
            AverageDay(),
            Profile(7.0),
            Profile(14.0),
            AutoEts(),
        )
    }
)
