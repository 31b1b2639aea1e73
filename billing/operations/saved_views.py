"""Saves, renames, shares, replaces and deletes questions."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from accounts.domain.audit import Actor, Json
from accounts.domain.names import clean_name
from accounts.domain.roles import Permission
from accounts.operations.audit import record_event
from accounts.operations.conflicts import unique_or
from billing.domain.explore import Exploration, as_all_texts
from billing.domain.saved_views import SavedViewNameTaken, SavedViewNotFound, SavedViewValue, SharingForbidden
from billing.models import SavedView
from billing.queries.saved_views import saved_view_value

NAME_UNIQUE = "view_name_unique"


def save_view(
    *,
    actor: Actor,
    permissions: Collection[Permission],
    name: str,
    exploration: Exploration,
    is_shared: bool,
    now: datetime,
) -> SavedViewValue:
    """Keep a question, with its order and columns, under a name; shared ones are everybody's.

    Raises SharingForbidden, SavedViewNameTaken or what `clean_name` raises.
    """
    name = clean_name(name)
    if is_shared and Permission.EDIT_SHARED_VIEWS not in permissions:
        raise SharingForbidden
    with unique_or(SavedViewNameTaken(field="name", name=name), constraint=NAME_UNIQUE):
        row = SavedView.objects.create(
            name=name,
            is_shared=is_shared,
            owner_kind=actor.kind.value,
            owner_id=actor.id,
            owner_label=actor.label,
            question=as_all_texts(exploration),
            saved_at=now,
        )
    record_event(actor=actor, verb="saved_view.created", target=f"saved_view:{row.pk}", after=_facts(row))
    return saved_view_value(row)


def change_view(
    *,
    actor: Actor,
    permissions: Collection[Permission],
    view_id: int,
    now: datetime,
    name: str | None = None,
    is_shared: bool | None = None,
    exploration: Exploration | None = None,
) -> SavedViewValue:
    """Rename a view, share it or take it back, or put another question in its place; None leaves as it is.

    A shared view that is taken back is private to whoever saved it. Raises SavedViewNotFound, SharingForbidden,
    SavedViewNameTaken or what `clean_name` raises.
    """
    row = _locked(actor, permissions, view_id)
    before = _facts(row)
    if name is not None:
        row.name = clean_name(name)
    if is_shared is not None:
        if is_shared and Permission.EDIT_SHARED_VIEWS not in permissions:
            raise SharingForbidden
        row.is_shared = is_shared
    if exploration is not None:
        row.question = as_all_texts(exploration)
    if _facts(row) != before:
        row.saved_at = now
        with unique_or(SavedViewNameTaken(field="name", name=row.name), constraint=NAME_UNIQUE):
            row.save()
        record_event(
            actor=actor, verb="saved_view.changed", target=f"saved_view:{row.pk}", before=before, after=_facts(row)
        )
    return saved_view_value(row)


def delete_view(*, actor: Actor, permissions: Collection[Permission], view_id: int) -> int:
    """Delete a view and return the audit event's id, in which the question stays. Raises SavedViewNotFound or SharingForbidden."""
    row = _locked(actor, permissions, view_id)
    before = _facts(row)
    row.delete()
    return record_event(actor=actor, verb="saved_view.deleted", target=f"saved_view:{view_id}", before=before)


def _locked(actor: Actor, permissions: Collection[Permission], view_id: int) -> SavedView:
    row = SavedView.objects.select_for_update().filter(id=view_id).first()
    # A private view of somebody else is not there.
    if row is None or not (row.is_shared or saved_view_value(row).is_of(actor)):
        raise SavedViewNotFound
    if not saved_view_value(row).can_change(actor, permissions):
        raise SharingForbidden
    return row


def _facts(row: SavedView) -> dict[str, Json]:
    return {"name": row.name, "is_shared": row.is_shared, "question": dict(row.question)}
