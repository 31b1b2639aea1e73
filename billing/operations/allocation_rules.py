"""Creates, changes, orders and ends allocation rules; each change has the series allocated again in the background."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from accounts.domain.audit import Actor, Json
from accounts.domain.names import clean_name
from accounts.models import CostCenter
from accounts.operations.audit import record_event
from accounts.operations.closed_months import require_open
from accounts.operations.conflicts import unique_or
from accounts.operations.cost_centers import CostCenterRetired
from billing.domain.allocation import EARLIEST, MOST_RULES, RuleVersion, check_conditions, check_days
from billing.domain.allocation_rules import (
    AllocationRuleChanged,
    AllocationRuleNameTaken,
    AllocationRuleNotFound,
    AllocationRulesTooMany,
    CostCenterUnknown,
    Rule,
    RuleDraft,
    as_stored,
    with_draft,
)
from billing.models import AllocationRule, AllocationRuleVersion
from billing.operations.allocation_runs import request_run
from billing.queries.allocation_rules import get_rule

NAME_UNIQUE = "allocation_rule_name_unique"


def create_rule(*, actor: Actor, draft: RuleDraft, now: datetime) -> Rule:
    """Add a rule after the others; its series are allocated again in the background.

    Raises AllocationRuleNameTaken, AllocationRulesTooMany, CostCenterUnknown, CostCenterRetired, MonthIsClosed, or what
    `check_conditions`, `check_days` and `clean_name` raise.
    """
    name = _checked(draft)
    ranks = list(AllocationRule.objects.select_for_update().order_by("rank").values_list("rank", flat=True))
    if len(ranks) >= MOST_RULES:
        raise AllocationRulesTooMany(most=MOST_RULES)
    with unique_or(AllocationRuleNameTaken(field="name", name=name), constraint=NAME_UNIQUE):
        row = AllocationRule.objects.create(
            name=name,
            rank=max(ranks, default=0) + 1,
            created_by=actor.label,
            created_at=now,
            changed_by=actor.label,
            changed_at=now,
        )
    _store(row, with_draft((), draft, rule_id=row.pk, rank=row.rank))
    rule = get_rule(row.pk)
    record_event(actor=actor, verb="allocation_rule.created", target=_target(row.pk), after=_described(rule))
    request_run(actor=actor, from_day=draft.effective_from, now=now)
    return rule


def change_rule(*, actor: Actor, rule_id: int, draft: RuleDraft, expected_version: int, now: datetime) -> Rule:
    """Have a rule say something else from a day on; what it said before that day stays, and so does who paid.

    Raises AllocationRuleNotFound, AllocationRuleChanged, and what `create_rule` raises.
    """
    name = _checked(draft)
    row = _locked(rule_id, expected_version)
    before = get_rule(rule_id)
    row.name = name
    _note(row, actor, now)
    with unique_or(AllocationRuleNameTaken(field="name", name=name), constraint=NAME_UNIQUE):
        row.save()
    _store(row, with_draft(before.versions, draft, rule_id=rule_id, rank=row.rank))
    return _changed(actor, before, draft.effective_from, now)


def move_rule(*, actor: Actor, rule_id: int, up: bool, now: datetime) -> Rule:
    """Let a rule change places with the one before or after it; the order holds for every day.

    The first one that is moved up, and the last one down, stay. Raises AllocationRuleNotFound, MonthIsClosed.
    """
    rows = list(AllocationRule.objects.select_for_update().order_by("rank"))
    place = next((index for index, row in enumerate(rows) if row.pk == rule_id), None)
    if place is None:
        raise AllocationRuleNotFound
    other_place = place - 1 if up else place + 1
    before = get_rule(rule_id)
    if not 0 <= other_place < len(rows):
        return before
    row, other = rows[place], rows[other_place]
    begins = [version.effective_from or EARLIEST for one in (row, other) for version in get_rule(one.pk).versions[:1]]
    from_day = max(begins, default=EARLIEST)
    require_open(from_day)
    row.rank, other.rank = other.rank, row.rank
    for moved in (row, other):
        _note(moved, actor, now)
        moved.save()
    return _changed(actor, before, from_day, now)


def end_rule(*, actor: Actor, rule_id: int, from_day: date | None, expected_version: int, now: datetime) -> int:
    """End a rule before a day, or delete it with all it ever said (None); returns the audit event's id.

    Raises AllocationRuleNotFound, AllocationRuleChanged, MonthIsClosed, or what `check_days` raises.
    """
    check_days(None, from_day)
    row = _locked(rule_id, expected_version)
    before = get_rule(rule_id)
    first = before.versions[0].effective_from or EARLIEST
    require_open(max(first, from_day or first), field="from_day" if from_day else None)
    start = from_day or date.min
    left = [one for one in before.versions if (one.effective_from or date.min) < start]
    if left:
        _note(row, actor, now)
        row.save()
        versions = row.versions.all()
        versions.filter(effective_from__gte=start).delete()
        for version in versions:
            if version.effective_to is None or version.effective_to > start:
                version.effective_to = start
                version.save(update_fields=["effective_to"])
    else:
        row.delete()
    verb = "allocation_rule.ended" if left else "allocation_rule.deleted"
    after: dict[str, Json] | None = _described(get_rule(rule_id)) if left else None
    event_id = record_event(actor=actor, verb=verb, target=_target(rule_id), before=_described(before), after=after)
    request_run(actor=actor, from_day=from_day if left else before.versions[0].effective_from, now=now)
    return event_id


def _checked(draft: RuleDraft) -> str:
    """Check all that can be wrong with a draft by itself, and return its name."""
    name = clean_name(draft.name)
    check_conditions(draft.conditions)
    check_days(draft.effective_from, draft.effective_to)
    require_open(draft.effective_from or EARLIEST, field="effective_from")
    center = CostCenter.objects.filter(id=draft.cost_center_id).first()
    if center is None:
        raise CostCenterUnknown(field="cost_center_id")
    if center.retired_at is not None:
        raise CostCenterRetired(field="cost_center_id", code=center.code)
    return name


def _locked(rule_id: int, expected_version: int) -> AllocationRule:
    row = AllocationRule.objects.select_for_update().filter(id=rule_id).first()
    if row is None:
        raise AllocationRuleNotFound
    if row.version != expected_version:
        raise AllocationRuleChanged
    return row


def _note(row: AllocationRule, actor: Actor, now: datetime) -> None:
    row.version += 1
    row.changed_by, row.changed_at = actor.label, now


def _store(row: AllocationRule, versions: Sequence[RuleVersion]) -> None:
    row.versions.all().delete()
    AllocationRuleVersion.objects.bulk_create(
        AllocationRuleVersion(
            rule=row,
            cost_center_id=one.cost_center_id,
            conditions=as_stored(one.conditions),
            effective_from=one.effective_from,
            effective_to=one.effective_to,
        )
        for one in versions
        # A center may have been retired before its rule would have begun.
        if one.effective_from is None or one.effective_to is None or one.effective_from < one.effective_to
    )


def _changed(actor: Actor, before: Rule, from_day: date | None, now: datetime) -> Rule:
    rule = get_rule(before.id)
    record_event(
        actor=actor,
        verb="allocation_rule.changed",
        target=_target(rule.id),
        before=_described(before),
        after=_described(rule),
    )
    request_run(actor=actor, from_day=from_day, now=now)
    return rule


def _described(rule: Rule) -> dict[str, Json]:
    versions: list[Json] = [
        {
            "cost_center_id": one.cost_center_id,
            "conditions": as_stored(one.conditions),  # type: ignore[dict-item] # texts and lists of texts
            "effective_from": one.effective_from.isoformat() if one.effective_from else None,
            "effective_to": one.effective_to.isoformat() if one.effective_to else None,
        }
        for one in rule.versions
    ]
    return {"name": rule.name, "rank": rule.rank, "versions": versions}


def _target(rule_id: int) -> str:
    return f"allocation_rule:{rule_id}"
