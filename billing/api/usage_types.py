"""The usage types of the bill over REST, read-only."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters
from accounts.domain.roles import Permission
from billing.api.catalog import page_of
from billing.domain.dimensions import CostHeading
from billing.domain.money import plain
from billing.domain.usage_types import UsageTypeState
from billing.queries.usage_types import UsageTypeLine, get_usage_type_report


class UsageTypeOutput(serializers.Serializer[Any]):
    """A usage type of AWS's bill: what it was read as, how its unit is known, and what it cost in the last 30 days."""

    service = serializers.CharField(help_text="As the bill names it.")
    usage_type = serializers.CharField()
    state = serializers.ChoiceField(
        choices=[state.value for state in UsageTypeState],
        help_text="`UNRECOGNIZED`: counts as money without a model. `CONTRADICTED`: its cost fits the list price neither "
        "per thousand nor per million tokens. `UNPROVED`: there is nothing to compare with. `READ`: nothing is open.",
    )
    region_prefix = serializers.CharField()
    aws_region = serializers.CharField(help_text="Empty where it is not told.")
    model = serializers.CharField(allow_null=True, help_text="The canonical id; null without one.")
    publisher = serializers.CharField(allow_null=True)
    token_class = serializers.CharField(allow_null=True, help_text="Null for a line that does not count tokens.")
    tier = serializers.CharField(allow_null=True)
    routing = serializers.CharField(allow_null=True, help_text="`REGIONAL` or `GLOBAL`.")
    context_band = serializers.CharField(allow_null=True)
    unit = serializers.CharField(help_text="What the spelling promises that a unit is.")
    family = serializers.CharField(help_text="Which family of spellings it is of: A to E, or empty.")
    heading = serializers.ChoiceField(choices=[heading.value for heading in CostHeading])
    tokens_per_unit = serializers.IntegerField(
        allow_null=True, help_text="How many tokens a unit is, as cost and quantity prove; null where nothing does."
    )
    unit_proof = serializers.CharField(help_text="`PROVED`, `TOLD`, `CONTRADICTED`, `UNPROVED`, or empty: no tokens.")
    accounts = serializers.IntegerField(help_text="On the bills of how many AWS accounts it stands.")
    cost = serializers.CharField(help_text="Billed cost of the last 30 UTC days, unrounded, in `currency`.")
    quantity = serializers.CharField(help_text="In units of the bill.")
    rate_per_million = serializers.CharField(
        allow_null=True, help_text="Cost of a million tokens in these days, in `currency`; null without a proved unit."
    )
    currency = serializers.CharField()
    last_day = serializers.DateField(allow_null=True, help_text="The last of these days with it on the bill.")
    example = {
        "service": "Claude Sonnet 4.5 (Amazon Bedrock Edition)",
        "usage_type": "USE1-MP:USE1_OutputTokenCount_Global-Units",
        "state": "READ",
        "region_prefix": "USE1",
        "aws_region": "us-east-1",
        "model": "claude-sonnet-4-5",
        "publisher": "Anthropic",
        "token_class": "output",
        "tier": "STANDARD",
        "routing": "GLOBAL",
        "context_band": "STANDARD",
        "unit": "1M tokens",
        "family": "C",
        "heading": "TOKENS",
        "tokens_per_unit": 1_000_000,
        "unit_proof": "PROVED",
        "accounts": 1,
        "cost": "812.25",
        "quantity": "54.15",
        "rate_per_million": "15",
        "currency": "USD",
        "last_day": "2026-11-09",
    }


class UsageTypeParameters(PageParameters):
    """Which usage types."""

    state = serializers.ChoiceField(
        choices=[state.value for state in UsageTypeState], default=None, help_text="How well they were read."
    )
    heading = serializers.ChoiceField(
        choices=[heading.value for heading in CostHeading], default=None, help_text="Under which heading they stand."
    )


class UsageTypeList(OrganizationApiView):
    """The usage types of AWS's bill, by service and name."""

    permissions = {"GET": Permission.VIEW_SPEND}
    Parameters = UsageTypeParameters
    Output = UsageTypeOutput

    def get(self, request: OrganizationApiRequest) -> Response:
        """List usage types."""
        asked = self.read_parameters()
        lines = (
            line
            for line in get_usage_type_report(now=request.now).lines
            if asked["state"] in (None, line.state) and asked["heading"] in (None, line.heading)
        )
        page = page_of(lines, _key, asked["after"], asked["limit"])
        return self.page(page, _serialize)


def _key(line: UsageTypeLine) -> tuple[str, ...]:
    return (line.service, line.usage_type, line.unit_told, line.currency)


def _serialize(line: UsageTypeLine) -> dict[str, object]:
    rate = line.rate_per_million
    return {
        "service": line.service,
        "usage_type": line.usage_type,
        "state": line.state,
        "region_prefix": line.region_prefix,
        "aws_region": line.aws_region,
        "model": line.model_id or None,
        "publisher": line.publisher or None,
        "token_class": line.token_class or None,
        "tier": line.tier or None,
        "routing": line.routing or None,
        "context_band": line.context_band or None,
        "unit": line.unit,
        "family": line.family,
        "heading": line.heading,
        "tokens_per_unit": line.tokens_per_unit,
        "unit_proof": line.unit_proof,
        "accounts": line.accounts,
        "cost": plain(line.cost.amount),
        "quantity": plain(line.quantity),
        "rate_per_million": None if rate is None else plain(rate.amount),
        "currency": line.currency,
        "last_day": line.last_day,
    }
