"""Fills a throwaway database with usage, bills, windows and forecasts, by statements over whole months.

They run as the superuser, past the wall, because hours are made for every organization at once; the roll-up is the
product's own, organization by organization, as the application's role.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import connection
from psycopg import sql

from accounts.tenancy.context import organization_scope, tenant_transaction
from benchmarks.landscape import NOW, Tenant
from billing.domain.periods import DateRange, Month, utc_day_start
from billing.operations.rating import roll_up
from billing.sql import ensure_months
from config.local.postgres import DATABASE, Cluster

FOLDER = Path(__file__).parent / "sql"
# Speed before durability, which nobody needs here. What the figures depend on (memory, planner) is as in production.
SETTINGS = ("fsync = off", "full_page_writes = off", "autovacuum = off", "max_wal_size = '8GB'")
TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"


class Filling:
    """Fills the tables month by month, two at a time."""

    def __init__(self, cluster: Cluster, tenants: Sequence[Tenant]) -> None:
        self._cluster = cluster
        self._tenants = list(tenants)
        with self._cluster.connect(DATABASE) as session:
            for setting in SETTINGS:
                session.execute(f"ALTER SYSTEM SET {setting}".encode())
            session.execute("SELECT pg_reload_conf()")
        self._run("series")

    def add_hours(self, tenants: Sequence[Tenant], days: DateRange) -> None:
        """Usage hour by hour, and the days that it adds up to."""
        self._by_month("hours", "billing_hourlyusage", tenants, days)
        self._ensure("billing_dailyusage", days)
        self.vacuum("billing_hourlyusage")
        self._both(lambda tenant: _roll_up(tenant, days), tenants)

    def add_days(self, tenants: Sequence[Tenant], days: DateRange) -> None:
        """Usage by day alone."""
        self._by_month("days", "billing_dailyusage", tenants, days)

    def add_bills(self, tenants: Sequence[Tenant], days: DateRange) -> None:
        """The bill, a line for each usage type and day."""
        self._by_month("bills", "billing_billedcost", tenants, days, estimated_from=NOW.date() - timedelta(days=20))

    def add_windows(self, days: DateRange) -> None:
        """What was read when, of connections that have existed through these days."""
        self._run("windows", start=utc_day_start(days.start), end=utc_day_start(days.end), now=NOW)

    def add_runs_and_forecasts(self) -> None:
        """The lines that readings left, and the forecasts of the month."""
        self._run("runs", start=NOW - timedelta(days=60), now=NOW)
        self._run("forecasts", start=utc_day_start(Month.of(NOW.date()).start), now=NOW)
        self._run("points", now=NOW)

    def vacuum(self, prefix: str = "") -> None:
        """What autovacuum does within minutes, for every table that it would look at: those that hold rows."""
        with self._cluster.connect(DATABASE) as session:
            names = [name for (name,) in session.execute(TABLES) if name.startswith(prefix)]
        self._both(self._vacuum, names)

    def count(self, table: str) -> int:
        """How many rows a table has, of all organizations."""
        with self._cluster.connect(DATABASE) as session:
            row = session.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
            assert row is not None
            return int(row[0])

    def _vacuum(self, name: str) -> None:
        with self._cluster.connect(DATABASE) as session:
            session.execute(sql.SQL("VACUUM (ANALYZE) {}").format(sql.Identifier(name)))

    def _by_month(self, name: str, table: str, tenants: Sequence[Tenant], days: DateRange, **parameters: Any) -> None:
        self._ensure(table, days)
        organizations = [tenant.organization_id for tenant in tenants]

        def fill(part: DateRange) -> None:
            bounds = {"start": utc_day_start(part.start), "end": min(utc_day_start(part.end), NOW)}
            self._run(name, organizations=organizations, **bounds, **parameters)

        self._both(fill, list(months(days)))

    def _ensure(self, table: str, days: DateRange) -> None:
        with organization_scope(self._tenants[0].organization_id), tenant_transaction():
            ensure_months(table, [part.start for part in months(days)])

    def _run(self, name: str, **parameters: Any) -> None:
        statement = (FOLDER / f"{name}.sql").read_bytes()
        with self._cluster.connect(DATABASE) as session:
            session.execute(statement, parameters or None)

    def _both(self, work: Callable[[Any], None], items: Sequence[Any]) -> None:
        """Do the work on two cores: the database does it, so threads are enough."""
        halves = [items[::2], items[1::2]]

        def do(half: Sequence[Any]) -> None:
            for item in half:
                work(item)
            # The thread's own connection.
            connection.close()

        with ThreadPoolExecutor(len(halves)) as pool:
            list(pool.map(do, halves))


def months(days: DateRange) -> Iterator[DateRange]:
    """The days, cut by calendar months."""
    start = days.start
    while start < days.end:
        end = min(Month.of(start).end, days.end)
        yield DateRange(start, end)
        start = end


def _roll_up(tenant: Tenant, days: DateRange) -> None:
    with organization_scope(tenant.organization_id), tenant_transaction():
        roll_up(tenant.series_ids, utc_day_start(days.start), utc_day_start(days.end))
