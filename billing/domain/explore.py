"""`Exploration`: everything a reader of spend has chosen, and how it is read from and written as named texts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import ClassVar, TypeVar

from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop
from billing.domain.dimensions import DIMENSIONS_OF, Basis, Dimension, DimensionNotInBasis
from billing.domain.periods import DAY, DateRange, Month
from billing.domain.stretches import Against, Period

# No code, model id or account begins with it, so that it cannot be one's name.
WITHOUT = "~none"
MOST_GROUPS = 2
MOST_VALUES = 200
VALUE_LENGTH = 255
LONGEST_RANGE = timedelta(days=1100)
FIRST_DAY, LAST_DAY = date(2015, 1, 1), date(2100, 1, 1)
# A month by its name is the days of it.
ISO_MONTH = re.compile(r"20[1-9]\d-(0[1-9]|1[0-2])", re.ASCII)
ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
EXCLUDE = "exclude_"
Word = TypeVar("Word", bound=StrEnum)
Values = Mapping[Dimension, tuple[str | None, ...]]


class Measure(StrEnum):
    """What is added up: money, tokens of one class (the classes are disjoint and never one sum), or calls."""

    COST = "cost"
    TOKENS_INPUT = "tokens_input"
    TOKENS_OUTPUT = "tokens_output"
    TOKENS_CACHE_READ = "tokens_cache_read"
    TOKENS_CACHE_WRITE = "tokens_cache_write"
    TOKENS_CACHE_WRITE_5M = "tokens_cache_write_5m"
    TOKENS_CACHE_WRITE_1H = "tokens_cache_write_1h"
    INVOCATIONS = "invocations"


class Column(StrEnum):
    """The columns beside name and amount."""

    BEFORE = "before"
    CHANGE = "change"
    CHANGE_PERCENT = "change_percent"
    SHARE = "share"


class SortBy(StrEnum):
    """What rows are ordered by; the name, the amount, or one of the columns."""

    NAME = "name"
    VALUE = "value"
    BEFORE = "before"
    CHANGE = "change"
    CHANGE_PERCENT = "change_percent"
    SHARE = "share"


class Unit(StrEnum):
    """What an amount in the table is a number of."""

    ONE = "one"
    THOUSAND = "thousand"
    MILLION = "million"


class CurrencyChoice(StrEnum):
    """Whose currency amounts are shown in: the organization's, or the facts' own."""

    REPORTING = "reporting"
    USD = "usd"


class NotAChoice(Invalid):
    """The text is none of the words that the parameter takes."""

    code: ClassVar[str] = "not_a_choice"
    message: ClassVar[str] = gettext_noop("%(value)s is not one of %(choices)s.")


class NotADay(Invalid):
    """The text is no date, or one that no fact can lie near."""

    code: ClassVar[str] = "not_a_day"
    message: ClassVar[str] = gettext_noop("%(value)s is not a date such as 2026-10-01.")


class RangeReversed(Invalid):
    """The last day is before the first."""

    code: ClassVar[str] = "range_reversed"
    message: ClassVar[str] = gettext_noop("The last day must not come before the first.")


class DaysTooMany(Invalid):
    """More days than one page can hold."""

    code: ClassVar[str] = "days_too_many"
    message: ClassVar[str] = gettext_noop("Ask for at most %(days)s days at once.")


class GroupsTooMany(Invalid):
    """More groups than a table can nest."""

    code: ClassVar[str] = "groups_too_many"
    message: ClassVar[str] = gettext_noop("Group by one or two different dimensions.")


class ValuesTooMany(Invalid):
    """A list that nobody reads, or a text that nothing is called."""

    code: ClassVar[str] = "values_too_many"
    message: ClassVar[str] = gettext_noop("Give at most %(most)s values of at most %(length)s characters each.")


class MeasureNotInBasis(Invalid):
    """The bill knows money only."""

    code: ClassVar[str] = "measure_not_in_basis"
    message: ClassVar[str] = gettext_noop("The billed basis has cost only: tokens and requests are not on the bill.")


class MeasureNotByTokenClass(Invalid):
    """Requests have no token class, and tokens of one class have one only."""

    code: ClassVar[str] = "measure_not_by_token_class"
    message: ClassVar[str] = gettext_noop("Only cost can be grouped or filtered by token class.")


class UnknownName(Invalid):
    """A name that nothing here goes by: ignoring it would answer another question."""

    code: ClassVar[str] = "unknown_parameter"
    message: ClassVar[str] = gettext_noop("There is no such parameter.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploration:
    """What is asked of spend and how the answer is shown. `first` and `last` are days, both included, of CUSTOM."""

    basis: Basis = Basis.RATED
    measure: Measure = Measure.COST
    period: Period = Period.THIS_MONTH
    first: date | None = None
    last: date | None = None
    against: Against = Against.BEFORE
    group_by: tuple[Dimension, ...] = (Dimension.COST_CENTER,)
    filters: Values = field(default_factory=dict)
    excluded: Values = field(default_factory=dict)
    sort_by: SortBy = SortBy.VALUE
    descending: bool = True
    currency: CurrencyChoice = CurrencyChoice.REPORTING
    unit: Unit = Unit.ONE
    columns: tuple[Column, ...] = tuple(Column)

    @property
    def custom(self) -> DateRange | None:
        """The days of a custom range, half-open."""
        return DateRange(self.first, self.last + DAY) if self.first and self.last else None

    @property
    def filter_count(self) -> int:
        """How many filters stand."""
        return len(self.filters) + len(self.excluded)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What could be read of named texts, and what could not; in its place stands what is usual."""

    exploration: Exploration
    problems: tuple[Invalid, ...] = ()


