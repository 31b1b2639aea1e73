"""Channels in the browser: a secret that is shown once, a test button, and the log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from django.test import Client

from forecasting.domain.channels import ChannelState, DeliveryState, Failure
from forecasting.models import Delivery, NotificationChannel
from forecasting.queries.channels import list_channels
from tests.cast import NOW, Cast, inside
from tests.factories.forecasting import make_channel, make_delivery, make_webhook

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.usefixtures("still_clock")]

LIST, NEW = "/o/acme/channels/", "/o/acme/channels/new/"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{44}")


@pytest.fixture
def fay(client: Client, cast: Cast) -> Client:
    """Finance may edit channels."""
    client.force_login(cast.fay)
    return client


def entry(**fields: Any) -> dict[str, Any]:
    return {"kind": "EMAIL", "name": "Finance", "address": "finance@acme.test", "language": "ja", **fields}


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().replace("\N{NO-BREAK SPACE}", " ").split())


def test_without_channels_the_page_says_what_one_is_for(fay: Client) -> None:
    text = text_of(fay.get(LIST))

    assert "No channels. Alerts reach somebody once" in text
    assert f'href="{NEW}"' in text


def test_an_email_channel_is_added(fay: Client, cast: Cast) -> None:
    answer = fay.post(NEW, entry(), follow=True)

    assert "Added Finance. Send a test to see that it arrives." in text_of(answer)
    with inside(cast.acme):
        assert list_channels()[0].language == "ja"


def test_a_webhooks_secret_is_shown_once(fay: Client, cast: Cast) -> None:
    answer = fay.post(NEW, entry(kind="WEBHOOK", name="Ledger", address="https://hooks.example.com/y"))
    secret = SECRET.search(answer.content.decode())

    assert answer.status_code == 200
    assert secret is not None
    assert "no-store" in answer["Cache-Control"]
    with inside(cast.acme):
        channel_id = NotificationChannel.objects.get().pk
    for address in (LIST, f"{LIST}{channel_id}/", f"{LIST}{channel_id}/edit/", f"{LIST}{channel_id}/secret/"):
        page = fay.get(address)
        assert page.status_code == 200
        assert SECRET.search(page.content.decode()) is None


def test_a_new_secret_is_shown_once_after_a_page_that_says_what_that_means(fay: Client, cast: Cast) -> None:
    with inside(cast.acme):
        channel = make_webhook()

    assert "the old one cannot be brought back" in text_of(fay.get(f"{LIST}{channel.pk}/secret/"))
    assert SECRET.search(fay.post(f"{LIST}{channel.pk}/secret/").content.decode())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"address": "nobody"}, "Enter one e-mail address, for example finance@example.com."),
        ({"address": "a@b.test\nBcc: c@d.test"}, "Enter one e-mail address"),
        ({"address": "x" * 10_000}, "at most 1000 characters"),
        ({"kind": "WEBHOOK", "address": "http://example.com/"}, "The address must begin with https://."),
        ({"kind": "WEBHOOK", "address": "https://127.0.0.1/"}, "not into a private or local network"),
        ({"kind": "WEBHOOK", "address": "https://[::1]/"}, "not into a private or local network"),
        ({"kind": "WEBHOOK", "address": "https://u:p@example.com/"}, "must not contain a user name or a password"),
        ({"kind": "CARRIER_PIGEON"}, "Select a valid choice."),
        ({"language": "xx"}, "Select a valid choice."),
        ({"name": ""}, "Enter a name, for example Finance."),
    ],
)
def test_nonsense_is_named_kept_and_changes_nothing(
    fay: Client, cast: Cast, fields: Mapping[str, Any], message: str
) -> None:
    answer = fay.post(NEW, entry(**fields))

    assert answer.status_code == 422
    assert "There is a problem" in text_of(answer)
    assert message in text_of(answer)
    with inside(cast.acme):
        assert list_channels() == ()


def test_a_taken_name_is_said_at_the_name(fay: Client, cast: Cast) -> None:
    with inside(cast.acme):
        make_channel(name="finance")
    answer = fay.post(NEW, entry())

    assert answer.status_code == 422
    assert 'href="#id_name">A channel named Finance exists already.' in text_of(answer)


def test_a_channel_is_changed_and_a_second_editor_is_told(fay: Client, cast: Cast) -> None:
    with inside(cast.acme):
        channel = make_channel(name="Finance")
    edit = f"{LIST}{channel.pk}/edit/"

    assert fay.post(edit, entry(version="1", address="cfo@acme.test")).status_code == 302
    second = fay.post(edit, entry(version="1", address="ceo@acme.test"))
    assert second.status_code == 422
    assert "Somebody changed this channel meanwhile." in text_of(second)
    with inside(cast.acme):
        assert list_channels()[0].address == "cfo@acme.test"


def test_the_test_button_writes_a_message_and_the_log_follows_it(fay: Client, cast: Cast) -> None:
    with inside(cast.acme):
        channel = make_channel()
    answer = fay.post(f"{LIST}{channel.pk}/test/", follow=True)

    text = text_of(answer)
    assert "The test message is on its way" in text
    assert "Test message" in text
    assert 'hx-trigger="every 2s"' in text
    with inside(cast.acme):
        Delivery.objects.update(state=DeliveryState.SENT, next_attempt_at=None, attempted_at=NOW)
    log = fay.get(f"{LIST}{channel.pk}/", headers={"HX-Request": "true"})
    assert "<html" not in log.content.decode()
    assert "every 2s" not in log.content.decode()
    assert "Sent" in text_of(log)


def test_the_log_says_why_something_did_not_arrive(fay: Client, cast: Cast) -> None:
    with inside(cast.acme):
        channel = make_channel(failing_since=NOW)
        make_delivery(channel, failure=Failure.NOT_TRUSTED, failure_detail="self-signed certificate", attempt=3)
    text = text_of(fay.get(f"{LIST}{channel.pk}/"))

    assert "Nothing has arrived since 10 Nov 18:00 JST." in text
    assert "certificate is not valid for its name. (self-signed certificate)" in text.replace("&#x27;", "'")
    assert "1 channel fails" in text_of(fay.get(LIST))


def test_a_channel_is_disabled_and_enabled(fay: Client, cast: Cast) -> None:
    with inside(cast.acme):
        channel = make_channel(name="Finance")
    assert "Finance is disabled." in text_of(fay.post(f"{LIST}{channel.pk}/disable/", follow=True))
    assert "Every channel is disabled: nobody hears of an alert." in text_of(fay.get(LIST))
    assert fay.post(f"{LIST}{channel.pk}/test/").status_code == 409

    assert "Finance is enabled." in text_of(fay.post(f"{LIST}{channel.pk}/enable/", follow=True))
    with inside(cast.acme):
        assert NotificationChannel.objects.get().state == ChannelState.ACTIVE


ACTIONS = ["edit/", "test/", "disable/", "enable/", "secret/"]


def test_a_viewer_sees_channels_and_touches_none(client: Client, cast: Cast) -> None:
    with inside(cast.acme):
        channel = make_webhook()
        delivery = make_delivery(channel, state=DeliveryState.FAILED)
    client.force_login(cast.ben)

    assert client.get(LIST).status_code == 200
    assert '<form method="post" action="/o/acme/channels' not in client.get(f"{LIST}{channel.pk}/").content.decode()
    assert client.post(NEW, entry()).status_code == 403
    for action in (*ACTIONS, f"deliveries/{delivery.pk}/replay/"):
        assert client.post(f"{LIST}{channel.pk}/{action}").status_code == 403


def test_a_stranger_finds_nothing(client: Client, cast: Cast) -> None:
    with inside(cast.acme):
        channel = make_webhook()
        delivery = make_delivery(channel, state=DeliveryState.FAILED)
    client.force_login(cast.cleo)

    assert client.get(LIST).status_code == 404
    for organization in ("acme", "globex"):
        for action in ("", *ACTIONS, f"deliveries/{delivery.pk}/replay/"):
            address = f"/o/{organization}/channels/{channel.pk}/{action}"
            answer = client.post(address) if action else client.get(address)
            assert answer.status_code == 404, address
    with inside(cast.acme):
        assert Delivery.objects.get().state == DeliveryState.FAILED
