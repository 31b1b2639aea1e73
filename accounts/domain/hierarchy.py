"""Cost-center tree: paths, ancestors, refusal of cycles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from accounts.domain.errors import Conflict
from accounts.domain.text import gettext_noop

# A tree deeper than this is a mistake, and no page could show it.
DEPTH_LIMIT = 10


class CostCenterBelowItself(Conflict):
    """Moving a center under its own branch would cut the branch off the tree."""

    code = "cost_center_below_itself"
    message = gettext_noop("A cost center cannot stand below itself.")


class TreeTooDeep(Conflict):
    """A center would stand deeper than a page can show."""

    code = "cost_center_tree_too_deep"
    message = gettext_noop("Cost centers can be nested %(limit)s levels deep at most.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One place in the tree, as far as its shape goes."""

    id: int
    parent_id: int | None
    code: str


def ancestors(node_id: int, parents: Mapping[int, int | None]) -> tuple[int, ...]:
    """Return the ids above a node, nearest first."""
    above: list[int] = []
    parent_id = parents[node_id]
    while parent_id is not None:
        assert parent_id not in above, "the stored tree has a cycle"
        above.append(parent_id)
        parent_id = parents[parent_id]
    return tuple(above)


def descendants(node_id: int, parents: Mapping[int, int | None]) -> frozenset[int]:
    """Return the ids below a node, at any depth."""
    return frozenset(other for other in parents if node_id in ancestors(other, parents))


def check_place(node_id: int | None, *, parent_id: int | None, parents: Mapping[int, int | None]) -> None:
    """Check that a node (None: a new one) may stand under a parent. Raises CostCenterBelowItself, TreeTooDeep."""
    if parent_id is None:
        return
    above = (parent_id, *ancestors(parent_id, parents))
    if node_id in above:
        raise CostCenterBelowItself(field="parent_id")
    if len(above) + height(node_id, parents) > DEPTH_LIMIT:
        raise TreeTooDeep(field="parent_id", limit=DEPTH_LIMIT)


def height(node_id: int | None, parents: Mapping[int, int | None]) -> int:
    """Return how many levels a node and what is below it take; a new node takes one."""
    if node_id is None:
        return 1
    own = len(ancestors(node_id, parents))
    return 1 + max((len(ancestors(other, parents)) - own for other in descendants(node_id, parents)), default=0)


def tree_order(nodes: Iterable[Node]) -> tuple[tuple[Node, tuple[str, ...]], ...]:
    """Return the nodes as a tree is read, each parent before its children by code, with the codes from the root."""
    children: dict[int | None, list[Node]] = {}
    for node in sorted(nodes, key=lambda node: (node.code.casefold(), node.id)):
        children.setdefault(node.parent_id, []).append(node)
    return tuple(_branch(None, (), children))


def _branch(
    parent_id: int | None, path: tuple[str, ...], children: Mapping[int | None, list[Node]]
) -> Iterable[tuple[Node, tuple[str, ...]]]:
    for node in children.get(parent_id, []):
        own_path = (*path, node.code)
        yield node, own_path
        yield from _branch(node.id, own_path, children)
