"""Usage by dimension and time; the one reading of rated facts that spend uses too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from accounts.domain.pages import Page
from billing.domain.dimensions import Basis, Dimension, Granularity, TokenClass
from billing.domain.periods import DAY, utc_day_start
from billing.domain.records import TokenCounts
from billing.domain.slices import SharedDay, Slice, Slices, cut, find_shared_days
from billing.models import UsageSeries
from billing.queries.questions import (
    SpendQuestion,
    as_period,
    check,
    dimension_parameters,
    encode_position,
    position_parameters,
    row_limit,
)
from billing.sql import execute

POSITION = (
    "period",
    "model",
    "publisher",
    "provider",
    "aws_region",
    "aws_account",
    "routing",
    "tier",
    "cost_center",
    "token_class",
)
NEVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """Tokens of one group in one period: by class, or the count of one class where the question groups by it."""

    period: date | datetime | None
    key: tuple[str | None, ...]
    tokens: TokenCounts | int
    invocations: int


class RatedRow(NamedTuple):
    """One group of rated facts, as the statement tells it."""

    period: date | datetime | None
    key: tuple[str | None, ...]
    tokens: int
    cost: Decimal
    tokens_unpriced: int
    cost_assumed: Decimal
    invocations: int
    by_class: TokenCounts


def list_usage(question: SpendQuestion, *, after: str | None = None, limit: int | None = None) -> Page[UsageRow]:
    """Return tokens by period and group, in the order of period and key. Raises Invalid for a question that is wrong.

    Without `token_class` in the groups a row has one count for each class, never one sum.
    """
    page = read_rated(question, after=after, limit=limit)
    by_class = Dimension.TOKEN_CLASS in question.group_by
    return Page(rows=tuple(_usage_row(row, question, by_class=by_class) for row in page.rows), next=page.next)


def read_rated(
    question: SpendQuestion, *, after: str | None, limit: int | None, with_tokens: bool = True
) -> Page[RatedRow]:
    """Return rated facts by period and group: tokens, cost, what had no price, and what rests on an assumption.

    Without tokens (0 in every row) the answer takes half the time. Token classes need them.
    """
    assert question.basis is Basis.RATED
    check(question)
    with_classes = with_tokens or any(
        Dimension.TOKEN_CLASS in named for named in (question.group_by, question.filters, question.excluded)
    )
    slices = cut(question.start, question.end, question.granularity, question.time_zone)
    shared: tuple[SharedDay, ...] = ()
    if not with_classes and question.granularity is not Granularity.HOUR:
        slices, shared = find_shared_days(slices, question.time_zone)
    size = row_limit(limit)
    rows = execute(
        "rated_usage",
        **slice_parameters(slices, shared),
        **dimension_parameters(question),
        **position_parameters(POSITION, after),
        by_period=question.granularity is not None,
        with_tokens=with_tokens or Dimension.TOKEN_CLASS in question.group_by,
        with_classes=with_classes,
        row_limit=size + 1,
    )
    following = encode_position(rows[size - 1][: len(POSITION)]) if len(rows) > size else None
    return Page(rows=tuple(_rated_row(row, question) for row in rows[:size]), next=following)


def slice_parameters(slices: Slices, shared: tuple[SharedDay, ...] = ()) -> dict[str, Any]:
    """Return the slices as arrays, with the bounds of all of them, by which the planner leaves months out."""
    spare = [(one.day, part) for one in shared for part in one.asked]
    days = [*slices.days, *(Slice(None, start, start + DAY) for one in shared for start in (utc_day_start(one.day),))]
    hours = [*slices.hours, *(part for _, part in spare)]
    return {
        "day_periods": [piece.period for piece in slices.days],
        "day_starts": [piece.start.date() for piece in slices.days],
        "day_ends": [piece.end.date() for piece in slices.days],
        "first_day": min((piece.start for piece in days), default=NEVER).date(),
        "last_day": max((piece.end for piece in days), default=NEVER).date(),
        "hour_periods": [piece.period for piece in slices.hours],
        "hour_starts": [piece.start for piece in slices.hours],
        "hour_ends": [piece.end for piece in slices.hours],
        "first_hour": min((piece.start for piece in hours), default=NEVER),
        "last_hour": max((piece.end for piece in hours), default=NEVER),
        "split_days": [one.day for one in shared],
        "split_owners": [one.owner and one.owner.period for one in shared],
        "split_moved": [one.moved and one.moved.period for one in shared],
        "with_owners": [one.owner is not None for one in shared],
        "with_moved": [one.moved is not None for one in shared],
        "split_starts": [one.start for one in shared],
        "split_ends": [one.end for one in shared],
        "spare_days": [day for day, _ in spare],
        "spare_periods": [part.period for _, part in spare],
        "spare_starts": [part.start for _, part in spare],
        "spare_ends": [part.end for _, part in spare],
    }


def list_known_values(dimension: Dimension) -> tuple[str, ...]:
    """Return the values that a dimension of rated usage has ever had in the organization, for filters."""
    column = {
        Dimension.MODEL: "model_id",
        Dimension.PUBLISHER: "publisher",
        Dimension.AWS_REGION: "aws_region",
        Dimension.AWS_ACCOUNT: "aws_account_id",
        Dimension.ROUTING: "routing",
        Dimension.TIER: "tier",
    }[dimension]
    values = UsageSeries.objects.exclude(**{column: ""}).values_list(column, flat=True).distinct()
    return tuple(sorted(values))


def _rated_row(row: tuple[Any, ...], question: SpendQuestion) -> RatedRow:
    named = dict(zip(POSITION, row, strict=False))
    tokens, cost, unpriced, assumed, invocations, *classes = row[len(POSITION) :]
    return RatedRow(
        period=as_period(named["period"], question.granularity),
        key=tuple(named[dimension.value] or None for dimension in question.group_by),
        tokens=int(tokens),
        cost=cost,
        tokens_unpriced=int(unpriced),
        cost_assumed=assumed,
        invocations=int(invocations),
        by_class=TokenCounts(*classes),
    )


def _usage_row(row: RatedRow, question: SpendQuestion, *, by_class: bool) -> UsageRow:
    tokens = row.tokens if by_class else _wanted(row.by_class, question)
    return UsageRow(period=row.period, key=row.key, tokens=tokens, invocations=row.invocations)


def _wanted(tokens: TokenCounts, question: SpendQuestion) -> TokenCounts:
    wanted = question.filters.get(Dimension.TOKEN_CLASS, tuple(TokenClass))
    unwanted = question.excluded.get(Dimension.TOKEN_CLASS, ())
    return tokens._replace(**{name.value: 0 for name in TokenClass if name not in wanted or name in unwanted})


__all__ = [
    "RatedRow",
    "SpendQuestion",
    "UsageRow",
    "list_known_values",
    "list_usage",
    "read_rated",
    "slice_parameters",
]
