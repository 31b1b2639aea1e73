"""Deliveries over REST: what was sent to a channel, and a message once more."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.celery import nudge
from accounts.access.declarations import PageParameters
from accounts.domain.roles import Permission
from forecasting.domain.channels import ChannelKind, DeliveryState, Failure
from forecasting.operations.channels import ChannelDisabled
from forecasting.operations.deliveries import DeliveryUnderWay, replay_delivery
from forecasting.queries.channels import (
    ChannelNotFound,
    DeliveryNotFound,
    DeliveryValue,
    get_delivery,
    list_deliveries,
)

DELIVER = "forecasting.tasks.deliver_notification"
DELIVERY_EXAMPLE = {
    "id": 12,
    "alert_id": 7,
    "channel": {"id": 3, "name": "Finance", "kind": "EMAIL"},
    "message_id": "alert_6b1c0f6e-0f7e-5d0f-9d1e-3c2b1a0f9e8d",
    "state": "SENT",
    "attempts": 1,
    "failure": None,
    "failure_detail": "",
    "created_at": "2026-11-10T09:04:00Z",
    "next_attempt_at": None,
    "sent_at": "2026-11-10T09:04:02Z",
}


class DeliveryChannelOutput(serializers.Serializer[Any]):
    """Where a message went."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=[kind.value for kind in ChannelKind])


class DeliveryOutput(serializers.Serializer[Any]):
    """What became of one message to one channel."""

    id = serializers.IntegerField()
    alert_id = serializers.IntegerField(allow_null=True, help_text="Null: a test message.")
    channel = DeliveryChannelOutput()
    message_id = serializers.CharField(help_text="The webhook-id: the same for every attempt.")
    state = serializers.ChoiceField(choices=[state.value for state in DeliveryState])
    attempts = serializers.IntegerField()
    failure = serializers.ChoiceField(choices=[failure.value for failure in Failure], allow_null=True)
    failure_detail = serializers.CharField()
    created_at = serializers.DateTimeField()
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    sent_at = serializers.DateTimeField(allow_null=True)
    example = DELIVERY_EXAMPLE


class DeliveryList(OrganizationApiView):
    """What was sent to a channel."""

    permissions = {"GET": Permission.VIEW_SPEND}
    Parameters = PageParameters
    Output = DeliveryOutput
    errors = {"GET": (ChannelNotFound,)}

    def get(self, request: OrganizationApiRequest, channel_id: int) -> Response:  # noqa: ARG002 - every handler gets its request
        """List deliveries, newest first."""
        asked = self.read_parameters()
        return self.page(list_deliveries(channel_id, after=asked["after"], limit=asked["limit"]), serialize_delivery)


class DeliveryReplayList(OrganizationApiView):
    """Repetitions of a message."""

    permissions = {"POST": Permission.EDIT_CHANNELS}
    Output = DeliveryOutput
    statuses = {"POST": 202}
    errors = {"POST": (DeliveryNotFound, DeliveryUnderWay, ChannelDisabled)}

    def post(self, request: OrganizationApiRequest, delivery_id: int) -> Response:
        """Have a message that was sent, or failed, sent again under the same id."""
        replay_delivery(actor=request.actor, delivery_id=delivery_id, now=request.now)
        return delivery_under_way(request, delivery_id)


def serialize_delivery(delivery: DeliveryValue) -> dict[str, object]:
    """Return a delivery as the API tells it."""
    return {
        "id": delivery.id,
        "alert_id": delivery.event_id,
        "channel": {"id": delivery.channel_id, "name": delivery.channel_name, "kind": delivery.channel_kind.value},
        "message_id": delivery.message_id,
        "state": delivery.state.value,
        "attempts": delivery.attempt,
        "failure": delivery.failure.value if delivery.failure else None,
        "failure_detail": delivery.failure_detail,
        "created_at": delivery.created_at,
        "next_attempt_at": delivery.next_attempt_at,
        "sent_at": delivery.sent_at,
    }


def delivery_under_way(request: OrganizationApiRequest, delivery_id: int) -> Response:
    """Have a worker send a message now, and answer how it stands."""
    nudge(DELIVER, organization_id=request.organization.id, delivery_id=delivery_id)
    return Response(serialize_delivery(get_delivery(delivery_id)), status=202)
