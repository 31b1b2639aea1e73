"""Members over REST."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters
from accounts.domain.roles import Permission, Role
from accounts.queries.memberships import Member, page_members


class MemberOutput(serializers.Serializer[Any]):
    """One member."""

    id = serializers.IntegerField()
    email = serializers.EmailField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=list(Role))
    example = {"id": 7, "email": "ada@example.com", "name": "Ada", "role": "OWNER"}


class MemberList(OrganizationApiView):
    """Who belongs to the organization, with which role."""

    permissions = {"GET": Permission.VIEW_MEMBERS}
    Parameters = PageParameters
    Output = MemberOutput

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        asked = self.read_parameters()
        return self.page(page_members(after=asked["after"], limit=asked["limit"]), _serialize)


def _serialize(member: Member) -> dict[str, object]:
    return {"id": member.user_id, "email": member.email, "name": member.name, "role": member.role}
