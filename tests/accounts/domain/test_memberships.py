"""Who may make whom what."""

from __future__ import annotations

import pytest

from accounts.domain.memberships import LastOwnerCannotLeave, OnlyOwnersMakeOwners, check_role_change
from accounts.domain.roles import Role


@pytest.mark.parametrize(
    ("acting", "before", "after", "owners"),
    [
        (Role.OWNER, Role.VIEWER, Role.OWNER, 1),
        (Role.OWNER, Role.OWNER, Role.VIEWER, 2),
        (Role.OWNER, Role.OWNER, None, 2),
        (Role.ADMIN, Role.VIEWER, Role.ADMIN, 1),
        (Role.ADMIN, Role.FINANCE, None, 1),
    ],
)
def test_roles_change_where_the_rules_allow_it(acting: Role, before: Role, after: Role | None, owners: int) -> None:
    check_role_change(acting=acting, before=before, after=after, owners=owners)


@pytest.mark.parametrize(
    ("before", "after"), [(Role.VIEWER, Role.OWNER), (Role.OWNER, Role.VIEWER), (Role.OWNER, None)]
)
def test_an_admin_neither_makes_nor_unmakes_owners(before: Role, after: Role | None) -> None:
    with pytest.raises(OnlyOwnersMakeOwners):
        check_role_change(acting=Role.ADMIN, before=before, after=after, owners=2)


@pytest.mark.parametrize("after", [Role.ADMIN, None])
def test_the_last_owner_stays(after: Role | None) -> None:
    with pytest.raises(LastOwnerCannotLeave):
        check_role_change(acting=Role.OWNER, before=Role.OWNER, after=after, owners=1)
