"""How an axis is divided."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billing.domain.charts import axis_of


@pytest.mark.parametrize(
    ("largest", "end", "step"),
    [("0", "1", "1"), ("5504000", "6000000", "2000000"), ("7.3", "8", "2"), ("100", "100", "20"), ("0.9", "1", "0.2")],
)
def test_an_axis_starts_at_zero_and_has_at_most_five_steps(largest: str, end: str, step: str) -> None:
    assert axis_of(Decimal(largest)) == (Decimal(end), Decimal(step))
