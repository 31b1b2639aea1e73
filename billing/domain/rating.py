"""Usage times price is cost, or the reason why not; the only place in the product where the two are multiplied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from billing.domain.catalog import (
    PRECEDENCE,
    PriceBook,
    PriceFound,
    PriceKey,
    PriceNotFound,
    PriceScope,
    UnpricedReason,
)
from billing.domain.dimensions import ROUTING_CLASS_OF, TOKEN_CLASSES, ContextBand, PriceOrigin, SeriesKey, TokenClass
from billing.domain.money import EXACT, ZERO, add_up
from billing.domain.records import TokenCounts, UsageRecord

PER_MILLION = -6
# CloudWatch does not tell how long a written cache entry lives; five minutes is Bedrock's default.
ASSUMED_CACHE_WRITE = TokenClass.CACHE_WRITE_5M
BEGINNING = datetime.min.replace(tzinfo=UTC)
END = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What a million tokens of one class cost and where that comes from.

    `assumed`: the source of the usage hides something the price depends on, and a stated default was taken.
    """

    rate_per_million: Decimal | None  # None: unpriced
    source: str
    assumed: bool = False
    origin: PriceOrigin | None = None  # None: unpriced
    unpriced_reason: UnpricedReason | None = None

    @property
    def is_override(self) -> bool:
        return self.origin is PriceOrigin.OVERRIDE


@dataclass(frozen=True, slots=True, kw_only=True)
class RateCard:
    """The rates of one price scope while none of its prices changes; `rates` in the order of `TOKEN_CLASSES`."""

    scope: PriceScope
    valid_from: datetime | None
    valid_to: datetime | None
    rates: tuple[Rate, ...]
    currency: str = "USD"
    # Derived, so that nothing is worked out once per row.
    per_token: tuple[Decimal | None, ...] = field(init=False, repr=False, compare=False)
    assumed_classes: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        per_million = [rate.rate_per_million for rate in self.rates]
        per_token = tuple(None if rate is None else rate.scaleb(PER_MILLION, EXACT) for rate in per_million)
        object.__setattr__(self, "per_token", per_token)
        assumed = tuple(index for index, rate in enumerate(self.rates) if rate.assumed)
        object.__setattr__(self, "assumed_classes", assumed)

    def of(self, token_class: TokenClass) -> Rate:
        """The rate of one class."""
        return self.rates[TOKEN_CLASSES.index(token_class)]

    def covers(self, at: datetime) -> bool:
        """Say whether the card may be used at a time."""
        return (self.valid_from or BEGINNING) <= at < (self.valid_to or END)


class TokenCosts(NamedTuple):
    """Cost of each class in the order of `TOKEN_CLASSES`; None where there were tokens and no price."""

    input: Decimal | None = ZERO
    output: Decimal | None = ZERO
    cache_read: Decimal | None = ZERO
    cache_write: Decimal | None = ZERO
    cache_write_5m: Decimal | None = ZERO
    cache_write_1h: Decimal | None = ZERO

    @property
    def total(self) -> Decimal:
        """All that is priced."""
        return add_up(cost for cost in self if cost is not None)


class RatedRecord(NamedTuple):
    """A usage record, what it cost, and the card it was rated with."""

    record: UsageRecord
    costs: TokenCosts
    rate_card: RateCard

    @property
    def cost_assumed(self) -> Decimal:
        """The part of the cost that rests on an assumption."""
        return assumed_cost(self.costs, self.rate_card)

    @property
    def tokens_unpriced(self) -> int:
        """The tokens that had no price."""
        return sum(count for count, cost in zip(self.record.tokens, self.costs, strict=True) if cost is None)


def rate_card(series: SeriesKey, at: datetime, book: PriceBook) -> RateCard:
    """Put together the rates that apply to a series at a time, and how long they do."""
    scope = scope_of(series)
    valid_from, valid_to = book.validity(scope, at)
    rates = tuple(_rate(scope, token_class, at, book) for token_class in TOKEN_CLASSES)
    return RateCard(scope=scope, valid_from=valid_from, valid_to=valid_to, rates=rates)


def scope_of(series: SeriesKey) -> PriceScope:
    """The part of a series that its prices depend on."""
    return PriceScope(series.model_id, series.aws_region, ROUTING_CLASS_OF[series.routing], series.tier)


