"""Before a migration there is a dump, where there is something to lose and somebody who may take one."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from config.local import prepare, servers
from config.local.installation import BASE_DIR, Installation


def run(installation: Installation, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=BASE_DIR,
        env={**os.environ, **servers.child_environment(installation)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_newer_version_dumps_and_migrates_and_the_next_start_does_neither(fresh_installation: Installation) -> None:
    dumps = fresh_installation.backups
    with servers.available(fresh_installation, what="a test", sandbox=False):
        older = run(fresh_installation, "manage.py", "migrate", "accounts", "--database", "owner")
        assert older.returncode == 0, older.stderr
        assert list(dumps.iterdir()) == []
        newer = run(fresh_installation, "-m", "config.local.prepare")
        assert newer.returncode == 0, newer.stderr
        assert "Taking a dump first." in newer.stdout
        assert len(list(dumps.glob("before-migration-*.dump"))) == 1
        again = run(fresh_installation, "-m", "config.local.prepare")
        assert (again.returncode, again.stdout) == (0, "")
        assert len(list(dumps.iterdir())) == 1
        with fresh_installation.cluster.connect("yosan") as connection:
            listed = connection.execute("SELECT count(*) FROM billing_modelprice").fetchone()
        assert listed is not None
        assert listed[0] > 100


def test_an_outside_database_that_nobody_may_dump_is_migrated_with_a_word(
    fresh_installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare.dump_first(replace(fresh_installation, database_url="postgresql://app:p@db/yosan"), count=2)
    assert capsys.readouterr().out == (
        "Migrations to run: 2. No dump is taken first, since DATABASE_BACKUP_URL names no role that may take one.\n"
    )
