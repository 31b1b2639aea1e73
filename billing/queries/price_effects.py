"""What a price would change: of a month as it was, and of everything that is stored, before anybody saves it."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from billing.domain.catalog import Price, PriceBook, PriceFound, PriceKey, PriceScope
from billing.domain.dimensions import ROUTING_CLASS_OF, Basis, Dimension, Routing, Tier, TokenClass
from billing.domain.money import ZERO
from billing.domain.periods import Month, ceil_hour, local_range_hours
from billing.domain.price_entry import (
    PriceEntry,
    WeighedPrice,
    classes_priced_by,
    exchange_of,
    is_priced_by,
    overlaid,
    weigh,
)
from billing.domain.rating import cost_at, find_price
from billing.queries.catalog import EnteredPrice, get_price_book
from billing.queries.exchange_rates import list_exchange_rates
from billing.queries.questions import LONGEST_RANGE, SpendQuestion
from billing.queries.usage import list_usage

PLACE = (Dimension.AWS_REGION, Dimension.ROUTING, Dimension.TIER, Dimension.TOKEN_CLASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedUsage:
    """Tokens of one class in one place, in a time in which no price of their model changed."""

    scope: PriceScope
    token_class: TokenClass
    tokens: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceEffect:
    """What stored tokens cost before and after a change of a price, in dollars."""

    start: datetime
    end: datetime
    tokens: int
    cost_before: Decimal
    cost_after: Decimal
    tokens_unpriced_before: int
    tokens_unpriced_after: int

    @property
    def change(self) -> Decimal:
        return self.cost_after - self.cost_before

    @property
    def is_nothing(self) -> bool:
        return self.change == 0 and self.tokens_unpriced_before == self.tokens_unpriced_after


def weigh_entry(entry: PriceEntry, *, now: datetime) -> WeighedPrice:
    """Make a typed price dollars, and hold it against the price in force when it begins or, without one, now.

    Raises PriceMalformed, PriceTooFine, MissingRate or PriceImplausible.
    """
    rates = [entered.rate for entered in list_exchange_rates(entry.currency)]
    book = get_price_book([entry.key.model_id])
    answers = (book.price_in_force(entry.key, at) for at in (entry.effective_from, now))
    known = next((one.price.rate_usd_per_million for one in answers if isinstance(one, PriceFound)), None)
    return weigh(entry, exchange=exchange_of(entry, rates), known=known)


def get_effect_on_history(entry: PriceEntry, *, rate_usd_per_million: Decimal, now: datetime) -> PriceEffect:
    """Return what entering a price makes of everything that is stored."""
    old = get_price_book([entry.key.model_id])
    new = replace(old, overrides=overlaid(old.overrides, _price(entry, rate_usd_per_million, now)))
    return _effect(entry.key, old, new, start=entry.effective_from, end=now)


def get_effect_of_withdrawal(entered: EnteredPrice, *, now: datetime) -> PriceEffect:
    """Return what taking an own price back makes of everything that is stored."""
    price = entered.price
    old = get_price_book([price.key.model_id])
    new = replace(old, overrides=tuple(own for own in old.overrides if own != price))
    end = min(now, price.effective_to) if price.effective_to else now
    return _effect(price.key, old, new, start=price.effective_from, end=end)


def get_effect_on_month(
    entry: PriceEntry, *, rate_usd_per_million: Decimal, month: Month, time_zone: str, now: datetime
) -> PriceEffect:
    """Return what a month would have cost, had the price been in force in all of it."""
    start, end = local_range_hours(month.range, time_zone)
    old = get_price_book([entry.key.model_id])
    price = replace(_price(entry, rate_usd_per_million, now), effective_from=start, effective_to=None)
    others = (own for own in old.overrides if own.key != entry.key)
    return _effect(entry.key, old, replace(old, overrides=(*others, price)), start=start, end=end)


def read_usage_by_price_time(
    model_id: str, books: Collection[PriceBook], *, start: datetime, end: datetime
) -> Iterator[PricedUsage]:
    """Yield a model's tokens by place and class, cut where a price of the model begins or ends in any of the books."""
    start = ceil_hour(max(start, end - LONGEST_RANGE))
    for since, until in _pieces(books, start, end):
        question = SpendQuestion(
            basis=Basis.RATED, start=since, end=until, group_by=PLACE, filters={Dimension.MODEL: [model_id]}
        )
        for row in list_usage(question).rows:
            aws_region, routing, tier, token_class = row.key
            assert routing, "every series has a routing, a tier and tokens of a class"
            assert tier
            assert isinstance(row.tokens, int)
            scope = PriceScope(model_id, aws_region or "", ROUTING_CLASS_OF[Routing(routing)], Tier(tier))
            yield PricedUsage(scope=scope, token_class=TokenClass(str(token_class)), tokens=row.tokens, at=since)


def _pieces(books: Collection[PriceBook], start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    times = {
        ceil_hour(time)
        for book in books
        for price in (*book.prices, *book.learnt, *book.overrides)
        for time in (price.effective_from, price.effective_to)
        if time is not None
    }
    bounds = [start, *sorted(time for time in times if start < time < end), end]
    return [(since, until) for since, until in itertools.pairwise(bounds) if since < until]


def _effect(key: PriceKey, old: PriceBook, new: PriceBook, *, start: datetime, end: datetime) -> PriceEffect:
    costs, unpriced, tokens = [ZERO, ZERO], [0, 0], 0
    for usage in _concerned(key, old, new, start, end):
        tokens += usage.tokens
        for index, book in enumerate((old, new)):
            answer, _ = find_price(usage.scope, usage.token_class, usage.at, book)
            if isinstance(answer, PriceFound):
                costs[index] += cost_at(answer.price.rate_usd_per_million, usage.tokens)
            else:
                unpriced[index] += usage.tokens
    return PriceEffect(
        start=start,
        end=end,
        tokens=tokens,
        cost_before=costs[0],
        cost_after=costs[1],
        tokens_unpriced_before=unpriced[0],
        tokens_unpriced_after=unpriced[1],
    )


def _concerned(key: PriceKey, old: PriceBook, new: PriceBook, start: datetime, end: datetime) -> Sequence[PricedUsage]:
    if start >= end:
        return ()
    classes = classes_priced_by(key.token_class)
    return [
        usage
        for usage in read_usage_by_price_time(key.model_id, (old, new), start=start, end=end)
        if usage.token_class in classes
        and (usage.scope.routing_class, usage.scope.tier) == (key.routing_class, key.tier)
        and is_priced_by(key, usage.scope.aws_region)
    ]


def _price(entry: PriceEntry, rate_usd_per_million: Decimal, now: datetime) -> Price:
    return Price(
        key=entry.key,
        rate_usd_per_million=rate_usd_per_million,
        effective_from=entry.effective_from,
        effective_to=entry.effective_to,
        source=entry.source,
        source_date=now.date(),
    )
