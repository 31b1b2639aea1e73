"""The commands: what they print, with what they exit, and that they go on where they were stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.tenancy.context import organization_scope
from billing.adapters.aws import cost_explorer
from billing.domain.collection import WindowState
from billing.models import CollectionWindow
from billing.operations.catalog import sync_price_table
from billing.operations.collection import plan_collection
from billing.sandbox.control import Control
from config.local.installation import SANDBOX_CREDENTIALS
from tests.cast import Cast, inside
from tests.factories.aws import EXTERNAL_ID, PAYER_ROLE, running_aws
from tests.factories.billing import CONNECTED_AT, make_connection, make_series, make_usage, make_window


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    """A sandbox that goes by the real clock, as the commands do."""
    with running_aws(tmp_path_factory.mktemp("sandbox"), now=timezone.now()) as started:
        yield started.control


@pytest.fixture(autouse=True)
def aws(server: Control, monkeypatch: pytest.MonkeyPatch) -> Control:
    for name, value in {**SANDBOX_CREDENTIALS, "AWS_ENDPOINT_URL": server.url}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(cost_explorer, "SECONDS_BETWEEN_CALLS", 0.0)
    server.clear_faults()
    server.put_role(PAYER_ROLE, EXTERNAL_ID)
    return server


def run(*arguments: str, expect_exit: int = 0) -> dict[str, Any]:
    out = StringIO()
    exit_code = 0
    try:
        call_command(*arguments, "--json", stdout=out)
    except SystemExit as ended:
        exit_code = int(str(ended.code))
    assert exit_code == expect_exit, out.getvalue()
    found: dict[str, Any] = json.loads(out.getvalue()) if out.getvalue() else {}
    return found


def connect(*more: str, expect_exit: int = 0) -> dict[str, Any]:
    arguments = ["connect_aws", "--organization=acme", f"--role-arn={PAYER_ROLE}", f"--external-id={EXTERNAL_ID}"]
    return run(*arguments, "--payer", *more, expect_exit=expect_exit)


@pytest.mark.usefixtures("cast")
def test_an_account_is_connected_and_verified_and_again_it_stays_one() -> None:
    first = connect("--regions=us-east-1")
    assert (first["state"], first["aws_regions"], first["fault"]) == ("VERIFIED", ["us-east-1"], None)
    assert first["permissions_missing"] == []
    assert connect()["connection_id"] == first["connection_id"]


def test_a_refused_connection_says_why_and_exits_with_one(aws: Control, cast: Cast) -> None:  # noqa: ARG001 - Acme is there
    aws.put_role(PAYER_ROLE, None)
    found = connect(expect_exit=1)
    assert (found["state"], found["fault"]) == ("REFUSED", "ASSUMABLE_WITHOUT_EXTERNAL_ID")


@pytest.mark.usefixtures("cast")
@pytest.mark.parametrize(
    "arguments",
    [
        ["--organization=nobody", f"--role-arn={PAYER_ROLE}", "--payer"],
        ["--organization=acme", "--role-arn=not-an-arn", "--payer"],
        ["--organization=acme", f"--role-arn={PAYER_ROLE}", "--payer", "--member"],
        ["--organization=acme", f"--role-arn={PAYER_ROLE}"],
        ["--organization=acme", f"--role-arn={PAYER_ROLE}", "--payer", "--external-id=a b"],
        ["--organization=acme", f"--role-arn={PAYER_ROLE}", "--payer", "--regions=moon-1"],
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("connect_aws", *arguments)


def keep_recent(days: int) -> None:
    """Leave the older windows out, for the test's sake."""
    CollectionWindow.objects.filter(window_start__lt=timezone.now() - timedelta(days=days)).delete()


def test_collect_reads_what_is_due_and_exits_with_one_while_something_is_left(
    aws: Control, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_price_table(now=CONNECTED_AT)
    connect("--regions=us-east-1")
    planned: list[int] = []

    def plan_little(**given: Any) -> int:
        found = plan_collection(**given)
        with organization_scope(cast.acme.pk), inside(cast.acme):
            keep_recent(days=40)
        planned.append(found)
        return found

    monkeypatch.setattr("billing.management.commands.collect.plan_collection", plan_little)
    aws.put_fault("GetCostAndUsage", "throttle")
    found = run("collect", "--organization=acme", expect_exit=1)
    assert found["windows_retried_later"] == found["windows_left"] > 0
    assert found["windows_done"] > 0

    aws.clear_faults()
    with inside(cast.acme):
        CollectionWindow.objects.update(next_attempt_at=timezone.now())
    found = run("collect", "--organization=acme")
    assert (found["windows_left"], found["windows_refused"]) == (0, 0)

    # A range that was read before is read again; what is refused makes the exit one.
    today = timezone.now().date()
    found = run("collect", "--organization=acme", f"--from={today - timedelta(days=1)}")
    assert found["windows_done"] >= 2
    aws.put_role(PAYER_ROLE, EXTERNAL_ID, ["ce:*"])
    found = run("collect", "--organization=acme", f"--from={today - timedelta(days=1)}", expect_exit=1)
    assert found["windows_refused"] == 1


@pytest.mark.usefixtures("cast")
@pytest.mark.parametrize(
    "arguments", [["--from=2026-13-01"], ["--from=yesterday"], ["--from=2026-11-02", "--to=2026-11-01"]]
)
def test_an_impossible_range_is_refused(arguments: list[str]) -> None:
    with pytest.raises((CommandError, SystemExit)) as caught:
        call_command("collect", "--organization=acme", *arguments, stderr=StringIO())
    assert not isinstance(caught.value, SystemExit) or caught.value.code == 2


def test_rerate_rates_a_past_range_again(cast: Cast) -> None:
    sync_price_table(now=CONNECTED_AT)
    with inside(cast.acme):
        make_window(make_connection(), state=WindowState.DONE, rows=1)
        make_usage(make_series(), {CONNECTED_AT: 1000})
    assert run("rerate", "--organization=acme") == {"windows_rated": 0, "windows_being_read": 0, "rows": 0}
    assert run("rerate", "--organization=acme", "--from=2026-11-01", "--to=2026-11-02")["rows"] == 1


@pytest.mark.django_db
def test_sync_prices_loads_the_table_once() -> None:
    assert run("sync_prices")["prices_changed"] > 0
    assert run("sync_prices")["prices_changed"] == 0
    out = StringIO()
    call_command("sync_prices", stdout=out)
    assert "0 changed" in out.getvalue()
