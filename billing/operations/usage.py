"""Reads one window of usage out of CloudWatch, and puts it, rated and rolled up, in place of what was stored."""

from __future__ import annotations

import gc
import pickle
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from accounts.tenancy.context import tenant_transaction
from billing.adapters.aws.cloudwatch import QUERIES_PER_CALL, Metric, MetricSums, fetch_sums
from billing.domain.catalog import ModelCatalog, is_application_profile_id, series_key
from billing.domain.connections import Charge
from billing.domain.dimensions import Namespace, SeriesKey
from billing.domain.parsing.cloudwatch import MetricData, parse
from billing.domain.records import Noted, Rejected, TokenCounts, UsageRecord
from billing.domain.tiers import TIER_OF
from billing.domain.watching import keep_unasked
from billing.models import HourlyUsage, InferenceProfile, UsageSeries
from billing.operations.inventory import profiles_of, refresh_profiles
from billing.operations.metrics import choose_metrics, counted_of, model_id_of, note_data, place_of, quantities_asked
from billing.operations.rating import Rater, roll_up, stored_record, touched_days
from billing.operations.restatements import rated_days_kept
from billing.operations.series import find_or_add_usage_series, list_series_ids
from billing.operations.windows import Claim, Keeper, Stored
from billing.queries.catalog import get_model_catalog, get_price_book
from billing.sql import analyze_months, ensure_months, execute, load

# A window of a large account is kept on disk between reading and storing, so that a worker stays small.
IN_MEMORY_BYTES = 16 * 1024 * 1024
REJECTED_KEPT = 1000
MANY_ROWS = 5_000


@dataclass(slots=True)
class Spool:
    """Records on their way from reading to storing, in the chunks in which they came."""

    file: IO[bytes]
    chunks: int = 0
    heard: dict[Metric, datetime] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)
    notes: list[Noted] = field(default_factory=list)

    def add(self, records: Sequence[UsageRecord], rejected: Sequence[Rejected], notes: Sequence[Noted]) -> None:
        """Lay one chunk aside: as plain tuples by series, which take a twentieth of the time that the values take."""
        self.rejected.extend(rejected[: REJECTED_KEPT - len(self.rejected)])
        self.notes.extend(notes)
        if records:
            hours: dict[datetime, datetime] = {}  # one object for each hour, so that it is written once
            rows = [
                (
                    series,
                    [
                        (hours.setdefault(hour, hour), calls, tuple(tokens), *errors)
                        for _, hour, calls, tokens, *errors in of_series
                    ],
                )
                for series, of_series in groupby(records, key=attrgetter("series"))
            ]
            pickle.dump(rows, self.file, protocol=pickle.HIGHEST_PROTOCOL)
            self.chunks += 1

    def read(self) -> Iterator[Sequence[UsageRecord]]:
        """Yield the chunks in the order in which they were laid aside."""
        self.file.seek(0)
        for _ in range(self.chunks):
            plain = pickle.load(self.file)  # noqa: S301 - written by add() above, in a file without a name
            yield [
                UsageRecord(series, hour, invocations, TokenCounts(*tokens), *errors)
                for series, lines in plain
                for hour, invocations, tokens, *errors in lines
            ]


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep Python's garbage collector from walking over hundreds of thousands of tuples that no cycle can hold, again and
    again while they are made: it takes a third of the time of storing a month.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def read_usage(claim: Claim, charge: Charge, keeper: Keeper) -> Callable[[datetime], Stored]:
    """Ask CloudWatch for the window's hours; returns what stores them, to be called with the window's row locked."""
    asked = choose_metrics(claim)
    series = _series_of(claim, {model_id_of(metric) for metric in asked.metrics}, asked.metrics)
    file = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - closed by the keeper, after storing
    spool = Spool(keeper.enter_context(file), notes=list(asked.notes))
    for batch in _batches(asked.metrics):
        keeper.keep()
        sums = fetch_sums(claim.role, claim.span.aws_region, batch, claim.start, claim.end, charge=charge)
        data = [
            MetricData(
                series=_of_tier(series[item.metric.namespace, model_id_of(item.metric)], item.metric),
                metric=item.metric.name,
                timestamps=item.starts,
                values=item.sums,
                service_tier=counted_of(item.metric).service_tier,
            )
            for item in sums
        ]
        spool.heard |= _last_heard(sums)
        spool.add(*parse(data, start=claim.start, end=claim.end))
    if asked.is_whole:
        model_ids = {key.model_id for key in series.values()}
        return lambda now: _store(claim, spool, model_ids, now)
    quantities = quantities_asked(asked.metrics)
    of_series = {
        _of_tier(series[metric.namespace, model_id_of(metric)], metric): quantities[
            metric.namespace, model_id_of(metric)
        ]
        for metric in asked.metrics
    }
    return lambda now: _store_asked(claim, spool, of_series, now)


def replace_window(
    place: dict[str, str],
    span: tuple[datetime, datetime],
    chunks: Iterable[Sequence[UsageRecord]],
    *,
    model_ids: Collection[str],
    now: datetime,
    series_ids: Collection[int] | None = None,
) -> tuple[int, list[dict[str, str | int]]]:
    """Put usage, rated with the prices of now, in place of what is stored of one account and region from start to end.

    `model_ids` are the models of the usage, whose prices are needed; `series_ids` those of which all is replaced, where
    this is not every series of the place.

    Returns the rows and what had no price. Runs inside the transaction that holds the window's row; doing it twice gives
    the same rows.
    """
    start, end = span
    rater = Rater(get_price_book(model_ids))
    with collector_paused():
        rows = load(
            "replace_hourly_usage",
            _rated_chunks(chunks, rater, place, now),
            # those that may have rows to take away
            series_ids=list_series_ids(place) if series_ids is None else list(series_ids),
            first_hour=start,
            last_hour=end,
        )
    if rows > MANY_ROWS:
        analyze_months("billing_hourlyusage", touched_days(start, end))
    rolled_up = list_series_ids(place)
    with rated_days_kept(rolled_up, start, end, now=now):
        roll_up(rolled_up, start, end)
    return rows, rater.unrated


