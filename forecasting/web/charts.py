"""Figures of the pages as the template and the script read them: the same numbers as chart and as table."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from django.utils.translation import get_language, gettext

from billing.domain import figures
from billing.domain.charts import axis_of
from billing.domain.money import Money
from billing.domain.periods import DateRange, Month
from forecasting.domain.dashboard import DayAmount, LandingDay

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One series: its role names its ink; a value is None where there is none. A band has two bounds instead."""

    role: str
    name: str
    values: Sequence[Money | None] = ()
    low: Sequence[Money | None] = ()
    high: Sequence[Money | None] = ()
    label: str = ""

    @property
    def texts(self) -> list[str]:
        if self.role == "band":
            return [_range(low, high) for low, high in zip(self.low, self.high, strict=True)]
        return [figures.money(value, _language()) if value else "" for value in self.values]

    def as_json(self) -> dict[str, object]:
        drawn = {"role": self.role, "name": self.name, "texts": self.texts, "label": self.label}
        if self.role == "band":
            return {**drawn, "low": _pixels(self.low), "high": _pixels(self.high)}
        return {**drawn, "values": _pixels(self.values)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A figure: the title states the finding, the subtitle the measure, unit, period and basis."""

    id: str
    kind: str
    title: str
    subtitle: str
    days: Sequence[date]
    lines: Sequence[Line]
    largest: Decimal
    currency: str
    partial: Sequence[int] = ()
    # Days whose figure changed after it was complete.
    restated: Sequence[int] = ()
    key: Sequence[Line] = field(default=())

    @property
    def point_label(self) -> str:
        return gettext("Day")

    @property
    def columns(self) -> list[str]:
        return [line.name for line in self.lines]

    @property
    def rows(self) -> list[dict[str, object]]:
        texts = [line.texts for line in self.lines]
        return [
            {"title": self._title(index), "cells": [column[index] or figures.UNKNOWN for column in texts]}
            for index in range(len(self.days))
        ]

    @property
    def description(self) -> str:
        """The chart in one sentence for those who do not see it: title, first, last, maximum of its main line."""
        main = self.lines[-1] if self.kind == "month" else None
        values = [value for value in main.values if value] if main else []
        if not values:
            return f"{self.title}. {self.subtitle}"
        language = _language()
        return gettext("%(title)s. First %(first)s, last %(last)s, maximum %(maximum)s.") % {
            "title": self.title,
            "first": figures.money(values[0], language),
            "last": figures.money(values[-1], language),
            "maximum": figures.money(max(values, key=lambda value: value.amount), language),
        }

    @property
    def data(self) -> dict[str, object]:
        language = _language()
        end, step = axis_of(self.largest)
        ticks = int(end / step)
        return {
            "kind": self.kind,
            "labels": [str(day.day) if self.kind == "month" else figures.day(day, language) for day in self.days],
            "titles": [self._title(index) for index in range(len(self.days))],
            "axis": {
                "max": float(end),
                "interval": float(step),
                "labels": figures.axis_labels([step * tick for tick in range(ticks + 1)], self.currency, language),
            },
            "series": [line.as_json() for line in self.lines],
            "partial": list(self.partial),
            "restated": list(self.restated),
        }

    def _title(self, index: int) -> str:
        title = figures.day(self.days[index], _language())
        if index in self.restated:
            return gettext("%(day)s (restated)") % {"day": title}
        return gettext("%(day)s (incomplete)") % {"day": title} if index in self.partial else title


def month_chart(
    *,
    title: str,
    subtitle: str,
    month: Month,
    actual: Sequence[DayAmount],
    landing: Sequence[LandingDay],
    budget: Money | None,
    previous: Sequence[DayAmount] | None,
    partial_day: date | None,
    currency: str,
    threshold: Money | None = None,
) -> Chart:
    """Will it fit? The running total of the month, what is to come with its band, the budget, the month before."""
    days = list(month.range)
    lines = []
    if previous is not None:
        before = figures.month(month.previous(), _language())
        lines.append(Line(role="previous", name=before, values=_by_day_of_month(previous, days), label=before))
    if threshold is not None:
        name = gettext("Threshold")
        lines.append(Line(role="threshold", name=name, values=[threshold] * len(days), label=_label(name, threshold)))
    if budget is not None:
        name = gettext("Budget")
        lines.append(Line(role="budget", name=name, values=[budget] * len(days), label=_label(name, budget)))
    if landing:
        lines += _landing_lines(actual, landing, days)
    lines.append(_actual_line(actual, days))
    return Chart(
        id="month-chart",
        kind="month",
        title=title,
        subtitle=subtitle,
        days=days,
        lines=lines,
        largest=_largest(lines),
        currency=currency,
        partial=[index for index, day in enumerate(days) if day == partial_day],
    )


def daily_chart(
    *,
    title: str,
    subtitle: str,
    days: DateRange,
    parts: Sequence[tuple[str, str, Sequence[DayAmount]]],
    partial_day: date | None,
    currency: str,
    restated_days: Collection[date] = (),
) -> Chart:
    """Per day: columns stacked from (ink, name, days) of each part, the first one at the bottom."""
    shown = list(days)
    zero = Money(Decimal(0), currency)
    lines = []
    for ink, name, amounts in parts:
        known: dict[date, Money] = {}
        for amount in amounts:
            known[amount.date] = known.get(amount.date, zero) + amount.cost
        lines.append(Line(role=ink, name=name, values=[known.get(day, zero) for day in shown]))
    return Chart(
        id="daily-chart",
        kind="columns",
        title=title,
        subtitle=subtitle,
        days=shown,
        lines=lines,
        largest=max((_stacked(lines, index) for index in range(len(shown))), default=Decimal(0)),
        currency=currency,
        partial=[index for index, day in enumerate(shown) if day == partial_day],
        restated=[index for index, day in enumerate(shown) if day in restated_days],
        key=lines,
    )


def _landing_lines(actual: Sequence[DayAmount], landing: Sequence[LandingDay], days: Sequence[date]) -> list[Line]:
    """The forecast starts where the actual line ends, so that no gap or step stands between them."""
    anchor = next((day for day in reversed(actual) if day.date < landing[0].date), None)
    known = {day.date: day for day in landing}

    def along(pick: str) -> list[Money | None]:
        start = anchor.cost if anchor else None
        return [
            getattr(known[day], pick) if day in known else start if anchor and day == anchor.date else None
            for day in days
        ]

    name = gettext("Forecast")
    return [
        Line(role="band", name=gettext("80 % band"), low=along("lo_80"), high=along("hi_80")),
        Line(role="forecast", name=name, values=along("expected"), label=_label(name, landing[-1].expected)),
    ]


def _actual_line(actual: Sequence[DayAmount], days: Sequence[date]) -> Line:
    known = {day.date: day.cost for day in actual}
    name = gettext("Actual")
    return Line(
        role="actual",
        name=name,
        values=[known.get(day) for day in days],
        label=_label(name, actual[-1].cost) if actual else "",
    )


def _by_day_of_month(amounts: Sequence[DayAmount], days: Sequence[date]) -> list[Money | None]:
    known = {amount.date.day: amount.cost for amount in amounts}
    return [known.get(day.day) for day in days]


def _largest(lines: Sequence[Line]) -> Decimal:
    values = [value.amount for line in lines for value in (*line.values, *line.high) if value]
    return max(values, default=Decimal(0))


def _stacked(lines: Sequence[Line], index: int) -> Decimal:
    values = (line.values[index] for line in lines)
    return sum((value.amount for value in values if value), Decimal(0))


def _label(name: str, value: Money) -> str:
    return f"{name} {figures.money_short(value, _language())}"


def _range(low: Money | None, high: Money | None) -> str:
    if low is None or high is None:
        return ""
    return f"{figures.money(low, _language())} – {figures.money(high, _language())}"


def _pixels(values: Sequence[Money | None]) -> list[float | None]:
    """Positions on the screen: the only place where money becomes a float."""
    return [float(value.amount) if value else None for value in values]


def _language() -> str:
    return (get_language() or "en").partition("-")[0]
