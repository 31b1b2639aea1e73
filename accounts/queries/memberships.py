"""Who belongs, with which role."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.domain.errors import NotFound
from accounts.domain.pages import Page
from accounts.domain.roles import Role
from accounts.domain.text import gettext_noop
from accounts.models import Membership


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
    for member in list_members():
        if member.user_id == user_id:
            return member
    raise MemberNotFound


def page_members(*, after: str | None = None, limit: int = 100) -> Page[Member]:
    """Return a page of members by user id."""
    begin = int(after) if after else 0
    left = sorted((value for value in list_members() if value.user_id > begin), key=lambda value: value.user_id)
    return Page(rows=tuple(left[:limit]), next=str(left[limit - 1].user_id) if len(left) > limit else None)


def list_members() -> tuple[Member, ...]:
    """Return the organization's members, by e-mail address."""
    rows = Membership.objects.select_related("user").order_by("user__email", "id")
    return tuple(
        Member(user_id=row.user_id, email=row.user.email, name=row.user.name, role=Role(row.role)) for row in rows
    )
