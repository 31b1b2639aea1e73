"""`SpendQuestion`: what spend and usage are asked by, its checks, and the position from which reading goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop
from billing.domain.dimensions import DIMENSIONS_OF, Basis, Dimension, DimensionNotInBasis, Granularity
from billing.domain.slices import UTC_ZONES

# What one answer may hold: more is another page.
ROWS_PER_PAGE = 10_000
# CloudWatch keeps 455 days; three years is more than any page shows.
LONGEST_RANGE = timedelta(days=1100)
LONGEST_HOURLY_RANGE = timedelta(days=93)


class RangeEndsBeforeItBegins(Invalid):
    """The end is not after the start."""

    code: ClassVar[str] = "range_ends_before_it_begins"
    message: ClassVar[str] = gettext_noop("The end must come after the start.")


class RangeTooLong(Invalid):
    """More time than one answer can hold."""

    code: ClassVar[str] = "range_too_long"
    message: ClassVar[str] = gettext_noop("Ask for at most %(days)s days at once.")


class UnknownTimeZone(Invalid):
    """No such time zone."""

    code: ClassVar[str] = "unknown_time_zone"
    message: ClassVar[str] = gettext_noop("%(time_zone)s is not a time zone; one looks like Asia/Tokyo.")


class NoHoursInBill(Invalid):
    """AWS bills by day."""

    code: ClassVar[str] = "no_hours_in_bill"
    message: ClassVar[str] = gettext_noop("The billed basis is by day, not by hour.")


class BillHasUtcDays(Invalid):
    """AWS bills UTC days."""

    code: ClassVar[str] = "bill_has_utc_days"
    message: ClassVar[str] = gettext_noop("The billed basis has UTC days only: AWS bills by them.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendQuestion:
    """Which facts, and how they are added up.

    `granularity` None: one row for each group over the whole range. `group_by` gives the order of a row's key. A filter
    lists the values that are wanted, an exclusion those that are not; None among a cost center's or a model's values
    stands for those without one.
    """

    basis: Basis
    start: datetime
    end: datetime
    granularity: Granularity | None = None
    group_by: tuple[Dimension, ...] = ()
    filters: Mapping[Dimension, Sequence[str | None]] = field(default_factory=dict)
    excluded: Mapping[Dimension, Sequence[str | None]] = field(default_factory=dict)
    time_zone: str = "UTC"


def check(question: SpendQuestion) -> None:
    """Raise the Invalid that says what is wrong with a question."""
    longest = LONGEST_HOURLY_RANGE if question.granularity is Granularity.HOUR else LONGEST_RANGE
    if question.end <= question.start:
        raise RangeEndsBeforeItBegins(field="end")
    if question.end - question.start > longest:
        raise RangeTooLong(field="end", days=longest.days)
    for dimension, name in _named_dimensions(question):
        if dimension not in DIMENSIONS_OF[question.basis]:
            raise DimensionNotInBasis(field=name, basis=question.basis.value, dimension=dimension.value)
    _check_calendar(question)


def _named_dimensions(question: SpendQuestion) -> Iterator[tuple[Dimension, str]]:
    """Every dimension that a question names, with the parameter that names it."""
    for dimension in question.group_by:
        yield dimension, "group_by"
    for dimension in question.filters:
        yield dimension, dimension.value
    for dimension in question.excluded:
        yield dimension, f"exclude_{dimension.value}"


def _check_calendar(question: SpendQuestion) -> None:
    try:
        ZoneInfo(question.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownTimeZone(field="time_zone", time_zone=question.time_zone[:64]) from error
    if question.basis is Basis.BILLED:
        if question.granularity is Granularity.HOUR:
            raise NoHoursInBill(field="granularity")
        if question.time_zone not in UTC_ZONES:
            raise BillHasUtcDays(field="calendar")


def dimension_parameters(question: SpendQuestion) -> dict[str, Any]:
    """Return `by_…` (is it grouped by), `is_…` and `not_…` (filters, or None) for each dimension of the basis."""
    parameters: dict[str, Any] = {}
    for dimension in DIMENSIONS_OF[question.basis]:
        parameters[f"by_{dimension}"] = dimension in question.group_by
        parameters[f"is_{dimension}"] = _values(question.filters.get(dimension))
        parameters[f"not_{dimension}"] = _values(question.excluded.get(dimension))
    parameters["with_cost_center"] = any(
        Dimension.COST_CENTER in asked for asked in (question.group_by, question.filters, question.excluded)
    )
    return parameters


def _values(values: Sequence[str | None] | None) -> list[str] | None:
    return None if values is None else [value or "" for value in values]


def encode_position(values: Sequence[Any]) -> str:
    """Return the position of a row as text; interfaces sign it."""
    return json.dumps([value.isoformat() if isinstance(value, date) else value for value in values])


def position_parameters(names: Sequence[str], after: str | None) -> dict[str, Any]:
    """Return `after_…` for each name of a position, and whether there is one."""
    values = json.loads(after) if after else [None] + [""] * (len(names) - 1)
    assert len(values) == len(names), "a position of another question"
    return {
        "has_after": after is not None,
        **{f"after_{name}": value for name, value in zip(names, values, strict=True)},
    }


def row_limit(limit: int | None) -> int:
    """Return how many rows one answer holds."""
    return ROWS_PER_PAGE if limit is None else max(1, min(limit, ROWS_PER_PAGE))


def as_period(moment: datetime | None, granularity: Granularity | None) -> date | datetime | None:
    """Return a period as it is told: an hour as a time, a day or month as the date it begins with."""
    if moment is None or granularity is None:
        return None
    return moment if granularity is Granularity.HOUR else moment.date()
