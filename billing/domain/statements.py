"""The statement of a month: what each cost center cost by itself, what it got of shared cost, and what nobody pays for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.domain.figures import round_half_up
from billing.domain.money import ZERO, add_up
from billing.domain.shared_costs import Received, Split, Weights, distribute

# What nobody pays for stands among the centers under this id.
NOBODY = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectLine:
    """What a center cost by itself of one model or heading; `label` empty: nothing tells which."""

    label: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedLine:
    """A part of a pool that a center received (above zero, of a cost), or what a pool gave away (below)."""

    split_id: int
    split_name: str
    other_id: int  # the pool it came from; the pool itself where it gave
    share: Decimal | None
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CenterStatement:
    """One center in one basis: its lines add up to `total` to the last digit."""

    cost_center_id: int
    direct: tuple[DirectLine, ...]
    shared: tuple[SharedLine, ...]

    @property
    def direct_total(self) -> Decimal:
        """What it cost by itself."""
        return add_up(line.amount for line in self.direct)

    @property
    def shared_total(self) -> Decimal:
        """What it got of others, less what it gave."""
        return add_up(line.amount for line in self.shared)

    @property
    def total(self) -> Decimal:
        """What it pays."""
        return add_up((self.direct_total, self.shared_total))

    def rounding(self, decimals: int) -> Decimal:
        """Return what the rounded lines lack to the rounded total: a line of its own."""
        lines = [*(line.amount for line in self.direct), *(line.amount for line in self.shared)]
        shown = add_up(round_half_up(amount, decimals) for amount in lines)
        return round_half_up(self.total, decimals) - shown


def build_statements(
    direct: Mapping[int, Mapping[str, Decimal]], splits: Sequence[Split], weights: Weights
) -> tuple[CenterStatement, ...]:
    """Return the statement of every center that pays or gives anything, and of nobody, the dearest first.

    `direct` by center (NOBODY: unallocated) and label. A cost is told directly or as a part of a split, never both: what a
    pool gives stands below zero at the pool, so that all statements add up to all of `direct`, to the last digit.
    """
    shared: dict[int, list[SharedLine]] = {}
    for split in splits:
        pool = split.pool_id or NOBODY
        received = distribute(add_up(direct.get(pool, {}).values()), split, weights)
        for one in received:
            shared.setdefault(one.cost_center_id, []).append(_line(split, pool, one))
        if received:
            given = add_up(one.amount for one in received)
            shared.setdefault(pool, []).append(
                SharedLine(split_id=split.id, split_name=split.name, other_id=pool, share=None, amount=-given)
            )
    statements = [
        CenterStatement(
            cost_center_id=center,
            direct=tuple(
                DirectLine(label=label, amount=amount)
                for label, amount in sorted(direct.get(center, {}).items(), key=lambda item: (-item[1], item[0]))
                if amount
            ),
            shared=tuple(shared.get(center, ())),
        )
        for center in {*direct, *shared}
    ]
    return tuple(sorted(statements, key=lambda one: (one.cost_center_id == NOBODY, -one.total, one.cost_center_id)))


def whole(statements: Sequence[CenterStatement]) -> Decimal:
    """Return what all statements add up to."""
    return add_up(one.total for one in statements)


def statement_of(statements: Sequence[CenterStatement], center: int) -> CenterStatement:
    """Return the statement of one center, an empty one where it neither cost nor got anything."""
    empty = CenterStatement(cost_center_id=center, direct=(), shared=())
    return next((one for one in statements if one.cost_center_id == center), empty)


def _line(split: Split, pool: int, one: Received) -> SharedLine:
    return SharedLine(
        split_id=split.id, split_name=split.name, other_id=pool, share=one.share, amount=one.amount or ZERO
    )
