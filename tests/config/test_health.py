"""Liveness is about the process; readiness is about its servers, and names them only."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from config import health

pytestmark = pytest.mark.django_db

AWAY = "redis+socket:///nonexistent/broker.sock"


@override_settings(CELERY_BROKER_URL=AWAY)
def test_the_process_is_alive_while_its_servers_are_away(client: Client) -> None:
    answer = client.get("/health/live/")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.usefixtures("broker")
def test_it_is_ready_when_database_broker_and_cache_answer(client: Client) -> None:
    answer = client.get("/health/ready/")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


@override_settings(CELERY_BROKER_URL=AWAY)
def test_it_is_not_ready_without_its_broker(client: Client) -> None:
    answer = client.get("/health/ready/")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "database": "ok", "broker": "away", "cache": "ok"}
    assert "nonexistent" not in answer.content.decode()


@pytest.mark.usefixtures("broker", "cast")
def test_the_database_is_asked_for_what_pages_ask(client: Client) -> None:
    with CaptureQueriesContext(connection) as asked:
        client.get("/health/ready/")

    assert any(
        "FROM billing_dailyusage" in query["sql"] or "JOIN billing_dailyusage" in query["sql"] for query in asked
    )


@pytest.mark.usefixtures("broker", "cast")
def test_it_is_not_ready_when_facts_cannot_be_read(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise OperationalError("a partition is gone")

    monkeypatch.setattr(health, "list_daily_spend", fail)

    answer = client.get("/health/ready/")

    assert answer.status_code == 503
    assert (answer.json()["database"], answer.json()["broker"]) == ("away", "ok")
    assert "partition" not in answer.content.decode()