def parameter_names() -> tuple[str, ...]:
    """Return the names that an exploration is written with."""
    names = ("basis", "measure", "period", "from", "to", "compare", "group_by", "sort", "currency", "unit", "columns")
    return (*names, *(dimension.value for dimension in Dimension), *(EXCLUDE + name.value for name in Dimension))


def read_exploration(given: Mapping[str, str]) -> Reading:
    """Read an exploration from texts by name; several values of one name have commas between them."""
    reader = _Reader(given)
    known = set(parameter_names())
    for name in given:
        if name not in known:
            reader.problems.append(UnknownName(field=name))
    exploration = _fit(reader.exploration(), reader.problems)
    return Reading(exploration=exploration, problems=tuple(reader.problems))


def as_texts(exploration: Exploration) -> dict[str, str]:
    """Write an exploration as texts by name, leaving out what is usual; reading them gives it back."""
    usual = as_all_texts(Exploration())
    return {name: text for name, text in as_all_texts(exploration).items() if text != usual.get(name)}


def as_all_texts(exploration: Exploration) -> dict[str, str]:
    """Write an exploration as texts by name, the usual ones too, so that it stays what it is when the usual changes."""
    texts = {
        "basis": exploration.basis.value,
        "measure": exploration.measure.value,
        "period": exploration.period.value,
        "compare": exploration.against.value,
        "group_by": ",".join(exploration.group_by),
        "sort": ("-" if exploration.descending else "") + exploration.sort_by.value,
        "currency": exploration.currency.value,
        "unit": exploration.unit.value,
        "columns": ",".join(exploration.columns),
    }
    if exploration.first and exploration.last:
        texts |= {"from": exploration.first.isoformat(), "to": exploration.last.isoformat()}
    for prefix, values in (("", exploration.filters), (EXCLUDE, exploration.excluded)):
        texts |= {
            f"{prefix}{dimension.value}": _join(values[dimension]) for dimension in Dimension if dimension in values
        }
    return texts


def with_filter(
    exploration: Exploration, dimension: Dimension, values: Sequence[str | None], *, exclude: bool
) -> Exploration:
    """Return the exploration with one dimension filtered anew; without values it is not filtered."""
    filters = {name: held for name, held in exploration.filters.items() if name is not dimension}
    excluded = {name: held for name, held in exploration.excluded.items() if name is not dimension}
    if values:
        (excluded if exclude else filters)[dimension] = tuple(values)
    return replace(exploration, filters=filters, excluded=excluded)


def _join(values: Sequence[str | None]) -> str:
    return ",".join(WITHOUT if value is None else value for value in values)


def _fit(asked: Exploration, problems: list[Invalid]) -> Exploration:
    """Leave out what the basis does not have, and say so."""
    has = DIMENSIONS_OF[asked.basis]
    lists = (("group_by", asked.group_by), ("", asked.filters), (EXCLUDE, asked.excluded))
    for prefix, dimensions in lists:
        for dimension in dimensions:
            if dimension not in has:
                name = prefix if prefix == "group_by" else prefix + dimension.value
                problems.append(DimensionNotInBasis(field=name, basis=asked.basis.value, dimension=dimension.value))
    fitted = replace(
        asked,
        group_by=tuple(dimension for dimension in asked.group_by if dimension in has),
        filters={dimension: values for dimension, values in asked.filters.items() if dimension in has},
        excluded={dimension: values for dimension, values in asked.excluded.items() if dimension in has},
    )
    if fitted.measure is Measure.COST:
        return fitted
    if fitted.basis is Basis.BILLED:
        problems.append(MeasureNotInBasis(field="measure"))
        return replace(fitted, measure=Measure.COST)
    if any(Dimension.TOKEN_CLASS in named for named in (fitted.group_by, fitted.filters, fitted.excluded)):
        problems.append(MeasureNotByTokenClass(field="measure"))
        return replace(fitted, measure=Measure.COST)
    return fitted


