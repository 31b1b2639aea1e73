"""The language and theme of a page: the user's choice first, the browser's second."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

API, API_PAGES = "/api/", "/api/v1/docs/"


class UserLanguageMiddleware:
    """Activate the language that the signed-in user chose, else a cookie's, else what the browser asks for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = chosen_language(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


def chosen_language(request: HttpRequest) -> str:
    """Return the language code for a request, always one of settings.LANGUAGES."""
    # A program has no session to ask. Codes are the same in every language; sentences are for people.
    if request.path.startswith(API) and not request.path.startswith(API_PAGES):
        return translation.get_language_from_request(request)
    chosen = getattr(request.user, "language", "") if request.user.is_authenticated else ""
    if chosen in dict(settings.LANGUAGES):
        return str(chosen)
    return translation.get_language_from_request(request)
