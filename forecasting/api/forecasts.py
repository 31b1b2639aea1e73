"""Forecasts over REST: where a budget's month lands."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from forecasting.domain.budgets import BudgetForecast
from forecasting.domain.payloads import decimal_text, share_text

FORECAST_EXAMPLE = {
    "total": "5504000",
    "lo_80": "3750000",
    "hi_80": "7260000",
    "probability_over_percent": "81",
    "crossing_date": "2026-11-24",
    "calibrated": True,
    "method": "ensemble",
    "made_at": "2026-11-10T09:00:00Z",
    "data_until": "2026-11-10T09:00:00Z",
}


class BudgetForecastOutput(serializers.Serializer[Any]):
    """Where the month lands, in the budget's currency."""

    total = serializers.CharField()
    lo_80 = serializers.CharField(help_text="Of the 80 % band.")
    hi_80 = serializers.CharField()
    probability_over_percent = serializers.CharField(help_text="How likely the month ends above the amount.")
    crossing_date = serializers.DateField(allow_null=True)
    calibrated = serializers.BooleanField(help_text="False: a young forecast with a wide band.")
    method = serializers.CharField()
    made_at = serializers.DateTimeField()
    data_until = serializers.DateTimeField()


def serialize_forecast(forecast: BudgetForecast) -> dict[str, object]:
    """Return a forecast, in the budget's currency, as the API tells it."""
    return {
        "total": decimal_text(forecast.total.amount),
        "lo_80": decimal_text(forecast.lo_80.amount),
        "hi_80": decimal_text(forecast.hi_80.amount),
        "probability_over_percent": share_text(forecast.probability_over),
        "crossing_date": forecast.crossing_date,
        "calibrated": forecast.is_calibrated,
        "method": forecast.method,
        "made_at": forecast.made_at,
        "data_until": forecast.data_until,
    }
