"""`ForecastRun`, `ForecastPoint`, `BacktestScore`."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel
from forecasting.domain.forecasts import ChoiceReason
from forecasting.domain.series import ScopeKind


def _money() -> models.DecimalField[Decimal, Decimal]:
    """An amount of money as facts are stored: rounded only to be shown."""
    return models.DecimalField(max_digits=38, decimal_places=18)


class ForecastRun(TenantModel):
    """What was said about one scope and month on data until one moment. Kept for good: it is what is scored later."""

    scope_kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in ScopeKind])
    scope_key = models.CharField(max_length=255, blank=True, default="")
    month = models.DateField()
    data_until = models.DateTimeField()
    made_at = models.DateTimeField()
    method = models.CharField(max_length=32)
    calibrated = models.BooleanField()
    # Made while the past of a new connection was still being read.
    is_provisional = models.BooleanField(default=False)
    history_days = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    spent_to_date = _money()
    total = _money()
    lo_50 = _money()
    hi_50 = _money()
    lo_80 = _money()
    hi_80 = _money()
    lo_95 = _money()
    hi_95 = _money()

    objects: ClassVar[TenantManager[ForecastRun]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["organization", "scope_kind", "scope_key", "month", "data_until"], name="forecast_run_unique"
            ),
            models.CheckConstraint(
                condition=Q(spent_to_date__lte=F("lo_95"))
                & Q(lo_95__lte=F("lo_80"))
                & Q(lo_80__lte=F("lo_50"))
                & Q(lo_50__lte=F("total"))
                & Q(total__lte=F("hi_50"))
                & Q(hi_50__lte=F("hi_80"))
                & Q(hi_80__lte=F("hi_95")),
                name="forecast_run_bounds_in_order",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "month", "scope_kind", "scope_key", "-made_at"], name="forecast_run_in_force"
            ),
            models.Index(fields=["organization", "-made_at"], name="forecast_run_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.scope_kind} {self.scope_key} {self.month:%Y-%m} on data until {self.data_until:%Y-%m-%d %H:%M}"


class ForecastPoint(TenantModel):
    """One coming day of a forecast; the bounds are those of the running total. Overtaken runs of a day keep none."""

    run = models.ForeignKey(ForecastRun, on_delete=models.CASCADE, related_name="points")
    date = models.DateField()
    amount = _money()
    running_total = _money()
    lo_80 = _money()
    hi_80 = _money()
    lo_95 = _money()
    hi_95 = _money()

    objects: ClassVar[TenantManager[ForecastPoint]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["organization", "run", "date"], name="forecast_point_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.date}: {self.running_total}"


class BacktestScore(TenantModel):
    """How wrong a method was on the organization's own past when a forecast was made, and whether it was chosen."""

    data_until = models.DateTimeField()
    made_at = models.DateTimeField()
    method = models.CharField(max_length=32)
    is_chosen = models.BooleanField()
    reason = models.CharField(max_length=32, choices=[(reason.value, reason.value) for reason in ChoiceReason])
    trials = models.PositiveIntegerField()
    memory_days = models.PositiveIntegerField()
    total_error = models.FloatField()
    daily_error = models.FloatField()
    bias = models.FloatField()

    objects: ClassVar[TenantManager[BacktestScore]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["organization", "data_until", "method"], name="backtest_score_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.method}: {self.total_error:.3f}"
