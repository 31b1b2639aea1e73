"""The sandbox's own list prices, and the tenant's private rates on top of them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"
MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateRate:
    model: str
    routing: str
    factor: Decimal
    from_day: int


def read_rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def list_rates() -> Mapping[tuple[str, str, str, str, str], Decimal]:
    """Rate in USD per million, by model, region, routing class, tier and token class."""
    return {
        (row["model"], row["region"], row["routing"], row["tier"], row["token_class"]): Decimal(
            row["rate_usd_per_million"]
        )
        for row in read_rows("prices.csv")
    }


@cache
def private_rates() -> tuple[PrivateRate, ...]:
    return tuple(
        PrivateRate(
            model=row["model"],
            routing=row["routing"],
            factor=Decimal(row["factor"]),
            from_day=int(row["from_day"]),
        )
        for row in read_rows("private_rates.csv")
    )


def routing_class(routing: str) -> str:
    # The price list knows two: geo profiles are billed at the regional rate.
    return "global" if routing == "global" else "regional"


def list_rate(*, model: str, region: str, routing: str, tier: str, token_class: str) -> Decimal:
    return list_rates()[(model, region, routing_class(routing), tier, token_class)]


def private_factor(*, model: str, routing: str, day: int) -> Decimal:
    """What the tenant pays of the list price on one day after the epoch."""
    for rate in private_rates():
        if (rate.model, rate.routing) == (model, routing_class(routing)) and day >= rate.from_day:
            return rate.factor
    return Decimal(1)
