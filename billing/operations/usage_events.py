"""Takes usage events in, once each, and adds the days that they touch up into hours, rated like every other usage."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection

from accounts.domain.closed_months import MonthIsClosed, month_of
from accounts.models import CostCenter
from accounts.tenancy.context import current_organization_id, tenant_transaction
from billing.domain.allocation import Origin
from billing.domain.dimensions import TOKEN_CLASSES, Provider, SeriesKey
from billing.domain.periods import DAY, utc_day_start
from billing.domain.records import TokenCounts
from billing.domain.usage_events import UnknownEventCostCenter, check_times, hours_of, series_of
from billing.domain.usage_events import UsageEvent as Event
from billing.models import SeriesAssignment, UsageEvent, UsageEventDay, UsageSeries
from billing.operations.closed_months import find_closed_moment
from billing.operations.rating import touched_days
from billing.operations.series import find_or_add_usage_series
from billing.operations.usage import replace_window
from billing.queries.catalog import get_model_catalog
from billing.sql import ensure_months


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What became of a batch: events that are new, and those that had come before."""

    accepted: int
    repeated: int


def receive_usage_events(events: Sequence[Event], *, now: datetime) -> Received:
    """Store a batch, all or nothing, and put the hours that it touches in place; the same batch twice changes nothing.

    Raises EventOutOfTime, MonthIsClosed and UnknownEventCostCenter.
    """
    check_times(events, now)
    closed = find_closed_moment()
    for index, event in enumerate(events):
        if closed is not None and event.time < closed:
            raise MonthIsClosed(field=f"events.{index}.time", month=month_of(event.time.date()))
    centers = _cost_centers(events)
    # One batch at a time: two that touch the same hour would each add up without the other's events.
    _wait_for_turn()
    known = _known(events)
    new = list({(event.source, event.event_id): event for event in events}.values())
    new = [event for event in new if (event.source, event.event_id) not in known]
    UsageEvent.objects.bulk_create([_row(event, now) for event in new])
    for region, day in sorted({(event.region, event.time.date()) for event in new}):
        UsageEventDay.objects.update_or_create(aws_region=region, date=day, defaults={"stored_at": now})
        _add_up(region, day, now)
    _assign(new, centers, now)
    return Received(accepted=len(new), repeated=len(events) - len(new))


def list_event_days_to_rate() -> list[int]:
    """Return the days of events whose rating is due, newest first."""
    with tenant_transaction():
        due = UsageEventDay.objects.filter(is_rating_due=True)
        return list(due.order_by("-date", "id").values_list("id", flat=True))


def rate_event_day(*, day_id: int, now: datetime) -> None:
    """Add a day of events up again, with the prices of now."""
    with tenant_transaction():
        _wait_for_turn()
        row = UsageEventDay.objects.filter(id=day_id).first()
        if row is None:
            return
        _add_up(row.aws_region, row.date, now)
        row.is_rating_due, row.stored_at = False, now
        row.save(update_fields=["is_rating_due", "stored_at"])


def _wait_for_turn() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('usage events'), hashtext(%s))", [str(current_organization_id())]
        )


def _known(events: Sequence[Event]) -> set[tuple[str, str]]:
    rows = UsageEvent.objects.filter(
        source__in={event.source for event in events}, event_id__in={event.event_id for event in events}
    )
    return set(rows.values_list("source", "event_id"))


def _row(event: Event, now: datetime) -> UsageEvent:
    return UsageEvent(
        source=event.source,
        event_id=event.event_id,
        time=event.time,
        provider=event.provider,
        model=event.model,
        aws_region=event.region,
        cost_center=event.cost_center,
        requests=event.requests,
        received_at=now,
        **{f"tokens_{name.value}": event.tokens.of(name) for name in TOKEN_CLASSES},
    )


def _event(row: UsageEvent) -> Event:
    return Event(
        source=row.source,
        event_id=row.event_id,
        time=row.time,
        provider=Provider(row.provider),
        model=row.model,
        region=row.aws_region,
        cost_center=row.cost_center,
        requests=row.requests,
        tokens=TokenCounts(*(getattr(row, f"tokens_{name.value}") for name in TOKEN_CLASSES)),
    )


def _add_up(region: str, day: date, now: datetime) -> None:
    """Put the hours of one day and region in place of what was there."""
    end = utc_day_start(day) + DAY
    start = max(end - DAY, find_closed_moment() or end - DAY)
    if start >= end:
        return
    rows = UsageEvent.objects.filter(aws_region=region, time__gte=start, time__lt=end)
    records = hours_of([_event(row) for row in rows.iterator()], get_model_catalog())
    for table in ("billing_hourlyusage", "billing_dailyusage"):
        ensure_months(table, touched_days(start, end))
    series = {record.series for record in records}
    _add_series(series, now)
    place = {"aws_account_id": "", "aws_region": region}
    model_ids = {key.model_id for key in series}
    replace_window(place, (start, end), [records], model_ids=model_ids, now=now)


def _add_series(keys: Collection[SeriesKey], now: datetime) -> dict[SeriesKey, int]:
    """Make the series that are new, and note whose meter tells them: their identity begins with the provider."""
    ids = find_or_add_usage_series(keys, {}, now)
    for provider in Provider:
        own = [number for key, number in ids.items() if key.project.startswith(f"{provider.value}:")]
        UsageSeries.objects.filter(id__in=own).exclude(provider=provider).update(provider=provider)
    return ids


def _cost_centers(events: Sequence[Event]) -> Mapping[str, int]:
    """Return the ids of the cost centers that events name. Raises UnknownEventCostCenter, with the event's place."""
    centers = dict(CostCenter.objects.filter(retired_at__isnull=True).values_list("code", "id"))
    for index, event in enumerate(events):
        if event.cost_center and event.cost_center not in centers:
            raise UnknownEventCostCenter(field=f"events.{index}.data.cost_center", code=event.cost_center)
    return centers


def _assign(events: Sequence[Event], centers: Mapping[str, int], now: datetime) -> None:
    """Let the cost center that an event names pay for its series: it is part of what the series is."""
    catalog = get_model_catalog()
    payers = {series_of(event, catalog): centers[event.cost_center] for event in events if event.cost_center}
    ids = find_or_add_usage_series(payers, {}, now)
    paid = set(SeriesAssignment.objects.filter(usage_series__in=ids.values()).values_list("usage_series_id", flat=True))
    SeriesAssignment.objects.bulk_create(
        SeriesAssignment(usage_series_id=number, cost_center_id=payers[key], origin=Origin.HAND)
        for key, number in ids.items()
        if number not in paid
    )
