"""One window: claimed once, read outside transactions, stored whole or not at all, tried again when AWS stumbles."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database

from accounts.tenancy.context import tenant_transaction
from billing.adapters.aws import cloudwatch
from billing.domain.collection import Source, WindowState
from billing.models import CollectionRun
from billing.operations import collection
from billing.operations.collection import (
    Outcome,
    offer_windows,
    plan_collection,
)
from billing.operations.windows import LEASE, claim_window
from billing.queries.collection import get_backfill, get_data_until
from tests.billing.operations.conftest import (
    TODAY,
    Ticking,
    collect,
    hours,
    plan,
    pretend_all_read,
    state_of,
    today,
    window,
)
from tests.servers import SANDBOX_NOW

EXTERNAL_ID = "a-long-random-text"

pytestmark = pytest.mark.usefixtures("acme")


# Planning.


@pytest.mark.usefixtures("connection_id")
def test_the_past_is_asked_for_in_months_newest_first_and_the_inventory_before_all(clock: Ticking) -> None:
    plan(clock)
    with tenant_transaction():
        order = list(collection.claimable(clock()).values_list("source", "window_start"))
    assert order[:4] == [
        (Source.INVENTORY, TODAY),
        (Source.CLOUDWATCH, TODAY),
        (Source.CLOUDWATCH, TODAY.replace(day=1)),
        (Source.COST_EXPLORER, TODAY.replace(day=1)),
    ]
    assert len(order) == 1 + 17 + 14  # 455 days in calendar months and today; 13 months of bills and the current one


@pytest.mark.usefixtures("connection_id")
def test_planning_twice_writes_nothing_more(clock: Ticking) -> None:
    assert plan_collection(now=clock()) > 0
    assert plan_collection(now=clock()) == 0


@pytest.mark.usefixtures("connection_id")
def test_a_new_hour_makes_today_due_again_and_a_new_day_the_bill(clock: Ticking) -> None:
    plan(clock)
    pretend_all_read(clock)
    clock.pass_time(hours=1)
    assert plan_collection(now=clock()) == 1
    assert window(Source.CLOUDWATCH, TODAY).state == WindowState.DUE
    clock.pass_time(hours=24)
    plan(clock)
    assert window(Source.COST_EXPLORER, TODAY.replace(day=1)).state == WindowState.DUE
    # The days of October that may be restated are asked for together with November's.
    assert window(Source.COST_EXPLORER, TODAY.replace(month=10, day=1)).state == WindowState.DONE


@pytest.mark.usefixtures("connection_id")
def test_only_a_few_windows_of_an_organization_are_handed_out_at_once(clock: Ticking) -> None:
    plan(clock)
    first = offer_windows(now=clock())
    assert len(first) == collection.IN_FLIGHT
    assert offer_windows(now=clock()) == []
    # One is done: one more is handed out. What was never begun is handed out again.
    collect(first[0], clock)
    assert len(offer_windows(now=clock())) == 1
    clock.pass_time(minutes=3)
    assert set(first[1:]) <= set(offer_windows(now=clock()))


@pytest.mark.usefixtures("connection_id")
def test_one_bill_is_read_by_one_worker_at_a_time(clock: Ticking) -> None:
    plan(clock)
    bill = window(Source.COST_EXPLORER, TODAY.replace(day=1))
    assert claim_window(bill.pk, clock()) is not None
    with tenant_transaction():
        assert not collection.claimable(clock()).filter(source=Source.COST_EXPLORER).exists()
        assert collection.claimable(clock()).filter(source=Source.CLOUDWATCH).exists()


# Claiming and storing.


@pytest.mark.usefixtures("connection_id")
def test_a_second_worker_finds_the_window_claimed(clock: Ticking) -> None:
    due = today(clock)
    assert claim_window(due.pk, clock()) is not None
    assert claim_window(due.pk, clock()) is None
    assert collect(due.pk, clock) is Outcome.NOT_OURS


@pytest.mark.usefixtures("connection_id")
def test_a_window_whose_worker_died_is_read_by_the_next_one(clock: Ticking) -> None:
    due = today(clock)
    assert claim_window(due.pk, clock()) is not None  # and never heard of again
    clock.pass_time(seconds=LEASE.total_seconds() + 1)
    assert collect(due.pk, clock) is Outcome.STORED


@pytest.mark.usefixtures("connection_id")
def test_a_worker_that_comes_back_too_late_stores_nothing(clock: Ticking, monkeypatch: pytest.MonkeyPatch) -> None:
    due = today(clock)
    fetch = cloudwatch.fetch_sums

    def slow(*args: Any, **kwargs: Any) -> Any:
        answer = fetch(*args, **kwargs)
        monkeypatch.setattr("billing.operations.usage.fetch_sums", fetch)
        clock.pass_time(seconds=LEASE.total_seconds() + 1)
        assert collect(due.pk, clock) is Outcome.STORED  # somebody else, meanwhile
        return answer

    monkeypatch.setattr("billing.operations.usage.fetch_sums", slow)
    assert collect(due.pk, clock) is Outcome.NOT_OURS
    with tenant_transaction():
        assert list(CollectionRun.objects.values_list("outcome", "attempt")) == [("STORED", 2)]


@pytest.mark.usefixtures("connection_id")
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_no_transaction_is_open_while_aws_is_asked(clock: Ticking, monkeypatch: pytest.MonkeyPatch) -> None:
    due = today(clock)
    asked = []
    fetch = cloudwatch.fetch_sums

    def watched(*args: Any, **kwargs: Any) -> Any:
        asked.append(database.in_atomic_block)
        return fetch(*args, **kwargs)

    monkeypatch.setattr("billing.operations.usage.fetch_sums", watched)
    assert collect(due.pk, clock) is Outcome.STORED
    assert asked == [False] * len(asked) != []


@pytest.mark.usefixtures("connection_id")
def test_a_crash_while_storing_leaves_the_rows_of_before(clock: Ticking, monkeypatch: pytest.MonkeyPatch) -> None:
    due = today(clock)
    collect(due.pk, clock)
    before = hours()
    clock.pass_time(hours=1)
    plan(clock)

    class PowerCut(Exception):
        pass

    def crash(*_: Any, **__: Any) -> None:
        raise PowerCut

    monkeypatch.setattr("billing.operations.usage.roll_up", crash)
    with pytest.raises(PowerCut):
        collect(due.pk, clock)
    assert hours() == before
    assert state_of(due.pk) == WindowState.STARTED
    monkeypatch.undo()
    clock.pass_time(seconds=LEASE.total_seconds() + 1)


@pytest.mark.usefixtures("connection_id")
def test_data_until_follows_the_present_while_the_past_is_still_read(clock: Ticking) -> None:
    due = today(clock)
    with tenant_transaction():
        assert get_data_until(now=clock()).rated is None
    collect(due.pk, clock)
    with tenant_transaction():
        assert get_data_until(now=clock()).rated == SANDBOX_NOW - timedelta(hours=1)
    collect(window(Source.CLOUDWATCH, TODAY.replace(day=1)).pk, clock)
    with tenant_transaction():
        progress = get_backfill(now=clock())
        assert 0 < progress.days_done < progress.days_total == 455
        assert progress.windows_left > 20
        assert not progress.is_complete
