"""Rated against billed: days and their sums, the lines of a day, what exceeds the tolerance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Q

from billing.domain.collection import RESTATEMENT, Source
from billing.domain.connections import ConnectionState
from billing.domain.dimensions import ROUTING_CLASS_OF, Routing
from billing.domain.exchange_rates import USD
from billing.domain.matching import match_day
from billing.domain.money import ZERO
from billing.domain.periods import DAY, utc_day_start
from billing.domain.reconciliation import (
    REASONS,
    BilledPart,
    Coverage,
    Line,
    RatedPart,
    Reason,
    Sums,
    Tolerance,
    add_up,
    is_whole,
    last_read_at,
)
from billing.models import (
    AwsConnection,
    CollectionWindow,
    ImportedPeriod,
    Reconciliation,
    ReconciliationTolerance,
)
from billing.sql import execute

# Bills are matched day by day for as long as Cost Explorer knows them, and a year more of imported ones.
LONGEST = timedelta(days=400)
MOST_DAYS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedDay:
    """A UTC day and what its match came to, in US dollars.

    `is_closed`: nothing of it is awaited. `reconciled_at` None: matched just now, for this answer.
    """

    date: date
    sums: Sums
    is_closed: bool
    reconciled_at: datetime | None
    other_currencies: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedDays:
    """Days and their whole, which they add up to."""

    days: tuple[MatchedDay, ...]
    whole: Sums

    @property
    def closed_until(self) -> date | None:
        """The last day before which, and including which, every day is closed; None: the first is not."""
        until = None
        for day in self.days:
            if not day.is_closed:
                break
            until = day.date
        return until


@dataclass(frozen=True, slots=True, kw_only=True)
class DayMatch:
    """A day matched line by line."""

    date: date
    lines: tuple[Line, ...]
    coverage: Coverage
    other_currencies: Mapping[str, Decimal]


def get_tolerance() -> Tolerance:
    """Return what the organization does not look at."""
    row = ReconciliationTolerance.objects.first()
    return Tolerance() if row is None else Tolerance(absolute_usd=row.absolute_usd, percent=row.percent)


def get_reconciliation(start: date, end: date) -> MatchedDays:
    """Return the days from start up to, but not including, end, and their whole.

    What was read since a day was matched is matched for the answer, so that it is never older than the facts.
    """
    rows = Reconciliation.objects.filter(date__gte=start, date__lt=end)
    stored = {row.date: _matched_day(row) for row in rows if _has_facts(row)}
    due = frozenset(list_days_to_reconcile(start=start, end=end))
    fresh = {match.date: _fresh_day(match) for match in _match_each(due)}
    known = {day: found for day, found in stored.items() if day not in due} | fresh
    days = tuple(sorted(known.values(), key=lambda day: day.date))
    return MatchedDays(days=days, whole=add_up(day.sums for day in days))


def list_days_to_reconcile(*, start: date, end: date, limit: int = MOST_DAYS) -> tuple[date, ...]:
    """Return the days, newest first, whose match is missing or older than what was read of them."""
    rows = execute("days_to_reconcile", first_day=start, last_day=end, restated_days=RESTATEMENT.days, row_limit=limit)
    return tuple(day for (day,) in rows)


def match_days(start: date, end: date) -> tuple[DayMatch, ...]:
    """Match the days from start up to end from their facts; days without any are left out."""
    tolerance = get_tolerance()
    coverage = _Coverages(start, end)
    rated, (billed, others) = _rated_parts(start, end), _billed_parts(start, end)
    return tuple(
        DayMatch(
            date=day,
            lines=match_day(rated[day], billed[day], coverage.of(day), tolerance),
            coverage=coverage.of(day),
            other_currencies=others[day],
        )
        for day in sorted(rated.keys() | billed.keys() | others.keys())
    )


def list_reasons(sums: Sums) -> tuple[tuple[Reason, Decimal], ...]:
    """Return the reasons that have money, in their order."""
    return tuple((reason, sums.explained[reason]) for reason in REASONS if reason in sums.explained)


def sums_of(row: Reconciliation) -> Sums:
    """Return what is stored of a day as a value."""
    return Sums(
        rated=row.rated,
        billed=row.billed,
        matched=row.matched,
        explained={Reason(reason): Decimal(amount) for reason, amount in row.explained.items()},
        unexplained=row.unexplained,
        tokens_unpriced=row.tokens_unpriced,
    )


def _match_each(days: Iterable[date]) -> Iterator[DayMatch]:
    """Days that follow one another are read together."""
    ordered = sorted(days)
    start = None
    for index, day in enumerate(ordered):
        start = start or day
        if index + 1 == len(ordered) or ordered[index + 1] != day + DAY:
            yield from match_days(start, day + DAY)
            start = None


def _has_facts(row: Reconciliation) -> bool:
    """A day of which neither side says anything is stored, so that it is not looked for again, and not shown."""
    return bool(row.rated or row.billed or row.tokens_unpriced or row.explained or row.other_currencies)


def _matched_day(row: Reconciliation) -> MatchedDay:
    return MatchedDay(
        date=row.date,
        sums=sums_of(row),
        is_closed=row.is_closed,
        reconciled_at=row.reconciled_at,
        other_currencies={currency: Decimal(amount) for currency, amount in row.other_currencies.items()},
    )


def _fresh_day(match: DayMatch) -> MatchedDay:
    return MatchedDay(
        date=match.date,
        sums=add_up(match.lines),
        is_closed=match.coverage.is_closed,
        reconciled_at=None,
        other_currencies=match.other_currencies,
    )


def _rated_parts(start: date, end: date) -> dict[date, list[RatedPart]]:
    found: dict[date, list[RatedPart]] = defaultdict(list)
    for day, provider, account, aws_region, model_id, token_class, tier, routing, tokens, unpriced, cost in execute(
        "rated_parts", first_day=start, last_day=end
    ):
        part = RatedPart(
            provider=provider,
            aws_account_id=account,
            aws_region=aws_region,
            model_id=model_id,
            token_class=token_class,
            tier=tier,
            routing_class=ROUTING_CLASS_OF[Routing(routing)].value,
            tokens=tokens,
            tokens_unpriced=unpriced,
            cost=cost,
        )
        found[day].append(part)
    return found


Others = dict[date, dict[str, Decimal]]


def _billed_parts(start: date, end: date) -> tuple[dict[date, list[BilledPart]], Others]:
    """The lines in dollars; of other currencies only what they come to, since our prices are in dollars."""
    found: dict[date, list[BilledPart]] = defaultdict(list)
    others: Others = defaultdict(dict)
    for day, *read, currency, tokens, cost, tokens_first, cost_first in execute(
        "billed_parts", first_day=start, last_day=end
    ):
        if currency != USD:
            others[day][currency] = others[day].get(currency, ZERO) + cost
        else:
            found[day].append(BilledPart._make((*read, tokens, cost, tokens_first, cost_first)))
    return found, others


class _Coverages:
    """How far both sides of some days are there."""

    def __init__(self, start: date, end: date) -> None:
        self._readings = _bill_readings(start, end)
        self._imported = list(
            ImportedPeriod.objects.filter(period_start__lt=end, period_end__gt=start).values_list(
                "period_start", "period_end", "complete_until"
            )
        )
        self._awaited = _usage_awaited(start, end)

    def of(self, day: date) -> Coverage:
        told = [
            *(is_whole(day, last_read_at(day, windows)) for windows in self._readings.values()),
            *(day < complete_until for starts, ends, complete_until in self._imported if starts <= day < ends),
        ]
        begins, ends = utc_day_start(day), utc_day_start(day) + DAY
        awaited = frozenset(place for since, until, place in self._awaited if since < ends and until > begins)
        return Coverage(is_bill_whole=bool(told) and all(told), usage_awaited=awaited)


def _bill_readings(start: date, end: date) -> dict[int, list[tuple[datetime, datetime, datetime]]]:
    """The readings of each payer's bill that is still ours to read, by connection: from, until, begun."""
    payers = AwsConnection.objects.filter(kind="PAYER").exclude(
        state__in=[ConnectionState.DISCONNECTED, ConnectionState.PENDING, ConnectionState.REFUSED]
    )
    found: dict[int, list[tuple[datetime, datetime, datetime]]] = {pk: [] for pk in payers.values_list("id", flat=True)}
    rows = CollectionWindow.objects.filter(
        source=Source.COST_EXPLORER,
        connection__in=found,
        stored_at__isnull=False,
        window_end__gt=utc_day_start(start),
        window_start__lt=utc_day_start(end) + RESTATEMENT + DAY,
    ).values_list("connection_id", "window_start", "filled_until", "stored_at")
    for connection_id, starts, filled_until, stored_at in rows:
        if filled_until is not None and stored_at is not None:
            found[connection_id].append((starts, filled_until, stored_at))
    return found


def _usage_awaited(start: date, end: date) -> list[tuple[datetime, datetime, tuple[str, str]]]:
    """The stretches of usage that are still to be read: from, until, and of which account and region."""
    rows = (
        CollectionWindow.objects.filter(
            source=Source.CLOUDWATCH,
            window_start__lt=utc_day_start(end),
            window_end__gt=utc_day_start(start),
        )
        .exclude(connection__state=ConnectionState.DISCONNECTED)
        .filter(Q(filled_until__isnull=True) | Q(filled_until__lt=utc_day_start(end)))
        .values_list("window_start", "filled_until", "window_end", "connection__aws_account_id", "aws_region")
    )
    return [
        (filled_until or starts, ends, (account, aws_region))
        for starts, filled_until, ends, account, aws_region in rows
        if filled_until is None or filled_until < ends
    ]
