"""Evaluating alert rules: one event and one message per channel for each crossing, whoever looks and however often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core import mail

from accounts.tenancy.context import organization_scope
from forecasting.domain.channels import ChannelState, DeliveryState
from forecasting.domain.thresholds import AlertKind
from forecasting.models import AlertEvaluation, AlertEvent, Budget, Delivery, ForecastRun
from forecasting.operations.alerts import (
    Evaluation,
    evaluate_alert_rules,
)
from forecasting.operations.deliveries import deliver
from forecasting.queries.alerts import find_evaluation, get_alert_event, list_alert_events
from tests.cast import NOW, Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.forecasting import (
    make_alert_rule,
    make_budget,
    make_channel,
    make_data_until,
    make_forecast,
    make_rate,
    make_series,
    make_spend,
    make_webhook,
)

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

# Acme's days are Tokyo's: nine in the morning UTC is six in the evening there.
MORNING = datetime(2026, 11, 5, 0, tzinfo=UTC)


def evaluate(cast: Cast, now: datetime = NOW) -> Evaluation:
    with organization_scope(cast.acme.id):
        return evaluate_alert_rules(now=now)


def spend(amount: str | int, at: datetime = MORNING) -> None:
    make_data_until(NOW - timedelta(hours=1))
    make_spend({at: amount})


def test_80_percent_crossed_writes_one_event_and_one_message_for_each_channel(cast: Cast) -> None:
    with inside(cast.acme):
        spend(850)
        budget = make_budget(owner_label="Ada")
        make_alert_rule(budget, make_channel(), make_webhook(), percent=80)
        make_alert_rule(budget, make_channel(), percent=100)

    evaluation = evaluate(cast)

    assert [str(alert.key) for alert in evaluation.raised] == [f"{budget.pk}/80/ACTUAL/2026-11-01"]
    with inside(cast.acme):
        (event,) = AlertEvent.objects.all()
        alert = get_alert_event(event.pk).snapshot
        assert alert.spent.amount == 850
        assert alert.percent == 80
        assert alert.owner_label == "Ada"
        assert alert.data_until == NOW - timedelta(hours=1)
        assert [delivery.state for delivery in Delivery.objects.all()] == [DeliveryState.PENDING] * 2


def test_a_second_evaluation_writes_nothing(cast: Cast) -> None:
    with inside(cast.acme):
        spend(850)
        make_alert_rule(make_budget(), make_channel())

    evaluate(cast)
    again = evaluate(cast, NOW + timedelta(minutes=1))

    assert len(again.crossed) == 1
    assert again.raised == ()
    with inside(cast.acme):
        assert AlertEvent.objects.count() == 1
        assert Delivery.objects.count() == 1


def test_more_spend_over_the_same_threshold_is_no_second_alert(cast: Cast) -> None:
    with inside(cast.acme):
        spend(850)
        make_alert_rule(make_budget(), make_channel())
    evaluate(cast)
    with inside(cast.acme):
        make_spend({NOW - timedelta(hours=2): 5000})

    assert evaluate(cast, NOW + timedelta(hours=1)).raised == ()


def test_a_flapping_figure_is_no_second_alert(cast: Cast) -> None:
    with inside(cast.acme):
        spend(100)
        make_alert_rule(make_budget(), make_channel(), percent=100, kind="FORECAST")
        make_forecast(1100, made_at=NOW - timedelta(hours=3))
    evaluate(cast)
    with inside(cast.acme):
        make_forecast(900, made_at=NOW - timedelta(hours=2))
    assert evaluate(cast, NOW + timedelta(minutes=1)).crossed == ()
    with inside(cast.acme):
        make_forecast(1200, made_at=NOW - timedelta(hours=1))

    assert evaluate(cast, NOW + timedelta(minutes=2)).raised == ()


def test_several_thresholds_alert_each_once(cast: Cast) -> None:
    with inside(cast.acme):
        spend(1200)
        budget, channel = make_budget(), make_channel()
        for percent in (50, 80, 100, 150):
            make_alert_rule(budget, channel, percent=percent)

    raised = evaluate(cast).raised

    assert [alert.key.percent for alert in raised] == [50, 80, 100]


def test_what_the_forecast_says_is_held_against_forecast_thresholds_only(cast: Cast) -> None:
    with inside(cast.acme):
        spend(100)
        budget, channel = make_budget(), make_channel()
        make_alert_rule(budget, channel, percent=100, kind="ACTUAL")
        make_alert_rule(budget, channel, percent=100, kind="FORECAST")
        make_forecast(1280, made_at=NOW - timedelta(hours=1))

    (alert,) = evaluate(cast).raised

    assert alert.key.kind is AlertKind.FORECAST
    with inside(cast.acme):
        snapshot = get_alert_event(alert.event_id).snapshot
        assert snapshot.at_stake.amount == 280
        assert snapshot.forecast is not None
        assert snapshot.forecast.crossing_date is not None


def test_a_forecast_made_while_the_past_is_being_read_alerts_nobody_and_the_next_one_does(cast: Cast) -> None:
    with inside(cast.acme):
        spend(100)
        make_alert_rule(make_budget(), make_channel(), percent=100, kind="FORECAST")
        make_forecast(1280, made_at=NOW - timedelta(hours=1), is_provisional=True)

    assert evaluate(cast).raised == ()

    with inside(cast.acme):
        ForecastRun.objects.update(is_provisional=False)
    assert len(evaluate(cast).raised) == 1


@pytest.mark.parametrize("kind", ["ORGANIZATION", "COST_CENTER", "MODEL"])
def test_every_kind_of_budget_alerts_by_the_same_path(cast: Cast, kind: str) -> None:
    with inside(cast.acme):
        make_data_until(NOW)
        center = make_cost_center(code="search", name="Search team")
        make_spend({MORNING: 850}, series=make_series(model_id="amazon.nova-pro", cost_center=center))
        make_spend({MORNING: 10}, series=make_series(model_id="amazon.nova-lite"))
        key = {"ORGANIZATION": "", "COST_CENTER": str(center.pk), "MODEL": "amazon.nova-pro"}[kind]
        make_alert_rule(make_budget(scope_kind=kind, scope_key=key), make_channel())
        make_alert_rule(make_budget(scope_kind="MODEL", scope_key="amazon.nova-lite"), make_channel())

    (alert,) = evaluate(cast).raised

    with inside(cast.acme):
        snapshot = get_alert_event(alert.event_id).snapshot
        assert snapshot.scope_kind == kind
        assert snapshot.spent.amount == (860 if kind == "ORGANIZATION" else 850)
        assert snapshot.driver is not None
        assert snapshot.driver.cost_center == "Search team"


def test_forecast_and_budget_are_compared_in_the_same_currency(cast: Cast) -> None:
    with inside(cast.acme):
        spend(100)
        make_rate("JPY", units="150")
        budget = make_budget(amount=Decimal(150_000), currency="JPY")
        make_alert_rule(budget, make_channel(), percent=100, kind="FORECAST")
        make_forecast(999, made_at=NOW - timedelta(hours=2))

    assert evaluate(cast).crossed == ()

    with inside(cast.acme):
        make_forecast(1000, made_at=NOW - timedelta(hours=1))
    (alert,) = evaluate(cast, NOW + timedelta(minutes=1)).raised
    with inside(cast.acme):
        snapshot = get_alert_event(alert.event_id).snapshot
        assert snapshot.spent.currency == "JPY"
        assert snapshot.spent.amount == 15_000


def test_a_month_without_a_rate_of_its_own_does_not_silence_a_budget(cast: Cast) -> None:
    with inside(cast.acme):
        spend(850)
        make_rate("JPY", month=datetime(2026, 9, 1, tzinfo=UTC).date(), units="150")
        make_alert_rule(make_budget(amount=Decimal(150_000), currency="JPY"), make_channel())

    (alert,) = evaluate(cast).raised

    with inside(cast.acme):
        assert str(get_alert_event(alert.event_id).snapshot.rate_month) == "2026-09"


def test_the_month_of_tokyo_begins_nine_hours_before_that_of_utc(cast: Cast) -> None:
    first_hour_in_tokyo = datetime(2026, 10, 31, 15, tzinfo=UTC)
    with inside(cast.acme):
        spend(500, at=first_hour_in_tokyo)
        make_spend({first_hour_in_tokyo - timedelta(hours=1): 5000})
        make_alert_rule(make_budget(), make_channel(), percent=50)

    (alert,) = evaluate(cast).raised

    with inside(cast.acme):
        assert get_alert_event(alert.event_id).snapshot.spent.amount == 500


def test_a_threshold_resets_with_the_organizations_month_and_not_nine_hours_later(cast: Cast) -> None:
    november, december = datetime(2026, 11, 30, 14, tzinfo=UTC), datetime(2026, 11, 30, 15, tzinfo=UTC)
    with inside(cast.acme):
        make_data_until(december + timedelta(hours=1))
        make_spend({november: 850, december: 900})
        make_alert_rule(make_budget(), make_channel())

    raised = evaluate(cast, december + timedelta(hours=1)).raised

    assert [str(alert.key.period_start) for alert in raised] == ["2026-11-01", "2026-12-01"]


def test_the_last_hours_of_a_month_that_arrive_after_its_end_are_not_lost(cast: Cast) -> None:
    last_hour = datetime(2026, 10, 31, 14, tzinfo=UTC)
    with inside(cast.acme):
        make_data_until(datetime(2026, 11, 1, tzinfo=UTC))
        make_spend({last_hour: 850})
        make_alert_rule(make_budget(), make_channel())

    (alert,) = evaluate(cast, datetime(2026, 11, 1, 1, tzinfo=UTC)).raised

    assert str(alert.key.period_start) == "2026-10-01"


def test_restated_history_raises_no_alarm(cast: Cast) -> None:
    with inside(cast.acme):
        make_data_until(NOW)
        make_spend({datetime(2026, 10, 15, tzinfo=UTC): 5000})
        make_alert_rule(make_budget(), make_channel())

    assert evaluate(cast).crossed == ()


def test_a_day_of_25_hours_is_one_day(cast: Cast) -> None:
    cast.acme.time_zone = "America/New_York"
    cast.acme.save()
    # The clocks go back on 1 November 2026; its last hour is 04:00 UTC of the second.
    with inside(cast.acme):
        make_data_until(NOW)
        make_spend({datetime(2026, 11, 1, hour, tzinfo=UTC): 32 for hour in range(4, 24)})
        make_spend({datetime(2026, 11, 2, hour, tzinfo=UTC): 32 for hour in range(5)}, series=make_series())
        make_alert_rule(make_budget(), make_channel(), percent=80)

    (alert,) = evaluate(cast).raised

    with inside(cast.acme):
        snapshot = get_alert_event(alert.event_id).snapshot
        assert snapshot.spent.amount == 25 * 32
        assert str(snapshot.reached_on) == "2026-11-01"


def test_a_disabled_channel_gets_no_message_and_the_event_stays(cast: Cast) -> None:
    with inside(cast.acme):
        spend(850)
        make_alert_rule(make_budget(), make_channel(state=ChannelState.DISABLED), make_channel())

    (alert,) = evaluate(cast).raised

    assert alert.deliveries == 1


def test_a_rule_that_reaches_nobody_still_leaves_an_alert(cast: Cast) -> None:
    with inside(cast.acme):
        spend(850)
        make_alert_rule(make_budget())

    (alert,) = evaluate(cast).raised

    assert alert.deliveries == 0


def test_a_closed_budget_is_silent(cast: Cast) -> None:
    with inside(cast.acme):
        spend(850)
        make_alert_rule(make_budget(closed_at=NOW), make_channel())

    assert evaluate(cast).budgets == 0


def test_a_new_connection_that_has_read_nothing_yet_silences_no_budget(cast: Cast) -> None:
    with inside(cast.acme):
        spend(850)
        make_data_until(NOW, account="210987654321").windows.update(filled_until=None)
        make_alert_rule(make_budget(), make_channel())

    (alert,) = evaluate(cast).raised

    with inside(cast.acme):
        assert get_alert_event(alert.event_id).snapshot.data_until is None


def test_an_alert_keeps_what_was_known_when_it_was_raised(cast: Cast) -> None:
    with inside(cast.acme):
        spend(850)
        budget = make_budget(name="Search team")
        make_alert_rule(budget, make_channel())
    (alert,) = evaluate(cast).raised
    with inside(cast.acme):
        Budget.objects.filter(pk=budget.pk).update(name="Something else", amount=Decimal(9999))
        make_spend({NOW - timedelta(hours=2): 5000})

    with inside(cast.acme):
        snapshot = get_alert_event(alert.event_id).snapshot
        assert snapshot.budget_name == "Search team"
        assert snapshot.amount.amount == 1000
        assert snapshot.spent.amount == 850


def test_unpriced_tokens_are_told_beside_the_amount(cast: Cast) -> None:
    with inside(cast.acme):
        spend(850)
        make_spend({MORNING: None})
        make_alert_rule(make_budget(), make_channel())

    (alert,) = evaluate(cast).raised

    with inside(cast.acme):
        assert get_alert_event(alert.event_id).snapshot.tokens_unpriced == 1000


def test_the_look_itself_is_remembered(cast: Cast) -> None:
    with inside(cast.acme):
        spend(1)
        make_alert_rule(make_budget(), make_channel())

    evaluate(cast)
    evaluate(cast, NOW + timedelta(minutes=1))

    with inside(cast.acme):
        found = find_evaluation()
        assert found is not None
        assert found.evaluated_at == NOW + timedelta(minutes=1)
        assert found.budgets == 1
        assert found.data_until == NOW - timedelta(hours=1)
        assert AlertEvaluation.objects.count() == 1


def test_globex_is_not_looked_at_with_acme(cast: Cast) -> None:
    with inside(cast.acme):
        spend(850)
        make_alert_rule(make_budget(), make_channel())
    with inside(cast.globex):
        make_alert_rule(make_budget(amount=Decimal(1)), make_channel())

    with organization_scope(cast.globex.id):
        assert evaluate_alert_rules(now=NOW).crossed == ()
    evaluate(cast)
    with inside(cast.globex):
        assert list_alert_events().rows == ()


def test_80_percent_crossed_sends_one_message_and_one_only(cast: Cast) -> None:
    with inside(cast.acme):
        spend(850)
        make_alert_rule(make_budget(name="Search team"), make_channel())

    for minute in range(3):
        now = NOW + timedelta(minutes=minute)
        evaluate(cast, now)
        with inside(cast.acme):
            ids = list(Delivery.objects.values_list("pk", flat=True))
        with organization_scope(cast.acme.id):
            for delivery_id in ids:
                deliver(delivery_id=delivery_id, now=now)

    (sent,) = mail.outbox
    assert sent.subject == "[Yosan] Search team: 80 % of the budget reached"
