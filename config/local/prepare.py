"""Brings the database up to date for `make up`: refuses an unsafe role, takes a dump where there is something to lose."""

from __future__ import annotations

import io
import sys

import django
from django.core.management import call_command
from django.db import OperationalError, connections
from django.db.migrations.executor import MigrationExecutor

from config.database_role import UnsafeDatabaseRole, refuse_unsafe_role
from config.local import backup
from config.local import installation as installations
from config.local.installation import Installation
from config.local.processes import StartRefused


def prepare(installation: Installation) -> None:
    """Dump when a migration is due and there is data, migrate as the owner, check the application's role, load prices."""
    executor = MigrationExecutor(connections["owner"])
    due = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if due and executor.loader.applied_migrations:
        dump_first(installation, count=len(due))
    call_command("migrate", database="owner", interactive=False, verbosity=0)
    refuse_unsafe_role()
    call_command("sync_prices", as_json=True, stdout=io.StringIO())


def dump_first(installation: Installation, *, count: int) -> None:
    """Take a dump before migrations run, or say why there is none."""
    if backup.is_possible(installation):
        sys.stdout.write(f"Migrations to run: {count}. Taking a dump first.\n")
        sys.stdout.write(f"The dump lies in {backup.take(installation, automatic=True)}.\n")
        return
    sys.stdout.write(
        f"Migrations to run: {count}. No dump is taken first, since DATABASE_BACKUP_URL names no role that may take one.\n"
    )


def main() -> int:
    """Prepare, or say in one sentence why not."""
    django.setup()
    try:
        prepare(installations.current())
    except (UnsafeDatabaseRole, StartRefused) as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    except OperationalError as error:
        sys.stderr.write(f"The database does not answer: {str(error).strip().splitlines()[0]}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
