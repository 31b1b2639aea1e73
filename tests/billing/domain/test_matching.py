"""Pairing what was counted with what was billed: one row for each reason, and sums that always add up."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.dimensions import ChargeCategory, CostHeading
from billing.domain.matching import match_day
from billing.domain.reconciliation import (
    REASONS,
    BilledPart,
    Coverage,
    Line,
    RatedPart,
    Reason,
    Tolerance,
    add_up,
    all_exceeding,
    exceeding,
    is_whole,
)

SONNET = "claude-sonnet-4-5"
PLACE = ("aws_bedrock", "111122223333", "us-east-1")
NOTHING = Tolerance(absolute_usd=Decimal(0), percent=Decimal(0))
CLOSED = Coverage()
MILLION = 1_000_000


def counted(
    tokens: int,
    cost: str | None,
    *,
    token_class: str = "input",
    tier: str = "STANDARD",
    routing: str = "GLOBAL",
    model: str = SONNET,
) -> RatedPart:
    unpriced = tokens if cost is None else 0
    return RatedPart(*PLACE, model, token_class, tier, routing, tokens, unpriced, Decimal(cost or 0))


def told(
    tokens: int | None,
    cost: str,
    *,
    token_class: str = "input",
    tier: str = "STANDARD",
    routing: str = "GLOBAL",
    model: str = SONNET,
    heading: str = CostHeading.TOKENS,
    charge: str = ChargeCategory.USAGE,
    first: tuple[int, str] | None = None,
) -> BilledPart:
    count = None if tokens is None else Decimal(tokens)
    count_first, cost_first = (Decimal(first[0]), first[1]) if first else (count, cost)
    return BilledPart(
        *PLACE,
        model,
        token_class,
        tier,
        routing,
        "STANDARD",
        heading,
        charge,
        count,
        Decimal(cost),
        count_first,
        Decimal(cost_first),
    )


M = MILLION
AWAITED = Coverage(usage_awaited=frozenset({PLACE[1:]}))
TABLE = {
    "the same on both sides": ([counted(M, "3")], [told(M, "3")], CLOSED, {}, "0"),
    "a private discount": ([counted(M, "3")], [told(M, "2.25")], CLOSED, {Reason.PRICE_DIFFERS: "-0.75"}, "0"),
    "a unit misread is no price": ([counted(M, "3")], [told(M, "3000")], CLOSED, {}, "2997"),
    "no price of ours": ([counted(M, None)], [told(M, "3")], CLOSED, {Reason.UNPRICED: "3"}, "0"),
    "nothing counted": ([], [told(M, "3")], CLOSED, {Reason.BILL_WITHOUT_USAGE: "3"}, "0"),
    "more billed than counted": (
        [counted(M, "3")],
        [told(2 * M, "6")],
        CLOSED,
        {Reason.BILL_WITHOUT_USAGE: "3"},
        "0",
    ),
    "usage of the day still comes": ([], [told(M, "3")], AWAITED, {Reason.LATE: "3"}, "0"),
    "nothing billed": ([counted(M, "3")], [], CLOSED, {Reason.USAGE_WITHOUT_BILL: "-3"}, "0"),
    "the bill of the day still grows": (
        [counted(M, "3")],
        [told(M // 2, "1.5")],
        Coverage(is_bill_whole=False),
        {Reason.LATE: "-1.5"},
        "0",
    ),
    "restated in money": (
        [counted(M, "3")],
        [told(M, "3.3", first=(M, "3"))],
        CLOSED,
        {Reason.RESTATED: "0.3"},
        "0",
    ),
    "restated, and discounted before": (
        [counted(M, "4")],
        [told(M, "3.3", first=(M, "3"))],
        CLOSED,
        {Reason.RESTATED: "0.3", Reason.PRICE_DIFFERS: "-1"},
        "0",
    ),
    "restated to what we rated": ([counted(M, "3")], [told(M, "3", first=(M, "9"))], CLOSED, {}, "0"),
    "tokens added to the bill afterwards": (
        [counted(M, "3")],
        [told(2 * M, "6", first=(M, "3"))],
        CLOSED,
        {Reason.RESTATED: "3"},
        "0",
    ),
    "tokens taken off the bill afterwards": (
        [counted(2 * M, "6")],
        [told(M, "3", first=(2 * M, "6"))],
        CLOSED,
        {Reason.RESTATED: "-3"},
        "0",
    ),
    "a line taken off the bill afterwards": (
        [counted(M, "3")],
        [told(0, "0", first=(M, "3"))],
        CLOSED,
        {Reason.RESTATED: "-3"},
        "0",
    ),
    "guardrails": (
        [],
        [told(None, "1.2", model="", token_class="", heading=CostHeading.GUARDRAILS)],
        CLOSED,
        {Reason.NOT_TOKEN_BASED: "1.2"},
        "0",
    ),
    "a usage type nobody has seen": (
        [],
        [told(None, "0.7", model="", token_class="", heading=CostHeading.UNRECOGNIZED)],
        CLOSED,
        {Reason.UNRECOGNIZED: "0.7"},
        "0",
    ),
    "a unit that nothing proves": ([], [told(None, "0.7")], CLOSED, {}, "0.7"),
    "credit, refund and tax": (
        [],
        [
            told(None, "-5", model="", heading="", charge=ChargeCategory.CREDIT),
            told(None, "-1", model="", heading="", charge=ChargeCategory.REFUND),
            told(None, "2", model="", heading="", charge=ChargeCategory.TAX),
        ],
        CLOSED,
        {Reason.CREDIT_REFUND_TAX: "-4"},
        "0",
    ),
    "writes kept for an hour": (
        [counted(3 * M, "11.25", token_class="cache_write")],
        [told(2 * M, "7.5", token_class="cache_write_5m"), told(M, "6", token_class="cache_write_1h")],
        CLOSED,
        {Reason.CACHE_LIFETIME: "2.25"},
        "0",
    ),
    "batch": ([], [told(M, "1.5", tier="BATCH")], CLOSED, {Reason.BATCH: "1.5"}, "0"),
    "batch that was counted all the same": (
        [counted(M, "3")],
        [told(M, "1.5", tier="BATCH")],
        CLOSED,
        {Reason.PRICE_DIFFERS: "-1.5"},
        "0",
    ),
    "another tier on the bill": (
        [counted(2 * M, "6")],
        [told(M, "3"), told(M, "1.5", tier="FLEX")],
        CLOSED,
        {Reason.PRICE_DIFFERS: "-1.5"},
        "0",
    ),
    "another routing on the bill": (
        [counted(M, "3", routing="GLOBAL")],
        [told(M, "3.3", routing="REGIONAL")],
        CLOSED,
        {Reason.PRICE_DIFFERS: "0.3"},
        "0",
    ),
    "a model that nobody can name": (
        [counted(M, None, model="")],
        [told(M, "2")],
        CLOSED,
        {Reason.UNPRICED: "2"},
        "0",
    ),
    "two causes in one line": (
        [counted(M, "3")],
        [told(2 * M, "5")],
        CLOSED,
        {Reason.PRICE_DIFFERS: "-0.5", Reason.BILL_WITHOUT_USAGE: "2.5"},
        "0",
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_each_difference_has_its_reason(name: str) -> None:
    """What aws.md calls the bill's blind spots, row by row.

    BerriAI/litellm#15270, anthropics/claude-code#80601 and langfuse/langfuse#8559 are the same questions asked of products
    that could not answer them; grafana/cloudcost-exporter#933 is the unit misread; opencost/opencost#4022 the line type that
    a list of known ones forgot.
    """
    rated, billed, coverage, explained, unexplained = TABLE[name]
    sums = add_up(match_day(rated, billed, coverage, NOTHING))
    assert sums.explained == {reason: Decimal(amount) for reason, amount in explained.items()}
    assert sums.unexplained == Decimal(unexplained)


def test_the_last_digits_of_aws_are_rounding_within_what_is_tolerated() -> None:
    parts = ([counted(M, "3")], [told(M, "3.0000000001")], CLOSED)
    assert add_up(match_day(*parts, Tolerance())).explained == {Reason.ROUNDING: Decimal("1E-10")}
    assert add_up(match_day(*parts, NOTHING)).explained == {Reason.PRICE_DIFFERS: Decimal("1E-10")}


def test_unnamed_usage_goes_to_the_model_whose_tokens_it_equals() -> None:
    """langfuse/langfuse#13325: what is called by an opaque profile costs nothing anywhere but on the bill."""
    lines = match_day(
        [counted(700, None, model="")],
        [told(900, "9", model="amazon.nova-pro"), told(700, "14", model="mistral.large")],
        CLOSED,
        NOTHING,
    )
    by_model = {line.key.model_id: line.explained for line in lines}
    assert by_model["mistral.large"] == {Reason.UNPRICED: Decimal(14)}
    assert by_model["amazon.nova-pro"] == {Reason.BILL_WITHOUT_USAGE: Decimal(9)}


