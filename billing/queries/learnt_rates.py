"""Rates learnt from the bill: what AWS charged for a million tokens, from which day on, and the lines that say so."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import QuerySet

from billing.domain.catalog import PriceKey
from billing.domain.dimensions import ContextBand, RoutingClass, Tier, TokenClass
from billing.models import LearntRate, RateLearning


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntEvidence:
    """What a rate was learnt from: the UTC days, what they cost and counted, and the lines of the bill."""

    first_day: date
    last_day: date
    days: int
    cost: Decimal
    tokens: Decimal
    series_ids: tuple[int, ...]  # of BilledSeries
    is_estimated: bool  # AWS may still change the last day's figures


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntPrice:
    """A rate per million tokens that the bill shows, from a UTC day up to, but not including, another."""

    key: PriceKey
    rate_usd_per_million: Decimal
    currency: str
    effective_from: date
    effective_to: date | None
    is_list_rate: bool
    evidence: LearntEvidence


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningState:
    """Whether the bill waits to be learnt from, when it last was, and the days that could not be believed."""

    is_due: bool
    learnt_at: datetime | None
    days_refused: int


def list_learnt_rates(model_id: str | None = None) -> tuple[LearntPrice, ...]:
    """Return the rates learnt from the bill, of one model or all, by key and time."""
    rows = learnt_rows(None if model_id is None else [model_id]).order_by(
        "model_id", "aws_region", "routing_class", "tier", "token_class", "context_band", "effective_from"
    )
    return tuple(map(_learnt, rows))


def learnt_rows(model_ids: Collection[str] | None) -> QuerySet[LearntRate, LearntRate]:
    """Return the stored rates of some models or all."""
    rows = LearntRate.objects.all()
    return rows if model_ids is None else rows.filter(model_id__in=model_ids)


def get_learning_state() -> LearningState:
    """Return how learning stands; without any bill nothing is due and nothing was ever learnt."""
    row = RateLearning.objects.first()
    if row is None:
        return LearningState(is_due=False, learnt_at=None, days_refused=0)
    return LearningState(is_due=row.is_due, learnt_at=row.learnt_at, days_refused=row.days_refused)


def _learnt(row: LearntRate) -> LearntPrice:
    return LearntPrice(
        key=PriceKey(
            model_id=row.model_id,
            aws_region=row.aws_region,
            routing_class=RoutingClass(row.routing_class),
            tier=Tier(row.tier),
            token_class=TokenClass(row.token_class),
            context_band=ContextBand(row.context_band),
        ),
        rate_usd_per_million=row.rate_usd_per_million,
        currency=row.currency,
        effective_from=row.effective_from.date(),
        effective_to=None if row.effective_to is None else row.effective_to.date(),
        is_list_rate=row.is_list_rate,
        evidence=LearntEvidence(
            first_day=row.first_day,
            last_day=row.last_day,
            days=row.days,
            cost=row.cost,
            tokens=row.tokens,
            series_ids=tuple(row.series_ids),
            is_estimated=row.is_estimated,
        ),
    )
