"""A source says the worst that is true of it; a backfill says when it will be over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.domain.collection import FetchFailure, Source, WindowState
from billing.domain.freshness import (
    FRESHNESS_LABELS,
    LATE_AFTER,
    SOURCE_LABELS,
    Backfill,
    Freshness,
    freshness,
)

NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)


def test_every_source_and_state_has_words() -> None:
    assert set(FRESHNESS_LABELS) == set(Freshness)
    assert set(SOURCE_LABELS) == set(LATE_AFTER) == set(Source)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, Freshness.FRESH),
        ({"data_until": NOW - timedelta(hours=3)}, Freshness.FRESH),
        ({"data_until": NOW - timedelta(hours=3, seconds=1)}, Freshness.LATE),
        ({"data_until": NOW - timedelta(hours=48), "source": Source.COST_EXPLORER}, Freshness.FRESH),
        ({"data_until": None}, Freshness.FILLING),
        ({"last_error": FetchFailure.THROTTLED, "state": WindowState.DUE}, Freshness.RETRYING),
        ({"last_error": FetchFailure.THROTTLED, "state": WindowState.DUE, "data_until": None}, Freshness.RETRYING),
        ({"last_error": FetchFailure.THROTTLED, "state": WindowState.DONE}, Freshness.FRESH),
        ({"state": WindowState.FAILED, "last_error": FetchFailure.DENIED}, Freshness.DENIED),
        ({"state": WindowState.FAILED, "is_paused": True}, Freshness.PAUSED),
    ],
)
def test_the_worst_that_is_true_comes_first(facts: dict[str, Any], expected: Freshness) -> None:
    usual: dict[str, Any] = {
        "source": Source.CLOUDWATCH,
        "is_paused": False,
        "state": WindowState.DONE,
        "last_error": "",
        "data_until": NOW - timedelta(minutes=30),
        "now": NOW,
    }
    assert freshness(**{**usual, **facts}) is expected


@pytest.mark.parametrize(
    ("windows_left", "windows_failed", "days_per_second", "seconds_left", "is_complete"),
    [(0, 0, 0.0, 0, True), (0, 1, 0.0, 0, False), (3, 0, 0.0, None, False), (3, 0, 2.0, 50, False)],
)
def test_a_backfill_knows_how_long_it_still_takes(
    windows_left: int, windows_failed: int, days_per_second: float, seconds_left: int | None, is_complete: bool
) -> None:
    backfill = Backfill(
        days_done=100,
        days_total=200,
        windows_left=windows_left,
        windows_failed=windows_failed,
        days_per_second=days_per_second,
        waits_until=None,
        last_error="",
    )
    assert (backfill.seconds_left, backfill.is_complete) == (seconds_left, is_complete)


@pytest.mark.parametrize(
    ("done", "left", "is_running"), [(0, 3, True), (440, 3, True), (442, 3, False), (455, 1, False), (0, 0, False)]
)
def test_the_reading_of_the_present_is_no_backfill(done: int, left: int, *, is_running: bool) -> None:
    backfill = Backfill(
        days_done=done,
        days_total=455,
        windows_left=left,
        windows_failed=0,
        days_per_second=0.0,
        waits_until=None,
        last_error="",
    )
    assert backfill.is_running is is_running
