"""How often the API may be asked: refused keys by address, accepted keys by key; counted where all processes see it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.request import Request

# Refusals to one address in a minute that are answered 401; further ones are answered 429, a right key is not.
FAILURES_A_MINUTE = 20
MINUTE = 60

log = logging.getLogger(__name__)


class TooManyFailures(exceptions.Throttled):
    """The same client keeps coming with a wrong key."""

    default_code = "too_many_refused_keys"
    default_detail = _("Too many requests with refused API keys.")


class TooManyRequests(exceptions.Throttled):
    """A key that is right asks faster than one key may."""

    default_code = "too_many_requests"
    default_detail = _("This API key asks more often than one key may.")


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one key may still ask in the present minute."""

    limit: int
    left: int
    seconds: int

    def headers(self) -> dict[str, str]:
        """Return the fields of the IETF's draft "RateLimit header fields for HTTP"."""
        return {
            "RateLimit-Policy": f'"key";q={self.limit};w={MINUTE}',
            "RateLimit": f'"key";r={max(self.left, 0)};t={self.seconds}',
        }


def count_request(*, api_key_id: int, now: datetime) -> Allowance:
    """Count a request of an accepted key and return what is left; less than nothing: it is one too many."""
    limit = int(settings.API_REQUESTS_A_MINUTE)
    minute, second = divmod(int(now.timestamp()), MINUTE)
    try:
        count = _counted(f"api-requests:{api_key_id}:{minute}")
    except RedisError:
        # A limit that cannot be counted keeps nobody out: the figures do not depend on the cache, nor should access.
        log.warning("API requests cannot be counted: the cache does not answer")
        count = 1
    return Allowance(limit=limit, left=limit - count, seconds=MINUTE - second)


def count_failure(request: Request) -> None:
    """Count a refused key; raise TooManyFailures when the client should slow down.

    Only refusals are counted by address, so that somebody else's forgotten job behind the same one locks nobody out.
    """
    if _counted(f"api-key-refused:{request.META.get('REMOTE_ADDR', '')}") > FAILURES_A_MINUTE:
        raise TooManyFailures(wait=MINUTE)


def _counted(name: str) -> int:
    """Count one more under a name that is forgotten after a minute."""
    cache.add(name, 0, timeout=MINUTE)
    try:
        return cache.incr(name)
    except ValueError:
        # It ran out between the two calls.
        return 1
