"""The lines of the bill over days or hours, as far as the bill has got, restatements included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from billing.sandbox.bill import Attributes, Line
from billing.sandbox.state import ExtraCharge, Restatement, State
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
    extra_charges: tuple[ExtraCharge, ...] = ()

    @classmethod
    def of(cls, world: World, state: State) -> Ledger:
        """The bill as it is now, with what was changed in it."""
        return cls(world=world, restatements=tuple(state.restatements), extra_charges=tuple(state.extra_charges))

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
        yield from self._extra(start, min(end, world.billed_until()), wanted)

    def _extra(self, start: datetime, end: datetime, wanted: Callable[[Attributes], bool]) -> Iterator[Charge]:
        """What is charged for no usage stands at the first hour of its day."""
        for row in self.extra_charges:
            moment = datetime(row.date.year, row.date.month, row.date.day, tzinfo=UTC)
            attributes = Attributes(
                account=row.account,
                region="",
                service=row.service,
                usage_type=row.usage_type,
                operation="",
                team="",
                billing_entity="AWS",
                model="",
                provider="",
                inference_type="",
                feature="",
                record_type=row.record_type,
            )
            if start <= moment < end and wanted(attributes):
                yield Charge(attributes=attributes, start=moment, cost=row.amount, quantity=Decimal(0), unit="N/A")

    def _of_line(self, line: Line, first: int, last: int, step: int) -> Iterator[Charge]:
        counts = line.hourly[first:last]
        for offset in range(0, len(counts), step):
            count = int(counts[offset : offset + step].sum())
            if count:
                yield self._charge(line, first + offset, count)

    def _charge(self, line: Line, hour: int, count: int) -> Charge:
        start = self.world.start + timedelta(hours=hour)
        cost_factor, quantity_factor = self._factors(line.attributes, start.date())
        return Charge(
            attributes=line.attributes,
            start=start,
            cost=line.cost(count, hour // 24) * cost_factor,
            quantity=line.quantity(count) * quantity_factor,
            unit=line.unit,
        )

    def _factors(self, attributes: Attributes, day: date) -> tuple[Decimal, Decimal]:
        cost_factor = quantity_factor = Decimal(1)
        for row in self.restatements:
            if (row.date, row.service, row.usage_type) == (day, attributes.service, attributes.usage_type):
                cost_factor *= row.factor
                quantity_factor *= row.quantity_factor
        return cost_factor, quantity_factor
