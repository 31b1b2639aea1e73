"""`AlertRule`, `AlertRuleChannel`, `AlertEvent`, `AlertEvaluation`."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel
from forecasting.domain.thresholds import AlertKind
from forecasting.models.budgets import Budget
from forecasting.models.channels import NotificationChannel

KINDS = [(kind.value, kind.value) for kind in AlertKind]


class AlertRule(TenantModel):
    """A threshold of a budget, in percent of its amount."""

    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="alert_rules")
    threshold_percent = models.DecimalField(max_digits=5, decimal_places=1)
    kind = models.CharField(max_length=16, choices=KINDS)

    objects: ClassVar[TenantManager[AlertRule]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["organization", "budget", "threshold_percent", "kind"], name="alert_rule_unique"
            ),
            models.CheckConstraint(
                condition=models.Q(threshold_percent__gte=1, threshold_percent__lte=1000),
                name="alert_rule_threshold_sensible",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.threshold_percent} %"


class AlertRuleChannel(TenantModel):
    """A channel that hears of a rule: a table of our own, because Django's would have no wall."""

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="channel_links")
    channel = models.ForeignKey(NotificationChannel, on_delete=models.CASCADE, related_name="rule_links")

    objects: ClassVar[TenantManager[AlertRuleChannel]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["organization", "rule", "channel"], name="alert_rule_channel_unique"),
        ]


class AlertEvent(TenantModel):
    """A threshold that was crossed, once, with everything that was known then."""

    # What an alert said is never rewritten (accounts/tenancy/grants.py).
    application_rights = "SELECT, INSERT"

    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="alert_events")
    threshold_percent = models.DecimalField(max_digits=5, decimal_places=1)
    kind = models.CharField(max_length=16, choices=KINDS)
    period_start = models.DateField()
    payload = models.JSONField()
    # In dollars, to put alerts of different currencies in order; what is shown comes from the payload.
    at_stake_usd = models.DecimalField(max_digits=38, decimal_places=18)
    raised_at = models.DateTimeField()

    objects: ClassVar[TenantManager[AlertEvent]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["organization", "budget", "threshold_percent", "kind", "period_start"],
                name="alert_event_once_per_crossing",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-period_start", "-at_stake_usd", "-id"], name="alert_event_by_stake"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.threshold_percent} % of budget {self.budget_id} from {self.period_start}"


class AlertEvaluation(TenantModel):
    """When the organization's rules were last looked at, on data until when; one row."""

    evaluated_at = models.DateTimeField()
    data_until = models.DateTimeField(null=True, blank=True)
    budgets = models.PositiveIntegerField()

    objects: ClassVar[TenantManager[AlertEvaluation]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["organization"], name="alert_evaluation_one_row"),
        ]
