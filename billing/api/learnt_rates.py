"""Rates learnt from the bill over REST, with the days and the lines of the bill that say so."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters
from accounts.domain.roles import Permission
from billing.api.catalog import Key, page_of
from billing.domain.dimensions import ContextBand, RoutingClass, Tier, TokenClass
from billing.domain.money import plain
from billing.queries.learnt_rates import LearntPrice, list_learnt_rates


class LearntRateOutput(serializers.Serializer[Any]):
    """What AWS charged for a million tokens, from a UTC day up to another."""

    model = serializers.CharField()
    aws_region = serializers.CharField()
    routing_class = serializers.ChoiceField(choices=[item.value for item in RoutingClass])
    tier = serializers.ChoiceField(choices=[item.value for item in Tier])
    token_class = serializers.ChoiceField(choices=[item.value for item in TokenClass])
    context_band = serializers.ChoiceField(choices=[item.value for item in ContextBand])
    price_per_million_tokens = serializers.CharField(
        help_text="Cost divided by tokens, after private discounts, without credits and tax; a decimal number."
    )
    currency = serializers.CharField()
    first_day = serializers.DateField(help_text="The first UTC day on which the bill showed the rate.")
    until_day = serializers.DateField(allow_null=True, help_text="Not included; null while it is in force.")
    is_list_rate = serializers.BooleanField(help_text="It is the published price, to within what amounts can tell.")
    last_billed_day = serializers.DateField()
    days = serializers.IntegerField(help_text="Days of the bill that say so.")
    billed_cost = serializers.CharField(help_text="Of these days; a decimal number.")
    billed_tokens = serializers.CharField(help_text="Of these days; a decimal number.")
    is_estimated = serializers.BooleanField(help_text="AWS may still change the last day's figures.")
    example = {
        "model": "claude-sonnet-4-5",
        "aws_region": "us-east-1",
        "routing_class": "GLOBAL",
        "tier": "STANDARD",
        "token_class": "input",
        "context_band": "STANDARD",
        "price_per_million_tokens": "2.25",
        "currency": "USD",
        "first_day": "2026-10-15",
        "until_day": None,
        "is_list_rate": False,
        "last_billed_day": "2026-11-22",
        "days": 39,
        "billed_cost": "1211.0625",
        "billed_tokens": "538250000",
        "is_estimated": True,
    }


class LearntRateParameters(PageParameters):
    """Of which model, where and for what."""

    model = serializers.CharField(max_length=128, default=None, help_text="The canonical id of a model.")
    aws_region = serializers.CharField(max_length=32, default=None, help_text="A region as AWS writes it.")
    token_class = serializers.ChoiceField(choices=[item.value for item in TokenClass], default=None)
    is_list_rate = serializers.BooleanField(
        default=None, allow_null=True, help_text="Only those that are the published price, or only the others."
    )


class LearntRateList(OrganizationApiView):
    """Rates learnt from the organization's own bill: they go after own prices and before published ones."""

    permissions = {"GET": Permission.VIEW_SPEND}
    Parameters = LearntRateParameters
    Output = LearntRateOutput

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        """List learnt rates by model, place, token class and time."""
        asked = self.read_parameters()
        rows = [row for row in list_learnt_rates(asked["model"]) if _is_wanted(row, asked)]
        return self.page(page_of(rows, _key, asked["after"], asked["limit"]), _serialize)


def _is_wanted(row: LearntPrice, asked: dict[str, Any]) -> bool:
    return (
        asked["aws_region"] in (None, row.key.aws_region)
        and asked["token_class"] in (None, row.key.token_class)
        and asked["is_list_rate"] in (None, row.is_list_rate)
    )


def _key(row: LearntPrice) -> Key:
    key = row.key
    where = (key.model_id, key.aws_region, key.routing_class, key.tier, key.token_class, key.context_band)
    return (*where, row.effective_from.isoformat())


def _serialize(row: LearntPrice) -> dict[str, object]:
    return {
        "model": row.key.model_id,
        "aws_region": row.key.aws_region,
        "routing_class": row.key.routing_class,
        "tier": row.key.tier,
        "token_class": row.key.token_class,
        "context_band": row.key.context_band,
        "price_per_million_tokens": plain(row.rate_usd_per_million),
        "currency": row.currency,
        "first_day": row.effective_from,
        "until_day": row.effective_to,
        "is_list_rate": row.is_list_rate,
        "last_billed_day": row.evidence.last_day,
        "days": row.evidence.days,
        "billed_cost": plain(row.evidence.cost),
        "billed_tokens": plain(row.evidence.tokens),
        "is_estimated": row.evidence.is_estimated,
    }
