"""The history of a model's prices as a step chart, the same numbers as chart and as table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils.translation import get_language, gettext

from billing.domain import figures
from billing.domain.catalog import PriceBook, PriceFound, PriceKey, PriceScope
from billing.domain.charts import axis_of
from billing.domain.exchange_rates import USD
from billing.domain.labels import PRICED_CLASSES, ROUTING_CLASS_LABELS, TIER_LABELS, TOKEN_CLASS_LABELS
from billing.domain.money import Money
from billing.domain.periods import utc_day_start

# Prices that have stood for years fill the page with a straight line: what is older is one line of the table.
SHOWN = timedelta(days=800)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """The price of one token class at each of the chart's dates; None where there is none."""

    role: str
    name: str
    rates: tuple[Decimal | None, ...]

    @property
    def texts(self) -> list[str]:
        language = _language()
        return ["" if rate is None else figures.unit_price(Money(rate, USD), language) for rate in self.rates]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepChart:
    """A figure as `partials/_chart.html` shows it: the title states the finding, the subtitle the measure."""

    title: str
    subtitle: str
    dates: tuple[date, ...]
    lines: tuple[StepLine, ...]
    id: str = "price-history"

    @property
    def key(self) -> tuple[StepLine, ...]:
        return self.lines

    @property
    def point_label(self) -> str:
        return gettext("From")

    @property
    def columns(self) -> list[str]:
        return [line.name for line in self.lines]

    @property
    def rows(self) -> list[dict[str, object]]:
        """The dates on which a price changed; today, which only ends the lines, is none."""
        texts = [line.texts for line in self.lines]
        return [
            {
                "title": figures.full_day(self.dates[index], _language()),
                "cells": [column[index] or figures.UNKNOWN for column in texts],
            }
            for index in range(len(self.dates) - 1)
        ]

    @property
    def description(self) -> str:
        return f"{self.title}. {self.subtitle}"

    @property
    def data(self) -> dict[str, object]:
        language = _language()
        end, step = axis_of(max((rate for line in self.lines for rate in line.rates if rate), default=Decimal(0)))
        days = [figures.full_day(day, language) for day in self.dates]
        return {
            "kind": "steps",
            "labels": [day.isoformat() for day in self.dates],
            "titles": days,
            "axis": {
                "max": float(end),
                "interval": float(step),
                "labels": [
                    figures.unit_price(Money(step * tick, USD), language) for tick in range(int(end / step) + 1)
                ],
            },
            "series": [
                {
                    "role": line.role,
                    "name": line.name,
                    "texts": line.texts,
                    "values": [None if rate is None else float(rate) for rate in line.rates],
                }
                for line in self.lines
            ],
        }


def price_history_chart(book: PriceBook, scope: PriceScope, *, now: datetime) -> StepChart | None:
    """Draw what each token class cost in one place from time to time; None when nothing is priced there."""
    since = now - SHOWN
    changes = _changes(book, scope, since, now)
    lines = []
    for number, token_class in enumerate(PRICED_CLASSES, start=1):
        key = PriceKey(token_class=token_class, **scope._asdict())
        answers = [book.price_in_force(key, at) for at in (*changes, now)]
        rates = tuple(
            answer.price.rate_usd_per_million if isinstance(answer, PriceFound) else None for answer in answers
        )
        if any(rate is not None for rate in rates):
            name = gettext(TOKEN_CLASS_LABELS[token_class])
            lines.append(StepLine(role=f"category-{number}", name=name, rates=rates))
    if not lines:
        return None
    dates = tuple(at.date() for at in (*changes, now))
    return StepChart(
        title=_title(lines, dates, _stood_since(book, scope, changes[0])),
        subtitle=_subtitle(scope),
        dates=dates,
        lines=tuple(lines),
    )


def _changes(book: PriceBook, scope: PriceScope, since: datetime, now: datetime) -> list[datetime]:
    """The start of the chart and the times after it at which any price of the place changed."""
    found, at = [utc_day_start(since)], now
    while True:
        begins, _ = book.validity(scope, at)
        if begins is None or begins <= found[0]:
            return sorted(found)
        found.append(begins)
        at = begins - timedelta(microseconds=1)


def _stood_since(book: PriceBook, scope: PriceScope, at: datetime) -> date:
    """The day from which the prices at the chart's left edge are in force, however long before it."""
    begins, _ = book.validity(scope, at)
    return (begins or at).date()


def _title(lines: Sequence[StepLine], dates: Sequence[date], stood_since: date) -> str:
    """The latest change of a price in words."""
    language = _language()
    for index in range(len(dates) - 2, 0, -1):
        for line in lines:
            before, after = line.rates[index - 1], line.rates[index]
            if before is None or after is None or before == after:
                continue
            values = {
                "name": line.name,
                "before": figures.unit_price(Money(before, USD), language),
                "after": figures.unit_price(Money(after, USD), language),
                "change": figures.change(after, before, language),
                "day": figures.full_day(dates[index], language),
            }
            return gettext("%(name)s went from %(before)s to %(after)s (%(change)s) on %(day)s") % values
    begins = (stood_since, *dates[1:])
    first = next(day for index, day in enumerate(begins) if any(line.rates[index] is not None for line in lines))
    return gettext("No price has changed since %(day)s") % {"day": figures.full_day(first, language)}


def _subtitle(scope: PriceScope) -> str:
    return gettext("US dollars per 1M tokens, prompts of standard length: %(region)s, %(routing)s, %(tier)s") % {
        "region": gettext("every region") if scope.aws_region == "*" else scope.aws_region,
        "routing": gettext(ROUTING_CLASS_LABELS[scope.routing_class]),
        "tier": gettext(TIER_LABELS[scope.tier]),
    }


def _language() -> str:
    return (get_language() or "en").partition("-")[0]
