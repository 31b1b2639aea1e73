"""An announced price cut held against the bill: what of it was received, and where the rest was left.

Everything is compared at constant mix: the volumes are those of the stretch before the cut, line by line (Laspeyres), so
that a change of what was used is never taken for a change of what it costs. A line is what has one rate: one model, region,
routing, tier, token class and length of prompt in one account.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from fractions import Fraction
from math import floor
from typing import NamedTuple

from billing.domain.announcements import Line, NotReceived, Scope, reason_outside
from billing.domain.money import EXACT, ZERO, add_up
from billing.domain.periods import DateRange
from billing.domain.price_events import ROUNDING

# A month evens weekends out and is short enough for one rate to hold; the volumes before are those of this stretch.
STRETCH = timedelta(days=30)
DAYS_IN_A_YEAR = 365
MILLION = 1_000_000
# What is told of a ratio, and the last place of a stored amount.
PLACES = 10
MONEY_PLACES = 18
_ORDER = {reason: place for place, reason in enumerate(NotReceived)}
# A line in scope is received as announced, or differs for one of these reasons.
OF_ELIGIBLE = frozenset(
    {
        None,
        NotReceived.RECEIVED_LESS,
        NotReceived.RECEIVED_MORE,
        NotReceived.NOT_YET_BILLED,
        NotReceived.NOT_USED_SINCE,
        NotReceived.NO_RATE_BEFORE,
    }
)


class Standing(StrEnum):
    """What can be said about an announcement at all."""

    MEASURED = "MEASURED"
    NO_BILL = "NO_BILL"
    NO_SPEND_BEFORE = "NO_SPEND_BEFORE"
    NOTHING_ELIGIBLE = "NOTHING_ELIGIBLE"
    NOT_YET_BILLED = "NOT_YET_BILLED"


class Volume(NamedTuple):
    """Tokens (or units) and what they cost."""

    quantity: Decimal = ZERO
    cost: Decimal = ZERO


NOTHING = Volume()


@dataclass(frozen=True, slots=True, kw_only=True)
class LineUse:
    """How much of a line was billed: in the stretch before, on the last day of use before, since, after, and lately.

    `after` is the end of `since`, a stretch at most; `lately` is the latest stretch of the bill, whenever the cut was.
    """

    line: Line
    before: Volume = NOTHING
    eve: Volume = NOTHING
    since: Volume = NOTHING
    after: Volume = NOTHING
    lately: Volume = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """The UTC days that are compared; all of them end where the bill does, or where the announcement ended."""

    before: DateRange
    since: DateRange
    after: DateRange
    lately: DateRange


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What was announced and not received for one reason; below zero: received beyond what was announced.

    `points` are percentage points of the spend before at constant mix; `money` is since the first day, at the volumes
    that were used.
    """

    reason: NotReceived
    points: Decimal
    money: Decimal
    spend_before: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOutcome:
    """What the announcement did to one line; rates are per million, None where there was no use to learn one from."""

    line: Line
    reason: NotReceived | None  # None: received as announced
    spend_before: Decimal
    rate_before: Decimal | None
    rate_after: Decimal | None
    announced: Decimal
    received: Decimal
    cost_since: Decimal
    quantity_since: Decimal
    per_year: Decimal
    # Of the spend before, at constant mix: what was announced and received of it, exactly.
    fraction: tuple[Fraction, Fraction]

    @property
    def is_eligible(self) -> bool:
        return self.reason in OF_ELIGIBLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was announced, what we got of it, and why not the rest: parts add up to the difference exactly."""

    standing: Standing
    announced_percent: Decimal
    realised_percent: Decimal | None
    eligible_share: Decimal | None
    spend_before: Decimal
    eligible_spend: Decimal
    rate_before: Decimal | None
    rate_after: Decimal | None
    announced_to_date: Decimal
    value_to_date: Decimal
    value_per_year: Decimal
    not_received: tuple[Part, ...]
    lines: tuple[LineOutcome, ...]


def windows_of(first_day: date, *, ends: date | None, first_billed: date, billed_until: date) -> Windows:
    """Return what is compared: up to 30 billed days before, the latest 30 since, and the latest 30 of the bill.

    `ends` is the first day after an announcement that was for a time; `billed_until` the first day not yet on the bill.
    """
    horizon = max(first_day, billed_until if ends is None else min(ends, billed_until))
    eve = min(first_day, billed_until)
    return Windows(
        before=_range(max(eve - STRETCH, first_billed), eve),
        since=DateRange(first_day, horizon),
        after=_range(max(first_day, horizon - STRETCH), horizon),
        lately=_range(max(billed_until - STRETCH, first_billed), billed_until),
    )


def hold_against(scope: Scope, percent: Decimal, uses: Iterable[LineUse], windows: Windows) -> Outcome:
    """Hold an announced cut against what was billed before and since."""
    lines = [_line_outcome(use, scope, percent, windows) for use in uses]
    spend = add_up(one.spend_before for one in lines)
    eligible = [one for one in lines if one.is_eligible]
    eligible_spend = add_up(one.spend_before for one in eligible)
    realised = _ratio(sum((one.fraction[1] for one in lines), Fraction(0)) * 100, spend)
    standing = _standing(spend, eligible_spend, windows)
    rates = _effective_rates(eligible)
    return Outcome(
        standing=standing,
        announced_percent=percent,
        realised_percent=realised,
        eligible_share=_ratio(Fraction(eligible_spend), spend),
        spend_before=spend,
        eligible_spend=eligible_spend,
        rate_before=rates[0],
        rate_after=rates[1],
        announced_to_date=add_up(one.announced for one in lines),
        value_to_date=add_up(one.received for one in lines),
        value_per_year=add_up(one.per_year for one in lines),
        not_received=_parts(lines, spend, percent, realised),
        lines=tuple(sorted(lines, key=lambda one: (-one.spend_before, -one.cost_since, one.line))),
    )


def largest_remainder(numbers: Sequence[Fraction], total: Decimal, places: int) -> tuple[Decimal, ...]:
    """Round numbers so that they add up to a total exactly; who loses most by rounding down gets the last units."""
    scale = 10**places
    scaled = [number * scale for number in numbers]
    units = [floor(number) for number in scaled]
    left = int(total.scaleb(places, EXACT)) - sum(units)
    by_loss = sorted(range(len(units)), key=lambda index: scaled[index] - units[index], reverse=True)
    for place in range(abs(left)):
        units[by_loss[place % len(units)]] += 1 if left > 0 else -1
    return tuple(Decimal(unit).scaleb(-places, EXACT) for unit in units)


def _line_outcome(use: LineUse, scope: Scope, percent: Decimal, windows: Windows) -> LineOutcome:
    share = Fraction(percent) / 100
    rate_before, rate_after = _rate_before(use), _rate(use.after)
    reason, realised = reason_outside(use.line, scope), Fraction(0)
    cost_since, per_day = Fraction(use.since.cost), Fraction(0)
    # Out of scope, and without a rate before, the cost since is what a cut would have been of.
    at_rate_before, received = cost_since, ZERO
    if reason is None:
        reason, realised = _reason_within(use, rate_before, rate_after, share, windows)
        if rate_before is not None:
            at_rate_before = Fraction(use.since.quantity) * rate_before
            received = _money(at_rate_before - cost_since)
            if rate_after is not None:
                per_day = Fraction(use.lately.quantity) * (rate_before - rate_after) / (len(windows.lately) or 1)
    spend_before = _money(
        Fraction(use.before.cost) if rate_before is None else Fraction(use.before.quantity) * rate_before
    )
    return LineOutcome(
        line=use.line,
        reason=reason,
        spend_before=spend_before,
        rate_before=_per_million(rate_before),
        rate_after=_per_million(rate_after),
        announced=_money(at_rate_before * share),
        received=received,
        cost_since=use.since.cost,
        quantity_since=use.since.quantity,
        per_year=_money(per_day * DAYS_IN_A_YEAR),
        fraction=(Fraction(spend_before) * share, Fraction(spend_before) * realised),
    )


def _reason_within(
    use: LineUse, rate_before: Fraction | None, rate_after: Fraction | None, share: Fraction, windows: Windows
) -> tuple[NotReceived | None, Fraction]:
    """Return why a line in scope differs from the announcement, and by which part its rate went down."""
    if not len(windows.since):
        return NotReceived.NOT_YET_BILLED, Fraction(0)
    if rate_before is None:
        return NotReceived.NO_RATE_BEFORE, Fraction(0)
    if rate_after is None or rate_before == 0:
        return NotReceived.NOT_USED_SINCE, Fraction(0)
    realised = (rate_before - rate_after) / rate_before
    base = Fraction(use.since.quantity) * rate_before
    # The rate of today may be the one announced, and have come late or gone for a while: days since count as well.
    missing = share - realised if abs(share - realised) > ROUNDING else share - 1 + Fraction(use.since.cost) / base
    if abs(missing) <= ROUNDING:
        return None, realised
    return (NotReceived.RECEIVED_LESS if missing > 0 else NotReceived.RECEIVED_MORE), realised


def _parts(
    lines: Sequence[LineOutcome], spend: Decimal, percent: Decimal, realised: Decimal | None
) -> tuple[Part, ...]:
    """Add up by reason; what rounding leaves of lines that were cut as announced lies with less or more."""
    points: dict[NotReceived, Fraction] = defaultdict(Fraction)
    money: dict[NotReceived, Decimal] = defaultdict(lambda: ZERO)
    before: dict[NotReceived, Decimal] = defaultdict(lambda: ZERO)
    for one in lines:
        missing = one.fraction[0] - one.fraction[1]
        unpaid = EXACT.subtract(one.announced, one.received)
        if one.reason is None and missing == 0 and unpaid == 0:
            continue
        reason = one.reason or (NotReceived.RECEIVED_LESS if (missing or unpaid) > 0 else NotReceived.RECEIVED_MORE)
        points[reason] += missing
        money[reason] = EXACT.add(money[reason], unpaid)
        before[reason] = EXACT.add(before[reason], one.spend_before)
    reasons = sorted(points, key=_ORDER.__getitem__)
    if not reasons:
        return ()
    if realised is None:
        shares: tuple[Decimal, ...] = (ZERO,) * len(reasons)
    else:
        exact = [points[reason] * 100 / Fraction(spend) for reason in reasons]
        shares = largest_remainder(exact, EXACT.subtract(percent, realised), PLACES)
    return tuple(
        Part(reason=reason, points=share, money=money[reason], spend_before=before[reason])
        for reason, share in zip(reasons, shares, strict=True)
    )


def _standing(spend: Decimal, eligible_spend: Decimal, windows: Windows) -> Standing:
    if not len(windows.lately):
        return Standing.NO_BILL
    if spend <= 0:
        return Standing.NO_SPEND_BEFORE
    if eligible_spend <= 0:
        return Standing.NOTHING_ELIGIBLE
    return Standing.MEASURED if len(windows.since) else Standing.NOT_YET_BILLED


def _effective_rates(eligible: Sequence[LineOutcome]) -> tuple[Decimal | None, Decimal | None]:
    """What a million tokens in scope cost before and after, both at the volumes before."""
    before, after, quantity = Fraction(0), Fraction(0), Fraction(0)
    for one in eligible:
        if one.rate_before and one.rate_after is not None and one.spend_before:
            before += Fraction(one.spend_before)
            after += Fraction(one.spend_before) - one.fraction[1]
            quantity += Fraction(one.spend_before) / Fraction(one.rate_before)
    if not quantity:
        return None, None
    return _rounded(before / quantity, PLACES), _rounded(after / quantity, PLACES)


def _rate_before(use: LineUse) -> Fraction | None:
    """The rate on the last day of use before the cut; of the whole stretch where that is the same but for rounding."""
    last, whole = _rate(use.eve), _rate(use.before)
    if last is None or whole is None:
        return last
    return whole if abs(last - whole) <= whole * Fraction(ROUNDING) else last


def _rate(volume: Volume) -> Fraction | None:
    return Fraction(volume.cost) / Fraction(volume.quantity) if volume.quantity > 0 else None


def _per_million(rate: Fraction | None) -> Decimal | None:
    return None if rate is None else _rounded(rate * MILLION, PLACES)


def _ratio(number: Fraction, whole: Decimal) -> Decimal | None:
    return _rounded(number / Fraction(whole), PLACES) if whole > 0 else None


def _money(value: Fraction) -> Decimal:
    return _rounded(value, MONEY_PLACES)


def _rounded(value: Fraction, places: int) -> Decimal:
    quotient = EXACT.divide(Decimal(value.numerator), Decimal(value.denominator))
    return quotient.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN, context=EXACT)


def _range(start: date, end: date) -> DateRange:
    return DateRange(min(start, end), end)
