"""A table of two stretches of time: lines and their parts, the total over all, the order, and what stands out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from billing.domain.explore import SortBy
from billing.domain.money import EXACT, ZERO, add_up

Key = tuple[str | None, ...]
# Parts shown under a line; what is over stands in one line more, so that the parts add up.
SHOWN_PARTS = 20
# A first line as large as this says it alone.
MOST = Decimal("0.5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one group came to in both stretches; `before` None where nothing is compared."""

    key: Key
    now: Decimal
    before: Decimal | None
    unpriced: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table. `count` lines stand behind one that adds up the rest."""

    key: Key
    now: Decimal
    before: Decimal | None
    share: Decimal | None
    unpriced: int = 0
    parts: tuple[Line, ...] = ()
    count: int = 0

    @property
    def change(self) -> Decimal | None:
        return None if self.before is None else EXACT.subtract(self.now, self.before)

    @property
    def change_percent(self) -> Decimal | None:
        """The change as a part of what was before; None from nothing."""
        if self.change is None or not self.before:
            return None
        return EXACT.divide(self.change, abs(self.before))


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Lines in their order, and the total over all of them."""

    total: Line
    lines: tuple[Line, ...]

    @property
    def row_count(self) -> int:
        """How many rows the table has in full: of the innermost groups."""
        return sum(max(1, len(line.parts)) for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What stands out: the largest lines and their share, and the line that moved the total most."""

    leaders: tuple[Line, ...]
    leaders_share: Decimal | None
    cause: Line | None


Label = Callable[[int, str | None], str]


def table_of(parts: Iterable[Part], *, depth: int, sort_by: SortBy, descending: bool, label: Label) -> Table:
    """Arrange groups of up to two dimensions; each line of the first holds the lines of the second."""
    held = list(parts)
    is_compared = any(part.before is not None for part in held)
    total = _line((), held, None, is_compared=is_compared)
    whole = total.now
    grouped: dict[Key, list[Part]] = defaultdict(list)
    for part in held:
        grouped[part.key[:1]].append(part)
    lines = []
    for key, members in grouped.items():
        inner = [_line(part.key, [part], whole, is_compared=is_compared) for part in members] if depth > 1 else []
        line = _line(key, members, whole, is_compared=is_compared)
        lines.append(replace(line, parts=_sorted(inner, sort_by, label, descending=descending)))
    shown = _sorted(lines, sort_by, label, descending=descending) if depth else ()
    return Table(total=replace(total, share=Decimal(1) if whole else None), lines=shown)


def shorten(line: Line, most: int = SHOWN_PARTS) -> Line:
    """Return a line with its first parts, and one more for the rest, so that they still add up to it."""
    if len(line.parts) <= most + 1:
        return line
    kept, rest = line.parts[:most], line.parts[most:]
    summed = Line(
        key=(*line.key, None),
        now=add_up(part.now for part in rest),
        before=None if line.before is None else add_up(part.before or ZERO for part in rest),
        share=None if line.share is None else add_up(part.share or ZERO for part in rest),
        unpriced=sum(part.unpriced for part in rest),
        count=len(rest),
    )
    return replace(line, parts=(*kept, summed))


def findings_of(table: Table) -> Findings:
    """Return what stands out of a table."""
    named = sorted((line for line in table.lines if line.now > 0), key=lambda line: (-line.now, str(line.key)))
    whole = table.total.now
    count = 1 if named and (len(named) == 1 or (whole > 0 and named[0].now > whole * MOST)) else 2
    leaders = tuple(named[:count])
    return Findings(
        leaders=leaders,
        leaders_share=EXACT.divide(add_up(line.now for line in leaders), whole) if leaders and whole > 0 else None,
        cause=_cause(table),
    )


def _cause(table: Table) -> Line | None:
    """The line that moved most in the direction of the total."""
    change = table.total.change
    if not change:
        return None
    sign = 1 if change > 0 else -1
    return max(
        (line for line in table.lines if (line.change or ZERO) * sign > 0),
        key=lambda line: (abs(line.change or ZERO), str(line.key)),
        default=None,
    )


def _line(key: Key, parts: Sequence[Part], whole: Decimal | None, *, is_compared: bool) -> Line:
    now = add_up(part.now for part in parts)
    return Line(
        key=key,
        now=now,
        before=add_up(part.before or ZERO for part in parts) if is_compared else None,
        share=EXACT.divide(now, whole) if whole else None,
        unpriced=sum(part.unpriced for part in parts),
    )


def _sorted(lines: Sequence[Line], sort_by: SortBy, label: Label, *, descending: bool) -> tuple[Line, ...]:
    """In the order asked for, ties by key; what has no figure comes last either way."""
    sign = -1 if descending else 1

    def figure(line: Line) -> tuple[bool, Decimal]:
        value = {
            SortBy.VALUE: line.now,
            SortBy.BEFORE: line.before,
            SortBy.CHANGE: line.change,
            SortBy.CHANGE_PERCENT: line.change_percent,
            SortBy.SHARE: line.share,
        }[sort_by]
        return value is None, ZERO if value is None else EXACT.multiply(value, Decimal(sign))

    by_key = sorted(lines, key=lambda line: [value or "" for value in line.key])
    if sort_by is SortBy.NAME:
        return tuple(
            sorted(by_key, key=lambda line: label(len(line.key) - 1, line.key[-1]).casefold(), reverse=descending)
        )
    return tuple(sorted(by_key, key=figure))
