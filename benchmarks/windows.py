"""Stores one month of usage as a worker does, and copies the same rows raw; imported once Django is set up."""

from __future__ import annotations

import resource
import secrets
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection, connections, transaction

from accounts.models import Organization
from accounts.tenancy.context import organization_scope, tenant_transaction
from billing.domain.dimensions import Namespace, Routing, SeriesKey
from billing.domain.records import TokenCounts, UsageRecord
from billing.operations.catalog import sync_price_table
from billing.operations.usage import Spool, replace_window
from billing.sql import ensure_months

START = datetime(2026, 10, 1, tzinfo=UTC)
HOURS = 31 * 24
SERIES_PER_CALL = 50  # of about ten metrics each: what one call of GetMetricData brings
MODELS = ("claude-sonnet-4-5", "claude-haiku-4-5", "nova-lite", "llama-3-3-70b")
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One way to store the rows, and how long it took."""

    name: str
    rows: int
    seconds: float

    @property
    def rows_per_second(self) -> float:
        return self.rows / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round: ours first, raw COPY last; and the most memory that storing took."""

    measurements: tuple[Measurement, ...]
    megabytes: int

    @property
    def share(self) -> float:
        """Our speed as a share of raw COPY's."""
        return self.measurements[-1].seconds / self.measurements[0].seconds


def measure_round(series: int) -> Round:
    """Store the same month in a new organization, then copy the same rows into plain tables."""
    organization = Organization.objects.create(slug=secrets.token_hex(8), name="Benchmark")
    sync_price_table(now=START)
    with organization_scope(organization.pk), tempfile.TemporaryFile() as file:
        # As a worker keeps what it has parsed until it stores it.
        spool = Spool(file)
        for first in range(0, series, SERIES_PER_CALL):
            spool.add(make_records(range(first, min(first + SERIES_PER_CALL, series))), (), ())
        rows = series * HOURS
        prepare()
        ours = timed("rated, stored behind the wall, rolled up", rows, lambda: store(spool))
        analyze()
        again = timed("the same again, in place of what is stored", rows, lambda: store(spool))
        megabytes = peak_megabytes()
        with tenant_transaction():
            stored = read_stored()
    with_key = timed("COPY into a plain table with the key", rows, lambda: copy_raw(stored, with_key=True))
    raw = timed("raw COPY, no key, no wall", rows, lambda: copy_raw(stored, with_key=False))
    return Round(measurements=(ours, again, with_key, raw), megabytes=megabytes)


def make_records(numbers: Iterable[int]) -> list[Any]:
    """A month of hourly records of some series: what one call's worth of CloudWatch's answers comes to."""
    hours = [START + timedelta(hours=hour) for hour in range(HOURS)]
    records = []
    for number in numbers:
        key = SeriesKey(
            aws_account_id="111122223333",
            aws_region="us-east-1",
            namespace=Namespace.BEDROCK,
            aws_model_id=f"profile{number:05d}",
            model_id=MODELS[number % len(MODELS)],
            publisher="",
            routing=Routing.IN_REGION,
            inference_profile_id=f"profile{number:05d}",
        )
        for at, hour in enumerate(hours):
            tokens = TokenCounts(10_000 + 37 * at, 2_000 + 11 * at, 5_000 + 7 * at, 300 + at)
            records.append(UsageRecord(key, hour, 100 + at % 50, tokens, at % 3, 0, at % 2))
    return records


def prepare() -> None:
    """Have the month's partitions made."""
    with tenant_transaction():
        for table in ("billing_hourlyusage", "billing_dailyusage"):
            ensure_months(table, [date(2026, 10, 1)])


def store(spool: Any) -> None:
    """What a worker does with a window whose pages are parsed."""
    place = {"aws_account_id": "111122223333", "aws_region": "us-east-1"}
    span = (START, START + timedelta(hours=HOURS))
    with tenant_transaction():
        replace_window(place, span, spool.read(), model_ids=MODELS, now=START)


def analyze() -> None:
    """Have the planner's statistics made, as PostgreSQL does by itself within a minute."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE billing_hourlyusage, billing_dailyusage")


def read_stored() -> list[tuple[Any, ...]]:
    """The rows as they are stored."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM billing_hourlyusage ORDER BY series_id, hour")
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def copy_raw(rows: list[tuple[Any, ...]], *, with_key: bool) -> None:
    """Copy the rows into a table that nobody else has to care about."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS raw_copy")
        cursor.execute("CREATE TABLE raw_copy (LIKE billing_hourlyusage)")
        if with_key:
            cursor.execute("ALTER TABLE raw_copy ADD PRIMARY KEY (organization_id, hour, series_id)")
        with cursor.cursor.copy("COPY raw_copy FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def timed(name: str, rows: int, work: Callable[[], None]) -> Measurement:
    """Do the work and say how long it took."""
    began = time.perf_counter()
    work()
    return Measurement(name=name, rows=rows, seconds=time.perf_counter() - began)


def peak_megabytes() -> int:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 // MEGABYTE
