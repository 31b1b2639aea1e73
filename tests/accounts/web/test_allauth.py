"""Signing up, logging in and getting a new password, and what a stranger cannot learn from it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils.module_loading import import_string
from pytest_django import Settings

from accounts.models import User
from config.settings import base
from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db

SIGNUP, LOGIN, RESET = "/account/signup/", "/account/login/", "/account/password/reset/"
PASSWORD, SECOND = "correct horse battery", "an even longer staple"
LINK = re.compile(r"http://testserver(/account/\S+)")


@pytest.fixture(autouse=True)
def forget_attempts() -> Iterator[None]:
    yield
    cache.clear()


def sign_up(client: Client, **changed: str) -> Any:
    given = {"email": "ada@acme.test", "name": "Ada", "password1": PASSWORD, "password2": PASSWORD, "language": "en"}
    return client.post(SIGNUP, {**given, **changed})


def log_in(client: Client, email: str, password: str = PASSWORD) -> Any:
    return client.post(LOGIN, {"login": email, "password": password})


def verified(**fields: Any) -> User:
    user = make_user(**fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def link_in_mail() -> str:
    found = LINK.search(str(mail.outbox[-1].body))
    assert found is not None
    return found[1]


def set_password(client: Client, link: str, password: str) -> Any:
    form = client.get(link, follow=True)
    return client.post(form.request["PATH_INFO"], {"password1": password, "password2": password})


# Signing up.


def test_who_signs_up_confirms_the_address_and_creates_an_organization() -> None:
    client = Client()
    assert sign_up(client)["Location"] == "/account/confirm-email/"
    assert not client.get("/organizations/").wsgi_request.user.is_authenticated

    link = link_in_mail()
    assert client.get(link).status_code == 200
    client.post(link)

    assert client.get("/", follow=True).request["PATH_INFO"] == "/organizations/new/"
    assert EmailAddress.objects.get().verified


def test_a_link_that_is_followed_elsewhere_confirms_and_lets_nobody_in() -> None:
    sign_up(Client())
    elsewhere = Client()
    elsewhere.post(link_in_mail())

    assert EmailAddress.objects.get().verified
    assert elsewhere.get("/preferences/").status_code == 302
    assert log_in(elsewhere, "ada@acme.test")["Location"] == "/"


def test_where_mail_goes_nowhere_the_address_need_not_be_confirmed(settings: Settings) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "optional"
    client = Client()

    response = sign_up(client)

    assert response["Location"] == "/"
    assert client.get("/")["Location"] == "/organizations/new/"


def test_the_form_keeps_name_and_language() -> None:
    sign_up(Client(), language="ja", name=" Ada ")

    user = User.objects.get()
    assert (user.name, user.language, user.email) == ("Ada", "ja", "ada@acme.test")


def test_the_form_begins_in_the_browsers_language() -> None:
    page = Client().get(SIGNUP, headers={"Accept-Language": "ja"})

    assert page.context["form"]["language"].value() == "ja"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"email": ""}, "email"),
        ({"email": "ada"}, "email"),
        ({"email": "x" * 10_000 + "@example.test"}, "email"),
        ({"name": "x" * 10_000}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"password1": "short", "password2": "short"}, "password1"),
        ({"password1": "1234567890", "password2": "1234567890"}, "password1"),
        ({"password1": "ada@acme.test", "password2": "ada@acme.test"}, "password1"),
        ({"password1": "x" * 10_000, "password2": "x" * 10_000}, "password1"),
        ({"password2": "something else"}, "password2"),
        ({"language": "tlh"}, "language"),
    ],
)
def test_what_breaks_a_rule_is_named_and_makes_nobody(changed: dict[str, str], field: str) -> None:
    response = sign_up(Client(), **changed)

    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert "There is a problem" in response.content.decode()
    assert not User.objects.exists()


def test_signing_up_with_a_known_address_looks_the_same_and_tells_its_owner() -> None:
    verified(email="ada@acme.test")
    known, unknown = Client(), Client()

    taken, free = sign_up(known), sign_up(unknown, email="new@acme.test")

    assert (taken.status_code, taken["Location"]) == (free.status_code, free["Location"])
    told = [message for message in mail.outbox if message.to == ["ada@acme.test"]]
    assert "has a log-in already" in str(told[0].body)


def test_passwords_are_kept_by_argon2() -> None:
    preferred = import_string(base.PASSWORD_HASHERS[0])()

    assert preferred.encode(PASSWORD, preferred.salt()).startswith("argon2$argon2id$")


# Logging in.


def test_the_right_password_opens_the_door_and_log_out_shuts_it() -> None:
    verified(email="ada@acme.test")
    client = Client()

    assert log_in(client, "ADA@acme.test")["Location"] == "/"
    assert client.get("/preferences/").status_code == 200
    assert client.get("/account/logout/").status_code == 200
    client.post("/account/logout/")
    assert client.get("/preferences/").status_code == 302


def test_after_the_log_in_one_is_where_one_wanted_to_go() -> None:
    verified(email="ada@acme.test")
    response = Client().post(LOGIN, {"login": "ada@acme.test", "password": PASSWORD, "next": "/preferences/"})
    elsewhere = Client().post(LOGIN, {"login": "ada@acme.test", "password": PASSWORD, "next": "https://evil.test/"})

    assert response["Location"] == "/preferences/"
    assert elsewhere["Location"] == "/"


def test_an_unknown_address_and_a_wrong_password_are_told_the_same() -> None:
    verified(email="ada@acme.test")

    wrong = log_in(Client(), "ada@acme.test", "not the password")
    unknown = log_in(Client(), "nobody@acme.test", "not the password")

    assert wrong.status_code == unknown.status_code == 422
    errors = [str(response.context["form"].errors) for response in (wrong, unknown)]
    assert errors[0] == errors[1]
    assert "do not belong together" in errors[0]


def test_guessing_is_slowed_for_the_address_guessed_at(settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {}
    verified(email="ada@acme.test")
    client = Client()

    for _ in range(5):
        log_in(client, "ada@acme.test", "not the password")
    slowed = log_in(client, "ada@acme.test", PASSWORD)

    assert slowed.status_code == 422
    assert "Too many attempts" in slowed.content.decode()
    assert client.get("/preferences/").status_code == 302


def test_many_sign_ups_from_one_place_are_slowed(settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {}
    client = Client()

    statuses = [sign_up(client, email=f"a{number}@acme.test", password2="x").status_code for number in range(21)]

    assert statuses == [422] * 20 + [429]
    assert "Too many attempts" in sign_up(client).content.decode()


def test_a_log_in_that_is_switched_off_opens_nothing() -> None:
    verified(email="ada@acme.test", is_active=False)
    client = Client()
    response = client.post(LOGIN, {"login": "ada@acme.test", "password": PASSWORD}, follow=True)

    assert "switched off" in response.content.decode()
    assert client.get("/preferences/").status_code == 302


# A new password.


def test_a_new_password_is_set_by_a_link_that_works_once() -> None:
    user = verified(email="ada@acme.test")
    Client().post(RESET, {"email": "ada@acme.test"})
    link = link_in_mail()

    client = Client()
    assert set_password(client, link, SECOND)["Location"] == "/"

    user.refresh_from_db()
    assert user.check_password(SECOND)
    assert client.get("/preferences/").status_code == 200
    assert "does not work any more" in Client().get(link, follow=True).content.decode()
    assert mail.outbox[-1].subject == "[Yosan] Your password was set anew"


def test_a_weak_new_password_is_refused() -> None:
    user = verified(email="ada@acme.test")
    Client().post(RESET, {"email": "ada@acme.test"})

    response = set_password(Client(), link_in_mail(), "1234567890")

    assert response.status_code == 422
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_asking_for_an_unknown_address_looks_the_same() -> None:
    verified(email="ada@acme.test")
    known = Client().post(RESET, {"email": "ada@acme.test"}, follow=True)
    unknown = Client().post(RESET, {"email": "nobody@acme.test"}, follow=True)

    assert known.request["PATH_INFO"] == unknown.request["PATH_INFO"]
    assert without_tokens(known.content) == without_tokens(unknown.content)
    assert "no log-in to Yosan has it" in str(mail.outbox[-1].body)


def without_tokens(page: bytes) -> str:
    return re.sub(r'(csrf\w*" value=|X-CSRFToken": )"[^"]+"', "", page.decode())


@pytest.mark.parametrize("key", ["1-x", "zzzzzzzzzzzz-x", "1-" + "x" * 5000, "%00-x"])
def test_a_link_that_we_did_not_send_opens_nothing(key: str) -> None:
    response = Client().get(f"/account/password/reset/key/{key}/", follow=True)

    assert response.status_code in (200, 404)
    assert "password1" not in response.content.decode()


def test_a_password_is_changed_by_who_knows_it() -> None:
    user = verified(email="ada@acme.test")
    client = Client()
    client.force_login(user)
    address = "/account/password/change/"
    assert client.get(address).status_code == 200

    wrong = client.post(address, {"oldpassword": "no", "password1": SECOND, "password2": SECOND})
    client.post(address, {"oldpassword": PASSWORD, "password1": SECOND, "password2": SECOND})

    assert wrong.status_code == 422
    user.refresh_from_db()
    assert user.check_password(SECOND)
    assert mail.outbox[-1].subject == "[Yosan] Your password was changed"


def test_an_address_is_changed_once_the_new_one_is_confirmed() -> None:
    user = verified(email="ada@acme.test")
    client = Client()
    client.force_login(user)
    page = client.post("/account/email/", {"email": "ada@new.test", "action_add": ""}, follow=True)

    assert "ada@new.test" in page.content.decode()
    user.refresh_from_db()
    assert user.email == "ada@acme.test"

    client.post(link_in_mail())

    user.refresh_from_db()
    assert user.email == "ada@new.test"
    assert {message.subject for message in mail.outbox} >= {"[Yosan] Your e-mail address was changed"}


# Mail and pages.


def test_mail_is_written_as_text_and_as_html_in_the_recipients_language() -> None:
    verified(email="ada@acme.test", language="ja")
    Client().post(RESET, {"email": "ada@acme.test"}, headers={"Accept-Language": "en"})

    message = mail.outbox[-1]
    assert isinstance(message, mail.EmailMultiAlternatives)
    html = str(message.alternatives[0][0])
    assert '<html lang="ja">' in html
    assert link_in_mail() in html
    assert "\n" not in message.subject


@pytest.mark.parametrize(
    "address",
    [
        LOGIN,
        SIGNUP,
        RESET,
        f"{RESET}done/",
        "/account/confirm-email/",
        "/account/confirm-email/nonsense/",
        "/account/inactive/",
        "/account/password/reset/key/done/",
        "/account/password/reset/key/1-x/",
    ],
)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_page_of_the_entrance_is_ours(address: str, language: str) -> None:
    page = Client().get(address, headers={"Accept-Language": language}, follow=True).content.decode()

    assert 'class="plain-box"' in page
    assert 'action="/language/"' in page
    assert "style=" not in page
    assert "placeholder=" not in page


@pytest.mark.parametrize("address", ["/account/password/change/", "/account/email/", "/account/reauthenticate/"])
def test_every_page_behind_the_entrance_is_ours(address: str) -> None:
    client = Client()
    client.force_login(verified())
    response = client.get(address)

    assert response.status_code == 200
    assert 'class="plain-box"' in response.content.decode()


def test_no_secret_of_the_entrance_is_logged(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        client = Client()
        sign_up(client)
        link = link_in_mail()
        client.post(link)
        log_in(client, "ada@acme.test")
        log_in(Client(), "ada@acme.test", "a wrong one")
        Client().post(RESET, {"email": "ada@acme.test"})
        reset = link_in_mail()
        set_password(Client(), reset, SECOND)

    written = caplog.text + "".join(capfd.readouterr())
    for secret in (PASSWORD, SECOND, "a wrong one", link, reset):
        assert secret not in written
