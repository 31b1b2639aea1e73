"""The letter of an invitation: its words, its languages, and what becomes of it when the mail server says no."""

from __future__ import annotations

import smtplib
from datetime import UTC, datetime

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from accounts.adapters.mail import InvitationMail, MailFailed, invitation_mail, send_invitation
from accounts.domain.roles import Role

LINK = "https://yosan.test/invitations/abc/"


def letter(**changed: str) -> InvitationMail:
    fields = {"language": "en", "organization_name": "Acme", "invited_by": "Ada", **changed}
    return InvitationMail(
        email="dora@acme.test",
        role=Role.FINANCE,
        time_zone="Asia/Tokyo",
        expires_at=datetime(2026, 11, 17, 9, tzinfo=UTC),
        link=LINK,
        **fields,
    )


def test_the_letter_says_who_invites_to_what_until_when() -> None:
    send_invitation(letter())

    message = mail.outbox[-1]
    assert isinstance(message, EmailMultiAlternatives)
    html = str(message.alternatives[0][0])
    assert (message.subject, message.to) == ("[Yosan] Invitation to Acme", ["dora@acme.test"])
    for text in (str(message.body), html):
        assert "Ada invites you to Acme" in text
        assert "Finance" in text
        assert "18:00" in text
        assert LINK in text
        assert "because Ada entered your address" in text


def test_names_stand_in_the_letter_as_they_are_and_do_no_harm() -> None:
    message = invitation_mail(letter(organization_name="R&D <b>", invited_by="<script>"))

    html = str(message.alternatives[0][0])
    assert "R&D <b>" in str(message.body)
    assert "<script>" not in html
    assert "R&amp;D &lt;b&gt;" in html


def test_a_name_of_lines_makes_no_header() -> None:
    assert "\n" not in invitation_mail(letter(organization_name="A\nBcc: x@y.test")).subject


@pytest.mark.parametrize(("language", "limit"), [("en", 60), ("ja", 30)])
def test_a_subject_fits_a_telephone(language: str, limit: int) -> None:
    subject = invitation_mail(letter(language=language, organization_name="組織" * 60)).subject

    assert len(subject) <= limit
    assert "…" in subject


def test_the_letter_is_written_in_its_language() -> None:
    message = invitation_mail(letter(language="ja"))

    assert '<html lang="ja">' in str(message.alternatives[0][0])
    assert message.extra_headers["Content-Language"] == "ja"


@pytest.mark.parametrize(
    ("error", "permanent"),
    [
        (smtplib.SMTPRecipientsRefused({"dora@acme.test": (550, b"no")}), True),
        (smtplib.SMTPRecipientsRefused({"dora@acme.test": (450, b"later")}), False),
        (smtplib.SMTPDataError(554, b"spam"), True),
        (smtplib.SMTPSenderRefused(451, b"later", "yosan@acme.test"), False),
        (smtplib.SMTPServerDisconnected("gone"), False),
        (ConnectionRefusedError(), False),
    ],
)
def test_a_refusal_is_told_apart_from_a_server_that_is_away(
    error: Exception,
    permanent: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_mail: EmailMultiAlternatives) -> None:
        raise error

    monkeypatch.setattr(EmailMultiAlternatives, "send", fail)
    with pytest.raises(MailFailed) as raised:
        send_invitation(letter())

    assert raised.value.permanent is permanent
    assert "dora" not in raised.value.reason
