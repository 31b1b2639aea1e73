"""What nobody pays for: why, by what it could be caught, week by week; and where evidence disagrees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop
from billing.domain.allocation import RuleField, SeriesFacts, Stretch
from billing.domain.dimensions import Basis
from billing.domain.money import ZERO, Money
from billing.domain.periods import DateRange

WEEKS = 13
MOST_SUGGESTIONS = 6


class WhyUnallocated(StrEnum):
    """Why nobody pays for a series."""

    TAG_NAMES_NOBODY = "tag_names_nobody"
    NO_TAG = "no_tag"
    NOT_TOLD = "not_told"


WHY_LABELS: Mapping[WhyUnallocated, str] = {
    WhyUnallocated.TAG_NAMES_NOBODY: gettext_noop("Its tag names no cost center"),
    WhyUnallocated.NO_TAG: gettext_noop("No tag, no cost center claims its account, and no rule takes it"),
    WhyUnallocated.NOT_TOLD: gettext_noop(
        "Its bill tells no tags, no cost center claims its account, and no rule takes it"
    ),
}
# What a rule would best go by, the surest first.
SUGGESTED = (
    RuleField.INFERENCE_PROFILE,
    RuleField.PRINCIPAL,
    RuleField.AWS_ACCOUNT,
    RuleField.MODEL,
    RuleField.SERVICE,
    RuleField.USAGE_TYPE,
)


class NoSuchMember(Invalid):
    """The owner of what nobody pays for is a member."""

    code: ClassVar[str] = "no_such_member"
    message: ClassVar[str] = gettext_noop("Choose a member of the organization.")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpaidSeries:
    """A series that nobody pays for in some of the weeks, and what it cost in those."""

    series: SeriesFacts
    tags: Mapping[str, str]
    why: WhyUnallocated
    by_week: Mapping[date, Decimal]
    cost: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One condition that would catch much of what nobody pays for."""

    field: RuleField
    tag_key: str
    value: str
    cost: Money
    share: Decimal


def weeks_until(today: date) -> DateRange:
    """Return the last 13 weeks, from a Monday up to and with today (UTC days)."""
    monday = today - timedelta(days=today.weekday())
    return DateRange(monday - timedelta(weeks=WEEKS - 1), today + timedelta(days=1))


def gaps(stretches: Sequence[Stretch], days: DateRange) -> Iterator[tuple[date, date]]:
    """Return the days of a range that no stretch covers; stretches in order, without overlaps."""
    begin = days.start
    for one in stretches:
        start, end = one.start or date.min, one.end or date.max
        if end <= begin:
            continue
        if start >= days.end:
            break
        if start > begin:
            yield begin, start
        begin = max(begin, end)
    if begin < days.end:
        yield begin, days.end


def why_unallocated(series: SeriesFacts, tags: Mapping[str, str], tag_key: str) -> WhyUnallocated:
    """Return why nobody pays for a series that no rule takes."""
    keys = {tag_key, f"user:{tag_key}", f"iamPrincipal/{tag_key}"}
    if any(tags.get(key) for key in keys):
        return WhyUnallocated.TAG_NAMES_NOBODY
    is_untold = series.basis is Basis.BILLED and not tags
    return WhyUnallocated.NOT_TOLD if is_untold else WhyUnallocated.NO_TAG


def suggestions(unpaid: Iterable[UnpaidSeries], currency: str) -> tuple[Suggestion, ...]:
    """Return the conditions that would catch most, each at most once by what it catches."""
    caught: dict[tuple[RuleField, str, str], dict[int, Decimal]] = {}
    whole = ZERO
    for one in unpaid:
        whole += one.cost
        for condition in _conditions(one):
            caught.setdefault(condition, {})[one.series.id] = one.cost
    order = sorted(caught, key=lambda condition: -sum(caught[condition].values()))
    found: list[Suggestion] = []
    seen: set[frozenset[int]] = set()
    for condition in order:
        held = frozenset(caught[condition])
        cost = sum(caught[condition].values(), ZERO)
        # Two conditions for the same series are one suggestion, made by the surer one, which comes first.
        if cost <= 0 or held in seen:
            continue
        seen.add(held)
        field, tag_key, value = condition
        found.append(
            Suggestion(
                field=field,
                tag_key=tag_key,
                value=value,
                cost=Money(cost, currency),
                share=cost / whole if whole else ZERO,
            )
        )
    return tuple(found[:MOST_SUGGESTIONS])


def _conditions(one: UnpaidSeries) -> Iterator[tuple[RuleField, str, str]]:
    for key, value in sorted(one.tags.items()):
        if value:
            yield RuleField.TAG, key, value
    for field in SUGGESTED:
        if one.series.told.get(field):
            yield field, "", one.series.told[field]
