"""Splits of shared cost over REST, and the business metrics that some go by; statements distribute by them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters
from accounts.domain.closed_months import MonthIsClosed
from accounts.domain.names import NAME_LIMIT, NameMissing, NameTooLong, NameUnprintable
from accounts.domain.roles import Permission
from billing.api.catalog import page_of
from billing.domain.allocation_rules import CostCenterUnknown
from billing.domain.money import plain
from billing.domain.periods import Month
from billing.domain.shared_costs import (
    MetricMissing,
    MonthsReversed,
    PercentagesWrong,
    PoolHasASplit,
    PoolReceives,
    PoolsInACircle,
    SharesMissing,
    SharesTooMany,
    Split,
    SplitMethod,
)
from billing.operations.shared_costs import (
    ImpossibleMetric,
    SplitNameTaken,
    create_split,
    delete_split,
    enter_metric,
)
from billing.queries.shared_costs import SplitNotFound, get_split, list_splits

MAX_ID = 2**63 - 1
MONTH = r"\A20[1-9]\d-(0[1-9]|1[0-2])\Z"
NAME_ERRORS = (NameMissing, NameTooLong, NameUnprintable)


class ShareField(serializers.Serializer[Any]):
    """A cost center that receives a part."""

    cost_center_id = serializers.IntegerField(min_value=1, max_value=MAX_ID)
    percent = serializers.DecimalField(
        max_digits=9,
        decimal_places=6,
        min_value=Decimal(0),
        max_value=Decimal(100),
        default=None,
        allow_null=True,
        help_text="With the method FIXED: its percentage, a decimal number; they add up to 100.",
    )


class SharedCostSplitInput(serializers.Serializer[Any]):
    """How the statement distributes what a cost center costs, or what nobody pays for."""

    name = serializers.CharField(max_length=NAME_LIMIT)
    pool_id = serializers.IntegerField(
        min_value=1,
        max_value=MAX_ID,
        default=None,
        allow_null=True,
        help_text="The cost center whose cost is distributed; null: what nobody pays for.",
    )
    method = serializers.ChoiceField(choices=[method.value for method in SplitMethod])
    metric = serializers.CharField(
        max_length=NAME_LIMIT, default="", allow_blank=True, help_text="With the method METRIC: its name."
    )
    first_month = serializers.RegexField(MONTH, default=None, allow_null=True, help_text="`2026-10`")
    last_month = serializers.RegexField(MONTH, default=None, allow_null=True, help_text="`2026-12`")
    shares = ShareField(many=True, help_text="Who receives a part.")
    example = {
        "name": "Platform",
        "pool_id": 9,
        "method": "DIRECT_COST",
        "shares": [{"cost_center_id": 3}, {"cost_center_id": 4}],
    }


class ShareOutput(serializers.Serializer[Any]):
    """A cost center that receives a part."""

    cost_center_id = serializers.IntegerField()
    percent = serializers.CharField(allow_null=True, help_text="A decimal number.")


class SharedCostSplitOutput(serializers.Serializer[Any]):
    """A split."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    pool_id = serializers.IntegerField(allow_null=True)
    method = serializers.CharField()
    metric = serializers.CharField()
    first_month = serializers.CharField(allow_null=True)
    last_month = serializers.CharField(allow_null=True)
    shares = ShareOutput(many=True)
    example = {
        "id": 2,
        "name": "Platform",
        "pool_id": 9,
        "method": "DIRECT_COST",
        "metric": "",
        "first_month": None,
        "last_month": None,
        "shares": [{"cost_center_id": 3, "percent": None}, {"cost_center_id": 4, "percent": None}],
    }


class BusinessMetricInput(serializers.Serializer[Any]):
    """What a metric came to in a month for a cost center, in place of what was said before."""

    metric = serializers.CharField(max_length=NAME_LIMIT)
    month = serializers.RegexField(MONTH, help_text="`2026-10`")
    cost_center_id = serializers.IntegerField(min_value=1, max_value=MAX_ID)
    value = serializers.DecimalField(max_digits=24, decimal_places=6, min_value=Decimal(0))
    example = {"metric": "orders", "month": "2026-10", "cost_center_id": 3, "value": "1200"}


