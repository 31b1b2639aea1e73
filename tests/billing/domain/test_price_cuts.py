"""Announced cuts held against bills small enough to work out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.announcements import Line, NotReceived, Scope
from billing.domain.periods import DateRange
from billing.domain.price_cuts import (
    LineUse,
    Outcome,
    Standing,
    Volume,
    Windows,
    hold_against,
    largest_remainder,
    windows_of,
)

FIRST = date(2026, 9, 3)
WINDOWS = windows_of(FIRST, ends=None, first_billed=date(2026, 1, 1), billed_until=FIRST + timedelta(days=40))
SONNET = Line(
    "1111", "Anthropic", "claude-sonnet-4-5", "us-east-1", "GLOBAL", "STANDARD", "input", "STANDARD", "TOKENS"
)
SCOPE = Scope(model_ids=("claude-sonnet-4-5",), routing_class="GLOBAL")
MILLION = Decimal(1_000_000)


def use(line: Line, before: str, rate: str, since: str, paid: str | None = None, *, lately: str = "0") -> LineUse:
    """Millions of tokens before and since, the rate before, and the rate that was paid since."""
    new = Decimal(paid or rate)
    volume = [
        Volume(Decimal(millions) * MILLION, Decimal(millions) * price)
        for millions, price in ((before, Decimal(rate)), (since, new), (lately, new))
    ]
    return LineUse(line=line, before=volume[0], eve=volume[0], since=volume[1], after=volume[1], lately=volume[2])


def numbers(*texts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, texts))


def parts_of(outcome: Outcome) -> dict[str, tuple[Decimal, Decimal]]:
    return {part.reason.value: (part.points, part.money) for part in outcome.not_received}


def check_sums(outcome: Outcome) -> None:
    parts = outcome.not_received
    if outcome.realised_percent is not None:
        assert sum((part.points for part in parts), Decimal(0)) == outcome.announced_percent - outcome.realised_percent
    left = sum((part.money for part in parts), Decimal(0))
    assert left == outcome.announced_to_date - outcome.value_to_date


def test_a_cut_for_one_routing_of_one_model_among_others() -> None:
    """$300 of $500 are eligible and 25 % cheaper: 15 points of 25; $165 at another routing, $35 on another model."""
    outcome = hold_against(
        SCOPE,
        Decimal(25),
        [
            use(SONNET, "100", "3", "40", "2.25", lately="60"),
            use(SONNET._replace(routing_class="REGIONAL"), "50", "3.3", "20"),
            use(SONNET._replace(model_id="claude-haiku-4-5"), "35", "1", "10"),
        ],
        WINDOWS,
    )
    assert outcome.standing is Standing.MEASURED
    assert (outcome.spend_before, outcome.eligible_spend, outcome.eligible_share) == numbers("500", "300", "0.6")
    assert (outcome.announced_percent, outcome.realised_percent) == numbers("25", "15")
    assert (outcome.rate_before, outcome.rate_after) == numbers("3", "2.25")
    # 40 M tokens at $0.75 less; $196 at the rates before would have been $49 less.
    assert (outcome.value_to_date, outcome.announced_to_date) == numbers("30", "49")
    assert parts_of(outcome) == {
        "other_model": (Decimal("1.75"), Decimal("2.5")),
        "routing": (Decimal("8.25"), Decimal("16.5")),
    }
    # 60 M tokens in 30 days at $0.75 less, for 365 days.
    assert outcome.value_per_year == Decimal("547.5")
    check_sums(outcome)


@pytest.mark.parametrize(
    ("paid", "reason", "points", "money", "realised"),
    [
        pytest.param("2.25", None, 0, 0, "25", id="as announced"),
        pytest.param("2.4", NotReceived.RECEIVED_LESS, 5, "6", "20", id="cut by a fifth only"),
        pytest.param("3", NotReceived.RECEIVED_LESS, 25, "30", "0", id="not cut at all"),
        pytest.param("3.3", NotReceived.RECEIVED_LESS, 35, "42", "-10", id="dearer instead"),
        pytest.param("1.5", NotReceived.RECEIVED_MORE, -25, "-30", "50", id="cut by half"),
    ],
)
def test_a_rate_that_moved_by_another_percentage_is_a_line_of_its_own(
    paid: str, reason: NotReceived | None, points: int, money: str, realised: str
) -> None:
    outcome = hold_against(SCOPE, Decimal(25), [use(SONNET, "100", "3", "40", paid)], WINDOWS)
    assert outcome.realised_percent == Decimal(realised)
    assert parts_of(outcome) == ({} if reason is None else {reason.value: (Decimal(points), Decimal(money))})
    check_sums(outcome)


@pytest.mark.parametrize(
    ("changed", "scope", "reason"),
    [
        ({"publisher": "Meta", "model_id": "llama-3-3-70b"}, {"publishers": ("Anthropic",)}, "other_model"),
        ({"model_id": "claude-haiku-4-5"}, {"model_ids": ("claude-sonnet-4-5",)}, "other_model"),
        ({"routing_class": "REGIONAL"}, {"routing_class": "GLOBAL"}, "routing"),
        ({"routing_class": ""}, {"routing_class": "GLOBAL"}, "routing"),
        ({"tier": "PRIORITY"}, {"tiers": ("STANDARD", "FLEX")}, "tier"),
        ({"aws_region": "ap-northeast-1"}, {"aws_regions": ("us-east-1",)}, "region"),
        ({"context_band": "LONG"}, {"context_band": "STANDARD"}, "long_context"),
        ({"token_class": "cache_read"}, {"token_classes": ("input", "output")}, "cache_share"),
        ({"token_class": "output"}, {"token_classes": ("input",)}, "token_class"),
        ({"heading": "GUARDRAILS", "model_id": "", "publisher": ""}, {}, "not_tokens"),
        ({"heading": "PROVISIONED_THROUGHPUT"}, {}, "not_tokens"),
        ({"heading": "UNRECOGNIZED", "model_id": "", "publisher": ""}, {}, "unrecognized"),
        ({"heading": "", "model_id": "", "publisher": ""}, {}, "unrecognized"),
        ({"model_id": "other", "routing_class": "REGIONAL"}, {"model_ids": ("m",), "routing_class": "GLOBAL"}, "other_model"),
        ({"context_band": ""}, {"context_band": "STANDARD"}, None),
        ({"token_class": "cache_write"}, {"token_classes": ("cache_write_5m",)}, None),
        ({"heading": "MEDIA"}, {}, None),
        ({}, {}, None),
    ],
)  # fmt: skip
def test_what_is_out_of_scope_has_one_reason(
    changed: dict[str, str], scope: dict[str, tuple[str, ...]], reason: str | None
) -> None:
    line = use(SONNET._replace(**changed), "100", "3", "40", "2.25")
    outcome = hold_against(Scope(**scope), Decimal(25), [line], WINDOWS)  # type: ignore[arg-type] # a table's texts
    assert list(parts_of(outcome)) == ([] if reason is None else [reason])
    assert outcome.eligible_share == (1 if reason is None else 0)
    assert outcome.value_to_date == (30 if reason is None else 0)
    check_sums(outcome)


def test_a_line_not_used_before_has_no_weight_and_no_rate_to_compare_with() -> None:
    new = use(SONNET._replace(tier="FLEX"), "0", "1.5", "40")
    outcome = hold_against(SCOPE, Decimal(25), [use(SONNET, "100", "3", "40", "2.25"), new], WINDOWS)
    assert (outcome.eligible_share, outcome.realised_percent) == numbers("1", "25")
    assert parts_of(outcome) == {"no_rate_before": (Decimal(0), Decimal(15))}
    check_sums(outcome)


def test_a_line_last_used_long_before_has_its_rate_of_then_and_no_weight() -> None:
    old = Volume(Decimal(5) * MILLION, Decimal(15))
    back = LineUse(line=SONNET, eve=old, since=Volume(MILLION, Decimal("2.25")), after=Volume(MILLION, Decimal("2.25")))
    other = use(SONNET._replace(aws_region="eu-central-1"), "100", "3", "0")
    outcome = hold_against(SCOPE, Decimal(25), [back, other], WINDOWS)
    assert outcome.value_to_date == Decimal("0.75")
    assert parts_of(outcome) == {"not_used_since": (Decimal(25), Decimal(0))}
    check_sums(outcome)


def test_the_rate_of_the_last_day_counts_where_it_moved_within_the_stretch_before() -> None:
    """60 M at $3.50 and 40 M at $3.00: what was on the eve is what the cut is of."""
    line = LineUse(
        line=SONNET,
        before=Volume(100 * MILLION, Decimal(330)),
        eve=Volume(4 * MILLION, Decimal(12)),
        since=Volume(40 * MILLION, Decimal(90)),
        after=Volume(40 * MILLION, Decimal(90)),
    )
    outcome = hold_against(SCOPE, Decimal(25), [line], WINDOWS)
    assert (outcome.spend_before, outcome.realised_percent) == numbers("300", "25")
    assert outcome.not_received == ()


def test_a_cut_that_came_late_is_received_now_and_was_not_at_first() -> None:
    """10 M tokens at $3, then 30 M at $2.25: a quarter off by now, and $7.50 short of it since the day announced."""
    line = LineUse(
        line=SONNET,
        before=Volume(100 * MILLION, Decimal(300)),
        eve=Volume(4 * MILLION, Decimal(12)),
        since=Volume(40 * MILLION, Decimal("97.5")),
        after=Volume(30 * MILLION, Decimal("67.5")),
    )
    outcome = hold_against(SCOPE, Decimal(25), [line], WINDOWS)
    assert (outcome.realised_percent, outcome.value_to_date) == numbers("25", "22.5")
    assert parts_of(outcome) == {"received_less": (Decimal(0), Decimal("7.5"))}
    check_sums(outcome)


@pytest.mark.parametrize(
    ("uses", "days", "standing"),
    [
        pytest.param([], (0, 0), Standing.NO_BILL, id="no bill"),
        pytest.param([], (30, 0), Standing.NO_SPEND_BEFORE, id="a bill of nothing"),
        pytest.param([use(SONNET._replace(model_id="other"), "1", "3", "1")], (30, 9), Standing.NOTHING_ELIGIBLE, id="other"),
        pytest.param([use(SONNET, "1", "3", "0")], (30, 0), Standing.NOT_YET_BILLED, id="begins after the bill ends"),
        pytest.param([use(SONNET, "1", "3", "1")], (30, 9), Standing.MEASURED, id="measured"),
    ],
)  # fmt: skip
def test_what_can_be_said_at_all(uses: Sequence[LineUse], days: tuple[int, int], standing: Standing) -> None:
    before, since = (timedelta(days=count) for count in days)
    windows = Windows(
        before=DateRange(FIRST - before, FIRST),
        since=DateRange(FIRST, FIRST + since),
        after=DateRange(FIRST, FIRST + since),
        lately=DateRange(FIRST - before, FIRST),
    )
    outcome = hold_against(SCOPE, Decimal(25), uses, windows)
    assert outcome.standing is standing
    assert (outcome.eligible_share is None) == (outcome.spend_before == 0)
    check_sums(outcome)


@pytest.mark.parametrize(
    ("ends", "first_billed", "billed_until", "expected"),
    [
        pytest.param(None, (1, 1), (11, 24), ((8, 4), (9, 3), (9, 3), (11, 24), (10, 25), (11, 24)), id="usual"),
        pytest.param(None, (8, 20), (9, 10), ((8, 20), (9, 3), (9, 3), (9, 10), (9, 3), (9, 10)), id="short history"),
        pytest.param((10, 1), (1, 1), (11, 24), ((8, 4), (9, 3), (9, 3), (10, 1), (9, 3), (10, 1)), id="ended"),
        pytest.param(None, (1, 1), (8, 20), ((7, 21), (8, 20), (9, 3), (9, 3), (9, 3), (9, 3)), id="not yet billed"),
        pytest.param(None, (10, 1), (11, 1), ((9, 3), (9, 3), (9, 3), (11, 1), (10, 2), (11, 1)), id="billed only since"),
    ],
)  # fmt: skip
def test_what_is_compared(
    ends: tuple[int, int] | None,
    first_billed: tuple[int, int],
    billed_until: tuple[int, int],
    expected: tuple[tuple[int, int], ...],
) -> None:
    windows = windows_of(
        FIRST,
        ends=date(2026, *ends) if ends else None,
        first_billed=date(2026, *first_billed),
        billed_until=date(2026, *billed_until),
    )
    found = [bound for days in (windows.before, windows.since, windows.after) for bound in (days.start, days.end)]
    assert [(bound.month, bound.day) for bound in found] == list(expected)


@given(
    lines=st.lists(
        st.tuples(
            st.decimals("0", "1000", places=3),
            st.decimals("0.001", "99", places=4),
            st.decimals("0", "1000", places=3),
            st.decimals("0", "99", places=4),
            st.sampled_from(["GLOBAL", "REGIONAL"]),
            st.sampled_from(["input", "output", "cache_read"]),
        ),
        max_size=6,
    ),
    percent=st.decimals("0.01", "100", places=2),
)
def test_points_and_money_always_add_up_to_the_last_digit(
    lines: list[tuple[Decimal, Decimal, Decimal, Decimal, str, str]], percent: Decimal
) -> None:
    uses = [
        use(SONNET._replace(routing_class=routing, token_class=token_class), str(before), str(rate), str(since), str(paid))
        for before, rate, since, paid, routing, token_class in lines
    ]  # fmt: skip
    check_sums(hold_against(SCOPE, percent, uses, WINDOWS))


def test_rounded_parts_add_up_to_their_whole() -> None:
    thirds = [Fraction(1, 3)] * 3
    assert largest_remainder(thirds, Decimal(1), 2) == (Decimal("0.34"), Decimal("0.33"), Decimal("0.33"))
    assert sum(largest_remainder([Fraction(-1, 3), Fraction(4, 3)], Decimal(1), 4)) == 1
