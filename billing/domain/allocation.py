"""Who pays for a series on which day: ranked rules first, then what its tags and its account say; one outcome a day."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache, cached_property
from itertools import pairwise
from typing import ClassVar

from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop
from billing.domain.dimensions import Basis

MOST_CONDITIONS, MOST_VALUES, LONGEST_VALUE = 10, 50, 255
MOST_RULES = 500
EARLIEST, LATEST = date(2015, 1, 1), date(2100, 1, 1)


class RuleField(StrEnum):
    """What a condition looks at."""

    PROVIDER = "provider"
    SERVICE = "service"
    AWS_ACCOUNT = "aws_account"
    AWS_REGION = "aws_region"
    MODEL = "model"
    USAGE_TYPE = "usage_type"
    HEADING = "heading"
    INFERENCE_PROFILE = "inference_profile"
    PROJECT = "project"
    PRINCIPAL = "principal"
    TAG = "tag"


FIELD_LABELS: Mapping[RuleField, str] = {
    RuleField.PROVIDER: gettext_noop("Provider"),
    RuleField.SERVICE: gettext_noop("Service"),
    RuleField.AWS_ACCOUNT: gettext_noop("Account"),
    RuleField.AWS_REGION: gettext_noop("Region"),
    RuleField.MODEL: gettext_noop("Model"),
    RuleField.USAGE_TYPE: gettext_noop("Usage type"),
    RuleField.HEADING: gettext_noop("Heading"),
    RuleField.INFERENCE_PROFILE: gettext_noop("Inference profile id"),
    RuleField.PROJECT: gettext_noop("Project"),
    RuleField.PRINCIPAL: gettext_noop("IAM principal"),
    RuleField.TAG: gettext_noop("Tag"),
}
# CloudWatch's metrics know neither who called nor what a bill calls it; a bill knows neither profiles nor projects.
TOLD_BY: Mapping[Basis, frozenset[RuleField]] = {
    Basis.RATED: frozenset(RuleField)
    - {RuleField.SERVICE, RuleField.USAGE_TYPE, RuleField.HEADING, RuleField.PRINCIPAL},
    Basis.BILLED: frozenset(RuleField) - {RuleField.INFERENCE_PROFILE, RuleField.PROJECT},
}


class Comparison(StrEnum):
    """How a condition compares."""

    IS = "is"
    IS_NOT = "is_not"


COMPARISON_LABELS: Mapping[Comparison, str] = {
    Comparison.IS: gettext_noop("is"),
    Comparison.IS_NOT: gettext_noop("is not"),
}


class Origin(StrEnum):
    """Why somebody pays: a person said so, a rule, the tag that names a cost center, the center that claims the account."""

    HAND = "HAND"
    RULE = "RULE"
    TAG = "TAG"
    ACCOUNT = "ACCOUNT"


ORIGIN_LABELS: Mapping[Origin, str] = {
    Origin.HAND: gettext_noop("Assigned by hand"),
    Origin.RULE: gettext_noop("Rule"),
    Origin.TAG: gettext_noop("Tag names the cost center"),
    Origin.ACCOUNT: gettext_noop("Cost center claims the account"),
}
# What rules and evidence write, and may therefore replace.
WRITTEN_BY_US = frozenset({Origin.RULE, Origin.TAG, Origin.ACCOUNT})


class ConditionsMissing(Invalid):
    """A rule without a condition would take everything."""

    code: ClassVar[str] = "conditions_missing"
    message: ClassVar[str] = gettext_noop("Give at least one condition: a rule without any would take every cost.")


class ConditionsTooMany(Invalid):
    """More than a person can read."""

    code: ClassVar[str] = "conditions_too_many"
    message: ClassVar[str] = gettext_noop("A rule has at most %(most)s conditions of at most %(values)s values each.")


class ConditionValueMissing(Invalid):
    """A condition compares with nothing."""

    code: ClassVar[str] = "condition_value_missing"
    message: ClassVar[str] = gettext_noop("Give each condition at least one value; * stands for any text.")


class ConditionValueTooLong(Invalid):
    """Longer than what anything is called."""

    code: ClassVar[str] = "condition_value_too_long"
    message: ClassVar[str] = gettext_noop("A value has at most %(most)s characters.")


class TagKeyMissing(Invalid):
    """A tag is a key and a value."""

    code: ClassVar[str] = "tag_key_missing"
    message: ClassVar[str] = gettext_noop("Name the tag's key, for example team.")


class NothingTellsAll(Invalid):
    """Conditions of which no single line of cost can fulfil all: one looks at bill lines, another at usage."""

    code: ClassVar[str] = "nothing_tells_all"
    message: ClassVar[str] = gettext_noop(
        "No line of cost can fulfil these conditions together: bill lines alone tell service, usage type, heading and IAM "
        "principal, and usage alone tells inference profile and project."
    )


class RuleDaysReversed(Invalid):
    """The rule would end before it begins."""

    code: ClassVar[str] = "rule_days_reversed"
    message: ClassVar[str] = gettext_noop("A rule ends after the day on which it begins.")


class RuleDayOutOfRange(Invalid):
    """A day that no cost can lie near."""

    code: ClassVar[str] = "rule_day_out_of_range"
    message: ClassVar[str] = gettext_noop("Enter a day between 2015 and 2100.")


@cache
def pattern(value: str) -> re.Pattern[str]:
    """Return what a value with stars matches; a value never matches what is not there, `*` included."""
    parts = (re.escape(part) for part in value.split("*"))
    return re.compile(r"(?=.)" + ".*".join(parts), re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One thing that a series must say: any of the values (stars stand for any text), or none of them."""

    field: RuleField
    values: tuple[str, ...]
    comparison: Comparison = Comparison.IS
    tag_key: str = ""

    def holds(self, series: SeriesFacts, tags: Mapping[str, str]) -> bool:
        """Return whether a series fulfils it. What its source cannot tell fulfils nothing, not even "is not"."""
        if self.field not in TOLD_BY[series.basis]:
            return False
        told = tags.get(self.tag_key, "") if self.field is RuleField.TAG else series.told.get(self.field, "")
        is_one = any(pattern(value).fullmatch(told) for value in self.values)
        return is_one if self.comparison is Comparison.IS else not is_one


