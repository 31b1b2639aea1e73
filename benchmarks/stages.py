"""The stages of the benchmark of pages: a young installation, the same when it is old, and one large organization in it."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db import connection

from benchmarks.columns import measure_columns
from benchmarks.facts import Filling
from benchmarks.landscape import NOW, ZONES, Kind, Tenant, add_tenant, prepare_catalog, spread_sizes
from benchmarks.questions import DASHBOARD_QUERIES, IN_COLUMNS, Timings, measure
from benchmarks.server import measure_first_byte, measure_memory, running_server
from billing.domain.periods import DAY, DateRange

if TYPE_CHECKING:
    from benchmarks.pages import Size
    from config.local.postgres import Cluster

END = NOW.date() + DAY
LARGE_HOURS = 92 * DAY  # so many days of the large organization have hours: those that pages read by the hour
FIRST_BYTE = "dashboard, first byte from the web server"
AIM, AIM_LARGE, AIM_RATIO = 100, 300, 1.3
Found = dict[str, Timings]


@dataclass(slots=True, kw_only=True)
class Results:
    """What was found, stage by stage."""

    young_hours: int = 0
    hours: int = 0
    days_of_large: int = 0
    young: Found
    old: Found
    large: Found
    columns: tuple[Timings, Timings]
    column_bytes: int
    megabytes: tuple[int, int]
    seconds: float


class Clock:
    """Says how far the benchmark is."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._began

    def say(self, text: str) -> None:
        print(f"{self.seconds:5.0f} s  {text}", flush=True)


def measure_all(cluster: Cluster, size: Size) -> str:
    """Fill, measure, fill more, measure again; returns the report."""
    clock = Clock()
    tenants, large = people(size)
    clock.say(f"{len(tenants)} organizations are set up, and a large one")
    filling = Filling(cluster, [*tenants, large])
    young = DateRange(END - size.young_days * DAY, END)
    filling.add_windows(young)
    filling.add_runs_and_forecasts()
    clock.say("what was read and forecast is written down")
    young_hours = fill(filling, tenants, young, clock)
    asked = tenants[:: size.measured]
    found_young = measure(asked, rounds=size.rounds)
    with running_server(cluster) as server:
        found_young[FIRST_BYTE] = measure_first_byte(server, asked, rounds=1)
    clock.say("young is measured")
    older = DateRange(END - size.old_days * DAY, young.start)
    filling.add_windows(older)
    hours = fill(filling, tenants, older, clock)
    found_old = measure(asked, rounds=size.rounds)
    clock.say("old is measured")
    fill_large(filling, large, size)
    clock.say("the large organization has its facts")
    found_large = measure([large], rounds=size.large_rounds)
    columns, column_bytes = measure_columns(cluster, (asked, [large]), size.rounds)
    clock.say("DuckDB has answered the same")
    with running_server(cluster) as server:
        found_old[FIRST_BYTE] = measure_first_byte(server, asked, rounds=1)
        found_large[FIRST_BYTE] = measure_first_byte(server, [large], rounds=size.opened)
        megabytes = measure_memory(server, large, times=size.opened)
    clock.say("the web server has answered")
    return report(
        size,
        Results(
            young_hours=young_hours,
            hours=hours,
            days_of_large=size.large_days * size.large_series,
            young=found_young,
            old=found_old,
            large=found_large,
            columns=(columns[0], columns[1]),
            column_bytes=column_bytes,
            megabytes=megabytes,
            seconds=clock.seconds,
        ),
    )


