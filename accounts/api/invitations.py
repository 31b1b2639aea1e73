"""Invitations over REST."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.celery import nudge
from accounts.access.declarations import PageParameters
from accounts.domain.invitations import (
    AlreadyMember,
    InvitationNotFound,
    InvitationOpen,
    InvitationSpent,
    InvitationState,
    TooManyInvitations,
)
from accounts.domain.memberships import OnlyOwnersMakeOwners
from accounts.domain.roles import API_KEY_ROLE, Permission, Role
from accounts.operations.invitations import invite, revoke_invitation
from accounts.operations.users import LANGUAGES
from accounts.queries.invitations import InvitationValue, get_invitation, page_invitations

SEND = "accounts.tasks.send_organization_invitations"


class InvitationParameters(PageParameters):
    """Which invitations."""

    state = serializers.ChoiceField(
        choices=list(InvitationState), default=None, help_text="Only those in this state; left out: all."
    )


class InvitationInput(serializers.Serializer[Any]):
    """A new invitation."""

    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=list(Role), help_text="A key cannot invite owners.")
    language = serializers.ChoiceField(
        choices=list(LANGUAGES),
        default="en",
        help_text="Of the mail; who has a log-in already gets it in the language of it.",
    )
    example = {"email": "fay@example.com", "role": "FINANCE", "language": "ja"}


class InvitationOutput(serializers.Serializer[Any]):
    """One invitation. Its link stands in the mail only."""

    id = serializers.IntegerField()
    email = serializers.EmailField()
    role = serializers.ChoiceField(choices=list(Role))
    language = serializers.ChoiceField(choices=list(LANGUAGES))
    state = serializers.ChoiceField(choices=list(InvitationState))
    invited_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="From this moment on it opens nothing.")
    mailed_at = serializers.DateTimeField(allow_null=True, help_text="When the mail left; null while it has not.")
    accepted_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    example = {
        "id": 31,
        "email": "fay@example.com",
        "role": "FINANCE",
        "language": "ja",
        "state": "OPEN",
        "invited_by": "Ada",
        "created_at": "2026-11-10T09:00:00Z",
        "expires_at": "2026-11-17T09:00:00Z",
        "mailed_at": "2026-11-10T09:00:04Z",
        "accepted_at": None,
        "revoked_at": None,
    }


class InvitationList(OrganizationApiView):
    """The organization's invitations, newest first."""

    permissions = {"GET": Permission.EDIT_MEMBERS, "POST": Permission.EDIT_MEMBERS}
    errors = {"POST": (OnlyOwnersMakeOwners, AlreadyMember, InvitationOpen, TooManyInvitations)}
    Parameters = InvitationParameters
    Input = InvitationInput
    Output = InvitationOutput

    def get(self, request: OrganizationApiRequest) -> Response:
        """List invitations."""
        asked = self.read_parameters()
        state = InvitationState(asked["state"]) if asked["state"] else None
        found = page_invitations(now=request.now, state=state, after=asked["after"], limit=asked["limit"])
        return self.page(found, _serialize)

    def post(self, request: OrganizationApiRequest) -> Response:
        """Invite somebody by e-mail.

        The link in the mail is good for seven days and for this address only.
        """
        wanted = self.read_input()
        written = invite(
            actor=request.actor,
            acting_role=API_KEY_ROLE,
            email=wanted["email"],
            role=Role(wanted["role"]),
            language=wanted["language"],
            now=request.now,
        )
        nudge(SEND, organization_id=request.organization.id)
        return Response(_serialize(get_invitation(written.invitation_id, now=request.now)), status=201)


class InvitationDetail(OrganizationApiView):
    """One invitation."""

    permissions = {"GET": Permission.EDIT_MEMBERS, "DELETE": Permission.EDIT_MEMBERS}
    errors = {"GET": (InvitationNotFound,), "DELETE": (InvitationNotFound, InvitationSpent)}
    Output = InvitationOutput

    def get(self, request: OrganizationApiRequest, invitation_id: int) -> Response:
        """Get an invitation."""
        return Response(_serialize(get_invitation(invitation_id, now=request.now)))

    def delete(self, request: OrganizationApiRequest, invitation_id: int) -> Response:
        """Revoke an invitation.

        Its link opens nothing from now on. Doing it twice changes nothing.
        """
        revoke_invitation(actor=request.actor, invitation_id=invitation_id, now=request.now)
        return Response(status=204)


def _serialize(value: InvitationValue) -> dict[str, object]:
    return {
        "id": value.id,
        "email": value.email,
        "role": value.role,
        "language": value.language,
        "state": value.state,
        "invited_by": value.invited_by,
        "created_at": value.created_at,
        "expires_at": value.expires_at,
        "mailed_at": value.mailed_at,
        "accepted_at": value.accepted_at,
        "revoked_at": value.revoked_at,
    }
