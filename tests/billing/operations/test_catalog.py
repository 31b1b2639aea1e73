"""Prices: the committed table is loaded once, an organization's own goes on top, and what is stored is rated again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from accounts.models import AuditEvent
from accounts.tenancy.context import organization_scope
from billing.domain.catalog import PriceKey
from billing.domain.collection import WindowState
from billing.domain.dimensions import Basis, RoutingClass, Tier, TokenClass
from billing.models import CollectionWindow, ModelPrice, PriceOverride, RateCard
from billing.operations import catalog
from billing.operations.catalog import (
    ImpossibleRate,
    ImpossibleTime,
    MalformedRegionPattern,
    SavedPrice,
    UnknownModel,
    override_price,
    sync_price_table,
    withdraw_price,
)
from billing.operations.collection import plan_collection
from billing.operations.rating import list_windows_to_rate, rerate_window
from billing.queries.catalog import OverrideNotFound, find_price_table_date, list_price_overrides, list_prices
from billing.queries.costs import SpendQuestion, list_spend
from tests.cast import Cast, inside
from tests.factories.billing import make_connection, make_series, make_usage, make_window

NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
START = datetime(2026, 11, 1, tzinfo=UTC)
MONTH_END = datetime(2026, 12, 1, tzinfo=UTC)
KEY = PriceKey(
    model_id="claude-sonnet-4-5",
    aws_region="*",
    routing_class=RoutingClass.GLOBAL,
    tier=Tier.STANDARD,
    token_class=TokenClass.INPUT,
)


@pytest.fixture
def priced(cast: Cast) -> Cast:
    """The committed table is loaded."""
    sync_price_table(now=START)
    return cast


def cost() -> Decimal:
    (row,) = list_spend(SpendQuestion(basis=Basis.RATED, start=START, end=MONTH_END)).rows
    return row.cost


def enter(
    cast: Cast, rate: str, effective_from: datetime, key: PriceKey = KEY, effective_to: datetime | None = None
) -> SavedPrice:
    return override_price(
        actor=cast.ada_acts,
        key=key,
        rate_usd_per_million=Decimal(rate),
        effective_from=effective_from,
        source="contract 7",
        now=NOW,
        effective_to=effective_to,
    )


def rate_due_windows() -> list[int | None]:
    return [rerate_window(window_id=window_id, now=NOW) for window_id in list_windows_to_rate()]


@pytest.mark.django_db
def test_the_committed_table_is_loaded_once() -> None:
    first = sync_price_table(now=START)
    assert first.prices_changed == first.prices > 500
    assert first.models > 80
    again = sync_price_table(now=NOW)
    assert again.prices_changed == 0
    assert set(ModelPrice.objects.values_list("listed_at", flat=True)) == {START}
    assert find_price_table_date() is not None
    assert len(list_prices()) == first.prices


@pytest.mark.django_db
def test_a_table_that_changed_changes_only_what_it_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sync_price_table(now=START)
    lines = (catalog.TABLES / "prices.csv").read_text().splitlines()
    heading, first, *others = lines
    columns = heading.split(",")
    cells = first.split(",")
    cells[columns.index("usd_per_million")] = "999"
    (tmp_path / "prices.csv").write_text("\n".join([heading, ",".join(cells), *others[:-1]]) + "\n")
    (tmp_path / "models.csv").write_text((catalog.TABLES / "models.csv").read_text())
    monkeypatch.setattr(catalog, "TABLES", tmp_path)

    assert sync_price_table(now=NOW).prices_changed == 3  # one replaced, one gone
    assert ModelPrice.objects.filter(rate_usd_per_million=999, listed_at=NOW).count() == 1
    assert ModelPrice.objects.count() == len(lines) - 2


def test_usage_is_rated_again_when_the_published_price_changes(priced: Cast) -> None:
    with inside(priced.acme):
        window = make_window(make_connection(), state=WindowState.DONE)
        make_usage(make_series(), {START: 10**6})
        assert cost() == 3
    ModelPrice.objects.filter(model_id="claude-sonnet-4-5", routing_class="GLOBAL", token_class="input").update(
        rate_usd_per_million=4, listed_at=NOW
    )
    with inside(priced.acme):
        CollectionWindow.objects.update(rows=1)
        plan_collection(now=NOW)
        assert list_windows_to_rate() == [window.pk]
        assert rate_due_windows() == [1]
        assert cost() == 4
        plan_collection(now=NOW)
        assert list_windows_to_rate() == []


def test_an_own_price_is_in_force_from_its_day_and_rates_what_is_stored_again(priced: Cast) -> None:
    with inside(priced.acme):
        make_window(make_connection(), end=START + timedelta(days=10), state=WindowState.DONE, rows=2)
        make_usage(make_series(), {START: 10**6, START + timedelta(days=5): 10**6})
        before = cost()
        enter(priced, "1.5", START + timedelta(days=5))
        assert cost() == before == 6  # not yet: a worker does it
        assert rate_due_windows() == [2]
        assert cost() == Decimal("4.5")
        assert RateCard.objects.count() == 3  # before the price was entered, and before and after it begins
        assert rate_due_windows() == []

        (entered,) = list_price_overrides()
        assert (entered.price.rate_usd_per_million, entered.entered_by) == (Decimal("1.5"), "Ada")
        withdraw_price(actor=priced.ada_acts, override_id=entered.id)
        rate_due_windows()
        assert cost() == 6


def test_rating_twice_changes_nothing(priced: Cast) -> None:
    with inside(priced.acme):
        window = make_window(make_connection(), state=WindowState.DONE, rows=1)
        make_usage(make_series(), {START: 10**6})
        for _ in range(2):
            assert rerate_window(window_id=window.pk, now=NOW) == 1
            assert cost() == 3
        assert RateCard.objects.count() == 1


def test_prices_of_one_key_follow_one_another_without_overlap(priced: Cast) -> None:
    with inside(priced.acme):
        enter(priced, "1", START)
        enter(priced, "2", START + timedelta(days=10))
        enter(priced, "3", START + timedelta(days=5))
        enter(priced, "4", START + timedelta(days=5))  # said again, differently
        rows = PriceOverride.objects.order_by("effective_from")
        assert [
            (int(row.rate_usd_per_million), row.effective_from.day, row.effective_to.day if row.effective_to else None)
            for row in rows
        ] == [
            (1, 1, 6),
            (4, 6, 11),
            (2, 11, None),
        ]
        events = AuditEvent.objects.filter(verb="price.overridden").order_by("id")
        assert [event.after["rate_usd_per_million"] for event in events if event.after] == ["1", "2", "3", "4"]
        assert events[3].before is not None
        assert events[3].before["rate_usd_per_million"] == "3"


def test_what_cannot_be_a_price_is_refused_and_changes_nothing(priced: Cast) -> None:
    with inside(priced.acme):
        for key, rate, start, error in (
            (replace(KEY, model_id="no-such"), "1", START, UnknownModel),
            (replace(KEY, aws_region="'; DROP"), "1", START, MalformedRegionPattern),
            (replace(KEY, aws_region="x" * 10_000), "1", START, MalformedRegionPattern),
            (KEY, "-1", START, ImpossibleRate),
            (KEY, "NaN", START, ImpossibleRate),
            (KEY, "1e9", START, ImpossibleRate),
            (KEY, "1", datetime(1900, 1, 1, tzinfo=UTC), ImpossibleTime),
        ):
            with pytest.raises(error):
                enter(priced, rate, start, key)
        with pytest.raises(ImpossibleTime):
            enter(priced, "1", START, effective_to=START)
        with pytest.raises(OverrideNotFound):
            withdraw_price(actor=priced.ada_acts, override_id=1)
        assert not PriceOverride.objects.exists()


def test_a_price_of_one_organization_is_nobody_elses(priced: Cast) -> None:
    with inside(priced.acme):
        enter(priced, "1", START)
        (entered,) = list_price_overrides()
    with inside(priced.globex):
        assert list_price_overrides() == ()
        with pytest.raises(OverrideNotFound):
            withdraw_price(actor=priced.ada_acts, override_id=entered.id)


@pytest.mark.django_db
def test_what_an_own_price_that_is_cut_short_reached_further_is_rated_again_as_well(priced: Cast) -> None:
    with inside(priced.acme):
        make_usage(make_series(), {START + timedelta(days=6): 1_000_000})
        make_window(make_connection(), start=START + timedelta(days=6), state=WindowState.DONE, rows=1)
        enter(priced, "1", START)
    with organization_scope(priced.acme.id):
        rate_due_windows()
    with inside(priced.acme):
        assert cost() == 1
        enter(priced, "2", START, effective_to=START + timedelta(days=3))
    with organization_scope(priced.acme.id):
        rate_due_windows()
    with inside(priced.acme):
        assert cost() == 3
