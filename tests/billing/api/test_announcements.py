"""Announced cuts and price events over REST: figures as text, walls, rights, and the rows behind them."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.domain.roles import Permission
from billing.operations.learnt_rates import learn_rates
from billing.operations.price_events import find_due_price_events
from tests.billing.api.conftest import Api, KeyMaker
from tests.cast import NOW, Cast, inside
from tests.factories.billing import make_connection
from tests.factories.price_events import make_announcement, make_billed_line, make_price_event

FIRST = date(2026, 10, 15)
ANNOUNCED = {
    "title": "A quarter off",
    "percent": "25",
    "first_day": FIRST.isoformat(),
    "source": "A letter",
    "scope": {"models": ["claude-sonnet-4-5"], "routing": "GLOBAL"},
}


@pytest.fixture
def pricing(cast: Cast, make_api: KeyMaker) -> Api:
    """A program of Acme that may register announcements."""
    return make_api(cast.acme, [Permission.VIEW_SPEND, Permission.EDIT_PRICES])


@pytest.fixture
def bill(cast: Cast) -> None:
    """Twenty days: $60 of $100 in scope and a quarter cheaper for the last ten, $40 at another routing."""
    with inside(cast.acme):
        connection = make_connection()
        for routing, tokens, before, after in (("GLOBAL", 2, "3", "2.25"), ("REGIONAL", 1, "4", "4")):
            make_billed_line(
                connection,
                {
                    FIRST + timedelta(days=number): (tokens * 1_000_000, before if number < 0 else after)
                    for number in range(-10, 10)
                },
                routing_class=routing,
            )
        learn_rates(now=NOW)
        find_due_price_events(now=NOW)


def register(api: Api, **changed: Any) -> Any:
    return api.send("POST", "announcements/", {**ANNOUNCED, **changed})


@pytest.mark.usefixtures("bill")
def test_what_was_announced_what_we_got_and_why_not_the_rest(pricing: Api, api: Api, globex_api: Api) -> None:
    answer = register(pricing)
    assert answer.status_code == 201, answer.content
    made = answer.json()
    expected = {
        "standing": "MEASURED",
        "announced_percent": "25",
        "eligible_share": "0.6",
        "realised_percent": "15",
        "rate_before": "3",
        "rate_after": "2.25",
        "value_to_date": "15",
        "value_per_year": "547.5",
        "not_received": {"routing": {"points": "10", "money": "10"}},
        "days_since": 10,
        "billed_until": "2026-10-25",
    }
    assert {name: made[name] for name in expected} == expected
    assert api.get(f"announcements/{made['id']}/").json() == made
    assert api.rows("announcements/") == [made]

    first = api.get(f"announcements/{made['id']}/evidence/", limit=15).json()
    rest = api.get(f"announcements/{made['id']}/evidence/", limit=15, after=first["next"]).json()
    rows = first["rows"] + rest["rows"]
    assert len(rows) == 20
    assert sum(float(row["received"]) for row in rows) == 15
    assert {(row["routing"], row["reason"]) for row in rows} == {("GLOBAL", None), ("REGIONAL", "routing")}

    observed, announced = api.rows("price-events/")[::-1]
    assert {
        name: observed[name]
        for name in ("model", "aws_region", "routing", "tier", "token_class", "rate_before", "rate_after")
    } == {
        "model": "claude-sonnet-4-5",
        "aws_region": "us-east-1",
        "routing": "GLOBAL",
        "tier": "STANDARD",
        "token_class": "input",
        "rate_before": "3",
        "rate_after": "2.25",
    }
    assert (observed["kind"], observed["change_percent"], observed["first_day"]) == ("observed", "-25", "2026-10-15")
    assert (announced["kind"], announced["announcement"]) == ("announced", made["id"])
    assert {name: announced[name] for name in ("realised_percent", "value_to_date", "not_received")} == {
        name: made[name] for name in ("realised_percent", "value_to_date", "not_received")
    }
    assert api.rows("price-events/", kind="observed") == [observed]
    assert api.get(f"price-events/{observed['id']}/").json() == observed
    evidence = api.rows(f"price-events/{observed['id']}/evidence/")
    assert [row["rate"] for row in evidence] == ["2.25"] * 10 + ["3"] * 10

    assert globex_api.rows("price-events/") == globex_api.rows("announcements/") == []
    assert globex_api.get(f"announcements/{made['id']}/").status_code == 404
    assert globex_api.get(f"price-events/{observed['id']}/evidence/").status_code == 404


def test_registering_twice_with_one_key_registers_once_and_withdrawing_keeps_the_row(cast: Cast, pricing: Api) -> None:
    with inside(cast.acme):
        make_billed_line(make_connection(), {})
    headers = {"authorization": f"Bearer {pricing.key}", "idempotency-key": "one"}
    answers = [
        Client().post("/api/v1/announcements/", json.dumps(ANNOUNCED), "application/json", headers=headers)
        for _ in range(2)
    ]
    assert answers[0].status_code == 201
    assert answers[0].json() == answers[1].json()
    (row,) = pricing.rows("announcements/")
    assert row["standing"] == "NO_BILL"

    gone = pricing.send("POST", f"announcements/{row['id']}/withdrawal/").json()
    assert gone["withdrawn_by"] == "A program"
    assert pricing.rows("price-events/", is_withdrawn=True)[0]["announcement"] == row["id"]
    again = pricing.send("POST", f"announcements/{row['id']}/withdrawal/")
    assert (again.status_code, again.json()["code"]) == (409, "announcement_withdrawn")


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"percent": "0"}, "percent_malformed", "percent"),
        ({"percent": "0.25"}, "percent_doubtful", "percent"),
        ({"ends": "2026-10-15"}, "announcement_times", "ends"),
        ({"scope": {"models": ["gpt-99"]}}, "scope_unknown", "models"),
    ],
)
def test_a_refusal_names_the_field(pricing: Api, changed: dict[str, Any], code: str, field: str) -> None:
    answer = register(pricing, **{"scope": {}, **changed}).json()
    assert (answer["code"], answer["errors"][0]["field"]) == (code, field)


def test_pages_hold_events_and_announcements_once_the_latest_first(cast: Cast, api: Api) -> None:
    with inside(cast.acme):
        for number in range(3):
            day = FIRST + timedelta(days=number)
            make_price_event(first_day=day, token_class="output")
            make_announcement(first_day=day)
    found: list[tuple[str, str]] = []
    after: dict[str, str] = {}
    for _ in range(3):
        page = api.get("price-events/", limit=2, **after).json()
        found += [(row["first_day"], row["kind"]) for row in page["rows"]]
        after = {"after": page["next"]}
    assert page["next"] is None
    assert found == [
        (f"2026-10-{day}", kind) for day in (17, 16, 15) for kind in ("announced", "observed")
    ]  # fmt: skip


def test_looking_is_not_registering(api: Api) -> None:
    assert register(api).status_code == 403
