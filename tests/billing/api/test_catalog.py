"""Models and prices over REST: what is published, and what is the organization's own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from billing.domain.dimensions import ContextBand, RoutingClass, Tier
from billing.models import FoundationModel, ModelPrice, PriceOverride
from tests.billing.api.conftest import Api
from tests.cast import NOW, Cast, inside

PRICE: dict[str, Any] = {
    "model_id": "test-model",
    "aws_region": "*",
    "routing_class": RoutingClass.REGIONAL,
    "tier": Tier.STANDARD,
    "context_band": ContextBand.STANDARD,
    "effective_from": datetime(2023, 1, 1, tzinfo=UTC),
    "source": "AWS pricing page",
    "source_date": date(2026, 7, 24),
}


@pytest.fixture
def prices(cast: Cast) -> None:
    """A model with two published prices, and Acme's own for one of them."""
    for number in range(3):
        FoundationModel.objects.create(
            model_id=f"test-model{'-' * number}",
            display_name="Test Model",
            publisher="Testers",
            aws_model_ids=["testers.test-v1:0"],
            end_of_life_date=date(2027, 1, 8),
            source="AWS documentation",
            source_date=date(2026, 11, 23),
        )
    for token_class in ("input", "output"):
        ModelPrice.objects.create(**PRICE, token_class=token_class, rate_usd_per_million=Decimal("0.8"), listed_at=NOW)
    with inside(cast.acme):
        PriceOverride.objects.create(
            **PRICE, token_class="input", rate_usd_per_million=Decimal("0.600"), entered_by="Ada", entered_at=NOW
        )


@pytest.mark.usefixtures("prices")
def test_own_prices_stand_beside_the_published_ones_and_are_nobody_elses(api: Api, globex_api: Api) -> None:
    rows = api.rows("prices/", model="test-model")
    assert [(row["token_class"], row["price_per_million_tokens"], row["is_own"]) for row in rows] == [
        ("input", "0.6", True),
        ("input", "0.8", False),
        ("output", "0.8", False),
    ]
    assert rows[0]["effective_from"] == "2023-01-01T00:00:00Z"
    assert [row["is_own"] for row in globex_api.rows("prices/", model="test-model")] == [False, False]


@pytest.mark.usefixtures("prices")
def test_pages_of_prices_hold_each_once(api: Api) -> None:
    first = api.get("prices/", model="test-model", limit=2).json()
    second = api.get("prices/", model="test-model", limit=2, after=first["next"]).json()
    assert first["rows"] + second["rows"] == api.rows("prices/", model="test-model")
    assert second["next"] is None


@pytest.mark.usefixtures("prices")
def test_models_are_listed_with_the_dates_of_their_end(api: Api) -> None:
    rows = [row for row in api.rows("models/", limit=1000) if row["publisher"] == "Testers"]
    assert rows[0] == {
        "model": "test-model",
        "name": "Test Model",
        "publisher": "Testers",
        "aws_model_ids": ["testers.test-v1:0"],
        "legacy_date": None,
        "extended_access_date": None,
        "end_of_life_date": "2027-01-08",
        "source": "AWS documentation",
        "source_date": "2026-11-23",
    }
    assert [row["model"] for row in rows] == ["test-model", "test-model-", "test-model--"]


def test_a_price_list_refuses_what_it_does_not_know(api: Api) -> None:
    assert api.refusal("prices/", region="us-east-1") == ("unknown_parameter", "region")
    assert api.refusal("models/", model="x") == ("unknown_parameter", "model")
    assert api.refusal("prices/", model="x" * 10_000) == ("max_length", "model")
