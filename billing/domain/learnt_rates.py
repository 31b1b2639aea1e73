"""Rates learnt from the bill: cost divided by tokens, day by day, and the stretches of days that share one rate."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from typing import NamedTuple

from billing.domain.catalog import MAX_RATE_PLACES, RATE_LIMIT, PriceBook, PriceFound, PriceKey, PriceScope
from billing.domain.dimensions import TOKEN_CLASSES, BilledTokenClass, TokenClass
from billing.domain.money import EXACT, add_up

MILLION = Decimal(1_000_000)
# AWS states costs and quantities with ten decimals, and adds each line of a day up from its 24 hours.
HALF_STEP = Decimal("0.5E-10")
ADDED_HOURS = 24
# What AWS's own additions may be off by beyond that, as a part of the whole.
SLACK = Decimal("5E-7")
# Four digits of a rate are told when it cannot be off by more than half of the fourth.
FOUR_DIGITS = Decimal("0.5E-4")
# A discount or a surcharge is never that large; a quantity in thousands taken for one in millions is far beyond.
BELIEVED_TIMES = Decimal(20)


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledDay:
    """What tokens of one price key cost on one UTC day, all lines of the bill added up."""

    day: date
    cost: Decimal  # US dollars after private discounts, without credits, refunds and tax
    tokens: Decimal  # quantity times the tokens of a unit
    lines: int = 1
    tokens_per_unit: int = 1_000_000  # of all lines together: what a quantity's last decimal is worth
    is_estimated: bool = False
    series_ids: tuple[int, ...] = ()

    def plus(self, other: BilledDay) -> BilledDay:
        """Both together; of the same day."""
        return replace(
            self,
            cost=EXACT.add(self.cost, other.cost),
            tokens=EXACT.add(self.tokens, other.tokens),
            lines=self.lines + other.lines,
            tokens_per_unit=self.tokens_per_unit + other.tokens_per_unit,
            is_estimated=self.is_estimated or other.is_estimated,
            series_ids=(*self.series_ids, *other.series_ids),
        )


@dataclass(frozen=True, slots=True)
class ListedRates:
    """The published rate of one price key from day to day: (first day, rate), in order; None is unpublished."""

    steps: tuple[tuple[date, Decimal | None], ...] = ()

    def on(self, day: date) -> Decimal | None:
        """The published rate on a day."""
        index = bisect_right(self.steps, day, key=lambda step: step[0])
        return self.steps[index - 1][1] if index else None

    def next_change(self, day: date) -> date | None:
        """The first day after a day on which the published rate is another."""
        rate = self.on(day)
        return next((first for first, other in self.steps if first > day and other != rate), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntStretch:
    """One rate, in force from a day up to another (None: until the bill says otherwise), and what says so."""

    rate_usd_per_million: Decimal
    first_day: date
    last_day: date
    until: date | None
    days: int
    cost: Decimal
    tokens: Decimal
    is_estimated: bool
    is_list_rate: bool
    series_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What the bill says about one price key: its rates, and the days whose figures could not be believed."""

    stretches: tuple[LearntStretch, ...]
    refused: tuple[date, ...] = ()


@dataclass(slots=True)
class _Stretch:
    """Days whose ratios, as far as amounts can tell, have a rate in common: any between low and high."""

    low: Decimal
    high: Decimal
    days: list[BilledDay] = field(default_factory=list)


def learn(days: Iterable[BilledDay], listed: ListedRates) -> Lesson:
    """Turn one key's days into stretches with one rate each.

    A day tells a range of rates and not one, since its amounts are rounded; a stretch goes on while the ranges of its
    days have a rate in common. A day too small to tell four digits says nothing, and neither does one beyond belief.
    """
    stretches: list[_Stretch] = []
    refused: list[date] = []
    for day in _added(days):
        bounds = rates_told(day)
        if bounds is None:
            continue
        if not _is_believed(bounds, listed.on(day.day)):
            refused.append(day.day)
            continue
        low, high = bounds
        current = stretches[-1] if stretches else None
        if current is None or low > current.high or high < current.low:
            current = _Stretch(low, high)
            stretches.append(current)
        current.low, current.high = max(current.low, low), min(current.high, high)
        current.days.append(day)
    starts = [stretch.days[0].day for stretch in stretches]
    ends = (*starts[1:], None)
    told = (_told(stretch, until, listed) for stretch, until in zip(stretches, ends, strict=False))
    return Lesson(stretches=tuple(told), refused=tuple(refused))


def priced_class(billed: str) -> TokenClass | None:
    """Return the class by which prices know what a bill line counts; None where usage tells nothing of the kind.

    CloudWatch does not tell how long a cache entry lives, so that half an hour, the only lifetime of the models that
    have it, is what their cache writes cost. Five minutes and one hour have a price each.
    """
    if billed == BilledTokenClass.CACHE_WRITE_30M:
        return TokenClass.CACHE_WRITE
    return TokenClass(billed) if billed in TOKEN_CLASSES else None


