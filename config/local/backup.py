"""Dumps of the database: taken while it runs, restored while nobody uses it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from config.environment import env_text
from config.local import installation as installations
from config.local import postgres, servers
from config.local.installation import Installation
from config.local.lock import Lock
from config.local.processes import StartRefused

AUTOMATIC_KEPT = 5
AUTOMATIC_PREFIX = "before-migration-"
RESTORED = "yosan_restored"
REPLACED = "yosan_replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where dumps are read and written, as libpq's programs take it; the password goes by the environment."""

    programs: Path | None
    url: str
    password: str = field(repr=False)


def is_possible(installation: Installation) -> bool:
    """Return whether there is a role that may read every organization's rows."""
    return installation.embeds_database or bool(env_text("DATABASE_BACKUP_URL", ""))


def take(installation: Installation, *, automatic: bool = False) -> Path:
    """Write a dump and return its path; of the automatic ones only the last few are kept."""
    installation.make_folders()
    prefix = AUTOMATIC_PREFIX if automatic else "yosan-"
    target = installation.backups / f"{prefix}{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.dump"
    partial = target.with_suffix(".partial")
    try:
        _run(_address(installation), "pg_dump", "--format=custom", f"--file={partial}")
        partial.chmod(0o600)
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)
    for old in sorted(installation.backups.glob(f"{AUTOMATIC_PREFIX}*.dump"))[:-AUTOMATIC_KEPT]:
        old.unlink()
    return target


def restore(installation: Installation, dump: Path) -> None:
    """Put a dump in the place of the database, whole or not at all.

    Raises `StartRefused` when the file is no dump of ours, or an outside database is not empty.
    """
    if not dump.is_file():
        msg = f"There is no dump at {dump}."
        raise StartRefused(msg)
    if installation.embeds_database:
        _restore_embedded(installation, dump)
    else:
        _restore_outside(installation, dump)


def _restore_embedded(installation: Installation, dump: Path) -> None:
    # Into a database beside the present one, then the names are exchanged: what fails half-way has changed nothing.
    cluster = installation.cluster
    with cluster.connect() as connection:
        _drop(connection, RESTORED)
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(RESTORED), sql.Identifier(postgres.OWNER))
        )
        try:
            _run(_address(installation, database=RESTORED), "pg_restore", "--exit-on-error", str(dump), to=True)
        except StartRefused:
            _drop(connection, RESTORED)
            raise
        _drop(connection, REPLACED)
        _rename(connection, postgres.DATABASE, REPLACED)
        _rename(connection, RESTORED, postgres.DATABASE)
        _drop(connection, REPLACED)


def _restore_outside(installation: Installation, dump: Path) -> None:
    address = _address(installation)
    with psycopg.connect(address.url, password=address.password or None) as connection:
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    if found and found[0]:
        msg = "The database in DATABASE_BACKUP_URL is not empty: make an empty one, and restore into that."
        raise StartRefused(msg)
    _run(address, "pg_restore", "--exit-on-error", "--single-transaction", str(dump), to=True)


def _drop(connection: psycopg.Connection, database: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def _rename(connection: psycopg.Connection, old: str, new: str) -> None:
    connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [old])
    connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new)))


def _address(installation: Installation, *, database: str = postgres.DATABASE) -> Address:
    if installation.embeds_database:
        cluster = installation.cluster
        url = f"postgresql:///{database}?host={cluster.sockets}&port={postgres.PORT}&user={postgres.SUPERUSER}"
        return Address(programs=cluster.binaries, url=url, password=cluster.passwords.superuser)
    url = env_text("DATABASE_BACKUP_URL", "")
    if not url:
        msg = "Set DATABASE_BACKUP_URL to a role with BYPASSRLS: a walled table refuses its owner's dump (docs/deployment.md)."
        raise StartRefused(msg)
    parts = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    password = parts.pop("password", "")
    # A database elsewhere may ask for TLS, which the embedded programs cannot speak: the system's come first.
    system = shutil.which("pg_dump")
    programs = Path(system).parent if system and not os.environ.get("YOSAN_PG_BIN") else postgres.find_binaries()
    return Address(programs=programs, url=make_conninfo(**parts), password=password)


def _run(address: Address, program: str, *arguments: str, to: bool = False) -> None:
    folder = address.programs or postgres.find_binaries()
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own program
        [str(folder / program), "--dbname", address.url, *arguments],
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "PGPASSWORD": address.password},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["it gave no reason"])[0]
        msg = f"The dump could not be {'restored' if to else 'taken'}: {reason}"
        raise StartRefused(msg)


def main(arguments: Sequence[str]) -> int:
    """Take a dump, or restore the one that is named."""
    try:
        installation = installations.current()
        if arguments[:1] == ["restore"]:
            return _restore_from_shell(installation, arguments[1:])
        with servers.available(installation, what="make backup", sandbox=False):
            sys.stdout.write(f"The dump lies in {take(installation)}.\n")
    except StartRefused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    return 0


def _restore_from_shell(installation: Installation, arguments: Sequence[str]) -> int:
    if len(arguments) != 1 or not arguments[0]:
        dumps = sorted(installation.backups.glob("*.dump"))
        named = f" The latest is {dumps[-1]}." if dumps else ""
        msg = f"Name the dump, as in `make restore FROM=path/to/file.dump`.{named}"
        raise StartRefused(msg)
    dump = Path(arguments[0]).absolute()
    _require_nobody(servers.owner_lock(installation))
    with servers.available(installation, what="make restore", sandbox=False):
        restore(installation, dump)
    sys.stdout.write(f"Restored from {dump}. `make up` runs the migrations that are newer than the dump.\n")
    return 0


def _require_nobody(lock: Lock) -> None:
    holder = lock.holder()
    if holder is not None:
        msg = f"`{holder.what}` (pid {holder.pid}) uses the database: stop it first, with `make down`."
        raise StartRefused(msg)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
