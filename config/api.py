"""The one DRF exception handler, and the page that serves the schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from drf_spectacular.renderers import OpenApiJsonRenderer2, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularAPIView
from rest_framework import exceptions
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.problems import status_of
from accounts.access.sentences import sentence
from accounts.domain.errors import CallerError, Stale
from accounts.domain.text import gettext_noop
from config.reference import description

PROBLEM = "application/problem+json"
# A message that repeats what was sent must not grow with it.
MESSAGE_LIMIT = 500
# What Django raises for a caller: kind, status, code, sentence.
DJANGO_ERRORS: tuple[tuple[type[Exception], HTTPStatus, str, str], ...] = (
    (Http404, HTTPStatus.NOT_FOUND, "not_found", gettext_noop("There is nothing here.")),
    (PermissionDenied, HTTPStatus.FORBIDDEN, "forbidden", gettext_noop("This is not allowed.")),
    (
        RequestDataTooBig,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "body_too_large",
        gettext_noop("The body is larger than one megabyte."),
    ),
    (SuspiciousOperation, HTTPStatus.BAD_REQUEST, "bad_request", gettext_noop("The request cannot be read.")),
)


class SchemaView(SpectacularAPIView):
    """The API's description, open to everybody: JSON, or YAML for those who ask for it."""

    renderer_classes = [OpenApiJsonRenderer2, OpenApiYamlRenderer]

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - the library's signature
        # Made once: it is the same for everybody, and anybody may ask for it as often as they like.
        return Response(description(), headers={"Content-Disposition": 'inline; filename="yosan-api.json"'})

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.query_params:
            code = "unknown_parameter"
            unknown = {
                name: [exceptions.ErrorDetail(_("There is no such parameter."), code)] for name in request.query_params
            }
            raise exceptions.ValidationError(unknown)


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Answer an error of the caller as problem details; None for our own, which Django logs and answers with 500."""
    request = context["request"]
    problem = _problem_of(error, request)
    if problem is None:
        return None
    body = {**problem, "request_id": request_id(request)}
    return Response(body, status=problem["status"], headers=_headers(error), content_type=PROBLEM)


def problem_response(request: HttpRequest, *, status: HTTPStatus, code: str, detail: str) -> JsonResponse:
    """Return problem details for what went wrong before or after a view of the API: unknown addresses, our failures."""
    body = {**_problem(status=status, code=code, detail=detail), "request_id": request_id(request)}
    return JsonResponse(body, status=status, content_type=PROBLEM)


def request_id(request: HttpRequest | Request) -> str:
    """Return the id that also stands in X-Request-ID and in every log line of the request."""
    return str(getattr(request, "request_id", ""))


def _problem_of(error: Exception, request: Request) -> dict[str, Any] | None:
    if isinstance(error, CallerError):
        text = sentence(error)
        errors = [_entry(error.field, error.code, text)] if error.field else []
        is_stale = isinstance(error, Stale) and "If-Match" in request.headers
        status = HTTPStatus.PRECONDITION_FAILED if is_stale else status_of(error)
        return _problem(status=status, code=error.code, detail=text, errors=errors)
    if isinstance(error, exceptions.ValidationError):
        return _validation_problem(error)
    if isinstance(error, exceptions.APIException):
        detail = _detail_of(error, request)
        return _problem(status=HTTPStatus(error.status_code), code=_code_of(error), detail=detail)
    for kind, status, code, detail in DJANGO_ERRORS:
        if isinstance(error, kind):
            return _problem(status=status, code=code, detail=_(detail))
    return None


def _validation_problem(error: exceptions.ValidationError) -> dict[str, Any]:
    errors = list(_flatten(error.get_full_details(), ""))
    named = ", ".join(dict.fromkeys(entry["field"] for entry in errors if entry["field"]))
    detail = (
        _("The input does not follow the rules: %(fields)s.") % {"fields": named} if named else errors[0]["message"]
    )
    code = errors[0]["code"] if len({entry["code"] for entry in errors}) == 1 else "invalid"
    return _problem(status=HTTPStatus.BAD_REQUEST, code=code, detail=detail, errors=errors)


def _flatten(details: Any, path: str) -> Iterator[dict[str, str]]:
    """Return one entry for each message in DRF's tree; a path is written `rules.0.percent`."""
    if (
        isinstance(details, Mapping)
        and set(details) == {"message", "code"}
        and not isinstance(details["code"], Mapping)
    ):
        yield _entry(path, str(details["code"]), str(details["message"]))
    elif isinstance(details, Mapping):
        for name, inner in details.items():
            own = "" if name == "non_field_errors" else str(name)
            yield from _flatten(inner, ".".join(part for part in (path, own) if part))
    else:
        for position, inner in enumerate(details):
            # A list holds either the messages of one field or one mapping for each item of a list.
            yield from _flatten(inner, path if _is_message(inner) else f"{path}.{position}")


def _is_message(details: Any) -> bool:
    return isinstance(details, Mapping) and set(details) == {"message", "code"} and isinstance(details["code"], str)


def _problem(
    *, status: HTTPStatus, code: str, detail: str, errors: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    return {
        "type": f"urn:yosan:problem:{code}",
        "title": status.phrase,
        "status": status.value,
        "detail": _shown(detail),
        "code": code,
        "errors": errors or [],
    }


def _entry(field: str | None, code: str, message: str) -> dict[str, str]:
    return {"field": _shown(field or ""), "code": code, "message": _shown(message)}


def _shown(text: str) -> str:
    # A lone surrogate of the caller's JSON cannot be written as UTF-8.
    return text.encode("utf-8", "replace").decode()[:MESSAGE_LIMIT]


def _code_of(error: exceptions.APIException) -> str:
    code = error.get_codes()
    return code if isinstance(code, str) else error.default_code


def _detail_of(error: exceptions.APIException, request: Request) -> str:
    if isinstance(error, exceptions.UnsupportedMediaType):
        given = request.headers.get("Content-Type", "")
        if any(isinstance(parser, MultiPartParser) for parser in request.parsers or ()):
            return _("The body must be a form with a file (Content-Type: multipart/form-data), not %(given)s.") % {
                "given": given
            }
        return _("The body must be JSON (Content-Type: application/json), not %(given)s.") % {"given": given}
    return str(error.detail)


def _headers(error: Exception) -> dict[str, str]:
    headers = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if wait := getattr(error, "wait", None) or getattr(error, "wait_seconds", None):
        headers["Retry-After"] = str(int(wait))
    return headers
