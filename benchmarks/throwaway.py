"""A PostgreSQL of its own for one benchmark, migrated by its owner and removed as a whole at the end."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command

from config.local import postgres, processes
from config.local.postgres import Cluster


@contextmanager
def throwaway_database() -> Iterator[Cluster]:
    """Start a PostgreSQL that is as durable as in production; this process is the application's role in it."""
    folder = Path(tempfile.mkdtemp(prefix="yosan-bench-"))
    try:
        cluster = _cluster(folder)
        process = postgres.start(cluster)
        try:
            postgres.ensure_roles(cluster)
            postgres.ensure_database(cluster)
            _connect_django(cluster)
            yield cluster
        finally:
            postgres.stop(process)
    finally:
        shutil.rmtree(folder)


def _cluster(folder: Path) -> Cluster:
    account = processes.server_account()
    postgres.own(folder, account)
    binaries = postgres.find_binaries()
    if not postgres.is_reachable(binaries, account):
        binaries = postgres.copy_binaries(binaries, folder)
    return Cluster(
        data=folder / "data",
        sockets=folder / "run",
        binaries=binaries,
        log=folder / "postgres.log",
        passwords=postgres.Passwords(
            **{field.name: secrets.token_hex(16) for field in fields(postgres.Passwords)},
        ),
        account=account,
    )


def _connect_django(cluster: Cluster) -> None:
    """Point Django at the database and migrate it."""
    passwords = cluster.passwords
    for alias, password in (("owner", passwords.owner), ("default", passwords.application)):
        settings.DATABASES[alias].update(HOST=str(cluster.sockets), PASSWORD=password, NAME=postgres.DATABASE)
    django.setup()
    call_command("migrate", database="owner", verbosity=0)
