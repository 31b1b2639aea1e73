"""Channels: added, changed, tested, disabled; a secret that is told once and kept nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import AuditEvent
from forecasting.domain.channels import (
    ChannelAddressInvalid,
    ChannelKind,
    ChannelState,
    DeliveryState,
    EmailAddressMalformed,
    WebhookAddressNotPublic,
)
from forecasting.models import Delivery, NotificationChannel
from forecasting.operations.channels import (
    ChannelChangedMeanwhile,
    ChannelDisabled,
    ChannelHasNoSecret,
    ChannelNameInvalid,
    ChannelNameTaken,
    LanguageUnknown,
    SavedChannel,
    change_channel,
    create_channel,
    disable_channel,
    enable_channel,
    request_test,
    rotate_channel_secret,
    signing_secret,
)
from forecasting.queries.channels import ChannelNotFound, get_channel, list_channels
from tests.cast import NOW, Cast, inside
from tests.factories.forecasting import make_channel

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture
def create(cast: Cast) -> Callable[..., SavedChannel]:
    def create(**fields: Any) -> SavedChannel:
        given = {"kind": ChannelKind.EMAIL, "name": "Finance", "address": "finance@acme.test", "language": "en"}
        with inside(cast.acme):
            return create_channel(actor=cast.ada_acts, now=NOW, **{**given, **fields})

    return create


def webhook(**fields: Any) -> dict[str, Any]:
    return {"kind": ChannelKind.WEBHOOK, "name": "Ledger", "address": "https://hooks.example.com/y", **fields}


def test_an_email_channel_has_no_secret(create: Callable[..., SavedChannel]) -> None:
    assert create().secret == ""


def test_a_webhooks_secret_is_told_once_and_stored_nowhere(cast: Cast, create: Callable[..., SavedChannel]) -> None:
    created = create(**webhook())

    assert created.secret.startswith("whsec_")
    assert len(created.secret) == 50
    with inside(cast.acme):
        row = NotificationChannel.objects.values().get()
        logged = list(AuditEvent.objects.values())
    kept = json.dumps([row, logged], default=str)
    assert created.secret not in kept
    assert created.secret.removeprefix("whsec_") not in kept
    assert signing_secret(str(row["secret_salt"])) == created.secret


def test_two_webhooks_have_two_secrets(create: Callable[..., SavedChannel]) -> None:
    assert create(**webhook()).secret != create(**webhook(name="Other")).secret


def test_the_installations_key_makes_the_secret(settings: Any) -> None:
    mine = signing_secret("a1" * 32)
    settings.SECRET_KEY = "another-key-that-nobody-knows-either"

    assert signing_secret("a1" * 32) != mine


def test_a_new_secret_makes_the_old_one_worthless(cast: Cast, create: Callable[..., SavedChannel]) -> None:
    created = create(**webhook())
    with inside(cast.acme):
        rotated = rotate_channel_secret(actor=cast.ada_acts, channel_id=created.channel.id, now=NOW)
        salt = NotificationChannel.objects.get().secret_salt

    assert rotated.secret != created.secret
    assert signing_secret(salt) == rotated.secret


def test_email_has_no_secret_to_renew(cast: Cast, create: Callable[..., SavedChannel]) -> None:
    created = create()
    with inside(cast.acme), pytest.raises(ChannelHasNoSecret):
        rotate_channel_secret(actor=cast.ada_acts, channel_id=created.channel.id, now=NOW)


@pytest.mark.parametrize(
    ("fields", "error", "named"),
    [
        ({"address": "nobody"}, EmailAddressMalformed, "address"),
        ({"address": "https://example.com"}, EmailAddressMalformed, "address"),
        (webhook(address="http://example.com/"), ChannelAddressInvalid, "address"),
        (webhook(address="https://169.254.169.254/"), WebhookAddressNotPublic, "address"),
        (webhook(address="finance@acme.test"), ChannelAddressInvalid, "address"),
        ({"name": " "}, ChannelNameInvalid, "name"),
        ({"name": "x" * 101}, ChannelNameInvalid, "name"),
        ({"language": "xx"}, LanguageUnknown, "language"),
    ],
)
def test_what_could_not_work_is_refused_and_named(
    cast: Cast, create: Callable[..., SavedChannel], fields: dict[str, Any], error: type[Exception], named: str
) -> None:
    with pytest.raises(error) as refused:
        create(**fields)

    assert refused.value.field == named  # type: ignore[attr-defined] # every one is a CallerError
    with inside(cast.acme):
        assert list_channels() == ()


def test_a_host_that_the_installation_names_is_taken(create: Callable[..., SavedChannel], settings: Any) -> None:
    settings.WEBHOOK_ALLOWED_HOSTS = ["http://127.0.0.1:9000"]

    assert create(**webhook(address="http://127.0.0.1:9000/y")).channel.address == "http://127.0.0.1:9000/y"


def test_a_name_is_taken_whatever_its_capitals(create: Callable[..., SavedChannel]) -> None:
    create(name="Finance")

    with pytest.raises(ChannelNameTaken) as refused:
        create(name="FINANCE")
    assert refused.value.field == "name"


def test_globex_may_use_the_same_name(cast: Cast, create: Callable[..., SavedChannel]) -> None:
    create(name="Finance")
    with inside(cast.globex):
        make_channel(name="Finance")
        assert len(list_channels()) == 1


def test_a_change_is_in_the_audit_log_with_before_and_after(cast: Cast, create: Callable[..., SavedChannel]) -> None:
    channel = create().channel
    with inside(cast.acme):
        change_channel(
            actor=cast.ada_acts,
            channel_id=channel.id,
            expected_version=channel.version,
            name="Finance",
            address="cfo@acme.test",
            language="ja",
            now=NOW,
        )
        line = AuditEvent.objects.get(verb="channel.changed")

    assert line.before == {"address": "finance@acme.test", "language": "en"}
    assert line.after == {"address": "cfo@acme.test", "language": "ja"}


def test_who_saves_second_is_told(cast: Cast, create: Callable[..., SavedChannel]) -> None:
    channel = create().channel
    same: dict[str, Any] = {
        "actor": cast.ada_acts,
        "channel_id": channel.id,
        "expected_version": channel.version,
        "address": "finance@acme.test",
        "language": "en",
        "now": NOW,
    }
    with inside(cast.acme):
        change_channel(name="Accounting", **same)
        with pytest.raises(ChannelChangedMeanwhile):
            change_channel(name="Controlling", **same)

        assert get_channel(channel.id).name == "Accounting"


def test_a_channel_is_disabled_and_enabled_again(cast: Cast, create: Callable[..., SavedChannel]) -> None:
    channel_id = create().channel.id
    with inside(cast.acme):
        assert (
            disable_channel(actor=cast.ada_acts, channel_id=channel_id, now=NOW).channel.state is ChannelState.DISABLED
        )
        assert list_channels(disabled=False) == ()
        assert enable_channel(actor=cast.ada_acts, channel_id=channel_id, now=NOW).channel.is_active
        verbs = list(AuditEvent.objects.order_by("id").values_list("verb", flat=True))

    assert verbs == ["channel.created", "channel.disabled", "channel.enabled"]


def test_a_test_is_a_message_that_waits_to_be_sent(cast: Cast, create: Callable[..., SavedChannel]) -> None:
    channel_id = create().channel.id
    with inside(cast.acme):
        delivery_id = request_test(actor=cast.ada_acts, channel_id=channel_id, now=NOW)
        row = Delivery.objects.get(pk=delivery_id)

    assert row.state == DeliveryState.PENDING
    assert row.event_id is None
    assert row.payload["test"] == {"organization_name": "Acme", "requested_by": "Ada"}
    assert row.payload["paths"]["channel"] == f"/o/acme/channels/{channel_id}/"


def test_an_impatient_finger_sends_one_test(cast: Cast, create: Callable[..., SavedChannel]) -> None:
    channel_id = create().channel.id
    with inside(cast.acme):
        first = request_test(actor=cast.ada_acts, channel_id=channel_id, now=NOW)

        assert request_test(actor=cast.ada_acts, channel_id=channel_id, now=NOW) == first


def test_a_disabled_channel_is_not_tested(cast: Cast, create: Callable[..., SavedChannel]) -> None:
    channel_id = create().channel.id
    with inside(cast.acme):
        disable_channel(actor=cast.ada_acts, channel_id=channel_id, now=NOW)
        with pytest.raises(ChannelDisabled):
            request_test(actor=cast.ada_acts, channel_id=channel_id, now=NOW)


def test_a_channel_of_acme_is_not_there_for_globex(cast: Cast, create: Callable[..., SavedChannel]) -> None:
    channel_id = create().channel.id
    with inside(cast.globex):
        with pytest.raises(ChannelNotFound):
            get_channel(channel_id)
        with pytest.raises(ChannelNotFound):
            disable_channel(actor=cast.ada_acts, channel_id=channel_id, now=NOW)
