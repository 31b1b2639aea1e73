"""What the bill says against what we rated: the reasons of a difference, lines, days, and what finance tolerates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import NamedTuple

from accounts.domain.text import gettext_noop
from billing.domain.collection import RESTATEMENT
from billing.domain.dimensions import ChargeCategory, CostHeading, TokenClass
from billing.domain.money import EXACT, ZERO
from billing.domain.periods import utc_day_start

# AWS tells a day's bill within a day in general, "some data comes later than 24 h" (cost-management guide, ce-what-is).
BILL_GROWS = timedelta(hours=48)


class Reason(StrEnum):
    """Why billed and rated differ; the order is that of the page, and the values are the API's names."""

    PRICE_DIFFERS = "price_differs"
    CACHE_LIFETIME = "cache_lifetime"
    UNPRICED = "unpriced"
    BATCH = "batch"
    BILL_WITHOUT_USAGE = "bill_without_usage"
    USAGE_WITHOUT_BILL = "usage_without_bill"
    LATE = "late"
    RESTATED = "restated"
    NOT_TOKEN_BASED = "not_token_based"  # noqa: S105 - a reason, not a secret
    UNRECOGNIZED = "unrecognized"
    CREDIT_REFUND_TAX = "credit_refund_tax"
    ROUNDING = "rounding"


REASONS = tuple(Reason)

REASON_LABELS: Mapping[Reason, str] = {
    Reason.PRICE_DIFFERS: gettext_noop("Price differs"),
    Reason.CACHE_LIFETIME: gettext_noop("Cache writes kept for longer"),
    Reason.UNPRICED: gettext_noop("Usage without a price"),
    Reason.BATCH: gettext_noop("Batch, which only the bill shows"),
    Reason.BILL_WITHOUT_USAGE: gettext_noop("Bill without usage"),
    Reason.USAGE_WITHOUT_BILL: gettext_noop("Usage without bill"),
    Reason.LATE: gettext_noop("Late: not yet in both"),
    Reason.RESTATED: gettext_noop("Restated by the provider"),
    Reason.NOT_TOKEN_BASED: gettext_noop("Not billed by token"),
    Reason.UNRECOGNIZED: gettext_noop("Usage type not recognized"),
    Reason.CREDIT_REFUND_TAX: gettext_noop("Credits, refunds and tax"),
    Reason.ROUNDING: gettext_noop("Rounding"),
}

# What a reason means, to whoever has to sign.
REASON_MEANINGS: Mapping[Reason, str] = {
    Reason.PRICE_DIFFERS: gettext_noop(
        "The same tokens at another rate: a discount, a change of price, another tier or routing."
    ),
    Reason.CACHE_LIFETIME: gettext_noop("The bill tells cache writes kept for an hour apart; CloudWatch does not."),
    Reason.UNPRICED: gettext_noop("Counted, but without a price of ours or without a model that can be named."),
    Reason.BATCH: gettext_noop("CloudWatch does not count batch calls."),
    Reason.BILL_WITHOUT_USAGE: gettext_noop("Billed tokens that no connected account and region has counted."),
    Reason.USAGE_WITHOUT_BILL: gettext_noop("Counted tokens that are not on any bill we read."),
    Reason.LATE: gettext_noop("The bill or the usage of the day is not complete yet; it goes away by itself."),
    Reason.RESTATED: gettext_noop("The provider changed the day after it had been told whole."),
    Reason.NOT_TOKEN_BASED: gettext_noop("Guardrails, knowledge bases, agents, images, reserved and custom models."),
    Reason.UNRECOGNIZED: gettext_noop("A usage type that we do not know yet; its cost is kept."),
    Reason.CREDIT_REFUND_TAX: gettext_noop("Money on the bill that is for no usage."),
    Reason.ROUNDING: gettext_noop("The last digits of the provider's amounts, within the tolerance."),
}


class DiscrepancyState(StrEnum):
    """What finance has said to a discrepancy; that it is gone is told beside it."""

    OPEN = "OPEN"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    EXPLAINED = "EXPLAINED"


DISCREPANCY_STATE_LABELS: Mapping[DiscrepancyState, str] = {
    DiscrepancyState.OPEN: gettext_noop("Open"),
    DiscrepancyState.ACKNOWLEDGED: gettext_noop("Acknowledged"),
    DiscrepancyState.EXPLAINED: gettext_noop("Explained"),
}


