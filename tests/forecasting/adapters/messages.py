"""Messages to try the channels with."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from billing.domain.money import Money
from billing.domain.periods import Month
from forecasting.adapters.channels.base import Destination, Message
from forecasting.domain.alerts import AlertSnapshot, Driver, ForecastFigures
from forecasting.domain.channels import MessageKind
from forecasting.domain.payloads import snapshot_payload
from forecasting.domain.thresholds import AlertKind

NOW = datetime(2026, 11, 10, 9, 4, tzinfo=UTC)


def yen(amount: int) -> Money:
    return Money(Decimal(amount), "JPY")


def snapshot(**fields: Any) -> AlertSnapshot:
    """November at Acme: on pace to exceed ¥4.3 M by 28 %."""
    return AlertSnapshot(
        **{
            "organization_slug": "acme",
            "organization_name": "Acme",
            "time_zone": "Asia/Tokyo",
            "budget_id": 42,
            "budget_name": "All of Acme",
            "scope_kind": "ORGANIZATION",
            "scope_key": "",
            "scope_label": "",
            "basis": "rated",
            "kind": AlertKind.FORECAST,
            "percent": Decimal(100),
            "period_start": date(2026, 11, 1),
            "period_end": date(2026, 12, 1),
            "amount": yen(4_300_000),
            "limit": yen(4_300_000),
            "spent": yen(1_600_000),
            "spent_share": Decimal("0.3721"),
            "reached_on": None,
            "forecast": ForecastFigures(
                total=yen(5_504_000),
                lo_80=yen(3_750_000),
                hi_80=yen(7_260_000),
                probability_over=Decimal("0.81"),
                crossing_date=date(2026, 11, 24),
                is_calibrated=True,
                made_at=NOW,
            ),
            "driver": Driver(cost_center="search", model_id="anthropic.claude-sonnet-4-5", share=Decimal("0.64")),
            "owner_label": "Ada",
            "rate_month": Month(2026, 10),
            "units_per_usd": Decimal("152.57"),
            "tokens_unpriced": 41_200,
            "data_until": NOW.replace(minute=0),
            "evaluated_at": NOW,
            **fields,
        }
    )


def alert_message(**fields: Any) -> Message:
    return Message(
        id="alert_0192",
        kind=MessageKind.BUDGET_ALERT,
        payload={
            "alert": snapshot_payload(snapshot(**fields)),
            "paths": {
                "alert": "/o/acme/alerts/7/",
                "budget": "/o/acme/budgets/42/",
                "channel": "/o/acme/channels/3/",
            },
        },
        created_at=NOW,
    )


def channel_test(**fields: Any) -> Message:
    return Message(
        id="test_0193",
        kind=MessageKind.CHANNEL_TEST,
        payload={
            "test": {"organization_name": "Acme", "requested_by": "Ada", **fields},
            "paths": {"channel": "/o/acme/channels/3/"},
        },
        created_at=NOW,
    )


def reader(language: str = "en", **fields: Any) -> Destination:
    return Destination(**{"name": "Finance", "address": "finance@acme.test", "language": language, **fields})