class _Reader:
    """Reads names one by one and keeps what was wrong."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given = given
        self.problems: list[Invalid] = []

    def exploration(self) -> Exploration:
        usual = Exploration()
        period, first, last = self._period(usual)
        sort = self.given.get("sort", f"-{usual.sort_by.value}")
        return Exploration(
            basis=self._word("basis", Basis, usual.basis),
            measure=self._word("measure", Measure, usual.measure),
            period=period,
            first=first,
            last=last,
            against=self._word("compare", Against, usual.against),
            group_by=self._groups(usual),
            filters=self._values(""),
            excluded=self._values(EXCLUDE),
            sort_by=self._read("sort", sort.removeprefix("-"), SortBy) or usual.sort_by,
            descending=sort.startswith("-"),
            currency=self._word("currency", CurrencyChoice, usual.currency),
            unit=self._word("unit", Unit, usual.unit),
            columns=self._words("columns", Column, usual.columns),
        )

    def _period(self, usual: Exploration) -> tuple[Period, date | None, date | None]:
        has_days = "from" in self.given or "to" in self.given
        month = self.given.get("period", "")
        if ISO_MONTH.fullmatch(month):
            days = Month.parse(month).range
            return Period.CUSTOM, days.start, days.end - DAY
        period = self._word("period", Period, Period.CUSTOM if has_days else usual.period)
        if period is not Period.CUSTOM:
            return period, None, None
        first, last = self._day("from"), self._day("to")
        if first is None or last is None:
            return usual.period, None, None
        if last < first:
            self.problems.append(RangeReversed(field="to"))
            return usual.period, None, None
        if last - first >= LONGEST_RANGE:
            self.problems.append(DaysTooMany(field="to", days=LONGEST_RANGE.days))
            return usual.period, None, None
        return period, first, last

    def _day(self, name: str) -> date | None:
        text = self.given.get(name, "")
        try:
            day = date.fromisoformat(text) if ISO_DAY.fullmatch(text) else None
        except ValueError:
            day = None
        if day is None or not FIRST_DAY <= day < LAST_DAY:
            self.problems.append(NotADay(field=name, value=text[:VALUE_LENGTH] or "–"))
            return None
        return day

    def _groups(self, usual: Exploration) -> tuple[Dimension, ...]:
        groups = self._words("group_by", Dimension, usual.group_by)
        if len(groups) > MOST_GROUPS or len(set(groups)) < len(groups):
            self.problems.append(GroupsTooMany(field="group_by"))
            return tuple(dict.fromkeys(groups))[:MOST_GROUPS]
        return groups

    def _values(self, prefix: str) -> Values:
        found = {}
        for dimension in Dimension:
            name = prefix + dimension.value
            texts = tuple(dict.fromkeys(text.strip() for text in self.given.get(name, "").split(",") if text.strip()))
            if len(texts) > MOST_VALUES or any(len(text) > VALUE_LENGTH or "\0" in text for text in texts):
                self.problems.append(ValuesTooMany(field=name, most=MOST_VALUES, length=VALUE_LENGTH))
            elif texts:
                found[dimension] = tuple(None if text == WITHOUT else text for text in texts)
        return found

    def _word(self, name: str, words: type[Word], usual: Word) -> Word:
        return (self._read(name, self.given[name], words) or usual) if name in self.given else usual

    def _words(self, name: str, words: type[Word], usual: tuple[Word, ...]) -> tuple[Word, ...]:
        if name not in self.given:
            return usual
        texts = [text.strip() for text in self.given[name].split(",") if text.strip()]
        read = [self._read(name, text, words) for text in texts]
        return tuple(word for word in read if word is not None)

    def _read(self, name: str, text: str, words: type[Word]) -> Word | None:
        try:
            return words(text)
        except ValueError:
            choices = ", ".join(words)
            self.problems.append(NotAChoice(field=name, value=text[:VALUE_LENGTH] or "–", choices=choices))
            return None
