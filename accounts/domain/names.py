"""What people may call things: the one rule for names typed by hand."""

from __future__ import annotations

import unicodedata

from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop

NAME_LIMIT = 120
# Signs that turn the direction of what follows, past the end of the name: https://www.unicode.org/reports/tr9/
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class NameMissing(Invalid):
    """A name of spaces is no name."""

    code = "name_missing"
    message = gettext_noop("Enter a name.")


class NameTooLong(Invalid):
    """The name would not fit where names are shown."""

    code = "name_too_long"
    message = gettext_noop("The name must be at most %(limit)s characters long; this one has %(length)s.")


class NameUnprintable(Invalid):
    """Control characters hide what a name says, or cannot be stored."""

    code = "name_unprintable"
    message = gettext_noop("The name must not contain control characters or line breaks.")


def clean_name(text: str, *, field: str = "name", limit: int = NAME_LIMIT) -> str:
    """Return a name in Unicode's composed form without outer spaces.

    Composed, since the same name typed on two machines must compare equal. Raises NameMissing, NameTooLong,
    NameUnprintable.
    """
    name = unicodedata.normalize("NFC", text).strip()
    if not name:
        raise NameMissing(field=field)
    if len(name) > limit:
        raise NameTooLong(field=field, limit=limit, length=len(name))
    if any(_is_unprintable(sign) for sign in name):
        raise NameUnprintable(field=field)
    return name


def _is_unprintable(sign: str) -> bool:
    # Cc control, Cs lone surrogate, Zl and Zp line breaks; the others make a name read as something else.
    return unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") or sign in TURNING
