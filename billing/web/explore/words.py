"""What the Explore page says: names of values, periods, units, and the sentence on top."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import get_language, gettext

from accounts.domain.text import gettext_noop
from billing.domain import figures
from billing.domain.comparisons import Findings, Line, Table, findings_of
from billing.domain.dimensions import NO_MODEL, Basis, Dimension
from billing.domain.explore import Exploration, Measure, Unit, as_all_texts
from billing.domain.labels import (
    BILLED_TOKEN_CLASS_LABELS,
    CHARGE_CATEGORY_LABELS,
    DIMENSION_LABELS,
    HEADING_LABELS,
    MEASURE_LABELS,
    PERIOD_LABELS,
    PROVIDER_LABELS,
    ROUTING_CLASS_LABELS,
    ROUTING_LABELS,
    TIER_LABELS,
)
from billing.domain.money import EXACT, Money
from billing.domain.periods import DateRange, Month
from billing.domain.stretches import Period
from billing.queries.explore import Explored

UNRECOGNIZED = gettext_noop("Unrecognized")
# What a group is called whose facts have no value; in other dimensions the value was not recognised.
_ABSENT = {
    Dimension.COST_CENTER: gettext_noop("Unassigned"),
    Dimension.TOKEN_CLASS: gettext_noop("Not counted in tokens"),
    Dimension.TIER: gettext_noop("Not counted in tokens"),
    Dimension.ROUTING: gettext_noop("Not counted in tokens"),
}
SCALES = {Unit.ONE: 0, Unit.THOUSAND: 3, Unit.MILLION: 6}
# Of a longer list the first are named and the others counted.
NAMED_VALUES = 3
Names = Mapping[Dimension, Mapping[str, str]]


def language() -> str:
    """Return the language of the page, without its region."""
    return (get_language() or "en").partition("-")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Writes the values and figures of one exploration in the reader's language."""

    exploration: Exploration
    currency: str
    names: Names

    def dimension(self, dimension: Dimension) -> str:
        """Name a dimension."""
        return gettext(DIMENSION_LABELS[dimension])

    def value(self, dimension: Dimension, value: str | None) -> str:
        """Name a value of a dimension; what has none is said to have none."""
        if value is None:
            return gettext(_ABSENT.get(dimension, UNRECOGNIZED))
        fixed = _fixed_name(dimension, value)
        return gettext(fixed) if fixed else self.names.get(dimension, {}).get(value) or value

    def key(self, depth: int, value: str | None) -> str:
        """Name the value at a depth of the grouping."""
        return self.value(self.exploration.group_by[depth], value)

    @property
    def is_money(self) -> bool:
        """Whether figures are amounts."""
        return self.exploration.measure is Measure.COST

    def figure(self, value: Decimal | None, *, signed: bool = False) -> str:
        """Write a figure for a cell, in the unit of the table."""
        if value is None:
            return figures.UNKNOWN
        scaled = value.scaleb(-SCALES[self.exploration.unit], context=EXACT)
        if self.is_money:
            return figures.amount(Money(scaled, self.currency), language(), signed=signed)
        return figures.count(scaled, language(), signed=signed)

    def short(self, value: Decimal, *, signed: bool = False) -> str:
        """Write a figure for prose."""
        if self.is_money:
            return figures.money_short(Money(value, self.currency), language(), signed=signed)
        sign = figures.sign(value, language(), signed=signed)
        count = sign + figures.tokens_short(abs(value), language())
        if self.exploration.measure is Measure.INVOCATIONS:
            return gettext("%(count)s requests") % {"count": count}
        return gettext("%(count)s tokens") % {"count": count}

    def full(self, value: Decimal) -> str:
        """Write a figure in full with its unit, for a tooltip."""
        return figures.money(Money(value, self.currency), language()) if self.is_money else figures.tokens(value)

    @property
    def unit(self) -> str:
        """Name what figures of the table are numbers of."""
        if self.is_money:
            name = figures.currency_label(self.currency, language())
        else:
            name = gettext("requests") if self.exploration.measure is Measure.INVOCATIONS else gettext("tokens")
        return {
            Unit.ONE: name,
            Unit.THOUSAND: gettext("%(unit)s thousand") % {"unit": name},
            Unit.MILLION: gettext("%(unit)s million") % {"unit": name},
        }[self.exploration.unit]

    @property
    def measure(self) -> str:
        """Name what is measured, with its basis where it is money."""
        if not self.is_money:
            return gettext(MEASURE_LABELS[self.exploration.measure])
        return gettext("Estimated cost") if self.exploration.basis is Basis.RATED else gettext("Billed cost")


def prose_days(days: DateRange, period: Period = Period.CUSTOM) -> str:
    """Name days in a sentence: a month by its name alone, also while it is under way."""
    month = Month.of(days.start)
    if days == month.range:
        return figures.month_name(month, language())
    if period is Period.THIS_MONTH:
        return gettext("%(month)s so far") % {"month": figures.month_name(month, language())}
    return figures.days(days, language())


def prose_now(explored: Explored) -> str:
    """Name the days asked about in a sentence."""
    return prose_days(explored.stretch.days, explored.exploration.period)


