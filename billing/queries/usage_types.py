"""The usage types of AWS's bill: how each was read, how its unit is known, and what it cost lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q

from billing.domain.dimensions import ChargeCategory, CostHeading, Provider
from billing.domain.exchange_rates import USD
from billing.domain.money import Money, add_up
from billing.domain.parsing.usage_types import HEADINGS_WITH_MODEL, is_recognized, parse_usage_type
from billing.domain.periods import DAY, DateRange
from billing.domain.usage_types import UnitProof, UsageTypeState, explain, state_of
from billing.models import BilledSeries
from billing.queries.catalog import get_model_catalog
from billing.sql import execute

LATELY = 30
MILLION = Decimal(1_000_000)
# Of what is not understood so many are named one by one.
NAMED = 20
ORDER = tuple(UsageTypeState)
UNREAD = Q(heading=CostHeading.UNRECOGNIZED) | Q(heading__in=HEADINGS_WITH_MODEL, model_id="")


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageTypeLine:
    """One usage type of a service. `rate` is per unit of the bill; with proved units also per million tokens."""

    service: str
    usage_type: str
    unit_told: str
    currency: str
    region_prefix: str
    aws_region: str
    model_id: str
    publisher: str
    token_class: str
    tier: str
    routing: str
    context_band: str
    unit: str
    family: str
    heading: CostHeading
    tokens_per_unit: int | None
    unit_proof: str
    state: UsageTypeState
    accounts: int
    first_seen_at: datetime
    cost: Money
    quantity: Decimal
    rate: Decimal | None
    last_day: date | None

    @property
    def rate_per_million(self) -> Money | None:
        """What a million tokens cost lately."""
        if self.rate is None or self.tokens_per_unit is None:
            return None
        return Money(self.rate * (MILLION / self.tokens_per_unit), self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadingCost:
    """What the lines under one heading cost, and which part of the bill that is."""

    heading: CostHeading
    cost: Money
    share: Decimal | None
    usage_types: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageTypeReport:
    """All usage types, those that need somebody first, then the most expensive; the sums are in US dollars."""

    days: DateRange
    lines: tuple[UsageTypeLine, ...]

    @property
    def cost(self) -> Money:
        """What all of them cost."""
        return self._sum(self.lines)

    def of(self, state: UsageTypeState) -> tuple[UsageTypeLine, ...]:
        """The lines in one state."""
        return tuple(line for line in self.lines if line.state is state)

    def cost_of(self, state: UsageTypeState) -> Money:
        """What the lines in one state cost."""
        return self._sum(self.of(state))

    @property
    def unread_share(self) -> Decimal | None:
        """Which part of the cost lies on lines that are not recognised; None without cost."""
        whole = self.cost.amount
        return self.cost_of(UsageTypeState.UNRECOGNIZED).amount / whole if whole > 0 else None

    def by_heading(self) -> tuple[HeadingCost, ...]:
        """What stands under each heading, the most expensive first."""
        whole = self.cost.amount
        found = []
        for heading in CostHeading:
            lines = [line for line in self.lines if line.heading is heading]
            cost = self._sum(lines)
            if lines:
                share = cost.amount / whole if whole > 0 else None
                found.append(HeadingCost(heading=heading, cost=cost, share=share, usage_types=len(lines)))
        return tuple(sorted(found, key=lambda one: -one.cost.amount))

    def _sum(self, lines: Sequence[UsageTypeLine]) -> Money:
        return Money(add_up(line.cost.amount for line in lines if line.currency == USD), USD)


def get_usage_type_report(*, now: datetime) -> UsageTypeReport:
    """Return the usage types of AWS's bill with what they cost in the last thirty UTC days; of today nothing is billed."""
    today = now.date()
    days = DateRange(today - LATELY * DAY, today)
    rows = execute(
        "usage_types",
        first_day=days.start,
        last_day=days.end,
        provider=Provider.AWS_BEDROCK,
        usage=ChargeCategory.USAGE,
    )
    catalog = get_model_catalog()
    lines = []
    for row in rows:
        service, usage_type, unit_told, currency, *read = row
        told = explain(parse_usage_type(usage_type, service, catalog))
        lines.append(_line((service, usage_type, unit_told, currency), read, told))
    lines.sort(key=lambda line: (ORDER.index(line.state), -line.cost.amount, line.service, line.usage_type))
    return UsageTypeReport(days=days, lines=tuple(lines))


def count_strange_usage_types() -> int:
    """Return how many usage types of AWS's bill are not recognised; the query is as cheap as the bill is clean."""
    rows = BilledSeries.objects.filter(UNREAD, provider=Provider.AWS_BEDROCK)
    return rows.values("service", "usage_type").distinct().count()


def list_strange_lines(connection_id: int) -> tuple[tuple[str, str, bool], ...]:
    """Return service and usage type of a payer's lines that were not understood, or (True) whose unit is contradicted.

    Of lines that say what they are there is none: the query is as cheap as the bill is clean.
    """
    rows = BilledSeries.objects.filter(connection_id=connection_id, provider=Provider.AWS_BEDROCK)
    strange = rows.filter(UNREAD | Q(unit_proof=UnitProof.CONTRADICTED))
    found = strange.order_by("service", "usage_type").values_list("service", "usage_type", "heading", "model_id")
    told = dict.fromkeys(
        (service, usage_type, is_recognized(heading, model_id)) for service, usage_type, heading, model_id in found
    )
    return tuple(told)[:NAMED]


def _line(key: tuple[str, str, str, str], read: Sequence[Any], told: dict[str, str]) -> UsageTypeLine:
    model_id, publisher, aws_region, token_class, tier, routing, band, heading, per_unit, proof, *spent = read
    accounts, first_seen_at, cost, cost_of_usage, quantity, last_day = spent
    service, usage_type, unit_told, currency = key
    return UsageTypeLine(
        service=service,
        usage_type=usage_type,
        unit_told=unit_told,
        currency=currency,
        region_prefix=told["region_prefix"],
        aws_region=aws_region,
        model_id=model_id,
        publisher=publisher,
        token_class=token_class,
        tier=tier,
        routing=routing,
        context_band=band,
        unit=told["unit"],
        family=told["family"],
        heading=CostHeading(heading or CostHeading.UNRECOGNIZED),
        tokens_per_unit=per_unit,
        unit_proof=proof,
        state=state_of(is_recognized=is_recognized(heading or CostHeading.UNRECOGNIZED, model_id), unit_proof=proof),
        accounts=accounts,
        first_seen_at=first_seen_at,
        cost=Money(cost, currency),
        quantity=quantity,
        rate=cost_of_usage / quantity if quantity > 0 else None,
        last_day=last_day,
    )
