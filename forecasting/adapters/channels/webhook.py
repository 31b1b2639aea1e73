"""Signed webhook: one JSON document by POST, signed as Standard Webhooks says (https://www.standardwebhooks.com)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from django.conf import settings
from standardwebhooks import Webhook

from accounts.domain.audit import Json
from forecasting.adapters.channels.base import DeliveryFailed, Destination, Message
from forecasting.adapters.channels.egress import Egress
from forecasting.adapters.channels.text import absolute_links, finding_text
from forecasting.domain.channels import Failure, MessageKind

EVENT_TYPES: Mapping[MessageKind, str] = {
    MessageKind.BUDGET_ALERT: "budget_alert.raised",
    MessageKind.CHANNEL_TEST: "channel.tested",
}
# The receiver is there but cannot take it now; any other 4xx is an answer that will not change by itself.
TRANSIENT_STATUSES = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)


class WebhookChannel:
    """Posts a message to the address of the channel, through the egress guard."""

    def __init__(self, egress: Egress | None = None) -> None:
        self._egress = egress

    def send(self, message: Message, destination: Destination, *, now: datetime) -> None:
        """Send it, or raise DeliveryFailed. Whatever is not 2xx is a failure."""
        body = webhook_body(message, destination)
        egress = self._egress or Egress(allowed_hosts=tuple(settings.WEBHOOK_ALLOWED_HOSTS))
        status = egress.post(
            destination.address, body=body, headers=signed_headers(message.id, body, secret=destination.secret, now=now)
        )
        _raise_unless_accepted(status)


def webhook_body(message: Message, destination: Destination) -> bytes:
    """Return the document that is sent: type, time and data; the same bytes at every attempt."""
    data: dict[str, Json] = {
        **{name: part for name, part in message.payload.items() if name != "paths"},
        "id": message.id,
        "channel": destination.name,
        "text": finding_text(message, destination.language),
        "links": dict(absolute_links(message)),
    }
    document = {
        "type": EVENT_TYPES[message.kind],
        "timestamp": message.created_at.astimezone(UTC).isoformat(),
        "data": data,
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def signed_headers(message_id: str, body: bytes, *, secret: str, now: datetime) -> dict[str, str]:
    """Return the headers by which a receiver knows that the message is ours, new, and not a repetition."""
    # The library takes the clock's digits for UTC whatever zone they are in.
    moment = now.astimezone(UTC)
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Yosan-Webhook/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, moment, body.decode()),
    }


def _raise_unless_accepted(status: int) -> None:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return
    detail = f"HTTP {status}"
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        raise DeliveryFailed(Failure.REDIRECTED, detail, permanent=True)
    if status in TRANSIENT_STATUSES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise DeliveryFailed(Failure.UNAVAILABLE, detail)
    raise DeliveryFailed(Failure.REFUSED, detail, permanent=True)
