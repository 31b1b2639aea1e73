"""Authenticator apps, recovery codes, passkeys' pages, and where one is logged in; the passkey itself needs a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings
from redis.exceptions import RedisError

from accounts.models import User
from accounts.queries.memberships import get_member
from accounts.web.second_factors import SecondFactorAdapter
from tests.cast import Cast, inside
from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db

# The library writes its mails once the change is committed.
COMMITS = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

PASSWORD = "correct horse battery"
SECURITY, SIGN_INS = "/account/security/", "/account/sign-ins/"
APP, APP_REMOVAL = f"{SECURITY}totp/activate/", f"{SECURITY}totp/deactivate/"
CODES, NEW_CODES = f"{SECURITY}recovery-codes/", f"{SECURITY}recovery-codes/generate/"
LINES = re.compile(r'id="recovery-codes"[^>]*>([\d\s]+)<')


@pytest.fixture(autouse=True)
def forget_attempts() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def person(**fields: Any) -> User:
    user = make_user(**{"email": "ada@acme.test", **fields})
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def trusted(user: User) -> Client:
    """A client of somebody who has just typed the password again."""
    client = Client()
    client.force_login(user)
    client.post("/account/reauthenticate/", {"password": PASSWORD, "next": SECURITY})
    return client


def code_of(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time())))))


def set_up_app(client: Client) -> str:
    """Set up an authenticator app; return its secret."""
    secret = str(client.get(APP).context["form"].secret)
    assert client.post(APP, {"code": code_of(secret)})["Location"] == CODES
    return secret


def half_way(email: str = "ada@acme.test") -> Client:
    """A client that has given the password and stands before the second factor."""
    client = Client()
    response = client.post("/account/login/", {"login": email, "password": PASSWORD, "next": "/preferences/"})
    assert response["Location"].startswith(f"{SECURITY}authenticate/")
    return client


# An authenticator app.


def test_without_a_second_factor_the_page_says_what_that_means() -> None:
    page = trusted(person()).get(SECURITY).content.decode()

    assert "asks for the password only" in page
    assert "There is no passkey yet" in page
    assert "No app is set up" in page
    assert "recovery-codes/generate" not in page


def test_changes_ask_for_the_password_again() -> None:
    client = Client()
    client.force_login(person())

    for address in (APP, NEW_CODES, f"{SECURITY}webauthn/add/"):
        assert client.get(address)["Location"].startswith("/account/reauthenticate/")


@COMMITS
def test_an_app_is_set_up_and_asked_for_at_the_log_in() -> None:
    client = trusted(person())
    secret = set_up_app(client)
    assert "asks for more than the password" in client.get(SECURITY).content.decode()
    assert mail.outbox[-1].subject == "[Yosan] An authenticator app was set up"

    other = half_way()
    assert other.get("/preferences/").status_code == 302
    wrong = other.post(f"{SECURITY}authenticate/", {"code": "000000"})
    assert wrong.status_code == 422
    assert "This was not right" in wrong.content.decode()

    cache.clear()
    assert other.post(f"{SECURITY}authenticate/", {"code": code_of(secret)})["Location"] == "/preferences/"
    assert other.get("/preferences/").status_code == 200


def test_the_key_is_drawn_and_written_and_kept_shut() -> None:
    client = trusted(person())
    page = client.get(APP).content.decode()
    secret = set_up_app(client)

    assert 'src="data:image/svg+xml;base64,' in page
    stored = Authenticator.objects.get(type="totp")
    assert secret not in str(stored.data)


def test_a_wrong_first_code_sets_nothing_up() -> None:
    client = trusted(person())
    client.get(APP)
    for code in ("", "000000", "x" * 10_000, "１２３４５６"):
        assert client.post(APP, {"code": code}).status_code == 422
        cache.clear()

    assert not Authenticator.objects.exists()


def test_guessing_codes_is_slowed(settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {}
    client = trusted(person())
    set_up_app(client)
    cache.clear()
    guessing = half_way()

    answers = [guessing.post(f"{SECURITY}authenticate/", {"code": "000000"}).content.decode() for _ in range(6)]
    assert "Too many attempts" in answers[-1]


def test_an_app_is_removed_after_a_page_that_says_what_it_means() -> None:
    client = trusted(person())
    set_up_app(client)
    assert "the recovery codes go too" in client.get(APP_REMOVAL).content.decode()
    client.post(APP_REMOVAL)

    assert not Authenticator.objects.exists()
    assert mail.outbox[-1].subject == "[Yosan] The authenticator app was removed"
    plain = Client().post("/account/login/", {"login": "ada@acme.test", "password": PASSWORD})
    assert plain["Location"] == "/"


def test_an_address_that_is_not_confirmed_gets_no_second_factor() -> None:
    user = make_user(email="ada@acme.test")
    EmailAddress.objects.create(user=user, email=user.email, verified=False, primary=True)

    assert trusted(user).get(APP).status_code == 302


# Recovery codes.


def test_recovery_codes_are_shown_once_and_open_once() -> None:
    client = trusted(person())
    set_up_app(client)
    found = LINES.search(client.get(CODES).content.decode())
    assert found is not None
    codes = found[1].split()
    again = client.get(CODES).content.decode()
    assert len(codes) == 10
    assert not any(code in again for code in codes)
    assert "were shown once already" in again

    first, second = half_way(), half_way()
    assert first.post(f"{SECURITY}authenticate/", {"code": codes[0]})["Location"] == "/preferences/"
    assert second.post(f"{SECURITY}authenticate/", {"code": codes[0]}).status_code == 422
    assert "9 unused codes are left" in client.get(SECURITY).content.decode()


@COMMITS
def test_new_codes_void_the_old_ones() -> None:
    client = trusted(person())
    set_up_app(client)
    old = LINES.search(client.get(CODES).content.decode())
    assert old is not None
    assert "10 codes that you have not used yet open nothing" in client.get(NEW_CODES).content.decode()
    assert client.post(NEW_CODES)["Location"] == CODES

    assert half_way().post(f"{SECURITY}authenticate/", {"code": old[1].split()[0]}).status_code == 422
    assert mail.outbox[-1].subject == "[Yosan] New recovery codes were made"


def test_codes_without_a_second_factor_are_refused() -> None:
    client = trusted(person())

    assert client.post(NEW_CODES).status_code == 422
    assert client.get(CODES).status_code == 404


# Passkeys, as far as they go without a device.


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "{}",
        "[1]",
        "not json",
        '{"id": 1}',
        '{"id": "YQ", "rawId": "YQ", "type": "public-key", "response": {}}',
        '{"id": "YQ", "rawId": "YQ", "type": "public-key", "response": {"clientDataJSON": "!", "attestationObject": "!"}}',
        '{"id": "YQ", "rawId": "YQ", "type": "public-key", "response": {"userHandle": "YQ"}}',
        "x" * 10_000,
    ],
)
def test_what_is_no_passkey_is_refused(credential: str) -> None:
    client = trusted(person())
    client.get(f"{SECURITY}webauthn/add/")

    added = client.post(f"{SECURITY}webauthn/add/", {"name": "Laptop", "credential": credential})
    logged_in = Client().post(f"{SECURITY}webauthn/login/", {"credential": credential})

    assert added.status_code == 422
    assert logged_in["Location"] == "/account/login/"
    assert not Authenticator.objects.exists()


def test_somebody_elses_passkey_is_not_found() -> None:
    eve = make_user(email="eve@acme.test")
    foreign = Authenticator.objects.create(user=eve, type="webauthn", data={"name": "Eve's"})
    client = trusted(person())

    for what in ("edit", "remove"):
        assert client.get(f"{SECURITY}webauthn/keys/{foreign.pk}/{what}/").status_code == 404
        assert client.post(f"{SECURITY}webauthn/keys/{foreign.pk}/{what}/", {"name": "Mine"}).status_code == 404
    assert Authenticator.objects.get().data == {"name": "Eve's"}


# Where one is logged in.


def test_the_list_names_device_and_address_and_ends_the_others() -> None:
    user = person()
    here, there = Client(), Client(headers={"User-Agent": "Mozilla/5.0 (iPhone) Version/26.0 Safari/604.1"})
    for client in (here, there):
        client.post("/account/login/", {"login": user.email, "password": PASSWORD})
    page = here.get(SIGN_INS).content.decode()
    assert "2 devices or browsers" in page
    assert "Safari, iPhone" in page
    assert "127.0.0.1" in page

    after = here.post(SIGN_INS, follow=True).content.decode()
    assert "You are logged out everywhere else." in after
    assert "here and nowhere else" in after
    assert there.get("/preferences/").status_code == 302
    assert here.get("/preferences/").status_code == 200


def test_nobody_sees_or_ends_the_log_ins_of_others() -> None:
    eve = person(email="eve@acme.test")
    hers = Client()
    hers.force_login(eve)
    mine = Client()
    mine.force_login(person())
    assert "here and nowhere else" in mine.get(SIGN_INS).content.decode()
    mine.post(SIGN_INS)

    assert hers.get("/preferences/").status_code == 200


def test_a_use_is_noted_once_a_minute() -> None:
    client = Client()
    client.force_login(person())
    client.get("/preferences/")
    first = UserSession.objects.get().last_seen_at
    client.get("/preferences/", headers={"User-Agent": "another"})
    assert UserSession.objects.get().last_seen_at == first

    cache.clear()
    client.get("/preferences/", headers={"User-Agent": "another"})
    seen = UserSession.objects.get()
    assert seen.last_seen_at > first
    assert seen.user_agent == "another"


def test_a_cache_that_is_away_keeps_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_keywords: object) -> bool:
        raise RedisError

    client = Client()
    client.force_login(person())
    monkeypatch.setattr(cache, "add", fail)

    assert client.get("/preferences/").status_code == 200


# Kept secrets, pages, members.


def test_what_was_shut_with_an_older_key_still_opens(settings: Settings) -> None:
    adapter = SecondFactorAdapter()
    settings.SECRET_KEY = "older"
    shut = adapter.encrypt("JBSWY3DP")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "newer", ["older"]

    assert adapter.decrypt(shut) == "JBSWY3DP"
    assert "JBSWY3DP" not in shut


@pytest.mark.parametrize(
    "address",
    [
        SECURITY,
        SIGN_INS,
        APP,
        NEW_CODES,
        f"{SECURITY}webauthn/",
        f"{SECURITY}webauthn/add/",
        "/account/reauthenticate/",
    ],
)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_page_is_ours(address: str, language: str) -> None:
    page = trusted(person(language=language)).get(address)

    assert page.status_code == 200
    text = page.content.decode()
    assert 'class="plain-box"' in text
    assert "style=" not in text
    assert "placeholder=" not in text


def test_pages_between_password_and_second_factor_are_ours() -> None:
    set_up_app(trusted(person()))
    page = half_way().get(f"{SECURITY}authenticate/").content.decode()

    assert 'class="plain-box"' in page
    assert "Log in as somebody else" in page
    # Without a passkey none is offered.
    assert "Use a passkey" not in page


@pytest.mark.parametrize("address", [SECURITY, SIGN_INS, APP, CODES, NEW_CODES, f"{SECURITY}webauthn/add/"])
def test_nobody_in_particular_is_asked_to_log_in(address: str) -> None:
    assert Client().get(address)["Location"].startswith("/account/login/")


def test_members_show_who_has_a_second_factor_to_those_who_look_after_them(cast: Cast) -> None:
    Authenticator.objects.create(user=cast.ben, type="totp", data={})
    Authenticator.objects.create(user=cast.fay, type="recovery_codes", data={})
    with inside(cast.acme):
        assert get_member(cast.ben.pk).has_second_factor
        assert not get_member(cast.fay.pk).has_second_factor
    admin, viewer = Client(), Client()
    admin.force_login(cast.max)
    viewer.force_login(cast.ben)

    assert "Second factor" in admin.get("/o/acme/members/").content.decode()
    assert "Second factor" not in viewer.get("/o/acme/members/").content.decode()
