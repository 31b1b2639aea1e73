"""Invite, accept, revoke, send again; send the mails that are due."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac

from accounts.adapters.mail import InvitationMail, MailFailed, send_invitation
from accounts.domain.audit import Actor, ActorKind
from accounts.domain.invitations import (
    LEASE,
    LIFETIME,
    AlreadyMember,
    InvitationNotFound,
    InvitationOpen,
    InvitationState,
    InvitationToken,
    InvitedAddressDiffers,
    check_invite,
    check_open,
    check_send_again,
    hash_token_secret,
    may_invite,
    next_attempt_at,
)
from accounts.domain.roles import Role
from accounts.models import Invitation, Membership, User
from accounts.operations.audit import record_event
from accounts.operations.users import EmailMalformed, check_language
from accounts.queries.invitations import count_invited_within_a_day, value_of
from accounts.queries.organizations import get_organization
from accounts.queries.users import find_user_by_email
from accounts.tenancy.context import current_organization_id, tenant_transaction

log = structlog.get_logger()

EMAIL_LIMIT = 254
# What the link's secret is made for: the same key makes other secrets too.
SECRET_SALT = "accounts.invitation"  # noqa: S105 - a name, not a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a write of an invitation left behind: its row and its audit line."""

    invitation_id: int
    event_id: int


def invite(*, actor: Actor, acting_role: Role, email: str, role: Role, language: str, now: datetime) -> Written:
    """Invite an address to the organization; the worker sends the mail.

    Who has a log-in already is written to in the language of it, everybody else in the given one. Raises
    EmailMalformed, LanguageUnknown, OnlyOwnersMakeOwners, AlreadyMember, InvitationOpen, TooManyInvitations.
    """
    email = _clean_email(email)
    check_language(language)
    check_invite(acting=acting_role, role=role, invited_within_a_day=count_invited_within_a_day(now=now))
    invited = find_user_by_email(email)
    if invited is not None and Membership.objects.filter(user=invited).exists():
        raise AlreadyMember(field="email", email=email)
    _put_away_expired(email, now)
    salt = secrets.token_urlsafe(32)
    row = _insert(
        Invitation(
            email=email,
            role=role,
            language=(invited.language if invited else "") or language,
            inviter_id=int(actor.id) if actor.kind is ActorKind.USER else None,
            invited_by=actor.label,
            secret_salt=salt,
            secret_hash=hash_token_secret(_secret_of(salt)),
            created_at=now,
            expires_at=now + LIFETIME,
            mail_due_at=now,
        )
    )
    event_id = record_event(
        actor=actor,
        verb="invitation.created",
        target=_target(row),
        after={"email": email, "role": role, "expires_at": row.expires_at.isoformat()},
    )
    return Written(invitation_id=row.pk, event_id=event_id)


def accept_invitation(*, actor: Actor, user_id: int, secret: str, now: datetime) -> int:
    """Make the invited person a member and return the audit line's id. Who has the link has the mailbox.

    Raises InvitationNotFound, InvitationExpired, InvitationSpent, InvitationRevoked, InvitedAddressDiffers,
    AlreadyMember.
    """
    row = Invitation.objects.select_for_update().filter(secret_hash=hash_token_secret(secret)).first()
    if row is None:
        raise InvitationNotFound
    check_open(value_of(row, now).state)
    user = User.objects.get(id=user_id)
    if user.email.lower() != row.email.lower():
        raise InvitedAddressDiffers(invited=row.email, email=user.email)
    _join(user, Role(row.role))
    row.accepted_at, row.accepted_by, row.mail_due_at = now, user, None
    row.save(update_fields=["accepted_at", "accepted_by", "mail_due_at"])
    EmailAddress.objects.filter(user=user, email__iexact=user.email).update(verified=True)
    return record_event(
        actor=actor,
        verb="invitation.accepted",
        target=_target(row),
        after={"email": row.email, "role": row.role, "user_id": user.pk},
    )


def revoke_invitation(*, actor: Actor, invitation_id: int, now: datetime) -> int | None:
    """Take an invitation back; return the audit line's id, None when it opens nothing any more already.

    Raises InvitationNotFound, InvitationSpent.
    """
    row = _lock(invitation_id)
    state = value_of(row, now).state
    if state is InvitationState.SPENT:
        check_open(state)
    if row.revoked_at is not None:
        return None
    row.revoked_at, row.mail_due_at = now, None
    row.save(update_fields=["revoked_at", "mail_due_at"])
    return record_event(
        actor=actor, verb="invitation.revoked", target=_target(row), before={"email": row.email, "role": row.role}
    )


def revoke_invitations_beyond(*, actor: Actor, inviter_id: int, role: Role | None, now: datetime) -> None:
    """Take back the invitations of a person who could not write them with his role of now (None: he is gone).

    Otherwise somebody who is about to be removed could let himself in again by another address.
    """
    rows = Invitation.objects.filter(inviter_id=inviter_id, accepted_at__isnull=True, revoked_at__isnull=True)
    for row in rows.order_by("id"):
        if not may_invite(acting=role, role=Role(row.role)):
            revoke_invitation(actor=actor, invitation_id=row.pk, now=now)