def people(size: Size) -> tuple[list[Tenant], Tenant]:
    """The organizations, in five time zones, and a large one in Tokyo."""
    book, models = prepare_catalog()
    kinds = [
        Kind(
            slug=f"org-{number:03d}",
            series=series,
            centers=max(2, min(12, series // 2)),
            time_zone=ZONES[number % len(ZONES)][0],
            currency=ZONES[number % len(ZONES)][1],
        )
        for number, series in enumerate(spread_sizes(size.organizations, size.series))
    ]
    tenants = [add_tenant(kind, book, models) for kind in kinds]
    large = Kind(slug="large", series=size.large_series, centers=40, time_zone="Asia/Tokyo", currency="JPY")
    return tenants, add_tenant(large, book, models)


def fill(filling: Filling, tenants: Sequence[Tenant], days: DateRange, clock: Clock) -> int:
    """Usage and bills of these days; returns how many hours there are then."""
    filling.add_hours(tenants, days)
    filling.add_bills(tenants, days)
    filling.vacuum()
    hours = filling.count("billing_hourlyusage")
    clock.say(f"{hours:,} hourly rows are stored")
    return hours


def fill_large(filling: Filling, large: Tenant, size: Size) -> None:
    """Hours where pages read hours, and days before."""
    since = END - min(LARGE_HOURS, size.large_days * DAY)
    filling.add_hours([large], DateRange(since, END))
    filling.add_days([large], DateRange(END - size.large_days * DAY, since))
    filling.add_bills([large], DateRange(END - size.large_days * DAY, END))
    filling.vacuum()


def report(size: Size, found: Results) -> str:
    """What was found, as Markdown."""
    old, large = found.old[DASHBOARD_QUERIES], found.large[DASHBOARD_QUERIES]
    ratio = old.slow / found.young[DASHBOARD_QUERIES].slow
    lines = [
        (
            f"{size.organizations} organizations in five time zones, {size.young_days} and {size.old_days} days after they "
            f"began: {found.young_hours:,} and {found.hours:,} hourly rows. In the second, one more in Tokyo with "
            f"{size.large_series:,} series over {size.large_days} days ({found.days_of_large:,} daily rows). "
            f"{os.cpu_count()} cores, PostgreSQL {_version()}, Python {platform.python_version()}, "
            f"{datetime.now(UTC):%Y-%m-%d}; {found.seconds:.0f} s in all. "
            f"Everything is asked through the wall, as the application's role, of {_share(size)} after one round to warm up: "
            f"{len(old.calls)} calls of each question, {len(large.calls)} of the large organization. "
            "Milliseconds, p50 / p95."
        ),
        "",
        f"| Question | {_short(found.young_hours)} rows | {_short(found.hours)} rows | Ratio of p95 | Large | DuckDB | DuckDB, large |",
        "|---|---|---|---|---|---|---|",
        *(_line(name, found) for name in found.young),
        "",
        (
            f"The dashboard takes {old.statements} statements. Its queries have a p95 of {old.slow:.0f} ms at "
            f"{_short(found.hours)} rows (aim: {AIM}), {ratio:.2f} times that at {_short(found.young_hours)} (aim: {AIM_RATIO}), "
            f"and {large.slow:.0f} ms in the large organization (aim: {AIM_LARGE})."
        ),
        "",
        (
            f"DuckDB reads the same days from Parquet ({found.column_bytes / 1_000_000:.0f} MB, sorted by organization and "
            "day, nothing else in its way) and gives the same answers to the last digit. The web process held "
            f"{found.megabytes[0]} MB before and {found.megabytes[1]} MB after Explore of the large organization was opened "
            f"{size.opened} times."
        ),
    ]
    return "\n".join(lines)


def _line(name: str, found: Results) -> str:
    young, old, large = found.young[name], found.old[name], found.large[name]
    columns = [_pair(one) for one in found.columns] if name == IN_COLUMNS else ["", ""]
    cells = [name, _pair(young), _pair(old), f"{old.slow / young.slow:.2f}", _pair(large), *columns]
    return f"| {' | '.join(cells)} |"


def _pair(timings: Timings) -> str:
    return f"{timings.middle:.0f} / {timings.slow:.0f}"


def _share(size: Size) -> str:
    return f"{len(range(0, size.organizations, size.measured))} of them and the large one,"


def _short(rows: int) -> str:
    return f"{rows / 1_000_000:.1f} M" if rows >= 100_000 else f"{rows:,}"  # noqa: PLR2004


def _version() -> str:
    return ".".join(str(part) for part in divmod(connection.pg_version, 10_000))  # type: ignore[attr-defined] # PostgreSQL's own
