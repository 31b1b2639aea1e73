"""A source says the worst that is true of it; a backfill says how long it still takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing.domain.collection import FetchFailure, Source, WindowState
from billing.domain.freshness import Backfill, Freshness, freshness

NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
FRESH: dict[str, Any] = {
    "source": Source.CLOUDWATCH,
    "is_paused": False,
    "state": WindowState.DONE,
    "last_error": "",
    "data_until": NOW - timedelta(hours=1),
    "now": NOW,
}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, Freshness.FRESH),
        ({"is_paused": True, "state": WindowState.FAILED}, Freshness.PAUSED),
        ({"state": WindowState.FAILED, "last_error": FetchFailure.DENIED}, Freshness.DENIED),
        ({"state": WindowState.DUE, "last_error": FetchFailure.THROTTLED}, Freshness.RETRYING),
        ({"state": WindowState.DUE}, Freshness.FRESH),
        ({"data_until": None}, Freshness.FILLING),
        ({"data_until": NOW - timedelta(hours=3)}, Freshness.FRESH),
        ({"data_until": NOW - timedelta(hours=3, seconds=1)}, Freshness.LATE),
        # What the limit lets be read every six hours, or once a day, is not late before that.
        ({"data_until": NOW - timedelta(hours=8), "every_hours": 6}, Freshness.FRESH),
        ({"data_until": NOW - timedelta(hours=9), "every_hours": 6}, Freshness.LATE),
        ({"data_until": NOW - timedelta(hours=29), "every_hours": 24}, Freshness.FRESH),
        ({"data_until": NOW - timedelta(hours=30), "every_hours": 24}, Freshness.LATE),
        ({"source": Source.COST_EXPLORER, "data_until": NOW - timedelta(hours=33)}, Freshness.FRESH),
        ({"source": Source.COST_EXPLORER, "data_until": NOW - timedelta(hours=61)}, Freshness.LATE),
    ],
)
def test_a_source_says_the_worst_that_is_true(more: dict[str, Any], expected: Freshness) -> None:
    assert freshness(**{**FRESH, **more}) is expected


def backfill(**more: Any) -> Backfill:
    given: dict[str, Any] = {
        "days_done": 155,
        "days_total": 455,
        "windows_left": 10,
        "windows_failed": 0,
        "days_per_second": 15.0,
        "waits_until": None,
        "last_error": "",
    }
    return Backfill(**{**given, **more})


def test_a_backfill_says_how_long_it_still_takes() -> None:
    assert backfill().seconds_left == 20
    assert backfill(days_per_second=0.0).seconds_left is None
    assert backfill(windows_left=0).seconds_left == 0
    assert backfill(windows_left=0).is_complete
    assert not backfill(windows_left=0, windows_failed=1).is_complete
