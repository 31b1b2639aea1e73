"""What a person or a program may enter as a budget: amounts as typed, names, scopes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from forecasting.domain.budget_entry import (
    BudgetAmountInvalid,
    BudgetAmountTooFine,
    BudgetAmountTooLarge,
    BudgetNameInvalid,
    BudgetScopeInvalid,
    check_name,
    check_scope,
    parse_amount,
)
from forecasting.domain.series import Scope, ScopeKind


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("4300000", "4300000"),
        ("4,300,000", "4300000"),
        ("¥4,300,000", "4300000"),
        ("￥4,300,000", "4300000"),
        ("４，３００，０００円", "4300000"),
        ("４３０００００", "4300000"),
        (" $1,200.50 ", "1200.50"),
        ("¥ 4 300 000", "4300000"),
        ("0.01", "0.01"),
        ("999,999,999,999.99", "999999999999.99"),
    ],
)
def test_an_amount_is_understood_as_people_type_it(typed: str, amount: str) -> None:
    assert parse_amount(typed) == Decimal(amount)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "abc",
        "4,3",
        "4.300.000",
        "1e6",
        "-5",
        "+5",
        "NaN",
        "Infinity",
        "0",
        "0.00",
        "4,30,000",
        "1_000",
        "٤٣",
        "5;",
    ],
)
def test_what_is_not_one_plain_positive_number_is_refused(typed: str) -> None:
    with pytest.raises(BudgetAmountInvalid) as refused:
        parse_amount(typed)
    assert refused.value.field == "amount"


def test_an_amount_beyond_any_company_is_refused() -> None:
    with pytest.raises(BudgetAmountTooLarge):
        parse_amount("1000000000000")


def test_a_fraction_of_a_cent_is_refused() -> None:
    with pytest.raises(BudgetAmountTooFine):
        parse_amount("10.001")


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "two\nlines", "bell\a"])
def test_a_name_that_no_subject_could_hold_is_refused(name: str) -> None:
    with pytest.raises(BudgetNameInvalid):
        check_name(name)


def test_a_name_loses_its_outer_spaces_only() -> None:
    assert check_name("  検索 team  ") == "検索 team"


@pytest.mark.parametrize("scope", [Scope(ScopeKind.COST_CENTER), Scope(ScopeKind.MODEL)])
def test_what_nobody_owns_has_no_budget(scope: Scope) -> None:
    with pytest.raises(BudgetScopeInvalid):
        check_scope(scope)
