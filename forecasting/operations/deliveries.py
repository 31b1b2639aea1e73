"""Deliver one message: claim it, send it, write down what became of it; send it again when a person asks."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

import structlog
from django.db.models import F

from accounts.domain.audit import Actor
from accounts.domain.errors import Conflict
from accounts.domain.text import gettext_noop
from accounts.operations.audit import record_event
from accounts.tenancy.context import tenant_transaction
from forecasting.adapters.channels import CHANNELS, Channel, DeliveryFailed, Destination, Message
from forecasting.domain.channels import (
    LEASE,
    MAX_ATTEMPTS,
    ChannelKind,
    ChannelState,
    DeliveryState,
    Failure,
    MessageKind,
    next_attempt_at,
)
from forecasting.models import Delivery, NotificationChannel
from forecasting.operations.channels import ChannelDisabled, signing_secret
from forecasting.queries.channels import DeliveryNotFound, due

log = structlog.get_logger()
_random = secrets.SystemRandom()


class DeliveryUnderWay(Conflict):
    """It will be sent, or is being sent right now."""

    code: ClassVar[str] = "delivery_under_way"
    message: ClassVar[str] = gettext_noop("This message is still on its way.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """One delivery in our hands until the lease runs out; `attempt` is how we prove later that it still is."""

    delivery_id: int
    attempt: int
    kind: ChannelKind
    message: Message
    destination: Destination


def deliver(
    *, delivery_id: int, now: datetime, channels: Mapping[ChannelKind, Channel] = CHANNELS
) -> DeliveryState | None:
    """Send one message if it is due and nobody else has it, and return its state; None when there was nothing to do.

    The network call stands between two transactions. A worker that dies between sending and writing it down leaves a
    lease that runs out: the message is then sent once more, under the same id.
    """
    with tenant_transaction():
        claim = _claim(delivery_id, now)
    if not isinstance(claim, _Claim):
        return claim
    started = time.monotonic()
    failed = None
    try:
        channels[claim.kind].send(claim.message, claim.destination, now=now)
    except DeliveryFailed as error:
        failed = error
    finished = now + timedelta(seconds=time.monotonic() - started)
    with tenant_transaction():
        return _write_down(claim, failed, finished)


def replay_delivery(*, actor: Actor, delivery_id: int, now: datetime) -> int:
    """Have a message sent again, under the same id, and return the delivery's id.

    Raises DeliveryNotFound, DeliveryUnderWay or ChannelDisabled.
    """
    with tenant_transaction():
        row = Delivery.objects.select_for_update(of=["self"]).filter(pk=delivery_id).select_related("channel").first()
        if row is None:
            raise DeliveryNotFound
        if row.state not in (DeliveryState.SENT, DeliveryState.FAILED):
            raise DeliveryUnderWay
        if row.channel.state != ChannelState.ACTIVE:
            raise ChannelDisabled
        record_event(
            actor=actor,
            verb="delivery.replayed",
            target=f"delivery:{row.pk}",
            before={"state": str(row.state), "message_id": row.message_id},
        )
        row.state, row.attempt, row.next_attempt_at = DeliveryState.PENDING, 0, now
        row.save(update_fields=["state", "attempt", "next_attempt_at"])
        return row.pk


def _claim(delivery_id: int, now: datetime) -> _Claim | DeliveryState | None:
    rows = Delivery.objects.filter(pk=delivery_id)
    claimed = due(rows, now).update(
        state=DeliveryState.SENDING, lease_until=now + LEASE, attempt=F("attempt") + 1, attempted_at=now
    )
    if not claimed:
        return None
    row = rows.select_related("channel").get()
    if row.channel.state != ChannelState.ACTIVE:
        return _give_up(row, Failure.CHANNEL_DISABLED)
    if row.attempt > MAX_ATTEMPTS:
        # Every worker that took it died: the message itself may be what kills them.
        return _give_up(row, Failure.INTERRUPTED)
    return _Claim(
        delivery_id=row.pk,
        attempt=row.attempt,
        kind=ChannelKind(row.channel.kind),
        message=Message(
            id=row.message_id, kind=MessageKind(row.message_kind), payload=row.payload, created_at=row.created_at
        ),
        destination=Destination(
            name=row.channel.name,
            address=row.channel.address,
            language=row.channel.language,
            secret=signing_secret(row.channel.secret_salt),
        ),
    )


def _give_up(row: Delivery, failure: Failure) -> DeliveryState:
    row.state, row.failure, row.failure_detail = DeliveryState.FAILED, failure, ""
    row.next_attempt_at = row.lease_until = None
    row.save(update_fields=["state", "failure", "failure_detail", "next_attempt_at", "lease_until"])
    return DeliveryState.FAILED


def _write_down(claim: _Claim, failed: DeliveryFailed | None, now: datetime) -> DeliveryState:
    outcome = _outcome(claim, failed, now)
    mine = Delivery.objects.filter(pk=claim.delivery_id, state=DeliveryState.SENDING, attempt=claim.attempt)
    if not mine.update(lease_until=None, **outcome):
        # Our lease ran out and somebody else took over; what they find is what counts.
        log.warning("delivery_lease_lost", delivery_id=claim.delivery_id, attempt=claim.attempt)
        return DeliveryState.SENDING
    _mark_channel(claim, failed, now)
    state = DeliveryState(str(outcome["state"]))
    log.info(
        "delivery_attempted",
        delivery_id=claim.delivery_id,
        attempt=claim.attempt,
        state=state.value,
        failure=failed.failure.value if failed else "",
    )
    return state


def _outcome(claim: _Claim, failed: DeliveryFailed | None, now: datetime) -> dict[str, object]:
    if failed is None:
        return {
            "state": DeliveryState.SENT,
            "sent_at": now,
            "next_attempt_at": None,
            "failure": "",
            "failure_detail": "",
        }
    again = None
    if not failed.permanent:
        again = next_attempt_at(attempt=claim.attempt, now=now, jitter=_random.random())
    return {
        "state": DeliveryState.PENDING if again else DeliveryState.FAILED,
        "next_attempt_at": again,
        "failure": failed.failure,
        "failure_detail": failed.detail,
    }


def _mark_channel(claim: _Claim, failed: DeliveryFailed | None, now: datetime) -> None:
    """Keep on the channel since when nothing arrives, so that its page and the list can say so."""
    channel = NotificationChannel.objects.filter(deliveries=claim.delivery_id)
    if failed is None:
        channel.filter(failing_since__isnull=False).update(failing_since=None)
    else:
        channel.filter(failing_since__isnull=True).update(failing_since=now)
