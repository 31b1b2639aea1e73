"""Alerts over REST: what was crossed, on which figures, and who was told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.template.loader import render_to_string
from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters
from accounts.domain.roles import Permission
from forecasting.api.deliveries import DELIVERY_EXAMPLE, DeliveryOutput, serialize_delivery
from forecasting.domain.alerts import FindingCode
from forecasting.domain.payloads import decimal_text, percent_text, snapshot_payload
from forecasting.domain.thresholds import AlertKind
from forecasting.queries.alerts import (
    AlertEventValue,
    AlertNotFound,
    find_evaluation,
    get_alert_event,
    list_alert_events,
)
from forecasting.queries.channels import DeliveryValue, list_deliveries_of_events

ALERT_EXAMPLE = {
    "id": 7,
    "budget": {"id": 42, "name": "Search team"},
    "kind": "FORECAST",
    "threshold_percent": "100",
    "period_start": "2026-11-01",
    "finding": "On pace to exceed by 28 % (¥1.2 M), crossing the budget around 24 Nov, 81 % likely.",
    "finding_code": "WILL_EXCEED",
    "at_stake": "1204000",
    "currency": "JPY",
    "owner": "Ada",
    "since": "2026-11-10T09:04:00Z",
    "data_until": "2026-11-10T09:00:00Z",
    "deliveries": [DELIVERY_EXAMPLE],
}


class AlertBudgetOutput(serializers.Serializer[Any]):
    """The budget that the alert is about, by the name it had then."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class AlertOutput(serializers.Serializer[Any]):
    """A threshold that was crossed, as known when it was."""

    id = serializers.IntegerField()
    budget = AlertBudgetOutput()
    kind = serializers.ChoiceField(choices=[kind.value for kind in AlertKind])
    threshold_percent = serializers.CharField()
    period_start = serializers.DateField()
    finding = serializers.CharField(help_text="One sentence, for people.")
    finding_code = serializers.ChoiceField(choices=[code.value for code in FindingCode], help_text="For programs.")
    at_stake = serializers.CharField(help_text="What the month comes to above the amount; 0 when it fits.")
    currency = serializers.CharField(help_text="Of the budget.")
    owner = serializers.CharField(help_text="Empty: nobody.")
    since = serializers.DateTimeField()
    data_until = serializers.DateTimeField(
        allow_null=True, help_text="Null: a source that was connected since had not been read yet."
    )
    deliveries = DeliveryOutput(many=True)
    example = ALERT_EXAMPLE


class AlertDetailOutput(AlertOutput):
    """An alert with every figure it rests on."""

    evidence = serializers.JSONField(help_text="What a webhook gets as `data.alert`: amounts as decimal text.")
    example = {
        **ALERT_EXAMPLE,
        "evidence": {"spent": "1600000", "spent_percent": "37.2093", "forecast": {"total": "5504000"}},
    }


class AlertParameters(PageParameters):
    """Which alerts."""

    budget = serializers.IntegerField(
        default=None, allow_null=True, min_value=1, max_value=2**63 - 1, help_text="The id of a budget."
    )


class AlertPageFields(serializers.Serializer[Any]):
    """When the rules were last looked at."""

    evaluated_at = serializers.DateTimeField(allow_null=True, help_text="Null: never.")
    data_until = serializers.DateTimeField(allow_null=True)
    example = {"evaluated_at": "2026-11-10T09:05:00Z", "data_until": "2026-11-10T09:00:00Z"}


class AlertList(OrganizationApiView):
    """Alerts: the newest month first, in it most money at stake first."""

    permissions = {"GET": Permission.VIEW_SPEND}
    Parameters = AlertParameters
    Output = AlertOutput
    PageFields = AlertPageFields

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        """List alerts and what became of each message."""
        asked = self.read_parameters()
        page = list_alert_events(budget_id=asked["budget"], after=asked["after"], limit=asked["limit"])
        deliveries = list_deliveries_of_events(event.id for event in page.rows)
        evaluation = find_evaluation()
        return self.page(
            page,
            lambda event: _serialize(event, deliveries.get(event.id, ())),
            evaluated_at=evaluation.evaluated_at if evaluation else None,
            data_until=evaluation.data_until if evaluation else None,
        )


class AlertDetail(OrganizationApiView):
    """One alert."""

    permissions = {"GET": Permission.VIEW_SPEND}
    Output = AlertDetailOutput
    errors = {"GET": (AlertNotFound,)}

    def get(self, request: OrganizationApiRequest, alert_id: int) -> Response:  # noqa: ARG002 - as above
        """Return one alert with every figure it rests on."""
        event = get_alert_event(alert_id)
        deliveries = list_deliveries_of_events([alert_id]).get(alert_id, ())
        return Response({**_serialize(event, deliveries), "evidence": snapshot_payload(event.snapshot)})


def _serialize(event: AlertEventValue, deliveries: Sequence[DeliveryValue]) -> dict[str, object]:
    alert = event.snapshot
    return {
        "id": event.id,
        "budget": {"id": event.budget_id, "name": alert.budget_name},
        "kind": alert.kind.value,
        "threshold_percent": percent_text(alert.percent),
        "period_start": alert.period_start,
        "finding": render_to_string("forecasting/alerts/finding_plain.txt", {"alert": alert}).strip(),
        "finding_code": alert.finding.value,
        "at_stake": decimal_text(alert.at_stake.amount),
        "currency": alert.amount.currency,
        "owner": alert.owner_label,
        "since": event.raised_at,
        "data_until": alert.data_until,
        "deliveries": [serialize_delivery(delivery) for delivery in deliveries],
    }
