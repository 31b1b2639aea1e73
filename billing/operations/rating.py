"""Rates usage with the price book of the organization, and rates again what is stored when a price has changed."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import Max

from accounts.queries.organizations import get_organization
from accounts.tenancy.context import current_organization_id, tenant_transaction
from billing.domain.catalog import PriceBook
from billing.domain.collection import Source
from billing.domain.dimensions import TOKEN_CLASSES, Namespace, Routing, SeriesKey, Tier
from billing.domain.periods import DAY, DateRange, utc_day_start
from billing.domain.rating import RateCard as Card
from billing.domain.rating import RatedRecord, rate
from billing.domain.records import TokenCounts, UsageRecord
from billing.domain.slices import moved_hours
from billing.models import AwsConnection, CollectionWindow, ModelPrice, RateCard, UsageEventDay, UsageSeries
from billing.operations.closed_months import find_closed_moment
from billing.operations.restatements import rated_days_kept
from billing.queries.catalog import get_price_book
from billing.sql import execute, load

ROWS_AT_ONCE = 50_000

Unrated = list[dict[str, str | int]]


class Rater:
    """Rates the records of one window, in one transaction: rate cards are looked up and written once each."""

    def __init__(self, book: PriceBook) -> None:
        self._book = book
        self._card_ids: dict[int, int] = {}
        self._cards: list[Card] = []  # held, so that no id() is used twice
        self._unrated: dict[tuple[str, str, str], int] = defaultdict(int)

    def rows(self, records: Sequence[UsageRecord], series_ids: dict[SeriesKey, int]) -> Iterator[tuple[Any, ...]]:
        """Rate records, and return them as rows of `replace_hourly_usage`; their rate cards are stored before that."""
        rated = list(rate(records, self._book))
        self._note(rated)
        return self._rows(rated, series_ids)

    @property
    def unrated(self) -> Unrated:
        """The tokens that had no price, by model, region and reason, the most first."""
        return [
            {"aws_model_id": aws_model_id, "aws_region": aws_region, "reason": reason, "tokens": tokens}
            for (aws_model_id, aws_region, reason), tokens in sorted(self._unrated.items(), key=lambda item: -item[1])
        ]

    def _note(self, rated: Iterable[RatedRecord]) -> None:
        for item in rated:
            if id(item.rate_card) not in self._card_ids:
                self._cards.append(item.rate_card)
                self._card_ids[id(item.rate_card)] = find_or_add_card(item.rate_card)
            if None in item.costs:
                self._note_unrated(item)

    def _note_unrated(self, item: RatedRecord) -> None:
        series = item.record.series
        for count, cost, price in zip(item.record.tokens, item.costs, item.rate_card.rates, strict=True):
            if cost is None:
                self._unrated[series.aws_model_id, series.aws_region, price.unpriced_reason or ""] += count

    def _rows(self, rated: Iterable[RatedRecord], series_ids: dict[SeriesKey, int]) -> Iterator[tuple[Any, ...]]:
        card_ids = self._card_ids
        series: SeriesKey | None = None
        series_id = 0
        # The text of an hour is made once and not for each series: a quarter of the time that copying takes.
        hours: dict[datetime, str] = {}
        for record, costs, card in rated:
            hour = hours.get(record.hour)
            if hour is None:
                hour = hours[record.hour] = record.hour.isoformat()
            if record.series is not series:
                series = record.series
                series_id = series_ids[series]
            yield (
                hour,
                series_id,
                card_ids[id(card)],
                record.invocations,
                record.client_errors,
                record.server_errors,
                record.throttles,
                *record.tokens,
                *costs,
            )


def find_or_add_card(card: Card) -> int:
    """Return the id of the stored rate card that says exactly this."""
    rates = {
        token_class.value: {
            "rate": None if price.rate_per_million is None else str(price.rate_per_million),
            "source": price.source,
            "origin": price.origin,
            "is_assumed": price.assumed,
            "is_override": price.is_override,
            "unpriced_reason": price.unpriced_reason,
        }
        for token_class, price in zip(TOKEN_CLASSES, card.rates, strict=True)
    }
    bounds = [None if bound is None else bound.isoformat() for bound in (card.valid_from, card.valid_to)]
    said = json.dumps([list(card.scope), bounds, rates], sort_keys=True)
    fingerprint = hashlib.sha256(said.encode()).hexdigest()
    found = RateCard.objects.filter(fingerprint=fingerprint).values_list("id", flat=True).first()
    if found is not None:
        return found
    flags = {f"is_assumed_{name.value}": bool(rates[name.value]["is_assumed"]) for name in TOKEN_CLASSES}
    made = RateCard(
        fingerprint=fingerprint,
        model_id=card.scope.model_id,
        aws_region=card.scope.aws_region,
        routing_class=card.scope.routing_class,
        tier=card.scope.tier,
        valid_from=card.valid_from,
        valid_to=card.valid_to,
        rates=rates,
        **flags,
    )
    # Another worker may write the same card at the same time: whoever comes second takes the first one's.
    RateCard.objects.bulk_create([made], ignore_conflicts=True)
    return RateCard.objects.values_list("id", flat=True).get(fingerprint=fingerprint)


def mark_rating_due(*, start: datetime, end: datetime | None, aws_region: str | None = None) -> int:
    """Write down that the stored hours from `start` up to `end`, of one region or all, are to be rated again.

    Returns how many windows. One that is being stored at this moment is marked as well, once it is.
    """
    windows = CollectionWindow.objects.filter(source=Source.CLOUDWATCH, window_end__gt=start)
    if aws_region is not None:
        windows = windows.filter(aws_region=aws_region)
    if end is not None:
        windows = windows.filter(window_start__lt=end)
    _mark_event_days(start, end, aws_region)
    return windows.update(is_rating_due=True)


def _mark_event_days(start: datetime, end: datetime | None, aws_region: str | None) -> None:
    days = UsageEventDay.objects.filter(date__gte=start.date())
    if aws_region is not None:
        days = days.filter(aws_region=aws_region)
    if end is not None:
        days = days.filter(date__lte=end.date())
    days.update(is_rating_due=True)


def find_rating_due() -> None:
    """Mark the windows that were rated before the newest published price was listed, or before a series got its name."""
    with tenant_transaction():
        windows = CollectionWindow.objects.filter(source=Source.CLOUDWATCH, is_rating_due=False)
        listed_at = ModelPrice.objects.aggregate(newest=Max("listed_at"))["newest"]
        if listed_at is not None:
            windows.filter(rated_at__lt=listed_at).update(is_rating_due=True)
        named = UsageSeries.objects.filter(named_at__isnull=False).values_list("aws_account_id", "aws_region")
        for aws_account_id, aws_region, named_at in named.annotate(newest=Max("named_at")):
            connections = AwsConnection.objects.filter(aws_account_id=aws_account_id)
            rated_before = windows.filter(connection__in=connections, aws_region=aws_region, rated_at__lte=named_at)
            rated_before.update(is_rating_due=True)


def list_windows_to_rate(*, start: datetime | None = None, end: datetime | None = None) -> list[int]:
    """Return the windows whose rating is due, newest first; with a range, those of the range, due or not."""
    with tenant_transaction():
        windows = CollectionWindow.objects.filter(source=Source.CLOUDWATCH, stored_at__isnull=False)
        if start is None and end is None:
            windows = windows.filter(is_rating_due=True)
        if start is not None:
            windows = windows.filter(window_end__gt=start)
        if end is not None:
            windows = windows.filter(window_start__lt=end)
        return list(windows.order_by("-window_start", "id").values_list("id", flat=True))


def rerate_window(*, window_id: int, now: datetime) -> int | None:
    """Rate a stored window again from its tokens, with the prices of now; returns its rows.

    Nothing is asked of AWS. None when the window is being read: its reader rates with the prices of then, or when it is
    gone. Doing it twice gives the same rows.
    """
    with tenant_transaction():
        window = (
            CollectionWindow.objects.select_related("connection")
            .select_for_update(of=("self",), skip_locked=True)
            .filter(id=window_id, stored_at__isnull=False)
            .first()
        )
        if window is None or window.filled_until is None:
            return None
        place = {"aws_account_id": window.connection.aws_account_id, "aws_region": window.aws_region}
        rows = 0
        # Hours of closed months stay as they were rated when the month was signed.
        start = max(window.window_start, find_closed_moment() or window.window_start)
        if window.rows and start < window.filled_until:
            ids = UsageSeries.objects.filter(**place).values_list("id", flat=True)
            with rated_days_kept(list(ids), start, window.filled_until, now=now):
                rows = _rate_stored(window, place, start, window.filled_until)
        window.is_rating_due = False
        # Whoever looks for new data shall look at these as well.
        window.stored_at = window.rated_at = now
        window.save(update_fields=["is_rating_due", "stored_at", "rated_at"])
        return rows


def roll_up(series_ids: Collection[int], start: datetime, end: datetime) -> None:
    """Add the hours of some series up into the UTC days that [start, end) touches, in place of what was there."""
    first, last = utc_day_start(start), _day_end(end)
    time_zone = get_organization(current_organization_id()).time_zone
    moved = moved_hours(DateRange(first.date(), last.date()), time_zone)
    execute(
        "replace_daily_usage",
        moved_days=[block.day for block in moved],
        moved_starts=[block.start for block in moved],
        moved_ends=[block.end for block in moved],
        series_ids=list(series_ids),
        first_hour=first,
        last_hour=last,
        first_day=first.date(),
        last_day=last.date(),
    )


def touched_days(start: datetime, end: datetime) -> list[date]:
    """Return the first UTC day of each month that [start, end) touches, for making its partitions."""
    days = {utc_day_start(start).date().replace(day=1)}
    day = utc_day_start(start)
    while day < end:
        days.add(day.date().replace(day=1))
        day += DAY
    return sorted(days)


def _rate_stored(window: CollectionWindow, place: dict[str, str], start: datetime, end: datetime) -> int:
    keys = {row.pk: series_key_of(row) for row in UsageSeries.objects.filter(**place)}
    ids = {key: pk for pk, key in keys.items()}
    rater = Rater(get_price_book({key.model_id for key in keys.values()}))
    first = start
    # Day by day where a window is large, so that a month of a large organization is never in memory as a whole.
    step, rows = (DAY if window.rows > ROWS_AT_ONCE else end - start), 0
    while start < end:
        hours = {"series_ids": list(keys), "first_hour": start, "last_hour": min(start + step, end)}
        records = [stored_record(row, keys) for row in execute("read_hourly_usage", **hours)]
        rows += load("replace_hourly_usage", [rater.rows(records, ids)], **hours)
        start += step
    roll_up(keys, first, end)
    return rows


def series_key_of(row: UsageSeries) -> SeriesKey:
    """Return a stored series as a value."""
    return SeriesKey(
        aws_account_id=row.aws_account_id,
        aws_region=row.aws_region,
        namespace=Namespace(row.namespace),
        aws_model_id=row.aws_model_id,
        model_id=row.model_id,
        publisher=row.publisher,
        routing=Routing(row.routing),
        tier=Tier(row.tier),
        inference_profile_id=row.inference_profile_id,
        project=row.project,
    )


def stored_record(row: tuple[Any, ...], keys: dict[int, SeriesKey]) -> UsageRecord:
    """Return a row of `read_hourly_usage` as a value."""
    hour, series_id, invocations, client_errors, server_errors, throttles, *tokens = row
    return UsageRecord(
        keys[series_id], hour, invocations, TokenCounts(*tokens), client_errors, server_errors, throttles
    )


def _day_end(end: datetime) -> datetime:
    midnight = utc_day_start(end)
    return midnight if midnight == end else midnight + DAY
