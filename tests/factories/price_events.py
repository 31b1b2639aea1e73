"""Rates that moved, and cuts that were announced."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from billing.domain.announcements import AnnouncementOrigin
from billing.domain.dimensions import CostHeading, Provider
from billing.domain.price_events import EventKind
from billing.models import Announcement, AwsConnection, BilledCost, BilledSeries, PriceEvent
from billing.operations.learnt_rates import mark_learning_due
from billing.sql import ensure_months

AT = datetime(2026, 11, 1, tzinfo=UTC)


def make_price_event(**given: Any) -> PriceEvent:
    """Make a move of one rate."""
    defaults: dict[str, Any] = {
        "kind": EventKind.OBSERVED.value,
        "model_id": "claude-sonnet-4-5",
        "aws_region": "us-east-1",
        "routing_class": "GLOBAL",
        "tier": "STANDARD",
        "token_class": "input",
        "context_band": "STANDARD",
        "rate_before": Decimal(3),
        "rate_after": Decimal("2.25"),
        "first_day": date(2026, 10, 15),
        "found_at": AT,
    }
    return PriceEvent.objects.create(**{**defaults, **given})


def make_announcement(**given: Any) -> Announcement:
    """Make an announced cut of a quarter."""
    defaults: dict[str, Any] = {
        "origin": AnnouncementOrigin.REGISTERED.value,
        "title": "A quarter off",
        "provider": Provider.AWS_BEDROCK.value,
        "model_ids": ["claude-sonnet-4-5"],
        "routing_class": "GLOBAL",
        "percent": Decimal(25),
        "first_day": date(2026, 10, 15),
        "source": "A letter of 1 October",
        "registered_by": "Ada",
        "registered_at": AT,
    }
    return Announcement.objects.create(**{**defaults, **given})


def make_billed_line(
    connection: AwsConnection,
    days: Mapping[date, tuple[int, str]],
    **given: Any,
) -> BilledSeries:
    """A line of the bill that is read: tokens and the rate per million on each day."""
    reading: dict[str, Any] = {
        "aws_account_id": connection.aws_account_id,
        "service": "Claude Sonnet 4.5 (Amazon Bedrock Edition)",
        "unit": "Units",
        "currency": "USD",
        "first_seen_at": AT,
        "aws_region": "us-east-1",
        "model_id": "claude-sonnet-4-5",
        "publisher": "Anthropic",
        "token_class": "input",
        "tier": "STANDARD",
        "routing_class": "GLOBAL",
        "context_band": "STANDARD",
        "heading": CostHeading.TOKENS,
        "tokens_per_unit": 1_000_000,
        "reading": 1,
        **given,
    }
    usage_type = "-".join(
        str(reading[name]) for name in ("aws_region", "model_id", "routing_class", "tier", "token_class")
    )
    series = BilledSeries.objects.create(connection=connection, **{"usage_type": usage_type, **reading})
    put_billed_days(series, days)
    return series


def put_billed_days(series: BilledSeries, days: Mapping[date, tuple[int, str]]) -> None:
    """Put days of a line in place of what they were; there is something to learn then."""
    ensure_months("billing_billedcost", days)
    BilledCost.objects.filter(series_id=series.pk, date__in=list(days)).delete()
    BilledCost.objects.bulk_create(
        BilledCost(
            date=day,
            series_id=series.pk,
            cost_unblended=tokens * Decimal(rate) / 1_000_000,
            cost_net_unblended=tokens * Decimal(rate) / 1_000_000,
            cost_amortized=tokens * Decimal(rate) / 1_000_000,
            quantity=Decimal(tokens) / (series.tokens_per_unit or 1),
            is_estimated=False,
        )
        for day, (tokens, rate) in days.items()
    )
    mark_learning_due()
