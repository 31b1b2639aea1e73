"""The family of errors a caller can cause; each is mapped once to a REST answer and once to a page."""

from __future__ import annotations

from typing import ClassVar

from accounts.domain.text import gettext_noop


class CallerError(Exception):
    """An error that the caller can understand and mend.

    A subclass lives in the module that raises it and sets `code` (stable, for programs) and `message` (an English
    sentence marked for translation, with named parameters). `field` names the input it is about, if one.
    """

    code: ClassVar[str] = "error"
    message: ClassVar[str] = gettext_noop("The request could not be carried out.")

    def __init__(self, *, field: str | None = None, **parameters: object) -> None:
        self.field = field
        self.parameters = parameters
        super().__init__(self.message % parameters if parameters else self.message)


class Invalid(CallerError):
    """The input breaks a rule (REST 400, page 422)."""

    code = "invalid"
    message = gettext_noop("The input does not follow the rules.")


class NotFound(CallerError):
    """There is no such thing for this caller (404); says nothing about whether others have it."""

    code = "not_found"
    message = gettext_noop("There is nothing here.")


class Forbidden(CallerError):
    """A member without the right (403)."""

    code = "forbidden"
    message = gettext_noop("Your role may not do this.")


class Conflict(CallerError):
    """The input is right, but not in the present state of things (409)."""

    code = "conflict"
    message = gettext_noop("This does not fit the present state.")


class Stale(Conflict):
    """Somebody else changed the thing since the caller read it (409; 412 where the caller said so by If-Match)."""

    code = "changed_meanwhile"
    message = gettext_noop("Somebody changed this meanwhile. Look at it again and repeat your change.")


class Unavailable(CallerError):
    """The request is right and cannot be answered just now (503); `wait_seconds` says when to ask again."""

    code = "unavailable"
    message = gettext_noop("This cannot be answered just now. Try again in a minute.")
    wait_seconds: ClassVar[int] = 60
