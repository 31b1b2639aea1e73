"""Who pays for a series: the first rule that holds, else its tag, else the center that claims its account; once a day."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.domain.errors import Invalid
from billing.domain.allocation import (
    Claim,
    Comparison,
    Condition,
    ConditionsMissing,
    ConditionsTooMany,
    ConditionValueMissing,
    ConditionValueTooLong,
    Evidence,
    NothingTellsAll,
    Origin,
    RuleDayOutOfRange,
    RuleDaysReversed,
    RuleField,
    RuleVersion,
    SeriesFacts,
    Stretch,
    TagKeyMissing,
    allocate,
    bases_of,
    check_conditions,
    check_days,
    claims_of,
    matching,
)
from billing.domain.dimensions import Basis

SEARCH, SUPPORT, RESEARCH = 1, 2, 3
DAY = date(2026, 11, 1)
USAGE = SeriesFacts(
    id=1,
    basis=Basis.RATED,
    told={
        RuleField.MODEL: "claude-sonnet-4-5",
        RuleField.AWS_REGION: "us-east-1",
        RuleField.AWS_ACCOUNT: "111122223333",
        RuleField.INFERENCE_PROFILE: "profile000001",
        RuleField.PROJECT: "",
    },
)
LINE = SeriesFacts(
    id=1,
    basis=Basis.BILLED,
    told={
        RuleField.PROVIDER: "aws_bedrock",
        RuleField.USAGE_TYPE: "USE1-Claude4.5-input-tokens",
        RuleField.PRINCIPAL: "arn:aws:sts::111122223333:assumed-role/search-api/session",
        RuleField.AWS_ACCOUNT: "111122223333",
    },
)


def condition(field: RuleField, *values: str, key: str = "", comparison: Comparison = Comparison.IS) -> Condition:
    return Condition(field=field, values=values, tag_key=key, comparison=comparison)


def rule(
    center: int, *conditions: Condition, rank: int = 1, start: date | None = None, end: date | None = None
) -> RuleVersion:
    return RuleVersion(
        rule_id=rank,
        rank=rank,
        name=f"Rule {rank}",
        cost_center_id=center,
        conditions=conditions or (condition(RuleField.AWS_ACCOUNT, "*"),),
        effective_from=start,
        effective_to=end,
    )


@pytest.mark.parametrize(
    ("series", "given_condition", "tags", "holds"),
    [
        (USAGE, condition(RuleField.MODEL, "claude-sonnet-4-5"), {}, True),
        (USAGE, condition(RuleField.MODEL, "claude-*"), {}, True),
        (USAGE, condition(RuleField.MODEL, "claude"), {}, False),
        (USAGE, condition(RuleField.MODEL, "nova-pro", "*sonnet*"), {}, True),
        (USAGE, condition(RuleField.MODEL, "Claude-*"), {}, False),
        (USAGE, condition(RuleField.MODEL, "claude.*"), {}, False),  # a star is no regular expression
        (USAGE, condition(RuleField.MODEL, "nova-*", comparison=Comparison.IS_NOT), {}, True),
        (USAGE, condition(RuleField.PROJECT, "*"), {}, False),  # what is not there is no text
        (USAGE, condition(RuleField.PROJECT, "*", comparison=Comparison.IS_NOT), {}, True),
        (USAGE, condition(RuleField.TAG, "search", key="team"), {"team": "search"}, True),
        (USAGE, condition(RuleField.TAG, "*", key="team"), {"Team": "search"}, False),
        (USAGE, condition(RuleField.TAG, "*", key="team", comparison=Comparison.IS_NOT), {}, True),
        # What a source cannot tell fulfils nothing, not even "is not".
        (USAGE, condition(RuleField.PRINCIPAL, "*search*", comparison=Comparison.IS_NOT), {}, False),
        (LINE, condition(RuleField.INFERENCE_PROFILE, "profile*"), {}, False),
        (LINE, condition(RuleField.PRINCIPAL, "arn:aws:sts::*:assumed-role/search-*"), {}, True),
        (LINE, condition(RuleField.USAGE_TYPE, "*-input-tokens"), {}, True),
        (LINE, condition(RuleField.TAG, "search", key="iamPrincipal/team"), {"iamPrincipal/team": "search"}, True),
    ],
)
def test_a_condition_holds_by_what_the_series_says(
    series: SeriesFacts, given_condition: Condition, tags: Mapping[str, str], holds: bool
) -> None:
    """guidance-for-claude-code-with-amazon-bedrock#151: profiles name the payer; AWS, April 2026: so do IAM principals."""
    assert given_condition.holds(series, tags) is holds


