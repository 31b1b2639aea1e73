"""When and from where a log-in was used last: noted once a minute, so that reading a page is not always a write."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from redis.exceptions import RedisError

NOTED_EVERY_SECONDS = 60

log = structlog.get_logger()


class SessionUseMiddleware:
    """Notes the use of a person's session for the page that lists where one is logged in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # The API has no sessions; asking for one would read a cookie that is not its own.
        if not request.path.startswith(("/api/", "/static/", "/health/")):
            _note(request)
        return self.get_response(request)


def _note(request: HttpRequest) -> None:
    key = request.session.session_key
    if not key or not request.user.is_authenticated:
        return
    try:
        is_due = cache.add(f"session-noted:{key}", 1, timeout=NOTED_EVERY_SECONDS)
    except RedisError:
        # Nobody is kept out because the cache does not answer; the list is a little older.
        log.warning("session_use_not_noted")
        return
    if is_due:
        UserSession.objects.create_from_request(request)
