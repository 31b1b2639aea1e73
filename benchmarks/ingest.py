"""Measures ingest: usage records rated, stored behind the wall and rolled up, beside a raw COPY of the same rows."""

from __future__ import annotations

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"

import argparse
import importlib
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import django
from django.conf import settings
from django.core.management import call_command

from config.local import postgres, processes

if TYPE_CHECKING:
    from benchmarks.windows import Round

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- ingest: begin -->", "<!-- ingest: end -->"
AIM = 0.20


def main() -> None:
    """Measure, print, and keep the table in docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=270, help="series of one month: 270 are 200,880 rows")
    parser.add_argument("--rounds", type=int, default=3, help="the median of so many rounds counts")
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    with throwaway_database():
        measure = importlib.import_module("benchmarks.windows").measure_round  # its models need Django set up
        found: list[Round] = [measure(options.series) for _ in range(options.rounds)]
    median = sorted(found, key=lambda one: one.share)[len(found) // 2]
    table = as_table(median, found[0].megabytes)
    print(table)
    if not options.dry:
        keep(table)


@contextmanager
def throwaway_database() -> Iterator[None]:
    """A PostgreSQL of its own, as durable as in production, migrated by its owner; we are the application's role."""
    folder = Path(tempfile.mkdtemp(prefix="yosan-bench-"))
    account = processes.server_account()
    postgres.own(folder, account)
    binaries = postgres.find_binaries()
    if not postgres.is_reachable(binaries, account):
        binaries = postgres.copy_binaries(binaries, folder)
    passwords = postgres.Passwords(**{field.name: secrets.token_hex(16) for field in fields(postgres.Passwords)})
    cluster = postgres.Cluster(
        data=folder / "data",
        sockets=folder / "run",
        binaries=binaries,
        log=folder / "postgres.log",
        passwords=passwords,
        account=account,
    )
    process = postgres.start(cluster)
    try:
        postgres.ensure_roles(cluster)
        postgres.ensure_database(cluster)
        connect_django(str(cluster.sockets), passwords.owner, passwords.application, postgres.DATABASE)
        yield
    finally:
        postgres.stop(process)
        shutil.rmtree(folder)


def connect_django(host: str, owner: str, application: str, name: str) -> None:
    """Point Django at the database and migrate it."""
    for alias, password in (("owner", owner), ("default", application)):
        settings.DATABASES[alias].update(HOST=host, PASSWORD=password, NAME=name)
    django.setup()
    call_command("migrate", database="owner", verbosity=0)


def as_table(one: Round, megabytes: int) -> str:
    """What was measured, as Markdown."""
    ours, raw = one.measurements[0], one.measurements[-1]
    told = (
        f"{ours.rows:,} hourly rows of one month, {os.cpu_count()} cores, median of the rounds. "
        f"The process that stored them had {megabytes} MB at most."
    )
    lines = [told, "", "| What | Seconds | Rows/s | Of raw COPY |", "|---|---|---|---|"]
    lines += [
        f"| {way.name} | {way.seconds:.2f} | {way.rows_per_second:,.0f} | {way.rows_per_second / raw.rows_per_second:.0%} |"
        for way in one.measurements
    ]
    lines += ["", f"The aim is {AIM:.0%}; this run reached {one.share:.0%}."]
    return "\n".join(lines)


def keep(table: str) -> None:
    """Put the table in place of the one of the last run."""
    text = RESULTS.read_text() if RESULTS.exists() else f"# Benchmarks\n\n## Ingest\n\n{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    RESULTS.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")


if __name__ == "__main__":
    main()
