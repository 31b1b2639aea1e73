"""The lines of the bill over days or hours, as far as the bill has got, restatements included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from billing.sandbox.bill import Attributes, Line
from billing.sandbox.state import Restatement
from billing.sandbox.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One line of the bill over one day or hour."""

    attributes: Attributes
    start: datetime
    cost: Decimal
    quantity: Decimal
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    world: World
    restatements: tuple[Restatement, ...]

    def charges(
        self, start: datetime, end: datetime, *, step_hours: int, wanted: Callable[[Attributes], bool]
    ) -> Iterator[Charge]:
        """Charges by day (24) or hour (1) between two moments that lie on such steps."""
        world = self.world
        first = max(world.hour_of(start), 0)
        last = min(world.hour_of(min(end, world.billed_until())), world.snapshot().hours)
        if first >= last:
            return
        for line in world.snapshot().lines:
            if wanted(line.attributes):
                yield from self._of_line(line, first, last, step_hours)

    def _of_line(self, line: Line, first: int, last: int, step: int) -> Iterator[Charge]:
        counts = line.hourly[first:last]
        for offset in range(0, len(counts), step):
            count = int(counts[offset : offset + step].sum())
            if count:
                yield self._charge(line, first + offset, count)

    def _charge(self, line: Line, hour: int, count: int) -> Charge:
        start = self.world.start + timedelta(hours=hour)
        return Charge(
            attributes=line.attributes,
            start=start,
            cost=line.cost(count, hour // 24) * self._factor(line.attributes, start.date()),
            quantity=line.quantity(count),
            unit=line.unit,
        )

    def _factor(self, attributes: Attributes, day: date) -> Decimal:
        factor = Decimal(1)
        for row in self.restatements:
            if (row.date, row.service, row.usage_type) == (day, attributes.service, attributes.usage_type):
                factor *= row.factor
        return factor