@pytest.mark.parametrize(
    ("rated", "billed", "expected"),
    [
        ([counted(M, "300")], [told(M, "250")], {"price_differs"}),
        ([counted(M, "300")], [told(M, "299.5")], set()),
        ([counted(M, "3")], [told(M, "2.25")], set()),
        ([], [told(M, "150", tier="BATCH")], {"batch"}),
        ([counted(M, "3")], [told(M, "3000")], {""}),
        # Two that cancel each other out are still two.
        ([counted(2 * M, "60")], [told(M, "60")], {"price_differs", "usage_without_bill"}),
    ],
)
def test_what_exceeds_the_tolerance_is_told_by_reason(
    rated: list[RatedPart], billed: list[BilledPart], expected: set[str]
) -> None:
    (line,) = match_day(rated, billed, CLOSED, Tolerance())
    assert {reason for reason, _ in exceeding(line, Tolerance())} == expected


def test_what_is_late_is_one_line_for_its_account_and_region() -> None:
    rated = [counted(M, "30"), counted(M, "40", model="amazon.nova-pro"), counted(M, "1", token_class="output")]
    lines = match_day(rated, [], Coverage(is_bill_whole=False), Tolerance())
    (one,) = all_exceeding(lines, Tolerance())
    assert (one.key.model_id, one.reason, one.amount, one.rated) == ("", Reason.LATE, Decimal(-71), Decimal(71))


