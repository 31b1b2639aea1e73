"""How many tokens one unit of a meter is: told by its name, and held against the list price, so that 1,000x cannot happen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

# What a million tokens cost by any list seen up to November 2026, in US dollars: input and output from the smallest model
# in batch to the largest model's output; what is read from or written to a cache from a tenth of that on.
PLAIN = (Decimal("0.02"), Decimal(700))
CACHED = (Decimal("0.002"), Decimal(40))
CACHE_CLASSES = frozenset({"cache_read", "cache_write", "cache_write_5m", "cache_write_30m", "cache_write_1h"})
# A list price in another currency is compared by its order of magnitude alone.
UNITS_PER_USD = {
    "USD": 1,
    "EUR": 1,
    "GBP": 1,
    "CHF": 1,
    "AUD": 1,
    "CAD": 1,
    "SGD": 1,
    "NZD": 1,
    "BRL": 5,
    "CNY": 7,
    "DKK": 7,
    "INR": 85,
    "JPY": 150,
    "KRW": 1400,
    "NOK": 10,
    "SEK": 10,
    "TWD": 32,
}
MILLION, THOUSAND = 1_000_000, 1_000

A_MILLION = re.compile(
    r"(?<![0-9a-z.,])(?:1\s?m|1[,.]?000[,.]?000|million|1\s?million|millions?)(?![0-9a-z])", re.IGNORECASE
)
A_THOUSAND = re.compile(r"(?<![0-9a-z.,])(?:1\s?k|1[,.]?000|thousands?)(?![0-9a-z,.])", re.IGNORECASE)
JUST_TOKENS = re.compile(r"tokens?", re.IGNORECASE)


def told_tokens_per_unit(*texts: str) -> int | None:
    """Return what texts say a unit is, the first that says something: `1K Tokens`, `1M`, or plain tokens."""
    for text in texts:
        if A_MILLION.search(text):
            return MILLION
        if A_THOUSAND.search(text):
            return THOUSAND
        if JUST_TOKENS.fullmatch(text.strip()):
            return 1
    return None


def proven_tokens_per_unit(
    *, told: int | None, possible: Sequence[int], list_price: Decimal | None, currency: str, token_class: str
) -> int | None:
    """Return how many tokens one unit is, or None when that is not certain.

    What is `told` by name holds unless the list price makes it impossible. Where nothing is told, the list price must leave
    exactly one of the possible units: two that are both conceivable differ by a thousand.
    """
    price = _in_usd(list_price, currency)
    if price is None:
        return told
    within = CACHED if token_class in CACHE_CLASSES else PLAIN
    if told is not None:
        return told if _lies(price, told, within) else None
    conceivable = [unit for unit in possible if _lies(price, unit, within)]
    return conceivable[0] if len(conceivable) == 1 else None


def _in_usd(price: Decimal | None, currency: str) -> Decimal | None:
    return price / UNITS_PER_USD[currency] if price is not None and currency in UNITS_PER_USD else None


def _lies(price: Decimal, tokens: int, within: tuple[Decimal, Decimal]) -> bool:
    return within[0] <= price * MILLION / tokens <= within[1]
