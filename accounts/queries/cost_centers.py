"""The tree, now and on every day; paths."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F, Max

from accounts.domain.cost_centers import CostCenterValue
from accounts.domain.errors import NotFound
from accounts.domain.hierarchy import Node, tree_order
from accounts.domain.pages import Page
from accounts.domain.placements import Placement, Tree
from accounts.domain.text import gettext_noop
from accounts.models import CostCenter, CostCenterPlacement
from accounts.tenancy.answers import asked_once


class CostCenterNotFound(NotFound):
    """No such cost center in this organization."""

    code = "cost_center_not_found"
    message = gettext_noop("There is no such cost center.")


@asked_once
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


def list_placements(cost_center_id: int | None = None) -> tuple[Placement, ...]:
    """Return where every center, or one, has stood from when to when; of each the oldest first."""
    rows = CostCenterPlacement.objects.order_by("cost_center_id", F("valid_from").asc(nulls_first=True))
    if cost_center_id is not None:
        rows = rows.filter(cost_center_id=cost_center_id)
    return tuple(Placement(**row) for row in rows.values("cost_center_id", "parent_id", "valid_from", "valid_to"))


def find_last_move() -> datetime | None:
    """Return when a cost center was last told to move, or None if none ever was."""
    found: datetime | None = CostCenterPlacement.objects.aggregate(last=Max("moved_at"))["last"]
    return found


@asked_once
def get_tree() -> Tree:
    """Return the tree of every day."""
    return Tree.of(list_placements())


def _values(rows: Iterable[CostCenter]) -> tuple[CostCenterValue, ...]:
    by_id = {row.pk: row for row in rows}
    # A move begins today at the latest: the placement without an end is today's.
    now = CostCenterPlacement.objects.filter(valid_to__isnull=True)
    parents = dict(now.values_list("cost_center_id", "parent_id"))
    values: dict[int | None, CostCenterValue] = {}
    for node, path in tree_order(Node(id=row.pk, parent_id=parents[row.pk], code=row.code) for row in by_id.values()):
        above = values[node.parent_id].names if node.parent_id else ()
        values[node.id] = _value(by_id[node.id], node.parent_id, path, (*above, by_id[node.id].name))
    return tuple(values.values())


def _value(row: CostCenter, parent_id: int | None, path: tuple[str, ...], names: tuple[str, ...]) -> CostCenterValue:
    return CostCenterValue(
        id=row.pk,
        code=row.code,
        name=row.name,
        parent_id=parent_id,
        path=path,
        names=names,
        aws_account_id=row.aws_account_id,
        retired_at=row.retired_at,
    )
