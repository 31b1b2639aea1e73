"""Forecasts over REST: those in force with bands and days, those of the past with how right they were."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus

import pytest

from tests.cast import NOW, Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.forecasting import make_data_until, make_forecast, make_series, make_spend
from tests.forecasting.api.conftest import Api

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("still_clock")]

OCTOBER = date(2026, 10, 1)


def test_the_month_is_told_with_its_bands_and_days(viewer_api: Api, cast: Cast) -> None:
    with inside(cast.acme):
        center = make_cost_center(code="search", name="Search team")
        for kind, key, total in (
            ("ORGANIZATION", "", 1000),
            ("MODEL", "claude-sonnet-4-5", 1000),
            ("COST_CENTER", str(center.pk), 400),
            ("COST_CENTER_OWN", str(center.pk), 300),
        ):
            make_forecast(total, made_at=NOW, scope_kind=kind, scope_key=key)
    rows = viewer_api.get("forecasts/").json()["rows"]

    assert [(row["scope"]["kind"], row["scope"]["key"], row["total"]) for row in rows] == [
        ("ORGANIZATION", "", "1000"),
        ("COST_CENTER", "search", "400"),
        ("MODEL", "claude-sonnet-4-5", "1000"),
    ]
    assert rows[1]["scope"]["name"] == "Search team"
    first = rows[0]
    assert (first["lo_95"], first["lo_80"], first["hi_80"], first["hi_95"]) == ("850", "900", "1100", "1150")
    assert (first["month"], first["method"], first["calibrated"], first["provisional"]) == (
        "2026-11",
        "ensemble",
        True,
        False,
    )
    assert (first["made_at"], first["data_until"]) == ("2026-11-10T09:00:00Z", "2026-11-10T09:00:00Z")
    assert [(day["date"], day["running_total"]) for day in first["days"]] == [
        ("2026-11-28", "600"),
        ("2026-11-29", "800"),
        ("2026-11-30", "1000"),
    ]
    assert [row["total"] for row in viewer_api.get("forecasts/", scope="cost_center").json()["rows"]] == ["400"]


def test_what_was_in_force_before_can_be_asked_for(viewer_api: Api, cast: Cast) -> None:
    earlier = NOW - timedelta(days=2)
    with inside(cast.acme):
        make_forecast(900, made_at=earlier)
        make_forecast(1000, made_at=NOW)

    assert [row["total"] for row in viewer_api.get("forecasts/").json()["rows"]] == ["1000"]
    then = viewer_api.get("forecasts/", as_of=earlier.isoformat(), month="2026-11").json()
    assert [row["total"] for row in then["rows"]] == ["900"]
    assert viewer_api.get("forecasts/", month="2026-12").json() == {"rows": [], "next": None}


def test_forecasts_are_walked_page_by_page(viewer_api: Api, cast: Cast) -> None:
    with inside(cast.acme):
        for key in ("", "claude-sonnet-4-5", "nova-pro"):
            make_forecast(1, made_at=NOW, scope_kind="MODEL" if key else "ORGANIZATION", scope_key=key)
    first = viewer_api.get("forecasts/", limit=2).json()
    second = viewer_api.get("forecasts/", limit=2, after=first["next"]).json()

    assert [row["scope"]["key"] for row in first["rows"] + second["rows"]] == ["", "claude-sonnet-4-5", "nova-pro"]
    assert second["next"] is None


def test_a_month_that_is_over_tells_how_right_each_forecast_was(viewer_api: Api, cast: Cast) -> None:
    with inside(cast.acme):
        make_data_until(NOW)
        make_spend({datetime(2026, 10, 5, 3, tzinfo=UTC): 1000}, series=make_series())
        made = datetime(2026, 10, 8, tzinfo=UTC)
        make_forecast(1050, month=OCTOBER, made_at=made)
        make_forecast(1200, month=OCTOBER, made_at=made + timedelta(days=1))
    told = viewer_api.get("forecasts/history/", month="2026-10", limit=1).json()
    rest = viewer_api.get("forecasts/history/", month="2026-10", limit=1, after=told["next"]).json()

    assert (told["month"], told["spent"]) == ("2026-10", "1000")
    assert told["scope"] == {"kind": "ORGANIZATION", "key": "", "name": ""}
    (late,), (early,) = told["rows"], rest["rows"]
    assert (late["total"], late["error_percent"], late["is_in_80"], late["is_in_95"]) == ("1200", "20", False, False)
    assert (early["total"], early["error_percent"], early["is_in_80"]) == ("1050", "5", True)
    assert rest["next"] is None


def test_a_month_that_goes_on_is_not_judged(viewer_api: Api, cast: Cast) -> None:
    with inside(cast.acme):
        make_data_until(NOW)
        center = make_cost_center(code="search", name="Search team")
        make_forecast(400, made_at=NOW, scope_kind="COST_CENTER", scope_key=str(center.pk))
    told = viewer_api.get("forecasts/history/", scope="cost_center", key="search").json()

    assert (told["spent"], told["scope"]["name"]) == (None, "Search team")
    assert [(row["total"], row["error_percent"], row["is_in_80"]) for row in told["rows"]] == [("400", None, None)]


@pytest.mark.parametrize(
    ("path", "asked", "field", "code"),
    [
        ("forecasts/", {"month": "2026-13"}, "month", "not_a_month"),
        ("forecasts/", {"month": "2026-1"}, "month", "not_a_month"),
        ("forecasts/", {"month": "1026-01"}, "month", "not_a_month"),
        ("forecasts/", {"scope": "COST_CENTER_OWN"}, "scope", "invalid_choice"),
        ("forecasts/", {"as_of": "yesterday"}, "as_of", "invalid"),
        ("forecasts/history/", {"scope": "cost_center", "key": "nobody"}, "key", "scope_unknown"),
        ("forecasts/history/", {"key": "search"}, "key", "scope_unknown"),
    ],
)
def test_what_makes_no_sense_is_named(viewer_api: Api, path: str, asked: dict[str, str], field: str, code: str) -> None:
    answer = viewer_api.get(path, **asked)

    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert [(entry["field"], entry["code"]) for entry in answer.json()["errors"]] == [(field, code)]


def test_another_organization_sees_none_of_it(globex_api: Api, cast: Cast) -> None:
    with inside(cast.acme):
        make_forecast(1000, made_at=NOW)

    assert globex_api.get("forecasts/").json()["rows"] == []
    assert globex_api.get("forecasts/history/").json()["rows"] == []
