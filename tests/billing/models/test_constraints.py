"""What the database refuses by itself: overlapping windows and prices, two payers at once, a cost below zero."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from billing.domain.collection import Source
from billing.models import AwsConnection, CollectionWindow, ModelPrice, RateCard
from billing.operations.catalog import sync_price_table
from tests.cast import Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.billing import (
    make_assignment,
    make_connection,
    make_override,
    make_series,
    make_usage,
    make_window,
)

START = datetime(2026, 11, 1, tzinfo=UTC)


def test_windows_of_one_source_and_region_never_overlap(cast: Cast) -> None:
    with inside(cast.acme):
        connection = make_connection()
        make_window(connection, start=START)
        make_window(connection, start=START + timedelta(days=1))  # touching is no overlap
        make_window(connection, start=START, aws_region="eu-central-1")
        make_window(connection, start=START, source=Source.INVENTORY)
        with pytest.raises(IntegrityError, match="collection_windows_may_not_overlap"), transaction.atomic():
            make_window(connection, start=START + timedelta(hours=23))


def test_a_window_is_filled_within_itself(cast: Cast) -> None:
    with inside(cast.acme):
        window = make_window(make_connection(), start=START)
        with pytest.raises(IntegrityError, match="filled_within"), transaction.atomic():
            CollectionWindow.objects.filter(pk=window.pk).update(filled_until=START + timedelta(days=2))


def test_own_prices_of_one_key_never_overlap(cast: Cast) -> None:
    with inside(cast.acme):
        make_override(effective_from=START)
        with pytest.raises(IntegrityError, match="price_overrides_may_not_overlap"), transaction.atomic():
            make_override(effective_from=START + timedelta(days=1))
    with inside(cast.globex):
        make_override(effective_from=START)


@pytest.mark.django_db
def test_published_prices_of_one_key_never_overlap() -> None:
    sync_price_table(now=START)
    price = ModelPrice.objects.filter(effective_to__isnull=True).first()
    assert price is not None
    price.pk = None
    price.effective_from += timedelta(days=30)
    with pytest.raises(IntegrityError, match="model_prices_may_not_overlap"), transaction.atomic():
        price.save(force_insert=True)


def test_a_series_has_one_payer_at_a_time(cast: Cast) -> None:
    with inside(cast.acme):
        series, center = make_series(), make_cost_center()
        make_assignment(series, center.pk, assigned_to=date(2026, 11, 2))
        make_assignment(series, center.pk, assigned_from=date(2026, 11, 2))
        with pytest.raises(IntegrityError, match="usage_series_has_one_payer"), transaction.atomic():
            make_assignment(series, center.pk, assigned_from=date(2027, 1, 1))


def test_a_role_is_held_once_in_the_whole_installation(cast: Cast) -> None:
    with inside(cast.acme):
        make_connection()
    with inside(cast.globex):
        other = make_connection(holds_role=False)
        with pytest.raises(IntegrityError, match="aws_connection_role_held_once"), transaction.atomic():
            AwsConnection.objects.filter(pk=other.pk).update(holds_role=True)


def test_a_rate_card_cannot_be_changed(cast: Cast) -> None:
    with inside(cast.acme):
        make_override()
        make_usage(make_series(), {START: 1})
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            RateCard.objects.update(valid_to=START)
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            RateCard.objects.all().delete()
