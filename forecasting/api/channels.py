"""Channels over REST: who is told, by e-mail or by a signed webhook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters, ShownOnceOutput
from accounts.domain.pages import Page
from accounts.domain.roles import Permission
from forecasting.api.deliveries import DeliveryOutput, delivery_under_way
from forecasting.domain.channels import (
    MAX_URL_LENGTH,
    ChannelKind,
    ChannelState,
    EmailAddressMalformed,
    WebhookAddressHasCredentials,
    WebhookAddressMalformed,
    WebhookAddressNotHttps,
    WebhookAddressNotPublic,
)
from forecasting.operations.channels import (
    MAX_NAME_LENGTH,
    ChannelChangedMeanwhile,
    ChannelDisabled,
    ChannelHasNoSecret,
    ChannelNameInvalid,
    ChannelNameTaken,
    SavedChannel,
    change_channel,
    create_channel,
    disable_channel,
    enable_channel,
    request_test,
    rotate_channel_secret,
)
from forecasting.queries.channels import ChannelNotFound, ChannelValue, get_channel, list_channels

ADDRESS_ERRORS = (
    EmailAddressMalformed,
    WebhookAddressMalformed,
    WebhookAddressNotHttps,
    WebhookAddressHasCredentials,
    WebhookAddressNotPublic,
)
CHANNEL_EXAMPLE = {
    "id": 3,
    "name": "Finance",
    "kind": "WEBHOOK",
    "address": "https://hooks.example.com/yosan",
    "language": "en",
    "state": "ACTIVE",
    "version": 1,
    "failing_since": None,
}
LANGUAGES = [code for code, _name in settings.LANGUAGES]


class ChannelOutput(serializers.Serializer[Any]):
    """Somebody who can be told; the secret of a webhook is not among it."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=[kind.value for kind in ChannelKind])
    address = serializers.CharField()
    language = serializers.CharField(help_text="Of the messages.")
    state = serializers.ChoiceField(choices=[state.value for state in ChannelState])
    version = serializers.IntegerField(help_text="Counts the changes.")
    failing_since = serializers.DateTimeField(allow_null=True, help_text="Since when nothing arrives.")
    example = CHANNEL_EXAMPLE


class ChannelWithSecret(ShownOnceOutput, ChannelOutput):
    """A channel and the secret that its messages are signed with (Standard Webhooks); null for e-mail."""

    example = {
        **CHANNEL_EXAMPLE,
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "secret_was_shown": False,
    }


class ChannelChange(serializers.Serializer[Any]):
    """What can be changed of a channel; its kind stays."""

    name = serializers.CharField(max_length=MAX_NAME_LENGTH, help_text="Who reads there, in one line.")
    address = serializers.CharField(
        max_length=MAX_URL_LENGTH, help_text="An e-mail address; for a webhook an https address on the internet."
    )
    language = serializers.ChoiceField(choices=LANGUAGES, default=settings.LANGUAGE_CODE, help_text="Of the messages.")
    version = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="The version that you read, in place of `If-Match`: 409 if somebody has changed it since.",
    )
    example = {"address": "https://hooks.example.com/yosan/2", "version": 1}


class ChannelInput(ChannelChange):
    """A new channel."""

    version = None  # type: ignore[assignment] # DRF's way to drop an inherited field
    kind = serializers.ChoiceField(choices=[kind.value for kind in ChannelKind])
    example = {
        "kind": "WEBHOOK",
        "name": "Finance",
        "address": "https://hooks.example.com/yosan",
        "language": "en",
    }


class ChannelList(OrganizationApiView):
    """The organization's channels, by name."""

    permissions = {"GET": Permission.VIEW_SPEND, "POST": Permission.EDIT_CHANNELS}
    Parameters = PageParameters
    Input = ChannelInput
    Output = ChannelOutput
    outputs = {"POST": ChannelWithSecret}
    errors = {"POST": (ChannelNameInvalid, ChannelNameTaken, *ADDRESS_ERRORS)}

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        """List channels, disabled ones too."""
        asked = self.read_parameters()
        return self.page(_page(list_channels(), asked["after"], asked["limit"]), _serialize)

    def post(self, request: OrganizationApiRequest) -> Response:
        """Add a channel. For a webhook the answer tells its signing secret, this once; whoever loses it asks for a new one."""
        given = self.read_input()
        saved = create_channel(
            actor=request.actor,
            kind=ChannelKind(given["kind"]),
            name=given["name"],
            address=given["address"],
            language=given["language"],
            now=request.now,
        )
        return Response(_with_secret(saved), status=201)


