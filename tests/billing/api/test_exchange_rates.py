"""Exchange rates over REST: one a month and currency, never replaced in silence."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.domain.roles import Permission
from tests.billing.api.conftest import Api, KeyMaker
from tests.cast import Cast, inside
from tests.factories.billing import make_exchange_rate

pytestmark = pytest.mark.django_db

BODY: dict[str, Any] = {"month": "2026-10", "currency": "JPY", "units_per_usd": "152.57", "source": "Bank of Japan"}


@pytest.fixture
def editor(cast: Cast, make_api: KeyMaker) -> Api:
    return make_api(cast.acme, [Permission.VIEW_SPEND, Permission.EDIT_EXCHANGE_RATES])


def test_a_rate_is_entered_read_and_removed(editor: Api, globex_api: Api) -> None:
    made = editor.send("post", "exchange-rates/", BODY)
    assert made.status_code == 201, made.content
    row = made.json()
    assert row["units_per_usd"] == "152.57"
    assert editor.rows("exchange-rates/") == [row]
    assert editor.get(f"exchange-rates/{row['id']}/").json() == row
    assert globex_api.rows("exchange-rates/") == []
    assert globex_api.get(f"exchange-rates/{row['id']}/").status_code == 404
    assert editor.send("delete", f"exchange-rates/{row['id']}/").status_code == 204
    gone = editor.send("delete", f"exchange-rates/{row['id']}/")
    assert (gone.status_code, gone.json()["code"]) == (404, "exchange_rate_not_found")


def test_a_second_rate_of_a_month_is_a_conflict_and_changes_nothing(editor: Api) -> None:
    editor.send("post", "exchange-rates/", BODY)
    again = editor.send("post", "exchange-rates/", {**BODY, "units_per_usd": "999"})
    assert (again.status_code, again.json()["code"]) == (409, "exchange_rate_exists")
    assert [row["units_per_usd"] for row in editor.rows("exchange-rates/")] == ["152.57"]


def test_rates_are_filtered_by_month_and_currency_and_paged(editor: Api, cast: Cast) -> None:
    with inside(cast.acme):
        for currency in ("EUR", "JPY"):
            make_exchange_rate(currency=currency)
    editor.send("post", "exchange-rates/", BODY)
    assert [(row["month"], row["currency"]) for row in editor.rows("exchange-rates/", currency="JPY")] == [
        ("2026-10", "JPY"),
        ("2026-11", "JPY"),
    ]
    assert len(editor.rows("exchange-rates/", month="2026-11")) == 2
    first = editor.get("exchange-rates/", limit=2).json()
    second = editor.get("exchange-rates/", limit=2, after=first["next"]).json()
    assert first["rows"] + second["rows"] == editor.rows("exchange-rates/")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"currency": "USD"}, "malformed_currency"),
        ({"month": "1999-01"}, "impossible_month"),
        ({"month": "2026-13"}, "invalid"),
        ({"month": "0000-01"}, "invalid"),
        ({"units_per_usd": "0"}, "min_value"),
        ({"units_per_usd": "1.123456789"}, "max_decimal_places"),
        ({"units_per_usd": "NaN"}, "invalid"),
    ],
)
def test_a_rate_that_is_wrong_is_refused(editor: Api, changed: dict[str, Any], code: str) -> None:
    answer = editor.send("post", "exchange-rates/", {**BODY, **changed})
    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"][0]["code"] == code
    assert editor.rows("exchange-rates/") == []


def test_a_key_that_may_only_look_cannot_enter_a_rate(api: Api) -> None:
    assert api.send("post", "exchange-rates/", BODY).status_code == 403
