"""Where cost centers stand from which day on: moves, what they refuse, and the tree of every day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from accounts.domain.hierarchy import DEPTH_LIMIT, CostCenterBelowItself, TreeTooDeep
from accounts.domain.placements import (
    NO_TREE,
    MoveDateOutOfRange,
    Placement,
    Tree,
    check_move,
    check_new,
    moved,
    parents_on,
)

DAY = timedelta(days=1)
FIRST, FIFTH, TENTH, TODAY = (date(2026, 11, day) for day in (1, 5, 10, 24))


def place(center: int, parent: int | None, start: date | None = None, end: date | None = None) -> Placement:
    return Placement(cost_center_id=center, parent_id=parent, valid_from=start, valid_to=end)


# 1 and 2 at the top; 3 below 1 until the 5th, then below 2; 4 below 3.
PLACES = (place(1, None), place(2, None), place(3, 1, None, FIFTH), place(3, 2, FIFTH), place(4, 3))


@pytest.mark.parametrize(
    ("day", "line", "branch_of_1", "branch_of_2"),
    [
        (date.min, (4, 3, 1), {1, 3, 4}, {2}),
        (FIFTH - DAY, (4, 3, 1), {1, 3, 4}, {2}),
        (FIFTH, (4, 3, 2), {1}, {2, 3, 4}),
        (TODAY, (4, 3, 2), {1}, {2, 3, 4}),
        (date.max, (4, 3, 2), {1}, {2, 3, 4}),
    ],
)
def test_the_tree_is_another_one_from_the_day_of_a_move(
    day: date, line: tuple[int, ...], branch_of_1: set[int], branch_of_2: set[int]
) -> None:
    tree = Tree.of(PLACES)

    assert tree.line(4, day) == line
    assert tree.parent(3, day) == line[2]
    assert tree.parent(1, day) is None
    assert tree.branch(1, day) == branch_of_1
    assert tree.branch(2, day) == branch_of_2


def test_a_center_without_a_place_stands_alone() -> None:
    assert NO_TREE.line(7, TODAY) == (7,)
    assert NO_TREE.branch(7, TODAY) == {7}
    assert NO_TREE.parent(7, TODAY) is None


@pytest.mark.parametrize(
    ("start", "end", "pieces"),
    [
        (FIRST, TENTH, ((FIRST, FIFTH), (FIFTH, TENTH))),
        (FIFTH, TENTH, ((FIFTH, TENTH),)),
        (FIRST, FIFTH, ((FIRST, FIFTH),)),
        (TENTH, TODAY, ((TENTH, TODAY),)),
        (TENTH, TENTH, ()),
    ],
)
def test_a_range_is_cut_where_something_moves(start: date, end: date, pieces: tuple[tuple[date, date], ...]) -> None:
    assert Tree.of(PLACES).stretches(start, end) == pieces


@pytest.mark.parametrize(
    ("before", "parent", "day", "after"),
    [
        ((place(3, None),), 1, FIFTH, (place(3, None, None, FIFTH), place(3, 1, FIFTH))),
        ((place(3, None),), None, FIFTH, (place(3, None),)),
        # A second move on the same day takes the first one's place.
        (PLACES[2:4], 4, FIFTH, (place(3, 1, None, FIFTH), place(3, 4, FIFTH))),
        # Back to where it stood before: as if it had never moved.
        (PLACES[2:4], 1, FIFTH, (place(3, 1),)),
        # An earlier move replaces what came after it.
        (PLACES[2:4], 4, FIRST, (place(3, 1, None, FIRST), place(3, 4, FIRST))),
        (PLACES[2:4], None, TENTH, (place(3, 1, None, FIFTH), place(3, 2, FIFTH, TENTH), place(3, None, TENTH))),
    ],
)
def test_history_before_a_move_stays(
    before: tuple[Placement, ...], parent: int | None, day: date, after: tuple[Placement, ...]
) -> None:
    assert moved(before, parent_id=parent, from_date=day) == after


@pytest.mark.parametrize("day", [date(1999, 12, 31), TODAY + DAY, date.max])
def test_a_move_begins_today_or_earlier(day: date) -> None:
    with pytest.raises(MoveDateOutOfRange) as refusal:
        check_move(PLACES, cost_center_id=3, parent_id=None, from_date=day, today=TODAY)

    assert refusal.value.field == "from_date"
    assert "2026-11-24" in str(refusal.value)


@pytest.mark.parametrize(
    ("center", "parent", "day", "is_refused"),
    [
        (3, 3, TENTH, True),
        (3, 4, TENTH, True),
        (2, 4, TENTH, True),
        # On the 1st 3 stands below 1, and 2 could stand below it; from the 5th on 3 stands below 2 itself.
        (2, 3, FIRST, True),
        (1, 3, FIFTH, False),
        (1, 3, FIRST, True),
        (2, 1, FIRST, False),
        (4, None, FIRST, False),
        (4, 2, TODAY, False),
    ],
)
def test_a_cycle_is_refused_on_whichever_day_it_would_arise(
    center: int, parent: int | None, day: date, is_refused: bool
) -> None:
    if is_refused:
        with pytest.raises(CostCenterBelowItself):
            check_move(PLACES, cost_center_id=center, parent_id=parent, from_date=day, today=TODAY)
        return
    check_move(PLACES, cost_center_id=center, parent_id=parent, from_date=day, today=TODAY)
    others = [one for one in PLACES if one.cost_center_id != center]
    own = [one for one in PLACES if one.cost_center_id == center]
    tree = Tree.of([*others, *moved(own, parent_id=parent, from_date=day)])
    assert tree.parent(center, TODAY) == parent


def test_the_tree_grows_too_deep_on_no_day() -> None:
    chain = [place(1, None), *(place(number, number - 1) for number in range(2, DEPTH_LIMIT + 1)), place(99, None)]
    # The deepest stood higher until the 5th.
    chain[-2] = place(DEPTH_LIMIT, DEPTH_LIMIT - 1, FIFTH)
    chain.append(place(DEPTH_LIMIT, None, None, FIFTH))

    with pytest.raises(TreeTooDeep):
        check_new(chain, parent_id=DEPTH_LIMIT)
    with pytest.raises(TreeTooDeep):
        check_move(chain, cost_center_id=99, parent_id=DEPTH_LIMIT, from_date=FIRST, today=TODAY)
    check_new(chain, parent_id=DEPTH_LIMIT - 1)
    check_new(chain, parent_id=None)


def test_a_day_knows_only_the_places_in_force() -> None:
    assert parents_on(PLACES, FIRST) == {1: None, 2: None, 3: 1, 4: 3}
    assert parents_on(PLACES, TODAY) == {1: None, 2: None, 3: 2, 4: 3}
    assert parents_on([place(5, None, FIRST, FIFTH)], TENTH) == {}
