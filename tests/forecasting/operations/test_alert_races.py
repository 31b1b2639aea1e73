"""Evaluation on real connections, since one transaction cannot race with itself; and when it is worth while at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection

from accounts.tenancy.context import organization_scope
from forecasting.models import AlertEvent, Delivery
from forecasting.operations.alerts import (
    LONGEST_SILENCE,
    Evaluation,
    evaluate_alert_rules,
    evaluate_alert_rules_if_news,
)
from tests.cast import NOW, Cast, inside
from tests.factories.forecasting import (
    make_alert_rule,
    make_budget,
    make_channel,
    make_data_until,
    make_forecast,
    make_spend,
)

on_real_connections = pytest.mark.django_db(databases=["default", "owner"], transaction=True)
in_one_transaction = pytest.mark.django_db(databases=["default", "owner"])


def evaluate(cast: Cast, now: datetime = NOW) -> Evaluation:
    with organization_scope(cast.acme.id):
        return evaluate_alert_rules(now=now)


def spend(amount: int) -> None:
    make_data_until(NOW - timedelta(hours=1))
    make_spend({NOW - timedelta(days=5): amount})


def together(number: int, call: Callable[[], Evaluation]) -> list[Evaluation]:
    """Do the same in so many threads at once, each on a connection of its own."""
    barrier, results, errors = threading.Barrier(number), [], []

    def work() -> None:
        barrier.wait()
        try:
            results.append(call())
        except Exception as error:  # noqa: BLE001 - told to the test, which fails
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []
    return results


@on_real_connections
def test_eight_workers_at_once_raise_one_alert_each_and_lose_none(cast: Cast) -> None:
    with inside(cast.acme):
        spend(850)
        for _ in range(3):
            budget = make_budget()
            make_alert_rule(budget, make_channel(), percent=50)
            make_alert_rule(budget, make_channel(), percent=80)

    evaluations = together(8, lambda: evaluate(cast))

    assert sum(len(evaluation.raised) for evaluation in evaluations) == 6
    assert all(len(evaluation.crossed) == 6 for evaluation in evaluations)
    with inside(cast.acme):
        assert AlertEvent.objects.count() == 6
        assert Delivery.objects.count() == 6


@on_real_connections
def test_a_crash_between_event_and_deliveries_leaves_neither(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    with inside(cast.acme):
        spend(850)
        make_alert_rule(make_budget(), make_channel())

    def crash(*_args: object, **_fields: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("forecasting.operations.alerts._write_deliveries", crash)
        with pytest.raises(KeyboardInterrupt):
            evaluate(cast)
    with inside(cast.acme):
        assert AlertEvent.objects.count() == 0

    assert len(evaluate(cast, NOW + timedelta(minutes=1)).raised) == 1


def has_looked(cast: Cast, now: datetime) -> bool:
    with organization_scope(cast.acme.id):
        return evaluate_alert_rules_if_news(now=now) is not None


@in_one_transaction
def test_without_news_nothing_is_computed(cast: Cast) -> None:
    later = NOW + timedelta(minutes=10)
    with inside(cast.acme):
        make_data_until(NOW - timedelta(hours=2))
    assert has_looked(cast, NOW)
    assert not has_looked(cast, later)

    with inside(cast.acme):
        make_budget(changed_at=later)
    assert has_looked(cast, later)


@in_one_transaction
@pytest.mark.parametrize("news", ["stored", "forecast", "silence"])
def test_new_data_a_new_forecast_or_a_long_silence_is_news(cast: Cast, news: str) -> None:
    later = NOW + timedelta(minutes=10)
    assert has_looked(cast, NOW)
    with inside(cast.acme):
        if news == "stored":
            make_data_until(NOW, stored_at=later)
        elif news == "forecast":
            make_forecast(10, made_at=later)

    assert has_looked(cast, NOW + LONGEST_SILENCE if news == "silence" else later)
