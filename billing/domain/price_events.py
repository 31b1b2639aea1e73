"""Price events: the days on which a rate that stood for a time became another one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import ClassVar, NamedTuple

from accounts.domain.errors import NotFound
from accounts.domain.text import gettext_noop
from billing.domain.dimensions import ContextBand
from billing.domain.money import EXACT

HUNDRED = Decimal(100)
# Bills are rounded to the tenth digit after the point: of a handful of tokens that moves a rate by less than this.
ROUNDING = Decimal("0.0005")
PERCENT_PLACES = Decimal("1E-6")


class EventKind(StrEnum):
    """Whether a rate moved on the bill, or in a list that somebody published; the values are the API's names."""

    OBSERVED = "observed"
    ANNOUNCED = "announced"


EVENT_KIND_LABELS: Mapping[EventKind, str] = {
    EventKind.OBSERVED: gettext_noop("On your bill"),
    EventKind.ANNOUNCED: gettext_noop("Published"),
}


class PriceEventNotFound(NotFound):
    """No price event of this organization has the id."""

    code: ClassVar[str] = "price_event_not_found"
    message: ClassVar[str] = gettext_noop("There is no such price event.")


class RateKey(NamedTuple):
    """What a rate is for, by the codes that bill lines and price lists share."""

    model_id: str
    aws_region: str
    routing_class: str
    tier: str
    token_class: str
    context_band: str = ContextBand.STANDARD.value


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedRate:
    """A rate in US dollars per million tokens and the first UTC day on which it was seen, or is in force."""

    key: RateKey
    rate: Decimal
    first_day: date
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceMove:
    """A rate became another one on a day."""

    kind: EventKind
    key: RateKey
    rate_before: Decimal
    rate_after: Decimal
    first_day: date
    source: str = ""

    @property
    def change_percent(self) -> Decimal | None:
        """By how much the rate changed; None from nothing, which is no ratio."""
        return change_percent(self.rate_before, self.rate_after)

    @property
    def is_cut(self) -> bool:
        return self.rate_after < self.rate_before


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCut:
    """Moves of a price list that are one piece of news: one model, routing, tier, day and percentage."""

    model_id: str
    routing_class: str
    tier: str
    context_band: str
    first_day: date
    percent: Decimal
    aws_regions: tuple[str, ...]
    token_classes: tuple[str, ...]
    source: str


def change_percent(before: Decimal, after: Decimal) -> Decimal | None:
    """Return the change in percent, to a millionth of one; None from nothing."""
    if before == 0:
        return None
    change = EXACT.multiply(EXACT.divide(EXACT.subtract(after, before), before), HUNDRED)
    return change.quantize(PERCENT_PLACES, rounding=ROUND_HALF_EVEN, context=EXACT).normalize(EXACT)


def is_move(before: Decimal, after: Decimal) -> bool:
    """Say whether two rates differ by more than a bill's rounding explains."""
    return abs(EXACT.subtract(after, before)) > EXACT.multiply(ROUNDING, before)


def find_moves(rates: Iterable[DatedRate], kind: EventKind) -> tuple[PriceMove, ...]:
    """Return where the rate of a key moved, by day and key; the first rate of a key is news of nothing.

    What comes back to where it was has moved twice. What creeps is compared with the rate that last counted as one, so
    that many small steps are found as well.
    """
    by_key: dict[RateKey, list[DatedRate]] = defaultdict(list)
    for one in rates:
        by_key[one.key].append(one)
    moves = [move for found in by_key.values() for move in _moves(found, kind)]
    return tuple(sorted(moves, key=lambda move: (move.first_day, move.key)))


def published_cuts(moves: Iterable[PriceMove]) -> tuple[PublishedCut, ...]:
    """Put the cuts of a price list together that people would call one: the same percentage on the same day."""
    found: dict[tuple[str, str, str, str, date, Decimal], list[PriceMove]] = defaultdict(list)
    for move in moves:
        change = move.change_percent
        if change is not None and change < 0:
            key = move.key
            percent = (-change).quantize(Decimal("1E-2"), context=EXACT).normalize(EXACT)
            found[key.model_id, key.routing_class, key.tier, key.context_band, move.first_day, percent].append(move)
    return tuple(
        PublishedCut(
            model_id=model_id,
            routing_class=routing_class,
            tier=tier,
            context_band=context_band,
            first_day=first_day,
            percent=percent,
            aws_regions=tuple(sorted({move.key.aws_region for move in group})),
            token_classes=tuple(sorted({move.key.token_class for move in group})),
            source=group[0].source,
        )
        for (model_id, routing_class, tier, context_band, first_day, percent), group in sorted(found.items())
    )


def _moves(rates: list[DatedRate], kind: EventKind) -> Iterator[PriceMove]:
    ordered = sorted(rates, key=lambda one: one.first_day)
    last = ordered[0].rate
    for one in ordered[1:]:
        if not is_move(last, one.rate):
            continue
        yield PriceMove(
            kind=kind,
            key=one.key,
            rate_before=last,
            rate_after=one.rate,
            first_day=one.first_day,
            source=one.source,
        )
        last = one.rate
