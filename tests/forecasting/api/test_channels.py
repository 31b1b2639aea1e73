"""Channels over REST: added with a secret that is told once, changed by versions, stopped and tested."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest

from accounts.models import AuditEvent, IdempotencyRecord
from forecasting.models import NotificationChannel
from tests.cast import Cast, inside
from tests.forecasting.api.conftest import Api

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still_clock")]

WEBHOOK = {"kind": "WEBHOOK", "name": "Ops", "address": "https://hooks.example.com/yosan", "language": "ja"}
EMAIL = {"kind": "EMAIL", "name": "Finance", "address": "finance@acme.test"}


def add(api: Api, body: dict[str, str], **headers: str) -> Any:
    answer = api.send("post", "channels/", body, **headers)
    assert answer.status_code == HTTPStatus.CREATED, answer.content
    return answer.json()


def test_a_webhook_is_added_and_its_secret_told_once(api: Api, cast: Cast) -> None:
    told = add(api, WEBHOOK, Idempotency_Key="one")
    again = add(api, WEBHOOK, Idempotency_Key="one")

    assert told["secret"].startswith("whsec_")
    assert (told["secret_was_shown"], again["secret_was_shown"]) == (False, True)
    assert again == {**told, "secret": None, "secret_was_shown": True}
    with inside(cast.acme):
        assert NotificationChannel.objects.count() == 1
        stored = f"{IdempotencyRecord.objects.values().get()} {list(AuditEvent.objects.values())}"
    assert told["secret"] not in stored
    assert "secret" not in api.get(f"channels/{told['id']}/").json()


def test_an_address_for_mail_has_no_secret(api: Api) -> None:
    told = add(api, EMAIL)

    assert (told["secret"], told["language"], told["state"]) == (None, "en", "ACTIVE")


@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        ({"address": "http://hooks.example.com/"}, "address", "channel_address_invalid"),
        ({"address": "https://127.0.0.1/"}, "address", "channel_address_invalid"),
        ({"address": "https://ada:pw@hooks.example.com/"}, "address", "channel_address_invalid"),
        ({"kind": "EMAIL", "address": "nobody"}, "address", "channel_address_invalid"),
        ({"kind": "PIGEON"}, "kind", "invalid_choice"),
        ({"language": "tlh"}, "language", "invalid_choice"),
        ({"name": ""}, "name", "blank"),
        ({"name": "two\nlines"}, "name", "channel_name_invalid"),
        ({"secret": "mine"}, "secret", "unknown_field"),
        ({"version": 1}, "version", "unknown_field"),
    ],
)
def test_what_breaks_a_rule_is_named_and_adds_nothing(
    api: Api, cast: Cast, changed: dict[str, object], field: str, code: str
) -> None:
    answer = api.send("post", "channels/", {**WEBHOOK, **changed})

    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert [(entry["field"], entry["code"]) for entry in answer.json()["errors"]] == [(field, code)]
    with inside(cast.acme):
        assert not NotificationChannel.objects.exists()


def test_two_channels_of_one_name_are_refused(api: Api) -> None:
    add(api, EMAIL)
    answer = api.send("post", "channels/", EMAIL)

    assert (answer.status_code, answer.json()["code"]) == (HTTPStatus.CONFLICT, "channel_name_taken")


def test_a_change_by_the_version_that_was_read_goes_through_and_one_by_an_older_does_not(api: Api) -> None:
    told = add(api, EMAIL)
    where = f"channels/{told['id']}/"
    read = api.get(where)
    assert read["ETag"] == '"1"'

    changed = api.send("patch", where, {"name": "Treasury"}, If_Match=read["ETag"])
    late = api.send("patch", where, {"name": "Controlling"}, If_Match=read["ETag"])
    late_by_body = api.send("patch", where, {"name": "Controlling", "version": 1})

    assert (changed.status_code, changed.json()["name"], changed["ETag"]) == (HTTPStatus.OK, "Treasury", '"2"')
    assert changed.json()["address"] == EMAIL["address"]
    assert (late.status_code, late.json()["code"]) == (HTTPStatus.PRECONDITION_FAILED, "channel_changed_meanwhile")
    assert (late_by_body.status_code, late_by_body.json()["code"]) == (
        HTTPStatus.CONFLICT,
        "channel_changed_meanwhile",
    )
    assert api.get(where).json()["name"] == "Treasury"


def test_a_webhook_gets_a_new_secret(api: Api) -> None:
    told = add(api, WEBHOOK)
    answer = api.send("post", f"channels/{told['id']}/secrets/")

    assert answer.status_code == HTTPStatus.CREATED
    assert answer.json()["secret"].startswith("whsec_")
    assert answer.json()["secret"] != told["secret"]
    none = api.send("post", f"channels/{add(api, EMAIL)['id']}/secrets/")
    assert (none.status_code, none.json()["code"]) == (HTTPStatus.CONFLICT, "channel_has_no_secret")


def test_a_channel_is_stopped_and_used_again(api: Api) -> None:
    where = f"channels/{add(api, EMAIL)['id']}/"

    assert api.send("post", f"{where}disablement/").json()["state"] == "DISABLED"
    refused = api.send("post", f"{where}tests/")
    assert (refused.status_code, refused.json()["code"]) == (HTTPStatus.CONFLICT, "channel_disabled")
    assert api.send("delete", f"{where}disablement/").status_code == HTTPStatus.NO_CONTENT
    assert api.get(where).json()["state"] == "ACTIVE"


@pytest.mark.parametrize("path", ["", "secrets/", "disablement/", "tests/"])
def test_a_channel_of_another_organization_is_not_there(api: Api, globex_api: Api, path: str) -> None:
    where = f"channels/{add(api, WEBHOOK)['id']}/{path}"
    answer = globex_api.send("post", where) if path else globex_api.get(where)

    assert (answer.status_code, answer.json()["code"]) == (HTTPStatus.NOT_FOUND, "channel_not_found")
