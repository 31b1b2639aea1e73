"""App config of the upper floor."""

from django.apps import AppConfig


class ForecastingConfig(AppConfig):
    """What will happen and what to do about it: forecasts, budgets, alerts, channels; and the first page."""

    name = "forecasting"