def rates_told(day: BilledDay) -> tuple[Decimal, Decimal] | None:
    """Return the lowest and highest rate per million that a day's rounded amounts allow; None: too few to tell one."""
    if day.cost <= 0 or day.tokens <= 0:
        return None
    cost_error = EXACT.add(HALF_STEP * ADDED_HOURS * day.lines, EXACT.multiply(day.cost, SLACK))
    token_error = HALF_STEP * ADDED_HOURS * day.tokens_per_unit
    if token_error >= day.tokens or cost_error >= day.cost:
        return None
    low = EXACT.divide(EXACT.multiply(day.cost - cost_error, MILLION), day.tokens + token_error)
    high = EXACT.divide(EXACT.multiply(day.cost + cost_error, MILLION), day.tokens - token_error)
    if high - low > (high + low) * FOUR_DIGITS:
        return None
    return low, high


def simplest_rate(low: Decimal, high: Decimal, nearest: Decimal) -> Decimal:
    """Return the rate with the fewest decimals between two others; of several, the one nearest to a third."""
    for places in range(MAX_RATE_PLACES + 1):
        unit = Decimal(1).scaleb(-places)
        first = low.quantize(unit, ROUND_CEILING, EXACT)
        last = high.quantize(unit, ROUND_FLOOR, EXACT)
        if 0 < last >= first:
            return min(max(nearest.quantize(unit, ROUND_HALF_EVEN, EXACT), first), last)
    return nearest.quantize(Decimal(1).scaleb(-MAX_RATE_PLACES), ROUND_HALF_EVEN, EXACT)


def listed_rates(book: PriceBook, key: PriceKey) -> ListedRates:
    """Return the published rates of a key from day to day, out of a book without an organization's own prices."""
    scope = PriceScope(key.model_id, key.aws_region, key.routing_class, key.tier)
    moments, at = {datetime.min.replace(tzinfo=UTC)}, datetime.max.replace(tzinfo=UTC)
    while (begins := book.validity(scope, at)[0]) is not None:
        moments.add(begins)
        at = begins - datetime.resolution
    steps: list[tuple[date, Decimal | None]] = []
    for moment in sorted(moments):
        answer = book.price_in_force(key, moment)
        rate = answer.price.rate_usd_per_million if isinstance(answer, PriceFound) else None
        # A price that begins within a day is in force on the first day that is wholly its own.
        first = moment.date() if moment.time() == time() else date.fromordinal(moment.date().toordinal() + 1)
        if not steps or steps[-1][1] != rate:
            steps.append((first, rate))
    return ListedRates(tuple(steps))


class RateSpan(NamedTuple):
    """One rate from a time up to, but not including, another; None has no end."""

    start: datetime
    end: datetime | None
    rate: Decimal | None = None

    def covers(self, at: datetime) -> bool:
        """Say whether the rate is in force at a time."""
        return self.start <= at and (self.end is None or at < self.end)


def span_of_change(before: Sequence[RateSpan], after: Sequence[RateSpan]) -> RateSpan | None:
    """Return from when until when two histories of one key differ; None when they tell the same rates."""
    spans = (*before, *after)
    moments = sorted({moment for span in spans for moment in (span.start, span.end) if moment is not None})
    pieces = [*pairwise((*moments, None))]
    changed = [piece for piece in pieces if piece[0] and _rate_at(before, piece[0]) != _rate_at(after, piece[0])]
    return RateSpan(changed[0][0], changed[-1][1]) if changed and changed[0][0] else None


def _rate_at(spans: Iterable[RateSpan], at: datetime) -> Decimal | None:
    return next((span.rate for span in spans if span.covers(at)), None)


def _added(days: Iterable[BilledDay]) -> list[BilledDay]:
    """Lines of one key on one day are one figure, whatever AWS calls them."""
    found: dict[date, BilledDay] = {}
    for day in days:
        known = found.get(day.day)
        found[day.day] = day if known is None else known.plus(day)
    return [found[day] for day in sorted(found)]


def _is_believed(bounds: tuple[Decimal, Decimal], listed: Decimal | None) -> bool:
    low, high = bounds
    if low >= RATE_LIMIT:
        return False
    return not listed or (listed / BELIEVED_TIMES < high and low < listed * BELIEVED_TIMES)


def _told(stretch: _Stretch, until: date | None, listed: ListedRates) -> LearntStretch:
    days = stretch.days
    cost, tokens = add_up(day.cost for day in days), add_up(day.tokens for day in days)
    rate = _listed_within(stretch, listed)
    if rate is None:
        middle = EXACT.divide(EXACT.multiply(cost, MILLION), tokens)
        rate = simplest_rate(stretch.low, stretch.high, min(max(middle, stretch.low), stretch.high))
    last_day = days[-1].day
    is_list_rate = rate == listed.on(last_day)
    # Whoever pays the published price pays the next one as well, from its first day on, before any bill says so.
    change = listed.next_change(last_day) if is_list_rate else None
    return LearntStretch(
        rate_usd_per_million=rate,
        first_day=days[0].day,
        last_day=last_day,
        until=min((end for end in (until, change) if end is not None), default=None),
        days=len(days),
        cost=cost,
        tokens=tokens,
        is_estimated=days[-1].is_estimated,
        is_list_rate=is_list_rate,
        series_ids=tuple(sorted({series for day in days for series in day.series_ids})),
    )


def _listed_within(stretch: _Stretch, listed: ListedRates) -> Decimal | None:
    """A rate that is the published one to within rounding is the published one, exactly."""
    found: Sequence[Decimal | None] = [listed.on(day.day) for day in reversed(stretch.days)]
    return next((rate for rate in found if rate is not None and stretch.low <= rate <= stretch.high), None)
