"""Forecasting an organization: what is read, what is stored, what a second run changes, and when it is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.domain.audit import SYSTEM
from accounts.models import CostCenter
from accounts.operations.cost_centers import move_cost_center
from accounts.tenancy.context import organization_scope
from billing.domain.periods import DAY, Month
from billing.models import AwsConnection, CollectionWindow, HourlyUsage, UsageSeries
from billing.operations.rating import roll_up
from forecasting.domain.series import PARTITIONS, WHOLE_ORGANIZATION, Scope, ScopeKind
from forecasting.models import BacktestScore, ForecastPoint, ForecastRun
from forecasting.operations.forecasts import (
    DataTooOld,
    NothingToForecast,
    forecast_organization,
    forecast_organization_if_due,
)
from forecasting.queries.forecasts import find_forecast, list_forecasts
from tests.cast import NOW, Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.billing import make_window
from tests.factories.forecasting import make_data_until, make_series, make_spend

NOVEMBER = Month(2026, 11)
CENTER_KINDS = (ScopeKind.COST_CENTER, ScopeKind.COST_CENTER_OWN)
# 18:00 on 10 November in Tokyo: a quarter of the day is left.
UNTIL = NOW
NOON_IN_TOKYO = datetime(2026, 11, 10, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

Row = dict[str, object]


def noons(days: int, cost: int = 24) -> dict[datetime, str | int | None]:
    """A cost at noon of so many days in Tokyo, today's the last."""
    return {NOON_IN_TOKYO - ahead * DAY: cost for ahead in range(days)}


def rows_of_runs() -> list[Row]:
    return [
        dict(row) for row in ForecastRun.objects.order_by("scope_kind", "scope_key", "month", "data_until").values()
    ]


def rows_of_points() -> list[Row]:
    columns = (
        "run__scope_kind",
        "run__scope_key",
        "date",
        "amount",
        "running_total",
        "lo_80",
        "hi_80",
        "lo_95",
        "hi_95",
    )
    return [dict(row) for row in ForecastPoint.objects.order_by(*columns[:3]).values(*columns)]


@pytest.fixture
def search(cast: Cast) -> Iterator[CostCenter]:
    """The Search team of Acme: 24 dollars a day of Nova for 40 days, beside 6 of Llama that nobody owns."""
    with inside(cast.acme):
        center = make_cost_center(code="search")
        make_data_until(UNTIL)
        make_spend(noons(40), series=make_series(model_id="nova-pro", cost_center=center))
        make_spend(noons(40, cost=6), series=make_series(model_id="llama3-70b"))
    with organization_scope(cast.acme.id):
        yield center


def test_every_scope_is_forecast_to_the_end_of_the_organizations_month(search: CostCenter, cast: Cast) -> None:
    forecast_organization(now=NOW)

    with inside(cast.acme):
        totals = {one.scope: (one.spent_to_date, one.total) for one in list_forecasts(month=NOVEMBER, as_of=NOW)}
        days = [day.date for day in list_forecasts(month=NOVEMBER, as_of=NOW)[0].days]
    assert totals == {
        WHOLE_ORGANIZATION: (Decimal(300), Decimal(300) + Decimal("7.5") + 600),
        **{Scope(kind, ""): (Decimal(60), Decimal(60) + Decimal("1.5") + 120) for kind in CENTER_KINDS},
        **{Scope(kind, str(search.pk)): (Decimal(240), Decimal(240) + Decimal(6) + 480) for kind in CENTER_KINDS},
        Scope(ScopeKind.MODEL, "llama3-70b"): (Decimal(60), Decimal(60) + Decimal("1.5") + 120),
        Scope(ScopeKind.MODEL, "nova-pro"): (Decimal(240), Decimal(240) + Decimal(6) + 480),
    }
    assert days == [date(2026, 11, number) for number in range(10, 31)]


