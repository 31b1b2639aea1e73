"""The whole engine on small organizations: today's known part, parts that add up, bands in order, cold starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest

from billing.domain.periods import DAY, Month
from forecasting.domain.calendar import Origin, months_to_forecast, origin_of
from forecasting.domain.forecasts import ChoiceReason, PublishedForecast
from forecasting.domain.methods.base import FloatArray, Forecast, MethodFailed
from forecasting.domain.methods.statistical import AutoEts
from forecasting.domain.month_end import Outlook, forecast_months
from forecasting.domain.series import WHOLE_ORGANIZATION, Scope, ScopeKind, ScopeSpend

NOVEMBER = Month(2026, 11)
TODAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SEARCH, NOBODY = Scope(ScopeKind.COST_CENTER_OWN, "7"), Scope(ScopeKind.COST_CENTER_OWN)
SONNET, NOVA, LLAMA = (Scope(ScopeKind.MODEL, name) for name in ("claude-sonnet-4-5", "nova-pro", "llama3-70b"))

Days = dict[date, Decimal]


def constant(value: str, *, days: int, until: date = TODAY) -> Days:
    """The same amount on so many complete days before a day."""
    return {until - ahead * DAY: Decimal(value) for ahead in range(1, days + 1)}


def lively(level: float, *, days: int, seed: int) -> Days:
    """Weekdays, noise, and half a day of today."""
    random = np.random.default_rng(seed)
    return {
        TODAY - ahead * DAY: Decimal(
            f"{level * (0.4 if (TODAY - ahead * DAY).weekday() > 4 else 1.2) * random.gamma(20, 1 / 20):.6f}"
        )
        / (2 if ahead == 0 else 1)
        for ahead in range(days + 1)
    }


def add_up(parts: Sequence[Days]) -> Days:
    total: Days = {}
    for days in parts:
        for day, amount in days.items():
            total[day] = total.get(day, Decimal(0)) + amount
    return total


def outlook_of(parts: Mapping[Scope, Days], *, data_until: datetime = NOON, today: date = TODAY) -> Outlook:
    """Forecast an organization whose models are given; half of everything belongs to the search team."""
    models = {scope: days for scope, days in parts.items() if scope.kind is ScopeKind.MODEL}
    whole = add_up(list(models.values()))
    search = {day: amount / 2 for day, amount in whole.items()}
    centers = {SEARCH: search, NOBODY: {day: whole[day] - amount for day, amount in search.items()}}
    scopes = {WHOLE_ORGANIZATION: whole, **centers, **models}
    origin = origin_of(data_until, "UTC")
    return forecast_months(
        [ScopeSpend(scope=scope, days=days) for scope, days in scopes.items()],
        origin=origin,
        months=months_to_forecast(origin, today),
        data_until=data_until,
        made_at=NOON,
    )


def by_scope(outlook: Outlook, month: Month = NOVEMBER) -> dict[Scope, PublishedForecast]:
    return {forecast.scope: forecast for forecast in outlook.forecasts if forecast.month == month}


def lively_outlook() -> Outlook:
    return outlook_of(
        {
            SONNET: lively(100, days=120, seed=1),
            NOVA: lively(20, days=120, seed=2),
            LLAMA: lively(50, days=40, seed=3),
        }
    )


LIVELY = lively_outlook()


def test_the_rest_of_a_steady_month_is_what_it_was() -> None:
    days = {**constant("24", days=60), TODAY: Decimal(12)}

    forecast = by_scope(outlook_of({SONNET: days}))[WHOLE_ORGANIZATION]

    assert forecast.spent_to_date == 19 * 24 + 12
    assert forecast.total == 30 * 24
    assert [day.amount for day in forecast.days] == [12, *[24] * 10]
    assert [day.date for day in forecast.days] == [date(2026, 11, number) for number in range(20, 31)]


def test_what_is_known_of_today_counts_as_spent_and_its_unknown_hours_are_forecast() -> None:
    """Half of today is known, and it was five times as dear as usual: the other half is taken to be usual again."""
    days = {**constant("24", days=60), TODAY: Decimal(60)}

    forecast = by_scope(outlook_of({SONNET: days}))[WHOLE_ORGANIZATION]

    assert forecast.spent_to_date == 19 * 24 + 60
    assert forecast.days[0].amount == 12
    assert forecast.total == 19 * 24 + 60 + 12 + 10 * 24


def test_what_a_faster_source_knows_of_later_days_is_not_forecast_again() -> None:
    """One source stopped on the 18th at noon; the other has gone on, with 10 of the usual 24 a day, and once 30."""
    days = {
        **constant("24", days=60, until=date(2026, 11, 18)),
        date(2026, 11, 18): Decimal(18),
        date(2026, 11, 19): Decimal(10),
        TODAY: Decimal(30),
    }

    data_until = datetime(2026, 11, 18, 12, tzinfo=UTC)
    forecast = by_scope(outlook_of({SONNET: days}, data_until=data_until))[WHOLE_ORGANIZATION]

    assert forecast.spent_to_date == 17 * 24 + 18 + 10 + 30
    assert [day.amount for day in forecast.days[:4]] == [12, 14, 0, 24]


@pytest.mark.parametrize("kind", [ScopeKind.COST_CENTER_OWN, ScopeKind.MODEL])
def test_parts_add_up_to_the_whole_to_the_last_digit(kind: ScopeKind) -> None:
    forecasts = by_scope(LIVELY)
    whole, parts = forecasts[WHOLE_ORGANIZATION], [one for one in forecasts.values() if one.scope.kind is kind]

    assert sum(part.total for part in parts) == whole.total
    assert sum(part.spent_to_date for part in parts) == whole.spent_to_date
    for index, day in enumerate(whole.days):
        assert sum(part.days[index].amount for part in parts) == day.amount


@pytest.mark.parametrize(
    "forecast", LIVELY.forecasts, ids=lambda forecast: f"{forecast.scope.kind} {forecast.scope.key}"
)
def test_bounds_are_in_order_and_the_path_leads_to_the_total(forecast: PublishedForecast) -> None:
    lower = [forecast.spent_to_date, forecast.lo_95, forecast.lo_80, forecast.lo_50, forecast.total]
    upper = [forecast.total, forecast.hi_50, forecast.hi_80, forecast.hi_95]
    last = forecast.days[-1]

    assert lower == sorted(lower)
    assert upper == sorted(upper)
    assert forecast.lo_80 < forecast.total < forecast.hi_80
    assert forecast.spent_to_date + sum(day.amount for day in forecast.days) == forecast.total
    assert (last.running_total, last.lo_80, last.hi_80, last.lo_95, last.hi_95) == (
        forecast.total,
        forecast.lo_80,
        forecast.hi_80,
        forecast.lo_95,
        forecast.hi_95,
    )
    for before, after in pairwise(forecast.days):
        assert after.lo_80 >= before.lo_80
        assert after.hi_95 >= before.hi_95
        assert after.lo_95 <= after.lo_80 <= after.running_total <= after.hi_80 <= after.hi_95


def test_an_organization_with_a_past_is_calibrated() -> None:
    assert {forecast.calibrated for forecast in LIVELY.forecasts} == {True}
    assert LIVELY.choice.reason is ChoiceReason.RECOMMENDED
    assert {forecast.method for forecast in LIVELY.forecasts} == {"median_of_five"}
    assert LIVELY.left_out == {}


def test_the_same_data_give_the_same_forecasts() -> None:
    assert lively_outlook() == LIVELY


def test_a_young_organization_says_that_it_is_not_calibrated() -> None:
    forecast = by_scope(outlook_of({SONNET: constant("24", days=5)}))[WHOLE_ORGANIZATION]

    assert not forecast.calibrated
    assert forecast.history_days == 5
    assert forecast.lo_80 < Decimal("0.6") * forecast.total
    assert forecast.hi_80 > Decimal("1.5") * forecast.total


def test_a_new_model_of_a_calibrated_organization_is_not_calibrated_itself() -> None:
    parts = {SONNET: lively(100, days=120, seed=1), NOVA: lively(20, days=120, seed=2), LLAMA: constant("5", days=8)}

    forecasts = by_scope(outlook_of(parts))

    assert {scope.key: one.calibrated for scope, one in forecasts.items() if scope.kind is ScopeKind.MODEL} == {
        SONNET.key: True,
        NOVA.key: True,
        LLAMA.key: False,
    }
    assert forecasts[LLAMA].history_days == 8


def test_a_scope_that_began_today_goes_on_at_todays_pace() -> None:
    forecast = by_scope(outlook_of({SONNET: {TODAY: Decimal(12)}}))[WHOLE_ORGANIZATION]

    assert forecast.spent_to_date == 12
    assert forecast.total == 24 + 10 * 24
    assert not forecast.calibrated


def test_a_scope_that_nothing_was_spent_in_lately_is_expected_to_stay_so() -> None:
    stopped = constant("24", days=30, until=date(2026, 10, 1))

    forecasts = by_scope(outlook_of({SONNET: constant("24", days=120), NOVA: stopped}))

    assert forecasts[NOVA].total == 0
    assert forecasts[NOVA].hi_95 == 0
    assert forecasts[SONNET].total == forecasts[WHOLE_ORGANIZATION].total


def test_a_month_that_is_over_is_closed_at_what_was_spent() -> None:
    december = date(2026, 12, 1)
    days = {**constant("24", days=60, until=december), december: Decimal(1)}
    data_until = datetime(2026, 12, 1, 1, tzinfo=UTC)

    outlook = outlook_of({SONNET: days}, data_until=data_until, today=december)

    closed, open_ = (by_scope(outlook, month)[WHOLE_ORGANIZATION] for month in (NOVEMBER, Month(2026, 12)))
    assert {closed.spent_to_date, closed.total, closed.lo_95, closed.hi_95} == {Decimal(720)}
    assert closed.days == ()
    assert (open_.spent_to_date, open_.total) == (Decimal(1), Decimal(1 + 23 + 30 * 24))
    assert len(open_.days) == 31


def test_a_later_month_is_forecast_from_its_first_day_on() -> None:
    """Data until 28 November, 2 December today: nothing of December is known."""
    data_until = datetime(2026, 11, 28, tzinfo=UTC)
    days = constant("24", days=60, until=date(2026, 11, 28))

    outlook = outlook_of({SONNET: days}, data_until=data_until, today=date(2026, 12, 2))

    december = by_scope(outlook, Month(2026, 12))[WHOLE_ORGANIZATION]
    assert (december.spent_to_date, december.total) == (Decimal(0), Decimal(31 * 24))
    assert december.days[0].date == date(2026, 12, 1)


def test_no_month_needs_no_forecast() -> None:
    origin = Origin(current_day=TODAY, share_unknown=0.5)
    spend = [ScopeSpend(scope=WHOLE_ORGANIZATION, days=constant("1", days=30))]

    outlook = forecast_months(spend, origin=origin, months=(), data_until=NOON, made_at=NOON)

    assert outlook.forecasts == ()


def test_members_that_fail_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: AutoEts, _: FloatArray, __: int) -> Forecast:
        raise MethodFailed(self.name)

    monkeypatch.setattr(AutoEts, "forecast", fail)

    outlook = outlook_of({SONNET: lively(100, days=20, seed=1)})

    assert outlook.left_out == {"auto_ets": 4}  # the organization, the model, two cost centers