def finding(explored: Explored, table: Table, words: Words) -> list[str]:
    """Return the sentences on top: what most of it is, how much it is, how it changed and what moved it."""
    if not explored.has_facts:
        return [gettext("Nothing was used in %(period)s.") % {"period": prose_now(explored)}]
    found = findings_of(table)
    said = [_leaders(found, explored, words), _total(table.total, explored, words), _cause(found, words)]
    return [sentence for sentence in said if sentence]


def _leaders(found: Findings, explored: Explored, words: Words) -> str:
    if found.leaders_share is None or not explored.exploration.group_by:
        return ""
    names = [words.key(0, line.key[0]) for line in found.leaders]
    share = figures.percent(found.leaders_share, language())
    period = prose_now(explored)
    if len(names) == 1:
        return gettext("%(name)s is %(share)s of %(period)s.") % {"name": names[0], "share": share, "period": period}
    return gettext("%(first)s and %(second)s are %(share)s of %(period)s.") % {
        "first": names[0],
        "second": names[1],
        "share": share,
        "period": period,
    }


def _total(total: Line, explored: Explored, words: Words) -> str:
    period, amount = prose_now(explored), words.short(total.now)
    if total.before is None or explored.stretch.days_before is None:
        return gettext("%(period)s comes to %(total)s.") % {"period": period, "total": amount}
    named = {"total": amount, "before": prose_days(explored.stretch.days_before)}
    if not total.before:
        return gettext("The total is %(total)s, after nothing in %(before)s.") % named
    if not total.change:
        return gettext("The total is %(total)s, as in %(before)s.") % named
    return gettext("The total is %(total)s, %(change)s (%(percent)s) against %(before)s.") % {
        **named,
        "change": words.short(total.change, signed=True),
        "percent": figures.change(total.now, total.before, language()),
    }


def _cause(found: Findings, words: Words) -> str:
    if found.cause is None or found.cause.change is None:
        return ""
    return gettext("Most of the change is %(name)s: %(change)s.") % {
        "name": words.key(0, found.cause.key[0]),
        "change": words.short(found.cause.change, signed=True),
    }


def named_filters(asked: Exploration, words: Words) -> Iterator[tuple[bool, Dimension, str]]:
    """Return each filter that stands: whether it excludes, its dimension, and both in words."""
    for held, is_not in ((asked.filters, False), (asked.excluded, True)):
        for dimension, values in held.items():
            named = {"dimension": words.dimension(dimension), "values": _list(dimension, values, words)}
            text = gettext("%(dimension)s is not %(values)s") if is_not else gettext("%(dimension)s is %(values)s")
            yield is_not, dimension, text % named


def question_words(words: Words) -> str:
    """Tell a question in a line: what, of which days, by what, and its filters."""
    asked = words.exploration
    days = gettext(PERIOD_LABELS[asked.period])
    if asked.custom:
        days = figures.days(asked.custom, language())
    groups = " / ".join(words.dimension(dimension) for dimension in asked.group_by)
    filters = [text for _, _, text in named_filters(asked, words)]
    return " · ".join(part for part in (words.measure, days, groups, *filters) if part)


def filter_texts(asked: Exploration, words: Words) -> Iterator[str]:
    """Return each filter that stands with the texts that it is asked by, none of them left out."""
    texts = as_all_texts(asked)
    for is_not, dimension, _ in named_filters(asked, words):
        name = f"exclude_{dimension.value}" if is_not else dimension.value
        yield f"{name}={texts[name]}"


def _list(dimension: Dimension, values: Sequence[str | None], words: Words) -> str:
    names = [words.value(dimension, value) for value in values]
    if len(names) <= NAMED_VALUES:
        return gettext(", ").join(names)
    shown = gettext(", ").join(names[: NAMED_VALUES - 1])
    return gettext("%(names)s and %(count)s more") % {"names": shown, "count": len(names) - NAMED_VALUES + 1}


# A bill tells in-region calls and geographies apart as little as prices do.
_FIXED_NAMES: Mapping[Dimension, Mapping[str, str]] = {
    Dimension.TOKEN_CLASS: {value.value: label for value, label in BILLED_TOKEN_CLASS_LABELS.items()},
    Dimension.ROUTING: {
        **{value.value: label for value, label in ROUTING_CLASS_LABELS.items()},
        **{value.value: label for value, label in ROUTING_LABELS.items()},
    },
    Dimension.TIER: {value.value: label for value, label in TIER_LABELS.items()},
    Dimension.PROVIDER: {value.value: label for value, label in PROVIDER_LABELS.items()},
    Dimension.HEADING: {value.value: label for value, label in HEADING_LABELS.items()},
    Dimension.CHARGE_CATEGORY: {value.value: label for value, label in CHARGE_CATEGORY_LABELS.items()},
    Dimension.MODEL: {NO_MODEL: gettext_noop("No model")},
    Dimension.PUBLISHER: {NO_MODEL: gettext_noop("No model")},
}


def _fixed_name(dimension: Dimension, value: str) -> str | None:
    return _FIXED_NAMES.get(dimension, {}).get(value)