def _rated_chunks(
    chunks: Iterable[Sequence[UsageRecord]], rater: Rater, place: dict[str, str], now: datetime
) -> Iterator[Iterator[tuple[Any, ...]]]:
    tags = {profile.profile_id: profile.tags for profile in profiles_of(place)}
    for records in chunks:
        series_ids = find_or_add_usage_series({record.series for record in records}, tags, now)
        yield rater.rows(records, series_ids)


def _store(claim: Claim, spool: Spool, model_ids: Collection[str], now: datetime) -> Stored:
    _make_room(claim)
    span = (claim.start, claim.end)
    rows, unrated = replace_window(place_of(claim), span, spool.read(), model_ids=model_ids, now=now)
    note_data(claim, spool.heard)
    held = None if claim.start == claim.span.start else _count_rows(claim)
    return Stored(rows=rows, window_rows=held, rejected=spool.rejected, unrated=unrated, notes=spool.notes)


def _store_asked(claim: Claim, spool: Spool, asked: Mapping[SeriesKey, Collection[str]], now: datetime) -> Stored:
    """Store a reading of some metrics: whatever it did not ask for keeps what is stored of it."""
    _make_room(claim)
    place = place_of(claim)
    # A stored series may have been read out of its id otherwise than it is now: it is known by what its source said.
    by_identity = {_identity(key): key for key in asked}
    known = {row.pk: by_identity.get(_identity(row)) for row in UsageSeries.objects.filter(**place)}
    keys = {number: key for number, key in known.items() if key is not None}
    hours = {"series_ids": list(keys), "first_hour": claim.start, "last_hour": claim.end}
    stored = [stored_record(row, keys) for row in execute("read_hourly_usage", **hours)]
    told = [record for chunk in spool.read() for record in chunk]
    records = keep_unasked(told, stored, asked)
    model_ids = {key.model_id for key in asked}
    rows, unrated = replace_window(
        place, (claim.start, claim.end), [records], model_ids=model_ids, now=now, series_ids=keys
    )
    note_data(claim, spool.heard)
    return Stored(
        rows=rows, window_rows=_count_rows(claim), rejected=spool.rejected, unrated=unrated, notes=spool.notes
    )


def _identity(series: SeriesKey | UsageSeries) -> tuple[str, ...]:
    return (series.namespace, series.aws_model_id, series.tier, series.inference_profile_id, series.project)


def _make_room(claim: Claim) -> None:
    for table in ("billing_hourlyusage", "billing_dailyusage"):
        ensure_months(table, touched_days(claim.start, claim.end))


def _count_rows(claim: Claim) -> int:
    held = HourlyUsage.objects.filter(
        series_id__in=list_series_ids(place_of(claim)), hour__gte=claim.span.start, hour__lt=claim.span.end
    )
    return held.count()


def _last_heard(sums: Iterable[MetricSums]) -> dict[Metric, datetime]:
    """When each metric last had a value."""
    heard = {item.metric: [at for at, value in zip(item.starts, item.sums, strict=True) if value > 0] for item in sums}
    return {metric: max(hours) for metric, hours in heard.items() if hours}


def _of_tier(series: SeriesKey, metric: Metric) -> SeriesKey:
    tier = TIER_OF.get(counted_of(metric).resolved_service_tier)
    return series if tier is None else replace(series, tier=tier)


def _series_of(claim: Claim, model_ids: set[str], metrics: Iterable[Metric]) -> dict[tuple[str, str], SeriesKey]:
    """What each ModelId stands for; an id of a profile that nobody has seen is looked up in the account."""
    place = place_of(claim)
    with tenant_transaction():
        catalog = get_model_catalog()
        profiles = {profile.profile_id: profile for profile in profiles_of(place)}
        known = set(UsageSeries.objects.filter(**place).values_list("aws_model_id", flat=True))
    # One that was looked up before in vain waits for the daily inventory.
    if any(is_application_profile_id(new) and new not in profiles for new in model_ids - known):
        refresh_profiles(claim)
        with tenant_transaction():
            profiles = {profile.profile_id: profile for profile in profiles_of(place)}
    names = {(metric.namespace, model_id_of(metric)) for metric in metrics}
    return {name: _series_key(claim, name, profiles, catalog) for name in names}


def _series_key(
    claim: Claim, name: tuple[str, str], profiles: dict[str, InferenceProfile], catalog: ModelCatalog
) -> SeriesKey:
    namespace, aws_model_id = name
    profile = profiles.get(aws_model_id)
    return series_key(
        aws_account_id=claim.aws_account_id,
        aws_region=claim.span.aws_region,
        namespace=Namespace(namespace),
        aws_model_id=aws_model_id,
        profile_model_arns=profile.model_arns if profile else None,
        catalog=catalog,
    )


def _batches(metrics: Sequence[Metric]) -> Iterator[list[Metric]]:
    """As many metrics as one call takes, those of one model always together: a record needs all of them."""
    batch: list[Metric] = []
    for _, group in groupby(metrics, key=lambda metric: (metric.namespace, model_id_of(metric))):
        together = list(group)
        if len(batch) + len(together) > QUERIES_PER_CALL:
            yield batch
            batch = []
        batch.extend(together)
    if batch:
        yield batch
