"""What a cost center may be called and claim."""

from __future__ import annotations

import pytest

from accounts.domain.cost_centers import (
    AwsAccountIdMalformed,
    CostCenterCodeMalformed,
    clean_aws_account_id,
    clean_code,
)


@pytest.mark.parametrize("code", ["search", "R&D".replace("&", "-"), "検索", "team:a/b=c+d@e", "x" * 64])
def test_a_code_may_be_whatever_the_value_of_a_tag_may_be(code: str) -> None:
    assert clean_code(f" {code} ") == code


@pytest.mark.parametrize("code", ["", " ", "a,b", "a;b", "x" * 65, "a\x00b", "x" * 10_000])
def test_a_code_that_no_tag_can_carry_is_refused(code: str) -> None:
    with pytest.raises(CostCenterCodeMalformed) as refusal:
        clean_code(code)

    assert refusal.value.field == "code"


@pytest.mark.parametrize(
    ("text", "account"),
    [
        ("123456789012", "123456789012"),
        ("1234-5678-9012", "123456789012"),
        ("１２３４５６７８９０１２", "123456789012"),
        ("", None),
        (None, None),
    ],
)
def test_an_account_is_read_as_people_type_it(text: str | None, account: str | None) -> None:
    assert clean_aws_account_id(text) == account


@pytest.mark.parametrize("text", ["12345678901", "1234567890123", "abcdefghijkl", "1" * 10_000])
def test_what_is_no_account_is_refused(text: str) -> None:
    with pytest.raises(AwsAccountIdMalformed) as refusal:
        clean_aws_account_id(text)

    assert refusal.value.field == "aws_account_id"
