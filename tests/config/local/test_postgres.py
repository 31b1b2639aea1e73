"""The embedded PostgreSQL survives being killed, and says in one sentence why it cannot start."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from config.local import postgres, processes
from config.local.postgres import Cluster, Passwords
from config.local.processes import StartRefused


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="yosan-test-"))
    account = processes.server_account()
    postgres.own(folder, account)
    binaries = postgres.find_binaries()
    if not postgres.is_reachable(binaries, account):
        binaries = postgres.copy_binaries(binaries, folder)
    yield Cluster(
        data=folder / "database",
        sockets=folder / "run",
        binaries=binaries,
        log=folder / "database.log",
        passwords=Passwords(superuser="one", owner="two", application="three"),
        account=account,
    )
    shutil.rmtree(folder)


@pytest.fixture
def server(own_cluster: Cluster) -> Iterator[subprocess.Popen[bytes]]:
    process = postgres.start(own_cluster)
    yield process
    postgres.stop(process)


def test_it_starts_again_after_being_killed_with_its_data(
    own_cluster: Cluster, server: subprocess.Popen[bytes]
) -> None:
    with own_cluster.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    server.send_signal(signal.SIGKILL)
    server.wait()
    assert (own_cluster.data / "postmaster.pid").exists()
    again = postgres.start(own_cluster)
    try:
        with own_cluster.connect() as connection:
            assert connection.execute("TABLE kept").fetchall() == [(1,)]
            connection.execute("DROP TABLE kept")
    finally:
        postgres.stop(again)


def test_a_pid_that_belongs_to_another_program_now_does_not_block_the_start(own_cluster: Cluster) -> None:
    postgres.initialise_folders(own_cluster)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as stranger:
        (own_cluster.data / "postmaster.pid").write_text(f"{stranger.pid}\n{own_cluster.data}\n", encoding="ascii")
        process = postgres.start(own_cluster)
        answered = postgres.answers(own_cluster)
        postgres.stop(process)
        stranger.kill()
    assert answered


@pytest.mark.usefixtures("server")
def test_a_server_that_lives_is_left_alone(own_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "ORPHAN_SECONDS", 0.2)
    with pytest.raises(StartRefused, match="still works on"):
        postgres.clear_stale(own_cluster)
    assert postgres.answers(own_cluster)


@pytest.mark.usefixtures("server")
def test_roles_are_made_and_given_new_passwords(own_cluster: Cluster) -> None:
    postgres.ensure_roles(own_cluster)
    changed = replace(own_cluster, passwords=replace(own_cluster.passwords, application="four"))
    postgres.ensure_roles(changed)
    postgres.ensure_database(own_cluster)
    postgres.ensure_database(own_cluster)
    with psycopg.connect(
        host=str(own_cluster.sockets), user="yosan_app", password="four", dbname="yosan", autocommit=True
    ) as connection:
        facts = "SELECT rolsuper, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        assert connection.execute(facts).fetchone() == (False, False, False)


@pytest.mark.usefixtures("server")
def test_a_wrong_password_is_one_clear_sentence(own_cluster: Cluster) -> None:
    stranger = replace(own_cluster, passwords=replace(own_cluster.passwords, superuser="wrong"))
    with pytest.raises(StartRefused, match="refuses the password"):
        postgres.answers(stranger)


def test_a_damaged_configuration_shows_the_end_of_the_log(own_cluster: Cluster) -> None:
    postgres.initialise_folders(own_cluster)
    configuration = own_cluster.data / "postgresql.auto.conf"
    before = configuration.read_bytes()
    configuration.write_text("no_such_setting_at_all = 1\n", encoding="ascii")
    try:
        with pytest.raises(StartRefused, match="no_such_setting_at_all"):
            postgres.start(own_cluster)
    finally:
        configuration.write_bytes(before)


def test_a_path_too_long_for_a_socket_is_refused(own_cluster: Cluster) -> None:
    with pytest.raises(StartRefused, match="choose a shorter YOSAN_HOME"):
        postgres.start(replace(own_cluster, sockets=own_cluster.sockets / ("x" * 100)))


def test_a_folder_without_its_programs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YOSAN_PG_BIN", str(tmp_path))
    with pytest.raises(StartRefused, match="initdb and postgres is not there"):
        postgres.find_binaries()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the database to another account")
def test_copied_programs_start_from_where_they_lie(own_cluster: Cluster) -> None:
    copied = postgres.copy_binaries(postgres.find_binaries(), own_cluster.data.parent)
    process = postgres.start(replace(own_cluster, binaries=copied))
    postgres.stop(process)
    assert str(copied).startswith(str(own_cluster.data.parent))
