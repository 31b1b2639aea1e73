"""How an axis is divided."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from billing.domain.money import EXACT

# More lines than these are read as a pattern, not as a scale.
GRID_LINES = 5


def axis_of(largest: Decimal) -> tuple[Decimal, Decimal]:
    """Return the end and the step of an axis from zero with at most five steps, each 1, 2, 2.5 or 5 times a power of ten."""
    if largest <= 0:
        return Decimal(1), Decimal(1)
    rough = EXACT.divide(largest, Decimal(GRID_LINES))
    power = Decimal(1).scaleb(rough.adjusted())
    step = next(power * factor for factor in map(Decimal, ("1", "2", "2.5", "5", "10")) if power * factor >= rough)
    steps = EXACT.divide(largest, step).to_integral_value(rounding=ROUND_CEILING)
    return step * steps, step
