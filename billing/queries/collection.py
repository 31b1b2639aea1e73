"""What is filled, what is late, what is due, what reading costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum

from accounts.tenancy.answers import asked_once
from billing.domain.collection import KnownWindow, Source, WindowSpan, WindowState, data_until
from billing.domain.connections import COLLECTING_STATES, ConnectionState
from billing.domain.freshness import Backfill, Freshness, freshness, freshness_sentence
from billing.domain.periods import Month, utc_day_start
from billing.models import AwsConnection, CollectionRun, CollectionWindow
from billing.sql import execute

# The rate of a backfill is that of its last minute.
RATE_SPAN = timedelta(seconds=60)
SECONDS_A_DAY = 86400
STORED = "STORED"
# Windows are calendar months at most: what ends where another begins did not begin earlier than that.
LONGEST_WINDOW = timedelta(days=31)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataUntil:
    """Up to when each basis is complete: the oldest source used; None when nothing is stored."""

    rated: datetime | None
    billed: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFreshness:
    """One source of one region of one connection, as the connection's page lists it."""

    connection_id: int
    connection_label: str
    source: Source
    aws_region: str
    state: Freshness
    data_until: datetime | None
    next_attempt_at: datetime | None
    last_error: str
    rows: int
    charge_usd_this_month: Decimal

    @property
    def sentence(self) -> str:
        """What is wrong, in words; empty when nothing is."""
        return freshness_sentence(self.source, self.state, self.last_error)


SourceKey = tuple[int, str, str]  # connection, source, region
Windows = QuerySet[CollectionWindow, CollectionWindow]


@asked_once
def get_data_until(*, now: datetime) -> DataUntil:
    """Return up to when rated usage and the bill are complete, over the connections that are being read."""
    reached = _reached(_connections(COLLECTING_STATES))
    rated = [moment for (_, source, _), moment in reached.items() if source == Source.CLOUDWATCH]
    billed = [moment for (_, source, _), moment in reached.items() if source == Source.COST_EXPLORER]
    billed_until = _oldest(billed, now)
    return DataUntil(rated=_oldest(rated, now), billed=billed_until.date() if billed_until else None)


def list_source_freshness(*, now: datetime, connection_id: int | None = None) -> tuple[SourceFreshness, ...]:
    """Return how fresh each source of each connection is, connections in the order of their accounts."""
    states = (*COLLECTING_STATES, ConnectionState.PAUSED, ConnectionState.VERIFYING)
    connections = _connections(states, connection_id)
    reached, newest = _reached(connections), _newest_windows(connections)
    totals, rows = _totals(now), _rows(connections)
    return tuple(
        _freshness(
            connections[key[0]],
            newest[key],
            reached=reached.get(key),
            charge=totals.get(key, Decimal(0)),
            rows=rows[key],
            now=now,
        )
        for key in sorted(newest, key=lambda key: (connections[key[0]].aws_account_id, key))
    )


def get_backfill(*, now: datetime, connection_id: int | None = None) -> Backfill:
    """Return how much of the past is stored: of one connection, or of all."""
    every = CollectionWindow.objects.filter(connection__state__in=COLLECTING_STATES)
    if connection_id is not None:
        every = every.filter(connection_id=connection_id)
    usage = Q(source=Source.CLOUDWATCH)
    is_left = Q(state__in=[WindowState.DUE, WindowState.STARTED])
    sums = every.aggregate(
        total=Sum(F("window_end") - F("window_start"), filter=usage),
        filled=Sum(F("filled_until") - F("window_start"), filter=usage),
        left=Count("id", filter=is_left),
        started=Count("id", filter=Q(state=WindowState.STARTED)),
        failed=Count("id", filter=Q(state=WindowState.FAILED)),
        soonest=Min("next_attempt_at", filter=is_left),
    )
    soonest, failing = sums["soonest"], every.filter(is_left).exclude(last_error="").order_by("-next_attempt_at")
    return Backfill(
        days_done=_days(sums["filled"]),
        days_total=_days(sums["total"]),
        windows_left=sums["left"],
        windows_failed=sums["failed"],
        days_per_second=_days_per_second(every, now) if sums["left"] else 0.0,
        waits_until=soonest if soonest and soonest > now and not sums["started"] else None,
        last_error=(failing.values_list("last_error", flat=True).first() or "") if sums["left"] else "",
    )


def list_known_windows(connection_id: int) -> tuple[KnownWindow, ...]:
    """Return every window of a connection, as the planning rule needs them."""
    return tuple(_known(row) for row in CollectionWindow.objects.filter(connection_id=connection_id))


def find_last_stored_at() -> datetime | None:
    """Return when data was last stored in the organization: whoever looks for news compares it with its own last look."""
    last: datetime | None = CollectionWindow.objects.aggregate(last=Max("stored_at"))["last"]
    return last


def count_open_windows() -> dict[str, int]:
    """Return how many windows wait, are under way or were refused, by state."""
    rows = CollectionWindow.objects.exclude(state=WindowState.DONE).values_list("state").annotate(number=Count("id"))
    return dict(rows)


def _connections(states: Sequence[str], connection_id: int | None = None) -> dict[int, AwsConnection]:
    rows = AwsConnection.objects.filter(state__in=states, connected_at__isnull=False)
    if connection_id is not None:
        rows = rows.filter(id=connection_id)
    return {row.pk: row for row in rows}


