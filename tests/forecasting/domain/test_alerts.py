"""Thresholds: every edge of being crossed, the key that stops repeats, and what an alert finds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.domain.exchange_rates import RateInForce
from billing.domain.money import Money
from billing.domain.periods import Month
from forecasting.domain.alerts import (
    AlertSnapshot,
    Crossing,
    CrossingKey,
    Driver,
    FindingCode,
    alerting_forecast,
    crossings,
    snapshot_of,
)
from forecasting.domain.budgets import (
    BudgetBasis,
    BudgetForecast,
    BudgetOwner,
    BudgetStatus,
    BudgetValue,
    DayCost,
    PeriodKind,
    budget_status,
    period_at,
)
from forecasting.domain.payloads import read_snapshot, snapshot_payload
from forecasting.domain.series import WHOLE_ORGANIZATION, Scope, ScopeKind
from forecasting.domain.thresholds import (
    AlertKind,
    Threshold,
    ThresholdInvalid,
    ThresholdRepeated,
    TooManyThresholds,
    check_thresholds,
)

NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)


def usd(amount: str | int | Decimal) -> Money:
    return Money(Decimal(amount), "USD")


def watched(spent: str | int, *, as_of: datetime = NOW, moment: datetime | None = None, **fields: Any) -> BudgetStatus:
    """A budget of $1,000 of which so much is spent, on the first day of its month."""
    period = period_at(PeriodKind.MONTH, moment or as_of, "UTC")
    budget = BudgetValue(
        **{
            "id": 42,
            "name": "All of Acme",
            "scope": WHOLE_ORGANIZATION,
            "scope_label": "",
            "amount": usd(1000),
            "basis": BudgetBasis.RATED,
            "period_kind": PeriodKind.MONTH,
            "owner": BudgetOwner(user_id=1, label="Ada"),
            "version": 1,
            "created_at": datetime(2026, 1, 1, tzinfo=UTC),
            "closed_at": None,
            **fields,
        }
    )
    return budget_status(
        budget=budget,
        period=period,
        days=[DayCost(period.start, Decimal(spent))],
        rate=RateInForce(currency="USD", units_per_usd=Decimal(1), month=None),
        data_until=as_of - timedelta(hours=3),
        as_of=as_of,
        time_zone="UTC",
    )


def forecast(total: str | int, **fields: Any) -> BudgetForecast:
    return BudgetForecast(
        **{
            "total": usd(total),
            "lo_80": usd(Decimal(total) * Decimal("0.8")),
            "hi_80": usd(Decimal(total) * Decimal("1.2")),
            "share": Decimal(total) / 1000,
            "over": usd(Decimal(total) - 1000),
            "probability_over": Decimal("0.81"),
            "crossing_date": date(2026, 11, 24),
            "is_calibrated": True,
            "method": "ensemble",
            "made_at": NOW - timedelta(hours=1),
            "data_until": NOW - timedelta(hours=3),
            **fields,
        }
    )


def actual(percent: str | int = 80) -> Threshold:
    return Threshold(kind=AlertKind.ACTUAL, percent=Decimal(percent))


def expected(percent: str | int = 100) -> Threshold:
    return Threshold(kind=AlertKind.FORECAST, percent=Decimal(percent))


@pytest.mark.parametrize(
    ("rule", "spent", "total", "is_crossed"),
    [
        (actual(80), "799.999999999999999999", None, False),
        (actual(80), "800", None, True),
        (actual(80), "800.000000000000000001", None, True),
        (actual(80), "0", None, False),
        (actual(80), "5000", None, True),
        (actual("80.5"), "804.99", None, False),
        (actual("80.5"), "805", None, True),
        (actual(120), "1199", None, False),
        (actual(120), "1200", None, True),
        # What is forecast does not cross a line drawn for what is spent.
        (actual(80), "100", "5000", False),
        (expected(100), "100", None, False),
        (expected(100), "100", "999.99", False),
        (expected(100), "100", "1000", True),
        (expected(100), "100", "1280", True),
        # The line is passed, whatever the forecast says or does not say.
        (expected(100), "1000", None, True),
        (expected(100), "1000", "900", True),
        (expected(80), "100", "850", True),
    ],
)
def test_reaching_a_threshold_crosses_it(rule: Threshold, spent: str, total: str | None, is_crossed: bool) -> None:
    found = crossings(rule, watched(spent), forecast(total) if total else None)

    assert bool(found) is is_crossed


@pytest.mark.parametrize(
    ("said", "is_current", "is_used"),
    [
        (forecast(1280), True, True),
        (forecast(1280), False, False),  # the month is over
        (forecast(1280, is_provisional=True), True, False),  # the past is still being read
        (None, True, False),
    ],
)
def test_an_alert_rests_only_on_a_forecast_that_has_seen_its_past(
    said: BudgetForecast | None, is_current: bool, is_used: bool
) -> None:
    status = replace(watched(100), forecast=said)

    assert (alerting_forecast(status, is_current=is_current) is not None) is is_used


def test_a_crossing_is_known_by_budget_threshold_kind_and_period() -> None:
    (found,) = crossings(actual("80.0"), watched(900), None)

    assert found == Crossing(
        key=CrossingKey(budget_id=42, percent=Decimal(80), kind=AlertKind.ACTUAL, period_start=date(2026, 11, 1)),
        limit=usd(800),
        level=usd(900),
        reached_on=date(2026, 11, 1),
    )
    assert str(found.key) == "42/80/ACTUAL/2026-11-01"


def test_the_key_does_not_change_with_what_is_spent_or_when_it_is_looked_at() -> None:
    (first,) = crossings(actual(), watched(900), None)
    (second,) = crossings(actual(), watched(1500, as_of=NOW + timedelta(days=5)), None)

    assert first.key == second.key


def test_the_next_month_has_a_key_of_its_own() -> None:
    (november,) = crossings(actual(), watched(900), None)
    (december,) = crossings(actual(), watched(900, as_of=datetime(2026, 12, 20, tzinfo=UTC)), None)

    assert november.key != december.key


@pytest.mark.parametrize(
    ("as_of", "is_open"),
    [
        ("2026-11-01T00:00", True),
        ("2026-11-30T23:59", True),
        # The last hours of the month arrive after its end, and must not be lost.
        ("2026-12-01T00:00", True),
        ("2026-12-03T23:59", True),
        # What comes later is restated history.
        ("2026-12-04T00:00", False),
    ],
)
def test_late_data_can_cross_a_threshold_for_three_days_after_the_end(as_of: str, is_open: bool) -> None:
    now = datetime.fromisoformat(as_of).replace(tzinfo=UTC)
    status = watched(900, as_of=now, moment=datetime(2026, 11, 10, tzinfo=UTC))

    assert bool(crossings(actual(), status, None)) is is_open


def test_a_budget_does_not_alert_for_months_before_it_was_made() -> None:
    made = datetime(2026, 12, 1, 8, tzinfo=UTC)
    status = watched(900, as_of=made, moment=datetime(2026, 11, 10, tzinfo=UTC), created_at=made)

    assert crossings(actual(), status, None) == ()


def test_a_budget_made_in_the_middle_of_a_month_watches_the_whole_month() -> None:
    assert crossings(actual(), watched(900, created_at=NOW), None)


def test_a_closed_budget_is_silent() -> None:
    assert crossings(actual(), watched(900, closed_at=NOW), None) == ()


@pytest.mark.parametrize("percent", ["0", "0.9", "1000.1", "80.55", "-80", "NaN", "Infinity"])
def test_a_threshold_that_makes_no_sense_is_refused(percent: str) -> None:
    with pytest.raises(ThresholdInvalid):
        check_thresholds((actual(percent),))


def test_the_same_threshold_twice_is_refused() -> None:
    with pytest.raises(ThresholdRepeated):
        check_thresholds((actual(80), actual("80.0")))


def test_a_threshold_may_stand_for_both_kinds() -> None:
    assert check_thresholds((expected(80), actual(80), actual(50))) == (actual(50), actual(80), expected(80))


def test_more_thresholds_than_anybody_reads_are_refused() -> None:
    with pytest.raises(TooManyThresholds):
        check_thresholds(tuple(actual(percent) for percent in range(10, 21)))


def raised(rule: Threshold, spent: str | int, total: str | int | None = None, **fields: Any) -> AlertSnapshot:
    status = watched(spent)
    expectation = forecast(total, **fields) if total else None
    (crossing,) = crossings(rule, status, expectation)
    return snapshot_of(
        crossing,
        status,
        expectation,
        organization_slug="acme",
        organization_name="Acme",
        time_zone="Asia/Tokyo",
        driver=Driver(cost_center="search", model_id="anthropic.claude-sonnet-4-5", share=Decimal(2) / Decimal(3)),
    )


@pytest.mark.parametrize(
    ("rule", "spent", "total", "finding", "over", "at_stake"),
    [
        (actual(80), 850, None, FindingCode.REACHED, 0, 0),
        (actual(80), 850, 990, FindingCode.REACHED, 0, 0),
        (actual(80), 850, 1280, FindingCode.WILL_EXCEED, 280, 280),
        (expected(100), 100, 1280, FindingCode.WILL_EXCEED, 280, 280),
        (expected(80), 100, 900, FindingCode.WILL_REACH, 0, 0),
        (expected(100), 100, 1000, FindingCode.WILL_REACH, 0, 0),
        (actual(100), 1000, None, FindingCode.EXCEEDED, 0, 0),
        # What is exceeded already is told as it is; what it will come to is what is at stake.
        (actual(100), 1100, 1500, FindingCode.EXCEEDED, 100, 500),
        (actual(100), 1100, 1050, FindingCode.EXCEEDED, 100, 100),
    ],
)
def test_an_alert_says_the_worst_that_is_true(
    *, rule: Threshold, spent: int, total: int | None, finding: FindingCode, over: int, at_stake: int
) -> None:
    alert = raised(rule, spent, total)

    assert alert.finding is finding
    assert alert.over == usd(over)
    assert alert.at_stake == usd(at_stake)


def test_an_alert_survives_being_stored() -> None:
    alert = raised(expected(100), 100, 1280, is_calibrated=False)
    stored = read_snapshot(snapshot_payload(alert))

    assert snapshot_payload(stored) == snapshot_payload(alert)
    assert stored.forecast == alert.forecast
    assert stored.finding is FindingCode.WILL_EXCEED


def test_an_alert_without_forecast_driver_or_owner_survives_being_stored() -> None:
    status = watched(850, owner=None, scope=Scope(ScopeKind.MODEL, "amazon.nova-pro"), scope_label="amazon.nova-pro")
    (crossing,) = crossings(actual(), status, None)
    alert = snapshot_of(
        crossing, status, None, organization_slug="acme", organization_name="Acme", time_zone="UTC", driver=None
    )

    assert read_snapshot(snapshot_payload(alert)) == alert


def test_what_is_stored_has_plain_numbers_and_the_percentage() -> None:
    payload = snapshot_payload(raised(actual("80.5"), "850.10", 1280))

    assert payload["spent"] == "850.1"
    assert payload["spent_percent"] == "85.01"
    assert payload["over_percent"] == "28"
    assert payload["threshold"] == {"kind": "ACTUAL", "percent": "80.5", "amount": "805"}


def test_amounts_of_different_currencies_are_put_in_order_by_dollars() -> None:
    alert = raised(expected(), 100, 1280)
    yen = AlertSnapshot(
        **{
            **{name: getattr(alert, name) for name in AlertSnapshot.__slots__},
            "amount": Money(Decimal(1000), "JPY"),
            "limit": Money(Decimal(1000), "JPY"),
            "spent": Money(Decimal(4000), "JPY"),
            "forecast": None,
            "units_per_usd": Decimal(150),
            "rate_month": Month(2026, 10),
        }
    )

    assert yen.at_stake_usd == Decimal(20)
    assert read_snapshot(snapshot_payload(yen)).rate_month == Month(2026, 10)
