"""Create, change, move and retire cost centers."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.domain.audit import Actor, Json
from accounts.domain.cost_centers import clean_aws_account_id, clean_code
from accounts.domain.errors import Conflict, Invalid
from accounts.domain.hierarchy import check_place
from accounts.domain.names import clean_name
from accounts.domain.text import gettext_noop
from accounts.models import CostCenter
from accounts.operations.audit import record_event
from accounts.queries.cost_centers import CostCenterNotFound


class CostCenterCodeTaken(Conflict):
    """A code stands for one center for ever, also after it was retired: tags and files go on using it."""

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
    """Create a cost center and return its id.

    Raises CostCenterCodeMalformed, CostCenterCodeTaken, NameMissing, NameTooLong, ParentNotFound, TreeTooDeep,
    AwsAccountIdMalformed, AwsAccountClaimed.
    """
    rows = _lock_tree()
    row = CostCenter(code=clean_code(code), name=clean_name(name), aws_account_id=clean_aws_account_id(aws_account_id))
    row.parent = _find_parent(rows, parent_id)
    check_place(None, parent_id=parent_id, parents=_parents(rows))
    _check_unique(row, rows)
    _save(row)
    record_event(actor=actor, verb="cost_center.created", target=f"cost_center:{row.pk}", after=_content(row))
    return row.pk


def change_cost_center(
    *, actor: Actor, cost_center_id: int, name: str, parent_id: int | None, aws_account_id: str | None
) -> int | None:
    """Rename or move a cost center or change the account it claims; return the audit line's id, None for no change.

    Its code stays: tags and files use it. Raises what create_cost_center raises, CostCenterNotFound, CostCenterRetired
    and CostCenterBelowItself.
    """
    rows = _lock_tree()
    row = _get_open(rows, cost_center_id)
    before = _content(row)
    row.name, row.aws_account_id = clean_name(name), clean_aws_account_id(aws_account_id)
    row.parent = _find_parent(rows, parent_id)
    check_place(row.pk, parent_id=parent_id, parents=_parents(rows, except_for=row))
    _check_unique(row, rows)
    after = _content(row)
    if before == after:
        return None
    _save(row)
    return record_event(
        actor=actor, verb="cost_center.changed", target=f"cost_center:{row.pk}", before=before, after=after
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
    if any(other.parent_id == row.pk and other.retired_at is None for other in rows.values()):
        raise CostCenterHasChildren(code=row.code)
    before = _content(row)
    row.retired_at = now
    row.save(update_fields=["retired_at"])
    return record_event(
        actor=actor,
        verb="cost_center.retired",
        target=f"cost_center:{row.pk}",
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


def _parents(rows: dict[int, CostCenter], *, except_for: CostCenter | None = None) -> dict[int, int | None]:
    """Return each center's parent as stored; the one that moves is read by its place before."""
    return {row.pk: None if row is except_for else row.parent_id for row in rows.values()}


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
    return {"code": row.code, "name": row.name, "parent_id": row.parent_id, "aws_account_id": row.aws_account_id}
