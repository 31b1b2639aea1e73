"""Own prices over REST: entered with their unit, held against the known one, withdrawn again."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from accounts.domain.roles import Permission
from billing.models import PriceOverride
from billing.operations.catalog import sync_price_table
from tests.billing.api.conftest import Api, KeyMaker
from tests.cast import Cast, inside
from tests.factories.billing import make_exchange_rate, make_override
from tests.factories.learnt_rates import make_learnt_rate

pytestmark = pytest.mark.django_db

BODY: dict[str, Any] = {
    "model": "claude-sonnet-4-5",
    "token_class": "input",
    "amount": "0.00225",
    "currency": "USD",
    "per": "1K",
    "routing_class": "GLOBAL",
    "effective_from": "2026-11-01T00:00:00Z",
}


@pytest.fixture
def editor(cast: Cast, make_api: KeyMaker) -> Api:
    sync_price_table(now=datetime(2026, 11, 1, tzinfo=UTC))
    return make_api(cast.acme, [Permission.VIEW_SPEND, Permission.EDIT_PRICES])


def stored(cast: Cast) -> list[PriceOverride]:
    with inside(cast.acme):
        return list(PriceOverride.objects.all())


def test_an_own_price_is_entered_read_and_withdrawn(editor: Api, cast: Cast, globex_api: Api) -> None:
    made = editor.send("post", "prices/", {**BODY, "source": "Contract 7"})
    assert made.status_code == 201, made.content
    row = made.json()
    assert row["price_per_million_tokens"] == "2.25"
    assert (row["entered_amount"], row["entered_per"], row["entered_currency"]) == ("0.00225", "1K", "USD")
    assert row["is_own"] is True
    assert editor.rows("prices/", is_own=True) == [row]
    assert editor.get(f"prices/{row['id']}/").json() == row
    assert globex_api.get(f"prices/{row['id']}/").status_code == 404
    assert editor.send("delete", f"prices/{row['id']}/").status_code == 204
    assert stored(cast) == []
    gone = editor.send("delete", f"prices/{row['id']}/")
    assert (gone.status_code, gone.json()["code"]) == (404, "price_override_not_found")


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"amount": "1.5", "per": "1M"}, "price_doubtful", "confirm"),
        ({"amount": "2.25", "per": "1K"}, "price_implausible", "amount"),
        ({"amount": "2.25", "per": "1M", "confirm": True, "currency": "JPY"}, "missing_exchange_rate", "currency"),
        ({"model": "gpt-2"}, "unknown_model", "model"),
        ({"effective_to": "2026-10-01T00:00:00Z"}, "impossible_time", "effective_to"),
        ({"effective_from": "1999-10-01T00:00:00Z"}, "impossible_time", "effective_from"),
        ({"aws_region": "the moon"}, "malformed_region_pattern", "aws_region"),
        ({"per": "1"}, "invalid_choice", "per"),
        ({"amount": "-1"}, "min_value", "amount"),
        ({"token_class": "cache_write"}, "invalid_choice", "token_class"),
    ],
)
def test_a_price_that_is_wrong_is_refused_with_its_code(
    editor: Api, cast: Cast, changed: dict[str, Any], code: str, field: str
) -> None:
    answer = editor.send("post", "prices/", {**BODY, **changed})
    assert answer.status_code == 400, answer.content
    problem = answer.json()
    assert (problem["errors"][0]["code"], problem["errors"][0]["field"]) == (code, field)
    assert stored(cast) == []


@pytest.mark.parametrize("name", ["per", "currency", "routing_class", "amount"])
def test_what_a_price_depends_on_has_no_default(editor: Api, name: str) -> None:
    body = {key: value for key, value in BODY.items() if key != name}
    answer = editor.send("post", "prices/", body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == name


def test_a_doubtful_price_passes_when_it_is_confirmed(editor: Api, cast: Cast) -> None:
    body = {**BODY, "amount": "1.5", "per": "1M", "confirm": True}
    assert editor.send("post", "prices/", body).status_code == 201
    assert stored(cast)[0].rate_usd_per_million == Decimal("1.5")


def test_a_price_in_yen_says_the_rate_that_made_dollars_of_it(editor: Api, cast: Cast) -> None:
    with inside(cast.acme):
        make_exchange_rate(units="160")
    row = editor.send("post", "prices/", {**BODY, "amount": "400", "currency": "JPY", "per": "1M"}).json()
    assert (row["price_per_million_tokens"], row["units_per_usd"]) == ("2.5", "160")


def test_prices_are_filtered_and_have_their_history(editor: Api, cast: Cast) -> None:
    with inside(cast.acme):
        make_override(aws_region="eu-west-1")
    asked = {"model": "claude-3-5-sonnet", "token_class": "input", "tier": "STANDARD", "routing_class": "REGIONAL"}
    history = editor.rows("prices/", **asked)
    assert [row["effective_to"] for row in history] == ["2025-12-01T00:00:00Z", None]
    now = editor.rows("prices/", **asked, in_force_at="2026-11-01T00:00:00Z")
    assert now == history[1:]
    assert editor.rows("prices/", is_own=True, aws_region="us-east-1") == []
    assert len(editor.rows("prices/", is_own=True, aws_region="eu-west-1")) == 1
    anthropic = editor.rows("prices/", publisher="Anthropic", limit=1000)
    assert {row["model"].split("-")[0] for row in anthropic} == {"claude"}


def test_a_key_that_may_only_look_cannot_enter_a_price(api: Api) -> None:
    answer = api.send("post", "prices/", BODY)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_rates_on_the_bill_are_listed_with_their_days_and_published_ones_with_their_origin(
    editor: Api, cast: Cast, globex_api: Api
) -> None:
    """BerriAI/litellm#13399: negotiated tiers. What was negotiated is read off the bill, not typed."""
    with inside(cast.acme):
        make_learnt_rate()
        make_learnt_rate("15", token_class="output", is_list_rate=True)
    (row,) = editor.rows("learnt-rates/", model="claude-sonnet-4-5", is_list_rate=False)
    told = (row["token_class"], row["price_per_million_tokens"], row["first_day"], row["until_day"], row["days"])
    assert told == ("input", "2.25", "2026-11-01", None, 1)
    assert [one["token_class"] for one in editor.rows("learnt-rates/")] == ["input", "output"]
    assert editor.rows("learnt-rates/", token_class="cache_read") == []
    assert globex_api.rows("learnt-rates/") == []
    published = editor.rows("prices/", model="claude-sonnet-4-5", origin="COMMITTED")
    assert {(one["origin"], one["is_own"]) for one in published} == {("COMMITTED", False)}
    assert editor.rows("prices/", model="claude-sonnet-4-5", origin="PRICE_LIST") == []
