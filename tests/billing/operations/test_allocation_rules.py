"""Rules decide who pays, from their day on, once; what changes is done again in the background and twice is the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.domain.closed_months import MonthIsClosed
from accounts.models import AuditEvent, CostCenter, Organization
from accounts.operations.cost_centers import CostCenterRetired
from billing.domain.allocation import Condition, ConditionsMissing, RuleField
from billing.domain.allocation_rules import (
    AllocationRuleChanged,
    AllocationRuleNameTaken,
    AllocationRuleNotFound,
    Rule,
    RuleDraft,
)
from billing.domain.allocation_runs import LEASE, RunState
from billing.models import AllocationRun, BilledSeries, SeriesAssignment, UsageSeries
from billing.operations import allocation_runs
from billing.operations.allocation import assign_series
from billing.operations.allocation_rules import change_rule, create_rule, end_rule, move_rule
from billing.operations.allocation_runs import work_off_runs
from billing.queries.allocation_rules import find_last_run, get_rule, list_rules
from tests.cast import Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.billing import make_assignment, make_billed, make_connection, make_series

NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
Paid = list[tuple[str, date | None, date | None, str]]


@pytest.fixture
def acme(cast: Cast) -> Iterator[Cast]:
    """Acme with three centers, a series by tag, one of another model, and a line of the bill."""
    with inside(cast.acme):
        connection = make_connection()
        for code in ("search", "support", "research"):
            make_cost_center(code=code)
        make_series(tags={"team": "search"})
        make_series(model_id="nova-pro", aws_model_id="amazon.nova-pro-v1:0")
        make_billed(connection, {}, usage_type="USE1-Nova-input")
        assign_series(now=NOW)
        yield cast


def center(code: str) -> int:
    return CostCenter.objects.get(code=code).pk


def draft(code: str = "support", *, model: str = "nova-*", name: str = "Nova", **days: date | None) -> RuleDraft:
    return RuleDraft(
        name=name,
        cost_center_id=center(code),
        conditions=(Condition(field=RuleField.MODEL, values=(model,)),),
        **days,
    )


def run() -> None:
    work_off_runs(clock=lambda: NOW)


def paid(model_id: str) -> Paid:
    rows = SeriesAssignment.objects.filter(usage_series__model_id=model_id).select_related("cost_center")
    return sorted(
        ((row.cost_center.code, row.assigned_from, row.assigned_to, row.origin) for row in rows),
        key=lambda row: row[1] or date.min,
    )


SONNET, NOVA = "claude-sonnet-4-5", "nova-pro"


def test_a_rule_takes_its_series_in_the_background_and_twice_is_the_same(acme: Cast) -> None:
    rule = create_rule(actor=acme.ada_acts, draft=draft(effective_from=OCTOBER), now=NOW)
    assert paid(NOVA) == []
    waiting = find_last_run()
    assert waiting is not None
    assert (waiting.state, waiting.from_day, waiting.series_total) == (RunState.DUE, OCTOBER, 3)
    run()
    assert paid(NOVA) == [("support", OCTOBER, None, "RULE")]
    assert paid(SONNET) == [("search", None, None, "TAG")]
    done = find_last_run()
    assert done is not None
    assert (done.is_done, done.series_done, done.changes, done.finished_at) == (True, 3, 1, NOW)
    rows = set(SeriesAssignment.objects.values_list("id", flat=True))
    AllocationRun.objects.update(state=RunState.DUE, last_usage_series_id=0, last_billed_series_id=0)
    run()
    assert assign_series(now=NOW) == 0
    assert set(SeriesAssignment.objects.values_list("id", flat=True)) == rows
    assert SeriesAssignment.objects.get(origin="RULE").rule_id == rule.id
    assert AuditEvent.objects.filter(verb="allocation_rule.created", target=f"allocation_rule:{rule.id}").exists()


def test_a_worker_that_dies_is_followed_by_one_that_goes_on(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocation_runs, "SERIES_AT_ONCE", 1)
    create_rule(actor=acme.ada_acts, draft=draft("research", model="*"), now=NOW)
    claim = allocation_runs._claim(NOW)
    assert claim is not None
    allocation_runs._step(*claim, clock=lambda: NOW)
    assert AllocationRun.objects.get().series_done == 1
    assert work_off_runs(clock=lambda: NOW) == 0  # the lease is still held
    assert work_off_runs(clock=lambda: NOW + LEASE) == 1
    assert paid(SONNET) == [("research", None, None, "RULE")]
    assert paid(NOVA) == [("research", None, None, "RULE")]
    assert AllocationRun.objects.get().series_done == 3


def test_a_changed_rule_keeps_what_was_before_its_day(acme: Cast) -> None:
    rule = create_rule(actor=acme.ada_acts, draft=draft(), now=NOW)
    changed = change_rule(
        actor=acme.ada_acts,
        rule_id=rule.id,
        draft=draft("research", effective_from=NOVEMBER),
        expected_version=rule.version,
        now=NOW,
    )
    run()
    assert paid(NOVA) == [("support", None, NOVEMBER, "RULE"), ("research", NOVEMBER, None, "RULE")]
    with pytest.raises(AllocationRuleChanged):
        end_rule(actor=acme.ada_acts, rule_id=rule.id, from_day=None, expected_version=rule.version, now=NOW)
    end_rule(actor=acme.ada_acts, rule_id=rule.id, from_day=NOVEMBER, expected_version=changed.version, now=NOW)
    run()
    assert paid(NOVA) == [("support", None, NOVEMBER, "RULE")]
    last = get_rule(rule.id)
    end_rule(actor=acme.ada_acts, rule_id=rule.id, from_day=None, expected_version=last.version, now=NOW)
    run()
    assert (paid(NOVA), list_rules()) == ([], ())


def test_evidence_comes_back_as_it_was_when_a_rule_goes(acme: Cast) -> None:
    rule = create_rule(actor=acme.ada_acts, draft=draft("research", model="*"), now=NOW)
    run()
    # While the rule stands above it, the tag changes: what it said before is not lost.
    UsageSeries.objects.filter(model_id=SONNET).update(tags={"team": "support"})
    assign_series(now=NOW + timedelta(days=1))
    assert paid(SONNET) == [("research", None, None, "RULE")]
    end_rule(actor=acme.ada_acts, rule_id=rule.id, from_day=None, expected_version=rule.version, now=NOW)
    run()
    turn = NOW.date() + timedelta(days=1)
    assert paid(SONNET) == [("search", None, turn, "TAG"), ("support", turn, None, "TAG")]


def test_the_order_decides_and_can_be_changed(acme: Cast) -> None:
    first = create_rule(actor=acme.ada_acts, draft=draft("support", name="First"), now=NOW)
    second = create_rule(actor=acme.ada_acts, draft=draft("research", name="Second", model="*"), now=NOW)
    run()
    assert paid(NOVA) == [("support", None, None, "RULE")]
    move_rule(actor=acme.ada_acts, rule_id=second.id, up=True, now=NOW)
    move_rule(actor=acme.ada_acts, rule_id=second.id, up=True, now=NOW)  # it is the first already
    run()
    assert [rule.id for rule in list_rules()] == [second.id, first.id]
    assert paid(NOVA) == [("research", None, None, "RULE")]


def test_a_new_series_is_allocated_as_it_appears_and_a_hand_stays(acme: Cast) -> None:
    create_rule(actor=acme.ada_acts, draft=draft("support", model="*"), now=NOW)
    by_hand = make_series(model_id="titan", aws_model_id="amazon.titan")
    make_assignment(by_hand, center("research"), origin="HAND")
    make_series(model_id="nova-lite", aws_model_id="amazon.nova-lite-v1:0")
    assign_series(now=NOW)
    assert paid("nova-lite") == [("support", None, None, "RULE")]
    assert paid("titan") == [("research", None, None, "HAND")]


def test_a_line_of_the_bill_goes_by_its_principal_and_its_tags(acme: Cast) -> None:
    """AWS, April 2026: cost is told by IAM principal without any profile; tags of the caller come beside those of resources."""
    line = BilledSeries.objects.get()
    line.principal_arn, line.tags = "arn:aws:sts::1:assumed-role/search-api/x", {"iamPrincipal/team": "support"}
    line.save()
    assign_series(now=NOW)
    assert SeriesAssignment.objects.get(billed_series=line).cost_center.code == "support"
    by_principal = RuleDraft(
        name="Search's role",
        cost_center_id=center("search"),
        conditions=(Condition(field=RuleField.PRINCIPAL, values=("*assumed-role/search-*",)),),
    )
    create_rule(actor=acme.ada_acts, draft=by_principal, now=NOW)
    run()
    assert SeriesAssignment.objects.get(billed_series=line).cost_center.code == "search"


def test_a_retired_center_gets_nothing_from_that_day_on(acme: Cast) -> None:
    create_rule(actor=acme.ada_acts, draft=draft(), now=NOW)
    CostCenter.objects.filter(code="support").update(retired_at=NOW)
    run()
    assert paid(NOVA) == [("support", None, NOW.date(), "RULE")]
    with pytest.raises(CostCenterRetired):
        create_rule(actor=acme.ada_acts, draft=draft(name="Another"), now=NOW)


def test_a_closed_month_keeps_who_paid(acme: Cast) -> None:
    Organization.objects.filter(id=acme.acme.id).update(books_closed_until=NOVEMBER)
    with pytest.raises(MonthIsClosed):
        create_rule(actor=acme.ada_acts, draft=draft(effective_from=OCTOBER), now=NOW)
    rule = create_rule(actor=acme.ada_acts, draft=draft(effective_from=NOVEMBER), now=NOW)
    end_rule(actor=acme.ada_acts, rule_id=rule.id, from_day=None, expected_version=rule.version, now=NOW)


def test_what_cannot_be_is_refused(acme: Cast) -> None:
    rule: Rule = create_rule(actor=acme.ada_acts, draft=draft(), now=NOW)
    with pytest.raises(AllocationRuleNameTaken):
        create_rule(actor=acme.ada_acts, draft=draft(name="nova"), now=NOW)
    with pytest.raises(AllocationRuleNotFound):
        move_rule(actor=acme.ada_acts, rule_id=rule.id + 9, up=True, now=NOW)
    with pytest.raises(ConditionsMissing):
        create_rule(
            actor=acme.ada_acts,
            draft=RuleDraft(name="Everything", cost_center_id=center("search"), conditions=()),
            now=NOW,
        )
