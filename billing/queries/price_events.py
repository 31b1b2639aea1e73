"""Price events, and the bill's lines by day that stand behind them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts.domain.pages import Page
from billing.domain.announcements import Line
from billing.domain.catalog import ANY_REGION
from billing.domain.dimensions import Provider
from billing.domain.exchange_rates import USD
from billing.domain.money import EXACT
from billing.domain.periods import DAY, DateRange
from billing.domain.price_events import EventKind, PriceEventNotFound, PriceMove, RateKey
from billing.models import PriceEvent
from billing.queries.questions import row_limit
from billing.sql import execute

# Two weeks on either side show what a rate was, and that it stays.
AROUND = timedelta(days=14)
PER_MILLION = -6


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceEventValue:
    """A move of a rate as it is stored; withdrawn when the bill, or the list, no longer shows it."""

    id: int
    move: PriceMove
    found_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """A line of the bill on one UTC day, in tokens where a unit is proved to hold so many."""

    date: date
    series_id: int
    service: str
    usage_type: str
    line: Line
    quantity: Decimal
    cost: Decimal
    is_estimated: bool

    @property
    def rate(self) -> Decimal | None:
        """US dollars per million on that day; None where nothing was counted."""
        if self.quantity <= 0:
            return None
        return EXACT.divide(self.cost.scaleb(-PER_MILLION, EXACT), self.quantity)

    def cost_at(self, rate_per_million: Decimal) -> Decimal:
        """What the same would have cost at another rate."""
        return EXACT.multiply(self.quantity, rate_per_million.scaleb(PER_MILLION, EXACT))


def list_price_events(
    *,
    kind: EventKind | None = None,
    model_ids: Collection[str] | None = None,
    with_withdrawn: bool = True,
) -> tuple[PriceEventValue, ...]:
    """Return price events, the latest first, and those of a day by key."""
    rows = PriceEvent.objects.order_by(
        "-first_day", "model_id", "routing_class", "tier", "token_class", "aws_region", "id"
    )
    if kind is not None:
        rows = rows.filter(kind=kind.value)
    if model_ids is not None:
        rows = rows.filter(model_id__in=model_ids)
    if not with_withdrawn:
        rows = rows.filter(withdrawn_at__isnull=True)
    return tuple(map(_value, rows))


def get_price_event(event_id: int) -> PriceEventValue:
    """Return one price event. Raises PriceEventNotFound."""
    row = PriceEvent.objects.filter(id=event_id).first()
    if row is None:
        raise PriceEventNotFound
    return _value(row)


def list_price_event_evidence(
    event: PriceEventValue, *, after: str | None = None, limit: int | None = None
) -> Page[BillLine]:
    """Return the bill's lines of the event's rate by day, two weeks on either side of it, newest first."""
    first_day, key = event.move.first_day, event.move.key
    named = {f"is_{name}": value for name, value in key._asdict().items()}
    if ANY_REGION in key.aws_region:
        named["is_aws_region"] = None
    return read_bill_lines(
        provider=Provider.AWS_BEDROCK,
        currency=USD,
        days=DateRange(first_day - AROUND, first_day + AROUND),
        after=after,
        limit=limit,
        **named,
    )


def read_bill_lines(
    *,
    provider: Provider,
    currency: str,
    days: DateRange,
    after: str | None = None,
    limit: int | None = None,
    **named: str | None,
) -> Page[BillLine]:
    """Return the bill's lines of some days, newest first; `named` are `is_…` of the columns that a line is read into."""
    size = row_limit(limit)
    after_date, _, after_series = (after or "").partition("/")
    nothing: dict[str, Any] = {f"is_{name}": None for name in RateKey._fields}
    rows = execute(
        "price_evidence",
        provider=provider.value,
        currency=currency,
        first_day=days.start,
        last_day=days.end,
        **{**nothing, **named},
        has_after=bool(after),
        after_date=date.fromisoformat(after_date) if after else days.end + DAY,
        after_series_id=int(after_series) if after else 0,
        row_limit=size + 1,
    )
    found = tuple(_bill_line(row) for row in rows[:size])
    following = f"{found[-1].date.isoformat()}/{found[-1].series_id}" if len(rows) > size else None
    return Page(rows=found, next=following)


def _bill_line(row: tuple[Any, ...]) -> BillLine:
    day, series_id, aws_account_id, service, usage_type, *reading, quantity, cost, is_estimated = row
    return BillLine(
        date=day,
        series_id=series_id,
        service=service,
        usage_type=usage_type,
        line=Line(aws_account_id, *reading),
        quantity=quantity,
        cost=cost,
        is_estimated=is_estimated,
    )


def _value(row: PriceEvent) -> PriceEventValue:
    key = RateKey(
        model_id=row.model_id,
        aws_region=row.aws_region,
        routing_class=row.routing_class,
        tier=row.tier,
        token_class=row.token_class,
        context_band=row.context_band,
    )
    return PriceEventValue(
        id=row.pk,
        move=PriceMove(
            kind=EventKind(row.kind),
            key=key,
            rate_before=row.rate_before,
            rate_after=row.rate_after,
            first_day=row.first_day,
            source=row.source,
        ),
        found_at=row.found_at,
        withdrawn_at=row.withdrawn_at,
    )
