"""The table of the Explore page: its heads with their order, its rows with their links, one page of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from django.utils.translation import gettext

from billing.domain import figures
from billing.domain.comparisons import Line, Table, shorten, table_of
from billing.domain.dimensions import Basis, Dimension
from billing.domain.explore import Column, Exploration, SortBy, with_filter
from billing.queries.explore import Explored
from billing.web.explore.words import Words, language

Link = Callable[[Exploration], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A column's head; `order` is its aria-sort, `link` sorts by it or turns the order round."""

    text: str
    link: str
    order: str
    is_number: bool
    is_folded: bool
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A figure of a row."""

    text: str
    is_folded: bool
    is_lead: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the table: a group, a part of one, or what is left of its parts."""

    name: str
    link: str
    cells: tuple[Cell, ...]
    is_part: bool
    has_parts: bool
    tokens_unpriced: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePage:
    """One page of the table, with the total over all its pages."""

    heads: tuple[Head, ...]
    total: Row
    rows: tuple[Row, ...]
    first: int
    last: int
    count: int
    next: str | None
    previous: str | None

    @property
    def is_paged(self) -> bool:
        return self.first > 1 or self.last < self.count


def arrange(explored: Explored, words: Words) -> Table:
    """Return the table of an answer in the order asked for."""
    asked = explored.exploration
    return table_of(
        explored.parts,
        depth=len(asked.group_by),
        sort_by=asked.sort_by,
        descending=asked.descending,
        label=words.key,
    )


def columns_of(explored: Explored) -> tuple[Column, ...]:
    """Return the columns that are shown: those of a comparison only where there is one."""
    compared = (Column.BEFORE, Column.CHANGE, Column.CHANGE_PERCENT)
    return tuple(
        column
        for column in Column
        if column in explored.exploration.columns and (explored.stretch.before or column not in compared)
    )


def table_page(
    explored: Explored, table: Table, words: Words, link: Link, *, after: str | None, limit: int
) -> TablePage:
    """Return the groups after one of them, at most `limit`; parts of a group stay with it."""
    columns = columns_of(explored)
    positions = [json.dumps(line.key) for line in table.lines]
    # A group that has gone since is no place to go on from.
    begin = positions.index(after) + 1 if after in positions else 0
    shown = table.lines[begin : begin + limit]
    rows = [row for line in shown for row in _rows(shorten(line), explored.exploration, words, link, columns)]
    ends = begin + len(shown)
    return TablePage(
        heads=tuple(_heads(explored, words, link, columns)),
        total=_total(table, words, columns),
        rows=tuple(rows),
        first=begin + 1 if shown else 0,
        last=ends,
        count=len(table.lines),
        next=positions[ends - 1] if ends < len(positions) else None,
        previous=positions[begin - limit - 1] if begin > limit else None,
    )


def drill(asked: Exploration, dimension: Dimension, value: str | None) -> Exploration:
    """Return the exploration within one value: filtered by it, and grouped by what was inside, or by what explains it."""
    rest = tuple(other for other in asked.group_by if other is not dimension)
    if not rest:
        inner = Dimension.MODEL if asked.basis is Basis.RATED else Dimension.USAGE_TYPE
        rest = (Dimension.COST_CENTER if dimension is inner else inner,)
    return replace(with_filter(asked, dimension, [value], exclude=False), group_by=rest)


def _heads(explored: Explored, words: Words, link: Link, columns: tuple[Column, ...]) -> list[Head]:
    asked, stretch = explored.exploration, explored.stretch
    name = " / ".join(words.dimension(dimension) for dimension in asked.group_by) or gettext("All")
    heads = [_head(asked, SortBy.NAME, name, link, is_number=False)]
    now = gettext("%(period)s, %(unit)s") % {"period": figures.days(stretch.days, language()), "unit": words.unit}
    heads.append(_head(asked, SortBy.VALUE, now, link))
    for column in columns:
        text = {
            Column.BEFORE: figures.days(stretch.days_before, language()) if stretch.days_before else "",
            Column.CHANGE: gettext("Change, %(unit)s") % {"unit": words.unit},
            Column.CHANGE_PERCENT: gettext("Relative change"),
            Column.SHARE: gettext("Share"),
        }[column]
        if column is Column.BEFORE:
            text = gettext("%(period)s, %(unit)s") % {"period": text, "unit": words.unit}
        heads.append(_head(asked, SortBy(column.value), text, link, is_folded=True))
    return heads


def _head(
    asked: Exploration, sort_by: SortBy, text: str, link: Link, *, is_number: bool = True, is_folded: bool = False
) -> Head:
    is_sorted = asked.sort_by is sort_by
    # Amounts begin with the largest, names with A.
    descending = not asked.descending if is_sorted else is_number
    order = ("descending" if asked.descending else "ascending") if is_sorted else "none"
    return Head(
        text=text,
        link=link(replace(asked, sort_by=sort_by, descending=descending)),
        order=order,
        is_number=is_number,
        is_folded=is_folded,
        name=sort_by.value,
    )


def _total(table: Table, words: Words, columns: tuple[Column, ...]) -> Row:
    count = table.row_count
    return Row(
        name=gettext("Total of all %(count)s rows") % {"count": f"{count:,}"} if table.lines else gettext("Total"),
        link="",
        cells=_cells(table.total, words, columns),
        is_part=False,
        has_parts=False,
        tokens_unpriced="",
    )


def _rows(
    line: Line, asked: Exploration, words: Words, link: Link, columns: tuple[Column, ...], *, is_part: bool = False
) -> list[Row]:
    depth = len(line.key) - 1
    dimension, value = asked.group_by[depth], line.key[depth]
    outer = replace(drill(asked, asked.group_by[0], line.key[0]))
    target = outer if line.count or not is_part else drill(outer, dimension, value)
    name = gettext("%(count)s more") % {"count": f"{line.count:,}"} if line.count else words.value(dimension, value)
    row = Row(
        name=name,
        link=link(target),
        cells=_cells(line, words, columns),
        is_part=is_part,
        has_parts=bool(line.parts),
        tokens_unpriced=figures.tokens(line.unpriced) if line.unpriced and not line.parts else "",
    )
    parts = [row for part in line.parts for row in _rows(part, asked, words, link, columns, is_part=True)]
    return [row, *parts]


def _cells(line: Line, words: Words, columns: tuple[Column, ...]) -> tuple[Cell, ...]:
    texts = {
        Column.BEFORE: words.figure(line.before),
        Column.CHANGE: words.figure(line.change, signed=True),
        Column.CHANGE_PERCENT: figures.change(line.now, line.before, language()),
        Column.SHARE: figures.percent(line.share, language(), share=True),
    }
    lead = Cell(text=words.figure(line.now), is_folded=False, is_lead=True)
    return (lead, *(Cell(text=texts[column], is_folded=True, is_lead=False) for column in columns))
