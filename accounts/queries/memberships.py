"""Who belongs, with which role."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from accounts.domain.errors import NotFound
from accounts.domain.pages import Page
from accounts.domain.roles import Role
from accounts.domain.text import gettext_noop
from accounts.models import Membership
from accounts.queries.second_factors import users_with_second_factor


class MemberNotFound(NotFound):
    """Nobody of this id belongs to the organization."""

    code = "member_not_found"
    message = gettext_noop("There is no such member.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One person in the organization."""

    user_id: int
    email: str
    name: str
    role: Role
    joined_at: datetime
    last_login_at: datetime | None
    has_second_factor: bool

    @property
    def label(self) -> str:
        """The name people know the member by."""
        return self.name or self.email


def find_role(user_id: int) -> Role | None:
    """Return the user's role in the organization, or None for a stranger."""
    role = Membership.objects.filter(user_id=user_id, user__is_active=True).values_list("role", flat=True).first()
    return Role(role) if role else None


def get_member(user_id: int) -> Member:
    """Return one member of the organization. Raises MemberNotFound."""
    row = _rows().filter(user_id=user_id).first()
    if row is None:
        raise MemberNotFound
    return _value(row, users_with_second_factor([user_id]))


def page_members(*, after: str | None = None, limit: int = 100) -> Page[Member]:
    """Return a page of members by user id."""
    rows = _rows().filter(user_id__gt=int(after) if after else 0).order_by("user_id")
    found = list(rows[: limit + 1])
    protected = users_with_second_factor([row.user_id for row in found])
    return Page(
        rows=tuple(_value(row, protected) for row in found[:limit]),
        next=str(found[limit - 1].user_id) if len(found) > limit else None,
    )


def list_members() -> tuple[Member, ...]:
    """Return the organization's members, by e-mail address."""
    rows = list(_rows().order_by("user__email", "id"))
    protected = users_with_second_factor([row.user_id for row in rows])
    return tuple(_value(row, protected) for row in rows)


def _rows() -> QuerySet[Membership]:
    return Membership.objects.select_related("user")


def _value(row: Membership, protected: Collection[int]) -> Member:
    return Member(
        user_id=row.user_id,
        email=row.user.email,
        name=row.user.name,
        role=Role(row.role),
        joined_at=row.created_at,
        last_login_at=row.user.last_login,
        has_second_factor=row.user_id in protected,
    )
