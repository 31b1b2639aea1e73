"""The controls of the Explore page: what can be chosen, what is chosen, and the filters that stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from django.utils.translation import gettext, pgettext

from billing.domain.dimensions import DIMENSIONS_OF, Basis, Dimension
from billing.domain.explore import (
    EXCLUDE,
    WITHOUT,
    Column,
    CurrencyChoice,
    Exploration,
    Measure,
    Unit,
    as_texts,
    with_filter,
)
from billing.domain.labels import (
    AGAINST_LABELS,
    COLUMN_LABELS,
    CURRENCY_CHOICE_LABELS,
    MEASURE_LABELS,
    PERIOD_LABELS,
)
from billing.domain.periods import DAY
from billing.domain.stretches import Against, Period
from billing.queries.dimension_values import MAY_LACK, DimensionValues
from billing.queries.explore import Explored
from billing.web.explore.link import Links
from billing.web.explore.words import Words, named_filters

# A list that is longer is searched, not read.
SHOWN_VALUES = 200
Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing that can be chosen."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A filter that stands, and the address without it."""

    text: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterForm:
    """The form that filters by one dimension; `state` is the rest of the question."""

    dimension: str
    label: str
    is_not: bool
    choices: Sequence[Choice]
    hidden_count: int
    state: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """Everything that can be changed about a question."""

    periods: Sequence[Choice]
    first: str
    last: str
    against: Sequence[Choice]
    bases: Sequence[Choice]
    measures: Sequence[Choice]
    groups: Sequence[Choice]
    inner_groups: Sequence[Choice]
    units: Sequence[Choice]
    currencies: Sequence[Choice]
    columns: Sequence[Choice]
    state: Mapping[str, str]
    view: str
    chips: Sequence[Chip]
    filters: Sequence[FilterForm]
    count: int
    clear: str
    path: str


def controls_of(
    asked: Exploration, explored: Explored | None, values: DimensionValues, words: Words, links: Links
) -> Controls:
    """Return the controls for a question."""
    dimensions = [dimension for dimension in Dimension if dimension in DIMENSIONS_OF[asked.basis]]
    names = {dimension: words.dimension(dimension) for dimension in dimensions}
    first, last = _days(asked, explored)
    return Controls(
        periods=_choices(Period, PERIOD_LABELS, asked.period),
        first=first,
        last=last,
        against=_choices(Against, AGAINST_LABELS, asked.against),
        bases=_bases(asked.basis),
        measures=_measures(asked),
        groups=_groups(names, asked.group_by[:1]),
        inner_groups=_groups(names, asked.group_by[1:]),
        units=_units(asked, words),
        currencies=_choices(CurrencyChoice, CURRENCY_CHOICE_LABELS, asked.currency),
        columns=[
            Choice(value=column.value, label=gettext(COLUMN_LABELS[column]), is_chosen=column in asked.columns)
            for column in Column
        ],
        state=_state(asked, kept=lambda name: name == "sort" or name.removeprefix(EXCLUDE) in set(Dimension)),
        view=links.view,
        chips=list(_chips(asked, words, links)),
        filters=[_filter_form(asked, dimension, values, words) for dimension in dimensions],
        count=asked.filter_count + len(asked.group_by),
        clear=links.to(_without_filters(asked)),
        path=links.path,
    )


def _days(asked: Exploration, explored: Explored | None) -> tuple[str, str]:
    """The days to begin one's own dates with: those that are shown."""
    if explored is None:
        return (asked.first.isoformat() if asked.first else "", asked.last.isoformat() if asked.last else "")
    days = explored.stretch.days
    return days.start.isoformat(), (days.end - DAY).isoformat()


def _choices(words: type[Word], labels: Mapping[Word, str], chosen: Word) -> list[Choice]:
    return [Choice(value=word.value, label=gettext(labels[word]), is_chosen=word is chosen) for word in words]


