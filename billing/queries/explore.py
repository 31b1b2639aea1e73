"""Answers an exploration: two stretches of time side by side, by any one or two dimensions, and the days behind them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, NamedTuple

from accounts.domain.errors import Invalid
from accounts.domain.organizations import OrganizationValue
from accounts.domain.text import gettext_noop
from billing.domain.comparisons import Key, Part
from billing.domain.dimensions import Basis, Dimension, Granularity, TokenClass
from billing.domain.exchange_rates import USD, RateInForce, rate_in_force
from billing.domain.explore import CurrencyChoice, Exploration, Measure
from billing.domain.money import ZERO, Money, add_up
from billing.domain.periods import DAY, Month, local_day, utc_day_start
from billing.domain.stretches import Span, Stretch, days_before, days_of, months_of, stretch
from billing.queries.collection import DataUntil, get_data_until
from billing.queries.costs import DAILY_DIMENSIONS, list_daily_spend, list_spend
from billing.queries.exchange_rates import list_exchange_rates
from billing.queries.questions import SpendQuestion
from billing.queries.usage import RatedRow, read_rated

UTC_NAME = "UTC"
MOST_ROWS = 50_000
# More columns than these are months.
MOST_DAYS_IN_CHART = 93
CHART_PARTS = 6
DOLLARS = RateInForce(currency=USD, units_per_usd=Decimal(1), month=None)


class TooManyGroups(Invalid):
    """More groups than a page, a file or a reader can hold."""

    code: ClassVar[str] = "too_many_groups"
    message: ClassVar[str] = gettext_noop(
        "This grouping has more than %(most)s rows. Filter it, group by less, or take a shorter period."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The rates that amounts are shown at; `missing` is the month for which there is none, so that dollars are shown."""

    currency: str
    by_month: Mapping[Month, RateInForce]
    missing: Month | None = None

    @property
    def used(self) -> tuple[RateInForce, ...]:
        """Each rate once, oldest first."""
        found = {rate.month: rate for rate in self.by_month.values() if rate.month}
        return tuple(found[month] for month in sorted(found))

    def is_one_of(self, span: Span, time_zone: str) -> bool:
        """Whether one rate holds for the whole span."""
        return len({self.by_month[month].units_per_usd for month in months_of(span, time_zone)}) == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartPart:
    """One band of the chart: a value of the first dimension, or the rest, by the first day of each column."""

    key: str | None
    is_rest: bool
    values: Mapping[date, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explored:
    """The answer. Numbers are amounts in `rates.currency`, tokens or requests, as the measure says."""

    exploration: Exploration
    stretch: Stretch
    data_until: DataUntil
    rates: Rates
    parts: tuple[Part, ...]
    chart: tuple[ChartPart, ...]
    by_month: bool
    unassigned: Decimal
    tokens_unpriced: int
    beside: tuple[Money, ...]

    @property
    def billed_last_day(self) -> date | None:
        """The last UTC day that the bill is complete for."""
        return self.data_until.billed - DAY if self.data_until.billed else None

    @property
    def shows_centers(self) -> bool:
        """Whether cost centers are what is shown or filtered: each counts by itself, without those below it."""
        asked = self.exploration
        return any(Dimension.COST_CENTER in named for named in (asked.group_by, asked.filters, asked.excluded))

    @property
    def has_facts(self) -> bool:
        return bool(self.parts or self.beside)


class Fact(NamedTuple):
    """One group in one period, in the currency of the facts."""

    period: date | None
    key: Key
    value: Decimal
    unpriced: int
    currency: str


def explore(exploration: Exploration, *, organization: OrganizationValue, now: datetime) -> Explored:
    """Return what is there to see, for the table and the chart. Raises TooManyGroups.

    Rated cost stands on the organization's days, the bill on UTC days. Amounts are in the organization's currency at the
    rate of each month, or in US dollars where a month has none.
    """
    data_until = get_data_until(now=now)
    found = _stretch(exploration, organization, now, data_until)
    rates = _rates(exploration, organization, found)
    asked = _Asked(exploration=exploration, stretch=found, rates=rates)
    facts = list(asked.facts(found.now, exploration.group_by))
    facts_before = list(asked.facts(found.before, exploration.group_by)) if found.before else None
    parts = tuple(_parts(asked, facts, facts_before))
    by_month = len(found.days) > MOST_DAYS_IN_CHART
    return Explored(
        exploration=exploration,
        stretch=found,
        data_until=data_until,
        rates=rates,
        parts=parts,
        chart=tuple(_chart(asked, parts, by_month=by_month)),
        by_month=by_month,
        unassigned=_unassigned(asked, parts),
        tokens_unpriced=sum(fact.unpriced for fact in facts),
        beside=_beside(asked, facts),
    )


def read_table(
    exploration: Exploration, *, organization: OrganizationValue, now: datetime
) -> tuple[Stretch, Rates, tuple[Part, ...], DataUntil]:
    """Return the rows alone, for a file: the same as on the page, without the chart and what stands beside."""
    data_until = get_data_until(now=now)
    found = _stretch(exploration, organization, now, data_until)
    asked = _Asked(exploration=exploration, stretch=found, rates=_rates(exploration, organization, found))
    facts = list(asked.facts(found.now, exploration.group_by))
    before = list(asked.facts(found.before, exploration.group_by)) if found.before else None
    return found, asked.rates, tuple(_parts(asked, facts, before)), data_until


def question_for(
    exploration: Exploration, span: Span, time_zone: str, *, group_by: Sequence[Dimension]
) -> SpendQuestion:
    """Return the question that an exploration puts to the facts of one span."""
    return SpendQuestion(
        basis=exploration.basis,
        start=span.start,
        end=span.end,
        group_by=tuple(group_by),
        filters=exploration.filters,
        excluded=exploration.excluded,
        time_zone=time_zone,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One exploration with its days and rates: reads facts and expresses them in the currency shown."""

    exploration: Exploration
    stretch: Stretch
    rates: Rates

    @property
    def is_money(self) -> bool:
        return self.exploration.measure is Measure.COST

    def facts(
        self, span: Span, group_by: Sequence[Dimension], granularity: Granularity | None = None
    ) -> Iterator[Fact]:
        """Read one span; by month where its months have different rates."""
        zone = self.stretch.time_zone
        if granularity is None and self.is_money and not self.rates.is_one_of(span, zone):
            granularity = Granularity.MONTH
        question = question_for(self.exploration, span, zone, group_by=group_by)
        for fact in _read(replace(question, granularity=granularity), self.exploration.measure):
            # What has no period is of a span with one rate.
            month = Month.of(fact.period or local_day(span.start, zone))
            yield self.expressed(fact, month)

    def expressed(self, fact: Fact, month: Month) -> Fact:
        """Return a fact in the currency shown; what is not in dollars stays as it is."""
        if not self.is_money or fact.currency != USD:
            return fact
        money = self.rates.by_month[month].convert(fact.value)
        return fact._replace(value=money.amount, currency=money.currency)

    def is_shown(self, fact: Fact) -> bool:
        """Whether a fact is in the currency of the table; currencies are never added."""
        return not self.is_money or fact.currency == self.rates.currency


def _stretch(
    exploration: Exploration, organization: OrganizationValue, now: datetime, data_until: DataUntil
) -> Stretch:
    is_rated = exploration.basis is Basis.RATED
    zone = organization.time_zone if is_rated else UTC_NAME
    days = days_of(
        exploration.period,
        today=local_day(now, zone),
        fiscal_start=organization.fiscal_year_start_month,
        custom=exploration.custom,
    )
    billed = utc_day_start(data_until.billed) if data_until.billed else None
    return stretch(
        days,
        days_before(days, period=exploration.period, against=exploration.against),
        time_zone=zone,
        data_until=data_until.rated if is_rated else billed,
    )


def _rates(exploration: Exploration, organization: OrganizationValue, found: Stretch) -> Rates:
    spans = [span for span in (found.now, found.before) if span]
    months = sorted({month for span in spans for month in months_of(span, found.time_zone)})
    dollars = Rates(currency=USD, by_month=dict.fromkeys(months, DOLLARS))
    currency = organization.currency
    if exploration.currency is CurrencyChoice.USD or currency == USD or exploration.measure is not Measure.COST:
        return dollars
    entered = [one.rate for one in list_exchange_rates(currency)]
    by_month = {month: rate_in_force(entered, currency, month) for month in months}
    known = {month: rate for month, rate in by_month.items() if rate}
    if len(known) < len(months):
        return replace(dollars, missing=next(month for month in months if month not in known))
    return Rates(currency=currency, by_month=known)


def _read(question: SpendQuestion, measure: Measure) -> Iterator[Fact]:
    read = _read_rated if question.basis is Basis.RATED else _read_billed
    after, count = None, 0
    while True:
        facts, after = read(question, measure, after)
        count += len(facts)
        if count > MOST_ROWS:
            raise TooManyGroups(field="group_by", most=f"{MOST_ROWS:,}")
        yield from facts
        if after is None:
            return


def _read_rated(question: SpendQuestion, measure: Measure, after: str | None) -> tuple[list[Fact], str | None]:
    # Tokens that nobody looks at need not be added up.
    page = read_rated(question, after=after, limit=None, with_tokens=measure is not Measure.COST)
    value = _value_of(measure)
    return [Fact(_day(row.period), row.key, value(row), row.tokens_unpriced, USD) for row in page.rows], page.next


def _read_billed(question: SpendQuestion, measure: Measure, after: str | None) -> tuple[list[Fact], str | None]:
    assert measure is Measure.COST
    page = list_spend(question, after=after)
    return [Fact(_day(row.period), row.key, row.cost, 0, row.currency) for row in page.rows], page.next


def _value_of(measure: Measure) -> Callable[[RatedRow], Decimal]:
    if measure is Measure.COST:
        return lambda row: row.cost
    if measure is Measure.INVOCATIONS:
        return lambda row: Decimal(row.invocations)
    index = list(TokenClass).index(TokenClass(measure.removeprefix("tokens_")))
    return lambda row: Decimal(row.by_class[index])


def _day(period: date | datetime | None) -> date | None:
    return period.date() if isinstance(period, datetime) else period


def _parts(asked: _Asked, facts: Iterable[Fact], facts_before: Iterable[Fact] | None) -> Iterator[Part]:
    now, unpriced = _sums(asked, facts)
    before, _ = _sums(asked, facts_before or ())
    for key in {**now, **before}:
        yield Part(
            key=key,
            now=add_up(now.get(key, ())),
            before=None if facts_before is None else add_up(before.get(key, ())),
            unpriced=unpriced.get(key, 0),
        )


def _sums(asked: _Asked, facts: Iterable[Fact]) -> tuple[dict[Key, list[Decimal]], dict[Key, int]]:
    values: dict[Key, list[Decimal]] = defaultdict(list)
    unpriced: dict[Key, int] = defaultdict(int)
    for fact in facts:
        if asked.is_shown(fact):
            values[fact.key].append(fact.value)
            unpriced[fact.key] += fact.unpriced
    return values, unpriced


def _chart(asked: _Asked, parts: Iterable[Part], *, by_month: bool) -> Iterator[ChartPart]:
    """The largest values of the first dimension by day, the others added up."""
    granularity = Granularity.MONTH if by_month else Granularity.DAY
    sums: dict[Key, list[Decimal]] = defaultdict(list)
    for part in parts:
        sums[part.key[:1]].append(part.now)
    sizes = {key: add_up(values) for key, values in sums.items()}
    largest = sorted(sizes, key=lambda key: (-sizes[key], str(key)))
    kept = largest[:CHART_PARTS]
    columns: dict[Key | None, dict[date, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    for fact in _chart_facts(asked, granularity):
        if asked.is_shown(fact) and fact.period:
            column = columns[fact.key if fact.key in kept else None]
            column[fact.period] = add_up((column[fact.period], fact.value))
    for key in kept:
        yield ChartPart(key=key[0] if key else None, is_rest=False, values=dict(columns[key]))
    if None in columns:
        yield ChartPart(key=None, is_rest=True, values=dict(columns[None]))


def _chart_facts(asked: _Asked, granularity: Granularity) -> Iterator[Fact]:
    """The facts behind the chart; whole days by one dimension have a roll-up that needs no hours in any time zone."""
    exploration, days = asked.exploration, asked.stretch.days
    groups = exploration.group_by[:1]
    is_plain = exploration.basis is Basis.RATED and asked.is_money and not exploration.filter_count
    if not (is_plain and granularity is Granularity.DAY and DAILY_DIMENSIONS.issuperset(groups)):
        yield from asked.facts(asked.stretch.now, groups, granularity)
        return
    by = groups[0] if groups else None
    for row in list_daily_spend(start=days.start, end=days.end, time_zone=asked.stretch.time_zone, by=by):
        fact = Fact(row.date, (row.key,) if groups else (), row.cost, 0, USD)
        yield asked.expressed(fact, Month.of(row.date))


def _unassigned(asked: _Asked, parts: Iterable[Part]) -> Decimal:
    """What nobody pays for, out of all that is shown; asked for by itself where the table has no cost centers."""
    exploration = asked.exploration
    if Dimension.COST_CENTER in exploration.group_by:
        place = exploration.group_by.index(Dimension.COST_CENTER)
        return add_up(part.now for part in parts if part.key[place] is None)
    wanted = exploration.filters.get(Dimension.COST_CENTER, (None,))
    if None not in wanted or None in exploration.excluded.get(Dimension.COST_CENTER, ()):
        return ZERO
    narrowed = replace(exploration, filters={**exploration.filters, Dimension.COST_CENTER: (None,)})
    facts = replace(asked, exploration=narrowed).facts(asked.stretch.now, ())
    return add_up(fact.value for fact in facts if asked.is_shown(fact))


def _beside(asked: _Asked, facts: Iterable[Fact]) -> tuple[Money, ...]:
    """Amounts of the bill in currencies that nobody has a rate for: not in the table, and not left unsaid."""
    sums: dict[str, list[Decimal]] = defaultdict(list)
    for fact in facts:
        if not asked.is_shown(fact):
            sums[fact.currency].append(fact.value)
    return tuple(Money(add_up(sums[currency]), currency) for currency in sorted(sums))
