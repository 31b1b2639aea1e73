"""`UsageRecord`, `BilledRecord`, `Rejected`: what every parser ends in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from billing.domain.dimensions import ChargeCategory, SeriesKey, TokenClass


class TokenCounts(NamedTuple):
    """Tokens of each class, in the order of `TOKEN_CLASSES`; the classes are disjoint.

    A named tuple and not a dataclass, like every value of which there is one per fact: making one costs a fifth.
    """

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0

    def of(self, token_class: TokenClass) -> int:
        """The tokens of one class."""
        count: int = getattr(self, token_class.value)
        return count

    def plus(self, other: TokenCounts) -> TokenCounts:
        """Class by class."""
        return TokenCounts(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


class UsageRecord(NamedTuple):
    """What one series did in one UTC hour."""

    series: SeriesKey
    hour: datetime
    invocations: int = 0
    tokens: TokenCounts = TokenCounts()
    client_errors: int = 0
    server_errors: int = 0
    throttles: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledRecord:
    """One usage type of one service in one account on one UTC day, as AWS bills it."""

    aws_account_id: str
    service: str
    usage_type: str
    date: date
    unblended: Decimal
    net_unblended: Decimal
    amortized: Decimal
    quantity: Decimal
    unit: str
    currency: str
    estimated: bool
    charge_category: ChargeCategory = ChargeCategory.USAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A row that is wrong; stored, counted and shown, while the batch goes on."""

    reason: str
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Something that was stored otherwise than it was told, or left out on purpose; nothing of it is lost."""

    reason: str
    raw: str
