"""When an invitation is open, expired, spent or revoked; the text of its link; how often its mail is tried."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from accounts.domain.errors import Conflict, Invalid, NotFound
from accounts.domain.memberships import OnlyOwnersMakeOwners
from accounts.domain.roles import Permission, Role, permissions_of
from accounts.domain.text import gettext_noop

LIFETIME = timedelta(days=7)
# What one organization may send into strangers' mailboxes, and how soon it may write to the same one again.
INVITATIONS_A_DAY = 200
SEND_AGAIN_AFTER = timedelta(minutes=5)

# A worker that died gives its mail back after this time.
LEASE = timedelta(minutes=5)
MAX_ATTEMPTS = 6
FIRST_WAIT = timedelta(minutes=1)

TOKEN = re.compile(r"(?P<organization>[0-9a-f]{32})-(?P<secret>[0-9a-f]{64})")


class InvitationState(StrEnum):
    """What has become of an invitation."""

    OPEN = "OPEN"
    EXPIRED = "EXPIRED"
    SPENT = "SPENT"
    REVOKED = "REVOKED"


class InvitationNotFound(NotFound):
    """No such invitation in this organization."""

    code = "invitation_not_found"
    message = gettext_noop("There is no such invitation.")


class InvitationExpired(Conflict):
    """Its seven days are over."""

    code = "invitation_expired"
    message = gettext_noop("The invitation has expired. Ask for a new one.")


class InvitationSpent(Conflict):
    """Somebody has accepted it."""

    code = "invitation_spent"
    message = gettext_noop("The invitation was accepted already.")


class InvitationRevoked(Conflict):
    """It was taken back."""

    code = "invitation_revoked"
    message = gettext_noop("The invitation was revoked. Ask for a new one.")


class InvitationOpen(Conflict):
    """One letter to an address at a time."""

    code = "invitation_open"
    message = gettext_noop("An invitation to %(email)s is open already. Send it again or revoke it.")


class AlreadyMember(Conflict):
    """Who belongs to the organization needs no invitation."""

    code = "already_member"
    message = gettext_noop("%(email)s is a member already. Change the role on the members page.")


class InvitedAddressDiffers(Conflict):
    """The invitation is somebody else's."""

    code = "invited_address_differs"
    message = gettext_noop("The invitation is for %(invited)s, and you are logged in as %(email)s.")


class TooManyInvitations(Conflict):
    """An organization is no mailing machine."""

    code = "too_many_invitations"
    message = gettext_noop("%(limit)s people were invited within a day. Invite the others tomorrow.")


class SentJustNow(Conflict):
    """The first mail may still be on its way."""

    code = "invitation_sent_just_now"
    message = gettext_noop("The mail was sent a moment ago. Wait five minutes before you send it again.")


class TokenMalformed(Invalid):
    """No link of ours looks like this."""

    code = "invitation_link_malformed"
    message = gettext_noop("This is not a link of an invitation.")


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationToken:
    """What stands in the link. The organization's id is in it so that the door can name the organization first."""

    organization_id: UUID
    secret: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.organization_id.hex}-{self.secret}"


def parse_token(text: str) -> InvitationToken:
    """Return the parts of a link's text. Raises TokenMalformed, which does not repeat the text."""
    match = TOKEN.fullmatch(text)
    if match is None:
        raise TokenMalformed
    return InvitationToken(organization_id=UUID(match["organization"]), secret=match["secret"])


def hash_token_secret(secret: str) -> str:
    """Return what is stored in place of the secret; it has 256 bits, so one round is enough."""
    return sha256(secret.encode()).hexdigest()


def state_of(
    *, expires_at: datetime, accepted_at: datetime | None, revoked_at: datetime | None, now: datetime
) -> InvitationState:
    """Return what has become of an invitation; what was revoked after its end had expired before."""
    if accepted_at is not None:
        return InvitationState.SPENT
    if revoked_at is not None and revoked_at < expires_at:
        return InvitationState.REVOKED
    return InvitationState.OPEN if now < expires_at else InvitationState.EXPIRED


def check_open(state: InvitationState) -> None:
    """Check that an invitation can be accepted. Raises InvitationExpired, InvitationSpent, InvitationRevoked."""
    refusals: dict[InvitationState, type[Conflict]] = {
        InvitationState.EXPIRED: InvitationExpired,
        InvitationState.SPENT: InvitationSpent,
        InvitationState.REVOKED: InvitationRevoked,
    }
    if state in refusals:
        raise refusals[state]


def may_invite(*, acting: Role | None, role: Role) -> bool:
    """Return whether somebody of a role, None for nobody any more, may bring others in with a role."""
    if acting is None or Permission.EDIT_MEMBERS not in permissions_of(acting):
        return False
    return role is not Role.OWNER or acting is Role.OWNER


def check_invite(*, acting: Role, role: Role, invited_within_a_day: int) -> None:
    """Check that one more person may be invited with a role. Raises OnlyOwnersMakeOwners, TooManyInvitations."""
    if not may_invite(acting=acting, role=role):
        raise OnlyOwnersMakeOwners(field="role")
    if invited_within_a_day >= INVITATIONS_A_DAY:
        raise TooManyInvitations(limit=INVITATIONS_A_DAY)


def check_send_again(*, sent_at: datetime | None, now: datetime) -> None:
    """Check that the mail may be sent once more. Raises SentJustNow."""
    if sent_at is not None and now < sent_at + SEND_AGAIN_AFTER:
        raise SentJustNow


def next_attempt_at(*, attempt: int, now: datetime) -> datetime | None:
    """Return when a mail that failed is tried again, each time after twice the wait; None when it is given up."""
    return None if attempt >= MAX_ATTEMPTS else now + FIRST_WAIT * 2 ** (attempt - 1)
