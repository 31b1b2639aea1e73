"""A typed price: what is told before it is saved is what comes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.tenancy.context import organization_scope
from billing.domain.catalog import PriceKey
from billing.domain.collection import WindowState
from billing.domain.dimensions import Basis, RoutingClass, Tier, TokenClass
from billing.domain.price_entry import PriceDoubtful, PriceEntry, PriceUnit
from billing.models import PriceOverride
from billing.operations.catalog import sync_price_table, withdraw_price
from billing.operations.prices import enter_price
from billing.operations.rating import list_windows_to_rate, rerate_window
from billing.queries.catalog import get_price_override
from billing.queries.costs import SpendQuestion, list_spend
from billing.queries.price_effects import get_effect_of_withdrawal, get_effect_on_history
from tests.cast import Cast, inside
from tests.factories.billing import make_connection, make_override, make_series, make_usage, make_window

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
START = datetime(2026, 11, 1, tzinfo=UTC)
KEY = PriceKey(
    model_id="claude-sonnet-4-5",
    aws_region="*",
    routing_class=RoutingClass.GLOBAL,
    tier=Tier.STANDARD,
    token_class=TokenClass.INPUT,
)
ENTRY = PriceEntry(
    key=KEY, amount=Decimal("2.5"), currency="USD", unit=PriceUnit.PER_MILLION, effective_from=START + timedelta(days=2)
)


@pytest.fixture
def used(cast: Cast) -> Cast:
    """Tokens of every kind on eight days in two regions, one of which has a price of its own for a while."""
    sync_price_table(now=START)
    with inside(cast.acme):
        connection = make_connection(aws_regions=("us-east-1", "eu-west-1"))
        make_override(rate="2.9", aws_region="eu-west-1", effective_from=START, effective_to=START + timedelta(days=5))
        for aws_region in ("us-east-1", "eu-west-1"):
            series = make_series(aws_region=aws_region)
            make_usage(series, {START + timedelta(days=day, hours=5): 1_000_000 + day for day in range(8)})
            make_window(
                connection,
                aws_region=aws_region,
                end=START + timedelta(days=8),
                state=WindowState.DONE,
                rows=8,
                is_rating_due=True,
            )
    rate_again(cast)
    return cast


def rate_again(cast: Cast) -> None:
    with organization_scope(cast.acme.id):
        for window_id in list_windows_to_rate():
            rerate_window(window_id=window_id, now=NOW)


def cost() -> Decimal:
    (row,) = list_spend(SpendQuestion(basis=Basis.RATED, start=START, end=NOW)).rows
    return row.cost


@pytest.mark.parametrize(
    "entry",
    [
        ENTRY,
        replace(ENTRY, effective_to=START + timedelta(days=4)),
        replace(ENTRY, key=replace(KEY, aws_region="eu-west-1")),
        replace(ENTRY, key=replace(KEY, aws_region="eu-west-1"), effective_from=START, effective_to=NOW),
        replace(ENTRY, key=replace(KEY, token_class=TokenClass.OUTPUT), amount=Decimal(14)),
    ],
)
def test_the_effect_told_before_saving_is_what_rating_again_gives(used: Cast, entry: PriceEntry) -> None:
    with inside(used.acme):
        before = cost()
        told = get_effect_on_history(entry, rate_usd_per_million=entry.amount, now=NOW)
        saved = enter_price(actor=used.ada_acts, entry=entry, is_confirmed=False, now=NOW)
    rate_again(used)
    with inside(used.acme):
        after = cost()
        assert after - before == told.change
        back = get_effect_of_withdrawal(get_price_override(saved.override_id), now=NOW)
        withdraw_price(actor=used.ada_acts, override_id=saved.override_id)
    rate_again(used)
    with inside(used.acme):
        assert cost() - after == back.change


def test_half_off_asks_and_changes_nothing_until_it_is_confirmed(used: Cast) -> None:
    entry = replace(ENTRY, amount=Decimal("1.5"))
    with inside(used.acme):
        with pytest.raises(PriceDoubtful):
            enter_price(actor=used.ada_acts, entry=entry, is_confirmed=False, now=NOW)
        assert PriceOverride.objects.count() == 1
        enter_price(actor=used.ada_acts, entry=entry, is_confirmed=True, now=NOW)
        assert PriceOverride.objects.count() == 2