def send_invitation_again(*, actor: Actor, acting_role: Role, invitation_id: int, now: datetime) -> int:
    """Have the mail sent once more, good for another seven days, and return the audit line's id.

    The link stays the same, so that the first mail works too. Raises InvitationNotFound, InvitationSpent,
    InvitationRevoked, SentJustNow, OnlyOwnersMakeOwners.
    """
    row = _lock(invitation_id)
    state = value_of(row, now).state
    if state is not InvitationState.EXPIRED or row.revoked_at is not None:
        check_open(state)
    check_invite(acting=acting_role, role=Role(row.role), invited_within_a_day=0)
    check_send_again(sent_at=row.mailed_at or row.mail_due_at, now=now)
    before = row.expires_at
    row.expires_at, row.mail_due_at, row.mail_failure, row.mail_attempts = now + LIFETIME, now, "", 0
    row.save(update_fields=["expires_at", "mail_due_at", "mail_failure", "mail_attempts"])
    return record_event(
        actor=actor,
        verb="invitation.sent_again",
        target=_target(row),
        before={"email": row.email, "expires_at": before.isoformat()},
        after={"email": row.email, "expires_at": row.expires_at.isoformat()},
    )


def send_invitation_mail(
    *, invitation_id: int, now: datetime, send: Callable[[InvitationMail], None] = send_invitation
) -> bool:
    """Send an invitation's mail if it is due and no other worker has it; return whether it left.

    The mail server is spoken to between two transactions. A worker that dies in between leaves a due time that comes
    again: the mail is then sent twice rather than never.
    """
    with tenant_transaction():
        claimed = _claim(invitation_id, now)
    if claimed is None:
        return False
    attempt, mail = claimed
    failed = None
    try:
        send(mail)
    except MailFailed as error:
        failed = error
    with tenant_transaction():
        _write_down(invitation_id, attempt, failed, now)
    return failed is None


def _claim(invitation_id: int, now: datetime) -> tuple[int, InvitationMail] | None:
    row = Invitation.objects.select_for_update().filter(id=invitation_id, mail_due_at__lte=now).first()
    if row is None:
        return None
    if not value_of(row, now).is_open:
        row.mail_due_at = None
        row.save(update_fields=["mail_due_at"])
        return None
    row.mail_attempts += 1
    row.mail_due_at = now + LEASE
    organization = get_organization(current_organization_id())
    token = InvitationToken(organization_id=organization.id, secret=_secret_of(row.secret_salt))
    # The installation's key may have been changed since: the newest mail is the one whose link must open.
    row.secret_hash = hash_token_secret(token.secret)
    row.save(update_fields=["mail_attempts", "mail_due_at", "secret_hash"])
    return row.mail_attempts, InvitationMail(
        email=row.email,
        language=row.language,
        role=Role(row.role),
        invited_by=row.invited_by,
        organization_name=organization.name,
        time_zone=organization.time_zone,
        expires_at=row.expires_at,
        link=f"{settings.SITE_URL.rstrip('/')}/invitations/{token}/",
    )


def _write_down(invitation_id: int, attempt: int, failed: MailFailed | None, now: datetime) -> None:
    mine = Invitation.objects.filter(id=invitation_id, mail_attempts=attempt)
    if failed is None:
        mine.update(mail_due_at=None, mailed_at=now, mail_failure="")
    else:
        again = None if failed.permanent else next_attempt_at(attempt=attempt, now=now)
        mine.update(mail_due_at=again, mail_failure=failed.reason[:120])
    log.info(
        "invitation_mail_attempted",
        invitation_id=invitation_id,
        attempt=attempt,
        failure=failed.reason if failed else "",
    )


def _clean_email(email: str) -> str:
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise EmailMalformed(field="email") from error
    if len(email) > EMAIL_LIMIT:
        raise EmailMalformed(field="email")
    return email


def _put_away_expired(email: str, now: datetime) -> None:
    # An expired letter makes room for a new one; it goes on counting as expired.
    Invitation.objects.filter(
        email__iexact=email, accepted_at__isnull=True, revoked_at__isnull=True, expires_at__lte=now
    ).update(revoked_at=now, mail_due_at=None)


def _insert(row: Invitation) -> Invitation:
    try:
        # A savepoint, so that the caller's transaction survives the refusal.
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise InvitationOpen(field="email", email=row.email) from error
    return row


def _join(user: User, role: Role) -> None:
    try:
        with transaction.atomic():
            Membership.objects.create(user=user, role=role)
    except IntegrityError as error:
        raise AlreadyMember(email=user.email) from error


def _lock(invitation_id: int) -> Invitation:
    row = Invitation.objects.select_for_update().filter(id=invitation_id).first()
    if row is None:
        raise InvitationNotFound
    return row


def _secret_of(salt: str) -> str:
    return salted_hmac(SECRET_SALT, salt, algorithm="sha256").hexdigest()


def _target(row: Invitation) -> str:
    return f"invitation:{row.pk}"
