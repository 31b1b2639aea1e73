"""The rules by rank, and the work that the last change made."""

from __future__ import annotations

from collections import defaultdict

from billing.domain.allocation import RuleVersion
from billing.domain.allocation_rules import AllocationRuleNotFound, Rule
from billing.domain.allocation_runs import RunState, RunValue
from billing.models import AllocationRule, AllocationRuleVersion, AllocationRun
from billing.queries.allocation import rule_version


def list_rules() -> tuple[Rule, ...]:
    """Return the rules by rank, each with what it says from when to when."""
    versions: dict[int, list[RuleVersion]] = defaultdict(list)
    rows = AllocationRuleVersion.objects.select_related("rule", "cost_center").order_by("effective_from")
    for row in sorted(rows, key=lambda row: (row.effective_from is not None, row.effective_from)):
        versions[row.rule_id].append(rule_version(row))
    return tuple(_value(row, tuple(versions[row.pk])) for row in AllocationRule.objects.order_by("rank"))


def get_rule(rule_id: int) -> Rule:
    """Return one rule. Raises AllocationRuleNotFound."""
    for rule in list_rules():
        if rule.id == rule_id:
            return rule
    raise AllocationRuleNotFound


def find_last_run() -> RunValue | None:
    """Return the newest work that a changed rule made, under way or done; None before any."""
    row = AllocationRun.objects.order_by("-id").first()
    return run_value(row) if row else None


def run_value(row: AllocationRun) -> RunValue:
    """Return a stored run as a value."""
    return RunValue(
        id=row.pk,
        state=RunState(row.state),
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        from_day=row.from_day,
        series_total=row.series_total,
        series_done=row.series_done,
        changes=row.changes,
        finished_at=row.finished_at,
    )


def _value(row: AllocationRule, versions: tuple[RuleVersion, ...]) -> Rule:
    return Rule(
        id=row.pk,
        name=row.name,
        rank=row.rank,
        version=row.version,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        versions=versions,
    )
