"""Connections over REST: the ExternalId is ours, a worker verifies, and nobody learns of anybody else's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils.timezone import now

from accounts.domain.roles import Permission
from accounts.models import AuditEvent
from billing.domain.collection import FetchFailure, Source, WindowState
from billing.domain.connections import ConnectionFault, ConnectionState
from billing.models import AwsConnection
from tests.billing.api.conftest import ACCOUNT, NOTHING, Api, KeyMaker, make_connection
from tests.cast import Cast, inside
from tests.factories import billing as factory

ROLE = f"arn:aws:iam::{ACCOUNT}:role/YosanReader"


@pytest.fixture
def editor(cast: Cast, make_api: KeyMaker) -> Api:
    """A program of Acme that may connect accounts."""
    return make_api(cast.acme, [Permission.VIEW_SPEND, Permission.EDIT_CONNECTIONS])


@pytest.fixture
def nudged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks that workers were asked for."""
    tasks: list[str] = []
    monkeypatch.setattr("billing.api.connections.nudge", lambda task, **_: tasks.append(task))
    return tasks


def create(editor: Api, **body: object) -> dict[str, Any]:
    answer = editor.send("post", "connections/", {"kind": "PAYER", **body})
    assert answer.status_code == 201, answer.content
    created: dict[str, Any] = answer.json()
    return created


def test_a_new_connection_gets_an_external_id_from_us(editor: Api, nudged: list[str]) -> None:
    created = create(editor, name="Production", aws_regions=["us-east-1"])
    assert created["external_id"].startswith("yosan-")
    assert (created["state"], created["tag_key"], created["aws_regions"]) == ("PENDING", "team", ["us-east-1"])
    assert create(editor)["external_id"] != created["external_id"]
    assert editor.get(f"connections/{created['id']}/").json() == created
    assert nudged == ["billing.tasks.note_principal"] * 2


