"""Liveness and readiness: does the process answer, and can it do its work."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from kombu import Connection
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from accounts.tenancy.context import organization_scope, statement_limit, tenant_transaction
from billing.domain.periods import DAY
from billing.queries.costs import list_daily_spend

BROKER_SECONDS = 2
DATABASE_LIMIT = timedelta(seconds=2)
SOME_ORGANIZATION = "SELECT id FROM accounts_organization WHERE closed_at IS NULL ORDER BY id LIMIT 1"


@require_GET
@never_cache
def live(_request: HttpRequest) -> JsonResponse:
    """Say that the process answers, whatever has become of its servers."""
    return JsonResponse({"status": "ok"})


@require_GET
@never_cache
def ready(_request: HttpRequest) -> JsonResponse:
    """Say which server is away, by name only: this page is open to everyone."""
    checks = {"database": _database_answers(), "broker": _broker_answers(), "cache": _cache_answers()}
    ok = all(checks.values())
    answer = {"status": "ok" if ok else "unavailable", **{name: "ok" if up else "away" for name, up in checks.items()}}
    return JsonResponse(answer, status=200 if ok else 503)


def _database_answers() -> bool:
    """Whether the database does what every page needs: adds up some organization's facts of today, through the wall.

    One that answers `SELECT 1` may still have lost a partition, a right, or every free connection for longer questions.
    """
    today = timezone.now().date()
    try:
        with connection.cursor() as cursor:
            cursor.execute(SOME_ORGANIZATION)
            row = cursor.fetchone()
        if row is not None:
            with organization_scope(row[0]), statement_limit(DATABASE_LIMIT), tenant_transaction():
                list_daily_spend(start=today, end=today + DAY, time_zone="UTC")
    except DatabaseError:
        return False
    return True


def _broker_answers() -> bool:
    try:
        with Connection(settings.CELERY_BROKER_URL, connect_timeout=BROKER_SECONDS) as broker:
            broker.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
    except (OperationalError, OSError):
        return False
    return True


def _cache_answers() -> bool:
    try:
        cache.get("health")
    except (RedisError, OSError):
        return False
    return True
