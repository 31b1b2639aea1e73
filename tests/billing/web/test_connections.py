"""The pages of connections: step by step to a verified role, and what can be done with one."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent
from billing.domain.collection import ConnectionKind, FetchFailure, Source, WindowState
from billing.domain.connections import USD_PER_METRIC, ConnectionFault, ConnectionState, Purpose
from billing.models import AwsConnection
from tests.cast import Cast, inside
from tests.factories.billing import CONNECTED_AT, make_billed, make_connection, make_metered_call, make_window

pytestmark = pytest.mark.django_db(databases=["default"])

ROLE = "arn:aws:iam::111122223333:role/YosanReader"
PRINCIPAL = "arn:aws:iam::999999999999:role/Yosan"


@pytest.fixture
def ada(client: Client, cast: Cast) -> Client:
    client.force_login(cast.ada)
    return client


def only(cast: Cast) -> AwsConnection:
    with inside(cast.acme):
        return AwsConnection.objects.get()


def make(cast: Cast, **columns: object) -> AwsConnection:
    with inside(cast.acme):
        return make_connection(principal_arn=PRINCIPAL, **columns)  # type: ignore[arg-type]


def test_an_empty_list_says_what_belongs_there(ada: Client) -> None:
    text = ada.get("/o/acme/connections/").content.decode()
    assert "No AWS account is connected" in text
    assert "/o/acme/connections/new/" in text


def test_a_viewer_sees_connections_and_cannot_make_one(client: Client, cast: Cast) -> None:
    make(cast, name="Production")
    client.force_login(cast.ben)
    text = client.get("/o/acme/connections/").content.decode()
    assert "Production" in text
    assert "/connections/new/" not in text
    assert client.get("/o/acme/connections/new/").status_code == 403


def test_a_stranger_cannot_tell_whether_a_connection_exists(client: Client, cast: Cast) -> None:
    connection = make(cast)
    client.force_login(cast.cleo)
    assert client.get(f"/o/acme/connections/{connection.pk}/").status_code == 404
    assert client.get(f"/o/globex/connections/{connection.pk}/").status_code == 404


def test_the_first_step_makes_an_external_id_that_nobody_chose(ada: Client, cast: Cast) -> None:
    given = {"kind": "PAYER", "name": "Production", "tag_key": "team", "aws_regions": "us-east-1, eu-west-1"}
    answer = ada.post("/o/acme/connections/new/", {**given, "external_id": "chosen-by-me"})
    connection = only(cast)
    assert answer.status_code == 302
    assert answer["Location"] == f"/o/acme/connections/{connection.pk}/"
    assert connection.external_id not in ("", "chosen-by-me")
    assert connection.aws_regions_asked == ["eu-west-1", "us-east-1"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tag_key": "team"}, "This field is required."),
        ({"kind": "PAYER", "tag_key": "team", "aws_regions": "moon-1"}, "moon-1 is not an AWS region"),
        ({"kind": "PAYER", "tag_key": "t" * 200}, "at most 128 characters"),
        ({"kind": "PAYER", "tag_key": "team", "name": "n" * 10_000}, "at most 120 characters"),
        ({"kind": "EVERYTHING", "tag_key": "team"}, "Select a valid choice"),
    ],
)
def test_a_first_step_that_is_wrong_changes_nothing(
    ada: Client, cast: Cast, given: dict[str, str], message: str
) -> None:
    answer = ada.post("/o/acme/connections/new/", given)
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert "There is a problem" in answer.content.decode()
    with inside(cast.acme):
        assert not AwsConnection.objects.exists()


def test_the_template_waits_for_the_worker_that_asks_who_we_are(ada: Client, cast: Cast) -> None:
    with inside(cast.acme):
        connection = make_connection(state=ConnectionState.PENDING, role_arn="", aws_account_id="", principal_arn="")
    text = ada.get(f"/o/acme/connections/{connection.pk}/").content.decode()
    assert 'hx-trigger="every 2s"' in text
    assert "The template is being written" in text


def test_the_template_names_us_and_this_connections_external_id(ada: Client, cast: Cast) -> None:
    connection = make(cast, state=ConnectionState.PENDING, role_arn="", aws_account_id="")
    text = ada.get(f"/o/acme/connections/{connection.pk}/").content.decode()
    assert connection.external_id in text
    assert PRINCIPAL in text
    assert 'hx-trigger="every 2s"' not in text
    answer = ada.get(f"/o/acme/connections/{connection.pk}/template/")
    assert answer["Content-Disposition"].startswith("attachment")
    assert connection.external_id in answer.content.decode()
    assert json.loads(answer.content)["AWSTemplateFormatVersion"] == "2010-09-09"


def test_a_pasted_role_is_verified_by_a_worker_while_the_page_asks(ada: Client, cast: Cast) -> None:
    connection = make(cast, state=ConnectionState.PENDING, role_arn="", aws_account_id="", verified_at=None)
    answer = ada.post(f"/o/acme/connections/{connection.pk}/role/", {"role_arn": f" {ROLE} "})
    assert answer.status_code == 302
    assert only(cast).state == ConnectionState.VERIFYING
    text = ada.get(f"/o/acme/connections/{connection.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert "A worker is trying the role" in text
    assert "<html" not in text
    assert 'hx-trigger="every 2s"' in text


@pytest.mark.parametrize("role_arn", ["", "not an arn", "arn:aws:s3:::bucket", "a" * 10_000])
def test_a_malformed_role_is_refused_at_its_field(ada: Client, cast: Cast, role_arn: str) -> None:
    connection = make(cast, state=ConnectionState.PENDING, role_arn="", aws_account_id="")
    answer = ada.post(f"/o/acme/connections/{connection.pk}/role/", {"role_arn": role_arn})
    assert answer.status_code == 422
    assert 'href="#id_role_arn"' in answer.content.decode()
    assert only(cast).role_arn == ""


def test_a_refusal_says_why_and_what_to_do(ada: Client, cast: Cast) -> None:
    connection = make(
        cast, state=ConnectionState.REFUSED, last_error=ConnectionFault.ASSUMABLE_WITHOUT_EXTERNAL_ID, verified_at=None
    )
    text = ada.get(f"/o/acme/connections/{connection.pk}/").content.decode()
    assert "can be assumed without an external ID" in text
    assert "Verify the role" in text


def test_a_running_connection_shows_proof_permissions_cost_and_endpoint(ada: Client, cast: Cast) -> None:
    connection = make(
        cast,
        permissions_found=["cloudwatch:ListMetrics"],
        permissions_missing=["ce:GetCostAndUsage"],
        polling_usd_per_month="0.6500",
        expected_usd_this_month="0.65",
        endpoint_url="http://127.0.0.1:4566",
    )
    with inside(cast.acme):
        make_window(connection, state=WindowState.DONE)
    finding = ada.get("/o/acme/connections/").content.decode().partition('<p class="finding">')[2].partition("</p>")[0]
    assert "Data until" in finding
    assert "Watching comes to $0.65 this month, 65 % of the limit of $1.00." in finding.replace("\xa0", " ")
    text = ada.get(f"/o/acme/connections/{connection.pk}/").content.decode()
    for expected in ("works", "missing", "of $1.00", "http://127.0.0.1:4566", "not AWS itself", "CloudWatch"):
        assert expected in text


def test_pause_and_resume(ada: Client, cast: Cast) -> None:
    connection = make(cast)
    ada.post(f"/o/acme/connections/{connection.pk}/pause/")
    assert only(cast).state == ConnectionState.PAUSED
    assert "Resume reading" in ada.get(f"/o/acme/connections/{connection.pk}/").content.decode()
    ada.post(f"/o/acme/connections/{connection.pk}/resume/")
    assert only(cast).state == ConnectionState.VERIFYING
    assert ada.post(f"/o/acme/connections/{connection.pk}/pause/").status_code == 409


def test_verifying_again_asks_the_worker_again(ada: Client, cast: Cast) -> None:
    connection = make(cast)
    assert ada.post(f"/o/acme/connections/{connection.pk}/verify/").status_code == 302
    assert only(cast).state == ConnectionState.VERIFYING
    assert ada.get(f"/o/acme/connections/{connection.pk}/verify/").status_code == 405


@pytest.mark.parametrize(("choice", "is_deleted"), [("keep", False), ("delete", True)])
def test_disconnecting_asks_what_becomes_of_the_data(ada: Client, cast: Cast, choice: str, *, is_deleted: bool) -> None:
    connection = make(cast)
    address = f"/o/acme/connections/{connection.pk}/disconnect/"
    assert "Keep it" in ada.get(address).content.decode()
    assert ada.post(address, {}).status_code == 422
    assert ada.post(address, {"outcome": choice}).status_code == 302
    assert only(cast).state == ConnectionState.DISCONNECTED
    assert (only(cast).deletion_asked_at is not None) is is_deleted
    with inside(cast.acme):
        assert AuditEvent.objects.filter(verb="connection.disconnected").count() == 1


def test_progress_says_when_figures_have_changed(ada: Client, cast: Cast) -> None:
    connection = make(cast)
    with inside(cast.acme):
        make_window(connection, state=WindowState.DONE)
        make_window(connection, start=CONNECTED_AT + timedelta(days=1))
    answer = ada.get("/o/acme/connections/progress/?done=0")
    assert "1 of 2 days" in answer.content.decode()
    assert answer["HX-Trigger"] == "spend-changed"
    assert "HX-Trigger" not in ada.get("/o/acme/connections/progress/?done=1")
    assert ada.get("/o/acme/connections/progress/?connection=x").status_code == 200


def test_progress_stops_asking_when_the_past_is_stored(ada: Client, cast: Cast) -> None:
    connection = make(cast, kind=ConnectionKind.MEMBER)
    with inside(cast.acme):
        make_window(connection, state=WindowState.DONE)
    text = ada.get(f"/o/acme/connections/progress/?connection={connection.pk}").content.decode()
    assert "The past is stored" in text
    assert "hx-trigger" not in text


def page(ada: Client, connection: AwsConnection) -> str:
    return " ".join(ada.get(f"/o/acme/connections/{connection.pk}/").content.decode().split())


def test_the_role_is_there_as_terraform_to_copy_and_to_download(ada: Client, cast: Cast) -> None:
    connection = make(cast, state=ConnectionState.PENDING, verified_at=None)
    text = page(ada, connection)
    assert 'data-copy="role-terraform"' in text
    assert 'data-copy="role-template"' in text
    answer = ada.get(f"/o/acme/connections/{connection.pk}/terraform/")
    assert answer["Content-Disposition"] == f'attachment; filename="yosan-role-{connection.pk}.tf"'
    assert 'resource "aws_iam_role"' in answer.content.decode()
    assert connection.external_id in answer.content.decode()


def test_what_is_missing_is_there_to_copy_as_a_policy(ada: Client, cast: Cast) -> None:
    connection = make(
        cast,
        state=ConnectionState.FAILING,
        failing_since=CONNECTED_AT,
        permissions_found=["cloudwatch:ListMetrics"],
        permissions_missing=["ce:GetCostAndUsage"],
    )
    with inside(cast.acme):
        make_window(connection, source=Source.COST_EXPLORER, state=WindowState.FAILED, last_error=FetchFailure.DENIED)
    text = page(ada, connection)
    assert "AWS denies something since" in text
    assert "Cost Explorer:</strong> AWS refused access" in text
    assert 'data-copy="connection-fix"' in text
    assert "&quot;ce:GetCostAndUsage&quot;" in text
    assert "s3:" not in text


def test_a_trust_policy_that_lets_anybody_in_is_there_to_copy_as_it_should_be(ada: Client, cast: Cast) -> None:
    connection = make(
        cast, state=ConnectionState.REFUSED, last_error=ConnectionFault.ASSUMABLE_WITHOUT_EXTERNAL_ID, verified_at=None
    )
    text = page(ada, connection)
    assert 'data-copy="connection-fix"' in text
    assert "&quot;sts:ExternalId&quot;: &quot;a-long-random-text&quot;" in text


def test_watching_costs_what_this_months_questions_came_to(ada: Client, cast: Cast) -> None:
    """steipete/CodexBar#3387: watching Bedrock cost 50 dollars a month, and nothing said so."""
    connection = make(cast)
    month = timezone.now().date().replace(day=1)
    with inside(cast.acme):
        make_window(connection, state=WindowState.DONE, rows=12_960)
        for purpose, metrics in ((Purpose.PRESENT, 41_000), (Purpose.PAST, 8_100)):
            make_metered_call(
                connection=connection,
                month=month,
                purpose=purpose,
                requests=900,
                metrics=metrics,
                charge_usd=metrics * USD_PER_METRIC,
            )
        bill = {"source": Source.COST_EXPLORER, "operation": "ce:GetCostAndUsage", "charge_usd": "0.04"}
        make_metered_call(connection=connection, month=month, requests=4, **bill)
        make_metered_call(connection=connection, month=month - timedelta(days=1), requests=1)
    text = page(ada, connection)
    for expected in ("$0.45", "of $1.00; and $0.08 once", "49,100 metrics, 4 Cost Explorer requests", "12,960"):
        assert expected in text
    assert "ce:GetCostAndUsage" in text
    assert "Months of watching" in text


