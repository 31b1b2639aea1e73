"""An announced price cut as people read it: one sentence, a bridge from announced to received, and its lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language, gettext

from accounts.domain.text import gettext_noop
from billing.domain import figures
from billing.domain.announcements import NOT_RECEIVED_LABELS, AnnouncementEntry, Line, NotReceived
from billing.domain.charts import axis_of
from billing.domain.dimensions import CostHeading
from billing.domain.labels import BILLED_TOKEN_CLASS_LABELS, HEADING_LABELS, ROUTING_CLASS_LABELS, TIER_LABELS
from billing.domain.money import EXACT, ZERO, Money, plain
from billing.domain.periods import DateRange
from billing.domain.price_cuts import LineOutcome, Part, Standing
from billing.queries.announcements import EvidenceRow, MeasuredCut
from billing.queries.price_events import BillLine

HUNDRED = Decimal(100)
POINT_DECIMALS = 1
# Below a hundredth of a point and a cent a part is the bill's rounding, and no reason.
SEEN_POINTS, SEEN_MONEY = Decimal("0.005"), Decimal("0.005")
# On the page itself; the file has all of them.
MOST_LINES = 40
UNREAD = CostHeading.UNRECOGNIZED
# What would get a part that was not received.
_ADVICE: Mapping[NotReceived, str] = {
    NotReceived.OTHER_MODEL: gettext_noop("Moving work to a model in scope"),
    NotReceived.ROUTING: gettext_noop("Global routing, where residency allows it"),
    NotReceived.TIER: gettext_noop("The tiers in scope, where latency allows it"),
    NotReceived.REGION: gettext_noop("The regions in scope, where residency allows it"),
    NotReceived.LONG_CONTEXT: gettext_noop("Shorter prompts"),
    NotReceived.CACHE_SHARE: gettext_noop("Nothing: cached tokens are cheaper already"),
    NotReceived.UNRECOGNIZED: gettext_noop("Nothing until the operator names the usage type"),
    NotReceived.NOT_YET_BILLED: gettext_noop("The next bill"),
    NotReceived.RECEIVED_LESS: gettext_noop("A question to the account manager, with the lines below"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of the bridge: where it begins, how long it is, and what it stands for."""

    label: str
    role: str
    floor: Decimal
    length: Decimal
    text: str
    is_hatched: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeChart:
    """A figure as `partials/_chart.html` shows it: from what was announced to what was received."""

    title: str
    subtitle: str
    bars: tuple[Bar, ...]
    id: str = "bridge"
    key: tuple[()] = ()

    @property
    def point_label(self) -> str:
        return gettext("Part")

    @property
    def columns(self) -> list[str]:
        return [gettext("Percentage points")]

    @property
    def rows(self) -> list[dict[str, object]]:
        return [{"title": bar.label, "cells": [bar.text]} for bar in self.bars]

    @property
    def description(self) -> str:
        return f"{self.title}. {self.subtitle}"

    @property
    def data(self) -> dict[str, object]:
        highest = max((bar.floor + bar.length for bar in self.bars), default=ZERO)
        lowest = min((min(bar.floor, bar.floor + bar.length) for bar in self.bars), default=ZERO)
        end, step = axis_of(max(highest, -lowest))
        start = -end if lowest < 0 else ZERO
        ticks = range(int((end - start) / step) + 1)
        labels = [bar.label for bar in self.bars]
        return {
            "kind": "bridge",
            "labels": labels,
            "titles": labels,
            "axis": {
                "min": float(start),
                "max": float(end),
                "interval": float(step),
                "labels": [plain(start + step * tick) for tick in ticks],
            },
            "floors": [float(bar.floor) for bar in self.bars],
            "roles": [bar.role for bar in self.bars],
            "hatched": [number for number, bar in enumerate(self.bars) if bar.is_hatched],
            "labelled": [bar.text for bar in self.bars],
            "series": [
                {
                    "role": "actual",
                    "name": gettext("Percentage points"),
                    "texts": [bar.text for bar in self.bars],
                    "values": [float(bar.length) for bar in self.bars],
                }
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRow:
    """Why a part was not received, in words, with what would get it."""

    reason: NotReceived
    name: str
    points: str
    money: Money
    spend_before: Money
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """One line of the bill with its rates before and since."""

    model: str
    place: str
    state: str
    is_as_announced: bool
    is_short: bool
    spend_before: Money
    rate_before: Money | None
    rate_after: Money | None
    change: str
    received: Money
    per_year: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """A line of the bill on one day, in the bill's currency."""

    bill: BillLine
    cost: Money
    rate: Money | None
    rate_before: Money | None
    received: Money | None  # None: not in scope


@dataclass(frozen=True, slots=True, kw_only=True)
class CutView:
    """Everything that the page and the preview say about a cut."""

    cut: MeasuredCut
    names: Mapping[str, str]

    @property
    def entry(self) -> AnnouncementEntry:
        return self.cut.entry

    @property
    def standing(self) -> str:
        return self.cut.outcome.standing.value

    @property
    def is_measured(self) -> bool:
        return self.cut.outcome.standing is Standing.MEASURED

    @property
    def announced(self) -> str:
        return figures.percent(self.cut.outcome.announced_percent / HUNDRED, language())

    @property
    def realised(self) -> str:
        realised = self.cut.outcome.realised_percent
        return figures.percent(None if realised is None else realised / HUNDRED, language())

    @property
    def eligible_share(self) -> Decimal | None:
        return self.cut.outcome.eligible_share

    @property
    def value_to_date(self) -> Money:
        return self._money(self.cut.outcome.value_to_date)

    @property
    def value_per_year(self) -> Money:
        return self._money(self.cut.outcome.value_per_year)

    @property
    def announced_to_date(self) -> Money:
        return self._money(self.cut.outcome.announced_to_date)

    @property
    def not_received_to_date(self) -> Money:
        return self.announced_to_date - self.value_to_date

    @property
    def not_received_points(self) -> str:
        outcome = self.cut.outcome
        if outcome.realised_percent is None:
            return figures.UNKNOWN
        return points(outcome.announced_percent - outcome.realised_percent)

    @property
    def announced_points(self) -> str:
        return points(self.cut.outcome.announced_percent)

    @property
    def realised_points(self) -> str:
        realised = self.cut.outcome.realised_percent
        return figures.UNKNOWN if realised is None else points(realised)

    @property
    def spend_before(self) -> Money:
        return self._money(self.cut.outcome.spend_before)

    @property
    def eligible_spend(self) -> Money:
        return self._money(self.cut.outcome.eligible_spend)

    @property
    def rate_before(self) -> Money | None:
        return self._rate(self.cut.outcome.rate_before)

    @property
    def rate_after(self) -> Money | None:
        return self._rate(self.cut.outcome.rate_after)

    @property
    def before(self) -> DateRange:
        return self.cut.windows.before

    @property
    def billed_day(self) -> date | None:
        """The last UTC day on the bill."""
        return self.cut.billed.last_day

    @property
    def currency(self) -> str:
        return self.cut.currency

    @property
    def parts(self) -> list[PartRow]:
        return [
            PartRow(
                reason=part.reason,
                name=gettext(NOT_RECEIVED_LABELS[part.reason]),
                points=points(part.points),
                money=self._money(part.money),
                spend_before=self._money(part.spend_before),
                advice=_advice(part.reason),
            )
            for part in self._seen_parts()
        ]

    @property
    def lines(self) -> list[LineRow]:
        used = [one for one in self.cut.outcome.lines if one.spend_before or one.cost_since]
        return [self._line(one) for one in used[:MOST_LINES]]

    @property
    def lines_left_out(self) -> int:
        return max(0, sum(bool(one.spend_before or one.cost_since) for one in self.cut.outcome.lines) - MOST_LINES)

    @property
    def chart(self) -> BridgeChart | None:
        outcome = self.cut.outcome
        if outcome.realised_percent is None:
            return None
        largest = max(self._seen_parts(), key=lambda part: part.points, default=None)
        if largest is None or largest.points <= 0:
            title = gettext("All that was announced was received")
        else:
            values = {"points": points(largest.points), "reason": gettext(NOT_RECEIVED_LABELS[largest.reason])}
            title = gettext("The largest part not received: %(reason)s, %(points)s") % values
        subtitle = gettext("Percentage points of all spend on the bill, at the volumes of %(days)s")
        return BridgeChart(
            title=title,
            subtitle=subtitle % {"days": figures.days(self.before, language())},
            bars=tuple(self._bars(outcome.announced_percent, outcome.realised_percent)),
        )

    def days(self, rows: Iterable[EvidenceRow]) -> list[DayRow]:
        """Put amounts of evidence into the currency of the bill."""
        return [
            DayRow(
                bill=row.bill,
                cost=self._money(row.bill.cost),
                rate=self._rate(row.bill.rate),
                rate_before=self._rate(row.rate_before),
                received=self._money(row.received) if row.is_eligible else None,
            )
            for row in rows
        ]

    def _seen_parts(self) -> list[Part]:
        return [
            part
            for part in self.cut.outcome.not_received
            if abs(part.points) >= SEEN_POINTS or abs(part.money) >= SEEN_MONEY
        ]

    def _bars(self, announced: Decimal, realised: Decimal) -> Iterator[Bar]:
        yield _bar(gettext("Announced"), "previous", ZERO, announced, is_hatched=False)
        left = announced
        for part in self._seen_parts():
            left = EXACT.subtract(left, part.points)
            floor, role = min(left, left + part.points), "previous" if part.points >= 0 else "actual"
            label = gettext(NOT_RECEIVED_LABELS[part.reason])
            yield _bar(label, role, floor, abs(part.points), is_hatched=True, told=-part.points)
        yield _bar(gettext("Received"), "actual", ZERO, realised, is_hatched=False)

    def _line(self, one: LineOutcome) -> LineRow:
        line, reason = one.line, one.reason
        return LineRow(
            model=self.names.get(line.model_id, line.model_id) or name_of(HEADING_LABELS, line.heading or UNREAD),
            place=place(line),
            state=gettext("Received as announced") if reason is None else gettext(NOT_RECEIVED_LABELS[reason]),
            is_as_announced=reason is None,
            is_short=reason is NotReceived.RECEIVED_LESS,
            spend_before=self._money(one.spend_before),
            rate_before=self._rate(one.rate_before),
            rate_after=self._rate(one.rate_after),
            change=figures.change(one.rate_after, one.rate_before, language()),
            received=self._money(one.received),
            per_year=self._money(one.per_year),
        )

    def _money(self, value: Decimal) -> Money:
        return Money(value, self.cut.currency)

    def _rate(self, value: Decimal | None) -> Money | None:
        return None if value is None else Money(value, self.cut.currency)


def points(value: Decimal) -> str:
    """Write percentage points: 6.1 pt, 6.1ポイント."""
    rounded = figures.round_half_up(value, POINT_DECIMALS)
    digits = f"{figures.sign(rounded, language(), signed=False)}{abs(rounded)}"
    return gettext("%(number)s pt") % {"number": digits}


def place(line: Line) -> str:
    """Say where and how a line is used, in words."""
    return _joined(
        line.aws_region,
        name_of(ROUTING_CLASS_LABELS, line.routing_class),
        name_of(TIER_LABELS, line.tier),
        name_of(BILLED_TOKEN_CLASS_LABELS, line.token_class),
        line.aws_account_id,
    )


def name_of(labels: Mapping[Any, str], code: str) -> str:
    """Name a code, or say it as it is where it has no name."""
    return gettext(labels[code]) if code in labels else code


def language() -> str:
    """Return the language of figures."""
    return (get_language() or "en").partition("-")[0]


def _bar(
    label: str, role: str, floor: Decimal, length: Decimal, *, is_hatched: bool, told: Decimal | None = None
) -> Bar:
    text = points(length if told is None else told)
    return Bar(label=label, role=role, floor=floor, length=length, text=text, is_hatched=is_hatched)


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _advice(reason: NotReceived) -> str:
    return gettext(_ADVICE[reason]) if reason in _ADVICE else ""
