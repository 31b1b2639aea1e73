"""A dump holds every organization's rows, comes back whole or not at all, and is not lost."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from config.local import backup, installation, servers
from config.local.installation import Installation
from config.local.processes import StartRefused

# The wall as the product builds it: forced, so that the owner sees nothing either, and its dump is refused.
WALLED = """
CREATE TABLE ledger (organization_id int NOT NULL, amount numeric NOT NULL);
ALTER TABLE ledger ENABLE ROW LEVEL SECURITY;
ALTER TABLE ledger FORCE ROW LEVEL SECURITY;
CREATE POLICY wall ON ledger USING (organization_id = current_setting('app.organization_id', true)::int);
GRANT SELECT, INSERT ON ledger TO yosan_app;
"""
ROWS = "SELECT organization_id, amount FROM ledger ORDER BY 1"


@pytest.fixture
def running(fresh_installation: Installation) -> Iterator[Installation]:
    with servers.available(fresh_installation, what="a test", sandbox=False):
        as_owner(fresh_installation, WALLED)
        with fresh_installation.cluster.connect("yosan") as connection:
            connection.execute("INSERT INTO ledger VALUES (1, 10.25), (2, 20.50)")
        yield fresh_installation


def as_owner(installation: Installation, statements: str) -> None:
    cluster = installation.cluster
    with psycopg.connect(
        host=str(cluster.sockets), user="yosan_owner", password=cluster.passwords.owner, dbname="yosan"
    ) as connection:
        connection.execute(statements)


def rows(installation: Installation) -> list[tuple[int, str]]:
    with installation.cluster.connect("yosan") as connection:
        return [(row[0], str(row[1])) for row in connection.execute(ROWS)]


def test_every_row_comes_back_behind_its_wall(running: Installation) -> None:
    dump = backup.take(running)
    as_owner(running, "DROP TABLE ledger; CREATE TABLE newer (id int)")
    backup.restore(running, dump)
    assert rows(running) == [(1, "10.25"), (2, "20.50")]
    with running.cluster.connect("yosan") as connection:
        wall = connection.execute(
            "SELECT relrowsecurity, relforcerowsecurity, relowner::regrole::text FROM pg_class WHERE relname = 'ledger'"
        ).fetchone()
        newer = connection.execute("SELECT to_regclass('newer')").fetchone()
    assert wall == (True, True, "yosan_owner")
    assert newer == (None,)
    cluster = running.cluster
    with psycopg.connect(
        host=str(cluster.sockets), user="yosan_app", password=cluster.passwords.application, dbname="yosan"
    ) as application:
        application.execute("SELECT set_config('app.organization_id', '2', true)")
        assert [row[0] for row in application.execute(ROWS)] == [2]


def test_nobody_else_may_read_a_dump(running: Installation) -> None:
    dump = backup.take(running)
    assert stat.S_IMODE(dump.stat().st_mode) == 0o600
    assert stat.S_IMODE(dump.parent.stat().st_mode) == 0o700


def test_a_file_that_is_no_dump_changes_nothing(running: Installation, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.dump"
    damaged.write_bytes(backup.take(running).read_bytes()[:300])
    with pytest.raises(StartRefused, match="could not be restored"):
        backup.restore(running, damaged)
    with pytest.raises(StartRefused, match="There is no dump at"):
        backup.restore(running, tmp_path / "absent.dump")
    assert rows(running) == [(1, "10.25"), (2, "20.50")]


def test_of_the_automatic_dumps_the_last_few_are_kept(running: Installation) -> None:
    by_hand = backup.take(running)
    taken = [backup.take(running, automatic=True) for _ in range(backup.AUTOMATIC_KEPT + 2)]
    kept = sorted(running.backups.glob("*.dump"))
    assert kept == sorted([by_hand, *taken[2:]])


def test_an_outside_database_is_dumped_by_the_role_that_may(
    running: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = quote(str(running.cluster.sockets), safe="")
    with running.cluster.connect() as connection:
        connection.execute("CREATE ROLE keeper LOGIN BYPASSRLS PASSWORD 'kept' IN ROLE yosan_owner")
        connection.execute("CREATE DATABASE empty OWNER yosan_owner")
    passwords = running.cluster.passwords
    for name, role, password in (
        ("DATABASE_URL", "yosan_app", passwords.application),
        ("DATABASE_OWNER_URL", "yosan_owner", passwords.owner),
    ):
        monkeypatch.setenv(name, f"postgresql://{role}:{password}@/yosan?host={folder}")
    outside = installation.current()
    assert not backup.is_possible(outside)
    with pytest.raises(StartRefused, match="DATABASE_BACKUP_URL"):
        backup.take(outside)

    monkeypatch.setenv("YOSAN_PG_BIN", str(running.cluster.binaries))
    monkeypatch.setenv("DATABASE_BACKUP_URL", f"postgresql://keeper:kept@/yosan?host={folder}")
    assert backup.is_possible(outside)
    dump = backup.take(outside)
    with pytest.raises(StartRefused, match="is not empty"):
        backup.restore(outside, dump)
    monkeypatch.setenv("DATABASE_BACKUP_URL", f"postgresql://keeper:kept@/empty?host={folder}")
    backup.restore(outside, dump)
    with running.cluster.connect("empty") as connection:
        assert [row[0] for row in connection.execute(ROWS)] == [1, 2]


@pytest.mark.usefixtures("running")
def test_it_is_not_restored_under_the_feet_of_those_who_use_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert backup.main(["restore", str(tmp_path / "some.dump")]) == 1
    assert "`a test`" in capsys.readouterr().err


def test_the_shell_takes_a_dump_and_restores_it(
    fresh_installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert backup.main(["take"]) == 0
    dump = next(fresh_installation.backups.glob("*.dump"))
    assert str(dump) in capsys.readouterr().out
    assert backup.main(["restore", ""]) == 1
    assert f"The latest is {dump}" in capsys.readouterr().err
    assert backup.main(["restore", str(dump)]) == 0
    assert "Restored from" in capsys.readouterr().out
