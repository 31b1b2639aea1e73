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
from billing.adapters.aws.cloudwatch import QUERIES_PER_CALL, Metric, fetch_sums, list_metrics
from billing.domain.catalog import ModelCatalog, is_application_profile_id, series_key
from billing.domain.connections import Charge
from billing.domain.dimensions import Namespace, SeriesKey
from billing.domain.parsing.cloudwatch import Counted, MetricData, counted, parse, remarks
from billing.domain.records import Noted, Rejected, TokenCounts, UsageRecord
from billing.domain.tiers import TIER_OF
from billing.models import InferenceProfile, ObservedMetric, UsageSeries
from billing.operations.inventory import metric_of, profiles_of, refresh_profiles
from billing.operations.rating import Rater, roll_up, touched_days
from billing.operations.series import find_or_add_usage_series, list_series_ids
from billing.operations.windows import Claim, Keeper, Stored
from billing.queries.catalog import get_model_catalog, get_price_book
from billing.sql import analyze_months, ensure_months, load

# A window of a large account is kept on disk between reading and storing, so that a worker stays small.
IN_MEMORY_BYTES = 16 * 1024 * 1024
REJECTED_KEPT = 1000
MANY_ROWS = 5_000


@dataclass(slots=True)
class Spool:
    """Records on their way from reading to storing, in the chunks in which they came."""

    file: IO[bytes]
    chunks: int = 0
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
    metrics, notes = _discover(claim, charge)
    series = _series_of(claim, {_model_id(metric) for metric in metrics}, metrics)
    file = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - closed by the keeper, after storing
    spool = Spool(keeper.enter_context(file), notes=list(notes))
    for batch in _batches(metrics):
        keeper.keep()
        sums = fetch_sums(claim.role, claim.span.aws_region, batch, claim.start, claim.end, charge=charge)
        data = [
            MetricData(
                series=_of_tier(series[item.metric.namespace, _model_id(item.metric)], item.metric),
                metric=item.metric.name,
                timestamps=item.starts,
                values=item.sums,
                service_tier=_counted(item.metric).service_tier,
            )
            for item in sums
        ]
        spool.add(*parse(data, start=claim.start, end=claim.end))
    model_ids = {key.model_id for key in series.values()}
    return lambda now: _store(claim, spool, model_ids, now)


def replace_window(
    place: dict[str, str],
    span: tuple[datetime, datetime],
    chunks: Iterable[Sequence[UsageRecord]],
    *,
    model_ids: Collection[str],
    now: datetime,
) -> tuple[int, list[dict[str, str | int]]]:
    """Put usage, rated with the prices of now, in place of what is stored of one account and region from start to end.

    `model_ids` are the models of the usage, whose prices are needed.

    Returns the rows and what had no price. Runs inside the transaction that holds the window's row; doing it twice gives
    the same rows.
    """
    start, end = span
    rater = Rater(get_price_book(model_ids))
    with collector_paused():
        rows = load(
            "replace_hourly_usage",
            _rated_chunks(chunks, rater, place, now),
            series_ids=list_series_ids(place),  # those that may have rows to take away
            first_hour=start,
            last_hour=end,
        )
    if rows > MANY_ROWS:
        analyze_months("billing_hourlyusage", touched_days(start, end))
    roll_up(list_series_ids(place), start, end)
    return rows, rater.unrated


def _rated_chunks(
    chunks: Iterable[Sequence[UsageRecord]], rater: Rater, place: dict[str, str], now: datetime
) -> Iterator[Iterator[tuple[Any, ...]]]:
    tags = {profile.profile_id: profile.tags for profile in profiles_of(place)}
    for records in chunks:
        series_ids = find_or_add_usage_series({record.series for record in records}, tags, now)
        yield rater.rows(records, series_ids)


