"""Names the models for Django; no logic."""

from forecasting.models.alerts import AlertEvaluation, AlertEvent, AlertRule, AlertRuleChannel
from forecasting.models.budgets import Budget
from forecasting.models.channels import Delivery, NotificationChannel

__all__ = [
    "AlertEvaluation",
    "AlertEvent",
    "AlertRule",
    "AlertRuleChannel",
    "Budget",
    "Delivery",
    "NotificationChannel",
]
