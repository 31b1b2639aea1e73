"""The explicit table of channels by kind."""

from collections.abc import Mapping

from forecasting.adapters.channels.base import Channel, DeliveryFailed, Destination, Message
from forecasting.adapters.channels.email import EmailChannel
from forecasting.adapters.channels.webhook import WebhookChannel
from forecasting.domain.channels import ChannelKind

CHANNELS: Mapping[ChannelKind, Channel] = {
    ChannelKind.EMAIL: EmailChannel(),
    ChannelKind.WEBHOOK: WebhookChannel(),
}

__all__ = ["CHANNELS", "Channel", "DeliveryFailed", "Destination", "Message"]
