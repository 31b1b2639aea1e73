"""What is on the bill besides tokens that somebody counts: other charges in constant amounts, and lines nobody knows."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Final

import numpy as np

from billing.sandbox.bill import Attributes, Line
from billing.sandbox.prices import MILLION, read_rows

# Amounts are counted in millionths of the bill's unit, so that hours of fractions stay whole numbers.
PARTS: Final = 1_000_000
HOURS_A_DAY: Final = 24


@cache
def rows() -> tuple[dict[str, str], ...]:
    return tuple(read_rows("extras.csv"))


def extra_lines(hours: int) -> Iterator[Line]:
    for row in rows():
        first = int(row["from_day"]) * HOURS_A_DAY
        hourly = np.zeros(hours, dtype=np.int64)
        hourly[first:] = int(Decimal(row["units_per_hour"]) * PARTS)
        yield Line(
            attributes=_attributes(row),
            hourly=hourly,
            list_rate=Decimal(row["usd_per_unit"]) * MILLION / PARTS,
            routing="",
            sandbox_model="",
            per_unit=Decimal(PARTS),
            unit=row["unit"],
        )


def _attributes(row: dict[str, str]) -> Attributes:
    return Attributes(
        account=row["account"],
        region=row["region"],
        service=row["service"],
        usage_type=row["usage_type"],
        operation=row["operation"],
        team="",
        billing_entity="AWS Marketplace" if row["service"].endswith("(Amazon Bedrock Edition)") else "AWS",
        model=row["model"],
        provider=row["provider"],
        inference_type=row["inference_type"],
        feature=row["feature"],
    )
