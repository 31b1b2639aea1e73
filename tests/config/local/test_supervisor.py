"""`make up` starts everything, survives being killed, keeps the data, and ends every process it started."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from config.local import servers, state
from config.local.installation import BASE_DIR, Installation
from config.local.processes import StartRefused

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("gathered")]
READY_SECONDS = 90
END_SECONDS = 30


@pytest.fixture(scope="session")
def gathered() -> None:
    """The static files, as `make setup` gathers them; without them no page has its style sheet."""
    if not (BASE_DIR / "config" / "assets" / "collected" / "staticfiles.json").exists():
        subprocess.run(
            [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity=0"],
            cwd=BASE_DIR,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.build"},
            check=True,
        )


@contextmanager
def supervisor(log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-m", "config.local.supervisor"],
            cwd=BASE_DIR,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(END_SECONDS)


def wait_for(log: Path, text: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while text not in log.read_text(encoding="utf-8"):
        assert process.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
        time.sleep(0.1)


def living(home: Path) -> list[str]:
    """Return the command of every process that keeps this YOSAN_HOME in its environment, but for this one."""
    mark, found = f"YOSAN_HOME={home}".encode(), []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if int(entry.name) != os.getpid() and mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found


def pid_of(home: Path, argument: str) -> int:
    mark = f"YOSAN_HOME={home}".encode()
    for entry in sorted(Path("/proc").glob("[0-9]*"), key=lambda entry: int(entry.name)):
        try:
            if argument.encode() in (entry / "cmdline").read_bytes() and mark in (entry / "environ").read_bytes():
                return int(entry.name)
        except OSError:
            continue
    pytest.fail(f"no process with {argument}")


def wait_for_end(home: Path) -> None:
    deadline = time.monotonic() + END_SECONDS
    while found := living(home):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def test_it_starts_is_killed_starts_again_with_its_data_and_stops(
    fresh_installation: Installation, tmp_path: Path
) -> None:
    home, ready = fresh_installation.home, f"Yosan is ready at http://localhost:{fresh_installation.port}\n"
    log = tmp_path / "first.log"
    with supervisor(log) as first:
        wait_for(log, ready, first)
        names = " ".join(living(home))
        assert all(part in names for part in ("postgres", "valkey-server", "gunicorn", "main@", "forecasting@", "beat"))
        assert "Log in as" not in log.read_text(encoding="utf-8")
        with fresh_installation.cluster.connect("yosan") as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1")
        first.kill()
        first.wait()
        wait_for_end(home)

    log = tmp_path / "second.log"
    with supervisor(log) as second:
        wait_for(log, ready, second)
        with fresh_installation.cluster.connect("yosan") as connection:
            assert connection.execute("TABLE kept").fetchall() == [(1,)]

        other = tmp_path / "other.log"
        with supervisor(other) as refused:
            assert refused.wait(20) == 1
        assert other.read_text(encoding="utf-8") == (
            f"Yosan already runs (pid {second.pid}) with YOSAN_HOME={home}: stop it with `make down`.\n"
        )

        command = subprocess.run(
            [sys.executable, "manage.py", "showmigrations", "--database", "owner"],
            cwd=BASE_DIR,
            env={**os.environ},
            capture_output=True,
            text=True,
            check=True,
        )
        assert "[X] 0001_initial" in command.stdout
        os.kill(pid_of(home, "--hostname=main@"), signal.SIGKILL)
        wait_for(log, "worker has ended unexpectedly and is started again", second)

        second.send_signal(signal.SIGINT)
        assert second.wait(END_SECONDS) == 0
    assert living(home) == []


def test_a_port_in_use_is_one_clear_sentence(fresh_installation: Installation, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", fresh_installation.port))
        other.listen()
        with supervisor(tmp_path / "up.log") as refused:
            assert refused.wait(20) == 1
    assert (
        (tmp_path / "up.log")
        .read_text(encoding="utf-8")
        .startswith(f"Port {fresh_installation.port} is in use by another program: choose another, as in `PORT=")
    )
    assert living(fresh_installation.home) == []


def test_a_stale_lock_of_a_dead_process_is_no_obstacle(fresh_installation: Installation) -> None:
    fresh_installation.make_folders()
    (fresh_installation.run / "up.lock").write_text(json.dumps({"pid": 1, "what": "make up"}), encoding="utf-8")
    assert servers.owner_lock(fresh_installation).holder() is None
    assert not state.down(fresh_installation)


def test_an_outside_database_that_is_away_is_one_clear_sentence(
    fresh_installation: Installation, tmp_path: Path
) -> None:
    log = tmp_path / "up.log"
    away = "postgresql://yosan_app:secret@/yosan?host=/nonexistent"
    with supervisor(log, DATABASE_URL=away, DATABASE_OWNER_URL=away) as refused:
        assert refused.wait(60) == 1
    written = log.read_text(encoding="utf-8")
    assert "The database does not answer: " in written
    assert "Traceback" not in written
    assert "secret" not in written
    assert living(fresh_installation.home) == []


def test_a_command_starts_what_is_missing_and_stops_only_that(fresh_installation: Installation) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--database", "owner", "--verbosity", "0"],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (fresh_installation.database_place / "database").exists()
    assert living(fresh_installation.home) == []


def test_reset_deletes_an_installation_and_nothing_else(fresh_installation: Installation, tmp_path: Path) -> None:
    fresh_installation.make_folders()
    assert fresh_installation.secrets
    state.reset(fresh_installation)
    assert not fresh_installation.home.exists()
    state.reset(fresh_installation)

    stranger = replace(fresh_installation, home=tmp_path)
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(StartRefused, match="does not look like a folder of Yosan"):
        state.reset(stranger)
    assert (tmp_path / "thesis.txt").exists()