COSTS = st.decimals(min_value=0, max_value=10**6, places=18, allow_nan=False, allow_infinity=False)
COUNTS = st.integers(min_value=0, max_value=10**12)
MODELS = st.sampled_from([SONNET, "amazon.nova-pro", ""])
CLASSES = st.sampled_from(["input", "output", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h"])
TIERS = st.sampled_from(["STANDARD", "FLEX", "BATCH", ""])
ROUTINGS = st.sampled_from(["GLOBAL", "REGIONAL", ""])
RATED = st.builds(
    lambda model, name, tier, routing, tokens, unpriced, cost: RatedPart(
        *PLACE, model, name, tier, routing, tokens + unpriced, unpriced, cost if tokens else Decimal(0)
    ),
    MODELS,
    CLASSES,
    TIERS,
    ROUTINGS,
    COUNTS,
    COUNTS,
    COSTS,
)
BILLED = st.builds(
    BilledPart,
    *(st.just(value) for value in PLACE),
    MODELS,
    st.one_of(CLASSES, st.just("cache_write_30m")),
    TIERS,
    ROUTINGS,
    st.sampled_from(["STANDARD", "LONG", ""]),
    st.sampled_from([*CostHeading, CostHeading.TOKENS, CostHeading.TOKENS, ""]),
    st.sampled_from([*ChargeCategory, ChargeCategory.USAGE, ChargeCategory.USAGE]),
    st.none() | st.decimals(min_value=0, max_value=10**12, places=6),
    COSTS | COSTS.map(lambda cost: -cost),
    st.none() | st.decimals(min_value=0, max_value=10**12, places=6),
    COSTS,
)
COVERAGES = st.sampled_from([CLOSED, AWAITED, Coverage(is_bill_whole=False)])


@given(st.lists(RATED, max_size=8), st.lists(BILLED, max_size=8), COVERAGES, st.randoms(use_true_random=False))
def test_every_line_adds_up_to_the_last_digit_in_any_order(
    rated: list[RatedPart],
    billed: list[BilledPart],
    coverage: Coverage,
    random: object,
) -> None:
    """BerriAI/litellm#10876: totals, parts and counters that each say something else."""
    lines = match_day(rated, billed, coverage, Tolerance())
    sums = add_up(lines)
    assert sums.billed == add_up(Line(key=part.key, billed=part.cost, unexplained=part.cost) for part in billed).billed
    assert sums.rated + sum(sums.explained.values()) + sums.unexplained == sums.billed
    random.shuffle(rated)  # type: ignore[attr-defined] # hypothesis gives a Random
    random.shuffle(billed)  # type: ignore[attr-defined] # as above
    again = add_up(match_day(rated, billed, coverage, Tolerance()))
    assert again == sums
    assert set(sums.explained) <= set(REASONS)


def test_a_day_of_the_bill_is_whole_two_days_after_its_end() -> None:
    day = date(2026, 11, 20)
    assert not is_whole(day, None)
    assert not is_whole(day, datetime(2026, 11, 22, 23, 59, tzinfo=UTC))
    assert is_whole(day, datetime(2026, 11, 23, tzinfo=UTC))
