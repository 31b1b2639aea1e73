"""The tree, subtrees, paths."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.domain.cost_centers import CostCenterValue
from accounts.domain.errors import NotFound
from accounts.domain.hierarchy import Node, descendants, tree_order
from accounts.domain.pages import Page
from accounts.domain.text import gettext_noop
from accounts.models import CostCenter


class CostCenterNotFound(NotFound):
    """No such cost center in this organization."""

    code = "cost_center_not_found"
    message = gettext_noop("There is no such cost center.")


def list_cost_centers(*, retired: bool = False) -> tuple[CostCenterValue, ...]:
    """Return the cost centers as a tree is read, each parent before its children; retired ones too if asked.

    The whole tree is read at once: it has as many rows as the organization has teams.
    """
    values = _values(CostCenter.objects.all())
    return values if retired else tuple(value for value in values if value.retired_at is None)


def page_cost_centers(*, after: str | None = None, limit: int = 100, retired: bool = False) -> Page[CostCenterValue]:
    """Return a page of cost centers by id, an order that a move does not change."""
    begin = int(after) if after else 0
    left = sorted(
        (value for value in list_cost_centers(retired=retired) if value.id > begin), key=lambda value: value.id
    )
    return Page(rows=tuple(left[:limit]), next=str(left[limit - 1].id) if len(left) > limit else None)


def get_cost_center(cost_center_id: int) -> CostCenterValue:
    """Return one cost center, retired or not. Raises CostCenterNotFound."""
    for value in list_cost_centers(retired=True):
        if value.id == cost_center_id:
            return value
    raise CostCenterNotFound


def find_cost_center_by_code(code: str) -> CostCenterValue | None:
    """Return the open cost center of this code, however it is capitalized, or None."""
    wanted = code.casefold()
    return next((value for value in list_cost_centers() if value.code.casefold() == wanted), None)


def list_subtree_ids(cost_center_id: int) -> frozenset[int]:
    """Return the ids of a cost center and everything below it, retired ones too. Raises CostCenterNotFound."""
    parents = dict(CostCenter.objects.values_list("id", "parent_id"))
    if cost_center_id not in parents:
        raise CostCenterNotFound
    return descendants(cost_center_id, parents) | {cost_center_id}


def _values(rows: Iterable[CostCenter]) -> tuple[CostCenterValue, ...]:
    by_id = {row.pk: row for row in rows}
    nodes = (Node(id=row.pk, parent_id=row.parent_id, code=row.code) for row in by_id.values())
    return tuple(_value(by_id[node.id], path) for node, path in tree_order(nodes))


def _value(row: CostCenter, path: tuple[str, ...]) -> CostCenterValue:
    return CostCenterValue(
        id=row.pk,
        code=row.code,
        name=row.name,
        parent_id=row.parent_id,
        path=path,
        aws_account_id=row.aws_account_id,
        retired_at=row.retired_at,
    )
