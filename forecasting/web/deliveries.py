"""Deliveries as pages list them, and the button that sends one again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access.celery import nudge
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.roles import Permission
from forecasting.domain.channels import DELIVERY_STATE_LABELS, FAILURE_LABELS, DeliveryState
from forecasting.operations.deliveries import replay_delivery
from forecasting.queries.channels import DeliveryValue

DELIVER = "forecasting.tasks.deliver_notification"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """A delivery with its state and failure in the language of the page."""

    delivery: DeliveryValue
    state: str
    failure: str
    can_replay: bool


def delivery_rows(deliveries: Iterable[DeliveryValue]) -> tuple[DeliveryRow, ...]:
    """Return deliveries as pages list them."""
    return tuple(
        DeliveryRow(
            delivery=delivery,
            state=_(DELIVERY_STATE_LABELS[delivery.state]),
            failure=_(FAILURE_LABELS[delivery.failure]) if delivery.failure else "",
            can_replay=delivery.state in (DeliveryState.SENT, DeliveryState.FAILED),
        )
        for delivery in deliveries
    )


@require_POST
@organization_view(Permission.EDIT_CHANNELS)
def delivery_replay(request: OrganizationRequest, channel_id: int, delivery_id: int) -> HttpResponse:
    """Have a message sent again, under the same id."""
    replay_delivery(actor=request.actor, delivery_id=delivery_id, now=request.now)
    nudge(DELIVER, organization_id=request.organization.id, delivery_id=delivery_id)
    messages.success(request, _("The message will be sent again in a moment."))
    return redirect("forecasting:channel_detail", org_slug=request.organization.slug, channel_id=channel_id)
