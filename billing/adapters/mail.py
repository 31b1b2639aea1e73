"""Sends mail to the people of an organization, in their language, as text and as HTML."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation


class MailNotSent(Exception):
    """The mail server is away or refuses us: try again later."""


def send_mail(template: str, context: Mapping[str, object], *, address: str, language: str) -> None:
    """Send one mail out of the three templates of its folder. Raises MailNotSent."""
    language = language or settings.LANGUAGE_CODE
    with translation.override(language):
        told = {**context, "language": language, "site_url": settings.SITE_URL}
        subject = " ".join(render_to_string(f"emails/{template}/subject.txt", told).split())
        mail = EmailMultiAlternatives(
            subject=subject,
            body=render_to_string(f"emails/{template}/body.txt", told).strip() + "\n",
            to=[address],
            headers={"Auto-Submitted": "auto-generated", "Content-Language": language},
        )
        mail.attach_alternative(render_to_string(f"emails/{template}/body.html", told), "text/html")
    try:
        mail.send()
    except OSError as error:  # smtplib's errors are OSErrors too
        raise MailNotSent(type(error).__name__) from error
