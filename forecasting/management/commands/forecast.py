"""Forecast the month end of one organization from the shell."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.access.commands import OrganizationCommand
from accounts.domain.organizations import OrganizationValue
from forecasting.domain.forecasts import PublishedForecast
from forecasting.domain.series import WHOLE_ORGANIZATION
from forecasting.operations.forecasts import ForecastsMade, forecast_organization

AMOUNTS = ("spent_to_date", "total", "lo_50", "hi_50", "lo_80", "hi_80", "lo_95", "hi_95")


class Command(OrganizationCommand):
    """`manage.py forecast --organization SLUG [--json]`."""

    help = "Forecast where the month ends: the organization, its cost centers and its foundation models."

    def handle_organization(
        self,
        *,
        organization: OrganizationValue,  # noqa: ARG002 - the door has named it
        now: datetime,
        **options: Any,
    ) -> None:
        made = forecast_organization(now=now)
        self.print_result(_as_json(made) if self.as_json else _as_lines(made))


def _as_json(made: ForecastsMade) -> dict[str, Any]:
    return {
        "data_until": made.data_until.isoformat(),
        "made_at": made.made_at.isoformat(),
        "method": made.choice.method,
        "reason": made.choice.reason,
        "scores": [
            {
                "method": score.method,
                "trials": score.trials,
                "total_error": score.total_error,
                "daily_error": score.daily_error,
                "bias": score.bias,
            }
            for score in made.choice.scores
        ],
        "left_out": dict(made.left_out),
        "forecasts": [_forecast_as_json(forecast) for forecast in made.forecasts],
    }


def _forecast_as_json(forecast: PublishedForecast) -> dict[str, Any]:
    return {
        "scope": forecast.scope.kind,
        "key": forecast.scope.key,
        "month": str(forecast.month),
        "currency": forecast.currency,
        "calibrated": forecast.calibrated,
        "history_days": forecast.history_days,
        **{name: f"{getattr(forecast, name):f}" for name in AMOUNTS},
    }


def _as_lines(made: ForecastsMade) -> dict[str, str]:
    whole = {f"month {one.month}": _sentence(one) for one in made.forecasts if one.scope == WHOLE_ORGANIZATION}
    scopes = len({forecast.scope for forecast in made.forecasts})
    return {
        "data_until": made.data_until.isoformat(),
        "method": f"{made.choice.method} ({made.choice.reason})",
        "scopes": str(scopes),
        **whole,
    }


def _sentence(forecast: PublishedForecast) -> str:
    calibrated = "" if forecast.calibrated else ", not yet calibrated"
    return (
        f"{forecast.total:,.2f} {forecast.currency}, 80 % between {forecast.lo_80:,.2f} and {forecast.hi_80:,.2f}"
        f"{calibrated}; {forecast.spent_to_date:,.2f} spent to date"
    )
