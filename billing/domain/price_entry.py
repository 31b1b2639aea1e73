"""A price as a person types it: amount and unit made per million tokens, and held against the price known so far."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop
from billing.domain.catalog import MAX_RATE_PLACES
from billing.domain.money import EXACT

# Thousands stand in groups of three, so that "4,3" is not taken for 43.
AMOUNT = re.compile(r"(\d+|\d{1,3}(,\d{3})+)(\.\d+)?", re.ASCII)
# The dearest token of today costs less than a thousandth of it: above, somebody has typed a bill.
MAX_RATE = Decimal(1_000_000)
# A private discount is seldom more than half; a price a hundred times off is one in another unit.
DOUBTFUL = Decimal("0.5")
IMPOSSIBLE = Decimal(100)


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


def parse_price(text: str) -> Decimal:
    """Return the amount that a person typed: commas, a dollar sign and full-width digits are understood.

    Raises PriceMalformed.
    """
    plain = unicodedata.normalize("NFKC", text).strip().lstrip("$").strip()
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
