"""The timetable's tasks: each organization gets its turn, and doing a thing twice changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core import mail

from accounts.models import User
from billing import tasks
from billing.domain.collection import WindowState
from billing.domain.connections import ConnectionFault, ConnectionState
from billing.domain.imports import ImportState
from billing.models import AwsConnection, CollectionWindow, ModelPrice
from billing.operations.kept_files import keep_file
from tests.cast import Cast, inside
from tests.factories.billing import CONNECTED_AT, make_connection, make_series, make_usage, make_window
from tests.factories.cost_files import as_csv, azure
from tests.factories.imports import make_import

Sent = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """What was handed to workers instead of being done."""
    found: Sent = []
    for name in (
        "plan_collection",
        "collect_window",
        "look_after_connections",
        "verify_connection",
        "scan_regions",
        "note_principal",
        "rerate_windows",
        "erase_connection_data",
        "plan_imports",
        "run_import",
    ):
        monkeypatch.setattr(getattr(tasks, name), "delay", lambda name=name, **given: found.append((name, given)))
    return found


@pytest.mark.parametrize(
    ("fan_out", "handed"),
    [
        (tasks.collect_due_windows, "plan_collection"),
        (tasks.verify_due_connections, "look_after_connections"),
        (tasks.rerate_due_windows, "rerate_windows"),
        (tasks.import_due_files, "plan_imports"),
    ],
)
def test_each_organization_gets_its_turn(cast: Cast, sent: Sent, fan_out: Callable[[], None], handed: str) -> None:
    fan_out()
    assert {given["organization_id"] for _, given in sent} == {str(cast.acme.pk), str(cast.globex.pk)}
    assert {name for name, _ in sent} == {handed}


def test_planning_hands_out_a_few_windows_and_not_the_same_ones_twice(cast: Cast, sent: Sent) -> None:
    with inside(cast.acme):
        make_connection()
    tasks.plan_collection(organization_id=str(cast.acme.pk))
    assert [name for name, _ in sent] == ["collect_window"] * 3
    tasks.plan_collection(organization_id=str(cast.acme.pk))
    assert len(sent) == 3
    with inside(cast.acme):
        assert CollectionWindow.objects.filter(state=WindowState.DUE).count() > 20


def test_a_window_that_is_gone_is_nothing_to_do(cast: Cast, sent: Sent) -> None:
    tasks.collect_window(organization_id=str(cast.acme.pk), window_id=12345)
    assert sent == []


def test_what_connections_need_is_handed_out(cast: Cast, sent: Sent) -> None:
    with inside(cast.acme):
        waiting = make_connection(
            state=ConnectionState.VERIFYING, next_attempt_at=CONNECTED_AT, holds_role=False, principal_arn="x"
        )
        new = make_connection(state=ConnectionState.PENDING, aws_account_id="444455556666")
        scanned = make_connection(aws_account_id="777788889999", principal_arn="x")
        over = make_connection(
            state=ConnectionState.DISCONNECTED, aws_account_id="222233334444", deletion_asked_at=CONNECTED_AT
        )
    tasks.look_after_connections(organization_id=str(cast.acme.pk))
    assert {(name, given["connection_id"]) for name, given in sent} == {
        ("verify_connection", waiting.pk),
        ("note_principal", new.pk),
        ("scan_regions", scanned.pk),
        ("erase_connection_data", over.pk),
    }


def test_owners_are_told_in_their_language_once(cast: Cast, sent: Sent) -> None:  # noqa: ARG001 - nothing is done
    User.objects.filter(pk=cast.ada.pk).update(language="ja")
    with inside(cast.acme):
        make_connection(
            state=ConnectionState.FAILING,
            last_error=ConnectionFault.PERMISSION_MISSING,
            permissions_missing=["ce:GetCostAndUsage"],
            aws_regions_asked=["us-east-1"],
            principal_arn="x",
        )
    for _ in range(2):
        tasks.look_after_connections(organization_id=str(cast.acme.pk))
    (message,) = mail.outbox
    assert message.to == ["ada@acme.test"]
    assert message.extra_headers["Content-Language"] == "ja"
    assert "/o/acme/connections/" in message.body


@pytest.mark.usefixtures("sent")
def test_a_mail_server_that_is_away_is_tried_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    with inside(cast.acme):
        make_connection(
            state=ConnectionState.FAILING,
            aws_regions_asked=["us-east-1"],
            last_error="ROLE_NOT_ASSUMABLE",
            principal_arn="x",
        )

    def away(*_: object) -> int:
        raise ConnectionRefusedError

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMultiAlternatives.send", away)
        tasks.look_after_connections(organization_id=str(cast.acme.pk))
    with inside(cast.acme):
        assert AwsConnection.objects.get().owner_told_at is None
    tasks.look_after_connections(organization_id=str(cast.acme.pk))
    assert len(mail.outbox) == 1


@pytest.mark.django_db
def test_prices_are_synced_and_what_is_due_is_rated_again(cast: Cast) -> None:
    tasks.sync_prices()
    tasks.sync_prices()
    assert ModelPrice.objects.exists()
    with inside(cast.acme):
        window = make_window(make_connection(), state=WindowState.DONE, rows=1, is_rating_due=True)
        make_usage(make_series(), {CONNECTED_AT: 1000})
    for _ in range(2):
        tasks.rerate_windows(organization_id=str(cast.acme.pk))
    with inside(cast.acme):
        window.refresh_from_db()
        assert not window.is_rating_due


def test_a_scan_adds_regions_and_never_takes_one_away(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    with inside(cast.acme):
        connection = make_connection(aws_regions=("us-east-1",))
    monkeypatch.setattr("billing.operations.scans.find_traffic_regions", lambda _role: ("eu-west-3",))
    for _ in range(2):
        tasks.scan_regions(organization_id=str(cast.acme.pk), connection_id=connection.pk)
    with inside(cast.acme):
        connection.refresh_from_db()
        assert connection.aws_regions == ["eu-west-3", "us-east-1"]
        assert connection.scanned_at is not None


def test_a_file_that_waits_is_handed_out_read_once_and_what_it_makes_due_follows(
    cast: Cast, sent: Sent, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    with inside(cast.acme):
        kept = keep_file([as_csv([azure("1")])])
        waiting = make_import(state=ImportState.DUE, kept_as=kept.name)
    acme = str(cast.acme.pk)
    tasks.plan_imports(organization_id=acme)
    assert sent == [("run_import", {"organization_id": acme, "import_id": waiting.pk})]
    for _ in range(2):
        tasks.run_import(organization_id=acme, import_id=waiting.pk)
    assert sent[1:] == [("rerate_windows", {"organization_id": acme})]
    tasks.plan_imports(organization_id=acme)
    assert len(sent) == 2
