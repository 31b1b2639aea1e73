"""The signed webhook: what is sent, how it is proved, and what each answer means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from forecasting.adapters.channels.base import DeliveryFailed, Destination
from forecasting.adapters.channels.egress import Egress
from forecasting.adapters.channels.webhook import WebhookChannel, signed_headers, webhook_body
from forecasting.domain.channels import Failure
from tests.forecasting.adapters.messages import NOW, alert_message, channel_test
from tests.forecasting.adapters.receiver import OK, Receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def hook(language: str = "en") -> Destination:
    return Destination(name="Ledger", address="https://hooks.example.test/y", language=language, secret=SECRET)


@dataclass(frozen=True)
class Recorder(Egress):
    """A way out that sends nothing and answers one status."""

    status: int = 200
    sent: list[tuple[str, bytes, Mapping[str, str]]] = field(default_factory=list)

    def post(self, url: str, *, body: bytes, headers: Mapping[str, str]) -> int:
        self.sent.append((url, body, headers))
        return self.status


def test_the_document_has_type_time_and_everything_that_is_known() -> None:
    document = json.loads(webhook_body(alert_message(), hook()))

    assert document["type"] == "budget_alert.raised"
    assert document["timestamp"] == "2026-11-10T09:04:00+00:00"
    data = document["data"]
    assert data["id"] == "alert_0192"
    assert data["alert"]["threshold"]["percent"] == "100"
    assert data["alert"]["spent_percent"] == "37.21"
    assert data["alert"]["forecast"]["total"] == "5504000"
    assert data["text"].startswith("On pace to exceed by 28\N{NO-BREAK SPACE}%")
    assert data["links"]["alert"] == "https://yosan.test/o/acme/alerts/7/"
    assert "paths" not in data


def test_a_test_message_is_of_another_type() -> None:
    document = json.loads(webhook_body(channel_test(), hook()))

    assert document["type"] == "channel.tested"
    assert document["data"]["text"] == "This is a test of a channel of Acme. Nothing is wrong."


def test_the_same_message_is_the_same_bytes_at_every_attempt() -> None:
    assert webhook_body(alert_message(), hook()) == webhook_body(alert_message(), hook())


def test_a_receiver_with_the_standard_library_believes_the_signature() -> None:
    way_out = Recorder()
    now = datetime.now(tz=UTC)

    WebhookChannel(way_out).send(alert_message(), hook(), now=now)

    ((url, body, headers),) = way_out.sent
    assert url == "https://hooks.example.test/y"
    assert Webhook(SECRET).verify(body, dict(headers))["type"] == "budget_alert.raised"
    assert headers["webhook-id"] == "alert_0192"


def test_the_signature_does_not_depend_on_the_zone_of_the_clock() -> None:
    tokyo = NOW.astimezone(timezone(timedelta(hours=9)))

    assert signed_headers("m", b"{}", secret=SECRET, now=NOW) == signed_headers("m", b"{}", secret=SECRET, now=tokyo)


@pytest.mark.parametrize(
    ("header", "value"), [("webhook-id", "alert_0193"), ("webhook-timestamp", "1"), ("webhook-signature", "v1,AAAA")]
)
def test_a_message_that_was_changed_on_the_way_is_not_believed(header: str, value: str) -> None:
    body = webhook_body(alert_message(), hook())
    headers = {**signed_headers("alert_0192", body, secret=SECRET, now=datetime.now(tz=UTC)), header: value}

    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body, headers)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_success_is_success(status: int) -> None:
    WebhookChannel(Recorder(status=status)).send(alert_message(), hook(), now=NOW)


@pytest.mark.parametrize(
    ("status", "failure", "permanent"),
    [
        (301, Failure.REDIRECTED, True),
        (307, Failure.REDIRECTED, True),
        (400, Failure.REFUSED, True),
        (401, Failure.REFUSED, True),
        (404, Failure.REFUSED, True),
        (410, Failure.REFUSED, True),
        (408, Failure.UNAVAILABLE, False),
        (409, Failure.UNAVAILABLE, False),
        (425, Failure.UNAVAILABLE, False),
        (429, Failure.UNAVAILABLE, False),
        (500, Failure.UNAVAILABLE, False),
        (503, Failure.UNAVAILABLE, False),
    ],
)
def test_what_an_answer_means(status: int, failure: Failure, *, permanent: bool) -> None:
    with pytest.raises(DeliveryFailed) as failed:
        WebhookChannel(Recorder(status=status)).send(alert_message(), hook(), now=NOW)

    assert failed.value.failure is failure
    assert failed.value.permanent is permanent
    assert failed.value.detail == f"HTTP {status}"


def test_without_a_setting_a_webhook_reaches_no_private_host() -> None:
    inside = Destination(name="Ledger", address="https://10.0.0.1/y", language="en", secret=SECRET)

    with pytest.raises(DeliveryFailed) as failed:
        WebhookChannel().send(alert_message(), inside, now=NOW)

    assert failed.value.failure is Failure.ADDRESS_REFUSED


def test_a_host_that_the_installation_names_gets_the_signed_message(settings: Any) -> None:
    receiver = Receiver(lambda connection: connection.sendall(OK), tls=False)
    settings.WEBHOOK_ALLOWED_HOSTS = [f"http://127.0.0.1:{receiver.port}"]
    inside = Destination(name="Ledger", address=f"http://127.0.0.1:{receiver.port}/y", language="ja", secret=SECRET)
    try:
        WebhookChannel().send(alert_message(), inside, now=datetime.now(tz=UTC))
    finally:
        receiver.close()

    head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
    lines = (line.partition(": ") for line in head.decode().splitlines()[1:])
    document = Webhook(SECRET).verify(body, {name: value for name, _, value in lines})
    assert "28%" in document["data"]["text"]