def test_a_branch_is_forecast_with_all_that_stands_below_it(search: CostCenter, cast: Cast) -> None:
    """Search moves below Engineering in the middle of the month: its first days stay with nobody above."""
    with inside(cast.acme):
        top = make_cost_center(code="engineering")
        make_spend(noons(40, cost=2), series=make_series(model_id="titan", cost_center=top))
        move_cost_center(actor=SYSTEM, cost_center_id=search.pk, parent_id=top.pk, from_date=date(2026, 11, 6), now=NOW)
    made = {one.scope: one for one in forecast_organization(now=NOW).forecasts}
    branch, own, below = (
        made[Scope(kind, str(center.pk))]
        for kind, center in (
            (ScopeKind.COST_CENTER, top),
            (ScopeKind.COST_CENTER_OWN, top),
            (ScopeKind.COST_CENTER_OWN, search),
        )
    )

    assert branch.spent_to_date == own.spent_to_date + 5 * 24
    assert branch.total - branch.spent_to_date == (own.total - own.spent_to_date) + (below.total - below.spent_to_date)
    assert [day.amount for day in branch.days] == [
        one.amount + other.amount for one, other in zip(own.days, below.days, strict=True)
    ]
    assert branch.lo_80 <= branch.total <= branch.hi_80
    whole = made[WHOLE_ORGANIZATION]
    for kind in PARTITIONS:
        assert sum(one.total for one in made.values() if one.scope.kind is kind) == whole.total


@pytest.mark.usefixtures("search")
def test_what_was_made_is_what_is_found(cast: Cast) -> None:
    made = forecast_organization(now=NOW)

    with inside(cast.acme):
        found = [find_forecast(one.scope, month=one.month, as_of=NOW) for one in made.forecasts]
    assert found == list(made.forecasts)
    assert {(one.method, one.calibrated, one.history_days) for one in made.forecasts} == {("median_of_five", False, 39)}


@pytest.mark.usefixtures("search")
def test_forecasting_twice_on_the_same_data_gives_the_same_rows(cast: Cast) -> None:
    forecast_organization(now=NOW)
    with inside(cast.acme):
        first = rows_of_runs(), rows_of_points(), list(BacktestScore.objects.order_by("id").values())

    forecast_organization(now=NOW)

    with inside(cast.acme):
        assert (rows_of_runs(), rows_of_points(), list(BacktestScore.objects.order_by("id").values())) == first


@pytest.mark.usefixtures("search")
def test_restated_data_until_the_same_moment_replace_what_was_said(cast: Cast) -> None:
    forecast_organization(now=NOW)
    with inside(cast.acme):
        nova = list(UsageSeries.objects.filter(model_id="nova-pro").values_list("id", flat=True))
        first = HourlyUsage.objects.filter(series_id__in=nova).earliest("hour").hour
        HourlyUsage.objects.filter(series_id__in=nova).delete()
        # As the product restates: whole days are read out of the roll-up, so it is made anew with the hours.
        roll_up(nova, first, NOW)
        before = ForecastRun.objects.count()

    forecast_organization(now=NOW + MINUTE)

    with inside(cast.acme):
        runs = list_forecasts(month=NOVEMBER, as_of=NOW + MINUTE)
        after = ForecastRun.objects.count()
    assert (before, after) == (7, 4)
    assert runs[0].total == Decimal(60) + Decimal("1.5") + 120


@pytest.mark.usefixtures("search")
def test_a_forecast_says_that_the_past_was_still_being_read(cast: Cast) -> None:
    with inside(cast.acme):
        AwsConnection.objects.update(connected_at=NOW - MINUTE)
        connection = AwsConnection.objects.get()
        left = make_window(connection, start=NOW - 600 * DAY, end=NOW - 400 * DAY)

    reading = forecast_organization(now=NOW)
    with inside(cast.acme):
        in_force = find_forecast(WHOLE_ORGANIZATION, month=NOVEMBER, as_of=NOW)
        CollectionWindow.objects.filter(pk=left.pk).update(state="DONE", filled_until=left.window_end)
    done = forecast_organization(now=NOW + MINUTE)

    assert {forecast.is_provisional for forecast in reading.forecasts} == {True}
    assert in_force is not None
    assert in_force.is_provisional
    assert {forecast.is_provisional for forecast in done.forecasts} == {False}


