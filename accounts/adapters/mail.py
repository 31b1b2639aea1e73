"""Write to people whom an organization invites."""

from __future__ import annotations

import smtplib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.domain.roles import ROLE_LABELS, ROLE_MEANINGS, Role

FOLDER = "emails/invitation"
# What a phone shows of a subject; Japanese characters are twice as wide.
SUBJECT_LENGTHS: Mapping[str, int] = {"ja": 30}
SUBJECT_LENGTH = 60
# RFC 5321, 4.2.1: 5yz is final, 4yz is worth another try.
PERMANENT_SMTP = 500


class MailFailed(Exception):
    """The mail did not leave; `permanent` says that trying again would not help. The reason carries no address."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.reason, self.permanent = reason, permanent


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationMail:
    """Everything that the letter says; `link` is a secret."""

    email: str
    language: str
    role: Role
    invited_by: str
    organization_name: str
    time_zone: str
    expires_at: datetime
    link: str = field(repr=False)


def send_invitation(invitation: InvitationMail) -> None:
    """Send the letter. Raises MailFailed: a refused address is permanent, a mail server that is away is not."""
    mail = invitation_mail(invitation)
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _text in error.recipients.values()]
        reason = ", ".join(f"SMTP {code}" for code in codes)
        raise MailFailed(reason, permanent=all(code >= PERMANENT_SMTP for code in codes)) from error
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        raise MailFailed(f"SMTP {error.smtp_code}", permanent=error.smtp_code >= PERMANENT_SMTP) from error
    # Our own log-in is refused, or the server is away: the installation's fault, not the address's.
    except (smtplib.SMTPException, OSError) as error:
        raise MailFailed(type(error).__name__, permanent=False) from error


def invitation_mail(invitation: InvitationMail) -> EmailMultiAlternatives:
    """Return the letter in its language: subject, text and HTML out of the three templates."""
    with translation.override(invitation.language):
        context = {
            "invitation": invitation,
            "role": _(ROLE_LABELS[invitation.role]),
            "meaning": _(ROLE_MEANINGS[invitation.role]),
            "language": invitation.language,
        }
        mail = EmailMultiAlternatives(
            subject=_subject(invitation, context),
            body=render_to_string(f"{FOLDER}/body.txt", context).strip() + "\n",
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=[invitation.email],
            headers={"Auto-Submitted": "auto-generated", "Content-Language": invitation.language},
        )
        mail.attach_alternative(render_to_string(f"{FOLDER}/body.html", context), "text/html")
        return mail


def _subject(invitation: InvitationMail, context: Mapping[str, object]) -> str:
    limit = SUBJECT_LENGTHS.get(invitation.language, SUBJECT_LENGTH)
    name = invitation.organization_name
    whole = _subject_with(name, context)
    if len(whole) <= limit:
        return whole
    # The name gives way, not the sentence: its end is what several organizations of one group differ in least.
    kept = max(len(name) - (len(whole) - limit) - 1, 1)
    return _subject_with(f"{name[:kept].rstrip()}…", context)


def _subject_with(name: str, context: Mapping[str, object]) -> str:
    return " ".join(render_to_string(f"{FOLDER}/subject.txt", {**context, "name": name}).split())
