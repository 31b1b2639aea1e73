"""Rates that moved, and cuts that were announced."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from billing.domain.announcements import AnnouncementOrigin
from billing.domain.dimensions import Provider
from billing.domain.price_events import EventKind
from billing.models import Announcement, PriceEvent

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