def _store(claim: Claim, spool: Spool, model_ids: Collection[str], now: datetime) -> Stored:
    for table in ("billing_hourlyusage", "billing_dailyusage"):
        ensure_months(table, touched_days(claim.start, claim.end))
    span = (claim.start, claim.end)
    rows, unrated = replace_window(_place(claim), span, spool.read(), model_ids=model_ids, now=now)
    return Stored(rows=rows, rejected=spool.rejected, unrated=unrated, notes=spool.notes)


def _place(claim: Claim) -> dict[str, str]:
    return {"aws_account_id": claim.aws_account_id, "aws_region": claim.span.aws_region}


def _discover(claim: Claim, charge: Charge) -> tuple[list[Metric], tuple[Noted, ...]]:
    """Every counted metric that has data now, or once had: AWS lists only what spoke in the last two weeks.

    A metric of a tier brings that of all traffic with it, listed or not: without the total it says nothing.
    """
    found: set[Metric] = set()
    seen: list[tuple[str, str, Mapping[str, str]]] = []
    for namespace in Namespace:
        charge.other_calls += 1
        for metric in list_metrics(claim.role, claim.span.aws_region, namespace):
            seen.append((metric.namespace, metric.name, dict(metric.dimensions)))
            if counted(*seen[-1]) is not None:
                found |= {metric, _total_of(metric)}
    with tenant_transaction():
        known = {_metric(row) for row in ObservedMetric.objects.filter(**_place(claim))}
        _remember(claim, found - known)
    ordered = sorted(found | known, key=lambda metric: (metric.namespace, metric.dimensions, metric.name))
    return ordered, remarks(seen)


def _metric(row: ObservedMetric) -> Metric:
    what = Counted(
        aws_model_id=row.aws_model_id,
        service_tier=row.service_tier,
        resolved_service_tier=row.resolved_service_tier,
    )
    return metric_of(Namespace(row.namespace), row.name, what)


def _total_of(metric: Metric) -> Metric:
    return metric_of(Namespace(metric.namespace), metric.name, Counted(aws_model_id=_model_id(metric)))


def _counted(metric: Metric) -> Counted:
    what = counted(metric.namespace, metric.name, dict(metric.dimensions))
    assert what is not None
    return what


def _of_tier(series: SeriesKey, metric: Metric) -> SeriesKey:
    tier = TIER_OF.get(_counted(metric).resolved_service_tier)
    return series if tier is None else replace(series, tier=tier)


def _remember(claim: Claim, metrics: Iterable[Metric]) -> None:
    rows = []
    for metric in metrics:
        what = _counted(metric)
        rows.append(
            ObservedMetric(
                **_place(claim),
                namespace=metric.namespace,
                name=metric.name,
                aws_model_id=what.aws_model_id,
                service_tier=what.service_tier,
                resolved_service_tier=what.resolved_service_tier,
                first_seen_at=claim.started_at,
            )
        )
    ObservedMetric.objects.bulk_create(rows, ignore_conflicts=True)


def _series_of(claim: Claim, model_ids: set[str], metrics: Iterable[Metric]) -> dict[tuple[str, str], SeriesKey]:
    """What each ModelId stands for; an id of a profile that nobody has seen is looked up in the account."""
    place = _place(claim)
    with tenant_transaction():
        catalog = get_model_catalog()
        profiles = {profile.profile_id: profile for profile in profiles_of(place)}
        known = set(UsageSeries.objects.filter(**place).values_list("aws_model_id", flat=True))
    # One that was looked up before in vain waits for the daily inventory.
    if any(is_application_profile_id(new) and new not in profiles for new in model_ids - known):
        refresh_profiles(claim)
        with tenant_transaction():
            profiles = {profile.profile_id: profile for profile in profiles_of(place)}
    names = {(metric.namespace, _model_id(metric)) for metric in metrics}
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
    for _, group in groupby(metrics, key=lambda metric: (metric.namespace, _model_id(metric))):
        together = list(group)
        if len(batch) + len(together) > QUERIES_PER_CALL:
            yield batch
            batch = []
        batch.extend(together)
    if batch:
        yield batch


def _model_id(metric: Metric) -> str:
    return metric.dimensions[0][1]  # sorted by name, and the model's is the first of every counted set