@dataclass(frozen=True, kw_only=True)
class SeriesFacts:
    """A series as rules see it: what its source told that stays, and what it is called to people."""

    id: int
    basis: Basis
    told: Mapping[RuleField, str]
    currency: str = "USD"

    @cached_property
    def name(self) -> str:
        """How people find it: its model or usage type, account and region."""
        told = [self.told.get(RuleField.MODEL) or self.told.get(RuleField.USAGE_TYPE, "")]
        told += [self.told.get(RuleField.AWS_ACCOUNT, ""), self.told.get(RuleField.AWS_REGION, "")]
        return ", ".join(text for text in told if text)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVersion:
    """What a rule says from a UTC day up to, but not including, another; None: always, until further notice."""

    rule_id: int
    rank: int
    name: str
    cost_center_id: int
    conditions: tuple[Condition, ...]
    effective_from: date | None = None
    effective_to: date | None = None

    def covers(self, day: date) -> bool:
        """Return whether it is in force on a day."""
        return _covers(self.effective_from, self.effective_to, day)

    def matches(self, series: SeriesFacts, tags: Mapping[str, str]) -> bool:
        """Return whether a series fulfils all conditions."""
        return all(condition.holds(series, tags) for condition in self.conditions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One piece of evidence beside the rules: what says that a cost center pays."""

    origin: Origin
    cost_center_id: int
    text: str = ""  # the tag's key, or the account


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a series' tags were in a stretch of days, and who paid by them or by its account, if anybody."""

    start: date | None = None
    end: date | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    cost_center_id: int | None = None
    origin: Origin | None = None

    def covers(self, day: date) -> bool:
        """Return whether it was so on a day."""
        return _covers(self.start, self.end, day)


NO_EVIDENCE = Evidence()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Who pays for a series from a day up to another, and why; without a cost center nobody does."""

    start: date | None
    end: date | None
    cost_center_id: int | None
    origin: Origin | None = None
    rule_id: int | None = None


def allocate(
    series: SeriesFacts, versions: Sequence[RuleVersion], evidence: Sequence[Evidence], fixed: Sequence[Stretch] = ()
) -> tuple[Stretch, ...]:
    """Return who pays for a series on every day there is: stretches without gaps or overlaps, one outcome each.

    What a person assigned stays; then the first rule by rank that is in force and fulfilled; then what tags and account
    said at the time; else nobody.
    """
    ranked = sorted(versions, key=lambda version: version.rank)
    outcomes: list[Stretch] = []
    for start, end in _pieces([*((one.effective_from, one.effective_to) for one in ranked), *_days(evidence, fixed)]):
        day = start or date.min
        by_hand = next((one for one in fixed if _covers(one.start, one.end, day)), None)
        then = next((one for one in evidence if one.covers(day)), NO_EVIDENCE)
        rule = next((one for one in ranked if one.covers(day) and one.matches(series, then.tags)), None)
        outcomes.append(_outcome(start, end, by_hand, rule, then))
    return tuple(_merged(outcomes))


def matching(
    series: SeriesFacts, versions: Iterable[RuleVersion], tags: Mapping[str, str], day: date
) -> tuple[RuleVersion, ...]:
    """Return every rule that a series fulfils on a day, the first of which wins."""
    found = (one for one in versions if one.covers(day) and one.matches(series, tags))
    return tuple(sorted(found, key=lambda version: version.rank))


def claims_of(
    tags: Mapping[str, str], tag_key: str, aws_account_id: str, centers: Mapping[str, int], claimed: Mapping[str, int]
) -> tuple[Claim, ...]:
    """Return what tags and account say about who pays, the strongest first: the built-in last rules.

    `centers` by code, `claimed` by account. AWS's tags tell upper from lower case, and so do codes: nothing is guessed.
    A bill spells a tag of a resource as it is or after `user:`, and one of the caller after `iamPrincipal/`.
    """
    found = []
    for key in (tag_key, f"user:{tag_key}", f"iamPrincipal/{tag_key}"):
        center = centers.get(tags.get(key, "")) if tag_key else None
        if center is not None:
            found.append(Claim(origin=Origin.TAG, cost_center_id=center, text=key))
    if aws_account_id in claimed:
        found.append(Claim(origin=Origin.ACCOUNT, cost_center_id=claimed[aws_account_id], text=aws_account_id))
    return tuple(found)


def check_conditions(conditions: Sequence[Condition]) -> None:
    """Raise what is wrong with the conditions of a rule."""
    if not conditions:
        raise ConditionsMissing(field="conditions")
    if len(conditions) > MOST_CONDITIONS or any(len(one.values) > MOST_VALUES for one in conditions):
        raise ConditionsTooMany(field="conditions", most=MOST_CONDITIONS, values=MOST_VALUES)
    for one in conditions:
        if not one.values or not all(one.values):
            raise ConditionValueMissing(field="conditions")
        if max(len(text) for text in (*one.values, one.tag_key)) > LONGEST_VALUE:
            raise ConditionValueTooLong(field="conditions", most=LONGEST_VALUE)
        if (one.field is RuleField.TAG) != bool(one.tag_key):
            raise TagKeyMissing(field="conditions")
    if not bases_of(conditions):
        raise NothingTellsAll(field="conditions")


def check_days(effective_from: date | None, effective_to: date | None) -> None:
    """Raise what is wrong with the days of a rule."""
    for name, day in (("effective_from", effective_from), ("effective_to", effective_to)):
        if day is not None and not EARLIEST <= day < LATEST:
            raise RuleDayOutOfRange(field=name)
    if effective_from and effective_to and effective_to <= effective_from:
        raise RuleDaysReversed(field="effective_to")


def bases_of(conditions: Iterable[Condition]) -> frozenset[Basis]:
    """Return which of the two costs a rule can take at all."""
    wanted = {condition.field for condition in conditions}
    return frozenset(basis for basis, told in TOLD_BY.items() if wanted <= told)


def _covers(start: date | None, end: date | None, day: date) -> bool:
    return (start is None or start <= day) and (end is None or day < end)


def _days(evidence: Iterable[Evidence], fixed: Iterable[Stretch]) -> Iterator[tuple[date | None, date | None]]:
    yield from ((one.start, one.end) for one in evidence)
    yield from ((one.start, one.end) for one in fixed)


def _pieces(stretches: Iterable[tuple[date | None, date | None]]) -> Iterator[tuple[date | None, date | None]]:
    """Cut all time where any stretch begins or ends: within each piece everything stays as it is."""
    turns: list[date | None] = [*sorted({day for days in stretches for day in days if day is not None})]
    yield from pairwise([None, *turns, None])


def _outcome(
    start: date | None, end: date | None, by_hand: Stretch | None, rule: RuleVersion | None, then: Evidence
) -> Stretch:
    if by_hand is not None:
        return Stretch(start=start, end=end, cost_center_id=by_hand.cost_center_id, origin=Origin.HAND)
    if rule is not None:
        return Stretch(
            start=start, end=end, cost_center_id=rule.cost_center_id, origin=Origin.RULE, rule_id=rule.rule_id
        )
    if then.cost_center_id is not None:
        return Stretch(start=start, end=end, cost_center_id=then.cost_center_id, origin=then.origin)
    return Stretch(start=start, end=end, cost_center_id=None)


def _merged(outcomes: Sequence[Stretch]) -> Iterator[Stretch]:
    """Join neighbors that say the same."""
    held = outcomes[0]
    for one in outcomes[1:]:
        if (one.cost_center_id, one.origin, one.rule_id) == (held.cost_center_id, held.origin, held.rule_id):
            held = Stretch(
                start=held.start, end=one.end, cost_center_id=held.cost_center_id, origin=held.origin,
                rule_id=held.rule_id,
            )  # fmt: skip
        else:
            yield held
            held = one
    yield held
