"""The price of watching a connection over REST: what was asked of AWS, what it costs, and what it may cost."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.domain.roles import Permission
from billing.domain.collection import Source
from billing.domain.connections import Purpose
from billing.domain.money import plain
from billing.domain.watching import WatchingLimitOutOfRange
from billing.operations.watching import change_watching_limit
from billing.queries.connections import ConnectionNotFound, get_connection
from billing.queries.watching import Metered, MonthOfWatching, Watching, get_watching


class MeteredOutput(serializers.Serializer[Any]):
    """The requests of one AWS operation in this month."""

    operation = serializers.CharField()
    source = serializers.ChoiceField(choices=[item.value for item in Source], allow_null=True)  # type: ignore[assignment] # DRF takes declared fields off the class
    purpose = serializers.ChoiceField(
        choices=[item.value for item in Purpose],
        help_text="`PRESENT`: every month anew. `PAST`: once. `CHECK`: to try the role.",
    )
    requests = serializers.IntegerField(help_text="Each page is one.")
    metrics = serializers.IntegerField(help_text="Asked for by GetMetricData: what CloudWatch charges for.")
    charge_usd = serializers.CharField(help_text="Estimated by AWS's list prices; a decimal number.")


class WatchingMonthOutput(serializers.Serializer[Any]):
    """What a UTC month's questions came to."""

    month = serializers.CharField()
    present_usd = serializers.CharField(help_text="What the limit is for.")
    once_usd = serializers.CharField(help_text="The past and checks of the role.")
    requests = serializers.IntegerField()
    metrics = serializers.IntegerField()


class WatchingOutput(serializers.Serializer[Any]):
    """What watching costs this UTC month, and how the rest of it is read."""

    limit_usd_per_month = serializers.CharField()
    charged_usd = serializers.CharField(help_text="For the present, so far: what the limit is for.")
    once_usd = serializers.CharField(help_text="For the past and for checks, so far: not in the limit.")
    expected_usd = serializers.CharField(help_text="What the month comes to for the present.")
    every_hours = serializers.IntegerField(help_text="How often the present is read; 24: once a day.")
    spend_share = serializers.CharField(help_text="The share of the spend that is read so often; the rest once a day.")
    daily_usd_per_month = serializers.CharField(help_text="The daily readings alone, which never stop.")
    hourly_usd_per_month = serializers.CharField(help_text="What reading 95 % of the spend every hour takes.")
    is_over_limit = serializers.BooleanField()
    operations = MeteredOutput(many=True)
    months = WatchingMonthOutput(many=True)
    example = {
        "limit_usd_per_month": "1",
        "charged_usd": "0.41",
        "once_usd": "0.62",
        "expected_usd": "0.83",
        "every_hours": 1,
        "spend_share": "0.9871",
        "daily_usd_per_month": "0.47",
        "hourly_usd_per_month": "0.79",
        "is_over_limit": False,
        "operations": [
            {
                "operation": "cloudwatch:GetMetricData",
                "source": "CLOUDWATCH",
                "purpose": "PRESENT",
                "requests": 812,
                "metrics": 41000,
                "charge_usd": "0.41",
            }
        ],
        "months": [{"month": "2026-11", "present_usd": "0.41", "once_usd": "0.62", "requests": 1040, "metrics": 49000}],
    }


class WatchingInput(serializers.Serializer[Any]):
    """What watching may cost a month."""

    limit_usd_per_month = serializers.DecimalField(max_digits=8, decimal_places=2)
    example = {"limit_usd_per_month": "2.50"}


class ConnectionWatching(OrganizationApiView):
    """The price of watching one connection."""

    permissions = {"GET": Permission.VIEW_SPEND, "PATCH": Permission.EDIT_CONNECTIONS}
    Input = WatchingInput
    Output = WatchingOutput
    errors = {"GET": (ConnectionNotFound,), "PATCH": (ConnectionNotFound, WatchingLimitOutOfRange)}

    def get(self, request: OrganizationApiRequest, connection_id: int) -> Response:
        """Return what watching costs."""
        connection = get_connection(connection_id)
        return Response(_serialize(get_watching(connection.id, now=request.now)))

    def patch(self, request: OrganizationApiRequest, connection_id: int) -> Response:
        """Change the limit; the plan follows at once."""
        given = self.read_input()
        if "limit_usd_per_month" in given:
            change_watching_limit(
                actor=request.actor,
                connection_id=connection_id,
                limit_usd=given["limit_usd_per_month"],
                now=request.now,
            )
        connection = get_connection(connection_id)
        return Response(_serialize(get_watching(connection.id, now=request.now)))


def _serialize(watching: Watching) -> dict[str, object]:
    plan = watching.plan
    return {
        "limit_usd_per_month": plain(plan.limit_usd),
        "charged_usd": plain(plan.spent_usd),
        "once_usd": plain(watching.once_usd),
        "expected_usd": plain(round(plan.expected_usd, 6)),
        "every_hours": plan.every_hours,
        "spend_share": plain(round(plan.share, 6)),
        "daily_usd_per_month": plain(round(plan.daily_usd, 6)),
        "hourly_usd_per_month": plain(round(plan.hourly_usd, 6)),
        "is_over_limit": plan.is_over_limit,
        "operations": [_call(call) for call in watching.calls],
        "months": [_month(month) for month in watching.months],
    }


def _call(call: Metered) -> dict[str, object]:
    return {
        "operation": call.operation,
        "source": call.source,
        "purpose": call.purpose,
        "requests": call.requests,
        "metrics": call.metrics,
        "charge_usd": plain(call.charge_usd),
    }


def _month(month: MonthOfWatching) -> dict[str, object]:
    return {
        "month": f"{month.month:%Y-%m}",
        "present_usd": plain(month.present_usd),
        "once_usd": plain(month.once_usd),
        "requests": month.requests,
        "metrics": month.metrics,
    }
