"""A series is paid by the cost center that its tag names, a bill line by the one that claims its account."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from billing.domain.allocation import cost_center_for, cost_center_of_account


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"team": "search"}, "search"),
        ({"team": "search", "env": "prod"}, "search"),
        ({"team": "Search"}, None),
        ({"Team": "search"}, None),
        ({"team": "unknown"}, None),
        ({}, None),
    ],
)
def test_a_tag_names_the_center_whose_code_it_equals(tags: Mapping[str, str], expected: str | None) -> None:
    assert cost_center_for(tags, "team", {"search", "support"}) == expected


@pytest.mark.parametrize(
    ("aws_account_id", "expected"), [("111111111111", "search"), ("222222222222", None), ("333333333333", None)]
)
def test_an_account_belongs_to_the_one_center_that_claims_it(aws_account_id: str, expected: str | None) -> None:
    claims = {"search": ["111111111111", "222222222222"], "support": ["222222222222"]}
    assert cost_center_of_account(aws_account_id, claims) == expected
