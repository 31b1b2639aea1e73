"""Channels; deliveries, those that are due and those that were."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.domain.errors import NotFound
from accounts.domain.pages import Page
from accounts.domain.text import gettext_noop
from forecasting.domain.channels import ChannelKind, ChannelState, DeliveryState, Failure, MessageKind
from forecasting.models import Delivery, NotificationChannel

Deliveries = QuerySet[Delivery, Delivery]


class ChannelNotFound(NotFound):
    """No such channel in this organization."""

    code = "channel_not_found"
    message = gettext_noop("There is no such channel.")


class DeliveryNotFound(NotFound):
    """No such delivery in this organization."""

    code = "delivery_not_found"
    message = gettext_noop("There is no such delivery.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelValue:
    """A channel as it stands; its secret is not part of it."""

    id: int
    kind: ChannelKind
    name: str
    address: str
    language: str
    state: ChannelState
    version: int
    failing_since: datetime | None
    created_at: datetime

    @property
    def is_active(self) -> bool:
        return self.state is ChannelState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryValue:
    """What became of one message to one channel."""

    id: int
    event_id: int | None
    channel_id: int
    channel_name: str
    channel_kind: ChannelKind
    message_kind: MessageKind
    message_id: str
    state: DeliveryState
    attempt: int
    failure: Failure | None
    failure_detail: str
    created_at: datetime
    attempted_at: datetime | None
    next_attempt_at: datetime | None
    sent_at: datetime | None

    @property
    def is_moving(self) -> bool:
        """Whether something will still happen to it by itself."""
        return self.state in (DeliveryState.PENDING, DeliveryState.SENDING)


def list_channels(*, disabled: bool = True) -> tuple[ChannelValue, ...]:
    """Return the channels by name; without the disabled ones if asked."""
    rows = NotificationChannel.objects.all()
    if not disabled:
        rows = rows.filter(state=ChannelState.ACTIVE)
    return tuple(sorted((channel_value(row) for row in rows), key=lambda value: (value.name.casefold(), value.id)))


def get_channel(channel_id: int) -> ChannelValue:
    """Return one channel. Raises ChannelNotFound."""
    row = NotificationChannel.objects.filter(pk=channel_id).first()
    if row is None:
        raise ChannelNotFound
    return channel_value(row)


def list_deliveries(channel_id: int, *, after: str | None = None, limit: int = 50) -> Page[DeliveryValue]:
    """Return a channel's delivery log, newest first. Raises ChannelNotFound."""
    get_channel(channel_id)
    rows = Delivery.objects.filter(channel_id=channel_id).select_related("channel").order_by("-id")
    if after is not None:
        rows = rows.filter(id__lt=int(after))
    found = list(rows[: limit + 1])
    values = tuple(delivery_value(row) for row in found[:limit])
    return Page(rows=values, next=str(values[-1].id) if len(found) > limit else None)


def get_delivery(delivery_id: int) -> DeliveryValue:
    """Return one delivery. Raises DeliveryNotFound."""
    row = Delivery.objects.filter(pk=delivery_id).select_related("channel").first()
    if row is None:
        raise DeliveryNotFound
    return delivery_value(row)


def list_deliveries_of_events(event_ids: Iterable[int]) -> Mapping[int, tuple[DeliveryValue, ...]]:
    """Return the deliveries of each event, by channel name."""
    found: defaultdict[int, list[DeliveryValue]] = defaultdict(list)
    for row in Delivery.objects.filter(event_id__in=list(event_ids)).select_related("channel").order_by("id"):
        assert row.event_id is not None
        found[row.event_id].append(delivery_value(row))
    return {
        event_id: tuple(sorted(values, key=lambda value: (value.channel_name.casefold(), value.id)))
        for event_id, values in found.items()
    }


def list_due_delivery_ids(*, now: datetime, limit: int = 200) -> tuple[int, ...]:
    """Return the deliveries that somebody should send now, longest due first."""
    return tuple(
        due(Delivery.objects.all(), now).order_by("next_attempt_at", "id").values_list("id", flat=True)[:limit]
    )


def due(deliveries: Deliveries, now: datetime) -> Deliveries:
    """Narrow to what may be claimed: what is pending and due, and what a worker claimed and never finished."""
    waiting = Q(state=DeliveryState.PENDING, next_attempt_at__lte=now)
    abandoned = Q(state=DeliveryState.SENDING, lease_until__lte=now)
    return deliveries.filter(waiting | abandoned)


def channel_value(row: NotificationChannel) -> ChannelValue:
    """Return a stored channel as a value."""
    return ChannelValue(
        id=row.pk,
        kind=ChannelKind(row.kind),
        name=row.name,
        address=row.address,
        language=row.language,
        state=ChannelState(row.state),
        version=row.version,
        failing_since=row.failing_since,
        created_at=row.created_at,
    )


def delivery_value(row: Delivery) -> DeliveryValue:
    """Return a stored delivery, with its channel, as a value."""
    return DeliveryValue(
        id=row.pk,
        event_id=row.event_id,
        channel_id=row.channel_id,
        channel_name=row.channel.name,
        channel_kind=ChannelKind(row.channel.kind),
        message_kind=MessageKind(row.message_kind),
        message_id=row.message_id,
        state=DeliveryState(row.state),
        attempt=row.attempt,
        failure=Failure(row.failure) if row.failure else None,
        failure_detail=row.failure_detail,
        created_at=row.created_at,
        attempted_at=row.attempted_at,
        next_attempt_at=row.next_attempt_at,
        sent_at=row.sent_at,
    )
