"""Rates that a bill says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from billing.domain.dimensions import ContextBand, RoutingClass, Tier, TokenClass
from billing.models import LearntRate

FROM = datetime(2026, 11, 1, tzinfo=UTC)


def make_learnt_rate(rate: str = "2.25", **columns: Any) -> LearntRate:
    """A private rate of Claude Sonnet 4.5, global, a quarter under the list, on a day that AWS may still change."""
    since = columns.get("effective_from", FROM)
    return LearntRate.objects.create(
        **{
            "model_id": "claude-sonnet-4-5",
            "aws_region": "us-east-1",
            "routing_class": RoutingClass.GLOBAL,
            "tier": Tier.STANDARD,
            "token_class": TokenClass.INPUT,
            "context_band": ContextBand.STANDARD,
            "effective_from": since,
            "source": "AWS bill",
            "source_date": since.date(),
            "first_day": since.date(),
            "last_day": since.date(),
            "days": 1,
            "cost": rate,
            "tokens": "1000000",
            "series_ids": [1],
            "is_estimated": True,
            "is_list_rate": False,
            "learnt_at": since,
            **columns,
        },
        rate_usd_per_million=rate,
    )
