"""Workers that are killed in mid-backfill: whoever comes next ends in the same rows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database

from accounts.models import Organization
from accounts.tenancy.context import organization_scope, tenant_transaction
from billing.domain.collection import WindowState
from billing.models import CollectionWindow
from billing.operations.catalog import sync_price_table
from billing.operations.collection import Outcome, plan_collection, reopen_windows
from billing.operations.windows import claim_window
from billing.sandbox.control import Control
from config.celery import app as celery_app
from config.local.installation import BASE_DIR
from tests.billing.operations.conftest import TODAY, Ticking, collect_all, connect
from tests.factories.accounts import make_organization
from tests.servers import SANDBOX_NOW

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]

TIME_LIMIT_SECONDS = 60
# What the test reads: enough months that a kill falls in the middle.
SINCE = TODAY - timedelta(days=100)


@pytest.fixture
def acme() -> Iterator[Organization]:
    sync_price_table(now=SANDBOX_NOW - timedelta(days=200))
    organization = make_organization(slug="acme", name="Acme")
    with organization_scope(organization.pk):
        yield organization


@pytest.fixture
def due(aws: Control, acme: Organization, clock: Ticking) -> None:  # noqa: ARG001 - there first
    """A connection whose recent windows wait to be read; the older ones are left out, for the test's sake."""
    connect(clock, aws_regions=("us-east-1",))
    plan_collection(now=clock())
    with tenant_transaction():
        CollectionWindow.objects.filter(window_start__lt=SINCE).delete()


def rows() -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    with tenant_transaction(), database.cursor() as cursor:
        for table, time_column in (("hourlyusage", "hour"), ("dailyusage", "date"), ("billedcost", "date")):
            cursor.execute(f"TABLE billing_{table} ORDER BY {time_column}, series_id")
            found[table] = cursor.fetchall()
    return found


def states() -> dict[str, int]:
    with tenant_transaction():
        found = list(CollectionWindow.objects.values_list("state", flat=True))
    return {state: found.count(state) for state in set(found)}


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIME_LIMIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, states()
        time.sleep(0.05)


def start_collect(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "collect", "--organization", "acme", "--json"],
        cwd=BASE_DIR,
        env={**environment, **aws_environment()},
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


def nudge_worker(organization: Organization) -> None:
    with celery_app.connection_for_write() as connection:
        celery_app.send_task(
            "billing.tasks.plan_collection",
            kwargs={"organization_id": str(organization.pk)},
            queue="collection",
            connection=connection,
        )


def aws_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}


def let_leases_run_out() -> None:
    """As if the time had passed for which the killed process held its windows."""
    with tenant_transaction():
        CollectionWindow.objects.filter(state=WindowState.STARTED).update(lease_until=SANDBOX_NOW)
        CollectionWindow.objects.update(offered_until=None)


@pytest.mark.usefixtures("due")
def test_a_backfill_that_was_killed_twice_ends_in_the_same_rows(
    process_environment: dict[str, str], worker: Callable[..., int], acme: Organization, clock: Ticking
) -> None:
    # First a shell that collects in the foreground, then a worker: both die without a word.
    process = start_collect(process_environment)
    wait_until(lambda: states().get(WindowState.DONE, 0) >= 2)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    let_leases_run_out()

    pid = worker(**aws_environment())
    nudge_worker(acme)
    wait_until(lambda: states().get(WindowState.DONE, 0) >= 5)
    os.killpg(pid, signal.SIGKILL)
    assert states().keys() != {WindowState.DONE}
    let_leases_run_out()

    # The next worker finds what is left, and hands out the rest by itself.
    worker(**aws_environment())
    nudge_worker(acme)
    wait_until(lambda: set(states()) == {WindowState.DONE})
    killed = rows()
    assert all(killed.values())

    # The same windows, read in one go by one process.
    reopen_windows(start=SINCE, end=None, now=clock())
    assert Outcome.STORED in collect_all(clock)
    assert rows() == killed


@pytest.mark.usefixtures("due")
def test_of_many_workers_that_come_at_the_same_moment_one_gets_the_window(acme: Organization, clock: Ticking) -> None:
    with tenant_transaction():
        window_id = CollectionWindow.objects.values_list("id", flat=True).order_by("id").first()
    assert window_id is not None
    together = threading.Barrier(8)

    def claim() -> bool:
        try:
            with organization_scope(acme.pk):
                together.wait()
                return claim_window(window_id, clock()) is not None
        finally:
            database.close()

    with ThreadPoolExecutor(8) as threads:
        claims = [future.result() for future in [threads.submit(claim) for _ in range(8)]]
    assert claims.count(True) == 1
