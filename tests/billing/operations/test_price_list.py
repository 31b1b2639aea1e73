"""AWS's Price List, read with our own credentials: what it lists is in force before the committed table, and dated."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from billing.adapters.aws.errors import NotConfigured
from billing.domain.catalog import PriceFound, PriceKey, canonical_model
from billing.domain.dimensions import PriceOrigin, RoutingClass, Tier, TokenClass
from billing.domain.price_lists import PriceListState
from billing.models import ModelPrice
from billing.operations import price_list
from billing.operations.catalog import sync_price_table
from billing.operations.price_list import sync_price_list
from billing.queries.catalog import get_model_catalog, get_published_prices
from billing.queries.price_list import find_list_reading
from billing.sandbox import names
from billing.sandbox.control import Control
from tests.servers import SANDBOX_NOW


@pytest.mark.django_db
@pytest.mark.usefixtures("prices")
def test_the_list_is_read_page_by_page_and_a_second_time_changes_nothing(
    aws: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    """promptfoo/promptfoo#10593: hand-kept tables rot; what AWS lists goes before ours, and keeps its dates."""
    aws.call("PUT", "page_sizes", {"action": "GetProducts", "size": 40})
    monkeypatch.setattr(price_list, "MONTHS_BACK", 2)

    read = sync_price_list(now=SANDBOX_NOW)

    assert read.state is PriceListState.READ
    assert aws.calls()["GetProducts"] > 4  # more than one page of a service
    assert aws.calls()["ListPriceLists"] == 4 * price_list.MONTHS_BACK
    book, catalog = get_published_prices(), get_model_catalog()
    for row in aws.prices()["list"]:
        if row["model"] not in names.MODELS:
            continue  # guardrails
        key = PriceKey(
            model_id=canonical_model(names.MODELS[row["model"]].aws_id, catalog).model_id,
            aws_region=row["region"],
            routing_class=RoutingClass(row["routing"].upper()),
            tier=Tier(row["tier"].upper()),
            token_class=TokenClass(row["token_class"]),
        )
        found = book.price_in_force(key, SANDBOX_NOW)
        assert isinstance(found, PriceFound)
        assert (found.origin, found.price.rate_usd_per_million) == (
            PriceOrigin.PRICE_LIST,
            Decimal(row["rate_usd_per_million"]),
        )
        assert found.price.source.startswith("AWS Price List, AmazonBedrock")

    # The next day: the products only, and nothing to rate again. The committed table's sync leaves these alone.
    later = SANDBOX_NOW + timedelta(days=1)
    again = sync_price_list(now=later)
    assert (again.prices, again.prices_changed) == (read.prices, 0)
    assert aws.calls()["ListPriceLists"] == 4 * price_list.MONTHS_BACK
    assert sync_price_table(now=later).prices_changed == 0
    assert ModelPrice.objects.filter(origin=PriceOrigin.PRICE_LIST).count() == read.prices

    # Without credentials of our own nothing is asked, nothing changes, and the page says so.
    def refuse(code: str) -> None:
        raise NotConfigured(action=code, code="NO_CREDENTIALS")

    monkeypatch.setattr(price_list, "fetch_products", refuse)
    assert sync_price_list(now=later).state is PriceListState.NOT_CONFIGURED
    reading = find_list_reading()
    assert reading is not None
    assert (reading.state, reading.read_at, reading.prices) == (PriceListState.NOT_CONFIGURED, later, read.prices)
