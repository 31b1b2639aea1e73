"""What the API takes and gives of a budget."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from forecasting.domain.alerts import MAX_THRESHOLDS, AlertKind
from forecasting.domain.budgets import MAX_NAME_LENGTH, PeriodKind
from forecasting.domain.series import ScopeKind

REQUIRED = _("This field is required.")
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


class ScopeField(serializers.Serializer[Any]):
    """What a budget is for."""

    kind = serializers.ChoiceField(choices=[kind.value for kind in ScopeKind])
    key = serializers.CharField(
        max_length=255,
        default="",
        allow_blank=True,
        help_text="Empty for the organization, a cost center's code, or a foundation model's canonical id. A cost "
        "center is counted without the ones below it.",
    )


class ThresholdField(serializers.Serializer[Any]):
    """A level that alerts once a month, on each of its channels."""

    kind = serializers.ChoiceField(choices=[kind.value for kind in AlertKind])
    percent = serializers.DecimalField(max_digits=5, decimal_places=1, help_text="Of the amount.")
    channels = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        default=list,
        max_length=50,
        help_text="Ids of channels; without any the alert is raised and reaches nobody.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Demand what makes a threshold, in a PATCH too: DRF takes everything in it for optional, however deep."""
        missing = [name for name in ("kind", "percent") if name not in attrs]
        if missing:
            raise serializers.ValidationError({name: [ErrorDetail(str(REQUIRED), code="required")] for name in missing})
        return attrs


class BudgetChange(serializers.Serializer[Any]):
    """What can be changed of a budget."""

    name = serializers.CharField(max_length=MAX_NAME_LENGTH)
    amount = serializers.DecimalField(
        max_digits=14, decimal_places=2, help_text="A month, as a decimal number in `currency`."
    )
    currency = serializers.RegexField(
        r"\A[A-Z]{3}\Z", help_text="ISO 4217; other than USD it needs an exchange rate of this month or an earlier one."
    )
    thresholds = serializers.ListField(child=ThresholdField(), max_length=MAX_THRESHOLDS, required=False)
    owner_user_id = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=2**63 - 1, help_text="A member; null: nobody."
    )
    version = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="The version that you read: 409 if somebody has changed the budget since. Left out: no such check.",
    )
    example = {"amount": "5000000", "version": 3}


class BudgetInput(BudgetChange):
    """A new budget: monthly, by the organization's calendar, on rated cost."""

    version = None  # type: ignore[assignment] # DRF's way to drop an inherited field
    scope = ScopeField(required=False, help_text="Left out: the whole organization.")
    example = {
        "name": "Search team",
        "scope": {"kind": "COST_CENTER", "key": "search"},
        "amount": "4300000",
        "currency": "JPY",
        "owner_user_id": 7,
        "thresholds": [
            {"kind": "ACTUAL", "percent": "80", "channels": [3]},
            {"kind": "FORECAST", "percent": "100", "channels": [3]},
        ],
    }


class OwnerField(serializers.Serializer[Any]):
    """Who answers for a budget."""

    user_id = serializers.IntegerField(allow_null=True, help_text="Null: has left.")
    name = serializers.CharField()


class ScopeOutput(serializers.Serializer[Any]):
    """What a budget is for."""

    kind = serializers.ChoiceField(choices=[kind.value for kind in ScopeKind])
    key = serializers.CharField()
    name = serializers.CharField()


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


class ExchangeRateOutput(serializers.Serializer[Any]):
    """At which rate US dollars were converted."""

    units_per_usd = serializers.CharField()
    month = serializers.CharField(allow_null=True, help_text="Whose rate it is; null for US dollars.")


class BudgetStatusOutput(serializers.Serializer[Any]):
    """Where a budget stands this month, in its currency."""

    period_start = serializers.DateField()
    period_end = serializers.DateField(help_text="Not included.")
    spent = serializers.CharField()
    spent_percent = serializers.CharField()
    left = serializers.CharField(help_text="Negative when exceeded.")
    pace_a_day = serializers.CharField(allow_null=True, help_text="Mean of the last 7 whole days.")
    allowed_a_day = serializers.CharField()
    worst_overshoot = serializers.CharField(
        allow_null=True, help_text="The dearest of these days, for as long as the data lag behind."
    )
    lag_seconds = serializers.IntegerField()
    exceeded_on = serializers.DateField(allow_null=True)
    tokens_unpriced = serializers.IntegerField(help_text="Have no price and are in no amount.")
    exchange_rate = ExchangeRateOutput()
    data_until = serializers.DateTimeField(allow_null=True)
    evaluated_at = serializers.DateTimeField()
    forecast = BudgetForecastOutput(allow_null=True)


class BudgetOutput(serializers.Serializer[Any]):
    """A budget and where it stands."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    scope = ScopeOutput()
    amount = serializers.CharField()
    currency = serializers.CharField()
    basis = serializers.CharField()
    period = serializers.ChoiceField(choices=[kind.value for kind in PeriodKind])
    owner = OwnerField(allow_null=True)
    thresholds = ThresholdField(many=True)
    version = serializers.IntegerField()
    closed_at = serializers.DateTimeField(allow_null=True)
    status = BudgetStatusOutput(
        allow_null=True, help_text="Null: the budget is closed, or its currency has no exchange rate."
    )
    example = {
        "id": 42,
        "name": "Search team",
        "scope": {"kind": "COST_CENTER", "key": "search", "name": "Search team"},
        "amount": "4300000",
        "currency": "JPY",
        "basis": "rated",
        "period": "MONTH",
        "owner": {"user_id": 7, "name": "Ada"},
        "thresholds": [{"kind": "ACTUAL", "percent": "80", "channels": [3]}],
        "version": 3,
        "closed_at": None,
        "status": {
            "period_start": "2026-11-01",
            "period_end": "2026-12-01",
            "spent": "1600000",
            "spent_percent": "37.2093",
            "left": "2700000",
            "pace_a_day": "184000",
            "allowed_a_day": "133333.33",
            "worst_overshoot": "30666.67",
            "lag_seconds": 14400,
            "exceeded_on": None,
            "tokens_unpriced": 0,
            "exchange_rate": {"units_per_usd": "152.57", "month": "2026-10"},
            "data_until": "2026-11-10T09:00:00Z",
            "evaluated_at": "2026-11-10T13:00:00Z",
            "forecast": FORECAST_EXAMPLE,
        },
    }
