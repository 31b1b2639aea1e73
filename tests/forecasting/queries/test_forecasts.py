"""The forecast in force: the newest that was made by then, with the parts of the same run."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.domain.periods import Month
from forecasting.domain.series import WHOLE_ORGANIZATION, Scope, ScopeKind
from forecasting.queries.forecasts import NewestForecast, find_forecast, find_newest_forecast, list_forecasts
from tests.cast import NOW, Cast, inside
from tests.factories.forecasting import make_forecast

NOVEMBER, OCTOBER = Month(2026, 11), Month(2026, 10)
SEARCH = Scope(ScopeKind.COST_CENTER, "7")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def forecasts(cast: Cast) -> Cast:
    """At nine o'clock 1,000 and 400 for Search; a minute later 1,100 and Search has fallen out of it."""
    with inside(cast.acme):
        make_forecast(1000, made_at=NOW)
        make_forecast(400, made_at=NOW, scope_kind=SEARCH.kind, scope_key=SEARCH.key)
        make_forecast(1100, made_at=NOW + MINUTE)
    return cast


@pytest.mark.parametrize(("minutes", "total"), [(-1, None), (0, 1000), (0.5, 1000), (1, 1100), (999, 1100)])
def test_the_newest_forecast_made_by_then_is_in_force(forecasts: Cast, minutes: float, total: int | None) -> None:
    with inside(forecasts.acme):
        found = find_forecast(WHOLE_ORGANIZATION, month=NOVEMBER, as_of=NOW + minutes * MINUTE)

    assert (None if found is None else int(found.total)) == total


def test_a_scope_or_month_that_was_not_forecast_has_none(forecasts: Cast) -> None:
    with inside(forecasts.acme):
        assert find_forecast(WHOLE_ORGANIZATION, month=OCTOBER, as_of=NOW) is None
        assert find_forecast(Scope(ScopeKind.MODEL, "nova-pro"), month=NOVEMBER, as_of=NOW) is None


def test_a_forecast_has_its_days_in_order(forecasts: Cast) -> None:
    with inside(forecasts.acme):
        found = find_forecast(SEARCH, month=NOVEMBER, as_of=NOW)

    assert found is not None
    assert found.scope == SEARCH
    assert [(day.date.day, int(day.running_total)) for day in found.days] == [(28, 240), (29, 320), (30, 400)]


@pytest.mark.parametrize(
    ("minutes", "kind", "totals"),
    [
        (-1, None, []),
        (0, None, [1000, 400]),
        (0, ScopeKind.COST_CENTER, [400]),
        (0, ScopeKind.MODEL, []),
        (1, None, [1100]),
    ],
)
def test_a_list_is_of_one_run(forecasts: Cast, minutes: int, kind: ScopeKind | None, totals: list[int]) -> None:
    with inside(forecasts.acme):
        found = list_forecasts(month=NOVEMBER, as_of=NOW + minutes * MINUTE, kind=kind)

    assert [int(one.total) for one in found] == totals


def test_the_newest_forecast_tells_when_and_on_which_data(forecasts: Cast) -> None:
    with inside(forecasts.acme):
        assert find_newest_forecast() == NewestForecast(
            made_at=NOW + MINUTE, data_until=NOW + MINUTE, is_provisional=False
        )
    with inside(forecasts.globex):
        assert find_newest_forecast() is None