def _reached(connections: dict[int, AwsConnection]) -> dict[SourceKey, datetime | None]:
    """Up to when each source is stored without a gap."""
    grouped = _telling_windows(tuple(sorted(connections)))
    return {key: _until(found, connections[key[0]]) for key, found in grouped.items()}


@asked_once
def _telling_windows(connections: tuple[int, ...]) -> dict[SourceKey, tuple[KnownWindow, ...]]:
    """Of each source its unfilled windows, those before them and the newest."""
    windows = CollectionWindow.objects.filter(connection_id__in=connections)
    filled = windows.filter(filled_until__isnull=False)
    newest = _newest(connections, are_filled=True)
    # (An inventory is a picture of the present: a day without one leaves no gap.)
    unfilled = list(
        windows.exclude(source=Source.INVENTORY).filter(
            Q(filled_until__isnull=True) | Q(filled_until__lt=F("window_end"))
        )
    )
    starts = {row.window_start for row in unfilled}
    recent = filled.filter(window_start__gte=min(starts) - LONGEST_WINDOW) if starts else filled
    before = recent.filter(window_end__in=starts)
    grouped: dict[SourceKey, dict[int, KnownWindow]] = defaultdict(dict)
    for row in (*newest, *unfilled, *before):
        grouped[row.connection_id, row.source, row.aws_region][row.pk] = _known(row)
    return {key: tuple(found.values()) for key, found in grouped.items()}


def _until(windows: Iterable[KnownWindow], connection: AwsConnection) -> datetime | None:
    assert connection.connected_at is not None
    first_day = utc_day_start(connection.connected_at)
    present = [window for window in windows if window.span.end > first_day or window.filled_until is not None]
    return data_until(present, connection.connected_at)


def _newest_windows(connections: dict[int, AwsConnection]) -> dict[SourceKey, CollectionWindow]:
    newest = _newest(connections, are_filled=False)
    return {(row.connection_id, row.source, row.aws_region): row for row in newest}


def _newest(connections: Iterable[int], *, are_filled: bool) -> Windows:
    found = execute("newest_windows", connections=list(connections), are_filled=are_filled)
    return CollectionWindow.objects.filter(id__in=[number for (number,) in found])


def _totals(now: datetime) -> dict[SourceKey, Decimal]:
    month = utc_day_start(Month.of(now.date()).start)
    rows = (
        CollectionRun.objects.filter(finished_at__gte=month)
        .values_list("window__connection_id", "window__source", "window__aws_region")
        .annotate(charge=Sum("aws_charge_usd"))
    )
    return {(connection, source, region): charge for connection, source, region, charge in rows}


def _rows(connections: dict[int, AwsConnection]) -> dict[SourceKey, int]:
    """How many rows all windows of each source have stored."""
    rows = (
        CollectionWindow.objects.filter(connection_id__in=list(connections))
        .values_list("connection_id", "source", "aws_region")
        .annotate(number=Sum("rows"))
    )
    return {(connection, source, region): number for connection, source, region, number in rows}


def _freshness(
    connection: AwsConnection,
    window: CollectionWindow,
    *,
    reached: datetime | None,
    charge: Decimal,
    rows: int,
    now: datetime,
) -> SourceFreshness:
    source = Source(window.source)
    state = freshness(
        source=source,
        is_paused=connection.state == ConnectionState.PAUSED,
        state=WindowState(window.state),
        last_error=window.last_error,
        data_until=reached,
        now=now,
        every_hours=connection.reads_every_hours,
    )
    return SourceFreshness(
        connection_id=connection.pk,
        connection_label=connection.name or connection.aws_account_id,
        source=source,
        aws_region=window.aws_region,
        state=state,
        data_until=reached,
        next_attempt_at=window.next_attempt_at,
        last_error=window.last_error,
        rows=rows,
        charge_usd_this_month=charge,
    )


def _oldest(moments: Sequence[datetime | None], now: datetime) -> datetime | None:
    known = [moment for moment in moments if moment is not None]
    return min(*known, now) if known and len(known) == len(moments) else None


def _days(length: timedelta | None) -> int:
    return round(length.total_seconds() / SECONDS_A_DAY) if length else 0


def _days_per_second(windows: Windows, now: datetime) -> float:
    stored = CollectionRun.objects.filter(finished_at__gt=now - RATE_SPAN, outcome=STORED)
    runs = stored.filter(window__in=windows.filter(source=Source.CLOUDWATCH))
    spans = runs.values_list("started_at", "finished_at", "window__window_start", "window__window_end")
    read = [(started, finished, end - start) for started, finished, start, end in spans]
    if not read:
        return 0.0
    seconds = max((now - min(started for started, _, _ in read)).total_seconds(), 1.0)
    return sum(length.total_seconds() for _, _, length in read) / SECONDS_A_DAY / seconds


def _known(row: CollectionWindow) -> KnownWindow:
    return KnownWindow(
        span=WindowSpan(
            source=Source(row.source), aws_region=row.aws_region, start=row.window_start, end=row.window_end
        ),
        state=WindowState(row.state),
        read_at=row.read_at,
        filled_until=row.filled_until,
    )