# CloudWatch does not tell how long a cache write is kept, the bill does: they meet in one class.
CACHE_WRITES = frozenset({"cache_write", "cache_write_5m", "cache_write_30m", "cache_write_1h"})
CHARGES_APART = frozenset({ChargeCategory.CREDIT, ChargeCategory.REFUND, ChargeCategory.TAX, ChargeCategory.ADJUSTMENT})


class LineKey(NamedTuple):
    """What one line of the match is about; the last two are empty where the bill tells no model or no token class."""

    provider: str
    aws_account_id: str
    aws_region: str
    model_id: str
    token_class: str


class RatedPart(NamedTuple):
    """What was counted of one class, tier and routing on one day, and what it costs at our prices."""

    provider: str
    aws_account_id: str
    aws_region: str
    model_id: str
    token_class: str
    tier: str
    routing_class: str
    tokens: int
    tokens_unpriced: int
    cost: Decimal

    @property
    def key(self) -> LineKey:
        """The line that this is a part of."""
        return line_key(self)


class BilledPart(NamedTuple):
    """One series of the bill on one day, with what it was when the day was first whole.

    `tokens` is None where the line does not count tokens, or nothing proves its unit.
    """

    provider: str
    aws_account_id: str
    aws_region: str
    model_id: str
    token_class: str
    tier: str
    routing_class: str
    context_band: str
    heading: str
    charge_category: str
    tokens: Decimal | None
    cost: Decimal
    tokens_first: Decimal | None
    cost_first: Decimal

    @property
    def key(self) -> LineKey:
        """The line that this is a part of."""
        return line_key(self)

    @property
    def reason(self) -> Reason | None:
        """Why this part has nothing to match, if it has not; None: it counts tokens, or ought to."""
        if self.charge_category in CHARGES_APART:
            return Reason.CREDIT_REFUND_TAX
        if self.heading in (CostHeading.UNRECOGNIZED, ""):
            return Reason.UNRECOGNIZED
        if self.heading != CostHeading.TOKENS or self.charge_category == ChargeCategory.PURCHASE:
            return Reason.NOT_TOKEN_BASED
        return None


def line_key(part: RatedPart | BilledPart) -> LineKey:
    """Return the line of a part: one class for all cache writes, one line for all tiers and routings."""
    token_class = TokenClass.CACHE_WRITE if part.token_class in CACHE_WRITES else part.token_class
    return LineKey(part.provider, part.aws_account_id, part.aws_region, part.model_id, str(token_class))


@dataclass(slots=True, kw_only=True)
class Line:
    """One line of the match while it is made, and when it is: rated + explained + unexplained = billed, always."""

    key: LineKey
    rated: Decimal = ZERO
    billed: Decimal = ZERO
    rated_tokens: int = 0
    rated_tokens_unpriced: int = 0
    billed_tokens: Decimal = ZERO
    # Money that both sides say alike.
    matched: Decimal = ZERO
    explained: dict[Reason, Decimal] = field(default_factory=dict)
    unexplained: Decimal = ZERO

    @property
    def difference(self) -> Decimal:
        """What the bill says more than we rated."""
        return self.billed - self.rated

    def explain(self, reason: Reason, amount: Decimal) -> None:
        """Give a part of the difference a reason."""
        if amount:
            self.explained[reason] = self.explained.get(reason, ZERO) + amount

    def check(self) -> None:
        """Refuse a line that does not add up: it would be our mistake, not the bill's."""
        assert self.rated + sum(self.explained.values(), ZERO) + self.unexplained == self.billed, self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """What finance does not look at: a difference within the amount, or within the share of what was billed."""

    absolute_usd: Decimal = Decimal("1.00")
    percent: Decimal = Decimal("0.50")

    def allows(self, amount: Decimal, of: Decimal) -> bool:
        """Whether a difference within an amount is small enough to be left alone."""
        return abs(amount) <= self.absolute_usd or abs(amount) * 100 <= self.percent * abs(of)


# Reasons that finance knows to expect: they are told, and ask nobody to look.
EXPECTED = frozenset({Reason.BATCH, Reason.CACHE_LIFETIME, Reason.NOT_TOKEN_BASED, Reason.LATE, Reason.ROUNDING})


def exceeding(line: Line, tolerance: Tolerance) -> tuple[tuple[str, Decimal], ...]:
    """Return what of a line is more than is tolerated, by reason; what has none is named "".

    Each reason is held against the tolerance by itself: two large causes that cancel each other out are still two.
    """
    most = max(abs(line.billed), abs(line.rated))
    parts = [*((reason.value, amount) for reason, amount in sorted(line.explained.items())), ("", line.unexplained)]
    return tuple((reason, amount) for reason, amount in parts if amount and not tolerance.allows(amount, most))