def cost(tokens: TokenCounts, card: RateCard) -> TokenCosts:
    """Multiply tokens by rates, exactly. No tokens cost nothing; tokens without a rate cost None, never zero."""
    # Written out class by class: a loop takes twice as long, and this runs once per fact.
    n_input, n_output, n_read, n_write, n_write_5m, n_write_1h = tokens
    if n_input < 0 or n_output < 0 or n_read < 0 or n_write < 0 or n_write_5m < 0 or n_write_1h < 0:
        raise ValueError(f"tokens are never negative: {tokens}")
    multiply = EXACT.multiply
    r_input, r_output, r_read, r_write, r_write_5m, r_write_1h = card.per_token
    return TokenCosts(
        (None if r_input is None else multiply(r_input, n_input)) if n_input else ZERO,
        (None if r_output is None else multiply(r_output, n_output)) if n_output else ZERO,
        (None if r_read is None else multiply(r_read, n_read)) if n_read else ZERO,
        (None if r_write is None else multiply(r_write, n_write)) if n_write else ZERO,
        (None if r_write_5m is None else multiply(r_write_5m, n_write_5m)) if n_write_5m else ZERO,
        (None if r_write_1h is None else multiply(r_write_1h, n_write_1h)) if n_write_1h else ZERO,
    )


def cost_at(rate_per_million: Decimal, tokens: int) -> Decimal:
    """Multiply the tokens of one class by one rate, exactly."""
    return EXACT.multiply(rate_per_million.scaleb(PER_MILLION, EXACT), tokens)


def rate(records: Iterable[UsageRecord], book: PriceBook) -> Iterator[RatedRecord]:
    """Rate records one after the other; a card is looked up once per price scope and price period, not per row."""
    cards: dict[PriceScope, list[RateCard]] = {}
    series: SeriesKey | None = None
    card: RateCard | None = None
    starts = ends = BEGINNING
    for record in records:
        if record.series is not series or not starts <= record.hour < ends:
            series = record.series
            card = _find_card(series, record.hour, book, cards)
            starts, ends = card.valid_from or BEGINNING, card.valid_to or END
        assert card is not None
        yield RatedRecord(record, cost(record.tokens, card), card)


def assumed_cost(costs: TokenCosts, card: RateCard) -> Decimal:
    """The part of a cost that rests on an assumption."""
    return add_up(part for index in card.assumed_classes if (part := costs[index]) is not None)


def _find_card(series: SeriesKey, at: datetime, book: PriceBook, cards: dict[PriceScope, list[RateCard]]) -> RateCard:
    known = cards.setdefault(scope_of(series), [])
    for card in known:
        if card.covers(at):
            return card
    known.append(rate_card(series, at, book))
    return known[-1]


def find_price(
    scope: PriceScope, token_class: TokenClass, at: datetime, book: PriceBook
) -> tuple[PriceFound | PriceNotFound, bool]:
    """Return the price that tokens of a class are rated with at a time, and whether it is one that was assumed."""
    answer = book.price_in_force(_key(scope, token_class), at)
    if token_class is not TokenClass.CACHE_WRITE:
        return answer, False
    default = book.price_in_force(_key(scope, ASSUMED_CACHE_WRITE), at)
    # An own or learnt price for five minutes goes before a published one for any lifetime, as such prices always do.
    return (default, True) if _rank(default) > _rank(answer) else (answer, False)


def _rate(scope: PriceScope, token_class: TokenClass, at: datetime, book: PriceBook) -> Rate:
    answer, assumed = find_price(scope, token_class, at, book)
    if not isinstance(answer, PriceFound):
        return Rate(rate_per_million=None, source="", unpriced_reason=answer.reason)
    long_key = _key(scope, answer.price.key.token_class, ContextBand.LONG)
    assumed = assumed or isinstance(book.price_in_force(long_key, at), PriceFound)
    return Rate(
        rate_per_million=answer.price.rate_usd_per_million,
        source=answer.price.source,
        assumed=assumed,
        origin=answer.origin,
    )


def _rank(answer: PriceFound | PriceNotFound) -> int:
    """The higher, the sooner a price is taken; nothing is lower than none."""
    return PRECEDENCE[answer.origin] if isinstance(answer, PriceFound) else -len(PRECEDENCE)


def _key(scope: PriceScope, token_class: TokenClass, band: ContextBand = ContextBand.STANDARD) -> PriceKey:
    return PriceKey(
        model_id=scope.model_id,
        aws_region=scope.aws_region,
        routing_class=scope.routing_class,
        tier=scope.tier,
        token_class=token_class,
        context_band=band,
    )
