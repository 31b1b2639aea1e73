"""One function per model of billing: everything needed and nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts.domain.audit import ActorKind
from billing.domain.catalog import Price, PriceBook, PriceKey
from billing.domain.collection import ConnectionKind, Source, WindowState
from billing.domain.connections import ConnectionState, Purpose
from billing.domain.dimensions import (
    TOKEN_CLASSES,
    Namespace,
    Provider,
    Routing,
    RoutingClass,
    SeriesKey,
    Tier,
    TokenClass,
)
from billing.domain.records import TokenCounts, UsageRecord
from billing.models import (
    AwsConnection,
    BilledCost,
    BilledSeries,
    CollectionWindow,
    ExchangeRate,
    MeteredCall,
    PriceOverride,
    SavedView,
    SeriesAssignment,
    UsageEvent,
    UsageEventDay,
    UsageSeries,
)
from billing.operations.rating import series_key_of, touched_days
from billing.operations.usage import replace_window
from billing.sql import ensure_months

ACCOUNT = "111122223333"
CONNECTED_AT = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def make_connection(
    *,
    kind: ConnectionKind = ConnectionKind.PAYER,
    aws_account_id: str = ACCOUNT,
    state: ConnectionState = ConnectionState.VERIFIED,
    aws_regions: tuple[str, ...] = ("us-east-1",),
    connected_at: datetime = CONNECTED_AT,
    **columns: Any,
) -> AwsConnection:
    """A connection that was verified."""
    is_held = state not in (ConnectionState.PENDING, ConnectionState.REFUSED, ConnectionState.DISCONNECTED)
    return AwsConnection.objects.create(
        **{
            "role_arn": f"arn:aws:iam::{aws_account_id}:role/Yosan",
            "external_id": "a-long-random-text",
            "holds_role": is_held,
            "created_at": connected_at,
            "verified_at": connected_at,
            **columns,
        },
        kind=kind,
        aws_account_id=aws_account_id,
        state=state,
        aws_regions=list(aws_regions),
        connected_at=connected_at,
    )


def make_metered_call(**columns: Any) -> MeteredCall:
    """What was asked of AWS for a connection in a month."""
    return MeteredCall.objects.create(
        **{
            "connection": columns.get("connection") or make_connection(),
            "month": CONNECTED_AT.date(),
            "source": Source.CLOUDWATCH,
            "purpose": Purpose.PRESENT,
            "operation": "cloudwatch:GetMetricData",
            **columns,
        }
    )


def make_usage_event(**columns: Any) -> UsageEvent:
    """What another meter told, as it came."""
    return UsageEvent.objects.create(
        **{
            "source": "gateway",
            "event_id": "1",
            "time": CONNECTED_AT,
            "provider": Provider.AZURE_OPENAI,
            "model": "gpt-5.1",
            "received_at": CONNECTED_AT,
            **columns,
        }
    )


def make_usage_event_day() -> UsageEventDay:
    """A day that was added up from events."""
    return UsageEventDay.objects.create(date=CONNECTED_AT.date(), stored_at=CONNECTED_AT)


def make_window(
    connection: AwsConnection,
    *,
    source: Source = Source.CLOUDWATCH,
    aws_region: str = "us-east-1",
    start: datetime = CONNECTED_AT,
    end: datetime | None = None,
    state: WindowState = WindowState.DUE,
    **columns: Any,
) -> CollectionWindow:
    """A window that waits to be read; one that is DONE is filled to its end."""
    end = end or start + timedelta(days=1)
    done = {"filled_until": end, "read_at": end, "stored_at": end, "rated_at": end} if state is WindowState.DONE else {}
    due = {"next_attempt_at": start} if state is WindowState.DUE else {}
    return CollectionWindow.objects.create(
        **{**done, **due, **columns},
        connection=connection,
        source=source,
        aws_region="" if source is Source.COST_EXPLORER else aws_region,
        window_start=start,
        window_end=end,
        state=state,
    )


def make_series(
    *,
    model_id: str = "claude-sonnet-4-5",
    aws_region: str = "us-east-1",
    aws_account_id: str = ACCOUNT,
    routing: Routing = Routing.GLOBAL,
    tags: Mapping[str, str] | None = None,
    **columns: Any,
) -> UsageSeries:
    """A series of one model in one region."""
    return UsageSeries.objects.create(
        **{
            "namespace": Namespace.BEDROCK,
            "aws_model_id": f"global.{model_id or 'unknown'}",
            "tier": Tier.STANDARD,
            "publisher": "Anthropic",
            "first_seen_at": CONNECTED_AT,
            **columns,
        },
        aws_account_id=aws_account_id,
        aws_region=aws_region,
        model_id=model_id,
        routing=routing,
        tags=dict(tags or {}),
    )


def make_usage(
    series: UsageSeries,
    hours: Mapping[datetime, TokenCounts | int],
    *,
    invocations: int = 1,
    now: datetime = CONNECTED_AT,
) -> None:
    """Store usage of a series hour by hour, rated with the prices that are stored, and rolled up; an int is input tokens.

    Replaces what the series' account and region have between the first and the last of the hours.
    """
    key = series_key_of(series)
    records = [
        UsageRecord(key, hour, invocations, tokens if isinstance(tokens, TokenCounts) else TokenCounts(input=tokens))
        for hour, tokens in sorted(hours.items())
    ]
    store_records(records, now=now, start=min(hours), end=max(hours) + HOUR)


def store_records(records: list[UsageRecord], *, start: datetime, end: datetime, now: datetime = CONNECTED_AT) -> int:
    """Store records of one account and region in place of what is there from start to end."""
    key = records[0].series
    for table in ("billing_hourlyusage", "billing_dailyusage"):
        ensure_months(table, touched_days(start, end))
    place = {"aws_account_id": key.aws_account_id, "aws_region": key.aws_region}
    model_ids = {record.series.model_id for record in records}
    rows, _ = replace_window(place, (start, end), [records], model_ids=model_ids, now=now)
    return rows


def make_billed(
    connection: AwsConnection,
    costs: Mapping[date, str],
    *,
    service: str = "Amazon Bedrock",
    usage_type: str = "USE1-input-tokens",
    aws_account_id: str = ACCOUNT,
    currency: str = "USD",
    is_estimated: bool = False,
    **columns: Any,
) -> BilledSeries:
    """A line of the bill with its cost on each day."""
    series = BilledSeries.objects.create(
        connection=connection,
        aws_account_id=aws_account_id,
        service=service,
        usage_type=usage_type,
        unit="1K tokens",
        currency=currency,
        first_seen_at=CONNECTED_AT,
        **columns,
    )
    ensure_months("billing_billedcost", costs)
    for day, cost in costs.items():
        BilledCost.objects.create(
            date=day,
            series_id=series.pk,
            cost_unblended=Decimal(cost),
            cost_net_unblended=Decimal(cost),
            cost_amortized=Decimal(cost),
            quantity=Decimal(1),
            is_estimated=is_estimated,
        )
    return series


def make_override(
    *,
    model_id: str = "claude-sonnet-4-5",
    token_class: TokenClass = TokenClass.INPUT,
    rate: str = "1",
    effective_from: datetime = CONNECTED_AT,
    effective_to: datetime | None = None,
    aws_region: str = "*",
    routing_class: RoutingClass = RoutingClass.GLOBAL,
) -> PriceOverride:
    """An organization's own price."""
    return PriceOverride.objects.create(
        model_id=model_id,
        aws_region=aws_region,
        routing_class=routing_class,
        tier=Tier.STANDARD,
        token_class=token_class,
        context_band="STANDARD",
        rate_usd_per_million=Decimal(rate),
        effective_from=effective_from,
        effective_to=effective_to,
        source="a contract",
        source_date=effective_from.date(),
        entered_by="Ada",
        entered_at=effective_from,
    )


