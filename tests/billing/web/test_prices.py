"""The pages of prices: what is in force, and a price of one's own whose unit cannot be mistaken."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.test import Client

from billing.models import PriceOverride
from billing.operations.catalog import sync_price_table
from tests.cast import Cast, inside
from tests.factories.billing import make_override, make_series, make_usage

pytestmark = pytest.mark.django_db(databases=["default"])

GIVEN = {
    "model_id": "claude-sonnet-4-5",
    "token_class": "input",
    "amount": "2.25",
    "unit": "PER_MILLION",
    "aws_region": "*",
    "routing_class": "GLOBAL",
    "tier": "STANDARD",
    "effective_date": "2026-11-01",
    "source": "Contract 7",
}


@pytest.fixture
def ada(client: Client, cast: Cast) -> Client:
    sync_price_table(now=datetime(2026, 11, 1, tzinfo=UTC))
    client.force_login(cast.ada)
    return client


def overrides(cast: Cast) -> list[PriceOverride]:
    with inside(cast.acme):
        return list(PriceOverride.objects.all())


def use(cast: Cast, model_id: str = "claude-sonnet-4-5") -> None:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with inside(cast.acme):
        make_usage(make_series(model_id=model_id), {hour.replace(hour=0): 1_000_000})


def test_the_list_shows_the_prices_that_usage_is_rated_with(ada: Client, cast: Cast) -> None:
    use(cast)
    text = ada.get("/o/acme/prices/").content.decode()
    assert "Claude Sonnet 4.5" in text
    assert "3.0000" in text
    assert "Every token of the last 30 days has a price." in text


def test_tokens_without_a_price_are_said_first(ada: Client, cast: Cast) -> None:
    use(cast, model_id="")
    text = ada.get("/o/acme/prices/").content.decode()
    assert "tokens of the last 30 days have no price" in text
    assert "Unpriced" in text


def test_a_model_shows_its_price_list_with_sources(ada: Client) -> None:
    text = ada.get("/o/acme/prices/models/claude-sonnet-4-5/").content.decode()
    assert "Published prices" in text
    assert "AWS pricing page" in text
    assert ada.get("/o/acme/prices/models/no-such-model/").status_code == 404


def test_an_own_price_is_entered_and_withdrawn(ada: Client, cast: Cast) -> None:
    answer = ada.post("/o/acme/prices/new/", GIVEN)
    assert answer.status_code == 302
    (override,) = overrides(cast)
    assert override.rate_usd_per_million == Decimal("2.25")
    assert override.effective_from == datetime(2026, 11, 1, tzinfo=UTC)
    assert "Contract 7" in ada.get(answer["Location"]).content.decode()
    assert ada.post(f"/o/acme/prices/own/{override.pk}/withdraw/").status_code == 302
    assert overrides(cast) == []


def test_a_price_per_thousand_is_a_thousand_times_the_price_per_million(ada: Client, cast: Cast) -> None:
    ada.post("/o/acme/prices/new/", {**GIVEN, "amount": "0.00225", "unit": "PER_THOUSAND"})
    (override,) = overrides(cast)
    assert override.rate_usd_per_million == Decimal("2.25")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"unit": ""}, "This field is required."),
        ({"amount": "three"}, "Price must be a number of 0 or more"),
        ({"amount": "2.25", "unit": "PER_THOUSAND"}, "more than a hundred times off"),
        ({"amount": "-1"}, "Price must be a number of 0 or more"),
        ({"aws_region": "the moon"}, "Enter one AWS region"),
        ({"effective_date": "2026-02-31"}, "Enter a valid date."),
        ({"effective_date": "1999-01-01"}, "between 2015 and 2100"),
        ({"model_id": "gpt-2"}, "Select a valid choice"),
        ({"source": "s" * 10_000}, "at most 200 characters"),
    ],
)
def test_a_price_that_is_wrong_is_refused_and_changes_nothing(
    ada: Client, cast: Cast, changed: dict[str, str], message: str
) -> None:
    answer = ada.post("/o/acme/prices/new/", {**GIVEN, **changed})
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert overrides(cast) == []


def test_no_unit_is_chosen_for_the_reader(ada: Client) -> None:
    text = ada.get("/o/acme/prices/new/?model=claude-sonnet-4-5").content.decode()
    assert 'value="claude-sonnet-4-5" selected' in text
    radios = [line for line in text.splitlines() if 'name="unit"' in line]
    assert radios
    assert not any("checked" in line for line in radios)


def test_the_preview_says_both_units_the_known_price_and_last_month(ada: Client, cast: Cast) -> None:
    text = ada.post("/o/acme/prices/preview/", GIVEN).content.decode()
    assert "$2.25 per 1M tokens, $0.0023 per 1K" in text
    assert "Known so far: $3.00 per 1M" in text
    assert "would have been" in text
    assert overrides(cast) == []


def test_half_off_is_warned_of_and_a_hundred_times_off_refused_before_saving(ada: Client) -> None:
    half = ada.post("/o/acme/prices/preview/", {**GIVEN, "amount": "1.50"}).content.decode()
    assert "half off or more" in half
    wrong = ada.post("/o/acme/prices/preview/", {**GIVEN, "amount": "300"}).content.decode()
    assert "more than a hundred times off" in wrong
    assert "per 1M" not in ada.post("/o/acme/prices/preview/", {"amount": "3"}).content.decode()


def test_an_own_price_is_marked_in_the_list(ada: Client, cast: Cast) -> None:
    use(cast)
    with inside(cast.acme):
        make_override(rate="2.25")
    text = ada.get("/o/acme/prices/").content.decode()
    assert "Own price" in text
    assert "2.2500" in text


def test_a_viewer_sees_prices_and_cannot_change_them(client: Client, cast: Cast) -> None:
    with inside(cast.acme):
        override = make_override()
    client.force_login(cast.ben)
    assert client.get("/o/acme/prices/").status_code == 200
    assert "Withdraw" not in client.get("/o/acme/prices/").content.decode()
    assert client.get("/o/acme/prices/new/").status_code == 403
    assert client.post(f"/o/acme/prices/own/{override.pk}/withdraw/").status_code == 403
    assert len(overrides(cast)) == 1
