"""Which errors a method of the API can end in, and with which status: the one list of handler and description."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus

from accounts.access import throttling
from accounts.access.api import READING, WITH_BODY, OrganizationApiView, ScopeMissing
from accounts.access.authentication import ApiKeyMissing, ApiKeyRefused
from accounts.access.patience import TakesTooLong
from accounts.access.versions import IfMatchMalformed, PreconditionFailed
from accounts.domain.errors import CallerError, Conflict, Forbidden, Invalid, NotFound, Stale, Unavailable
from accounts.domain.idempotency import IdempotencyKeyMalformed, IdempotencyKeyReused, IdempotentRequestUnderWay

STATUSES: tuple[tuple[type[CallerError], HTTPStatus], ...] = (
    (PreconditionFailed, HTTPStatus.PRECONDITION_FAILED),
    (Invalid, HTTPStatus.BAD_REQUEST),
    (NotFound, HTTPStatus.NOT_FOUND),
    (Forbidden, HTTPStatus.FORBIDDEN),
    (Conflict, HTTPStatus.CONFLICT),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (CallerError, HTTPStatus.UNPROCESSABLE_ENTITY),
)
# What stands in a sentence in place of a value.
PARAMETER = re.compile(r"%\((\w+)\)[sd]")

# Codes and their sentences, by status.
Problems = dict[int, dict[str, str]]


def status_of(error: CallerError | type[CallerError]) -> HTTPStatus:
    """Return the status that an error of a caller is answered with."""
    kind = error if isinstance(error, type) else type(error)
    return next(status for family, status in STATUSES if issubclass(kind, family))


def problems_of(view: type[OrganizationApiView], *, method: str, has_id: bool) -> Problems:
    """Return every status that a method can refuse with, and the codes of each; of 400 the ones that are not plain."""
    problems: Problems = {}
    for status, code, sentence in (
        *_of_everything(view, method),
        *(_of_bodies() if method in WITH_BODY else ()),
        *(_of_writes() if method not in READING else ()),
        *(_named(NotFound) if has_id else ()),
        *(_of_versions(view, method) if method in view.versioned else ()),
        *(entry for error in view.errors.get(method, ()) for entry in _named(error)),
    ):
        codes = problems.setdefault(int(status), {})
        # Errors of one family can share a code: each of them has its own sentence.
        codes[code] = " ".join(dict.fromkeys([*([codes[code]] if code in codes else []), sentence]))
    return dict(sorted(problems.items()))


Entry = tuple[int, str, str]


def _named(*errors: type[CallerError]) -> Iterator[Entry]:
    for error in errors:
        yield status_of(error), error.code, PARAMETER.sub(r"{\1}", error.message)


def _of_everything(view: type[OrganizationApiView], method: str) -> Iterator[Entry]:
    yield 400, "unknown_parameter", "There is no such parameter."
    if method in READING and view.is_list():
        yield 400, "cursor_unreadable", "`after` is not a `next` that this list with these parameters gave out."
    yield 401, ApiKeyMissing.default_code, str(ApiKeyMissing.default_detail)
    yield 401, ApiKeyRefused.default_code, str(ApiKeyRefused.default_detail)
    yield from _named(ScopeMissing)
    yield 406, "not_acceptable", "Answers are JSON; `Accept` asks for something else."
    yield 429, throttling.TooManyFailures.default_code, str(throttling.TooManyFailures.default_detail)
    yield 429, throttling.TooManyRequests.default_code, str(throttling.TooManyRequests.default_detail)
    yield from _named(TakesTooLong)


def _of_bodies() -> Iterator[Entry]:
    yield 400, "unknown_field", "There is no such field."
    yield 400, "required", "This field is required."
    yield 400, "parse_error", "The body is no JSON."
    yield 415, "unsupported_media_type", "The body must be JSON (Content-Type: application/json)."


def _of_writes() -> Iterator[Entry]:
    yield from _named(IdempotencyKeyMalformed, IdempotentRequestUnderWay, IdempotencyKeyReused)
    yield 413, "body_too_large", "The body is larger than one megabyte."


def _of_versions(view: type[OrganizationApiView], method: str) -> Iterator[Entry]:
    yield from _named(IfMatchMalformed)
    stale: Mapping[str, str] = {e.code: e.message for e in view.errors.get(method, ()) if issubclass(e, Stale)}
    for code, message in stale.items():
        yield 412, code, PARAMETER.sub(r"{\1}", message)
