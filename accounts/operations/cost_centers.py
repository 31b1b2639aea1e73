"""Create, change, move and retire cost centers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction

from accounts.domain.audit import Actor, Json
from accounts.domain.cost_centers import clean_aws_account_id, clean_code
from accounts.domain.errors import Conflict, Invalid
from accounts.domain.names import clean_name
from accounts.domain.placements import Placement, check_move, check_new, moved
from accounts.domain.text import gettext_noop
from accounts.models import CostCenter, CostCenterPlacement
from accounts.operations.audit import record_event
from accounts.queries.cost_centers import CostCenterNotFound, list_placements
from accounts.queries.organizations import get_organization
from accounts.tenancy.context import current_organization_id


class CostCenterCodeTaken(Conflict):
    """A code stands for one center, also after it was retired: tags and files go on using it."""

    code = "cost_center_code_taken"
    message = gettext_noop("A cost center with the code %(code)s exists already.")


class AwsAccountClaimed(Conflict):
    """One account's bill cannot be charged to two centers."""

    code = "aws_account_claimed"
    message = gettext_noop("AWS account %(aws_account_id)s is claimed by the cost center %(code)s already.")


class ParentNotFound(Invalid):
    """The parent is not an open cost center of this organization."""

    code = "cost_center_parent_not_found"
    message = gettext_noop("The parent is not an open cost center of this organization.")


class CostCenterHasChildren(Conflict):
    """What stands below would hang in the air."""

    code = "cost_center_has_children"
    message = gettext_noop("%(code)s has open cost centers below it. Move or retire them first.")


class CostCenterRetired(Conflict):
    """A retired center keeps its past and takes no change."""

    code = "cost_center_retired"
    message = gettext_noop("%(code)s is retired and cannot be changed.")


def create_cost_center(
    *, actor: Actor, code: str, name: str, parent_id: int | None = None, aws_account_id: str | None = None
) -> int:
    """Create a cost center, below its parent from the beginning, and return its id.

    Raises CostCenterCodeMalformed, CostCenterCodeTaken, NameMissing, NameTooLong, ParentNotFound, TreeTooDeep,
    AwsAccountIdMalformed, AwsAccountClaimed.
    """
    rows = _lock_tree()
    row = CostCenter(code=clean_code(code), name=clean_name(name), aws_account_id=clean_aws_account_id(aws_account_id))
    parent = _find_parent(rows, parent_id)
    check_new(list_placements(), parent_id=parent_id)
    _check_unique(row, rows)
    _save(row)
    CostCenterPlacement.objects.create(cost_center=row, parent=parent)
    record_event(
        actor=actor,
        verb="cost_center.created",
        target=_target(row),
        after={**_content(row), "parent": parent.code if parent else None},
    )
    return row.pk


def change_cost_center(
    *, actor: Actor, cost_center_id: int, code: str, name: str, aws_account_id: str | None
) -> int | None:
    """Rename a cost center, or change its code or the account it claims; return the audit line's id, None for no change.

    Usage with the old code as its tag is unassigned from then on; what was charged stays. Raises what
    create_cost_center raises, CostCenterNotFound and CostCenterRetired.
    """
    rows = _lock_tree()
    row = _get_open(rows, cost_center_id)
    before = _content(row)
    row.code, row.name, row.aws_account_id = clean_code(code), clean_name(name), clean_aws_account_id(aws_account_id)
    _check_unique(row, rows)
    after = _content(row)
    if before == after:
        return None
    _save(row)
    return record_event(
        actor=actor,
        verb="cost_center.changed",
        target=_target(row),
        before={field: value for field, value in before.items() if after[field] != value},
        after={field: value for field, value in after.items() if before[field] != value},
    )


def move_cost_center(
    *, actor: Actor, cost_center_id: int, parent_id: int | None, from_date: date, now: datetime
) -> int | None:
    """Put a cost center, with all below it, under another parent from a day on; history before that day stays.

    What was told of it from that day on is replaced. Returns the audit line's id, None when it stands there already.
    Raises CostCenterNotFound, CostCenterRetired, ParentNotFound, MoveDateOutOfRange, CostCenterBelowItself, TreeTooDeep.
    """
    rows = _lock_tree()
    row = _get_open(rows, cost_center_id)
    parent = _find_parent(rows, parent_id)
    placements = list_placements()
    check_move(
        placements,
        cost_center_id=row.pk,
        parent_id=parent_id,
        from_date=from_date,
        today=now.astimezone(ZoneInfo(get_organization(current_organization_id()).time_zone)).date(),
    )
    before = [one for one in placements if one.cost_center_id == row.pk]
    after = moved(before, parent_id=parent_id, from_date=from_date)
    if tuple(before) == after:
        return None
    _replace_placements(row, after, now)
    return record_event(
        actor=actor,
        verb="cost_center.moved",
        target=_target(row),
        before={"code": row.code, **_places(before, rows, from_date)},
        after={"code": row.code, "from_date": from_date.isoformat(), "parent": parent.code if parent else None},
    )


