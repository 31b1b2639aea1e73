"""A sandbox of AWS with a role in each account, an organization that is connected to it, and a bill without pauses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.db.models import F

from accounts.domain.audit import SYSTEM
from accounts.models import Organization
from accounts.tenancy.context import organization_scope, tenant_transaction
from billing.adapters.aws import cost_explorer
from billing.domain.collection import ConnectionKind, Source, WindowState
from billing.models import CollectionWindow
from billing.operations.catalog import sync_price_table
from billing.operations.collection import Outcome, collect_window, find_next_window, plan_collection
from billing.operations.connections import create_connection, enter_role, verify_connection
from billing.sandbox.control import Control
from config.local.installation import SANDBOX_CREDENTIALS
from tests.cast import Cast
from tests.factories.aws import EXTERNAL_ID, MEMBER_ROLE, PAYER_ROLE, running_aws
from tests.servers import SANDBOX_NOW

TODAY = SANDBOX_NOW.replace(hour=0)


@dataclass(slots=True)
class Ticking:
    """A clock that moves only when told to."""

    now: datetime = SANDBOX_NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_time(self, **length: float) -> None:
        self.now += timedelta(**length)


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost_explorer, "SECONDS_BETWEEN_CALLS", 0.0)


@pytest.fixture
def prices(db: None) -> None:  # noqa: ARG001 - opens the database
    """The committed price table, stored."""
    sync_price_table(now=SANDBOX_NOW - timedelta(days=200))


@pytest.fixture(scope="session")
def aws_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    """One sandbox for all tests that leave its bill and its clock alone."""
    with running_aws(tmp_path_factory.mktemp("sandbox"), now=SANDBOX_NOW) as started:
        yield started.control


@pytest.fixture
def aws(aws_server: Control, monkeypatch: pytest.MonkeyPatch) -> Control:
    """The sandbox without faults, with a role in the payer's and in the member's account, and boto3 pointed at it."""
    for name, value in {**SANDBOX_CREDENTIALS, "AWS_ENDPOINT_URL": aws_server.url}.items():
        monkeypatch.setenv(name, value)
    aws_server.clear_faults()
    aws_server.clear_calls()
    for role in (PAYER_ROLE, MEMBER_ROLE):
        aws_server.put_role(role, EXTERNAL_ID)
    return aws_server


@pytest.fixture
def acme(cast: Cast, prices: None) -> Iterator[Organization]:  # noqa: ARG001 - stored first
    """Acme, named for the whole test."""
    with organization_scope(cast.acme.pk):
        yield cast.acme


def connect(
    clock: Ticking,
    role_arn: str = PAYER_ROLE,
    *,
    kind: ConnectionKind = ConnectionKind.PAYER,
    aws_regions: tuple[str, ...] = (),
    external_id: str = EXTERNAL_ID,
) -> int:
    """Connect an account and verify it."""
    with tenant_transaction():
        connection_id = create_connection(
            actor=SYSTEM, kind=kind, aws_regions=aws_regions, external_id=external_id, now=clock()
        )
        enter_role(actor=SYSTEM, connection_id=connection_id, role_arn=role_arn, now=clock())
    verify_connection(connection_id=connection_id, clock=clock)
    return connection_id


def collect_all(clock: Ticking) -> list[Outcome]:
    """Plan, and collect every window that can be claimed."""
    plan_collection(now=clock())
    outcomes = []
    while (found := find_next_window(only=None, now=clock())).window_id is not None:
        outcomes.append(collect_window(window_id=found.window_id, clock=clock))
    return outcomes


@pytest.fixture
def connection_id(aws: Control, acme: Organization, clock: Ticking) -> int:  # noqa: ARG001 - there first
    """A payer that reads one region."""
    return connect(clock, aws_regions=("us-east-1",))


def plan(clock: Ticking) -> None:
    plan_collection(now=clock())


def window(source: Source, start: datetime) -> CollectionWindow:
    with tenant_transaction():
        return CollectionWindow.objects.get(source=source, window_start=start)


def state_of(window_id: int) -> str:
    with tenant_transaction():
        return CollectionWindow.objects.get(id=window_id).state


def collect(window_id: int, clock: Ticking) -> Outcome:
    return collect_window(window_id=window_id, clock=clock)


def hours() -> list[tuple[Any, ...]]:
    with tenant_transaction(), database.cursor() as cursor:
        cursor.execute("TABLE billing_hourlyusage ORDER BY hour, series_id")
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def today(clock: Ticking) -> CollectionWindow:
    plan(clock)
    return window(Source.CLOUDWATCH, TODAY)


def pretend_all_read(clock: Ticking) -> None:
    """Say of every window that waits that it was read just now, without reading it."""
    with tenant_transaction():
        waiting = CollectionWindow.objects.filter(state=WindowState.DUE)
        waiting.update(state=WindowState.DONE, read_at=clock(), filled_until=F("window_start"), next_attempt_at=None)
