"""AWS stumbles, denies, and changes its mind: nothing is stored by halves, nothing loops, nothing is lost."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core import mail

from accounts.domain.audit import SYSTEM
from accounts.tenancy.context import organization_scope, tenant_transaction
from billing.domain.collection import RESTATEMENT, FetchFailure, Source, WindowState
from billing.domain.connections import ConnectionFault, ConnectionState
from billing.domain.dimensions import Basis, Dimension, Granularity
from billing.models import BilledCost, CollectionWindow, HourlyUsage, InferenceProfile, UsageSeries
from billing.operations.collection import (
    Outcome,
    find_next_window,
    offer_windows,
    plan_collection,
    reopen_windows,
)
from billing.operations.connections import disconnect_connection, request_verification, verify_connection
from billing.operations.erasure import erase_connection_data, list_erasures_due
from billing.operations.notices import tell_owners
from billing.operations.rating import find_rating_due, list_windows_to_rate
from billing.queries.collection import list_source_freshness
from billing.queries.connections import get_connection
from billing.queries.costs import SpendQuestion, list_spend
from billing.sandbox.control import Control
from tests.billing.operations.conftest import (
    TODAY,
    Ticking,
    collect,
    collect_all,
    connect,
    hours,
    plan,
    pretend_all_read,
    state_of,
    today,
    window,
)
from tests.cast import Cast
from tests.factories.aws import PAYER_ROLE

EXTERNAL_ID = "a-long-random-text"

pytestmark = pytest.mark.usefixtures("acme")


# AWS stumbles.


@pytest.mark.usefixtures("connection_id")
def test_a_throttled_window_is_tried_again_later_by_its_own_row(aws: Control, clock: Ticking) -> None:
    due = today(clock)
    aws.put_fault("GetMetricData", "throttle")

    assert collect(due.pk, clock) is Outcome.RETRIED_LATER
    row = window(Source.CLOUDWATCH, TODAY)
    assert (row.state, row.last_error, row.failures) == (WindowState.DUE, FetchFailure.THROTTLED, 1)
    assert row.next_attempt_at is not None
    assert clock() < row.next_attempt_at <= clock() + timedelta(seconds=30)
    assert collect(due.pk, clock) is Outcome.NOT_OURS  # not before its time
    assert hours() == []

    aws.clear_faults()
    clock.pass_time(seconds=31)
    assert collect(due.pk, clock) is Outcome.STORED
    row = window(Source.CLOUDWATCH, TODAY)
    assert (row.last_error, row.failures, row.next_attempt_at) == ("", 0, None)


@pytest.mark.usefixtures("connection_id")
def test_partial_data_is_never_taken_for_the_whole(aws: Control, clock: Ticking) -> None:
    due = today(clock)
    aws.put_fault("GetMetricData", "partial_data")

    assert collect(due.pk, clock) is Outcome.RETRIED_LATER
    assert hours() == []


@pytest.mark.usefixtures("connection_id")
def test_an_outage_in_mid_page_stores_nothing_and_loses_nothing(aws: Control, clock: Ticking) -> None:
    due = today(clock)
    aws.set_page_size("GetMetricData", 3)
    aws.put_fault("GetMetricData", "error", every=3)
    try:
        assert collect(due.pk, clock) in (Outcome.RETRIED_LATER, Outcome.STORED)
        aws.clear_faults()
        clock.pass_time(minutes=2)
        if state_of(due.pk) != WindowState.DONE:
            assert collect(due.pk, clock) is Outcome.STORED
        paged = hours()
    finally:
        aws.set_page_size("GetMetricData", 100_800)
    reopen_windows(start=TODAY, end=None, now=clock())
    assert collect(due.pk, clock) is Outcome.STORED
    assert hours() == paged != []


@pytest.mark.usefixtures("connection_id")
def test_late_data_is_picked_up_by_the_next_reading(aws: Control, clock: Ticking) -> None:
    due = today(clock)
    aws.put_fault("GetMetricData", "late_data", hours=3, share=0.5)
    assert collect(due.pk, clock) is Outcome.STORED
    early = hours()
    aws.clear_faults()

    reopen_windows(start=TODAY, end=None, now=clock())
    assert collect(due.pk, clock) is Outcome.STORED
    late = hours()
    assert early != late
    assert sum(row[8] for row in late) > sum(row[8] for row in early)


@pytest.mark.usefixtures("connection_id")
def test_expired_credentials_are_renewed_at_the_next_attempt(aws: Control, clock: Ticking) -> None:
    due = today(clock)
    aws.expire_sessions()

    assert collect(due.pk, clock) is Outcome.RETRIED_LATER
    clock.pass_time(minutes=2)
    assert collect(due.pk, clock) is Outcome.STORED


# AWS denies.


def test_a_denied_permission_stops_its_source_and_tells_the_owner_once(
    aws: Control, connection_id: int, clock: Ticking
) -> None:
    plan(clock)
    aws.put_role(PAYER_ROLE, EXTERNAL_ID, ["ce:GetCostAndUsage"])
    bill = window(Source.COST_EXPLORER, TODAY.replace(day=1))

    assert collect(bill.pk, clock) is Outcome.REFUSED

    with tenant_transaction():
        found = get_connection(connection_id)
        assert found.state is ConnectionState.FAILING
        assert found.fault is ConnectionFault.PERMISSION_MISSING
        states = CollectionWindow.objects.filter(source=Source.COST_EXPLORER).values_list("state", flat=True)
        assert set(states) == {WindowState.FAILED}
    # It never loops: nothing asks for the bill any more, and usage goes on.
    aws.clear_calls()
    pretend_all_read(clock)
    clock.pass_time(days=2)
    collect_all(clock)
    assert not {"GetCostAndUsage", "GetDimensionValues"} & set(aws.calls())
    assert window(Source.CLOUDWATCH, TODAY).rows > 0

    assert tell_owners(now=clock()) == 1
    assert tell_owners(now=clock()) == 0
    assert [message.to for message in mail.outbox] == [["ada@acme.test"]]
    assert "ce:GetCostAndUsage" in mail.outbox[0].body

    # Somebody acts, verifies again, and what was refused is read.
    aws.put_role(PAYER_ROLE, EXTERNAL_ID)
    with tenant_transaction():
        request_verification(actor=SYSTEM, connection_id=connection_id, now=clock())
    verify_connection(connection_id=connection_id, clock=clock)
    assert collect(bill.pk, clock) is Outcome.STORED
    with tenant_transaction():
        assert get_connection(connection_id).state is ConnectionState.VERIFIED


def test_a_role_that_is_gone_stops_everything(aws: Control, connection_id: int, clock: Ticking) -> None:
    plan(clock)
    aws.delete_role(PAYER_ROLE)
    aws.expire_sessions()

    outcomes = collect_all(clock)
    clock.pass_time(minutes=5)
    outcomes += collect_all(clock)

    assert outcomes.count(Outcome.REFUSED) == 1
    aws.clear_calls()
    clock.pass_time(days=1)
    assert collect_all(clock) == []
    assert aws.calls() == {}
    with tenant_transaction():
        assert get_connection(connection_id).fault is ConnectionFault.ROLE_NOT_ASSUMABLE
        assert {row.state for row in list_source_freshness(now=clock())} == {"DENIED"}


def test_usage_is_read_although_the_inventory_is_denied(aws: Control, connection_id: int, clock: Ticking) -> None:
    aws.put_role(PAYER_ROLE, EXTERNAL_ID, ["bedrock:*"])
    plan(clock)

    assert collect(window(Source.CLOUDWATCH, TODAY).pk, clock) is Outcome.STORED
    with tenant_transaction():
        assert UsageSeries.objects.filter(model_id="").exists()  # profiles that nobody could name
    assert collect(window(Source.INVENTORY, TODAY).pk, clock) is Outcome.REFUSED

    # Later the permission is there: the past gets its names, and is rated.
    aws.put_role(PAYER_ROLE, EXTERNAL_ID)
    with tenant_transaction():
        request_verification(actor=SYSTEM, connection_id=connection_id, now=clock())
    verify_connection(connection_id=connection_id, clock=clock)
    assert collect(window(Source.INVENTORY, TODAY).pk, clock) is Outcome.STORED
    with tenant_transaction():
        assert not UsageSeries.objects.filter(model_id="").exists()
    find_rating_due()
    assert list_windows_to_rate() == [window(Source.CLOUDWATCH, TODAY).pk]


def test_profiles_are_known_without_their_tags_where_tags_are_denied(
    aws: Control, connection_id: int, clock: Ticking
) -> None:
    aws.put_role(PAYER_ROLE, EXTERNAL_ID, ["bedrock:ListTagsForResource"])
    plan(clock)

    assert collect(window(Source.INVENTORY, TODAY).pk, clock) is Outcome.STORED

    with tenant_transaction():
        assert InferenceProfile.objects.filter(tags={}).exists()
        missing = [item.action for item in get_connection(connection_id).permissions if item.is_granted is False]
        assert missing == ["bedrock:ListTagsForResource"]


# The bill changes.


def test_a_restated_day_replaces_what_was_stored(sandbox: Control, clock: Ticking) -> None:
    sandbox.put_role(PAYER_ROLE, EXTERNAL_ID)
    connect(clock, aws_regions=("us-east-1",))
    plan(clock)
    start = TODAY.replace(month=10, day=1)
    bill = window(Source.COST_EXPLORER, start)
    assert collect(bill.pk, clock) is Outcome.STORED
    before = by_line()
    lately = [key for key in before if key[0] > (TODAY - RESTATEMENT).date() + timedelta(days=2)]
    day, service, usage_type = max(lately, key=lambda key: before[key])

    sandbox.restate(day, service=service, usage_type=usage_type, factor="0.9")
    clock.pass_time(days=1)
    plan(clock)
    # The month goes on to be read together with the next one, for 45 days.
    assert window(Source.COST_EXPLORER, start).state == WindowState.DONE
    assert collect(window(Source.COST_EXPLORER, TODAY.replace(day=1)).pk, clock) is Outcome.STORED

    after = by_line()
    assert after.keys() == before.keys()
    assert {key for key in after if after[key] != before[key]} == {(day, service, usage_type)}
    assert after[day, service, usage_type] < before[day, service, usage_type]


def by_line() -> dict[tuple[date, str, str], Decimal]:
    question = SpendQuestion(
        basis=Basis.BILLED,
        start=TODAY.replace(month=10, day=1),
        end=TODAY.replace(month=11, day=1),
        granularity=Granularity.DAY,
        group_by=(Dimension.SERVICE, Dimension.USAGE_TYPE),
    )
    with tenant_transaction():
        return {(row.period, *row.key): row.cost for row in list_spend(question).rows}  # type: ignore[misc] # days and texts


def test_an_account_that_is_connected_anew_goes_on_with_its_bill(connection_id: int, clock: Ticking) -> None:
    plan(clock)
    collect(window(Source.COST_EXPLORER, TODAY.replace(day=1)).pk, clock)
    before = november()
    with tenant_transaction():
        disconnect_connection(actor=SYSTEM, connection_id=connection_id, delete_data=False, now=clock())
        assert november() == before != 0
    connect(clock, aws_regions=("us-east-1",))
    plan(clock)
    with tenant_transaction():
        again = CollectionWindow.objects.get(
            source=Source.COST_EXPLORER, window_start=TODAY.replace(day=1), state=WindowState.DUE
        )
    assert collect(again.pk, clock) is Outcome.STORED
    assert november() == before  # and not twice as much


def november() -> Decimal:
    with tenant_transaction():
        rows = list_spend(SpendQuestion(basis=Basis.BILLED, start=TODAY.replace(day=1), end=TODAY)).rows
    return sum((row.cost for row in rows), Decimal(0))


# It ends.


@pytest.mark.parametrize("delete_data", [False, True])
def test_a_disconnected_account_keeps_its_data_or_loses_all(
    connection_id: int, clock: Ticking, *, delete_data: bool
) -> None:
    due = today(clock)
    collect(due.pk, clock)
    collect(window(Source.COST_EXPLORER, TODAY.replace(day=1)).pk, clock)
    with tenant_transaction():
        disconnect_connection(actor=SYSTEM, connection_id=connection_id, delete_data=delete_data, now=clock())

    assert list_erasures_due() == ([connection_id] if delete_data else [])
    erase_connection_data(connection_id=connection_id, now=clock())
    assert erase_connection_data(connection_id=connection_id, now=clock()) is False

    with tenant_transaction():
        assert HourlyUsage.objects.exists() is not delete_data
        assert BilledCost.objects.exists() is not delete_data
        assert UsageSeries.objects.exists() is not delete_data
    assert plan_collection(now=clock()) == 0


@pytest.mark.usefixtures("connection_id")
def test_another_organization_plans_and_sees_nothing_of_it(cast: Cast, clock: Ticking) -> None:
    due = today(clock)
    with organization_scope(cast.globex.pk):
        assert plan_collection(now=clock()) == 0
        assert offer_windows(now=clock()) == []
        assert collect(due.pk, clock) is Outcome.NOT_OURS
        assert find_next_window(only=None, now=clock()).window_id is None
