"""Invitations of an organization; the one that a link opens; those whose mail is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q

from accounts.domain.invitations import InvitationNotFound, InvitationState, hash_token_secret, state_of
from accounts.domain.pages import Page
from accounts.domain.roles import Role
from accounts.models import Invitation

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationValue:
    """One invitation as far as it may be shown: never its link, which stands in the mail only."""

    id: int
    email: str
    role: Role
    language: str
    invited_by: str
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    revoked_at: datetime | None
    mailed_at: datetime | None
    mail_failure: str
    state: InvitationState

    @property
    def is_open(self) -> bool:
        """Return whether it can be accepted now."""
        return self.state is InvitationState.OPEN


def get_invitation(invitation_id: int, *, now: datetime) -> InvitationValue:
    """Return one invitation. Raises InvitationNotFound."""
    row = Invitation.objects.filter(id=invitation_id).first()
    if row is None:
        raise InvitationNotFound
    return value_of(row, now)


def find_invitation_by_secret(secret: str, *, now: datetime) -> InvitationValue | None:
    """Return the organization's invitation that a link opens, open or not, or None."""
    row = Invitation.objects.filter(secret_hash=hash_token_secret(secret)).first()
    return value_of(row, now) if row else None


def list_waiting_invitations(*, now: datetime) -> tuple[InvitationValue, ...]:
    """Return the invitations that nobody accepted or revoked, open and expired ones, newest first."""
    rows = Invitation.objects.filter(accepted_at__isnull=True, revoked_at__isnull=True).order_by("-id")
    return tuple(value_of(row, now) for row in rows)


def page_invitations(
    *, now: datetime, state: InvitationState | None = None, after: str | None = None, limit: int = 100
) -> Page[InvitationValue]:
    """Return a page of invitations, newest first, of one state or of all."""
    rows = Invitation.objects.filter(_in_state(state, now)).order_by("-id")
    found = list((rows.filter(id__lt=int(after)) if after else rows)[: limit + 1])
    return Page(
        rows=tuple(value_of(row, now) for row in found[:limit]),
        next=str(found[limit - 1].pk) if len(found) > limit else None,
    )


def count_invited_within_a_day(*, now: datetime) -> int:
    """Return how many people were invited in the last 24 hours, whatever became of it."""
    return Invitation.objects.filter(created_at__gt=now - DAY).count()


def list_due_mail_ids(*, now: datetime) -> tuple[int, ...]:
    """Return the invitations whose mail is to be sent now."""
    return tuple(Invitation.objects.filter(mail_due_at__lte=now).order_by("id").values_list("id", flat=True))


def value_of(row: Invitation, now: datetime) -> InvitationValue:
    """Return a row as a value."""
    return InvitationValue(
        id=row.pk,
        email=row.email,
        role=Role(row.role),
        language=row.language,
        invited_by=row.invited_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        accepted_at=row.accepted_at,
        revoked_at=row.revoked_at,
        mailed_at=row.mailed_at,
        mail_failure=row.mail_failure,
        state=state_of(expires_at=row.expires_at, accepted_at=row.accepted_at, revoked_at=row.revoked_at, now=now),
    )


def _in_state(state: InvitationState | None, now: datetime) -> Q:
    """Return domain/invitations.py: state_of as a condition; a test holds the two together."""
    revoked = Q(accepted_at__isnull=True, revoked_at__lt=F("expires_at"))
    waiting = Q(accepted_at__isnull=True) & ~revoked
    conditions = {
        InvitationState.SPENT: Q(accepted_at__isnull=False),
        InvitationState.REVOKED: revoked,
        InvitationState.OPEN: waiting & Q(expires_at__gt=now),
        InvitationState.EXPIRED: waiting & Q(expires_at__lte=now),
    }
    return conditions[state] if state else Q()
