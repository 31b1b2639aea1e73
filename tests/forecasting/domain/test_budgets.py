"""Budgets: amounts as typed, periods by the organization's calendar, and every figure of a status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.domain.exchange_rates import ExchangeRate, RateInForce, rate_in_force
from billing.domain.money import Money
from billing.domain.periods import DateRange, Month
from forecasting.domain.budgets import (
    BudgetBasis,
    BudgetStatus,
    BudgetValue,
    DayCost,
    PeriodKind,
    budget_forecast,
    budget_status,
    completed,
    difference_to_bill,
    period_at,
)
from forecasting.domain.forecasts import ForecastDay, PublishedForecast
from forecasting.domain.series import WHOLE_ORGANIZATION

TOKYO = "Asia/Tokyo"
DOLLARS = RateInForce(currency="USD", units_per_usd=Decimal(1), month=None)


def usd(amount: str | int) -> Money:
    return Money(Decimal(amount), "USD")


def budget(amount: Money | None = None, **fields: Any) -> BudgetValue:
    return BudgetValue(
        **{
            "id": 1,
            "name": "All of Acme",
            "scope": WHOLE_ORGANIZATION,
            "scope_label": "",
            "amount": amount or usd(1000),
            "basis": BudgetBasis.RATED,
            "period_kind": PeriodKind.MONTH,
            "owner": None,
            "version": 1,
            "created_at": datetime(2026, 1, 1, tzinfo=UTC),
            "closed_at": None,
            **fields,
        }
    )


def status(
    costs: Mapping[date, str | int],
    *,
    data_until: datetime | None,
    as_of: datetime | None = None,
    time_zone: str = "UTC",
    rate: RateInForce = DOLLARS,
    amount: Money | None = None,
    moment: datetime | None = None,
) -> BudgetStatus:
    now = as_of or data_until
    assert now is not None
    return budget_status(
        budget=budget(amount),
        period=period_at(PeriodKind.MONTH, moment or now, time_zone),
        days=[DayCost(day, Decimal(cost)) for day, cost in costs.items()],
        rate=rate,
        data_until=data_until,
        as_of=now,
        time_zone=time_zone,
    )


@pytest.mark.parametrize(
    ("moment", "time_zone", "start", "starts_at", "ends_at"),
    [
        # Nine hours ahead: the month begins on the evening before by UTC, and not nine hours late.
        ("2026-10-31T15:00+00:00", TOKYO, "2026-11-01", "2026-10-31T15:00+00:00", "2026-11-30T15:00+00:00"),
        ("2026-10-31T14:59+00:00", TOKYO, "2026-10-01", "2026-09-30T15:00+00:00", "2026-10-31T15:00+00:00"),
        # The clocks go back in the night of 1 November: that month is an hour longer.
        (
            "2026-11-15T00:00+00:00",
            "America/New_York",
            "2026-11-01",
            "2026-11-01T04:00+00:00",
            "2026-12-01T05:00+00:00",
        ),
        (
            "2026-03-15T00:00+00:00",
            "America/New_York",
            "2026-03-01",
            "2026-03-01T05:00+00:00",
            "2026-04-01T04:00+00:00",
        ),
        # No midnight at all: the clocks jump from 00:00 to 01:00.
        ("2024-04-26T00:00+00:00", "Africa/Cairo", "2024-04-01", "2024-03-31T22:00+00:00", "2024-04-30T21:00+00:00"),
        # Not a whole hour from UTC.
        ("2026-11-10T00:00+00:00", "Asia/Kathmandu", "2026-11-01", "2026-10-31T18:15+00:00", "2026-11-30T18:15+00:00"),
        ("2028-02-29T12:00+00:00", "UTC", "2028-02-01", "2028-02-01T00:00+00:00", "2028-03-01T00:00+00:00"),
        ("2026-12-31T23:59+00:00", "UTC", "2026-12-01", "2026-12-01T00:00+00:00", "2027-01-01T00:00+00:00"),
    ],
)
def test_a_month_begins_at_the_organizations_midnight(
    moment: str, time_zone: str, start: str, starts_at: str, ends_at: str
) -> None:
    period = period_at(PeriodKind.MONTH, datetime.fromisoformat(moment), time_zone)

    assert period.start == date.fromisoformat(start)
    assert period.start_at == datetime.fromisoformat(starts_at)
    assert period.end_at == datetime.fromisoformat(ends_at)


def test_the_first_spend_does_not_move_the_period() -> None:
    late = status({date(2026, 11, 9): 10}, data_until=datetime(2026, 11, 10, 15, 43, tzinfo=UTC))

    assert late.period.start_at == datetime(2026, 11, 1, tzinfo=UTC)


def rate(month: Month, units: str) -> ExchangeRate:
    return ExchangeRate(month=month, currency="JPY", units_per_usd=Decimal(units))


def test_the_rate_of_the_month_is_used() -> None:
    rates = [rate(Month(2026, 10), "150"), rate(Month(2026, 11), "152.57"), rate(Month(2026, 12), "160")]

    assert rate_in_force(rates, "JPY", Month(2026, 11)) == RateInForce(
        currency="JPY", units_per_usd=Decimal("152.57"), month=Month(2026, 11)
    )


def test_a_month_without_a_rate_uses_the_latest_before_it_and_says_which() -> None:
    found = rate_in_force([rate(Month(2026, 8), "149"), rate(Month(2026, 10), "150")], "JPY", Month(2026, 11))

    assert found is not None
    assert found.month == Month(2026, 10)


def test_a_later_rate_says_nothing_about_an_earlier_month() -> None:
    assert rate_in_force([rate(Month(2026, 12), "160")], "JPY", Month(2026, 11)) is None


def test_dollars_need_no_rate() -> None:
    assert rate_in_force([], "USD", Month(2026, 11)) == DOLLARS


def test_spend_is_that_of_the_period_alone() -> None:
    found = status(
        {date(2026, 10, 31): 999, date(2026, 11, 1): 10, date(2026, 11, 2): 20, date(2026, 12, 1): 999},
        data_until=datetime(2026, 11, 3, tzinfo=UTC),
    )

    assert found.spent == usd(30)
    assert found.spent_share == Decimal("0.03")
    assert found.left == usd(970)
    assert [day for day, _ in found.days] == [date(2026, 11, 1), date(2026, 11, 2)]


def test_left_is_negative_once_the_budget_is_exceeded() -> None:
    found = status({date(2026, 11, 1): 600, date(2026, 11, 2): 700}, data_until=datetime(2026, 11, 3, tzinfo=UTC))

    assert found.left == usd(-300)
    assert found.allowed_a_day == usd(0)
    assert found.exceeded_on == date(2026, 11, 2)


def test_reaching_the_amount_exactly_uses_it_up() -> None:
    found = status({date(2026, 11, 1): 1000}, data_until=datetime(2026, 11, 2, tzinfo=UTC))

    assert found.left == usd(0)
    assert found.exceeded_on == date(2026, 11, 1)


def test_pace_is_the_mean_of_the_last_seven_whole_days() -> None:
    costs = {date(2026, 11, day): day for day in range(1, 11)}  # the tenth is under way
    found = status(costs, data_until=datetime(2026, 11, 10, 18, tzinfo=UTC))

    assert found.pace_a_day == usd(6)  # 3 to 9


def test_pace_reaches_back_into_the_month_before() -> None:
    costs = {date(2026, 10, 31): 70, date(2026, 11, 1): 70}
    found = status(costs, data_until=datetime(2026, 11, 2, tzinfo=UTC))

    assert found.pace_a_day == usd(70)


def test_days_before_the_first_spend_do_not_slow_the_pace() -> None:
    found = status({date(2026, 11, 9): 40}, data_until=datetime(2026, 11, 10, 6, tzinfo=UTC))

    assert found.pace_a_day == usd(40)


def test_a_quiet_day_after_the_first_spend_counts() -> None:
    found = status({date(2026, 11, 8): 40}, data_until=datetime(2026, 11, 10, tzinfo=UTC))

    assert found.pace_a_day == usd(20)


def test_before_the_first_whole_day_there_is_no_pace() -> None:
    found = status({date(2026, 11, 1): 40}, data_until=datetime(2026, 11, 1, 6, tzinfo=UTC))

    assert found.pace_a_day is None
    assert found.worst_overshoot is None
    assert found.spent == usd(40)


def test_what_is_left_is_allowed_evenly_until_the_end_of_the_period() -> None:
    found = status({date(2026, 11, 1): 400}, data_until=datetime(2026, 11, 11, tzinfo=UTC))

    assert found.allowed_a_day == usd(30)


def test_the_longer_day_of_a_clock_change_has_its_share() -> None:
    # New York, 1 November 2026: 25 hours, of which the first is known.
    found = status({}, data_until=datetime(2026, 11, 1, 5, tzinfo=UTC), time_zone="America/New_York", amount=usd(720))

    assert found.allowed_a_day == usd(24)  # 720 over exactly 720 hours, by the clock on the wall 719


def test_the_worst_overshoot_is_the_dearest_day_for_as_long_as_data_lag() -> None:
    costs = {date(2026, 11, day): 24 for day in range(1, 9)} | {date(2026, 11, 9): 240}
    found = status(
        costs,
        data_until=datetime(2026, 11, 10, 8, tzinfo=UTC),
        as_of=datetime(2026, 11, 10, 12, tzinfo=UTC),
    )

    assert found.lag == timedelta(hours=4)
    assert found.worst_overshoot == usd(40)


def test_without_lag_nothing_can_overshoot() -> None:
    found = status({date(2026, 11, 1): 24}, data_until=datetime(2026, 11, 2, tzinfo=UTC))

    assert found.worst_overshoot == usd(0)


def test_a_late_source_does_not_hide_what_the_others_have_stored() -> None:
    found = status(
        {date(2026, 11, 1): 10, date(2026, 11, 8): 990},
        data_until=datetime(2026, 11, 3, tzinfo=UTC),
        as_of=datetime(2026, 11, 8, 12, tzinfo=UTC),
    )

    assert found.spent == usd(1000)
    assert found.days[-1] == (date(2026, 11, 8), usd(990))


def test_a_month_that_is_over_is_known_whole() -> None:
    found = status(
        {date(2026, 10, 31): 10},
        data_until=datetime(2026, 11, 1, 2, tzinfo=UTC),
        moment=datetime(2026, 10, 31, tzinfo=UTC),
    )

    assert len(found.days) == 31
    assert found.spent == usd(10)
    assert found.allowed_a_day == usd(0)


def test_before_anything_is_stored_nothing_is_claimed() -> None:
    found = status({}, data_until=None, as_of=datetime(2026, 11, 10, tzinfo=UTC))

    assert found.data_until is None
    assert found.pace_a_day is None
    assert found.days == ()


def test_spend_is_shown_in_the_budgets_currency() -> None:
    yen = RateInForce(currency="JPY", units_per_usd=Decimal("152.5"), month=Month(2026, 10))
    found = status(
        {date(2026, 11, 1): 10},
        data_until=datetime(2026, 11, 2, tzinfo=UTC),
        rate=yen,
        amount=Money(Decimal(3050), "JPY"),
    )

    assert found.spent == Money(Decimal(1525), "JPY")
    assert found.spent_share == Decimal("0.5")
    assert yen.convert_back(found.spent) == Decimal(10)


def published(**fields: Any) -> PublishedForecast:
    day = {"lo_80": Decimal(0), "hi_80": Decimal(0), "lo_95": Decimal(0), "hi_95": Decimal(0)}
    return PublishedForecast(
        **{
            "scope": WHOLE_ORGANIZATION,
            "month": Month(2026, 11),
            "made_at": datetime(2026, 11, 10, 8, tzinfo=UTC),
            "data_until": datetime(2026, 11, 10, 7, tzinfo=UTC),
            "method": "ensemble",
            "calibrated": True,
            "history_days": 90,
            "currency": "USD",
            "spent_to_date": Decimal(300),
            "total": Decimal(1280),
            "lo_50": Decimal(1180),
            "hi_50": Decimal(1380),
            "lo_80": Decimal(1100),
            "hi_80": Decimal(1500),
            "lo_95": Decimal(1000),
            "hi_95": Decimal(1700),
            "days": tuple(
                ForecastDay(date=date(2026, 11, number), amount=Decimal(50), running_total=Decimal(total), **day)
                for number, total in ((28, 980), (29, 1050), (30, 1280))
            ),
            **fields,
        }
    )


def test_the_bill_takes_the_place_of_estimates_for_the_days_that_it_has() -> None:
    """OptScale's and Vantage's budgets know the bill alone, a day or two late: the days it lacks are estimated here."""
    first, second, third = (date(2026, 11, day) for day in (1, 2, 3))
    rated = [DayCost(first, Decimal(10)), DayCost(second, Decimal(20)), DayCost(third, Decimal(30))]
    billed = {first: Decimal(9), second: Decimal(19), third: Decimal(1)}
    assert completed(rated, billed, billed_until=None) == tuple(rated)
    held = completed(rated, billed, billed_until=third)
    assert held == (DayCost(first, Decimal(9)), DayCost(second, Decimal(19)), DayCost(third, Decimal(30)))
    # What the bill does not have of a day that is whole was not billed.
    assert completed(rated, {}, billed_until=third) == (DayCost(third, Decimal(30)),)
    assert difference_to_bill(rated, held, DateRange(first, third)) == -2
    shifted = published().shifted(Decimal(-2))
    assert (shifted.spent_to_date, shifted.total, shifted.lo_95) == (Decimal(298), Decimal(1278), Decimal(998))
    assert (shifted.days[0].amount, shifted.days[0].running_total) == (Decimal(50), Decimal(978))


def test_a_forecast_is_held_against_the_amount() -> None:
    found = budget_forecast(published(), amount=usd(1000), rate=DOLLARS)

    assert found.total == usd(1280)
    assert found.share == Decimal("1.28")
    assert found.over == usd(280)
    assert found.crossing_date == date(2026, 11, 29)
    assert found.probability_over == pytest.approx(Decimal("0.975"), abs=Decimal("0.0001"))


def test_a_forecast_that_fits_crosses_on_no_day() -> None:
    found = budget_forecast(published(), amount=usd(5000), rate=DOLLARS)

    assert found.over == usd(-3720)
    assert found.crossing_date is None
    assert found.probability_over < Decimal("0.01")


def test_forecast_and_budget_are_compared_in_one_currency() -> None:
    yen = RateInForce(currency="JPY", units_per_usd=Decimal(150), month=Month(2026, 11))
    found = budget_forecast(published(), amount=Money(Decimal(150000), "JPY"), rate=yen)

    assert found.total == Money(Decimal(192000), "JPY")
    assert found.share == Decimal("1.28")
    assert found.crossing_date == date(2026, 11, 29)


def test_what_is_over_is_what_was_spent_once_exceeded_and_the_forecast_before() -> None:
    fits = status({date(2026, 11, 1): 400}, data_until=datetime(2026, 11, 2, tzinfo=UTC))
    expected = replace(fits, forecast=budget_forecast(published(), amount=usd(1000), rate=DOLLARS))
    exceeded = status({date(2026, 11, 1): 1100}, data_until=datetime(2026, 11, 2, tzinfo=UTC))

    assert (fits.over, fits.over_share) == (usd(-600), Decimal("-0.6"))
    assert expected.over == usd(280)
    assert replace(exceeded, forecast=expected.forecast).over == usd(100)
