"""Tables of two stretches: they add up, keep an order, and say what stands out."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.comparisons import Part, Table, findings_of, shorten, table_of
from billing.domain.explore import SortBy
from billing.domain.money import add_up


def part(*key: str | None, now: str = "0", before: str | None = "0", unpriced: int = 0) -> Part:
    return Part(key=key, now=Decimal(now), before=None if before is None else Decimal(before), unpriced=unpriced)


def arranged(*parts: Part, depth: int = 1, sort_by: SortBy = SortBy.VALUE, descending: bool = True) -> Table:
    return table_of(
        parts, depth=depth, sort_by=sort_by, descending=descending, label=lambda _, value: value or "Unassigned"
    )


def names(table: Table) -> list[str | None]:
    return [line.key[0] for line in table.lines]


PARTS = (
    part("search", "sonnet", now="60", before="40"),
    part("search", "haiku", now="10", before="30"),
    part("support", "haiku", now="20", before="0", unpriced=5),
    part(None, "nova", now="10", before="10"),
)


def test_lines_add_up_their_parts_and_the_total_all_lines() -> None:
    table = arranged(*PARTS, depth=2)
    assert [(line.key, line.now, line.before, line.share) for line in table.lines] == [
        (("search",), Decimal(70), Decimal(70), Decimal("0.7")),
        (("support",), Decimal(20), Decimal(0), Decimal("0.2")),
        ((None,), Decimal(10), Decimal(10), Decimal("0.1")),
    ]
    assert [line.key for line in table.lines[0].parts] == [("search", "sonnet"), ("search", "haiku")]
    total = table.total
    assert [total.now, total.before, total.change, total.share] == [Decimal(100), Decimal(80), Decimal(20), Decimal(1)]
    assert table.total.unpriced == 5
    assert table.row_count == 4


def test_a_change_from_nothing_has_no_percentage() -> None:
    table = arranged(*PARTS, depth=2)
    assert [line.change_percent for line in table.lines] == [0, None, 0]
    assert table.total.change_percent == Decimal("0.25")


@pytest.mark.parametrize(
    ("sort_by", "descending", "order"),
    [
        (SortBy.VALUE, True, ["search", "support", None]),
        (SortBy.VALUE, False, [None, "support", "search"]),
        (SortBy.BEFORE, True, ["search", None, "support"]),
        (SortBy.CHANGE, True, ["support", None, "search"]),
        (SortBy.SHARE, True, ["search", "support", None]),
        (SortBy.NAME, False, ["search", "support", None]),
        (SortBy.NAME, True, [None, "support", "search"]),
    ],
)
def test_lines_stand_in_the_order_asked_for(sort_by: SortBy, order: list[str | None], *, descending: bool) -> None:
    assert names(arranged(*PARTS, sort_by=sort_by, descending=descending)) == order


@pytest.mark.parametrize("descending", [True, False])
def test_what_has_no_figure_comes_last_either_way(*, descending: bool) -> None:
    table = arranged(*PARTS, sort_by=SortBy.CHANGE_PERCENT, descending=descending)
    assert names(table)[-1] == "support"


def test_without_a_comparison_there_is_no_change() -> None:
    table = arranged(part("search", now="1", before=None))
    assert (table.total.before, table.total.change, table.lines[0].change_percent) == (None, None, None)


def test_without_groups_there_is_the_total_alone() -> None:
    table = arranged(Part(key=(), now=Decimal(3), before=Decimal(1)), depth=0)
    assert table.lines == ()
    assert table.total.now == Decimal(3)


def test_nothing_is_a_total_of_zero_without_shares() -> None:
    table = arranged()
    assert table.lines == ()
    assert (table.total.now, table.total.share) == (Decimal(0), None)
    assert findings_of(table).leaders == ()


def test_many_parts_are_shortened_and_still_add_up() -> None:
    parts = [part("search", f"model-{number:02}", now=str(number), before="1", unpriced=1) for number in range(30)]
    (line,) = arranged(*parts, depth=2).lines
    short = shorten(line, 20)
    assert (len(short.parts), short.parts[-1].count) == (21, 10)
    assert add_up(part.now for part in short.parts) == line.now
    assert add_up(part.before or Decimal(0) for part in short.parts) == line.before
    assert sum(part.unpriced for part in short.parts) == 30
    assert shorten(line, 29) == line


def test_parts_without_comparison_or_share_are_shortened_too() -> None:
    parts = [part("search", f"model-{number:02}", before=None) for number in range(30)]
    (line,) = arranged(*parts, depth=2).lines
    rest = shorten(line, 20).parts[-1]
    assert (rest.before, rest.share) == (None, None)


def test_a_line_of_more_than_half_leads_alone_and_two_otherwise() -> None:
    assert [line.key for line in findings_of(arranged(*PARTS)).leaders] == [("search",)]
    even = arranged(part("a", now="4"), part("b", now="3"), part("c", now="3"))
    found = findings_of(even)
    assert ([line.key[0] for line in found.leaders], found.leaders_share) == (["a", "b"], Decimal("0.7"))
    single = findings_of(arranged(part("a", now="1")))
    assert single.leaders_share == 1


def test_credits_that_outweigh_all_have_no_share() -> None:
    assert findings_of(arranged(part("a", now="1"), part("b", now="-2"))).leaders_share is None


def test_the_cause_moved_most_in_the_direction_of_the_total() -> None:
    up = arranged(part("a", now="9", before="1"), part("b", now="1", before="5"))
    assert findings_of(up).cause is not None
    assert findings_of(up).cause.key == ("a",)  # type: ignore[union-attr] # asserted above
    down = arranged(part("a", now="2", before="1"), part("b", now="1", before="5"))
    assert findings_of(down).cause.key == ("b",)  # type: ignore[union-attr] # a change has a cause
    assert findings_of(arranged(part("a", now="1", before="1"))).cause is None


@given(st.lists(st.decimals(min_value=-(10**20), max_value=10**20, places=18), max_size=20))
def test_totals_are_exact_however_many_digits_there_are(values: list[Decimal]) -> None:
    table = arranged(*(part(str(index % 3), str(index), now=str(value)) for index, value in enumerate(values)), depth=2)
    assert table.total.now == add_up(line.now for line in table.lines)
    assert table.total.now == add_up(inner.now for line in table.lines for inner in line.parts)
