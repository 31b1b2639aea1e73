"""Spend by dimension and time, rated or billed; daily spend series."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from accounts.domain.pages import Page
from billing.domain.dimensions import NO_MODEL, Basis, CostHeading, Dimension, Granularity
from billing.domain.exchange_rates import USD
from billing.domain.parsing.usage_types import HEADINGS_WITH_MODEL
from billing.domain.periods import DAY, DateRange, utc_day_start
from billing.domain.slices import share_out_days, single_blocks
from billing.queries.questions import (
    SpendQuestion,
    check,
    dimension_parameters,
    encode_position,
    position_parameters,
    row_limit,
)
from billing.queries.usage import RatedRow, read_rated
from billing.sql import execute

__all__ = ["DailySpend", "SpendQuestion", "SpendRow", "list_daily_spend", "list_spend"]

BILLED_POSITION = (
    "period",
    "provider",
    "aws_account",
    "service",
    "usage_type",
    "model",
    "publisher",
    "aws_region",
    "token_class",
    "tier",
    "routing",
    "heading",
    "charge_category",
    "cost_center",
    "currency",
)
DAILY_DIMENSIONS = frozenset(
    {Dimension.MODEL, Dimension.AWS_REGION, Dimension.AWS_ACCOUNT, Dimension.PUBLISHER, Dimension.COST_CENTER}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendRow:
    """Cost of one group in one period. `key` in the order of the question's groups; None in it: without one.

    Rated: `cost_assumed` is the part that rests on an assumption, `tokens_unpriced` had no price and are not in `cost`.
    Billed: `cost_estimated` is the part that AWS may still change.
    """

    period: date | datetime | None
    key: tuple[str | None, ...]
    cost: Decimal
    currency: str
    cost_assumed: Decimal = Decimal(0)
    tokens_unpriced: int = 0
    cost_estimated: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DailySpend:
    """Rated cost of one day, of the whole or of one value of a dimension (None: without one), in USD."""

    date: date
    key: str | None
    cost: Decimal


def list_spend(question: SpendQuestion, *, after: str | None = None, limit: int | None = None) -> Page[SpendRow]:
    """Return spend by period and group, in the order of period and key. Raises Invalid for a question that is wrong.

    Amounts are exact and in the facts' own currency; different currencies stand in different rows.
    """
    if question.basis is Basis.RATED:
        page = read_rated(question, after=after, limit=limit, with_tokens=False)
        return Page(rows=tuple(_rated_row(row) for row in page.rows), next=page.next)
    return _list_billed(question, after, limit)


def list_daily_spend(*, start: date, end: date, time_zone: str, by: Dimension | None = None) -> tuple[DailySpend, ...]:
    """Return the rated cost of each day of a time zone, by day and key; what cost nothing is absent."""
    assert by is None or by in DAILY_DIMENSIONS, by
    owned, blocks = share_out_days(DateRange(start, end), time_zone)
    split_days, single = {block.day for block in blocks}, single_blocks(blocks)
    moved = [single.get(one.day) for one in owned]
    rows = execute(
        "daily_spend",
        dimension=by.value if by else "",
        first_period=start,
        last_period=end,
        days=[one.day for one in owned],
        owners=[one.owner for one in owned],
        are_split=[one.day in split_days for one in owned],
        moved_periods=[block and block.period for block in moved],
        moved_starts=[block and block.start for block in moved],
        moved_ends=[block and block.end for block in moved],
        first_day=min((one.day for one in owned), default=start),
        last_day=max((one.day for one in owned), default=start) + DAY,
        block_days=[block.day for block in blocks],
        block_owners=[block.owner for block in blocks],
        block_periods=[block.period for block in blocks],
        block_starts=[block.start for block in blocks],
        block_ends=[block.end for block in blocks],
        first_hour=min((block.start for block in blocks), default=utc_day_start(start)),
        last_hour=max((block.end for block in blocks), default=utc_day_start(start)),
    )
    return tuple(DailySpend(date=day, key=key or None, cost=cost) for day, key, cost in rows)


def _rated_row(row: RatedRow) -> SpendRow:
    return SpendRow(
        period=row.period,
        key=row.key,
        cost=row.cost,
        currency=USD,
        cost_assumed=row.cost_assumed,
        tokens_unpriced=row.tokens_unpriced,
    )


def _list_billed(question: SpendQuestion, after: str | None, limit: int | None) -> Page[SpendRow]:
    check(question)
    size = row_limit(limit)
    rows = execute(
        "billed_spend",
        first_day=question.start.date(),
        last_day=_day_after(question.end),
        granularity=question.granularity.value if question.granularity else "",
        with_model=[*HEADINGS_WITH_MODEL, CostHeading.UNRECOGNIZED, ""],
        no_model=NO_MODEL,
        unread=CostHeading.UNRECOGNIZED,
        row_limit=size + 1,
        **dimension_parameters(question),
        **position_parameters(BILLED_POSITION, after),
    )
    following = encode_position(rows[size - 1][: len(BILLED_POSITION)]) if len(rows) > size else None
    return Page(rows=tuple(_billed_row(row, question) for row in rows[:size]), next=following)


def _day_after(end: datetime) -> date:
    """The exclusive last UTC day: a range that ends within a day has that day too, since a bill knows no hours."""
    midnight = utc_day_start(end)
    return (midnight if midnight == end else midnight + DAY).date()


def _billed_row(row: tuple[Any, ...], question: SpendQuestion) -> SpendRow:
    named = dict(zip(BILLED_POSITION, row, strict=False))
    cost, cost_estimated = row[len(BILLED_POSITION) :]
    return SpendRow(
        period=named["period"] if question.granularity in (Granularity.DAY, Granularity.MONTH) else None,
        key=tuple(named[dimension.value] or None for dimension in question.group_by),
        cost=cost,
        currency=named["currency"],
        cost_estimated=cost_estimated,
    )
