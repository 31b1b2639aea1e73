"""Changing a role, removing a member; the last owner stays."""

from __future__ import annotations

import pytest

from accounts.domain.memberships import LastOwnerCannotLeave, OnlyOwnersMakeOwners
from accounts.domain.roles import Role
from accounts.models import AuditEvent, User
from accounts.operations.memberships import change_member_role, remove_member
from accounts.queries.memberships import MemberNotFound, find_role
from tests.cast import NOW, Cast, inside


def test_a_role_is_changed_with_a_line_in_the_log(cast: Cast) -> None:
    with inside(cast.acme):
        line = change_member_role(
            now=NOW, actor=cast.ada_acts, acting_role=Role.OWNER, user_id=cast.ben.pk, role=Role.FINANCE
        )
        assert line is not None
        event = AuditEvent.objects.get(id=line)

        assert find_role(cast.ben.pk) is Role.FINANCE
        assert (event.verb, event.before) == ("member.role_changed", {"role": "VIEWER"})
        assert event.after == {"role": "FINANCE", "email": "ben@acme.test"}


def test_giving_the_same_role_again_writes_no_line(cast: Cast) -> None:
    with inside(cast.acme):
        line = change_member_role(
            now=NOW, actor=cast.ada_acts, acting_role=Role.ADMIN, user_id=cast.ada.pk, role=Role.OWNER
        )

        assert line is None
        assert not AuditEvent.objects.exists()


def test_an_admin_makes_no_owner(cast: Cast) -> None:
    with inside(cast.acme), pytest.raises(OnlyOwnersMakeOwners):
        change_member_role(now=NOW, actor=cast.ada_acts, acting_role=Role.ADMIN, user_id=cast.ben.pk, role=Role.OWNER)


def test_the_last_owner_can_neither_step_down_nor_leave(cast: Cast) -> None:
    with inside(cast.acme):
        with pytest.raises(LastOwnerCannotLeave):
            change_member_role(
                now=NOW, actor=cast.ada_acts, acting_role=Role.OWNER, user_id=cast.ada.pk, role=Role.ADMIN
            )
        with pytest.raises(LastOwnerCannotLeave):
            remove_member(now=NOW, actor=cast.ada_acts, acting_role=Role.OWNER, user_id=cast.ada.pk)

        assert find_role(cast.ada.pk) is Role.OWNER


def test_an_owner_may_go_once_there_is_another(cast: Cast) -> None:
    with inside(cast.acme):
        change_member_role(now=NOW, actor=cast.ada_acts, acting_role=Role.OWNER, user_id=cast.max.pk, role=Role.OWNER)
        remove_member(now=NOW, actor=cast.ada_acts, acting_role=Role.OWNER, user_id=cast.ada.pk)

        assert find_role(cast.ada.pk) is None


def test_who_was_removed_keeps_his_log_in(cast: Cast) -> None:
    with inside(cast.acme):
        line = remove_member(now=NOW, actor=cast.ada_acts, acting_role=Role.OWNER, user_id=cast.ben.pk)
        assert line is not None
        event = AuditEvent.objects.get(id=line)

        assert find_role(cast.ben.pk) is None
        assert event.before == {"role": "VIEWER", "email": "ben@acme.test"}
    assert User.objects.get(id=cast.ben.pk).is_active


def test_a_member_of_another_organization_is_not_found(cast: Cast) -> None:
    with inside(cast.acme):
        with pytest.raises(MemberNotFound):
            change_member_role(
                now=NOW, actor=cast.ada_acts, acting_role=Role.OWNER, user_id=cast.cleo.pk, role=Role.ADMIN
            )
        with pytest.raises(MemberNotFound):
            remove_member(now=NOW, actor=cast.ada_acts, acting_role=Role.OWNER, user_id=cast.cleo.pk)
