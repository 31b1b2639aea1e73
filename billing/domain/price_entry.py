"""A price as a person types it: amount, currency and unit made dollars per million, and held against the known price."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import ClassVar

from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop
from billing.domain.catalog import MAX_RATE_PLACES, Price, PriceKey, nearness
from billing.domain.dimensions import TokenClass
from billing.domain.exchange_rates import USD, ExchangeRate, MissingRate, RateInForce, rate_in_force
from billing.domain.money import EXACT, Money
from billing.domain.periods import Month

# Thousands stand in groups of three, so that "4,3" is not taken for 43.
AMOUNT = re.compile(r"(\d+|\d{1,3}(,\d{3})+)(\.\d+)?", re.ASCII)
# The dearest token of today costs less than a thousandth of it: above, somebody has typed a bill.
MAX_RATE = Decimal(1_000_000)
MAX_AMOUNT = Decimal(10) ** 12
# A private discount is seldom more than half; a price a hundred times off is one in another unit.
DOUBTFUL = Decimal("0.5")
IMPOSSIBLE = Decimal(100)
STORED_PLACES = Decimal(1).scaleb(-MAX_RATE_PLACES)


class PriceUnit(StrEnum):
    """What a price is for; there is no default, since one mistaken for the other is a thousand times off."""

    PER_MILLION = "PER_MILLION"
    PER_THOUSAND = "PER_THOUSAND"


PRICE_UNIT_LABELS: Mapping[PriceUnit, str] = {
    PriceUnit.PER_MILLION: gettext_noop("per 1M tokens"),
    PriceUnit.PER_THOUSAND: gettext_noop("per 1K tokens"),
}
_TIMES = {PriceUnit.PER_MILLION: Decimal(1), PriceUnit.PER_THOUSAND: Decimal(1000)}


class PriceVerdict(StrEnum):
    """What a new price looks like beside the known one."""

    UNKNOWN = "UNKNOWN"  # nothing to compare with
    PLAUSIBLE = "PLAUSIBLE"
    DOUBTFUL = "DOUBTFUL"


class PriceMalformed(Invalid):
    """The text is no amount."""

    code: ClassVar[str] = "price_malformed"
    message: ClassVar[str] = gettext_noop("Price must be a number of 0 or more, for example 3.00 or 0.0125.")


class PriceTooFine(Invalid):
    """More places than costs are stored with."""

    code: ClassVar[str] = "price_too_fine"
    message: ClassVar[str] = gettext_noop("Price per 1M tokens may have at most %(limit)s decimals.")


class PriceImplausible(Invalid):
    """A hundred times the known price or a hundredth of it: the unit is wrong, and costs would be, too."""

    code: ClassVar[str] = "price_implausible"
    message: ClassVar[str] = gettext_noop(
        "This is $%(price)s per 1M tokens, where $%(known)s is known: more than a hundred times off. Check the unit."
    )


class PriceDoubtful(Invalid):
    """Half off or more: it may be right, and whoever enters it has to say so."""

    code: ClassVar[str] = "price_doubtful"
    message: ClassVar[str] = gettext_noop(
        "This is $%(price)s per 1M tokens, where $%(known)s is known: half off or more. Check amount and unit, or confirm it."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceEntry:
    """An organization's own price as it was typed, before anything of it was looked at."""

    key: PriceKey
    amount: Decimal
    currency: str
    unit: PriceUnit
    effective_from: datetime
    effective_to: datetime | None = None
    source: str = ""

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighedPrice:
    """A price in dollars per million tokens beside the known one, and the rate by which it became dollars."""

    rate_usd_per_million: Decimal
    known_usd_per_million: Decimal | None
    verdict: PriceVerdict
    exchange: RateInForce


def parse_price(text: str) -> Decimal:
    """Return the amount that a person typed: commas, a currency's sign and full-width digits are understood.

    Raises PriceMalformed.
    """
    plain = unicodedata.normalize("NFKC", text).strip().lstrip("$¥").strip()
    match = AMOUNT.fullmatch(plain)
    if match is None:
        raise PriceMalformed(field="amount")
    return Decimal(match.group().replace(",", ""))


