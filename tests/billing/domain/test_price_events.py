"""Where a rate moved, and what is no move."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from billing.domain.money import plain
from billing.domain.price_events import (
    DatedRate,
    EventKind,
    PriceMove,
    RateKey,
    change_percent,
    find_moves,
    published_cuts,
)

INPUT = RateKey("claude-sonnet-4-5", "us-east-1", "GLOBAL", "STANDARD", "input")
OUTPUT = INPUT._replace(token_class="output")


def seen(*days: tuple[int, str], key: RateKey = INPUT) -> list[DatedRate]:
    return [DatedRate(key=key, rate=Decimal(rate), first_day=date(2026, 9, day), source="list") for day, rate in days]


def told(moves: tuple[PriceMove, ...]) -> list[tuple[int, str, str]]:
    return [(move.first_day.day, str(move.rate_before), str(move.rate_after)) for move in moves]


@pytest.mark.parametrize(
    ("rates", "moves"),
    [
        pytest.param([], [], id="nothing known"),
        pytest.param([(1, "3")], [], id="the first rate of a new model is none"),
        pytest.param([(1, "3"), (9, "2.25")], [(9, "3", "2.25")], id="a cut"),
        pytest.param([(9, "2.25"), (1, "3")], [(9, "3", "2.25")], id="in whatever order they come"),
        pytest.param([(1, "3"), (9, "3.0010")], [], id="within a bill's rounding"),
        pytest.param([(1, "3"), (9, "3.0016")], [(9, "3", "3.0016")], id="just beyond it"),
        pytest.param(
            [(1, "3"), (5, "3.0012"), (9, "3.0024")], [(9, "3", "3.0024")], id="small steps that add up to a move"
        ),
        pytest.param([(1, "3"), (9, "6")], [(9, "3", "6")], id="a rise, as of models in extended access"),
        pytest.param([(1, "3"), (5, "2"), (7, "3")], [(5, "3", "2"), (7, "2", "3")], id="what comes back moved twice"),
        pytest.param([(1, "3"), (9, "0")], [(9, "3", "0")], id="free"),
        pytest.param([(1, "0"), (9, "3")], [(9, "0", "3")], id="no longer free"),
    ],
)
def test_a_rate_that_moved_is_an_event_on_its_first_day(
    rates: list[tuple[int, str]], moves: list[tuple[int, str, str]]
) -> None:
    assert told(find_moves(seen(*rates), EventKind.OBSERVED)) == moves


def test_keys_do_not_mix_and_events_come_in_the_order_of_their_days() -> None:
    moves = find_moves([*seen((1, "3"), (9, "2")), *seen((1, "15"), (5, "12"), key=OUTPUT)], EventKind.ANNOUNCED)
    assert [(move.first_day.day, move.key.token_class) for move in moves] == [(5, "output"), (9, "input")]
    assert {move.kind for move in moves} == {EventKind.ANNOUNCED}


@pytest.mark.parametrize(
    ("before", "after", "percent"),
    [("3", "2.25", "-25"), ("15", "11.25", "-25"), ("3", "6", "1E+2"), ("3", "2", "-33.333333"), ("0", "1", None)],
)
def test_a_change_is_told_in_percent_of_the_rate_before(before: str, after: str, percent: str | None) -> None:
    found = change_percent(Decimal(before), Decimal(after))
    assert found == (None if percent is None else Decimal(percent))


def test_cuts_of_a_price_list_that_are_one_piece_of_news_are_put_together() -> None:
    elsewhere = INPUT._replace(aws_region="eu-central-1")
    rates = [
        *seen((1, "5"), (9, "4")),
        *seen((1, "30"), (9, "24"), key=OUTPUT),
        *seen((1, "5"), (9, "4"), key=elsewhere),
        *seen((1, "0.5"), (9, "0.25"), key=INPUT._replace(token_class="cache_read")),
        *seen((1, "1"), (9, "2"), key=INPUT._replace(tier="PRIORITY")),
    ]
    cuts = published_cuts(find_moves(rates, EventKind.ANNOUNCED))
    assert [(plain(cut.percent), cut.token_classes, cut.aws_regions) for cut in cuts] == [
        ("20", ("input", "output"), ("eu-central-1", "us-east-1")),
        ("50", ("cache_read",), ("us-east-1",)),
    ]
