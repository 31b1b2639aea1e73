"""An alert as JSON: what is stored with the event, what the API shows and what a webhook sends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import cast

from accounts.domain.audit import Json
from billing.domain.money import EXACT, Money, plain
from billing.domain.periods import Month
from forecasting.domain.alerts import AlertSnapshot, Driver, ForecastFigures
from forecasting.domain.thresholds import HUNDRED, AlertKind

PAYLOAD_VERSION = 1
# As finely as facts are stored; a quotient has more digits than anybody can use.
SMALLEST_AMOUNT = Decimal("1E-18")
SMALLEST_PERCENT = Decimal("1E-4")

JsonObject = Mapping[str, Json]


def decimal_text(value: Decimal, smallest: Decimal = SMALLEST_AMOUNT) -> str:
    """A number as plain decimal text: no exponent, no zeros at the end."""
    return plain(value.quantize(smallest, context=EXACT))


def percent_text(value: Decimal) -> str:
    """A percentage as plain decimal text."""
    return decimal_text(value, SMALLEST_PERCENT)


def share_text(share: Decimal) -> str:
    """A share as plain decimal text, in percent."""
    return percent_text(EXACT.multiply(share, HUNDRED))


def read_share(text: Json) -> Decimal:
    """The share that a text in percent stands for."""
    return EXACT.divide(Decimal(str(text)), HUNDRED)


def snapshot_payload(snapshot: AlertSnapshot) -> dict[str, Json]:
    """Return the snapshot as JSON. Amounts are decimal text in the budget's currency; nothing is rounded to be shown."""
    return {
        "version": PAYLOAD_VERSION,
        "organization": {
            "slug": snapshot.organization_slug,
            "name": snapshot.organization_name,
            "time_zone": snapshot.time_zone,
        },
        "budget": {
            "id": snapshot.budget_id,
            "name": snapshot.budget_name,
            "scope": {"kind": snapshot.scope_kind, "key": snapshot.scope_key, "label": snapshot.scope_label},
            "amount": decimal_text(snapshot.amount.amount),
            "currency": snapshot.amount.currency,
            "basis": snapshot.basis,
            "owner": snapshot.owner_label,
        },
        "period": {"start": snapshot.period_start.isoformat(), "end": snapshot.period_end.isoformat()},
        "threshold": {
            "kind": snapshot.kind.value,
            "percent": percent_text(snapshot.percent),
            "amount": decimal_text(snapshot.limit.amount),
        },
        "finding": snapshot.finding.value,
        "spent": decimal_text(snapshot.spent.amount),
        "spent_percent": share_text(snapshot.spent_share),
        "reached_on": snapshot.reached_on.isoformat() if snapshot.reached_on else None,
        "over": decimal_text(snapshot.over.amount),
        "over_percent": share_text(snapshot.over_share),
        "at_stake": decimal_text(snapshot.at_stake.amount),
        "forecast": _forecast_payload(snapshot.forecast) if snapshot.forecast else None,
        "driver": _driver_payload(snapshot.driver) if snapshot.driver else None,
        "exchange_rate": {
            "month": str(snapshot.rate_month) if snapshot.rate_month else None,
            "units_per_usd": decimal_text(snapshot.units_per_usd),
        },
        "tokens_unpriced": snapshot.tokens_unpriced,
        "data_until": snapshot.data_until.isoformat() if snapshot.data_until else None,
        "evaluated_at": snapshot.evaluated_at.isoformat(),
    }


def _forecast_payload(forecast: ForecastFigures) -> dict[str, Json]:
    return {
        "total": decimal_text(forecast.total.amount),
        "lo_80": decimal_text(forecast.lo_80.amount),
        "hi_80": decimal_text(forecast.hi_80.amount),
        "probability_over_percent": share_text(forecast.probability_over),
        "crossing_date": forecast.crossing_date.isoformat() if forecast.crossing_date else None,
        "calibrated": forecast.is_calibrated,
        "made_at": forecast.made_at.isoformat(),
    }


def _driver_payload(driver: Driver) -> dict[str, Json]:
    return {
        "cost_center": driver.cost_center,
        "model": driver.model_id,
        "share_percent": share_text(driver.share),
    }


def read_snapshot(payload: JsonObject) -> AlertSnapshot:
    """Return the snapshot that a stored payload holds."""
    organization, budget = _part(payload, "organization"), _part(payload, "budget")
    scope, period = _part(budget, "scope"), _part(payload, "period")
    threshold, rate = _part(payload, "threshold"), _part(payload, "exchange_rate")
    currency = _text(budget, "currency")
    forecast, driver = payload["forecast"], payload["driver"]
    return AlertSnapshot(
        organization_slug=_text(organization, "slug"),
        organization_name=_text(organization, "name"),
        time_zone=_text(organization, "time_zone"),
        budget_id=int(_text(budget, "id")),
        budget_name=_text(budget, "name"),
        scope_kind=_text(scope, "kind"),
        scope_key=_text(scope, "key"),
        scope_label=_text(scope, "label"),
        basis=_text(budget, "basis"),
        kind=AlertKind(_text(threshold, "kind")),
        percent=Decimal(_text(threshold, "percent")),
        period_start=date.fromisoformat(_text(period, "start")),
        period_end=date.fromisoformat(_text(period, "end")),
        amount=Money(Decimal(_text(budget, "amount")), currency),
        limit=Money(Decimal(_text(threshold, "amount")), currency),
        spent=Money(Decimal(_text(payload, "spent")), currency),
        spent_share=read_share(payload["spent_percent"]),
        reached_on=_date(payload["reached_on"]),
        forecast=None if forecast is None else _read_forecast(_part(payload, "forecast"), currency),
        driver=None if driver is None else _read_driver(_part(payload, "driver")),
        owner_label=_text(budget, "owner"),
        rate_month=Month.parse(_text(rate, "month")) if rate["month"] else None,
        units_per_usd=Decimal(_text(rate, "units_per_usd")),
        tokens_unpriced=int(_text(payload, "tokens_unpriced")),
        data_until=datetime.fromisoformat(_text(payload, "data_until")) if payload["data_until"] else None,
        evaluated_at=datetime.fromisoformat(_text(payload, "evaluated_at")),
    )


def _read_forecast(forecast: JsonObject, currency: str) -> ForecastFigures:
    return ForecastFigures(
        total=Money(Decimal(_text(forecast, "total")), currency),
        lo_80=Money(Decimal(_text(forecast, "lo_80")), currency),
        hi_80=Money(Decimal(_text(forecast, "hi_80")), currency),
        probability_over=read_share(forecast["probability_over_percent"]),
        crossing_date=_date(forecast["crossing_date"]),
        is_calibrated=bool(forecast["calibrated"]),
        made_at=datetime.fromisoformat(_text(forecast, "made_at")),
    )


def _read_driver(driver: JsonObject) -> Driver:
    return Driver(
        cost_center=cast(str | None, driver["cost_center"]),
        model_id=cast(str | None, driver["model"]),
        share=read_share(driver["share_percent"]),
    )


def _part(payload: JsonObject, name: str) -> JsonObject:
    return cast(JsonObject, payload[name])


def _text(payload: JsonObject, name: str) -> str:
    return str(payload[name])


def _date(value: Json) -> date | None:
    return None if value is None else date.fromisoformat(str(value))
