"""Change a role, remove a member; the last owner stays."""

from __future__ import annotations

from datetime import datetime

from accounts.domain.audit import Actor
from accounts.domain.memberships import check_role_change
from accounts.domain.roles import Role
from accounts.models import Membership
from accounts.operations.audit import record_event
from accounts.operations.invitations import revoke_invitations_beyond
from accounts.queries.memberships import MemberNotFound


def change_member_role(*, actor: Actor, acting_role: Role, user_id: int, role: Role, now: datetime) -> int | None:
    """Give a member another role; return the audit line's id, None when he has it already.

    Invitations that he could not write with the new role are taken back. Raises MemberNotFound, OnlyOwnersMakeOwners, LastOwnerCannotLeave.
    """
    row = _lock(user_id)
    before = Role(row.role)
    if before is role:
        return None
    check_role_change(acting=acting_role, before=before, after=role, owners=_count_owners())
    row.role = role
    row.save(update_fields=["role"])
    revoke_invitations_beyond(actor=actor, inviter_id=user_id, role=role, now=now)
    return record_event(
        actor=actor,
        verb="member.role_changed",
        target=f"member:{user_id}",
        before={"role": before},
        after={"role": role, "email": row.user.email},
    )


def remove_member(*, actor: Actor, acting_role: Role, user_id: int, now: datetime) -> int:
    """Take a member out of the organization; return the audit line's id. The person keeps his log-in.

    His open invitations are taken back with him. Raises MemberNotFound, OnlyOwnersMakeOwners, LastOwnerCannotLeave.
    """
    row = _lock(user_id)
    before = Role(row.role)
    check_role_change(acting=acting_role, before=before, after=None, owners=_count_owners())
    row.delete()
    revoke_invitations_beyond(actor=actor, inviter_id=user_id, role=None, now=now)
    return record_event(
        actor=actor,
        verb="member.removed",
        target=f"member:{user_id}",
        before={"role": before, "email": row.user.email},
    )


def leave_organization(*, actor: Actor, user_id: int, now: datetime) -> int:
    """Take oneself out of the organization, whatever one's role; return the audit line's id.

    Raises MemberNotFound, LastOwnerCannotLeave.
    """
    # One may always unmake oneself, so the acting role is one's own.
    return remove_member(actor=actor, acting_role=Role(_lock(user_id).role), user_id=user_id, now=now)


def _lock(user_id: int) -> Membership:
    # The owners are locked with the member, in one order: two owners who unmake one another at the same moment would
    # else both see the other one still there.
    rows = {
        row.user_id: row
        for row in Membership.objects.select_for_update(of=("self",)).select_related("user").order_by("id")
        if row.user_id == user_id or row.role == Role.OWNER
    }
    if user_id not in rows:
        raise MemberNotFound
    return rows[user_id]


def _count_owners() -> int:
    return Membership.objects.filter(role=Role.OWNER).count()
