"""Shared costs: a pool is distributed to cost centers by percentages, cost, tokens or a metric, to the last digit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop
from billing.domain.money import ZERO, add_up, split_exactly
from billing.domain.periods import Month

HUNDRED = Decimal(100)
MOST_SHARES = 200


class SplitMethod(StrEnum):
    """What the parts are in proportion to."""

    FIXED = "FIXED"
    DIRECT_COST = "DIRECT_COST"
    TOKENS = "TOKENS"
    METRIC = "METRIC"


METHOD_LABELS: Mapping[SplitMethod, str] = {
    SplitMethod.FIXED: gettext_noop("Fixed percentages"),
    SplitMethod.DIRECT_COST: gettext_noop("In proportion to direct cost"),
    SplitMethod.TOKENS: gettext_noop("In proportion to tokens"),
    SplitMethod.METRIC: gettext_noop("In proportion to a business metric"),
}


class SharesMissing(Invalid):
    """Nobody would get anything."""

    code: ClassVar[str] = "shares_missing"
    message: ClassVar[str] = gettext_noop("Choose at least one cost center that receives a part.")


class SharesTooMany(Invalid):
    """More than a statement can show."""

    code: ClassVar[str] = "shares_too_many"
    message: ClassVar[str] = gettext_noop("A split has at most %(most)s receivers.")


class PercentagesWrong(Invalid):
    """Fixed parts that are not the whole."""

    code: ClassVar[str] = "percentages_wrong"
    message: ClassVar[str] = gettext_noop("Fixed percentages are above 0 and add up to 100; these add up to %(sum)s.")


class PoolReceives(Invalid):
    """A pool that gives to itself."""

    code: ClassVar[str] = "pool_receives"
    message: ClassVar[str] = gettext_noop("A cost center cannot receive a part of itself.")


class MetricMissing(Invalid):
    """A split by a metric that has no name."""

    code: ClassVar[str] = "metric_missing"
    message: ClassVar[str] = gettext_noop("Name the metric, for example orders.")


class MonthsReversed(Invalid):
    """The last month is before the first."""

    code: ClassVar[str] = "months_reversed"
    message: ClassVar[str] = gettext_noop("The last month must not come before the first.")


class PoolHasASplit(Invalid):
    """A cost would be given away twice."""

    code: ClassVar[str] = "pool_has_a_split"
    message: ClassVar[str] = gettext_noop("%(name)s distributes this already in some of these months.")


class PoolsInACircle(Invalid):
    """A pool that gets a part of what it gives."""

    code: ClassVar[str] = "pools_in_a_circle"
    message: ClassVar[str] = gettext_noop(
        "A cost center that is distributed cannot receive from another split: choose the receivers directly."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One split; `shares` by cost center, with their percentages where these are fixed. `pool_id` None: unallocated."""

    id: int
    name: str
    pool_id: int | None
    method: SplitMethod
    shares: Mapping[int, Decimal | None]
    metric: str = ""
    first_month: Month | None = None
    last_month: Month | None = None

    def covers(self, month: Month) -> bool:
        """Return whether it is in force in a month."""
        return (self.first_month is None or self.first_month <= month) and (
            self.last_month is None or month <= self.last_month
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What the receivers' parts may go by, by cost center."""

    direct_cost: Mapping[int, Decimal]
    tokens: Mapping[int, int]
    metrics: Mapping[tuple[str, int], Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What a cost center gets of one split; out of how many parts."""

    split_id: int
    cost_center_id: int
    weight: Decimal
    share: Decimal
    amount: Decimal


def check_split(split: Split, others: Iterable[Split]) -> None:
    """Raise what is wrong with a split beside the others."""
    if not split.shares:
        raise SharesMissing(field="shares")
    if len(split.shares) > MOST_SHARES:
        raise SharesTooMany(field="shares", most=MOST_SHARES)
    if split.pool_id in split.shares:
        raise PoolReceives(field="shares")
    if split.first_month and split.last_month and split.last_month < split.first_month:
        raise MonthsReversed(field="last_month")
    if split.method is SplitMethod.METRIC and not split.metric:
        raise MetricMissing(field="metric")
    percents = [percent or ZERO for percent in split.shares.values()]
    if split.method is SplitMethod.FIXED and (min(percents) <= 0 or add_up(percents) != HUNDRED):
        raise PercentagesWrong(field="shares", sum=f"{add_up(percents).normalize():f}")
    _check_beside(split, [other for other in others if other.id != split.id and _overlap(split, other)])


def _check_beside(split: Split, others: Iterable[Split]) -> None:
    for other in others:
        if other.pool_id == split.pool_id:
            raise PoolHasASplit(field="pool_id", name=other.name)
        if other.pool_id in split.shares or split.pool_id in other.shares:
            raise PoolsInACircle(field="shares")


def beside(split: Split, others: Iterable[Split]) -> tuple[Split, ...]:
    """Return a split with those of the others that can stand beside it, for trying out what it would come to."""
    return (
        *(
            other
            for other in others
            if other.id != split.id
            and other.pool_id not in (split.pool_id, *split.shares)
            and split.pool_id not in other.shares
        ),
        split,
    )


def weights_of(split: Split, weights: Weights) -> dict[int, Decimal]:
    """Return what the parts of a split are in proportion to; nothing counts below zero, such as a credit."""
    return {
        center: max(ZERO, _weight(split, center, percent, weights)) for center, percent in sorted(split.shares.items())
    }


def distribute(amount: Decimal, split: Split, weights: Weights) -> tuple[Received, ...]:
    """Return the parts of an amount; they add up to it exactly. Nothing where all weights are zero: it stays where it is."""
    by_center = weights_of(split, weights)
    whole = add_up(by_center.values())
    if not whole or not amount:
        return ()
    parts = split_exactly(amount, list(by_center.values()))
    return tuple(
        Received(split_id=split.id, cost_center_id=center, weight=weight, share=weight / whole, amount=part)
        for (center, weight), part in zip(by_center.items(), parts, strict=True)
    )


def _weight(split: Split, center: int, percent: Decimal | None, weights: Weights) -> Decimal:
    if split.method is SplitMethod.FIXED:
        return percent or ZERO
    if split.method is SplitMethod.DIRECT_COST:
        return weights.direct_cost.get(center, ZERO)
    if split.method is SplitMethod.TOKENS:
        return Decimal(weights.tokens.get(center, 0))
    return weights.metrics.get((split.metric, center), ZERO)


def _overlap(one: Split, other: Split) -> bool:
    starts: Sequence[Month] = [split.first_month for split in (one, other) if split.first_month]
    ends: Sequence[Month] = [split.last_month for split in (one, other) if split.last_month]
    return not starts or not ends or max(starts) <= min(ends)
