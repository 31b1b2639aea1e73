"""One function per model of the upper floor's budgets, alerts and channels, and spend for them to watch.

Inside a tenant transaction: everything needed and nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from accounts.models import CostCenter
from billing.domain.collection import ConnectionKind, Source, WindowState
from billing.domain.connections import ConnectionState
from billing.domain.dimensions import TOKEN_CLASSES, Namespace, Routing, Tier
from billing.models import (
    AwsConnection,
    CollectionWindow,
    ExchangeRate,
    HourlyUsage,
    RateCard,
    SeriesAssignment,
    UsageSeries,
)
from billing.operations.rating import roll_up
from billing.sql import ensure_months
from forecasting.domain.channels import ChannelKind, MessageKind
from forecasting.models import (
    AlertEvaluation,
    AlertEvent,
    AlertRule,
    AlertRuleChannel,
    Budget,
    Delivery,
    ForecastPoint,
    ForecastRun,
    NotificationChannel,
)

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
ACCOUNT = "123456789012"
REGION = "us-east-1"
_serial = count(1)


def make_budget(**fields: Any) -> Budget:
    return Budget.objects.create(
        **{
            "name": f"Budget {next(_serial)}",
            "scope_kind": "ORGANIZATION",
            "amount": Decimal(1000),
            "currency": "USD",
            "created_at": LONG_AGO,
            "changed_at": LONG_AGO,
            **fields,
        }
    )


def make_channel(**fields: Any) -> NotificationChannel:
    return NotificationChannel.objects.create(
        **{
            "kind": ChannelKind.EMAIL,
            "name": f"Channel {next(_serial)}",
            "address": "finance@acme.test",
            "created_at": LONG_AGO,
            "changed_at": LONG_AGO,
            **fields,
        }
    )


def make_webhook(**fields: Any) -> NotificationChannel:
    return make_channel(
        **{"kind": ChannelKind.WEBHOOK, "address": "https://hooks.example.com/y", "secret_salt": "a1" * 32, **fields}
    )


def make_alert_rule(
    budget: Budget | None = None, *channels: NotificationChannel, percent: int = 80, kind: str = "ACTUAL"
) -> AlertRule:
    rule = AlertRule.objects.create(budget=budget or make_budget(), threshold_percent=Decimal(percent), kind=kind)
    for channel in channels:
        AlertRuleChannel.objects.create(rule=rule, channel=channel)
    return rule


def make_alert_rule_channel() -> AlertRuleChannel:
    return AlertRuleChannel.objects.create(rule=make_alert_rule(), channel=make_channel())


def make_alert_event(budget: Budget | None = None, **fields: Any) -> AlertEvent:
    return AlertEvent.objects.create(
        **{
            "budget": budget or make_budget(),
            "threshold_percent": Decimal(80),
            "kind": "ACTUAL",
            "period_start": date(2026, 11, 1),
            "payload": {},
            "at_stake_usd": Decimal(0),
            "raised_at": LONG_AGO,
            **fields,
        }
    )


def make_delivery(channel: NotificationChannel | None = None, **fields: Any) -> Delivery:
    """A test message that is due."""
    return Delivery.objects.create(
        **{
            "channel": channel or make_channel(),
            "message_kind": MessageKind.CHANNEL_TEST,
            "message_id": f"test_{next(_serial)}",
            "payload": {
                "test": {"organization_name": "Acme", "requested_by": "Ada"},
                "paths": {"channel": "/o/acme/channels/1/"},
            },
            "next_attempt_at": LONG_AGO,
            "created_at": LONG_AGO,
            **fields,
        }
    )


def make_alert_evaluation() -> AlertEvaluation:
    return AlertEvaluation.objects.create(evaluated_at=LONG_AGO, budgets=0)


def make_rate(currency: str = "JPY", *, month: date = date(2026, 11, 1), units: str = "150") -> ExchangeRate:
    return ExchangeRate.objects.create(
        month_date=month, currency=currency, units_per_usd=Decimal(units), entered_by="Ada", entered_at=LONG_AGO
    )


def make_data_until(moment: datetime, *, stored_at: datetime | None = None, account: str = ACCOUNT) -> AwsConnection:
    """A connection whose usage is stored up to a moment and no further."""
    connection = AwsConnection.objects.create(
        kind=ConnectionKind.PAYER,
        role_arn=f"arn:aws:iam::{account}:role/Yosan",
        aws_account_id=account,
        external_id=f"external-{next(_serial)}",
        state=ConnectionState.VERIFIED,
        created_at=LONG_AGO,
        connected_at=moment - timedelta(days=1),
        verified_at=LONG_AGO,
    )
    CollectionWindow.objects.create(
        connection=connection,
        source=Source.CLOUDWATCH,
        aws_region=REGION,
        window_start=LONG_AGO,
        window_end=moment + timedelta(days=1),
        filled_until=moment,
        state=WindowState.DONE,
        stored_at=stored_at or moment,
    )
    return connection


def make_series(*, model_id: str = "amazon.nova-pro", cost_center: CostCenter | None = None) -> UsageSeries:
    series = UsageSeries.objects.create(
        aws_account_id=ACCOUNT,
        aws_region=REGION,
        namespace=Namespace.BEDROCK,
        aws_model_id=f"{model_id}.{next(_serial)}",
        tier=Tier.STANDARD,
        model_id=model_id,
        publisher="Amazon",
        routing=Routing.IN_REGION,
        first_seen_at=LONG_AGO,
    )
    if cost_center is not None:
        SeriesAssignment.objects.create(usage_series=series, cost_center=cost_center, origin="TAG")
    return series


def _rate_card(*, has_price: bool) -> RateCard:
    """The card that an hour was rated with says whether its tokens have a price."""
    rate = {"rate": "1" if has_price else None, "source": "a list", "is_assumed": False}
    card, _ = RateCard.objects.get_or_create(
        fingerprint="priced" if has_price else "unpriced",
        defaults={
            "model_id": "amazon.nova-pro",
            "aws_region": REGION,
            "routing_class": "REGIONAL",
            "tier": "STANDARD",
            "rates": {token_class.value: rate for token_class in TOKEN_CLASSES},
            **{f"is_assumed_{token_class.value}": False for token_class in TOKEN_CLASSES},
        },
    )
    return card


def make_spend(costs: Mapping[datetime, str | int | None], *, series: UsageSeries | None = None) -> UsageSeries:
    """Dollars by UTC hour; None: a thousand tokens that have no price."""
    series = series or make_series()
    hours = sorted(costs)
    for table in ("billing_hourlyusage", "billing_dailyusage"):
        ensure_months(table, {hour.date() for hour in hours})
    for hour in hours:
        cost = costs[hour]
        names = [token_class.value for token_class in TOKEN_CLASSES]
        HourlyUsage.objects.create(
            hour=hour,
            series_id=series.pk,
            invocations=1,
            client_errors=0,
            server_errors=0,
            throttles=0,
            **{f"tokens_{name}": 1000 if name == "input" else 0 for name in names},
            **{f"cost_{name}": Decimal(0) for name in names if name != "input"},
            cost_input=None if cost is None else Decimal(cost),
            rate_card_id=_rate_card(has_price=cost is not None).pk,
        )
    roll_up([series.pk], hours[0], hours[-1] + timedelta(hours=1))
    return series


def make_forecast(
    total: str | int, *, month: date = date(2026, 11, 1), made_at: datetime, **fields: Any
) -> ForecastRun:
    """A forecast of a scope's month with a band of a tenth on either side, reaching its total on the last three days."""
    amount = Decimal(total)
    run = ForecastRun.objects.create(
        **{
            "scope_kind": "ORGANIZATION",
            "scope_key": "",
            "month": month,
            "data_until": made_at,
            "made_at": made_at,
            "method": "ensemble",
            "calibrated": True,
            "history_days": 90,
            "currency": "USD",
            "spent_to_date": Decimal(0),
            "total": amount,
            "lo_50": amount * Decimal("0.95"),
            "hi_50": amount * Decimal("1.05"),
            "lo_80": amount * Decimal("0.9"),
            "hi_80": amount * Decimal("1.1"),
            "lo_95": amount * Decimal("0.85"),
            "hi_95": amount * Decimal("1.15"),
            **fields,
        }
    )
    for day, share in ((28, Decimal("0.6")), (29, Decimal("0.8")), (30, Decimal(1))):
        reached = amount * share
        ForecastPoint.objects.create(
            run=run,
            date=month.replace(day=day),
            amount=amount / 5,
            running_total=reached,
            lo_80=reached,
            hi_80=reached,
            lo_95=reached,
            hi_95=reached,
        )
    return run