def test_an_admin_says_what_watching_may_cost_and_the_page_says_what_that_buys(ada: Client, cast: Cast) -> None:
    connection = make(cast)
    with inside(cast.acme):
        make_metered_call(connection=connection, month=timezone.now().date().replace(day=1), charge_usd="0.90")
    address = f"/o/acme/connections/{connection.pk}/limit/"
    assert "of the spend every hour takes" in ada.get(address).content.decode()
    assert ada.post(address, {"watching_limit_usd": "-1"}).status_code == 422
    assert ada.post(address, {"watching_limit_usd": "0.50"}).status_code == 302
    text = page(ada, connection)
    assert "This month comes to $0.90, more than the limit of $0.50: the daily readings go on." in text
    with inside(cast.acme):
        event = AuditEvent.objects.get(verb="connection.watching_limit_changed")
    assert (event.before, event.after) == ({"watching_limit_usd": "1.00"}, {"watching_limit_usd": "0.50"})


def test_tag_and_regions_are_changed_later_and_no_region_is_taken_away(ada: Client, cast: Cast) -> None:
    connection = make(cast, aws_regions=["us-east-1"], aws_regions_asked=["us-east-1"])
    address = f"/o/acme/connections/{connection.pk}/edit/"
    given = {"name": "Production", "tag_key": "squad", "aws_regions": "eu-west-1"}
    assert 'value="us-east-1"' in ada.get(address).content.decode()
    assert f'href="{address}"' in page(ada, connection)

    assert ada.post(address, {**given, "aws_regions": "moon-1"}).status_code == 422
    assert ada.post(address, given).status_code == 302

    changed = only(cast)
    assert (changed.name, changed.tag_key) == ("Production", "squad")
    assert changed.aws_regions == changed.aws_regions_asked == ["eu-west-1", "us-east-1"]
    with inside(cast.acme):
        event = AuditEvent.objects.get(verb="connection.changed")
    assert event.before is not None
    assert (event.before["tag_key"], event.after["tag_key"]) == ("team", "squad")  # type: ignore[index]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"state": ConnectionState.PAUSED}, "Paused: nothing is read from this account until you resume."),
        (
            {"state": ConnectionState.DISCONNECTED, "disconnected_at": CONNECTED_AT},
            "What was read so far is kept: past months stay as they are.",
        ),
        (
            {
                "state": ConnectionState.DISCONNECTED,
                "disconnected_at": CONNECTED_AT,
                "deletion_asked_at": CONNECTED_AT,
            },
            "Its data are being deleted.",
        ),
        ({"state": ConnectionState.VERIFIED}, "1 of 1 sources is not up to date."),
    ],
)
def test_each_state_has_its_words(ada: Client, cast: Cast, columns: dict[str, object], words: str) -> None:
    connection = make(cast, **columns)
    with inside(cast.acme):
        make_window(connection, state=WindowState.DONE)
    assert words in page(ada, connection)


def test_a_bill_that_was_kept_of_the_same_account_is_named(ada: Client, cast: Cast) -> None:
    make_kept(cast)
    connection = make(cast, aws_account_id="222222222222")
    assert "were kept from the bill of Old payer" in page(ada, connection)


def make_kept(cast: Cast) -> None:
    with inside(cast.acme):
        payer = make_connection(
            name="Old payer", state=ConnectionState.DISCONNECTED, disconnected_at=CONNECTED_AT, aws_account_id="1" * 12
        )
        make_billed(payer, {CONNECTED_AT.date(): "1"}, aws_account_id="222222222222")
