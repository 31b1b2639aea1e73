"""Spend over REST."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.patience import REPORT
from accounts.domain.roles import Permission
from billing.api.questions import GroupedOutput, QuestionParameters, named_key, period_text, question_of, row_period
from billing.domain.dimensions import Basis
from billing.domain.money import plain
from billing.queries.collection import get_data_until
from billing.queries.costs import SpendRow, list_spend
from billing.queries.questions import SpendQuestion


class SpendParameters(QuestionParameters):
    """Which spend."""

    basis = serializers.ChoiceField(
        choices=[basis.value for basis in Basis],
        default=Basis.RATED.value,
        help_text="`rated`: tokens times a price, an estimate that is hours old. `billed`: what AWS put on the bill.",
    )


class SpendOutput(GroupedOutput):
    """Cost of one group in one period."""

    service = serializers.CharField(required=False, help_text="Billed only: the service that the bill names.")
    usage_type = serializers.CharField(required=False, help_text="Billed only.")
    heading = serializers.CharField(
        required=False,
        help_text="Billed only: `TOKENS`, `GUARDRAILS`, `AGENTCORE`…; `UNRECOGNIZED` where the usage type is not understood.",
    )
    charge_category = serializers.CharField(required=False, help_text="Billed only: `USAGE`, `CREDIT`, `TAX`…")
    cost = serializers.CharField(help_text="A decimal number, unrounded.")
    currency = serializers.CharField(help_text="The currency of the facts.")
    cost_assumed = serializers.CharField(
        required=False,
        help_text="Rated only: the part of `cost` that rests on an assumption, since AWS does not tell the life of a "
        "written cache entry or the length of a prompt.",
    )
    tokens_unpriced = serializers.IntegerField(
        required=False, help_text="Rated only: tokens that have no price and are not in `cost`."
    )
    cost_estimated = serializers.CharField(
        required=False, help_text="Billed only: the part of `cost` that AWS calls an estimate and may still change."
    )
    example = {
        "period": "2026-10-01",
        "model": "claude-sonnet-4-5",
        "aws_region": "us-east-1",
        "cost": "12.345678",
        "currency": "USD",
        "cost_assumed": "0.123",
        "tokens_unpriced": 0,
    }


class SpendPageFields(serializers.Serializer[Any]):
    """What the answer says about all its rows."""

    data_until = serializers.CharField(
        allow_null=True,
        help_text="Up to when the figures are complete: a time for rated, a UTC date (not included) for billed.",
    )
    basis = serializers.ChoiceField(choices=[basis.value for basis in Basis])
    time_zone = serializers.CharField(help_text="Whose days the periods are.")
    example = {"data_until": "2026-11-10T08:00:00Z", "basis": "rated", "time_zone": "UTC"}


class SpendList(OrganizationApiView):
    """Spend by period and group, in the order of period and group."""

    permissions = {"GET": Permission.VIEW_SPEND}
    statement_limit = REPORT
    Parameters = SpendParameters
    Output = SpendOutput
    PageFields = SpendPageFields

    def get(self, request: OrganizationApiRequest) -> Response:
        """List spend."""
        asked = self.read_parameters()
        basis = Basis(asked["basis"])
        question = question_of(request, asked, basis)
        page = list_spend(question, after=asked["after"], limit=asked["limit"])
        return self.page(
            page,
            lambda row: _serialize(row, question),
            data_until=data_until_text(request, basis),
            basis=basis.value,
            time_zone=question.time_zone,
        )


def data_until_text(request: OrganizationApiRequest, basis: Basis) -> str | None:
    """Up to when the facts of a basis are complete, as the answers tell it."""
    reached = get_data_until(now=request.now)
    moment = reached.rated if basis is Basis.RATED else reached.billed
    return None if moment is None else period_text(moment)


def _serialize(row: SpendRow, question: SpendQuestion) -> dict[str, object]:
    told: dict[str, object] = {"period": row_period(question, row.period), **named_key(question, row.key)}
    told |= {"cost": plain(row.cost), "currency": row.currency}
    if question.basis is Basis.RATED:
        return told | {"cost_assumed": plain(row.cost_assumed), "tokens_unpriced": row.tokens_unpriced}
    return told | {"cost_estimated": plain(row.cost_estimated)}
