"""`Rule`: a rule with its versions, as people edit it; the errors of editing one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from accounts.domain.errors import Conflict, Invalid, NotFound, Stale
from accounts.domain.text import gettext_noop
from billing.domain.allocation import Comparison, Condition, RuleField, RuleVersion


class AllocationRuleNotFound(NotFound):
    """No rule of this organization has the id."""

    code: ClassVar[str] = "allocation_rule_not_found"
    message: ClassVar[str] = gettext_noop("There is no such allocation rule.")


class AllocationRuleNameTaken(Conflict):
    """Two rules of one name could not be told apart in a statement."""

    code: ClassVar[str] = "allocation_rule_name_taken"
    message: ClassVar[str] = gettext_noop("An allocation rule named %(name)s exists already.")


class AllocationRulesTooMany(Conflict):
    """More rules than anybody can keep in order."""

    code: ClassVar[str] = "allocation_rules_too_many"
    message: ClassVar[str] = gettext_noop("There are %(most)s rules already: delete one, or join some.")


class AllocationRuleChanged(Stale):
    """Somebody else changed the rule since it was read."""

    code: ClassVar[str] = "allocation_rule_changed"


class CostCenterUnknown(Invalid):
    """Who shall pay is none of the organization's cost centers."""

    code: ClassVar[str] = "cost_center_unknown"
    message: ClassVar[str] = gettext_noop("Choose a cost center of the organization.")


class UnknownCondition(Invalid):
    """A condition that is none of ours."""

    code: ClassVar[str] = "unknown_condition"
    message: ClassVar[str] = gettext_noop("%(value)s is nothing that a rule can look at.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDraft:
    """A rule before it is saved: what it would say from which day up to which other."""

    name: str
    cost_center_id: int
    conditions: tuple[Condition, ...]
    effective_from: date | None = None
    effective_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule with all its versions, the oldest first."""

    id: int
    name: str
    rank: int
    version: int
    changed_by: str
    changed_at: datetime
    versions: tuple[RuleVersion, ...] = ()

    def on(self, day: date) -> RuleVersion | None:
        """Return what it says on a day, None where it is not in force."""
        return next((one for one in self.versions if one.covers(day)), None)

    @property
    def last(self) -> RuleVersion:
        """What it says in the end."""
        return self.versions[-1]

    def shown(self, day: date) -> RuleVersion:
        """Return what it says on a day or, when it is not in force, said last."""
        return self.on(day) or self.last


def with_draft(
    versions: Sequence[RuleVersion], draft: RuleDraft, *, rule_id: int, rank: int
) -> tuple[RuleVersion, ...]:
    """Return what all rules would say if a draft were saved: a new rule, or a new version of one that there is."""
    new = RuleVersion(
        rule_id=rule_id,
        rank=rank,
        name=draft.name,
        cost_center_id=draft.cost_center_id,
        conditions=draft.conditions,
        effective_from=draft.effective_from,
        effective_to=draft.effective_to,
    )
    start = new.effective_from or date.min
    kept = [_until(one, start) if one.rule_id == rule_id else one for one in versions]
    return (*(one for one in kept if one is not None), new)


def as_stored(conditions: Sequence[Condition]) -> list[dict[str, object]]:
    """Return conditions as they are stored and told over REST."""
    return [
        {
            "field": one.field.value,
            "comparison": one.comparison.value,
            "values": list(one.values),
            "tag_key": one.tag_key,
        }
        for one in conditions
    ]


def condition_of(*, field: str, comparison: str, values: Sequence[str], tag_key: str = "") -> Condition:
    """Return a condition out of its texts, without what is empty or said twice. Raises UnknownCondition."""
    try:
        return Condition(
            field=RuleField(field),
            comparison=Comparison(comparison),
            values=tuple(dict.fromkeys(text for text in (value.strip() for value in values) if text)),
            tag_key=tag_key.strip(),
        )
    except ValueError as error:
        raise UnknownCondition(field="conditions", value=f"{field} {comparison}"[:80]) from error


def _until(version: RuleVersion, start: date) -> RuleVersion | None:
    """Return what is left of a version when another begins; None: nothing."""
    if (version.effective_from or date.min) >= start:
        return None
    if version.effective_to is not None and version.effective_to <= start:
        return version
    return RuleVersion(
        rule_id=version.rule_id,
        rank=version.rank,
        name=version.name,
        cost_center_id=version.cost_center_id,
        conditions=version.conditions,
        effective_from=version.effective_from,
        effective_to=start,
    )