def _bases(chosen: Basis) -> list[Choice]:
    labels = {Basis.RATED: gettext("Estimated"), Basis.BILLED: gettext("Billed, UTC days")}
    return [Choice(value=basis.value, label=labels[basis], is_chosen=basis is chosen) for basis in Basis]


def _measures(asked: Exploration) -> list[Choice]:
    # The bill knows money only.
    known = (Measure.COST,) if asked.basis is Basis.BILLED else tuple(Measure)
    return [
        Choice(value=measure.value, label=gettext(MEASURE_LABELS[measure]), is_chosen=measure is asked.measure)
        for measure in known
    ]


def _groups(names: Mapping[Dimension, str], chosen: Sequence[Dimension]) -> list[Choice]:
    nothing = Choice(value="", label=pgettext("grouping", "Nothing"), is_chosen=not chosen)
    named = sorted(names.items(), key=lambda item: _ORDER.index(item[0]))
    return [nothing, *(Choice(value=key.value, label=label, is_chosen=key in chosen) for key, label in named)]


_ORDER = (
    Dimension.COST_CENTER,
    Dimension.MODEL,
    Dimension.HEADING,
    Dimension.AWS_ACCOUNT,
    Dimension.AWS_REGION,
    Dimension.SERVICE,
    Dimension.USAGE_TYPE,
    Dimension.TOKEN_CLASS,
    Dimension.TIER,
    Dimension.ROUTING,
    Dimension.PUBLISHER,
    Dimension.PROVIDER,
    Dimension.CHARGE_CATEGORY,
)


def _units(asked: Exploration, words: Words) -> list[Choice]:
    return [
        Choice(
            value=unit.value,
            label=replace(words, exploration=replace(asked, unit=unit)).unit,
            is_chosen=unit is asked.unit,
        )
        for unit in Unit
    ]


def _chips(asked: Exploration, words: Words, links: Links) -> Iterable[Chip]:
    for is_not, dimension, text in named_filters(asked, words):
        yield Chip(text=text, link=links.to(_unfiltered(asked, dimension, is_not=is_not)))


def _unfiltered(asked: Exploration, dimension: Dimension, *, is_not: bool) -> Exploration:
    filters = {name: held for name, held in asked.filters.items() if is_not or name is not dimension}
    excluded = {name: held for name, held in asked.excluded.items() if not is_not or name is not dimension}
    return replace(asked, filters=filters, excluded=excluded)


def _without_filters(asked: Exploration) -> Exploration:
    for dimension in Dimension:
        asked = with_filter(asked, dimension, (), exclude=False)
    return asked


def _filter_form(asked: Exploration, dimension: Dimension, values: DimensionValues, words: Words) -> FilterForm:
    is_not = dimension in asked.excluded
    chosen = asked.excluded[dimension] if is_not else asked.filters.get(dimension, ())
    # What is chosen stands there too when nothing has it any more, so that it can be unchosen.
    gone = [value for value in chosen if value is not None and value not in values.known.get(dimension, ())]
    known = [*gone, *values.known.get(dimension, ())]
    lacking: list[str | None] = [None] if dimension in MAY_LACK[asked.basis] else []
    listed = [
        *lacking,
        *(value for value in known if value in chosen),
        *(value for value in known if value not in chosen),
    ]
    names = {dimension.value, EXCLUDE + dimension.value}
    return FilterForm(
        dimension=dimension.value,
        label=words.dimension(dimension),
        is_not=is_not,
        choices=[
            Choice(
                value=WITHOUT if value is None else value,
                label=words.value(dimension, value),
                is_chosen=value in chosen,
            )
            for value in listed[:SHOWN_VALUES]
        ],
        hidden_count=max(0, len(listed) - SHOWN_VALUES),
        state=_state(asked, kept=lambda name: name not in names),
    )


def _state(asked: Exploration, *, kept: Callable[[str], bool]) -> Mapping[str, str]:
    """The part of a question that a form carries along unseen."""
    return {name: text for name, text in as_texts(asked).items() if kept(name)}
