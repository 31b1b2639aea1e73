"""How fresh each source is, and how far the past is read: the oldest source counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from billing.domain.collection import FetchFailure, Source, WindowState
from billing.domain.connections import ConnectionState
from billing.domain.freshness import Freshness
from billing.domain.periods import DAY
from billing.models import AwsConnection, CollectionRun
from billing.queries.collection import (
    DataUntil,
    count_open_windows,
    find_last_stored_at,
    get_backfill,
    get_data_until,
    list_source_freshness,
)
from tests.cast import Cast, inside
from tests.factories.billing import make_connection, make_window

NOW = datetime(2026, 11, 10, 9, 10, tzinfo=UTC)
TODAY = NOW.replace(hour=0, minute=0)
CONNECTED = TODAY - 2 * DAY


@pytest.fixture
def connection(cast: Cast) -> Iterator[AwsConnection]:
    with inside(cast.acme):
        yield make_connection(connected_at=CONNECTED, aws_regions=("us-east-1", "eu-central-1"))


def fill(connection: AwsConnection, region: str, until: datetime, source: Source = Source.CLOUDWATCH) -> None:
    """Every window of a source since the connection was made, up to a time."""
    day = CONNECTED
    while day < until:
        filled = min(day + DAY, until)
        make_window(
            connection,
            source=source,
            aws_region=region,
            start=day,
            state=WindowState.DONE,
            filled_until=filled,
            stored_at=NOW,
        )
        day += DAY


def test_nothing_is_stored_yet(connection: AwsConnection) -> None:
    make_window(connection, start=TODAY)
    assert get_data_until(now=NOW) == DataUntil(rated=None, billed=None)
    assert [row.state for row in list_source_freshness(now=NOW)] == [Freshness.FILLING]
    assert find_last_stored_at() is None


def test_the_oldest_source_counts(connection: AwsConnection) -> None:
    fill(connection, "us-east-1", TODAY.replace(hour=9))
    fill(connection, "eu-central-1", TODAY.replace(hour=7))
    make_window(
        connection,
        source=Source.COST_EXPLORER,
        start=TODAY.replace(day=1),
        end=TODAY.replace(month=12, day=1),
        state=WindowState.DONE,
        filled_until=TODAY,
    )
    assert get_data_until(now=NOW) == DataUntil(rated=TODAY.replace(hour=7), billed=date(2026, 11, 10))
    assert find_last_stored_at() is not None


def test_a_gap_in_the_middle_holds_the_date_back(connection: AwsConnection) -> None:
    make_window(connection, start=CONNECTED, state=WindowState.DONE)
    make_window(connection, start=CONNECTED + DAY)  # waits to be read again and again
    make_window(connection, start=TODAY, state=WindowState.DONE, filled_until=TODAY.replace(hour=9))
    assert get_data_until(now=NOW).rated == CONNECTED + DAY


def test_the_past_that_is_still_to_be_read_does_not_hold_it_back(connection: AwsConnection) -> None:
    fill(connection, "us-east-1", TODAY.replace(hour=9))
    make_window(connection, start=CONNECTED - 8 * DAY, end=CONNECTED)
    assert get_data_until(now=NOW).rated == TODAY.replace(hour=9)


def test_a_paused_connection_is_told_apart_and_holds_nothing_back(connection: AwsConnection) -> None:
    fill(connection, "us-east-1", TODAY.replace(hour=9))
    other = make_connection(
        aws_account_id="444455556666",
        role_arn="arn:aws:iam::444455556666:role/Yosan",
        connected_at=CONNECTED,
        state=ConnectionState.PAUSED,
    )
    make_window(other, start=CONNECTED, state=WindowState.DONE)
    assert get_data_until(now=NOW).rated == TODAY.replace(hour=9)
    assert [(row.connection_id, row.state) for row in list_source_freshness(now=NOW)] == [
        (connection.pk, Freshness.FRESH),
        (other.pk, Freshness.PAUSED),
    ]


def test_each_source_says_its_state_its_next_try_and_what_it_cost(connection: AwsConnection) -> None:
    fill(connection, "us-east-1", TODAY)
    next_attempt = NOW + timedelta(seconds=30)
    window = make_window(
        connection, start=TODAY, last_error=FetchFailure.THROTTLED, next_attempt_at=next_attempt, rows=7
    )
    for attempt, charge in ((1, "0.01"), (2, "0.02")):
        CollectionRun.objects.create(
            window=window, attempt=attempt, started_at=NOW, finished_at=NOW, outcome="THROTTLED", aws_charge_usd=charge
        )
    CollectionRun.objects.create(
        window=window, attempt=3, started_at=NOW, finished_at=NOW - 30 * DAY, outcome="STORED", aws_charge_usd="5"
    )
    (row,) = list_source_freshness(now=NOW, connection_id=connection.pk)
    assert (row.source, row.aws_region, row.state) == (Source.CLOUDWATCH, "us-east-1", Freshness.RETRYING)
    assert (row.data_until, row.next_attempt_at, row.rows) == (TODAY, next_attempt, 7)
    assert row.charge_usd_this_month == Decimal("0.03")


def test_the_backfill_counts_days_and_says_how_fast_it_goes(connection: AwsConnection) -> None:
    done = make_window(connection, start=CONNECTED - 30 * DAY, end=CONNECTED, state=WindowState.DONE)
    make_window(connection, start=CONNECTED - 60 * DAY, end=CONNECTED - 30 * DAY)
    make_window(connection, start=CONNECTED - 90 * DAY, end=CONNECTED - 60 * DAY, state=WindowState.FAILED)
    CollectionRun.objects.create(
        window=done, attempt=1, started_at=NOW - timedelta(seconds=10), finished_at=NOW, outcome="STORED"
    )
    found = get_backfill(now=NOW)
    assert (found.days_done, found.days_total, found.windows_left, found.windows_failed) == (30, 90, 1, 1)
    assert found.days_per_second == pytest.approx(3.0)
    assert found.seconds_left == 20
    assert count_open_windows() == {"DUE": 1, "FAILED": 1}


def test_a_backfill_that_waits_says_until_when(connection: AwsConnection) -> None:
    later = NOW + timedelta(minutes=5)
    make_window(connection, start=CONNECTED, next_attempt_at=later, last_error=FetchFailure.THROTTLED)
    found = get_backfill(now=NOW, connection_id=connection.pk)
    assert (found.waits_until, found.last_error, found.seconds_left) == (later, "THROTTLED", None)


def test_another_organization_sees_none_of_it(cast: Cast, connection: AwsConnection) -> None:
    fill(connection, "us-east-1", TODAY)
    with inside(cast.globex):
        assert get_data_until(now=NOW) == DataUntil(rated=None, billed=None)
        assert list_source_freshness(now=NOW) == ()
        assert get_backfill(now=NOW).days_total == 0
