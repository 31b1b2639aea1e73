"""Language and theme: chosen per person, or per browser where nobody is signed in."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db

PREFERENCES, LANGUAGE = "/preferences/", "/language/"


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_preferences_are_kept() -> None:
    user = make_user()
    response = client_of(user).post(PREFERENCES, {"name": "Ada", "language": "ja", "theme": "dark"})

    assert (response.status_code, response["Location"]) == (302, PREFERENCES)
    user.refresh_from_db()
    assert (user.name, user.language, user.theme) == ("Ada", "ja", "dark")


def test_the_devices_theme_is_kept_as_no_theme() -> None:
    user = make_user(theme="dark")
    client = client_of(user)
    client.post(PREFERENCES, {"name": "", "language": "en", "theme": "system"})

    user.refresh_from_db()
    assert user.theme == ""
    assert client.get(PREFERENCES).context["form"]["theme"].value() == "system"


def test_a_persons_choice_is_asked_before_the_browsers() -> None:
    client = client_of(make_user(language="ja"))
    page = client.get(PREFERENCES, headers={"Accept-Language": "en"})

    assert page["Content-Language"] == "ja"
    assert '<html lang="ja"' in page.content.decode()


def test_a_visitors_page_speaks_the_browsers_language() -> None:
    page = Client().get("/account/login/", headers={"Accept-Language": "ja,en;q=0.5"})

    assert page["Content-Language"] == "ja"


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"language": "tlh"}, "language"), ({"theme": "neon"}, "theme"), ({"name": "x" * 10_000}, "name")],
)
def test_a_preference_that_does_not_exist_is_named(changed: dict[str, str], field: str) -> None:
    user = make_user(name="Ada")
    response = client_of(user).post(PREFERENCES, {"name": "Eve", "language": "en", "theme": "system", **changed})

    assert response.status_code == 422
    assert field in response.context["form"].errors
    user.refresh_from_db()
    assert user.name == "Ada"


def test_a_visitor_switches_the_language_and_comes_back() -> None:
    client = Client()
    response = client.post(LANGUAGE, {"language": "ja", "next": "/account/login/?next=/o/acme/"})

    assert (response.status_code, response["Location"]) == (302, "/account/login/?next=/o/acme/")
    assert client.get("/account/login/", headers={"Accept-Language": "en"})["Content-Language"] == "ja"


def test_a_persons_switch_is_kept_with_the_person() -> None:
    user = make_user(language="en")
    client_of(user).post(LANGUAGE, {"language": "ja", "next": "/"})

    user.refresh_from_db()
    assert user.language == "ja"


@pytest.mark.parametrize("back", ["https://evil.test/", "//evil.test/", "javascript:alert(1)", ""])
def test_the_switch_leads_nowhere_else(back: str) -> None:
    assert Client().post(LANGUAGE, {"language": "ja", "next": back})["Location"] == "/"


def test_a_language_that_we_do_not_speak_changes_nothing() -> None:
    user = make_user(language="en")
    response = client_of(user).post(LANGUAGE, {"language": "../ja", "next": "/"})

    assert response.status_code == 302
    assert not response.cookies
    user.refresh_from_db()
    assert user.language == "en"
