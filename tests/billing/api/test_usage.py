"""Usage over REST: one column for each class, and never their sum."""

from __future__ import annotations

import pytest

from tests.billing.api.conftest import Api

RANGE = {"start": "2026-10-30", "end": "2026-11-02"}


@pytest.mark.usefixtures("facts")
def test_tokens_come_in_one_column_for_each_class(api: Api) -> None:
    answer = api.get("usage/", **RANGE, group_by="model").json()
    assert answer["rows"][1] == {
        "period": "2026-10-30",
        "model": "nova-pro",
        "tokens_input": 2676,
        "tokens_output": 24,
        "tokens_cache_read": 0,
        "tokens_cache_write": 0,
        "tokens_cache_write_5m": 0,
        "tokens_cache_write_1h": 0,
        "invocations": 24,
    }
    assert answer["rows"][0]["model"] is None
    assert answer["basis"] == "rated"


@pytest.mark.usefixtures("facts")
def test_grouped_by_class_there_is_one_column_of_tokens(api: Api) -> None:
    rows = api.rows("usage/", **RANGE, granularity="month", group_by="model,token_class")
    assert [tuple(row.values()) for row in rows] == [
        ("2026-10-01", None, "input", 336),
        ("2026-10-01", None, "output", 48),
        ("2026-10-01", "nova-pro", "input", 7752),
        ("2026-10-01", "nova-pro", "output", 48),
        ("2026-11-01", None, "input", 168),
        ("2026-11-01", None, "output", 24),
        ("2026-11-01", "nova-pro", "input", 7476),
        ("2026-11-01", "nova-pro", "output", 24),
    ]
    assert list(rows[0]) == ["period", "model", "token_class", "tokens"]


def test_the_bill_has_no_tokens(api: Api) -> None:
    assert api.refusal("usage/", **RANGE, basis="billed") == ("invalid_choice", "basis")
