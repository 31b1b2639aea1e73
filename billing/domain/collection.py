"""Which windows are due, given what is filled and the time now; when to try again; what asking costs the tenant.

A window is one row of work: one connection, one source, one region, one stretch of time. Windows of one connection,
source and region never overlap. CloudWatch charges per metric asked for and not per hour, so the past is asked for in
calendar months, newest first, up to the UTC day of connecting, and from that day on in UTC days. Cost Explorer is
asked for calendar months. The inventory of a region is a picture of the present: one window a UTC day, never the past.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from billing.domain.periods import DAY, HOUR, Month, floor_hour, utc_day_start


class Source(StrEnum):
    """What a window is read from."""

    INVENTORY = "INVENTORY"
    CLOUDWATCH = "CLOUDWATCH"
    COST_EXPLORER = "COST_EXPLORER"


class WindowState(StrEnum):
    """DUE: to be read; STARTED: somebody holds the lease; DONE: read; FAILED: refused, waits for a person."""

    DUE = "DUE"
    STARTED = "STARTED"
    DONE = "DONE"
    FAILED = "FAILED"


class ConnectionKind(StrEnum):
    """PAYER pays the bill (a standalone account pays its own); MEMBER is an account whose bill another one pays."""

    PAYER = "PAYER"
    MEMBER = "MEMBER"


# CloudWatch keeps hourly values for 455 days (AmazonCloudWatch user guide, cloudwatch_concepts).
CLOUDWATCH_RETENTION = timedelta(days=455)
# Cost Explorer keeps 13 months and the current one (cost-management user guide, ce-what-is).
COST_EXPLORER_MONTHS = 13
# How late metrics arrive is not documented: an hour is asked for five minutes after it closed, the last three hours
# are read again with every poll, the last days once a day.
CLOUDWATCH_LAG = timedelta(minutes=5)
LATE_HOURS = 3
LATE_DAYS = 2
# ListMetrics tells on request what had data in the last three hours, give or take 50 minutes (API reference).
RECENTLY = timedelta(hours=2)
# How many hours lie between two readings: as few, and as many, as there may be.
HOURLY, DAILY = 1, 24
# AWS restates a month for two weeks after its end, refunds and credits later; 45 days cover the usual case.
RESTATEMENT = timedelta(days=45)
# Billing data of a UTC day is refreshed up to three times in the following day; the first is there by six.
COST_EXPLORER_LAG = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSpan:
    """The identity of a window within its connection; Cost Explorer has no region (`""`)."""

    source: Source
    aws_region: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWindow:
    """A window that exists: its span, its state, and the time at which its last successful reading began."""

    span: WindowSpan
    state: WindowState
    read_at: datetime | None
    filled_until: datetime | None


def due_windows(
    *,
    kind: ConnectionKind,
    aws_regions: Sequence[str],
    connected_at: datetime,
    windows: Iterable[KnownWindow],
    now: datetime,
    every_hours: int = HOURLY,
) -> tuple[WindowSpan, ...]:
    """Every window that must be DUE now: those not made yet and those that are DONE and need reading again.

    `every_hours`: how often the present is read, which the limit of the connection decides.

    Inventory first, because the metrics carry the ids of its profiles; then the newest first, so that the screens
    fill at once. Windows that are DUE or STARTED are under way already and FAILED ones wait
    for a person, so none of these is named.
    """
    known = {window.span: window for window in windows}
    due = [
        span for span in planned_windows(kind, aws_regions, connected_at, now) if _is_due(span, known, now, every_hours)
    ]
    return tuple(sorted(due, key=_urgency))


def planned_windows(
    kind: ConnectionKind, aws_regions: Sequence[str], connected_at: datetime, now: datetime
) -> Iterator[WindowSpan]:
    """All windows that a connection has had until now, due or not."""
    for aws_region in aws_regions:
        yield WindowSpan(
            source=Source.INVENTORY, aws_region=aws_region, start=utc_day_start(now), end=utc_day_start(now) + DAY
        )
        yield from _cloudwatch_windows(aws_region, connected_at, now)
    if kind is ConnectionKind.PAYER:
        yield from _cost_explorer_windows(connected_at, now)


def _cloudwatch_windows(aws_region: str, connected_at: datetime, now: datetime) -> Iterator[WindowSpan]:
    first_day = utc_day_start(connected_at)
    oldest = first_day - CLOUDWATCH_RETENTION + DAY
    for month in reversed(list(_months(oldest, first_day))):
        start, end = max(utc_day_start(month.start), oldest), min(utc_day_start(month.end), first_day)
        yield WindowSpan(source=Source.CLOUDWATCH, aws_region=aws_region, start=start, end=end)
    day = first_day
    while day <= now:
        yield WindowSpan(source=Source.CLOUDWATCH, aws_region=aws_region, start=day, end=day + DAY)
        day += DAY


def _cost_explorer_windows(connected_at: datetime, now: datetime) -> Iterator[WindowSpan]:
    month = Month.of(utc_day_start(connected_at).date()).plus(-COST_EXPLORER_MONTHS)
    while utc_day_start(month.start) <= now:
        start, end = utc_day_start(month.start), utc_day_start(month.end)
        yield WindowSpan(source=Source.COST_EXPLORER, aws_region="", start=start, end=end)
        month = month.next()


def _months(start: datetime, end: datetime) -> Iterator[Month]:
    month = Month.of(start.date())
    while utc_day_start(month.start) < end:
        yield month
        month = month.next()


def _urgency(span: WindowSpan) -> tuple[bool, float, Source, str]:
    return span.source is not Source.INVENTORY, -span.start.timestamp(), span.source, span.aws_region


def _is_due(span: WindowSpan, known: dict[WindowSpan, KnownWindow], now: datetime, every_hours: int) -> bool:
    window = known.get(span)
    if window is not None and window.state is not WindowState.DONE:
        return False
    mark = last_reading_mark(span, now, every_hours)
    if mark is None:
        return False
    return window is None or window.read_at is None or window.read_at < mark


def last_reading_mark(span: WindowSpan, now: datetime, every_hours: int = HOURLY) -> datetime | None:
    """The latest time up to now from which a reading of the window must be; None when nothing can be read yet."""
    marks = [mark for mark in _marks(span, now, every_hours) if mark <= now]
    return max(marks, default=None)


def _marks(span: WindowSpan, now: datetime, every_hours: int) -> list[datetime]:
    """When there is something new to read: the last time up to now of each kind, and the first time ever."""
    if span.source is Source.INVENTORY:
        return [span.start]
    if span.source is Source.COST_EXPLORER:
        return _cost_explorer_marks(span, now)
    return _cloudwatch_marks(span, now, every_hours)


def _cloudwatch_marks(span: WindowSpan, now: datetime, every_hours: int) -> list[datetime]:
    """After its hours have closed, as often as the limit allows, and once when late hours have come: then all is asked."""
    closing = closes_at(span)
    if every_hours >= DAILY:
        return [closing]
    step = every_hours * HOUR
    steps = max((min(now - CLOUDWATCH_LAG, span.end) - span.start) // step, 0)
    read = [span.start + steps * step + CLOUDWATCH_LAG] if steps else []
    return [*read, closing]


def closes_at(span: WindowSpan) -> datetime:
    """When the window of a day is read for the last time: everything is asked for then, and the late days before it."""
    return span.end + LATE_HOURS * HOUR + CLOUDWATCH_LAG


def _cost_explorer_marks(span: WindowSpan, now: datetime) -> list[datetime]:
    """Once a day from the window's second day until the day after its last: later the next month's readings restate it."""
    day = utc_day_start(min(now - COST_EXPLORER_LAG, span.end))
    first = span.start + DAY + COST_EXPLORER_LAG
    return [first, max(first, day + COST_EXPLORER_LAG)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """What a reading asks for: from when until when, and of what.

    `is_whole`: every metric that was ever seen; otherwise the most of the spend, and all else keeps what is stored.
    `is_recent`: so little time has passed that AWS can say which metrics spoke in it.
    """

    start: datetime
    end: datetime
    is_whole: bool = True
    is_recent: bool = False


def extent_of(span: WindowSpan, *, filled_until: datetime | None, now: datetime) -> Extent:
    """What a reading of the window that begins now asks for: closed hours, or closed days of the bill.

    Only what is read may be replaced: hours that have left CloudWatch since the window was stored stay as they are.
    One question costs the same for a day and for many, so the last reading of a day asks for the late days as well, and
    the bill of this month for all days that may be restated.
    """
    if span.source is Source.INVENTORY:
        return Extent(start=span.start, end=min(span.end, now))
    if span.source is Source.COST_EXPLORER:
        end = min(span.end, utc_day_start(now))
        is_present = now < span.end + DAY
        return Extent(start=min(span.start, end - RESTATEMENT) if is_present else span.start, end=end)
    end = min(span.end, floor_hour(now - CLOUDWATCH_LAG))
    start = max(span.start, floor_hour(now - CLOUDWATCH_RETENTION) + HOUR)
    if now >= closes_at(span):
        is_on_time = now < closes_at(span) + DAY and span.end - span.start == DAY
        return Extent(start=start - LATE_DAYS * DAY if is_on_time else start, end=end)
    reached = filled_until if filled_until is not None else span.start
    gap = end - reached
    if filled_until is None and gap > LATE_HOURS * HOUR:
        return Extent(start=start, end=end)
    return Extent(start=max(start, reached - LATE_HOURS * HOUR), end=end, is_whole=False, is_recent=gap <= RECENTLY)


def data_until(windows: Iterable[KnownWindow], connected_at: datetime) -> datetime | None:
    """The time up to which one source of one region is stored without a gap since it was connected.

    None when nothing is stored. The past, which is read backwards, has its own progress and does not count here.
    """
    ordered = sorted(windows, key=lambda window: window.span.start)
    reached = None
    for window in ordered:
        if window.span.end <= utc_day_start(connected_at):
            reached = window.filled_until
        elif window.filled_until is None:
            return reached
        else:
            reached = window.filled_until
            if reached < window.span.end:
                return reached
    return reached


class FetchFailure(StrEnum):
    """Why a reading did not succeed."""

    THROTTLED = "THROTTLED"
    UNAVAILABLE = "UNAVAILABLE"  # an outage, a time-out, a broken connection
    NOT_READY = "NOT_READY"  # Cost Explorer in the first day after it was switched on
    DENIED = "DENIED"  # a permission is missing or the role is gone: a person has to act


FIRST_RETRY = {
    FetchFailure.THROTTLED: timedelta(seconds=30),
    FetchFailure.UNAVAILABLE: timedelta(seconds=60),
    FetchFailure.NOT_READY: timedelta(hours=1),
}
LONGEST_RETRY = {
    FetchFailure.THROTTLED: timedelta(minutes=15),
    FetchFailure.UNAVAILABLE: timedelta(hours=1),
    FetchFailure.NOT_READY: timedelta(hours=6),
}
MAX_DOUBLINGS = 20


def next_attempt(attempt: int, failure: FetchFailure, now: datetime, jitter: float) -> datetime | None:
    """When the window may be tried again after its attempt number `attempt` (from 1); None: not by itself.

    The delay doubles up to a limit; `jitter` in [0, 1) takes off up to half of it, so that windows which were
    throttled together do not come back together.
    """
    if failure is FetchFailure.DENIED:
        return None
    delay: timedelta = FIRST_RETRY[failure] * 2 ** min(max(attempt, 1) - 1, MAX_DOUBLINGS)
    return now + min(delay, LONGEST_RETRY[failure]) * (1 - jitter / 2)


class CostGrouping(StrEnum):
    """What Cost Explorer groups and filters by, as its API spells it."""

    LINKED_ACCOUNT = "LINKED_ACCOUNT"
    SERVICE = "SERVICE"
    USAGE_TYPE = "USAGE_TYPE"
    RECORD_TYPE = "RECORD_TYPE"


# Bedrock's spend lies under several services, one for each model sold through the Marketplace among them; all their
# names hold this word, and no list of them stays true.
SERVICE_WORD = "bedrock"
# Anthropic's own platform, sold through AWS: the same models on the same bill. Its name does not say Bedrock.
OTHER_SERVICES = frozenset({"claude platform on aws"})
MAX_FILTER_VALUES = 100  # GetCostAndUsage, values of one filter
MAX_GROUPINGS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CostQuery:
    """One GetCostAndUsage request (all its pages): the two groupings, and the filters, all of which must hold."""

    group_by: tuple[CostGrouping, CostGrouping]
    filters: Mapping[CostGrouping, tuple[str, ...]]


def is_ai_service(service: str) -> bool:
    """Say whether a service of the bill is one of those that we read.

    All names are asked for and sifted here: a search text in GetDimensionValues would take one request for each word.
    """
    name = service.strip().casefold()
    return SERVICE_WORD in name or name in OTHER_SERVICES


def plan_charge_queries(services: Sequence[str]) -> tuple[CostQuery, ...]:
    """The request that tells accounts, and the credits, refunds and taxes of each: nearly always one.

    It takes the place of a look-up of accounts, which costs the same cent and would tell the accounts alone.
    """
    return tuple(
        CostQuery(
            group_by=(CostGrouping.LINKED_ACCOUNT, CostGrouping.RECORD_TYPE), filters={CostGrouping.SERVICE: chunk}
        )
        for chunk in _chunks(sorted(set(services)))
    )


def only_usage(query: CostQuery, record_types: Collection[str]) -> CostQuery:
    """Return a request restricted to some record types, so that a credit is not taken for cheaper usage."""
    return replace(query, filters={**query.filters, CostGrouping.RECORD_TYPE: tuple(sorted(record_types))})


def plan_cost_queries(services: Sequence[str], aws_account_ids: Sequence[str]) -> tuple[CostQuery, ...]:
    """The fewest requests that tell account, service and usage type of every line of the bill.

    Cost Explorer groups by two things at most, so the third must be fixed by a filter: either one request for each
    account, grouped by service and usage type, or one for each service, grouped by account and usage type. Every page
    of every request costs the tenant a cent, so the smaller number is taken. Services and accounts are those that
    GetDimensionValues found for the same days; a standalone account is a payer with one account. Where no account is
    named, nothing is left out: the requests go by service.
    """
    by_account = tuple(
        CostQuery(
            group_by=(CostGrouping.SERVICE, CostGrouping.USAGE_TYPE),
            filters={CostGrouping.LINKED_ACCOUNT: (account,), CostGrouping.SERVICE: chunk},
        )
        for account in sorted(set(aws_account_ids))
        for chunk in _chunks(sorted(set(services)))
    )
    by_service = tuple(
        CostQuery(
            group_by=(CostGrouping.LINKED_ACCOUNT, CostGrouping.USAGE_TYPE),
            filters={CostGrouping.SERVICE: (service,)},
        )
        for service in sorted(set(services))
    )
    return by_account if 0 < len(by_account) <= len(by_service) else by_service


def _chunks(values: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(values), MAX_FILTER_VALUES):
        yield tuple(values[start : start + MAX_FILTER_VALUES])
