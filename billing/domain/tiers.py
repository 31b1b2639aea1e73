"""Which service tier served a call, as AWS says it, and how what is counted of an hour is divided among the tiers.

CloudWatch publishes the runtime metrics of a model for all its traffic and, once service tiers are used, again by the
tier that was asked for and the one that served (AWS: bedrock/service-tiers-inference). The two repeat each other. The
total is the authority, since it is there for every hour; the split says how much of it other tiers than standard served.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from billing.domain.dimensions import SeriesKey, Tier
from billing.domain.records import Noted

# What ResolvedServiceTier says (bedrock-runtime, ServiceTierType). Billing follows the tier that served: a priority call
# that fell back is billed at the standard rate; AWS's pages say so of flex and priority, no bill of ours has shown it yet.
STANDARD_TIER = "default"
TIER_OF = {"flex": Tier.FLEX, "priority": Tier.PRIORITY, "reserved": Tier.RESERVED}


class TierDoubt(StrEnum):
    """Why the division of an hour is not simply what AWS said."""

    TIERS_EXCEED_TOTAL = "TIERS_EXCEED_TOTAL"  # the tiers together are more than all traffic: their shares were kept
    TOTAL_MISSING = "TOTAL_MISSING"  # the tiers were told and the total was not: the tiers were stored as they are


class Division(NamedTuple):
    """What each tier served of one count in one hour; tiers that served nothing may be absent."""

    served: Mapping[Tier, int]
    doubt: TierDoubt | None = None


def divide(total: int | None, told: Mapping[Tier, int]) -> Division:
    """Divide a count among the tiers: what was told of them, and the rest to standard. The sum is the total, always.

    None is a total that was not told at all, which is something else than zero: then nothing is left to standard.
    """
    others = sum(told.values())
    if total is None:
        return Division(told, TierDoubt.TOTAL_MISSING if others else None)
    if others <= total:
        return Division({Tier.STANDARD: total - others, **told})
    return Division(_in_proportion(total, told), TierDoubt.TIERS_EXCEED_TOTAL)


def _in_proportion(total: int, told: Mapping[Tier, int]) -> dict[Tier, int]:
    """Shares in whole numbers that add up to the total: the largest remainders are rounded up, in the order of the tiers."""
    others = sum(told.values())
    shares = {tier: count * total // others for tier, count in told.items()}
    by_remainder = sorted(told, key=lambda tier: (-(told[tier] * total % others), list(Tier).index(tier)))
    for tier in by_remainder[: total - sum(shares.values())]:
        shares[tier] += 1
    return shares


Quantities = dict[datetime, dict[str, int]]  # by hour, then by what is counted: invocations, input, ...


@dataclass(slots=True)
class _Doubtful:
    """The hours of one count whose division is in doubt."""

    first_hour: datetime
    hours: int = 0
    told: int = 0
    total: int = 0


class TierLedger:
    """Takes what was told of one model, all traffic and tier by tier, and divides every hour of it."""

    def __init__(self, series: SeriesKey) -> None:
        self._series = series
        self._total: Quantities = {}
        self._told: dict[datetime, dict[str, dict[Tier, int]]] = {}
        self._doubts: dict[tuple[TierDoubt, str], _Doubtful] = {}

    def add(self, tier: Tier, quantities: Quantities) -> None:
        """Take the total (the standard tier), or a part of what another tier served: its parts are added up."""
        if tier is Tier.STANDARD:
            self._total = quantities
            return
        for hour, found in quantities.items():
            told = self._told.setdefault(hour, defaultdict(dict))
            for quantity, count in found.items():
                told[quantity][tier] = told[quantity].get(tier, 0) + count

    def divided(self) -> Iterator[tuple[SeriesKey, Quantities]]:
        """Yield what each tier served, tier by tier; hours in which no tier was told are the standard tier's."""
        served: dict[Tier, Quantities] = {Tier.STANDARD: {}}
        for hour in sorted({*self._total, *self._told}):
            if hour not in self._told:
                served[Tier.STANDARD][hour] = self._total[hour]
                continue
            for quantity, division in self._divide(hour):
                for tier, count in division.served.items():
                    served.setdefault(tier, {}).setdefault(hour, {})[quantity] = count
        for tier in sorted(served, key=list(Tier).index):
            yield replace(self._series, tier=tier), served[tier]

    def notes(self) -> Iterator[Noted]:
        """Yield a line for each count whose division was in doubt in some hour."""
        for (doubt, quantity), found in self._doubts.items():
            raw = (
                f"{self._series.aws_model_id} {quantity}: {found.told} by tier, {found.total} in all, "
                f"{found.hours} h from {found.first_hour.isoformat()}"
            )
            yield Noted(reason=doubt, raw=raw)

    def _divide(self, hour: datetime) -> Iterator[tuple[str, Division]]:
        total, told = self._total.get(hour, {}), self._told[hour]
        for quantity in sorted({*total, *told}):
            division = divide(total.get(quantity), told.get(quantity, {}))
            if division.doubt is not None:
                doubtful = self._doubts.setdefault((division.doubt, quantity), _Doubtful(hour))
                doubtful.hours += 1
                doubtful.told += sum(told[quantity].values())
                doubtful.total += total.get(quantity, 0)
            yield quantity, division