def make_all_overrides(rates: Mapping[TokenClass, str], **key: Any) -> None:
    """An organization's own price of several token classes."""
    for token_class, rate in rates.items():
        make_override(token_class=token_class, rate=rate, **key)


def make_assignment(series: UsageSeries | BilledSeries, center_id: int, **columns: Any) -> SeriesAssignment:
    """Who pays for a series."""
    column = "usage_series" if isinstance(series, UsageSeries) else "billed_series"
    return SeriesAssignment.objects.create(**{column: series, "origin": "TAG", **columns}, cost_center_id=center_id)


def make_exchange_rate(
    *, month: date = date(2026, 11, 1), currency: str = "JPY", units: str = "152.57"
) -> ExchangeRate:
    """A rate that was entered by hand."""
    return ExchangeRate.objects.create(
        month_date=month,
        currency=currency,
        units_per_usd=Decimal(units),
        source="the bank",
        entered_by="Fay",
        entered_at=CONNECTED_AT,
    )


def make_saved_view(*, name: str = "October", is_shared: bool = True, owner_id: str = "1", **columns: Any) -> SavedView:
    """A question that a user keeps."""
    return SavedView.objects.create(
        **{"question": {"period": "last_month"}, **columns},
        name=name,
        is_shared=is_shared,
        owner_kind=ActorKind.USER,
        owner_id=owner_id,
        owner_label="Ada",
        saved_at=CONNECTED_AT,
    )


def price_book(rates: Mapping[TokenClass, str], *, model_id: str = "claude-sonnet-4-5") -> PriceBook:
    """A price book that knows one model, everywhere."""
    return PriceBook(
        prices=tuple(
            Price(
                key=PriceKey(
                    model_id=model_id,
                    aws_region="*",
                    routing_class=routing_class,
                    tier=Tier.STANDARD,
                    token_class=token_class,
                ),
                rate_usd_per_million=Decimal(rate),
                effective_from=datetime(2024, 1, 1, tzinfo=UTC),
                effective_to=None,
                source="a list",
                source_date=date(2026, 1, 1),
            )
            for token_class, rate in rates.items()
            for routing_class in RoutingClass
        )
    )


def tokens(**counts: int) -> TokenCounts:
    """Token counts by class."""
    assert set(counts) <= {token_class.value for token_class in TOKEN_CLASSES}
    return TokenCounts(**counts)


def key_of(series: UsageSeries) -> SeriesKey:
    """A stored series as a value."""
    return series_key_of(series)
