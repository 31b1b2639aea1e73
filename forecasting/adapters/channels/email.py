"""E-mail, in the reader's language, as text and as HTML."""

from __future__ import annotations

import smtplib
from collections.abc import Mapping
from datetime import datetime
from email.utils import parseaddr
from hashlib import sha256

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from forecasting.adapters.channels.base import DeliveryFailed, Destination, Message
from forecasting.adapters.channels.text import context_of, render
from forecasting.domain.channels import Failure, MessageKind

TEMPLATES: Mapping[MessageKind, str] = {
    MessageKind.BUDGET_ALERT: "emails/budget_alert",
    MessageKind.CHANNEL_TEST: "emails/channel_test",
}
# What a phone shows of a subject; Japanese characters are twice as wide.
SUBJECT_LENGTHS: Mapping[str, int] = {"ja": 30}
SUBJECT_LENGTH = 60
# RFC 5321, 4.2.1: 5yz is final, 4yz is worth another try.
PERMANENT_SMTP = 500


class EmailChannel:
    """Sends a message by the mail server of the installation."""

    def send(self, message: Message, destination: Destination, *, now: datetime) -> None:  # noqa: ARG002 - a mail is dated by its server
        """Send it, or raise DeliveryFailed. A refused address is permanent, a mail server that is away is not."""
        mail = email_of(message, destination)
        try:
            mail.send()
        except smtplib.SMTPRecipientsRefused as error:
            raise DeliveryFailed(
                Failure.REFUSED, _codes(error), permanent=all(_is_final(code) for code, _ in error.recipients.values())
            ) from error
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            raise DeliveryFailed(
                Failure.REFUSED, f"SMTP {error.smtp_code}", permanent=_is_final(error.smtp_code)
            ) from error
        # Our own log-in is refused, or the server is away: the installation's fault, not the address's.
        except (smtplib.SMTPException, OSError) as error:
            raise DeliveryFailed(Failure.UNAVAILABLE, type(error).__name__) from error


def email_of(message: Message, destination: Destination) -> EmailMultiAlternatives:
    """Return the mail: subject, text and HTML out of the three templates of its kind."""
    context = {**context_of(message), "channel_name": destination.name}
    folder = TEMPLATES[message.kind]
    mail = EmailMultiAlternatives(
        subject=subject_of(folder, context, destination.language),
        body=render(f"{folder}/body.txt", context, destination.language) + "\n",
        to=[destination.address],
        headers={
            # The same at every attempt: a mail that was sent twice after a crash is shown once.
            "Message-ID": _message_id(message, destination),
            "Auto-Submitted": "auto-generated",
            "Content-Language": destination.language,
        },
    )
    mail.attach_alternative(render(f"{folder}/body.html", context, destination.language), "text/html")
    return mail


def subject_of(folder: str, context: Mapping[str, object], language: str) -> str:
    """Return the subject in one line; where it would be too long the name in it is cut in the middle."""
    limit = SUBJECT_LENGTHS.get(language, SUBJECT_LENGTH)
    name = subject_name(context)
    whole = _subject(folder, context, name, language)
    if len(whole) <= limit:
        return whole
    kept = max(len(name) - (len(whole) - limit), 1)
    return _subject(folder, context, cut_in_the_middle(name, kept), language)[:limit]


def subject_name(context: Mapping[str, object]) -> str:
    """Return the name that the subject says."""
    alert = context.get("alert")
    return str(getattr(alert, "budget_name", "") or context["channel_name"])


def cut_in_the_middle(name: str, length: int) -> str:
    """Return the name's beginning and end around an ellipsis, in so many characters."""
    if len(name) <= length:
        return name
    tail = (length - 1) // 2
    return f"{name[: length - 1 - tail].rstrip()}…{name[len(name) - tail :].lstrip()}"


def _subject(folder: str, context: Mapping[str, object], name: str, language: str) -> str:
    return " ".join(render(f"{folder}/subject.txt", {**context, "name": name}, language).split())


def _message_id(message: Message, destination: Destination) -> str:
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    reader = sha256(destination.address.encode()).hexdigest()[:12]
    return f"<{message.id}.{reader}@{domain}>"


def _is_final(code: int) -> bool:
    return code >= PERMANENT_SMTP


def _codes(error: smtplib.SMTPRecipientsRefused) -> str:
    return ", ".join(f"SMTP {code}" for code, _ in error.recipients.values())