TAG_A = Claim(origin=Origin.TAG, cost_center_id=SEARCH, text="team")
CENTERS = {"search": SEARCH, "support": SUPPORT}


@pytest.mark.parametrize(
    ("tags", "account", "expected"),
    [
        ({"team": "search"}, "1", [(Origin.TAG, SEARCH)]),
        ({"team": "Search"}, "1", []),
        ({"Team": "search"}, "1", []),
        ({"team": "unknown"}, "9", [(Origin.ACCOUNT, RESEARCH)]),
        ({"team": "search"}, "9", [(Origin.TAG, SEARCH), (Origin.ACCOUNT, RESEARCH)]),
        ({"user:team": "support"}, "1", [(Origin.TAG, SUPPORT)]),
        ({"team": "search", "iamPrincipal/team": "support"}, "1", [(Origin.TAG, SEARCH), (Origin.TAG, SUPPORT)]),
        ({}, "1", []),
    ],
)
def test_a_tag_names_the_center_whose_code_it_equals_and_a_center_may_claim_an_account(
    tags: Mapping[str, str], account: str, expected: list[tuple[Origin, int]]
) -> None:
    found = claims_of(tags, "team", account, CENTERS, {"9": RESEARCH})
    assert [(claim.origin, claim.cost_center_id) for claim in found] == expected


def test_without_a_tag_key_no_tag_names_anybody() -> None:
    assert claims_of({"": "search", "user:": "search"}, "", "1", CENTERS, {}) == ()


def paid(stretches: tuple[Stretch, ...]) -> list[tuple[date | None, int | None, Origin | None]]:
    return [(one.start, one.cost_center_id, one.origin) for one in stretches]


def test_the_first_rule_by_rank_wins_and_evidence_comes_last() -> None:
    evidence = (Evidence(cost_center_id=RESEARCH, origin=Origin.TAG, tags={"team": "research"}),)
    rules = (rule(SUPPORT, rank=2), rule(SEARCH, rank=1, start=DAY, end=DAY + timedelta(days=9)))
    assert paid(allocate(USAGE, rules, evidence)) == [
        (None, SUPPORT, Origin.RULE),
        (DAY, SEARCH, Origin.RULE),
        (DAY + timedelta(days=9), SUPPORT, Origin.RULE),
    ]
    assert [one.rank for one in matching(USAGE, rules, {}, DAY)] == [1, 2]
    assert paid(allocate(USAGE, (), evidence)) == [(None, RESEARCH, Origin.TAG)]
    assert paid(allocate(USAGE, (), ())) == [(None, None, None)]


def test_a_rule_goes_by_the_tags_of_the_time() -> None:
    """langwatch/langwatch#8142: tags are not retroactive, and what was before one is not told by it."""
    evidence = (
        Evidence(end=DAY, tags={"env": "test"}),
        Evidence(start=DAY, tags={"env": "prod"}, cost_center_id=SUPPORT, origin=Origin.ACCOUNT),
    )
    by_tag = rule(SEARCH, condition(RuleField.TAG, "test", key="env"))
    assert paid(allocate(USAGE, (by_tag,), evidence)) == [
        (None, SEARCH, Origin.RULE),
        (DAY, SUPPORT, Origin.ACCOUNT),
    ]