def retire_cost_center(*, actor: Actor, cost_center_id: int, now: datetime) -> int | None:
    """Close a cost center to new cost; its past stays. Returns the audit line's id, None when it is retired already.

    The account it claimed is free again. Raises CostCenterNotFound, CostCenterHasChildren.
    """
    rows = _lock_tree()
    row = rows.get(cost_center_id)
    if row is None:
        raise CostCenterNotFound
    if row.retired_at is not None:
        return None
    parents = _open_parents()
    if any(parents[other.pk] == row.pk and other.retired_at is None for other in rows.values()):
        raise CostCenterHasChildren(code=row.code)
    before = _content(row)
    row.retired_at = now
    row.save(update_fields=["retired_at"])
    return record_event(
        actor=actor,
        verb="cost_center.retired",
        target=_target(row),
        before=before,
        after={"retired_at": now.isoformat()},
    )


def _lock_tree() -> dict[int, CostCenter]:
    # The whole tree, in one order: two moves at the same moment could make a cycle that neither sees.
    return {row.pk: row for row in CostCenter.objects.select_for_update().order_by("id")}


def _get_open(rows: dict[int, CostCenter], cost_center_id: int) -> CostCenter:
    row = rows.get(cost_center_id)
    if row is None:
        raise CostCenterNotFound
    if row.retired_at is not None:
        raise CostCenterRetired(code=row.code)
    return row


def _find_parent(rows: dict[int, CostCenter], parent_id: int | None) -> CostCenter | None:
    if parent_id is None:
        return None
    parent = rows.get(parent_id)
    if parent is None or parent.retired_at is not None:
        raise ParentNotFound(field="parent_id")
    return parent


def _open_parents() -> dict[int, int | None]:
    """Return what each center stands below now: a move begins today at the latest."""
    now = CostCenterPlacement.objects.filter(valid_to__isnull=True)
    return dict(now.values_list("cost_center_id", "parent_id"))


def _replace_placements(row: CostCenter, placements: Sequence[Placement], now: datetime) -> None:
    CostCenterPlacement.objects.filter(cost_center=row).delete()
    CostCenterPlacement.objects.bulk_create(CostCenterPlacement(**asdict(one), moved_at=now) for one in placements)


def _places(placements: Sequence[Placement], rows: dict[int, CostCenter], from_date: date) -> dict[str, Json]:
    """What the center stood below on the day and, where it moved again after it, what that move is replaced by."""
    changed = [one for one in placements if one.valid_to is None or one.valid_to > from_date]
    codes: list[Json] = [rows[one.parent_id].code if one.parent_id else None for one in changed]
    later: dict[str, Json] = {
        one.valid_from.isoformat(): code for one, code in zip(changed[1:], codes[1:], strict=True) if one.valid_from
    }
    return {"parent": codes[0], "later_moves": later} if later else {"parent": codes[0]}


def _check_unique(row: CostCenter, rows: dict[int, CostCenter]) -> None:
    for other in rows.values():
        if other.pk == row.pk:
            continue
        if other.code.lower() == row.code.lower():
            raise CostCenterCodeTaken(field="code", code=row.code)
        if row.aws_account_id and other.retired_at is None and other.aws_account_id == row.aws_account_id:
            raise AwsAccountClaimed(field="aws_account_id", aws_account_id=row.aws_account_id, code=other.code)


def _save(row: CostCenter) -> None:
    try:
        # A savepoint, so that the caller's transaction survives the refusal.
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        # Two first centers of a code at the same moment: there was no row to lock.
        raise CostCenterCodeTaken(field="code", code=row.code) from error


def _content(row: CostCenter) -> dict[str, Json]:
    return {"code": row.code, "name": row.name, "aws_account_id": row.aws_account_id}


def _target(row: CostCenter) -> str:
    return f"cost_center:{row.pk}"
