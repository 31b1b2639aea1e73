"""How a range of time is put together out of whole UTC days, which are rolled up, and the hours at their edges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from billing.domain.dimensions import Granularity
from billing.domain.periods import DAY, DateRange, Month, ceil_hour, local_day, local_range_hours, utc_day_start

UTC_ZONES = frozenset({"UTC", "Etc/UTC"})


@dataclass(frozen=True, slots=True)
class Slice:
    """A stretch of facts that belong to one period; `period` None: each fact belongs to its own day or hour."""

    period: datetime | None
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Slices:
    """Stretches of whole UTC days and stretches of hours; together they cover the range once."""

    days: tuple[Slice, ...]
    hours: tuple[Slice, ...]


def cut(start: datetime, end: datetime, granularity: Granularity | None, time_zone: str) -> Slices:
    """Cut a range into slices, each within one period of the time zone.

    A period is named by the midnight, in UTC, of its first date, whatever the zone; an hour by itself. An hour belongs
    to the local day in which it begins.
    """
    first, last = ceil_hour(start), ceil_hour(end)
    if granularity is Granularity.HOUR:
        return Slices(days=(), hours=(Slice(None, first, last),) if first < last else ())
    if granularity is Granularity.DAY and time_zone in UTC_ZONES:
        return _utc_days(first, last)
    if granularity is None:
        return _split([Slice(None, first, last)] if first < last else [])
    return _split(_clip(_periods(first, last, granularity, time_zone), first, last))


def _utc_days(first: datetime, last: datetime) -> Slices:
    """UTC days are the roll-up's own: one stretch names each of its days by itself, only the edges need a name."""
    whole = _split([Slice(None, first, last)] if first < last else [])
    hours = tuple(Slice(utc_day_start(piece.start), piece.start, piece.end) for piece in _by_utc_day(whole.hours))
    return Slices(days=whole.days, hours=hours)


def _by_utc_day(slices: Iterable[Slice]) -> Iterator[Slice]:
    for piece in slices:
        start = piece.start
        while start < piece.end:
            end = min(utc_day_start(start) + DAY, piece.end)
            yield Slice(piece.period, start, end)
            start = end


def _periods(first: datetime, last: datetime, granularity: Granularity, time_zone: str) -> Iterator[Slice]:
    day = local_day(first, time_zone)
    if granularity is Granularity.MONTH:
        day = Month.of(day).start
    while True:
        following = Month.of(day).end if granularity is Granularity.MONTH else day + DAY
        start, end = local_range_hours(DateRange(day, following), time_zone)
        if start >= last:
            return
        yield Slice(utc_day_start(day), start, end)
        day = following


def _clip(slices: Iterable[Slice], first: datetime, last: datetime) -> list[Slice]:
    clipped = [Slice(piece.period, max(piece.start, first), min(piece.end, last)) for piece in slices]
    return [piece for piece in clipped if piece.start < piece.end]


def _split(slices: Iterable[Slice]) -> Slices:
    days: list[Slice] = []
    hours: list[Slice] = []
    for piece in slices:
        midnight = utc_day_start(piece.start)
        first = midnight if midnight == piece.start else midnight + DAY
        last = utc_day_start(piece.end)
        if first >= last:
            hours.append(piece)
            continue
        days.append(Slice(piece.period, first, last))
        hours.extend(
            edge
            for edge in (Slice(piece.period, piece.start, first), Slice(piece.period, last, piece.end))
            if edge.start < edge.end
        )
    return Slices(days=tuple(days), hours=tuple(hours))
