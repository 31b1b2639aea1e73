"""Roll-ups of a tree that moves: every day adds up, and a move shifts what it says."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from accounts.domain.placements import NO_TREE, Placement, Tree
from billing.domain.periods import Month
from forecasting.domain.branches import Shift, branch_amounts, line_of, roll_up, shifts
from forecasting.domain.series import WHOLE_ORGANIZATION, Scope, ScopeKind

OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)
LAST, FIRST, SECOND = date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2)


def place(center: int, parent: int | None, start: date | None = None, end: date | None = None) -> Placement:
    return Placement(cost_center_id=center, parent_id=parent, valid_from=start, valid_to=end)


# 3 below 1 until the end of October, then below 2; 4 below 3.
FIXED = (place(1, None), place(2, None), place(4, 3))
BEFORE = Tree.of((*FIXED, place(3, 1)))
AFTER = Tree.of((*FIXED, place(3, 1, None, FIRST), place(3, 2, FIRST)))
DAYS = {
    1: {LAST: Decimal(1), FIRST: Decimal(1)},
    3: {LAST: Decimal(10), FIRST: Decimal(20)},
    4: {LAST: Decimal("0.5"), SECOND: Decimal("0.25")},
}


def own(center: int | str) -> Scope:
    return Scope(ScopeKind.COST_CENTER_OWN, str(center))


def branch(center: int | str) -> Scope:
    return Scope(ScopeKind.COST_CENTER, str(center))


def test_each_day_is_rolled_up_by_where_the_centers_stood_on_it() -> None:
    assert roll_up(DAYS, AFTER) == {
        1: {LAST: Decimal("11.5"), FIRST: Decimal(1)},
        2: {FIRST: Decimal(20), SECOND: Decimal("0.25")},
        3: {LAST: Decimal("10.5"), FIRST: Decimal(20), SECOND: Decimal("0.25")},
        4: {LAST: Decimal("0.5"), SECOND: Decimal("0.25")},
    }


def test_without_a_tree_every_center_is_its_own_branch() -> None:
    assert roll_up(DAYS, NO_TREE) == DAYS


def test_a_move_shifts_the_branch_from_its_day_on() -> None:
    moved = shifts(DAYS, cost_center_id=3, before=BEFORE, after=AFTER)

    assert moved == (Shift(month=NOVEMBER, from_id=1, to_id=2, cost=Decimal("20.25")),)


def test_a_move_into_the_past_shifts_each_month() -> None:
    moved = shifts(DAYS, cost_center_id=3, before=BEFORE, after=Tree.of((*FIXED, place(3, None))))

    assert moved == (
        Shift(month=OCTOBER, from_id=1, to_id=None, cost=Decimal("10.5")),
        Shift(month=NOVEMBER, from_id=1, to_id=None, cost=Decimal("20.25")),
    )


def test_what_stays_where_it_was_shifts_nothing() -> None:
    assert shifts(DAYS, cost_center_id=3, before=AFTER, after=AFTER) == ()
    assert shifts({}, cost_center_id=3, before=BEFORE, after=AFTER) == ()


def test_what_is_expected_of_a_branch_is_what_is_expected_of_its_centers_on_the_day() -> None:
    days = (LAST, FIRST)
    amounts = {
        WHOLE_ORGANIZATION: (Decimal(99), Decimal(99)),
        own(1): (Decimal(1), Decimal(2)),
        own(3): (Decimal(10), Decimal(20)),
        own(""): (Decimal(7), Decimal(8)),
        Scope(ScopeKind.MODEL, "nova"): (Decimal(99), Decimal(99)),
    }

    assert branch_amounts(amounts, [branch(1), branch(2), branch("")], days=days, tree=AFTER) == {
        branch(1): (Decimal(11), Decimal(2)),
        branch(2): (Decimal(0), Decimal(20)),
        branch(""): (Decimal(7), Decimal(8)),
    }


def test_what_nobody_owns_stands_below_nobody() -> None:
    assert line_of(own(""), FIRST, AFTER) == (branch(""),)
    assert line_of(own(4), FIRST, AFTER) == (branch(4), branch(3), branch(2))
