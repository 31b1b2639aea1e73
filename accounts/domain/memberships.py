"""Who may make whom what: owners are made by owners, and the last one stays."""

from __future__ import annotations

from accounts.domain.errors import Conflict, Forbidden
from accounts.domain.roles import Role
from accounts.domain.text import gettext_noop


class LastOwnerCannotLeave(Conflict):
    """An organization without an owner could never get one again."""

    code = "last_owner_cannot_leave"
    message = gettext_noop("The last owner stays. Make somebody else an owner first.")


class OnlyOwnersMakeOwners(Forbidden):
    """An admin who could make owners would be one."""

    code = "only_owners_make_owners"
    message = gettext_noop("Only an owner can make or unmake owners.")


def check_role_change(*, acting: Role, before: Role, after: Role | None, owners: int) -> None:
    """Check that somebody may give a member another role (None: no role, that is, remove him).

    `owners` counts the owners there are now. Raises OnlyOwnersMakeOwners, LastOwnerCannotLeave.
    """
    if Role.OWNER in (before, after) and acting is not Role.OWNER:
        raise OnlyOwnersMakeOwners
    if before is Role.OWNER and after is not Role.OWNER and owners == 1:
        raise LastOwnerCannotLeave(field="role")
