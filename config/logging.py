"""JSON log lines with organization, actor and request id bound to each; what may be a secret never reaches one."""

from __future__ import annotations

import contextlib
import logging
import re
import time
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.tenancy.context import NoOrganization, current_organization_id

REQUEST_ID_HEADER = "X-Request-ID"
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
REDACTED = "[redacted]"
# Part of a field's name, anywhere in a line: its value is never written.
SECRET_NAMES = re.compile(
    r"password|passwd|secret|token(?!s|_class)|api_?key|authorization|cookie|session_?id|external_?id|credential|signature",
    re.IGNORECASE,
)
# Shapes that give a secret away wherever they stand: an AWS key, a bearer, a password within an address.
SECRET_SHAPES = (
    (re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"), REDACTED),
    (re.compile(r"(?i)\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}"), rf"\1{REDACTED}"),
    (re.compile(r"(://[^:/@\s]*:)[^@/\s]+(@)"), rf"\1{REDACTED}\2"),
)

_access_log = structlog.stdlib.get_logger("yosan.access")


def configuration(*, level: str = "INFO") -> dict[str, Any]:
    """Return the LOGGING setting: every logger, ours or a library's, ends in the same JSON line."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _shared(),
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    redact,
                    structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # One line a request is ours to write, with the organization; the servers' own would repeat it.
            "django.server": {"level": "ERROR"},
            "botocore": {"level": "WARNING"},
            "urllib3": {"level": "WARNING"},
        },
    }


def _shared() -> list[structlog.typing.Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        add_organization,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def add_organization(
    _logger: logging.Logger | None, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Name the organization in whose scope the line is written."""
    with contextlib.suppress(NoOrganization):
        event.setdefault("organization", str(current_organization_id()))
    return event


def redact(_logger: logging.Logger | None, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace what may be a secret, by its name or by its shape, at any depth."""
    return {name: _redacted(name, value) for name, value in event.items()}


def _redacted(name: str, value: object) -> object:
    if value is None or isinstance(value, bool | int | float | UUID):
        return value
    if SECRET_NAMES.search(name):
        return REDACTED
    if isinstance(value, Mapping):
        return {str(key): _redacted(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted("", item) for item in value]
    text = str(value)
    for shape, replacement in SECRET_SHAPES:
        text = shape.sub(replacement, text)
    return text


class RequestContextMiddleware:
    """Gives every request an id, binds it to each line, and writes one line when the request is answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get(REQUEST_ID_HEADER, "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid4().hex
        # The API's problem details repeat the id, so that a caller can name the request.
        request.request_id = request_id  # type: ignore[attr-defined]
        began = time.monotonic()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            response = self.get_response(request)
            response[REQUEST_ID_HEADER] = request_id
            if not request.path.startswith(("/static/", "/health/")):
                _log_answer(request, response, seconds=time.monotonic() - began)
        finally:
            # What the doors have bound: a thread that goes on to the next request must not lend it this one's names.
            structlog.contextvars.clear_contextvars()
        return response


def _log_answer(request: HttpRequest, response: HttpResponseBase, *, seconds: float) -> None:
    # The path without its query: an invitation's or a reset's secret may stand in the path, so the route is written.
    match = request.resolver_match
    actor = getattr(request, "actor", None)
    organization = getattr(request, "organization", None)
    context = {
        "route": match.route if match else "",
        "method": request.method,
        "status": response.status_code,
        "milliseconds": round(seconds * 1000, 1),
    }
    if actor is not None:
        context["actor"] = f"{actor.kind}:{actor.id}"
    if organization is not None:
        context["organization"] = str(organization.id)
    _access_log.info("request answered", **context)
