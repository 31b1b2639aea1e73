"""The one handler turning domain errors into 404/403/409 pages and htmx toasts."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from accounts.access.problems import status_of
from accounts.access.sentences import sentence
from accounts.domain.errors import CallerError, Forbidden, NotFound, Unavailable
from config.api import problem_response, request_id

API = "/api/"
TEMPLATES = {
    HTTPStatus.FORBIDDEN: "403.html",
    HTTPStatus.NOT_FOUND: "404.html",
    HTTPStatus.CONFLICT: "409.html",
    HTTPStatus.SERVICE_UNAVAILABLE: "503.html",
}


class CallerErrorMiddleware:
    """Answers an error of the caller that a view let pass; by then the door has rolled its transaction back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a CallerError with its page, or with a toast where htmx asked; leave everything else to Django."""
        if not isinstance(exception, CallerError):
            return None
        status = status_of(exception)
        # The plain 403 and 404 have a page that says it better.
        is_plain = type(exception) in (Forbidden, NotFound)
        response = _answer(request, status, "" if is_plain else sentence(exception))
        if isinstance(exception, Unavailable):
            response["Retry-After"] = str(exception.wait_seconds)
        return response

    def process_template_response(self, request: HttpRequest, response: TemplateResponse) -> TemplateResponse:
        """Answer 422 where a library's page shows a posted form again with its errors, as ours do."""
        form = (response.context_data or {}).get("form")
        if request.method == "POST" and response.status_code == HTTPStatus.OK and getattr(form, "errors", None):
            response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Answer a request that Django could not read."""
    if request.path.startswith(API):
        detail = _("The request cannot be read.")
        return problem_response(request, status=HTTPStatus.BAD_REQUEST, code="bad_request", detail=detail)
    return _page(request, HTTPStatus.BAD_REQUEST, "")


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - as above
    """Answer what Django or a library forbids."""
    return _answer(request, HTTPStatus.FORBIDDEN, "")


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - as above
    """Answer an address that leads nowhere, or nowhere for this reader: both look the same."""
    if request.path.startswith(API):
        detail = _("There is nothing here.")
        return problem_response(request, status=HTTPStatus.NOT_FOUND, code="not_found", detail=detail)
    return _answer(request, HTTPStatus.NOT_FOUND, "")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a failure of ours. Asks neither the database nor the session: they may be what failed."""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    if request.path.startswith(API):
        detail = _("This went wrong on our side. Nothing was changed; try again or quote the request id.")
        return problem_response(request, status=status, code="server_error", detail=detail)
    text = loader.render_to_string("500.html", {"request_id": request_id(request)})
    return HttpResponse(text, status=status)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Answer a form that was sent without its token: an old tab, or another site."""
    message = _("The form is too old, or it came from another site. Nothing was changed; load the page again.")
    return _answer(request, HTTPStatus.FORBIDDEN, message)


def _answer(request: HttpRequest, status: HTTPStatus, message: str) -> HttpResponse:
    if getattr(request, "htmx", False):
        return _toast(request, status, message)
    return _page(request, status, message)


def _page(request: HttpRequest, status: HTTPStatus, message: str) -> HttpResponse:
    context = {"message": message, "request_id": request_id(request)}
    return render(request, TEMPLATES.get(status, "400.html"), context, status=status)


def _toast(request: HttpRequest, status: HTTPStatus, message: str) -> HttpResponse:
    text = message or {
        HTTPStatus.FORBIDDEN: _("Your role may not do this."),
        HTTPStatus.NOT_FOUND: _("There is nothing here."),
    }.get(status, _("The request could not be carried out."))
    response = render(request, "partials/_toast.html", {"text": text, "level": "error"}, status=status)
    # Whatever the request was to replace stays as it is.
    response["HX-Retarget"], response["HX-Reswap"] = "#toasts", "beforeend"
    return response