def per_million(amount: Decimal, unit: PriceUnit) -> Decimal:
    """Return the price per million tokens. Raises PriceMalformed or PriceTooFine."""
    rate = EXACT.multiply(amount, _TIMES[unit])
    if not rate.is_finite() or not 0 <= rate < MAX_RATE:
        raise PriceMalformed(field="amount")
    exponent = rate.normalize(EXACT).as_tuple().exponent
    if isinstance(exponent, int) and -exponent > MAX_RATE_PLACES:
        raise PriceTooFine(field="amount", limit=MAX_RATE_PLACES)
    return rate


def judge(rate: Decimal, known: Decimal | None) -> PriceVerdict:
    """Compare a price with the known one, both per million tokens. Raises PriceImplausible.

    Nothing is too cheap to be true when it is free: a price of zero is a gift, not a slip of the unit.
    """
    if not known:
        return PriceVerdict.UNKNOWN
    if rate and (rate >= known * IMPOSSIBLE or rate * IMPOSSIBLE <= known):
        raise PriceImplausible(field="amount", price=f"{rate.normalize(EXACT):f}", known=f"{known.normalize(EXACT):f}")
    return PriceVerdict.DOUBTFUL if abs(rate - known) >= known * DOUBTFUL else PriceVerdict.PLAUSIBLE


def exchange_of(entry: PriceEntry, rates: Iterable[ExchangeRate]) -> RateInForce:
    """Return the exchange rate by which a price becomes dollars, of the month in which it begins. Raises MissingRate."""
    month = Month.of(entry.effective_from.date())
    found = rate_in_force(rates, entry.currency, month)
    if found is None:
        raise MissingRate(field="currency", currency=entry.currency, month=str(month))
    return found


def weigh(entry: PriceEntry, *, exchange: RateInForce, known: Decimal | None) -> WeighedPrice:
    """Make a price dollars per million tokens and compare it with the known one.

    Raises PriceMalformed, PriceTooFine or PriceImplausible.
    """
    if entry.currency == USD:
        rate = per_million(entry.amount, entry.unit)
    else:
        if entry.amount >= MAX_AMOUNT:
            raise PriceMalformed(field="amount")
        # A quotient has no end: it is kept as fine as prices are stored.
        native = EXACT.multiply(entry.amount, _TIMES[entry.unit])
        rate = exchange.convert_back(Money(native, entry.currency)).quantize(STORED_PLACES, ROUND_HALF_EVEN, EXACT)
        rate = per_million(rate, PriceUnit.PER_MILLION)
    return WeighedPrice(
        rate_usd_per_million=rate, known_usd_per_million=known, verdict=judge(rate, known), exchange=exchange
    )


def check_confirmed(weighed: WeighedPrice, *, is_confirmed: bool) -> None:
    """Let a doubtful price pass only when somebody has confirmed it. Raises PriceDoubtful."""
    known = weighed.known_usd_per_million
    if weighed.verdict is PriceVerdict.DOUBTFUL and not is_confirmed:
        assert known is not None
        rate = weighed.rate_usd_per_million
        raise PriceDoubtful(field="confirm", price=f"{rate.normalize(EXACT):f}", known=f"{known.normalize(EXACT):f}")


def overlaid(own: Iterable[Price], new: Price) -> tuple[Price, ...]:
    """Return an organization's own prices with a new one among them, as entering it leaves them.

    One that begins at the same time is replaced, one in force ends where the new one begins, and the new one ends where
    a later one begins.
    """
    kept, ends = [], [new.effective_to]
    for price in own:
        if price.key != new.key:
            kept.append(price)
        elif price.effective_from > new.effective_from:
            kept.append(price)
            ends.append(price.effective_from)
        elif price.effective_from < new.effective_from:
            is_cut = price.effective_to is None or price.effective_to > new.effective_from
            kept.append(replace(price, effective_to=new.effective_from) if is_cut else price)
    return (*kept, replace(new, effective_to=min((end for end in ends if end is not None), default=None)))


def classes_priced_by(token_class: TokenClass) -> frozenset[TokenClass]:
    """Return the token classes whose cost a price decides: writes of an untold lifetime are rated as of five minutes."""
    if token_class is TokenClass.CACHE_WRITE_5M:
        return frozenset({TokenClass.CACHE_WRITE_5M, TokenClass.CACHE_WRITE})
    return frozenset({token_class})


def is_priced_by(key: PriceKey, aws_region: str) -> bool:
    """Say whether a price's region, which may be a pattern, takes a region in."""
    return nearness(key.aws_region, aws_region) > 0
