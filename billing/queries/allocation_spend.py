"""Cost of pieces of series' time, in the organization's currency: the ground of previews, conflicts and what is unallocated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from billing.domain.dimensions import Basis
from billing.domain.exchange_rates import USD, RateInForce, rate_in_force
from billing.domain.money import Money
from billing.domain.periods import DateRange, Month
from billing.queries.exchange_rates import list_exchange_rates
from billing.sql import execute

STATEMENT_OF = {Basis.RATED: "rated_pieces", Basis.BILLED: "billed_pieces"}


class Piece(NamedTuple):
    """A series from a day up to another, under a label."""

    label: int
    series_id: int
    start: date
    end: date


class PieceCost(NamedTuple):
    """What the pieces of a label cost on a day or in a month, in the facts' own currency."""

    label: int
    period: date
    currency: str
    cost: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthRates:
    """The rates of some months from dollars to the currency that is shown: the organization's, or dollars where one lacks."""

    currency: str
    by_month: Mapping[Month, RateInForce]
    missing: Month | None = None

    @classmethod
    def of(cls, currency: str, months: Iterable[Month]) -> MonthRates:
        """Return the rates in force in some months."""
        wanted = sorted(set(months))
        entered = [one.rate for one in list_exchange_rates(currency)]
        found = {month: rate_in_force(entered, currency, month) for month in wanted}
        known = {month: rate for month, rate in found.items() if rate is not None}
        if len(known) == len(wanted):
            return cls(currency=currency, by_month=known)
        dollars = RateInForce(currency=USD, units_per_usd=Decimal(1), month=None)
        return cls(
            currency=USD,
            by_month=dict.fromkeys(wanted, dollars),
            missing=next(month for month in wanted if month not in known),
        )

    def convert(self, cost: Decimal, currency: str, month: Month) -> Money | None:
        """Return an amount in the currency that is shown; None: it is in another, and nobody has a rate for that."""
        if currency == self.currency:
            return Money(cost, currency)
        return self.by_month[month].convert(cost) if currency == USD else None

    @property
    def used(self) -> tuple[RateInForce, ...]:
        """The rates that are not one to one, each once."""
        return tuple(dict.fromkeys(rate for rate in self.by_month.values() if rate.currency != USD))


def list_piece_costs(basis: Basis, pieces: Sequence[Piece], days: DateRange, *, by: str) -> list[PieceCost]:
    """Return what pieces cost within some UTC days, by label and day or month."""
    if not pieces:
        return []
    rows = execute(
        STATEMENT_OF[basis],
        labels=[piece.label for piece in pieces],
        series=[piece.series_id for piece in pieces],
        starts=[max(piece.start, days.start) for piece in pieces],
        ends=[min(piece.end, days.end) for piece in pieces],
        first_day=days.start,
        last_day=days.end,
        by=by,
    )
    return [PieceCost(*row) for row in rows]
