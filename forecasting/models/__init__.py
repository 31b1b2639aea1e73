"""Names the models for Django; no logic."""

from forecasting.models.alerts import AlertEvaluation, AlertEvent, AlertRule, AlertRuleChannel
from forecasting.models.budgets import Budget
from forecasting.models.channels import NotificationChannel
from forecasting.models.deliveries import Delivery
from forecasting.models.forecasts import BacktestScore, ForecastPoint, ForecastRun

__all__ = [
    "AlertEvaluation",
    "AlertEvent",
    "AlertRule",
    "AlertRuleChannel",
    "BacktestScore",
    "Budget",
    "Delivery",
    "ForecastPoint",
    "ForecastRun",
    "NotificationChannel",
]