def test_what_a_person_assigned_stays() -> None:
    by_hand = (Stretch(start=DAY, end=None, cost_center_id=RESEARCH, origin=Origin.HAND),)
    assert paid(allocate(USAGE, (rule(SEARCH),), (), by_hand)) == [
        (None, SEARCH, Origin.RULE),
        (DAY, RESEARCH, Origin.HAND),
    ]


@st.composite
def bounds(draw: st.DrawFn) -> tuple[date | None, date | None]:
    start = draw(st.none() | st.integers(0, 20))
    length = draw(st.none() | st.integers(1, 10))
    begin = None if start is None else DAY + timedelta(days=start)
    return begin, None if length is None else (begin or DAY) + timedelta(days=length)


@given(st.lists(st.tuples(bounds(), st.integers(1, 3)), max_size=5), st.integers(0, 25))
def test_every_day_has_exactly_one_outcome(rules: list[tuple[tuple[date | None, date | None], int]], day: int) -> None:
    """FinOps FOCUS_Spec#810: nothing is counted twice, whatever overlaps."""
    versions = [
        rule(center, rank=rank, start=start, end=end) for rank, ((start, end), center) in enumerate(rules, start=1)
    ]
    stretches = allocate(USAGE, versions, (Evidence(start=DAY, cost_center_id=9, origin=Origin.TAG),))
    assert (stretches[0].start, stretches[-1].end) == (None, None)
    assert all(one.end == other.start for one, other in itertools.pairwise(stretches))
    asked = DAY + timedelta(days=day)
    (found,) = [one for one in stretches if (one.start or date.min) <= asked < (one.end or date.max)]
    winning = next((one for one in versions if one.covers(asked)), None)
    assert found.cost_center_id == (winning.cost_center_id if winning else 9)


@pytest.mark.parametrize(
    ("conditions", "error"),
    [
        ((), ConditionsMissing),
        ((condition(RuleField.MODEL),), ConditionValueMissing),
        ((condition(RuleField.MODEL, "a", ""),), ConditionValueMissing),
        ((condition(RuleField.MODEL, "a" * 256),), ConditionValueTooLong),
        ((condition(RuleField.MODEL, *("a",) * 51),), ConditionsTooMany),
        ((condition(RuleField.MODEL, "a"),) * 11, ConditionsTooMany),
        ((condition(RuleField.TAG, "a"),), TagKeyMissing),
        ((condition(RuleField.MODEL, "a", key="team"),), TagKeyMissing),
        ((condition(RuleField.PRINCIPAL, "a"), condition(RuleField.INFERENCE_PROFILE, "a")), NothingTellsAll),
    ],
)
def test_conditions_that_cannot_be_are_refused(conditions: tuple[Condition, ...], error: type[Invalid]) -> None:
    with pytest.raises(error):
        check_conditions(conditions)


def test_a_rule_takes_the_costs_whose_source_tells_its_fields() -> None:
    assert bases_of([condition(RuleField.MODEL, "a")]) == frozenset(Basis)
    assert bases_of([condition(RuleField.MODEL, "a"), condition(RuleField.PRINCIPAL, "a")]) == {Basis.BILLED}


def test_days_of_a_rule_are_in_order_and_in_range() -> None:
    check_conditions([condition(RuleField.TAG, "a", key="team")])
    check_days(None, None)
    check_days(DAY, DAY + timedelta(days=1))
    with pytest.raises(RuleDaysReversed):
        check_days(DAY, DAY)
    with pytest.raises(RuleDayOutOfRange):
        check_days(date(1999, 1, 1), None)


def test_a_series_is_called_by_what_it_says() -> None:
    assert USAGE.name == "claude-sonnet-4-5, 111122223333, us-east-1"
    assert LINE.name == "USE1-Claude4.5-input-tokens, 111122223333"
