"""E-mail: what the reader sees, in which language, and which refusals are final."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from forecasting.adapters.channels.base import DeliveryFailed
from forecasting.adapters.channels.email import EmailChannel, cut_in_the_middle, email_of
from forecasting.domain.channels import Failure
from forecasting.domain.thresholds import AlertKind
from tests.forecasting.adapters.messages import NOW, alert_message, channel_test, reader, yen


def plain(text: object) -> str:
    return str(text).replace("\N{NO-BREAK SPACE}", " ")


def written(language: str = "en", **fields: Any) -> EmailMultiAlternatives:
    return email_of(alert_message(**fields), reader(language))


def html_of(message: EmailMultiAlternatives) -> str:
    return str(message.alternatives[0][0])


def test_the_subject_is_the_finding() -> None:
    assert plain(written().subject) == "[Yosan] All of Acme: on pace to exceed by 28 % (¥1.2 M)"


def test_the_body_says_finding_figures_owner_action_and_data_until() -> None:
    lines = [line for line in plain(str(written().body)).splitlines() if line]

    assert lines == [
        "On pace to exceed by 28 % (¥1.2 M), crossing the budget around 24 Nov, 81 % likely.",
        "search on anthropic.claude-sonnet-4-5 is 64 % of what was spent.",
        "Budget All of Acme, Nov 2026",
        "Spent ¥1,600,000 | Month-end ¥5,504,000 (80 % band ¥3.75 M to ¥7.26 M) | Budget ¥4,300,000",
        "Converted at 152.57 JPY/USD, Oct 2026 month rate.",
        "41,200 tokens have no price and are not in these amounts.",
        "Owner Ada. Next: see what moved, or change the budget:",
        "https://yosan.test/o/acme/budgets/42/",
        "Estimated from usage and list prices, data until 10 Nov 18:00 JST.",
        "Sent to Finance of Acme, because this budget alerts it. Change that here:",
        "https://yosan.test/o/acme/channels/3/",
    ]


def test_the_html_says_the_same() -> None:
    html = plain(html_of(written()))

    for words in (
        "On pace to exceed by 28 % (¥1.2 M), crossing the budget around 24 Nov, 81 % likely.",
        "search on anthropic.claude-sonnet-4-5 is 64 % of what was spent.",
        "¥1,600,000",
        "¥5,504,000",
        "¥4,300,000",
        "Owner Ada.",
        "data until 10 Nov 18:00 JST",
        'href="https://yosan.test/o/acme/budgets/42/"',
        "because this budget alerts it",
    ):
        assert words in html
    assert "http" not in html.replace("https://yosan.test/", "")


@pytest.mark.parametrize(
    ("fields", "subject", "finding"),
    [
        (
            {"spent": yen(5_504_000)},
            "exceeded by 28 % (¥1.2 M)",
            "The budget is exceeded by 28 % (¥1.2 M).",
        ),
        ({"spent": yen(4_300_000), "forecast": None}, "budget used up", "The budget of ¥4,300,000 is used up."),
        (
            {
                "kind": AlertKind.ACTUAL,
                "percent": Decimal(80),
                "limit": yen(3_440_000),
                "spent": yen(3_500_000),
                "reached_on": NOW.date(),
                "forecast": None,
            },
            "80 % of the budget reached",
            "80 % of the budget was reached on 10 Nov: ¥3.5 M of ¥4.3 M is spent.",
        ),
        (
            {"percent": Decimal(80), "limit": yen(4_000_000), "amount": yen(5_600_000)},
            "on pace to use 98 % of the budget",
            "On pace to use 98 % of the budget (¥5.5 M of ¥5.6 M), past the threshold of 80 %.",
        ),
    ],
)
def test_each_finding_has_its_sentence(fields: dict[str, Any], subject: str, finding: str) -> None:
    message = written(**fields)

    assert plain(message.subject) == f"[Yosan] All of Acme: {subject}"
    assert plain(str(message.body)).splitlines()[0] == finding


def test_without_forecast_driver_owner_and_rate_nothing_is_made_up() -> None:
    body = str(
        written(
            forecast=None, driver=None, owner_label="", rate_month=None, tokens_unpriced=0, spent=yen(5_000_000)
        ).body
    )

    assert "Month-end" not in body
    assert "Converted" not in body
    assert "no price" not in body
    assert "None" not in body
    assert "Nobody owns this budget." in body


def test_a_long_name_is_cut_in_the_middle_of_the_subject() -> None:
    name = "Search relevance experiments of the Kansai office, second half"
    subject = written(budget_name=name).subject

    assert len(subject) <= 60
    assert subject.startswith("[Yosan] Search")
    assert plain(subject).endswith("half: on pace to exceed by 28 % (¥1.2 M)")
    assert "…" in subject


@pytest.mark.parametrize("length", [1, 2, 3, 10, 25])
def test_a_cut_name_has_the_length_asked_for(length: int) -> None:
    assert len(cut_in_the_middle("x" * 60, length)) == length


def test_a_japanese_reader_gets_japanese() -> None:
    message = written("ja")

    assert len(message.subject) <= 30
    assert "1,600,000円" in str(message.body)
    assert "11月10日18:00" in str(message.body)
    assert '<html lang="ja">' in html_of(message)


def test_names_cannot_become_markup() -> None:
    message = written(budget_name="<b>R&D</b>", owner_label='"><script>')

    assert "<script>" not in html_of(message)
    assert "&lt;b&gt;R&amp;D&lt;/b&gt;" in html_of(message)
    assert "<b>R&D</b>" in str(message.body)


def test_a_name_with_a_line_break_cannot_add_a_header() -> None:
    message = written(budget_name="Search\nBcc: all@acme.test")

    assert "\n" not in message.subject


def test_every_attempt_has_the_same_message_id_and_every_reader_another() -> None:
    first, again = written(), written()
    other = email_of(alert_message(), reader(address="cfo@acme.test"))

    assert first.extra_headers["Message-ID"] == again.extra_headers["Message-ID"]
    assert first.extra_headers["Message-ID"] != other.extra_headers["Message-ID"]


def test_a_test_message_says_that_nothing_is_wrong() -> None:
    message = email_of(channel_test(), reader())

    assert message.subject == "[Yosan] Test of Finance"
    assert "This is a test of a channel of Acme. Nothing is wrong." in str(message.body)
    assert "https://yosan.test/o/acme/channels/3/" in str(message.body)


def test_a_mail_is_sent_to_the_channels_address() -> None:
    EmailChannel().send(alert_message(), reader(), now=NOW)

    (sent,) = mail.outbox
    assert sent.to == ["finance@acme.test"]


def refusing(error: Exception) -> Callable[..., int]:
    def send(*_args: object, **_kwargs: object) -> int:
        raise error

    return send


@pytest.mark.parametrize(
    ("error", "failure", "permanent"),
    [
        (smtplib.SMTPRecipientsRefused({"a@b.test": (550, b"no such user")}), Failure.REFUSED, True),
        (smtplib.SMTPRecipientsRefused({"a@b.test": (450, b"mailbox busy")}), Failure.REFUSED, False),
        (smtplib.SMTPDataError(554, b"rejected"), Failure.REFUSED, True),
        (smtplib.SMTPDataError(451, b"try later"), Failure.REFUSED, False),
        (smtplib.SMTPSenderRefused(552, b"no", "yosan@localhost"), Failure.REFUSED, True),
        (smtplib.SMTPAuthenticationError(535, b"bad credentials"), Failure.UNAVAILABLE, False),
        (smtplib.SMTPServerDisconnected("gone"), Failure.UNAVAILABLE, False),
        (ConnectionRefusedError(), Failure.UNAVAILABLE, False),
        (TimeoutError(), Failure.UNAVAILABLE, False),
    ],
)
def test_a_refused_address_is_final_and_a_server_that_is_away_is_not(
    monkeypatch: pytest.MonkeyPatch, error: Exception, failure: Failure, *, permanent: bool
) -> None:
    monkeypatch.setattr(EmailMultiAlternatives, "send", refusing(error))

    with pytest.raises(DeliveryFailed) as failed:
        EmailChannel().send(alert_message(), reader(), now=NOW)

    assert failed.value.failure is failure
    assert failed.value.permanent is permanent