class ChannelDetail(OrganizationApiView):
    """One channel."""

    permissions = {"GET": Permission.VIEW_SPEND, "PATCH": Permission.EDIT_CHANNELS}
    Input = ChannelChange
    Output = ChannelOutput
    versioned = ("PATCH",)
    errors = {
        "GET": (ChannelNotFound,),
        "PATCH": (ChannelNotFound, ChannelChangedMeanwhile, ChannelNameInvalid, ChannelNameTaken, *ADDRESS_ERRORS),
    }

    def get(self, request: OrganizationApiRequest, channel_id: int) -> Response:  # noqa: ARG002 - as above
        """Return one channel."""
        return Response(_serialize(get_channel(channel_id)))

    def patch(self, request: OrganizationApiRequest, channel_id: int) -> Response:
        """Change the fields that are sent."""
        given, channel = self.read_input(), get_channel(channel_id)
        saved = change_channel(
            actor=request.actor,
            channel_id=channel_id,
            expected_version=self.expected_version(channel.version, given=given.get("version")),
            name=given.get("name", channel.name),
            address=given.get("address", channel.address),
            language=given.get("language", channel.language),
            now=request.now,
        )
        return Response(_serialize(saved.channel))


class ChannelSecretList(OrganizationApiView):
    """Signing secrets of a webhook; one at a time."""

    permissions = {"POST": Permission.EDIT_CHANNELS}
    Output = ChannelWithSecret
    errors = {"POST": (ChannelNotFound, ChannelHasNoSecret)}

    def post(self, request: OrganizationApiRequest, channel_id: int) -> Response:
        """Make a new signing secret and tell it, this once. The old one signs nothing from the next message on."""
        saved = rotate_channel_secret(actor=request.actor, channel_id=channel_id, now=request.now)
        return Response(_with_secret(saved), status=201)


class ChannelDisablement(OrganizationApiView):
    """A stop of sending, until it is taken back."""

    permissions = {"POST": Permission.EDIT_CHANNELS, "DELETE": Permission.EDIT_CHANNELS}
    Output = ChannelOutput
    errors = {"POST": (ChannelNotFound,), "DELETE": (ChannelNotFound,)}

    def post(self, request: OrganizationApiRequest, channel_id: int) -> Response:
        """Stop sending to a channel. What waits for it fails, and its log stays."""
        saved = disable_channel(actor=request.actor, channel_id=channel_id, now=request.now)
        return Response(_serialize(saved.channel), status=201)

    def delete(self, request: OrganizationApiRequest, channel_id: int) -> Response:
        """Send to a channel again."""
        enable_channel(actor=request.actor, channel_id=channel_id, now=request.now)
        return Response(status=204)


class ChannelTestList(OrganizationApiView):
    """Test messages to a channel."""

    permissions = {"POST": Permission.EDIT_CHANNELS}
    Output = DeliveryOutput
    statuses = {"POST": 202}
    errors = {"POST": (ChannelNotFound, ChannelDisabled)}

    def post(self, request: OrganizationApiRequest, channel_id: int) -> Response:
        """Have a test message sent; its delivery tells what came of it. One that still waits is taken instead."""
        delivery_id = request_test(actor=request.actor, channel_id=channel_id, now=request.now)
        return delivery_under_way(request, delivery_id)


def _with_secret(saved: SavedChannel) -> dict[str, object]:
    return {**_serialize(saved.channel), "secret": saved.secret or None}


def _page(rows: Sequence[ChannelValue], after: str | None, limit: int) -> Page[ChannelValue]:
    """Cut the channels, which are few and read as a whole, into pages."""
    begin = next((index + 1 for index, row in enumerate(rows) if str(row.id) == after), 0)
    cut = tuple(rows[begin : begin + limit])
    return Page(rows=cut, next=str(cut[-1].id) if begin + limit < len(rows) else None)


def _serialize(channel: ChannelValue) -> dict[str, object]:
    return {
        "id": channel.id,
        "name": channel.name,
        "kind": channel.kind.value,
        "address": channel.address,
        "language": channel.language,
        "state": channel.state.value,
        "version": channel.version,
        "failing_since": channel.failing_since,
    }
