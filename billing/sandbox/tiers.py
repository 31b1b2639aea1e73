"""Which part of a series' traffic asked for another service tier than standard, and which tier served it.

A share of every hour, the same one from a day on: what asked for priority and found none was served, and is billed, as
standard. `default` is AWS's name of the standard tier in CloudWatch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from billing.sandbox.prices import read_rows
from billing.sandbox.traffic import Ints, Series

DEFAULT: Final = "default"
# What is one number in CloudWatch is two on the bill; shares are taken of the two.
SUMS: Final[Mapping[str, tuple[str, ...]]] = {"cache_write": ("cache_write_5m", "cache_write_1h")}

Tokens = Mapping[str, Ints]


class Tiers(NamedTuple):
    """As CloudWatch spells them."""

    asked: str
    served: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    tiers: Tiers
    from_day: int
    share: float


@cache
def shares() -> Mapping[str, tuple[Share, ...]]:
    found: dict[str, tuple[Share, ...]] = {}
    for row in read_rows("tiers.csv"):
        share = Share(
            tiers=Tiers(row["asked"], row["served"]), from_day=int(row["from_day"]), share=float(row["share"])
        )
        found[row["series"]] = (*found.get(row["series"], ()), share)
    return found


def by_tiers(series: Series, tokens: Tokens) -> dict[Tiers, Tokens]:
    """The tokens of a series by the tier that was asked for and the one that served; together they are all of them."""
    parts: dict[Tiers, Tokens] = {}
    rest = dict(tokens)
    for share in shares().get(series.name, ()):
        part = _part(tokens, share)
        rest = {field: values - part[field] for field, values in rest.items()}
        parts[share.tiers] = part
    return {Tiers(DEFAULT, DEFAULT): rest, **parts}


def by_served(series: Series, parts: Mapping[Tiers, Tokens]) -> Iterator[tuple[Series, Tokens]]:
    """The series once for each tier that served it, as it is billed, with its tokens."""
    for served in dict.fromkeys(tiers.served for tiers in parts):
        own = [tokens for tiers, tokens in parts.items() if tiers.served == served]
        summed = {field: sum((tokens[field] for tokens in own[1:]), values) for field, values in own[0].items()}
        yield (series if served == DEFAULT else replace(series, tier=served)), summed


def _part(tokens: Tokens, share: Share) -> Tokens:
    part = {field: np.floor(values * share.share).astype(np.int64) for field, values in tokens.items()}
    for values in part.values():
        values[: share.from_day * 24] = 0
    for field, of in SUMS.items():
        part[field] = sum((part[name] for name in of[1:]), part[of[0]])
    return part
