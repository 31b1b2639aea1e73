"""Where each cost center stands in the tree from which day on: parents in force on a day, moves, and what they refuse."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from accounts.domain.errors import Invalid
from accounts.domain.hierarchy import ancestors, check_place
from accounts.domain.text import gettext_noop

# No spend of a model is older, and a day at the end of the calendar could not be counted on from.
EARLIEST_MOVE = date(2000, 1, 1)


class MoveDateOutOfRange(Invalid):
    """A move is a fact of the past or of today: the forecast of a month must not depend on a plan."""

    code = "move_date_out_of_range"
    message = gettext_noop("A move begins today or earlier, from %(first)s to %(last)s.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One center below one parent (None: at the top), from a day up to, but not including, another; organization days.

    `valid_from` None: from the beginning. `valid_to` None: until further notice.
    """

    cost_center_id: int
    parent_id: int | None
    valid_from: date | None = None
    valid_to: date | None = None

    def covers(self, day: date) -> bool:
        """Return whether it is in force on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Tree:
    """The tree on every day: between two of `turns` nothing moves. `lines` hold a center and those above it."""

    turns: tuple[date, ...]
    lines: tuple[Mapping[int, tuple[int, ...]], ...]

    @classmethod
    def of(cls, placements: Sequence[Placement]) -> Tree:
        """Build the tree of every day out of its placements."""
        turns = _turns(placements)
        return cls(turns, tuple(_lines(parents_on(placements, day)) for day in (date.min, *turns)))

    def line(self, cost_center_id: int, day: date) -> tuple[int, ...]:
        """Return a center and those above it on a day, nearest first."""
        return self._on(day).get(cost_center_id, (cost_center_id,))

    def parent(self, cost_center_id: int, day: date) -> int | None:
        """Return what a center stands below on a day, None at the top."""
        above = self.line(cost_center_id, day)[1:]
        return above[0] if above else None

    def branch(self, cost_center_id: int, day: date) -> frozenset[int]:
        """Return a center and everything below it on a day."""
        below = {other for other, line in self._on(day).items() if cost_center_id in line}
        return frozenset({cost_center_id} | below)

    def stretches(self, start: date, end: date) -> tuple[tuple[date, date], ...]:
        """Cut a range of days where anything moves, so that within each piece the tree is one."""
        cuts = [start, *(turn for turn in self.turns if start < turn < end), end]
        return tuple((first, last) for first, last in pairwise(cuts) if first < last)

    def _on(self, day: date) -> Mapping[int, tuple[int, ...]]:
        return self.lines[bisect_right(self.turns, day)]


NO_TREE = Tree((), ({},))


def parents_on(placements: Iterable[Placement], day: date) -> dict[int, int | None]:
    """Return what each center stands below on a day."""
    return {one.cost_center_id: one.parent_id for one in placements if one.covers(day)}


def moved(placements: Iterable[Placement], *, parent_id: int | None, from_date: date) -> tuple[Placement, ...]:
    """Return the placements of one center after it moved: what was before the day stays, what came after is replaced.

    A move to where the center already stood is no turn: the placement before simply goes on.
    """
    kept = [one for one in sorted(placements, key=_begin) if one.valid_from is None or one.valid_from < from_date]
    *before, last = kept
    if last.parent_id == parent_id:
        return (*before, _until(last, None))
    new = Placement(cost_center_id=last.cost_center_id, parent_id=parent_id, valid_from=from_date)
    return (*before, _until(last, from_date), new)


def check_move(
    placements: Sequence[Placement], *, cost_center_id: int, parent_id: int | None, from_date: date, today: date
) -> None:
    """Check a move on every day that it changes: a parent may itself move below the center later on.

    Raises MoveDateOutOfRange, CostCenterBelowItself, TreeTooDeep.
    """
    if not EARLIEST_MOVE <= from_date <= today:
        raise MoveDateOutOfRange(field="from_date", first=EARLIEST_MOVE.isoformat(), last=today.isoformat())
    others = [one for one in placements if one.cost_center_id != cost_center_id]
    for day in (from_date, *(turn for turn in _turns(others) if turn > from_date)):
        # The center is taken to the top first: it is asked whether it may stand below the parent, wherever it is.
        parents = {**parents_on(others, day), cost_center_id: None}
        check_place(cost_center_id, parent_id=parent_id, parents=parents)


def check_new(placements: Sequence[Placement], *, parent_id: int | None) -> None:
    """Check that a new center may stand below a parent on every day since the beginning. Raises TreeTooDeep."""
    for day in (date.min, *_turns(placements)):
        check_place(None, parent_id=parent_id, parents=parents_on(placements, day))


def _turns(placements: Iterable[Placement]) -> tuple[date, ...]:
    return tuple(sorted({day for one in placements for day in (one.valid_from, one.valid_to) if day is not None}))


def _lines(parents: Mapping[int, int | None]) -> dict[int, tuple[int, ...]]:
    return {center: (center, *ancestors(center, parents)) for center in parents}


def _begin(placement: Placement) -> date:
    return placement.valid_from or date.min


def _until(placement: Placement, end: date | None) -> Placement:
    return Placement(
        cost_center_id=placement.cost_center_id,
        parent_id=placement.parent_id,
        valid_from=placement.valid_from,
        valid_to=end,
    )
