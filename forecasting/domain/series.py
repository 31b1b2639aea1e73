"""`DailySeries`: one value a day, no gaps, refuses to be built otherwise; `Scope`: what a series is about."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from billing.domain.money import EXACT
from billing.domain.periods import DAY, DateRange

# Half a year of backtests and the history that the oldest of them needs; older days weigh nothing in any method.
HISTORY_DAYS = 200


class ScopeKind(StrEnum):
    """What spend is forecast for.

    COST_CENTER is a center with all below it, by where each stood on the day: what people mean by it. COST_CENTER_OWN is
    what is charged to the center itself: those, and the models, add up to the organization.
    """

    ORGANIZATION = "ORGANIZATION"
    COST_CENTER = "COST_CENTER"
    COST_CENTER_OWN = "COST_CENTER_OWN"
    MODEL = "MODEL"


# What people choose a budget for.
BUDGET_KINDS = (ScopeKind.ORGANIZATION, ScopeKind.COST_CENTER, ScopeKind.MODEL)
# Each of these adds up to the organization; branches hold one another.
PARTITIONS = (ScopeKind.COST_CENTER_OWN, ScopeKind.MODEL)


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """One thing that spend is forecast for.

    The key is empty for the organization, the id of a cost center, or the canonical id of a foundation model. An empty
    key of the other two kinds is the line that nobody owns: spend without a cost center, or of an unrecognized model.
    """

    kind: ScopeKind
    key: str = ""

    def __post_init__(self) -> None:
        if self.kind is ScopeKind.ORGANIZATION and self.key:
            raise ValueError(f"an organization is one scope, it has no key {self.key!r}")


WHOLE_ORGANIZATION = Scope(ScopeKind.ORGANIZATION)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeSpend:
    """What is known of one scope: rated spend by organization day, the current, incomplete day included."""

    scope: Scope
    days: Mapping[date, Decimal]

    def between(self, days: DateRange) -> Decimal:
        return sum((amount for day, amount in self.days.items() if day in days), Decimal(0))


def is_adding_up(spend: Iterable[ScopeSpend]) -> bool:
    """Whether the parts of each kind that has any add up to the organization, day by day; branches are not parts."""
    sums: dict[ScopeKind, dict[date, Decimal]] = {}
    for one in spend:
        if one.scope.kind is ScopeKind.COST_CENTER:
            continue
        of_kind = sums.setdefault(one.scope.kind, {})
        for day, amount in one.days.items():
            of_kind[day] = EXACT.add(of_kind.get(day, Decimal(0)), amount)
    return all(of_kind == sums.get(ScopeKind.ORGANIZATION) for of_kind in sums.values())


@dataclass(frozen=True, slots=True)
class DailySeries:
    """Charges of consecutive days, oldest first.

    Values are finite and not negative: the methods' level and the band's log ratio mean nothing for credits, which are
    dated items to be added after forecasting.
    """

    start: date
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        for offset, value in enumerate(self.values):
            if not math.isfinite(value) or value < 0:
                raise ValueError(f"{self.start + offset * DAY}: {value} is not a charge")

    @classmethod
    def from_days(cls, days: Mapping[date, float], *, start: date, end: date) -> DailySeries:
        """The days of [start, end); a day that nothing was charged on is zero."""
        if unknown := sorted(day for day in days if not start <= day < end):
            raise ValueError(f"{unknown[0]} lies outside {start} to {end}")
        return cls(start, tuple(days.get(start + offset * DAY, 0.0) for offset in range((end - start).days)))

    def __len__(self) -> int:
        return len(self.values)

    @property
    def end(self) -> date:
        """The first day after the series."""
        return self.start + len(self.values) * DAY

    def since_first_charge(self) -> DailySeries:
        """The series from its first day that is not zero: before a launch there is nothing to learn from."""
        first = next((index for index, value in enumerate(self.values) if value > 0), len(self.values))
        return DailySeries(self.start + first * DAY, self.values[first:])
