"""`Money`: a decimal amount and its currency; add, scale, split without losing a digit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal
from functools import reduce

# Stored amounts are numeric(38,18); products of a count and a rate need at most 38 digits, and nothing is ever
# rounded on the way (prec is a bound that is never reached, Inexact would say so in the tests).
EXACT = Context(prec=76)
SMALLEST_SHARE = Decimal("1E-18")
ZERO = Decimal(0)


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies were to be added or compared."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(f"{left} and {right} do not add")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency, exact."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal) or not self.amount.is_finite():
            raise TypeError(f"an amount is a finite Decimal, not {self.amount!r}")
        if len(self.currency) != 3 or not self.currency.isascii() or not self.currency.isupper():  # noqa: PLR2004 - ISO 4217
            raise ValueError(f"{self.currency!r} is not an ISO 4217 code")

    def __add__(self, other: Money) -> Money:
        return Money(EXACT.add(self.amount, self._same_currency(other)), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(EXACT.subtract(self.amount, self._same_currency(other)), self.currency)

    def __neg__(self) -> Money:
        return Money(self.amount.copy_negate(), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same_currency(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same_currency(other)

    def scale(self, factor: Decimal) -> Money:
        """Multiply by a plain number."""
        return Money(EXACT.multiply(self.amount, factor), self.currency)

    def split(self, weights: Sequence[Decimal]) -> tuple[Money, ...]:
        """Share the amount out in proportion to the weights; the shares add up to the whole exactly.

        Each share is cut to 18 places, and the remainder, in units of the last place, goes to the shares that lost
        most, so that no share is off by more than one such unit.
        """
        return tuple(Money(share, self.currency) for share in split_exactly(self.amount, weights))

    def _same_currency(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return other.amount


def total(amounts: Iterable[Money], currency: str) -> Money:
    """Add amounts of one currency; nothing adds up to zero."""
    return reduce(Money.__add__, amounts, Money(ZERO, currency))


def add_up(numbers: Iterable[Decimal]) -> Decimal:
    """Add numbers exactly; the built-in `sum` rounds to the 28 digits of the thread's context."""
    return reduce(EXACT.add, numbers, ZERO)


def plain(amount: Decimal) -> str:
    """Write a number out in full for programs: every digit, no exponent, no zeros that say nothing."""
    return format(amount.normalize(EXACT), "f")


def split_exactly(amount: Decimal, weights: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """Share a number out by largest remainder; the shares add up to it exactly."""
    whole = add_up(weights)
    if whole <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("weights are not negative and not all zero")
    unit = _unit_of_share(amount)
    ideal = [EXACT.divide(EXACT.multiply(amount, weight), whole) for weight in weights]
    shares = [share.quantize(unit, rounding=ROUND_DOWN, context=EXACT) for share in ideal]
    left = EXACT.subtract(amount, add_up(shares))
    step = unit.copy_sign(left)
    by_loss = sorted(range(len(shares)), key=lambda i: abs(EXACT.subtract(ideal[i], shares[i])), reverse=True)
    for index in by_loss[: int(left / step) if left else 0]:
        shares[index] = EXACT.add(shares[index], step)
    return tuple(shares)


def _unit_of_share(amount: Decimal) -> Decimal:
    """The last place a share is cut to: 18 places, or finer when the amount itself is."""
    exponent = amount.as_tuple().exponent
    assert isinstance(exponent, int)
    return min(SMALLEST_SHARE, Decimal(1).scaleb(exponent))
