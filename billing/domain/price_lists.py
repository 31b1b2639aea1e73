"""Readings of AWS's Price List, one after the other, as dated prices: what stays, what moves, what is not believed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from billing.domain.catalog import Price, PriceBook, PriceFound, PriceKey
from billing.domain.dimensions import PriceOrigin
from billing.domain.learnt_rates import BELIEVED_TIMES
from billing.domain.parsing.price_list import ListedPrice
from billing.domain.periods import utc_day_start

# A look-up by model needs the first three; the fourth lists what agents use, none of it tokens of a model so far.
SERVICE_CODES = (
    "AmazonBedrock",
    "AmazonBedrockService",
    "AmazonBedrockFoundationModels",
    "AmazonBedrockAgentCore",
)


class PriceListState(StrEnum):
    """How the last reading of the list went."""

    READ = "READ"
    NOT_CONFIGURED = "NOT_CONFIGURED"  # this installation has no credentials of its own
    DENIED = "DENIED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenPrices:
    """One listed price for each key; and the keys that are listed at two rates, or at one that cannot be."""

    prices: Mapping[PriceKey, ListedPrice]
    contradicted: tuple[PriceKey, ...]
    not_believed: tuple[PriceKey, ...]


def choose(listed: Iterable[ListedPrice], committed: PriceBook) -> ChosenPrices:
    """Take one price for each key. AWS lists most rates twice, under two names: where they differ, neither is taken.

    What is twenty times off the committed table or more is in another unit than it says.
    """
    by_key: dict[PriceKey, list[ListedPrice]] = defaultdict(list)
    for price in listed:
        by_key[price.key].append(price)
    prices, contradicted, not_believed = {}, [], []
    for key, found in by_key.items():
        if len({price.rate_usd_per_million for price in found}) > 1:
            contradicted.append(key)
        elif not _is_believed(found[0], committed):
            not_believed.append(key)
        else:
            prices[key] = min(found, key=lambda price: (price.effective_from, price.usage_type))
    return ChosenPrices(prices=prices, contradicted=tuple(contradicted), not_believed=tuple(not_believed))


def continued(stored: Sequence[Price], listed: Mapping[PriceKey, ListedPrice], *, at: datetime) -> tuple[Price, ...]:
    """Return the dated prices after one more reading: a rate that stays goes on, one that moved ends where the new begins.

    AWS dates most prices with the beginning of the month, again and again: that alone is no change. A price that is not
    listed any more ends on the day on which it was missed.
    """
    histories: dict[PriceKey, list[Price]] = defaultdict(list)
    for price in sorted(stored, key=lambda price: price.effective_from):
        histories[price.key].append(price)
    today = utc_day_start(at)
    return tuple(
        price
        for key in (histories | dict(listed))
        for price in _history(histories.get(key, []), listed.get(key), today)
    )


def _history(history: list[Price], listed: ListedPrice | None, today: datetime) -> list[Price]:
    current = history[-1] if history and history[-1].effective_to is None else None
    if listed is None:
        return history if current is None else [*history[:-1], *_ended(current, today)]
    if current is not None and current.rate_usd_per_million == listed.rate_usd_per_million:
        return history
    start = listed.effective_from
    if current is not None:
        start = start if start > current.effective_from else max(today, current.effective_from)
        history = [*history[:-1], *_ended(current, start)]
    elif history and history[-1].effective_to is not None:
        start = max(start, history[-1].effective_to)
    return [*history, _price(listed, start, today)]


def _ended(price: Price, end: datetime) -> list[Price]:
    return [replace(price, effective_to=end)] if end > price.effective_from else []


def _price(listed: ListedPrice, start: datetime, today: datetime) -> Price:
    return Price(
        key=listed.key,
        rate_usd_per_million=listed.rate_usd_per_million,
        effective_from=start,
        effective_to=None,
        source=f"AWS Price List, {listed.service_code}: {listed.usage_type}"[:255],
        source_date=today.date(),
        origin=PriceOrigin.PRICE_LIST,
    )


def _is_believed(listed: ListedPrice, committed: PriceBook) -> bool:
    found = committed.price_in_force(listed.key, listed.effective_from)
    known = found.price.rate_usd_per_million if isinstance(found, PriceFound) else None
    rate = listed.rate_usd_per_million
    return not known or not rate or known / BELIEVED_TIMES < rate < known * BELIEVED_TIMES
