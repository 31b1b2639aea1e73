"""The chart of the Explore page as the template and the script read it: the same numbers as chart and as table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext

from billing.domain import figures
from billing.domain.charts import axis_of
from billing.domain.dimensions import Basis, Dimension
from billing.domain.money import ZERO, add_up
from billing.domain.periods import HOUR, Month, local_day
from billing.queries.explore import ChartPart, Explored
from billing.web.explore.words import Words, language


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One colour of the stack."""

    role: str
    name: str
    values: Sequence[Decimal]
    texts: Sequence[str]

    def as_json(self) -> dict[str, object]:
        """Positions on the screen: the only place where amounts become floats."""
        values = [float(value) for value in self.values]
        return {"role": self.role, "name": self.name, "texts": list(self.texts), "label": "", "values": values}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExploreChart:
    """Stacked columns: the title states the finding, the subtitle measure, unit, period and basis."""

    title: str
    subtitle: str
    columns_of_time: Sequence[date]
    by_month: bool
    bands: Sequence[Band]
    partial: Sequence[int]
    axis: Mapping[str, object]

    id = "explore-chart"

    @property
    def key(self) -> Sequence[Band]:
        return self.bands

    @property
    def point_label(self) -> str:
        return gettext("Month") if self.by_month else gettext("Day")

    @property
    def columns(self) -> list[str]:
        return [band.name for band in self.bands]

    @property
    def description(self) -> str:
        return f"{self.title}. {self.subtitle}"

    @property
    def rows(self) -> list[dict[str, object]]:
        return [
            {"title": self._title(index), "cells": [band.texts[index] for band in self.bands]}
            for index in range(len(self.columns_of_time))
        ]

    @property
    def data(self) -> dict[str, object]:
        return {
            "kind": "columns",
            "labels": [self._label(day) for day in self.columns_of_time],
            "titles": [self._title(index) for index in range(len(self.columns_of_time))],
            "axis": self.axis,
            "series": [band.as_json() for band in self.bands],
            "partial": list(self.partial),
        }

    def _label(self, day: date) -> str:
        return figures.month(Month.of(day), language()) if self.by_month else figures.day(day, language())

    def _title(self, index: int) -> str:
        title = self._label(self.columns_of_time[index])
        return gettext("%(day)s (incomplete)") % {"day": title} if index in self.partial else title


def chart_of(explored: Explored, words: Words, title: str) -> ExploreChart:
    """Return the chart of an answer."""
    points = _points(explored)
    bands = [_band(part, index, points, words) for index, part in enumerate(explored.chart)]
    stacks = [add_up(max(band.values[index], ZERO) for band in bands) for index in range(len(points))]
    return ExploreChart(
        title=title,
        subtitle=_subtitle(explored, words),
        columns_of_time=points,
        by_month=explored.by_month,
        bands=bands,
        partial=_partial(explored, points),
        axis=_axis(max(stacks, default=ZERO), words),
    )


def _points(explored: Explored) -> list[date]:
    days = explored.stretch.days
    return [month.start for month in days.months()] if explored.by_month else list(days)


def _band(part: ChartPart, index: int, points: Sequence[date], words: Words) -> Band:
    # A month at the edge begins with the first of its days that is asked for.
    values = [part.values.get(point, ZERO) for point in points]
    return Band(
        role=_ink(part, index, words),
        name=_name(part, words),
        values=values,
        texts=[words.full(value) for value in values],
    )


def _name(part: ChartPart, words: Words) -> str:
    if part.is_rest:
        return gettext("Other")
    return words.key(0, part.key) if words.exploration.group_by else words.measure


def _ink(part: ChartPart, index: int, words: Words) -> str:
    if part.is_rest:
        return "other"
    if not words.exploration.group_by:
        return "actual"
    if part.key is None:
        return "unallocated" if words.exploration.group_by[0] is Dimension.COST_CENTER else "unpriced"
    return f"category-{index + 1}"


def _subtitle(explored: Explored, words: Words) -> str:
    named = {
        "measure": words.measure,
        "unit": figures.currency_label(words.currency, language()) if words.is_money else gettext("count"),
        "period": figures.days(explored.stretch.days, language()),
    }
    if explored.by_month:
        text = gettext("%(measure)s per month in %(unit)s, %(period)s")
    else:
        text = gettext("%(measure)s per day in %(unit)s, %(period)s")
    if explored.exploration.basis is Basis.BILLED:
        return gettext("%(what)s, UTC days") % {"what": text % named}
    return text % named


def _partial(explored: Explored, points: Sequence[date]) -> list[int]:
    """The column in which the data end, if they end within it; later ones are to come."""
    until = explored.data_until.rated if explored.exploration.basis is Basis.RATED else None
    if until is None or not explored.stretch.is_partial:
        return []
    day = local_day(until - HOUR, explored.stretch.time_zone)
    if local_day(until, explored.stretch.time_zone) != day and not explored.by_month:
        return []
    point = Month.of(day).start if explored.by_month else day
    return [index for index, candidate in enumerate(points) if candidate == point]


def _axis(largest: Decimal, words: Words) -> Mapping[str, object]:
    end, step = axis_of(largest)
    ticks = [step * tick for tick in range(int(end / step) + 1)]
    labels = (
        figures.axis_labels(ticks, words.currency, language())
        if words.is_money
        else figures.count_axis_labels(ticks, language())
    )
    return {"max": float(end), "interval": float(step), "labels": labels}