def test_an_external_id_cannot_be_chosen(editor: Api) -> None:
    answer = editor.send("post", "connections/", {"kind": "PAYER", "external_id": "guess-me"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0] == {
        "field": "external_id",
        "code": "unknown_field",
        "message": "There is no such field.",
    }


def test_a_role_that_is_entered_is_verified_by_a_worker(cast: Cast, editor: Api, nudged: list[str]) -> None:
    created = create(editor)
    entered = editor.send("patch", f"connections/{created['id']}/", {"role_arn": ROLE}).json()
    assert (entered["state"], entered["role_arn"], entered["aws_account"]) == ("VERIFYING", ROLE, ACCOUNT)
    again = editor.send("post", f"connections/{created['id']}/verification/")
    assert (again.status_code, again.json()["state"]) == (202, "VERIFYING")
    assert nudged[1:] == ["billing.tasks.verify_connection"] * 2
    with inside(cast.acme):
        verbs = set(AuditEvent.objects.values_list("verb", flat=True))
    assert verbs >= {"connection.created", "connection.role_entered", "connection.verification_requested"}


def test_there_is_nothing_to_verify_without_a_role(editor: Api) -> None:
    answer = editor.send("post", f"connections/{create(editor)['id']}/verification/")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_role_yet")


def test_two_organizations_may_claim_one_role_and_learn_nothing(editor: Api, globex_api: Api) -> None:
    for program in (editor, globex_api):
        created = create(program)
        entered = program.send("patch", f"connections/{created['id']}/", {"role_arn": ROLE})
        assert (entered.status_code, entered.json()["state"], entered.json()["fault"]) == (200, "VERIFYING", None)


def test_a_fault_is_told_with_what_to_do_about_it(cast: Cast, api: Api) -> None:
    with inside(cast.acme):
        row = make_connection()
        row.state, row.last_error = ConnectionState.REFUSED, ConnectionFault.ASSUMABLE_WITHOUT_EXTERNAL_ID
        row.permissions_found, row.permissions_missing = ["cloudwatch:ListMetrics"], ["ce:GetCostAndUsage"]
        row.save()
    (told,) = api.rows("connections/")
    assert told["fault"] == "ASSUMABLE_WITHOUT_EXTERNAL_ID"
    assert "sts:ExternalId" in told["fault_detail"]
    granted = {permission["action"]: permission["is_granted"] for permission in told["permissions"]}
    assert granted["cloudwatch:ListMetrics"] is True
    assert granted["ce:GetCostAndUsage"] is False
    assert granted["bedrock:ListTagsForResource"] is None


def test_a_connection_is_paused_resumed_and_disconnected(cast: Cast, editor: Api, nudged: list[str]) -> None:
    with inside(cast.acme):
        path = f"connections/{make_connection().pk}/"
    assert editor.send("delete", path + "pause/").json()["code"] == "connection_not_paused"
    assert editor.send("post", path + "pause/").json()["state"] == "PAUSED"
    assert editor.send("delete", path + "pause/").status_code == 204
    assert editor.get(path).json()["state"] == "VERIFYING"
    assert editor.send("post", path + "disconnection/").json()["errors"][0]["field"] == "delete_data"
    ended = editor.send("post", path + "disconnection/", {"delete_data": False}).json()
    assert ended["state"] == "DISCONNECTED"
    assert ended["disconnected_at"] is not None
    assert editor.send("post", path + "pause/").json()["code"] == "connection_is_over"
    assert editor.rows("connections/") == []
    assert len(editor.rows("connections/", disconnected="true")) == 1
    assert nudged == ["billing.tasks.verify_connection"]


def test_connections_come_in_pages(editor: Api) -> None:
    ids = {create(editor)["id"] for _ in range(3)}
    first = editor.get("connections/", limit=2).json()
    second = editor.get("connections/", limit=2, after=first["next"]).json()
    assert {row["id"] for row in first["rows"] + second["rows"]} == ids
    assert (len(first["rows"]), second["next"]) == (2, None)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "kind"),
        ({"kind": "payer"}, "kind"),
        ({"kind": "PAYER", "name": "x" * 10_000}, "name"),
        ({"kind": "PAYER", "name": "\x00"}, "name"),
        ({"kind": "PAYER", "name": ["a"]}, "name"),
        ({"kind": "PAYER", "tag_key": "x" * 129}, "tag_key"),
        ({"kind": "PAYER", "tag_key": " "}, "tag_key"),
        ({"kind": "PAYER", "aws_regions": ["mars-1"]}, "aws_regions"),
        ({"kind": "PAYER", "aws_regions": "us-east-1"}, "aws_regions"),
        ({"kind": "PAYER", "aws_regions": [["us-east-1"]]}, "aws_regions.0"),
        ({"kind": "PAYER", "regions": []}, "regions"),
        ([], ""),
        ("kind", ""),
        (None, ""),
        (NOTHING, "kind"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_connection_that_is_described_wrongly_is_refused_and_nothing_is_made(
    cast: Cast, editor: Api, body: object, field: str
) -> None:
    answer = editor.send("post", "connections/", body)
    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"][0]["field"] == field
    with inside(cast.acme):
        assert not AwsConnection.objects.exists()


@pytest.mark.parametrize("role_arn", ["", "nonsense", "arn:aws:iam::12:role/x", "x" * 10_000, ROLE + "\n", 7])
def test_a_role_that_is_none_is_refused_and_changes_nothing(editor: Api, role_arn: object) -> None:
    path = f"connections/{create(editor)['id']}/"
    before = editor.get(path).json()
    answer = editor.send("patch", path, {"role_arn": role_arn})
    if role_arn == ROLE + "\n":  # space around it is not the caller's meaning
        assert answer.json()["role_arn"] == ROLE
        return
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "role_arn"
    assert editor.get(path).json() == before


def test_a_table_where_json_should_be_is_refused(editor: Api) -> None:
    answer = editor.send("post", "connections/", b"kind,name\nPAYER,x\n", content_type="text/csv")
    assert answer.status_code == 415


def test_half_a_body_is_refused(editor: Api) -> None:
    answer = editor.send("post", "connections/", b'{"kind": "PAYER"')
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


FOREIGN: list[Callable[[Api, str], Any]] = [
    lambda api, path: api.get(path),
    lambda api, path: api.get(path + "template/"),
    lambda api, path: api.send("patch", path, {"role_arn": ROLE}),
    lambda api, path: api.send("post", path + "verification/"),
    lambda api, path: api.send("post", path + "pause/"),
    lambda api, path: api.send("delete", path + "pause/"),
    lambda api, path: api.send("post", path + "disconnection/", {"delete_data": True}),
]


@pytest.mark.parametrize("call", FOREIGN)
def test_a_foreign_connection_does_not_exist(cast: Cast, globex_api: Api, call: Callable[[Api, str], Any]) -> None:
    with inside(cast.acme):
        row = make_connection()
    for connection_id in (row.pk, 10**30):
        answer = call(globex_api, f"connections/{connection_id}/")
        assert (answer.status_code, answer.json()["code"]) == (404, "connection_not_found")
    with inside(cast.acme):
        row.refresh_from_db()
        assert row.state == ConnectionState.VERIFIED


@pytest.mark.parametrize("call", FOREIGN[1:])
def test_a_key_that_may_only_look_cannot_change_a_connection(
    cast: Cast, api: Api, call: Callable[[Api, str], Any]
) -> None:
    with inside(cast.acme):
        path = f"connections/{make_connection().pk}/"
    assert call(api, path).status_code == 403
    assert api.get(path).json()["state"] == "VERIFIED"


def test_the_template_names_the_external_id_of_this_connection(cast: Cast, editor: Api) -> None:
    created = create(editor)
    early = editor.get(f"connections/{created['id']}/template/")
    assert (early.status_code, early.json()["code"]) == (409, "principal_not_known_yet")
    with inside(cast.acme):
        AwsConnection.objects.update(principal_arn="arn:aws:iam::999988887777:role/yosan")
    template = editor.get(f"connections/{created['id']}/template/").json()["template"]
    assert created["external_id"] in str(template)
    assert "arn:aws:iam::999988887777:role/yosan" in str(template)


def test_a_connection_is_renamed_without_being_verified_anew(editor: Api, nudged: list[str]) -> None:
    made = editor.send("post", "connections/", {"kind": "PAYER", "name": "Old"}).json()
    nudged.clear()
    renamed = editor.send("patch", f"connections/{made['id']}/", {"name": "Production"})
    assert (renamed.status_code, renamed.json()["name"], renamed.json()["state"]) == (200, "Production", "PENDING")
    assert nudged == []
    with_both = editor.send("patch", f"connections/{made['id']}/", {"name": "", "role_arn": ROLE})
    assert (with_both.json()["name"], with_both.json()["state"]) == ("", "VERIFYING")


def test_the_tag_and_the_regions_of_a_connection_are_changed_later(editor: Api, nudged: list[str]) -> None:
    made = editor.send("post", "connections/", {"kind": "PAYER"}).json()
    nudged.clear()
    address = f"connections/{made['id']}/"
    changed = editor.send("patch", address, {"tag_key": "squad", "aws_regions": ["eu-west-1"]}).json()
    assert (changed["tag_key"], changed["aws_regions"]) == ("squad", ["eu-west-1"])
    assert editor.send("patch", address, {"tag_key": " "}).status_code == 400
    assert editor.send("patch", address, {"aws_regions": ["moon-1"]}).status_code == 400
    assert nudged == []


def test_the_sources_of_a_connection_say_how_fresh_they_are_and_what_is_wrong(
    cast: Cast, api: Api, globex_api: Api
) -> None:
    with inside(cast.acme):
        connection = factory.make_connection()
        factory.make_window(
            connection, source=Source.COST_EXPLORER, state=WindowState.FAILED, last_error=FetchFailure.DENIED
        )
        factory.make_window(connection, state=WindowState.DONE, rows=7)
    rows = api.rows(f"connections/{connection.pk}/sources/")
    assert [(row["source"], row["state"], row["rows"]) for row in rows] == [
        ("CLOUDWATCH", "LATE", 7),
        ("COST_EXPLORER", "DENIED", 0),
    ]
    assert rows[1]["problem"].startswith("AWS refused access")
    assert rows[0]["aws_charge_usd_this_month"] == "0"
    assert globex_api.get(f"connections/{connection.pk}/sources/").status_code == 404


def test_the_price_of_watching_is_told_and_its_limit_changed(editor: Api, cast: Cast) -> None:
    with inside(cast.acme):
        connection = factory.make_connection()
        factory.make_metered_call(
            connection=connection, month=now().date().replace(day=1), requests=3, metrics=1000, charge_usd="0.01"
        )
    address = f"connections/{connection.pk}/watching/"
    told = editor.get(address).json()
    assert (told["limit_usd_per_month"], told["charged_usd"], told["once_usd"]) == ("1", "0.01", "0")
    assert told["operations"][0]["operation"] == "cloudwatch:GetMetricData"
    changed = editor.send("patch", address, {"limit_usd_per_month": "0.00"})
    assert changed.status_code == 200
    assert (changed.json()["every_hours"], changed.json()["is_over_limit"]) == (24, True)
    refused = editor.send("patch", address, {"limit_usd_per_month": "10000.01"})
    assert (refused.status_code, refused.json()["code"]) == (400, "watching_limit_out_of_range")
