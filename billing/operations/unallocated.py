"""Says who looks after what nobody pays for."""

from __future__ import annotations

from datetime import datetime

from accounts.domain.audit import Actor
from accounts.models import Membership
from accounts.operations.audit import record_event
from billing.domain.unallocated import NoSuchMember
from billing.models import UnallocatedOwner


def set_unallocated_owner(*, actor: Actor, user_id: int | None, now: datetime) -> int:
    """Make a member the owner of what nobody pays for, or nobody (None); returns the audit event's id. Raises NoSuchMember."""
    if user_id is not None and not Membership.objects.filter(user_id=user_id).exists():
        raise NoSuchMember(field="user_id")
    row = UnallocatedOwner.objects.select_for_update().first()
    before = {"user_id": row.user_id if row else None}
    if user_id is None:
        UnallocatedOwner.objects.all().delete()
    else:
        UnallocatedOwner.objects.update_or_create(defaults={"user_id": user_id, "set_by": actor.label, "set_at": now})
    return record_event(
        actor=actor,
        verb="unallocated_owner.changed",
        target="unallocated",
        before={"user_id": before["user_id"]},
        after={"user_id": user_id},
    )
