"""The periods of imported files: what is replaced, on which day a charge counts, what is told in full."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from billing.domain.imports import (
    FAILURE_SENTENCES,
    FORMAT_LABELS,
    ORIGIN_LABELS,
    REJECTED_LABELS,
    STATE_LABELS,
    BilledPeriod,
    ColumnsMissing,
    CostFormat,
    ImportFailure,
    ImportOrigin,
    ImportState,
    RejectedCostRow,
    complete_until,
    merged_periods,
    progress_percent,
)

OCTOBER = BilledPeriod(date(2026, 10, 1), date(2026, 11, 1))
NOVEMBER = BilledPeriod(date(2026, 11, 1), date(2026, 12, 1))


@pytest.mark.parametrize(
    ("day", "counts_on"),
    [
        (date(2026, 10, 1), date(2026, 10, 1)),
        (date(2026, 10, 31), date(2026, 10, 31)),
        (date(2026, 11, 1), date(2026, 10, 1)),
        (date(2026, 9, 3), date(2026, 10, 1)),
    ],
)
def test_a_charge_of_another_month_counts_on_the_first_day_of_the_period_that_bills_it(
    day: date, counts_on: date
) -> None:
    assert OCTOBER.day_within(day) == counts_on


def test_periods_that_overlap_become_one_and_others_stay_apart() -> None:
    odd = BilledPeriod(date(2026, 10, 15), date(2026, 11, 1))
    assert merged_periods([NOVEMBER, odd, OCTOBER, OCTOBER]) == (OCTOBER, NOVEMBER)
    assert merged_periods([]) == ()


@pytest.mark.parametrize(
    ("today", "last_day", "until"),
    [
        (date(2026, 11, 24), date(2026, 10, 20), date(2026, 11, 1)),  # over: silent days are told, too
        (date(2026, 11, 1), date(2026, 10, 31), date(2026, 10, 31)),  # the last day may still be cut off
        (date(2026, 10, 20), date(2026, 10, 19), date(2026, 10, 19)),
        (date(2026, 10, 20), date(2026, 12, 19), date(2026, 11, 1)),
    ],
)
def test_the_newest_day_of_a_period_that_goes_on_is_not_told_in_full(today: date, last_day: date, until: date) -> None:
    now = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    assert complete_until(OCTOBER, last_day=last_day, now=now) == until


def test_progress_is_half_looking_through_and_half_reading() -> None:
    assert [progress_percent(survey=survey, stored=stored) for survey, stored in ((-1, 0), (50, 0), (100, 50))] == [
        0,
        25,
        75,
    ]
    assert progress_percent(survey=120, stored=101) == 100


def test_everything_that_people_meet_has_words() -> None:
    assert set(FAILURE_SENTENCES) == set(ImportFailure)
    assert set(REJECTED_LABELS) == set(RejectedCostRow)
    assert set(STATE_LABELS) == set(ImportState)
    assert set(ORIGIN_LABELS) == set(ImportOrigin)
    assert set(FORMAT_LABELS) == set(CostFormat)
    assert str(ColumnsMissing(["BilledCost"])) == "BilledCost"