@pytest.mark.usefixtures("search")
def test_newer_data_add_a_forecast_and_only_the_newest_of_a_day_keeps_its_days(cast: Cast) -> None:
    forecast_organization(now=NOW)
    later = UNTIL + timedelta(hours=2)
    with inside(cast.acme):
        CollectionWindow.objects.update(filled_until=later)

    forecast_organization(now=later)

    with inside(cast.acme):
        earlier, newest = (find_forecast(WHOLE_ORGANIZATION, month=NOVEMBER, as_of=at) for at in (NOW, later))
    assert earlier is not None
    assert newest is not None
    assert (earlier.data_until, earlier.total, earlier.days) == (UNTIL, Decimal("907.5"), ())
    assert (newest.data_until, newest.total, len(newest.days)) == (later, Decimal(905), 21)


@pytest.mark.usefixtures("search")
def test_the_days_of_an_earlier_day_are_kept(cast: Cast) -> None:
    forecast_organization(now=NOW)
    tomorrow = UNTIL + DAY
    with inside(cast.acme):
        CollectionWindow.objects.update(filled_until=tomorrow)

    forecast_organization(now=tomorrow)

    with inside(cast.acme):
        earlier = find_forecast(WHOLE_ORGANIZATION, month=NOVEMBER, as_of=NOW)
    assert earlier is not None
    assert len(earlier.days) == 21


@pytest.mark.usefixtures("search")
def test_the_scores_that_speak_for_the_method_are_kept(cast: Cast) -> None:
    forecast_organization(now=NOW)

    with inside(cast.acme):
        scores = list(BacktestScore.objects.order_by("method").values_list("method", "is_chosen", "reason"))
    assert scores == [
        ("median_of_five", True, "TOO_LITTLE_HISTORY"),
        ("seasonal_naive", False, "TOO_LITTLE_HISTORY"),
    ]


@pytest.mark.usefixtures("search")
def test_another_organization_sees_nothing_of_it(cast: Cast) -> None:
    forecast_organization(now=NOW)

    with inside(cast.globex):
        assert list_forecasts(month=NOVEMBER, as_of=NOW) == ()
        assert find_forecast(WHOLE_ORGANIZATION, month=NOVEMBER, as_of=NOW) is None


def test_without_any_source_there_is_nothing_to_forecast(cast: Cast) -> None:
    with organization_scope(cast.acme.id), pytest.raises(NothingToForecast):
        forecast_organization(now=NOW)


def test_without_any_spend_there_is_nothing_to_forecast(cast: Cast) -> None:
    with inside(cast.acme):
        make_data_until(UNTIL)
    with organization_scope(cast.acme.id), pytest.raises(NothingToForecast):
        forecast_organization(now=NOW)


@pytest.mark.usefixtures("search")
def test_data_that_are_months_old_are_not_forecast_from() -> None:
    forecast_organization(now=NOW + 20 * DAY)  # to the end of November from its tenth day

    with pytest.raises(DataTooOld, match="2026-11-10"):
        forecast_organization(now=NOW + 90 * DAY)


@pytest.mark.usefixtures("search")
def test_a_forecast_is_made_when_something_was_stored_and_not_again_without_news(cast: Cast) -> None:
    first = forecast_organization_if_due(now=NOW + MINUTE)
    second = forecast_organization_if_due(now=NOW + 2 * MINUTE)
    with inside(cast.acme):
        CollectionWindow.objects.update(stored_at=NOW + 3 * MINUTE)
    third = forecast_organization_if_due(now=NOW + 4 * MINUTE)

    assert [made is not None for made in (first, second, third)] == [True, False, True]


def test_an_organization_without_spend_is_left_alone(cast: Cast) -> None:
    with organization_scope(cast.acme.id):
        assert forecast_organization_if_due(now=NOW) is None
    with inside(cast.acme):
        make_data_until(UNTIL)
    with organization_scope(cast.acme.id):
        assert forecast_organization_if_due(now=NOW) is None
