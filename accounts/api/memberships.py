"""Members over REST."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters
from accounts.domain.memberships import LastOwnerCannotLeave, OnlyOwnersMakeOwners
from accounts.domain.roles import API_KEY_ROLE, Permission, Role
from accounts.operations.memberships import change_member_role, remove_member
from accounts.queries.memberships import Member, MemberNotFound, get_member, page_members


class MemberOutput(serializers.Serializer[Any]):
    """One member."""

    id = serializers.IntegerField(help_text="The person's id, the same in every organization.")
    email = serializers.EmailField()
    name = serializers.CharField(help_text="Empty where the person has given none.")
    role = serializers.ChoiceField(choices=list(Role))
    joined_at = serializers.DateTimeField()
    has_second_factor = serializers.BooleanField(
        allow_null=True, help_text="Whether a log-in needs more than the password; told to keys that may edit members."
    )
    example = {
        "id": 7,
        "email": "ada@example.com",
        "name": "Ada",
        "role": "OWNER",
        "joined_at": "2026-11-02T08:15:00Z",
        "has_second_factor": True,
    }


class MemberChange(serializers.Serializer[Any]):
    """What can be changed of a member."""

    role = serializers.ChoiceField(choices=list(Role))
    example = {"role": "FINANCE"}


class MemberList(OrganizationApiView):
    """Who belongs to the organization, with which role."""

    permissions = {"GET": Permission.VIEW_MEMBERS}
    Parameters = PageParameters
    Output = MemberOutput

    def get(self, request: OrganizationApiRequest) -> Response:
        """List members."""
        asked = self.read_parameters()
        found = page_members(after=asked["after"], limit=asked["limit"])
        return self.page(found, lambda member: _serialize(member, request))


class MemberDetail(OrganizationApiView):
    """One member; `id` is the person's."""

    permissions = {
        "GET": Permission.VIEW_MEMBERS,
        "PATCH": Permission.EDIT_MEMBERS,
        "DELETE": Permission.EDIT_MEMBERS,
    }
    errors = {
        "GET": (MemberNotFound,),
        "PATCH": (MemberNotFound, OnlyOwnersMakeOwners, LastOwnerCannotLeave),
        "DELETE": (MemberNotFound, OnlyOwnersMakeOwners, LastOwnerCannotLeave),
    }
    Input = MemberChange
    Output = MemberOutput

    def get(self, request: OrganizationApiRequest, user_id: int) -> Response:
        """Get a member."""
        return Response(_serialize(get_member(user_id), request))

    def patch(self, request: OrganizationApiRequest, user_id: int) -> Response:
        """Give a member another role.

        A key makes and unmakes no owners: an owner does that, on the members page.
        """
        wanted = self.read_input()
        if "role" in wanted:
            change_member_role(
                actor=request.actor,
                acting_role=API_KEY_ROLE,
                user_id=user_id,
                role=Role(wanted["role"]),
                now=request.now,
            )
        return Response(_serialize(get_member(user_id), request))

    def delete(self, request: OrganizationApiRequest, user_id: int) -> Response:
        """Remove a member.

        The person keeps the log-in; invitations that the person sent and nobody accepted are revoked.
        """
        remove_member(actor=request.actor, acting_role=API_KEY_ROLE, user_id=user_id, now=request.now)
        return Response(status=204)


def _serialize(member: Member, request: OrganizationApiRequest) -> dict[str, object]:
    may_know = Permission.EDIT_MEMBERS in request.permissions
    return {
        "id": member.user_id,
        "email": member.email,
        "name": member.name,
        "role": member.role,
        "joined_at": member.joined_at,
        "has_second_factor": member.has_second_factor if may_know else None,
    }
