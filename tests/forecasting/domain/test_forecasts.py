"""A published forecast: what its bands make likely, when it reaches an amount, and when the next one is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from billing.domain.periods import Month
from forecasting.domain.forecasts import ForecastDay, PublishedForecast, is_forecast_due, is_provisional
from forecasting.domain.series import WHOLE_ORGANIZATION

NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def day(number: int, running_total: int) -> ForecastDay:
    total = Decimal(running_total)
    return ForecastDay(
        date=date(2026, 11, number),
        amount=Decimal(1),
        running_total=total,
        lo_80=total - 10,
        hi_80=total + 10,
        lo_95=total - 20,
        hi_95=total + 20,
    )


FORECAST = PublishedForecast(
    scope=WHOLE_ORGANIZATION,
    month=Month(2026, 11),
    made_at=NOW,
    data_until=NOW,
    method="median_of_five",
    calibrated=True,
    history_days=90,
    currency="USD",
    spent_to_date=Decimal(300),
    total=Decimal(1000),
    lo_50=Decimal(950),
    hi_50=Decimal(1100),
    lo_80=Decimal(900),
    hi_80=Decimal(1200),
    lo_95=Decimal(800),
    hi_95=Decimal(1500),
    days=(day(10, 400), day(11, 700), day(12, 1000)),
)
ALL = FORECAST.total
OVER = replace(FORECAST, spent_to_date=ALL, lo_95=ALL, lo_80=ALL, lo_50=ALL, hi_50=ALL, hi_80=ALL, hi_95=ALL, days=())


@pytest.mark.parametrize(
    ("amount", "probability"),
    [
        ("299.99", 1.0),
        ("800", 0.975),
        ("900", 0.9),
        ("950", 0.75),
        ("1000", 0.5),
        ("1100", 0.25),
        ("1200", 0.1),
        ("1500", 0.025),
    ],
)
def test_probabilities_agree_with_the_bands(amount: str, probability: float) -> None:
    assert FORECAST.probability_over(Decimal(amount)) == pytest.approx(probability)


def test_the_more_money_the_less_likely() -> None:
    likely = [FORECAST.probability_over(Decimal(amount)) for amount in range(0, 5000, 7)]

    assert all(before >= after for before, after in pairwise(likely))
    assert likely[0] == 1.0
    assert 0 <= likely[-1] < 1e-6


def test_equal_bounds_are_one_bound() -> None:
    """Never below what is spent: where the lower bounds meet it, the probability there is that of the innermost."""
    bound = replace(FORECAST, spent_to_date=Decimal(950), lo_95=Decimal(950), lo_80=Decimal(950))

    assert bound.probability_over(Decimal(950)) == pytest.approx(0.75)
    assert bound.probability_over(Decimal("949.99")) == 1.0


@pytest.mark.parametrize(("amount", "probability"), [("999.99", 1.0), ("1000", 0.0), ("1000.01", 0.0)])
def test_a_month_that_is_over_is_certain(amount: str, probability: float) -> None:
    assert OVER.probability_over(Decimal(amount)) == probability


def test_a_month_without_any_width_is_certain_above_what_is_spent_as_well() -> None:
    certain = replace(OVER, spent_to_date=Decimal(300))

    assert [certain.probability_over(Decimal(amount)) for amount in (500, 1000)] == [1.0, 0.0]


@pytest.mark.parametrize(
    ("amount", "reached_on"),
    [("399", date(2026, 11, 10)), ("400.01", date(2026, 11, 11)), ("1000", date(2026, 11, 12)), ("1000.01", None)],
)
def test_an_amount_is_reached_on_the_day_whose_end_holds_it(amount: str, reached_on: date | None) -> None:
    assert FORECAST.reached_on(Decimal(amount)) == reached_on


@pytest.mark.parametrize(
    ("is_reading_past", "connected_at", "provisional"),
    [
        (False, None, False),
        (True, None, False),
        (False, NOW, False),
        (True, NOW, True),
        (True, NOW - timedelta(hours=6) + timedelta(seconds=1), True),
        (True, NOW - timedelta(hours=6), False),  # stuck: it must not silence the others for ever
    ],
)
def test_a_forecast_is_provisional_while_a_new_account_is_being_read(
    *, is_reading_past: bool, connected_at: datetime | None, provisional: bool
) -> None:
    assert is_provisional(is_reading_past=is_reading_past, connected_at=connected_at, now=NOW) is provisional


@pytest.mark.parametrize(
    ("stored_at", "data_until", "windows_left", "made_at", "made_on", "due"),
    [
        (None, None, 0, None, None, False),  # nothing stored
        (NOW, None, 5, None, None, False),  # one source has nothing yet
        (NOW, NOW, 5, None, None, True),  # never forecast
        (NOW - 2 * HOUR, NOW, 0, NOW - HOUR, NOW - HOUR, False),  # nothing new
        (NOW, NOW, 0, NOW - timedelta(minutes=1), NOW, True),  # new, and everything is read
        (NOW, NOW, 5, NOW - timedelta(minutes=1), NOW, False),  # in the middle of a backfill
        (NOW, NOW, 5, NOW - timedelta(minutes=10), NOW, True),  # for long enough
        (NOW, NOW, 5, NOW - timedelta(minutes=1), NOW - HOUR, True),  # a new hour
    ],
)
def test_a_forecast_is_due_when_something_was_stored(
    *,
    stored_at: datetime | None,
    data_until: datetime | None,
    windows_left: int,
    made_at: datetime | None,
    made_on: datetime | None,
    due: bool,
) -> None:
    assert (
        is_forecast_due(
            stored_at=stored_at,
            data_until=data_until,
            windows_left=windows_left,
            made_at=made_at,
            made_on=made_on,
            now=NOW,
        )
        is due
    )
