"""The tree of cost centers: who is above whom, and what would make a cycle."""

from __future__ import annotations

import pytest

from accounts.domain.hierarchy import (
    DEPTH_LIMIT,
    CostCenterBelowItself,
    Node,
    TreeTooDeep,
    ancestors,
    check_place,
    descendants,
    height,
    tree_order,
)

#  1 - 2 - 3
#    - 4
#  5
PARENTS = {1: None, 2: 1, 3: 2, 4: 1, 5: None}


def test_ancestors_are_named_nearest_first() -> None:
    assert ancestors(3, PARENTS) == (2, 1)
    assert ancestors(5, PARENTS) == ()


def test_descendants_are_at_any_depth() -> None:
    assert descendants(1, PARENTS) == {2, 3, 4}
    assert descendants(3, PARENTS) == frozenset()


@pytest.mark.parametrize("parent_id", [1, 2, 3])
def test_a_center_cannot_stand_below_itself(parent_id: int) -> None:
    with pytest.raises(CostCenterBelowItself) as refusal:
        check_place(1, parent_id=parent_id, parents=PARENTS)

    assert refusal.value.field == "parent_id"


@pytest.mark.parametrize(("node_id", "parent_id"), [(1, 5), (2, 4), (3, None), (None, 3), (5, 3)])
def test_a_center_may_stand_anywhere_else(node_id: int | None, parent_id: int | None) -> None:
    check_place(node_id, parent_id=parent_id, parents=PARENTS)


def test_the_tree_does_not_grow_beyond_what_a_page_can_show() -> None:
    chain = {1: None, **{number: number - 1 for number in range(2, DEPTH_LIMIT + 1)}}

    with pytest.raises(TreeTooDeep):
        check_place(None, parent_id=DEPTH_LIMIT, parents=chain)
    check_place(None, parent_id=DEPTH_LIMIT - 1, parents=chain)


def test_a_branch_is_as_high_as_its_deepest_leaf() -> None:
    assert height(1, PARENTS) == 3
    assert height(4, PARENTS) == 1
    assert height(None, PARENTS) == 1


def test_a_branch_that_would_grow_too_deep_is_refused_as_a_whole() -> None:
    chain = {1: None, **{number: number - 1 for number in range(2, DEPTH_LIMIT)}, 100: None, 101: 100}

    with pytest.raises(TreeTooDeep):
        check_place(100, parent_id=DEPTH_LIMIT - 1, parents=chain)


def test_a_tree_is_read_parents_first_and_by_code() -> None:
    nodes = [
        Node(id=3, parent_id=1, code="support"),
        Node(id=2, parent_id=1, code="Search"),
        Node(id=4, parent_id=None, code="board"),
        Node(id=1, parent_id=None, code="engineering"),
    ]

    assert [path for _, path in tree_order(nodes)] == [
        ("board",),
        ("engineering",),
        ("engineering", "Search"),
        ("engineering", "support"),
    ]
