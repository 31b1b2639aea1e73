"""Budgets over REST: what a program may do, and how nonsense is answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from forecasting.models import Budget
from forecasting.queries.budgets import list_budgets
from tests.cast import NOW, Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.forecasting import (
    make_alert_rule,
    make_budget,
    make_channel,
    make_data_until,
    make_forecast,
    make_rate,
    make_spend,
)
from tests.forecasting.api.conftest import Api

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.usefixtures("still_clock")]

BODY = {"name": "Search team", "amount": "4300", "currency": "USD"}


def test_a_budget_is_created_with_scope_owner_and_thresholds(api: Api, cast: Cast) -> None:
    with inside(cast.acme):
        make_cost_center(code="search", name="Search team")
        channel = make_channel()
    answer = api.send(
        "post",
        "budgets/",
        {
            **BODY,
            "scope": {"kind": "COST_CENTER", "key": "search"},
            "owner_user_id": cast.ada.pk,
            "thresholds": [
                {"kind": "FORECAST", "percent": "100"},
                {"kind": "ACTUAL", "percent": 80, "channels": [channel.pk]},
            ],
        },
    )

    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert body["scope"] == {"kind": "COST_CENTER", "key": "search", "name": "Search team"}
    assert body["owner"] == {"user_id": cast.ada.pk, "name": "Ada"}
    assert body["thresholds"] == [
        {"kind": "ACTUAL", "percent": "80", "channels": [channel.pk]},
        {"kind": "FORECAST", "percent": "100", "channels": []},
    ]
    assert (body["amount"], body["currency"], body["basis"], body["period"], body["version"]) == (
        "4300",
        "USD",
        "rated",
        "MONTH",
        1,
    )
    assert api.get(f"budgets/{body['id']}/").json() == body


def test_a_budget_tells_where_it_stands_and_on_data_until_when(api: Api, cast: Cast) -> None:
    with inside(cast.acme):
        make_data_until(NOW - timedelta(hours=4))
        make_spend({NOW - timedelta(hours=30): 240, NOW - timedelta(hours=5): "10.5"})
        make_rate("JPY", units="150")
        budget = make_budget(amount=Decimal(150_000), currency="JPY")
        make_forecast(1280, made_at=NOW - timedelta(hours=1))
    status = api.get(f"budgets/{budget.pk}/").json()["status"]

    assert status["spent"] == "37575"
    assert status["spent_percent"] == "25.05"
    assert status["left"] == "112425"
    assert status["exchange_rate"] == {"units_per_usd": "150", "month": "2026-11"}
    assert status["data_until"] == "2026-11-10T05:00:00Z"
    assert status["evaluated_at"] == "2026-11-10T09:00:00Z"
    assert status["lag_seconds"] == 4 * 3600
    assert Decimal(status["worst_overshoot"]) == 240 * 150 / Decimal(6)
    assert status["forecast"]["total"] == "192000"
    assert status["forecast"]["crossing_date"] == "2026-11-29"


def test_the_list_is_by_name_paged_and_without_closed_ones(api: Api, cast: Cast) -> None:
    with inside(cast.acme):
        for name in ("c", "B", "a"):
            make_budget(name=name)
        make_budget(name="closed", closed_at=NOW)
    first = api.get("budgets/", limit=2).json()
    second = api.get("budgets/", limit=2, after=first["next"]).json()

    assert [row["name"] for row in (*first["rows"], *second["rows"])] == ["a", "B", "c"]
    assert second["next"] is None
    closed = api.get("budgets/", closed="true").json()["rows"]
    assert [row["status"] for row in closed if row["name"] == "closed"] == [None]


def test_a_patch_changes_what_is_sent_and_nothing_else(api: Api, cast: Cast) -> None:
    with inside(cast.acme):
        budget = make_budget(name="Search team", owner=cast.ada, owner_label="Ada")
        make_alert_rule(budget, percent=80)
    before = api.get(f"budgets/{budget.pk}/").json()

    changed = api.send("patch", f"budgets/{budget.pk}/", {"amount": "6000"}).json()
    assert {**changed, "status": None} == {**before, "amount": "6000", "version": 2, "status": None}

    changed = api.send("patch", f"budgets/{budget.pk}/", {"owner_user_id": None, "thresholds": []}).json()
    assert (changed["owner"], changed["thresholds"]) == (None, [])


def test_a_patch_of_a_version_that_is_gone_is_a_conflict(api: Api, cast: Cast) -> None:
    with inside(cast.acme):
        budget = make_budget(version=3)
    answer = api.send("patch", f"budgets/{budget.pk}/", {"amount": "6000", "version": 2})

    assert answer.status_code == 409
    assert answer.json()["code"] == "budget_changed_meanwhile"
    with inside(cast.acme):
        assert Budget.objects.get().amount == 1000


def test_delete_closes_and_a_second_one_conflicts(api: Api, cast: Cast) -> None:
    with inside(cast.acme):
        budget = make_budget()
    assert api.send("delete", f"budgets/{budget.pk}/").status_code == 204
    assert api.send("delete", f"budgets/{budget.pk}/").status_code == 409
    assert api.get(f"budgets/{budget.pk}/").json()["closed_at"] == "2026-11-10T09:00:00Z"


def test_a_repeated_write_creates_one_budget(api: Api, cast: Cast) -> None:
    first = api.send("post", "budgets/", BODY, Idempotency_Key="budget-1")
    again = api.send("post", "budgets/", BODY, Idempotency_Key="budget-1")

    assert first.json() == again.json()
    with inside(cast.acme):
        assert Budget.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"amount": "0"}, "budget_amount_invalid", "amount"),
        ({"amount": "-1"}, "budget_amount_invalid", "amount"),
        ({"amount": "lots"}, "invalid", "amount"),
        ({"amount": "NaN"}, "invalid", "amount"),
        ({"amount": "1e400"}, "max_digits", "amount"),
        ({"amount": "1.234"}, "max_decimal_places", "amount"),
        ({"amount": None}, "null", "amount"),
        ({"amount": [1]}, "invalid", "amount"),
        ({"currency": "yen"}, "invalid", "currency"),
        ({"currency": "YENS"}, "invalid", "currency"),
        ({"currency": "JPY"}, "currency_without_rate", "currency"),
        ({"name": ""}, "blank", "name"),
        ({"name": "x" * 10_000}, "max_length", "name"),
        ({"name": "two\nlines"}, "budget_name_invalid", "name"),
        ({"name": "\ud800"}, "surrogate_characters_not_allowed", "name"),
        ({"name": 5.5, "amuont": 1}, "unknown_field", "amuont"),
        ({"budget_limit": 5}, "unknown_field", "budget_limit"),
        ({"version": 1}, "unknown_field", "version"),
        ({"scope": {"kind": "COST_CENTER", "key": "nobody"}}, "budget_scope_unknown", "scope.key"),
        ({"scope": {"kind": "COST_CENTER"}}, "budget_scope_unknown", "scope.key"),
        ({"scope": {"kind": "ORGANIZATION", "key": "x"}}, "budget_scope_unknown", "scope.key"),
        ({"scope": {"kind": "MODEL", "key": "no.such"}}, "budget_scope_unknown", "scope"),
        ({"scope": {"kind": "PLANET", "key": "x"}}, "invalid_choice", "scope.kind"),
        ({"scope": {"kind": "MODEL", "key": "x", "more": 1}}, "unknown_field", "scope.more"),
        ({"scope": "search"}, "invalid", "scope"),
        ({"owner_user_id": 999_999}, "owner_is_no_member", "owner"),
        ({"owner_user_id": 10**30}, "max_value", "owner_user_id"),
        ({"thresholds": [{"kind": "ACTUAL", "percent": "0"}]}, "threshold_invalid", "thresholds"),
        ({"thresholds": [{"kind": "ACTUAL", "percent": "80.55"}]}, "max_decimal_places", "thresholds.0.percent"),
        ({"thresholds": [{"kind": "GUESS", "percent": "80"}]}, "invalid_choice", "thresholds.0.kind"),
        ({"thresholds": [{"percent": "80"}]}, "required", "thresholds.0.kind"),
        ({"thresholds": [{"kind": "ACTUAL", "percnt": "80"}]}, "unknown_field", "thresholds.0.percnt"),
        ({"thresholds": [{"kind": "ACTUAL", "percent": "80"}] * 2}, "threshold_repeated", "thresholds"),
        ({"thresholds": [{"kind": "ACTUAL", "percent": "80"}] * 11}, "max_length", "thresholds"),
        (
            {"thresholds": [{"kind": "ACTUAL", "percent": "80", "channels": [999_999]}]},
            "channel_unknown",
            "thresholds",
        ),
        ({"thresholds": "80"}, "not_a_list", "thresholds"),
    ],
)
def test_nonsense_is_named_and_changes_nothing(
    api: Api, cast: Cast, change: Mapping[str, Any], code: str, field: str
) -> None:
    answer = api.send("post", "budgets/", {**BODY, **change})

    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.json()["errors"][0]["code"], answer.json()["errors"][0]["field"]) == (code, field)
    with inside(cast.acme):
        assert list_budgets() == ()


@pytest.mark.parametrize("missing", [{"kind": "ACTUAL"}, {"percent": "80"}, {}])
def test_half_a_threshold_in_a_patch_is_refused_too(api: Api, cast: Cast, missing: Mapping[str, str]) -> None:
    with inside(cast.acme):
        budget = make_budget()
    answer = api.send("patch", f"budgets/{budget.pk}/", {"thresholds": [missing]})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "required"


@pytest.mark.parametrize("body", ["id,name\n1,x", "[]", "null", "5", '{"name": ', ""])
def test_something_other_than_an_object_is_refused(api: Api, body: str) -> None:
    answer = api.send("post", "budgets/", body)

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_a_taken_name_is_a_conflict(api: Api, cast: Cast) -> None:
    with inside(cast.acme):
        make_budget(name="SEARCH team")
    answer = api.send("post", "budgets/", BODY)

    assert answer.status_code == 409
    assert answer.json()["errors"][0]["field"] == "name"


def test_a_key_without_the_right_cannot_raise_a_budget(viewer_api: Api, cast: Cast) -> None:
    with inside(cast.acme):
        budget = make_budget()
    assert viewer_api.get(f"budgets/{budget.pk}/").status_code == 200
    for method, path in (("post", "budgets/"), ("patch", f"budgets/{budget.pk}/"), ("delete", f"budgets/{budget.pk}/")):
        assert viewer_api.send(method, path, BODY).status_code == 403


def test_globex_sees_nothing_of_acme(globex_api: Api, cast: Cast) -> None:
    with inside(cast.acme):
        budget = make_budget()
    assert globex_api.get("budgets/").json()["rows"] == []
    assert globex_api.get(f"budgets/{budget.pk}/").status_code == 404
    assert globex_api.send("patch", f"budgets/{budget.pk}/", {"amount": "1"}).status_code == 404
    assert globex_api.send("delete", f"budgets/{budget.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"nonsense": 1}, "nonsense"),
        ({"closed": "perhaps"}, "closed"),
        ({"limit": 0}, "limit"),
        ({"after": "x"}, "after"),
    ],
)
def test_an_unknown_parameter_is_named(api: Api, parameters: Mapping[str, Any], field: str) -> None:
    answer = api.get("budgets/", **parameters)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


def test_a_budget_is_changed_and_closed_by_the_version_that_was_read(api: Api) -> None:
    created = api.send("post", "budgets/", {"name": "All", "amount": "1000", "currency": "USD"})
    where = f"budgets/{created.json()['id']}/"
    assert created["ETag"] == api.get(where)["ETag"] == '"1"'
    assert api.send("patch", where, {"amount": "2000"}, If_Match='"1"')["ETag"] == '"2"'

    late = [
        api.send("patch", where, {"amount": "3000"}, If_Match='"1"'),
        api.send("delete", where, If_Match='"1"'),
    ]
    contradicted = api.send("patch", where, {"amount": "3000", "version": 2}, If_Match='"1"')
    malformed = api.send("patch", where, {"amount": "3000"}, If_Match="2")

    assert [(answer.status_code, answer.json()["code"]) for answer in late] == [(412, "budget_changed_meanwhile")] * 2
    assert (contradicted.status_code, contradicted.json()["code"]) == (400, "version_contradicted")
    assert (malformed.status_code, malformed.json()["code"]) == (400, "if_match_malformed")
    assert api.get(where).json()["amount"] == "2000"
    assert api.send("patch", where, {"amount": "4000"}, If_Match="*").status_code == 200
    assert api.send("delete", where, If_Match='W/"3"').status_code == 204


def test_what_has_no_versions_takes_no_if_match(api: Api) -> None:
    answer = api.send("post", "budgets/", {"name": "All", "amount": "1", "currency": "USD"}, If_Match='"1"')

    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