class BusinessMetricOutput(serializers.Serializer[Any]):
    """The audit line of what was entered."""

    audit_event_id = serializers.IntegerField()
    example = {"audit_event_id": 1842}


class SharedCostSplitList(OrganizationApiView):
    """The splits of shared cost, by name."""

    permissions = {"GET": Permission.VIEW_SPEND, "POST": Permission.EDIT_COST_CENTERS}
    Parameters = PageParameters
    Input = SharedCostSplitInput
    Output = SharedCostSplitOutput
    errors = {
        "POST": (
            *NAME_ERRORS,
            CostCenterUnknown,
            MetricMissing,
            MonthIsClosed,
            MonthsReversed,
            PercentagesWrong,
            PoolHasASplit,
            PoolReceives,
            PoolsInACircle,
            SharesMissing,
            SharesTooMany,
            SplitNameTaken,
        )
    }

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        """List shared-cost splits."""
        asked = self.read_parameters()
        return self.page(page_of(list_splits(), lambda one: (one.name,), asked["after"], asked["limit"]), _split)

    def post(self, request: OrganizationApiRequest) -> Response:
        """Create a split: statements of its months distribute by it."""
        given = self.read_input()
        months = {name: Month.parse(given[name]) if given[name] else None for name in ("first_month", "last_month")}
        wanted = Split(
            id=0,
            name=given["name"],
            pool_id=given["pool_id"],
            method=SplitMethod(given["method"]),
            metric=given["metric"],
            shares={one["cost_center_id"]: one["percent"] for one in given["shares"]},
            **months,
        )
        return Response(_split(create_split(actor=request.actor, split=wanted, now=request.now)), status=201)


class SharedCostSplitDetail(OrganizationApiView):
    """One split of shared cost."""

    permissions = {"GET": Permission.VIEW_SPEND, "DELETE": Permission.EDIT_COST_CENTERS}
    Output = SharedCostSplitOutput
    errors = {"GET": (SplitNotFound,), "DELETE": (SplitNotFound, MonthIsClosed)}

    def get(self, request: OrganizationApiRequest, split_id: int) -> Response:  # noqa: ARG002 - as above
        """Return one split."""
        return Response(_split(get_split(split_id)))

    def delete(self, request: OrganizationApiRequest, split_id: int) -> Response:
        """Delete a split: its pool keeps its cost, in statements of past months too."""
        delete_split(actor=request.actor, split_id=split_id)
        return Response(status=204)


class BusinessMetricList(OrganizationApiView):
    """What business metrics came to."""

    permissions = {"POST": Permission.EDIT_COST_CENTERS}
    Input = BusinessMetricInput
    Output = BusinessMetricOutput
    errors = {"POST": (*NAME_ERRORS, CostCenterUnknown, ImpossibleMetric, MonthIsClosed)}

    def post(self, request: OrganizationApiRequest) -> Response:
        """Enter what a metric came to in a month for a cost center."""
        given = self.read_input()
        event_id = enter_metric(
            actor=request.actor,
            name=given["metric"],
            month=Month.parse(given["month"]),
            cost_center_id=given["cost_center_id"],
            value=given["value"],
            now=request.now,
        )
        return Response({"audit_event_id": event_id}, status=201)


def _split(split: Split) -> dict[str, object]:
    return {
        "id": split.id,
        "name": split.name,
        "pool_id": split.pool_id,
        "method": split.method.value,
        "metric": split.metric,
        "first_month": str(split.first_month) if split.first_month else None,
        "last_month": str(split.last_month) if split.last_month else None,
        "shares": [
            {"cost_center_id": center, "percent": None if percent is None else plain(percent)}
            for center, percent in sorted(split.shares.items())
        ],
    }
