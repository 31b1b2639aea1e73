"""How a range of time is put together out of whole UTC days, which are rolled up, and the hours at their edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

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


@dataclass(frozen=True, slots=True)
class SharedDay:
    """A UTC day that two local days share: the part of most of its hours, the part in between, and which are asked for.

    A part that is not asked for has no slice.
    """

    day: date
    owner: Slice | None
    moved: Slice | None
    start: datetime
    end: datetime

    @property
    def asked(self) -> tuple[Slice, ...]:
        return tuple(part for part in (self.owner, self.moved) if part)


def find_shared_days(slices: Slices, time_zone: str) -> tuple[Slices, tuple[SharedDay, ...]]:
    """Take out of the hours those that make up a UTC day as local midnight cuts it: a roll-up may know them apart.

    Returns what has to be read by the hour all the same, and the shared days.
    """
    by_day: dict[datetime, list[Slice]] = {}
    for piece in _by_utc_day(slices.hours):
        by_day.setdefault(utc_day_start(piece.start), []).append(piece)
    shared: list[SharedDay] = []
    hours: list[Slice] = []
    for midnight, pieces in by_day.items():
        found = _shared_day(midnight, pieces, time_zone)
        if found:
            shared.append(found)
        else:
            hours += pieces
    return Slices(days=slices.days, hours=tuple(hours)), tuple(shared)


def _shared_day(midnight: datetime, pieces: Sequence[Slice], time_zone: str) -> SharedDay | None:
    owned, blocks = _share_out(midnight, time_zone)
    if len(blocks) != 1:
        return None
    block = blocks[0]
    parts = {(piece.start, piece.end): piece for piece in pieces}
    moved = parts.pop((block.start, block.end), None)
    rest = (midnight, block.start) if block.start > midnight else (block.end, midnight + DAY)
    owner = parts.pop(rest, None)
    if parts or not (moved or owner):
        return None
    return SharedDay(day=owned.day, owner=owner, moved=moved, start=block.start, end=block.end)


@dataclass(frozen=True, slots=True)
class OwnedDay:
    """A UTC day, and the local day that most of its hours belong to."""

    day: date
    owner: date


@dataclass(frozen=True, slots=True)
class Block:
    """The hours of a UTC day that belong to another local day than the one that owns the UTC day."""

    day: date
    owner: date
    period: date
    start: datetime
    end: datetime


def share_out_days(days: DateRange, time_zone: str) -> tuple[tuple[OwnedDay, ...], tuple[Block, ...]]:
    """Take local days apart into UTC days, which are rolled up, and the few hours that have to change their day.

    A local day is the UTC days that it owns, minus the blocks in them that are not its own, plus its blocks elsewhere.
    In Tokyo that takes nine hours a day out of the facts instead of twenty-four. UTC days at the edges may be owned by
    local days outside the range, which the caller leaves away.
    """
    if not days:
        return (), ()
    first, last = local_range_hours(days, time_zone)
    owned: list[OwnedDay] = []
    blocks: list[Block] = []
    midnight = utc_day_start(first)
    while midnight < last:
        day, moved = _share_out(midnight, time_zone)
        owned.append(day)
        blocks += moved
        midnight += DAY
    return tuple(owned), tuple(blocks)


def moved_hours(utc_days: DateRange, time_zone: str) -> tuple[Block, ...]:
    """Return, for each of these UTC days that has one, the block of hours that belongs to another local day.

    A day from which two blocks would move (a clock that jumps over midnight, far from Greenwich) has none here.
    """
    blocks = [block for day in utc_days for block in _share_out(utc_day_start(day), time_zone)[1]]
    return tuple(single_blocks(blocks).values())


def single_blocks(blocks: Sequence[Block]) -> dict[date, Block]:
    """Return the blocks that are the only one of their UTC day, by day."""
    counted = Counter(block.day for block in blocks)
    return {block.day: block for block in blocks if counted[block.day] == 1}


def _share_out(midnight: datetime, time_zone: str) -> tuple[OwnedDay, list[Block]]:
    """The local day that most hours of a UTC day belong to, and the blocks of the others."""
    parts = list(_local_parts(midnight, time_zone))
    owner = max(parts, key=lambda part: (part.end - part.start, part.start))
    day = midnight.date()
    moved = [Block(day, owner.period, part.period, part.start, part.end) for part in parts if part is not owner]
    return OwnedDay(day, owner.period), moved


@dataclass(frozen=True, slots=True)
class _Part:
    period: date
    start: datetime
    end: datetime


def _local_parts(midnight: datetime, time_zone: str) -> Iterator[_Part]:
    """The local days that a UTC day touches, with its hours in each."""
    start = midnight
    while start < midnight + DAY:
        period = local_day(start, time_zone)
        _, end = local_range_hours(DateRange(period, period + DAY), time_zone)
        yield _Part(period, start, min(end, midnight + DAY))
        start = end
