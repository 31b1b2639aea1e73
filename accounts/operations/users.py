"""Keep what a person prefers; make a person from the shell."""

from __future__ import annotations

from dataclasses import dataclass, field

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.usersessions.models import UserSession
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts.domain.errors import Invalid
from accounts.domain.names import clean_name
from accounts.domain.text import gettext_noop
from accounts.models import User
from accounts.queries.users import find_user_by_email

LANGUAGES = ("en", "ja")
# Empty follows the device.
THEMES = ("", "light", "dark")


class EmailMalformed(Invalid):
    """Not an e-mail address."""

    code = "email_malformed"
    message = gettext_noop("Enter an e-mail address, for example ada@example.com.")


class LanguageUnknown(Invalid):
    """A language that the pages do not speak."""

    code = "language_unknown"
    message = gettext_noop("Choose English or Japanese.")


class ThemeUnknown(Invalid):
    """A theme that the pages do not have."""

    code = "theme_unknown"
    message = gettext_noop("Choose light, dark or the theme of the device.")


class PasswordTooWeak(Invalid):
    """The password breaks a rule that everybody's must keep."""

    code = "password_too_weak"
    message = gettext_noop("Choose another password: %(reasons)s")


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordToken:
    """What lets its bearer set a person's password, once."""

    uid: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundUser:
    """The person of an e-mail address and whether he was made just now."""

    user: User
    is_new: bool


def ensure_user(*, email: str, language: str = "") -> FoundUser:
    """Return the person of an e-mail address, made without a password if there is none yet.

    The address counts as verified, since whoever can reach the shell vouches for it. Raises EmailMalformed.
    """
    try:
        validate_email(email)
    except ValidationError as error:
        raise EmailMalformed(field="owner_email") from error
    user = find_user_by_email(email)
    if user is not None:
        return FoundUser(user=user, is_new=False)
    user = User.objects.create_user(email, None, language=language)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return FoundUser(user=user, is_new=True)


def make_password_token(user: User) -> PasswordToken:
    """Return what the page for a new password asks for; void once a password is set, or after three days."""
    return PasswordToken(uid=user_pk_to_url_str(user), key=default_token_generator.make_token(user))


def set_password(*, user_id: int, password: str) -> None:
    """Set a person's password. Raises PasswordTooWeak."""
    user = User.objects.get(id=user_id)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise PasswordTooWeak(field="password_variable", reasons=" ".join(error.messages)) from error
    user.set_password(password)
    user.save(update_fields=["password"])


def change_preferences(*, user_id: int, name: str, language: str, theme: str, uses_shortcuts: bool = True) -> None:
    """Keep how a person wants to be called, the pages to look and keys to act.

    Raises NameTooLong, LanguageUnknown, ThemeUnknown.
    """
    check_language(language)
    if theme not in THEMES:
        raise ThemeUnknown(field="theme")
    User.objects.filter(id=user_id).update(
        name=clean_name(name) if name.strip() else "", language=language, theme=theme, uses_shortcuts=uses_shortcuts
    )


def choose_language(*, user_id: int, language: str) -> None:
    """Keep the language a person chose. Raises LanguageUnknown."""
    check_language(language)
    User.objects.filter(id=user_id).update(language=language)


def forget_expired_sessions() -> None:
    """Delete the sessions whose time is over, and what was noted of them: addresses are kept no longer than needed."""
    SessionStore.clear_expired()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()


def check_language(language: str) -> None:
    """Check that the pages speak a language. Raises LanguageUnknown."""
    if language not in LANGUAGES:
        raise LanguageUnknown(field="language")