class Exceeding(NamedTuple):
    """What exceeds the tolerance: where, for which reason ("": none), by how much, and the two sides of the line."""

    key: LineKey
    reason: str
    amount: Decimal
    rated: Decimal
    billed: Decimal


def all_exceeding(lines: Iterable[Line], tolerance: Tolerance) -> tuple[Exceeding, ...]:
    """Return what of a day exceeds the tolerance, in the order of the keys.

    What is late is late for an account and region as a whole, and goes away by itself: one line for all of it.
    """
    found: list[Exceeding] = []
    late: dict[LineKey, Line] = {}
    for line in lines:
        parts = exceeding(line, tolerance)
        found.extend(Exceeding(line.key, reason, amount, line.rated, line.billed) for reason, amount in parts)
        if Reason.LATE in line.explained:
            place = line.key._replace(model_id="", token_class="")
            whole = late.setdefault(place, Line(key=place))
            whole.rated, whole.billed = whole.rated + line.rated, whole.billed + line.billed
            whole.explain(Reason.LATE, line.explained[Reason.LATE])
    found = [one for one in found if one.reason != Reason.LATE]
    for place, whole in late.items():
        parts = exceeding(whole, tolerance)
        found.extend(Exceeding(place, reason, amount, whole.rated, whole.billed) for reason, amount in parts)
    return tuple(sorted(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How far both sides are there: whether the bill of the day is whole, and whose usage is still awaited."""

    is_bill_whole: bool = True
    usage_awaited: frozenset[tuple[str, str]] = frozenset()  # (AWS account, region)

    @property
    def is_closed(self) -> bool:
        """Whether nothing of the day is awaited."""
        return self.is_bill_whole and not self.usage_awaited


def whole_before(read_at: datetime | None) -> date | None:
    """Return the day before which days were told whole by a reading of the bill at that time; None: it was not read."""
    return None if read_at is None else utc_day_start(read_at - BILL_GROWS).date()


def is_whole(day: date, read_at: datetime | None) -> bool:
    """Return whether a reading of the bill told all of a day."""
    before = whole_before(read_at)
    return before is not None and day < before


# When a bill was read: from, until, and when that reading began.
Reading = tuple[datetime, datetime, datetime]


def last_read_at(day: date, readings: Iterable[Reading]) -> datetime | None:
    """Return when a bill was last read of a day: in its month's window, or in a later one that tells the weeks before too."""
    moment, known = utc_day_start(day), list(readings)
    own = [read_at for starts, ends, read_at in known if starts <= moment < ends]
    if not own:
        return None
    return max(*own, *(read_at for starts, _, read_at in known if starts > moment >= read_at - RESTATEMENT), own[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Lines added up: a day, a month, whatever they are of."""

    rated: Decimal = ZERO
    billed: Decimal = ZERO
    matched: Decimal = ZERO
    explained: Mapping[Reason, Decimal] = field(default_factory=dict)
    unexplained: Decimal = ZERO
    tokens_unpriced: int = 0

    @property
    def difference(self) -> Decimal:
        """What the bill says more than we rated."""
        return self.billed - self.rated

    @property
    def is_explained(self) -> bool:
        """Whether every cent of the difference has a reason."""
        return self.unexplained == 0

    def check(self) -> None:
        """Refuse sums that do not add up."""
        assert self.rated + sum(self.explained.values(), ZERO) + self.unexplained == self.billed


def add_up(parts: Iterable[Line | Sums]) -> Sums:
    """Add lines or sums, reason by reason; reasons come in their order and only where there is money."""
    with localcontext(EXACT):
        return _add_up(parts)


def _add_up(parts: Iterable[Line | Sums]) -> Sums:
    rated = billed = matched = unexplained = ZERO
    tokens = 0
    explained: dict[Reason, Decimal] = defaultdict(Decimal)
    for part in parts:
        rated, billed, matched = rated + part.rated, billed + part.billed, matched + part.matched
        unexplained += part.unexplained
        tokens += part.tokens_unpriced if isinstance(part, Sums) else part.rated_tokens_unpriced
        for reason, amount in part.explained.items():
            explained[reason] += amount
    told = {reason: explained[reason] for reason in REASONS if explained.get(reason)}
    sums = Sums(
        rated=rated,
        billed=billed,
        matched=matched,
        explained=told,
        unexplained=unexplained,
        tokens_unpriced=tokens,
    )
    sums.check()
    return sums
