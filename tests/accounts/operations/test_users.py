"""Making a person from the shell, and what a person prefers."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress

from accounts.domain.names import NameTooLong
from accounts.models import User
from accounts.operations.users import (
    EmailMalformed,
    LanguageUnknown,
    PasswordTooWeak,
    ThemeUnknown,
    change_preferences,
    choose_language,
    ensure_user,
    set_password,
)
from tests.cast import Cast
from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db


def test_a_new_person_has_no_password_and_a_verified_address() -> None:
    found = ensure_user(email="Dora@Example.test", language="ja")

    assert found.is_new
    assert not found.user.has_usable_password()
    assert found.user.language == "ja"
    assert EmailAddress.objects.get(user=found.user).verified


def test_a_person_is_found_however_the_address_is_capitalized(cast: Cast) -> None:
    found = ensure_user(email="ADA@acme.test")

    assert not found.is_new
    assert found.user.pk == cast.ada.pk


@pytest.mark.parametrize("email", ["", "ada", "ada@", "x" * 10_000 + "@example.test", "a\x00@example.test"])
def test_what_is_no_address_makes_nobody(email: str) -> None:
    with pytest.raises(EmailMalformed) as refusal:
        ensure_user(email=email)

    assert refusal.value.field == "owner_email"
    assert not User.objects.exists()


def test_preferences_are_kept() -> None:
    user = make_user()

    change_preferences(user_id=user.pk, name=" Ada ", language="ja", theme="dark")

    user.refresh_from_db()
    assert (user.name, user.language, user.theme) == ("Ada", "ja", "dark")


def test_a_name_may_be_left_out() -> None:
    user = make_user(name="Ada")

    change_preferences(user_id=user.pk, name=" ", language="en", theme="")

    user.refresh_from_db()
    assert user.name == ""


@pytest.mark.parametrize(
    ("changed", "error"),
    [({"language": "tlh"}, LanguageUnknown), ({"theme": "neon"}, ThemeUnknown), ({"name": "x" * 10_000}, NameTooLong)],
)
def test_a_preference_that_does_not_exist_changes_nothing(changed: dict[str, Any], error: type[Exception]) -> None:
    user = make_user(name="Ada", theme="light")

    with pytest.raises(error):
        change_preferences(user_id=user.pk, **({"name": "Eve", "language": "en", "theme": "dark"} | changed))

    user.refresh_from_db()
    assert (user.name, user.theme) == ("Ada", "light")


def test_a_language_is_chosen_by_itself() -> None:
    user = make_user()
    choose_language(user_id=user.pk, language="ja")

    user.refresh_from_db()
    assert user.language == "ja"
    with pytest.raises(LanguageUnknown):
        choose_language(user_id=user.pk, language="../ja")


@pytest.mark.parametrize("password", ["", "short", "1234567890", "password12"])
def test_a_weak_password_is_refused_by_the_rules_for_everybody(password: str) -> None:
    user = make_user()

    with pytest.raises(PasswordTooWeak):
        set_password(user_id=user.pk, password=password)

    user.refresh_from_db()
    assert user.check_password("correct horse battery")
