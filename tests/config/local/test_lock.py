"""One process owns the servers; the others know who, and wait."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from config.local.lock import Holder, Lock


def test_a_second_taker_learns_who_holds_it_and_leaves_the_line_alone(tmp_path: Path) -> None:
    with Lock(tmp_path / "lock") as first:
        assert first.acquire("make up")
        second = Lock(tmp_path / "lock")
        assert not second.acquire("manage.py collect")
        assert second.holder() == Holder(pid=os.getpid(), what="make up")


def test_nobody_holds_a_lock_that_was_released_or_never_taken(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "lock")
    assert lock.holder() is None
    with lock:
        assert lock.acquire("make up")
    assert lock.holder() is None


def test_the_kernel_releases_the_lock_of_a_process_that_was_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from config.local.lock import Lock; "
        "lock = Lock(Path(sys.argv[1])); print(lock.acquire('make up'), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "lock")], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"True\n"
        holder = Lock(tmp_path / "lock").holder()
        other.kill()
        other.wait()
    assert holder == Holder(pid=other.pid, what="make up")
    with Lock(tmp_path / "lock") as lock:
        assert lock.acquire("make up", seconds=5)


def test_who_wants_a_shared_lock_alone_has_to_wait(tmp_path: Path) -> None:
    with Lock(tmp_path / "lock") as user, Lock(tmp_path / "lock") as another:
        user.share()
        another.share()
        with Lock(tmp_path / "lock") as owner:
            assert not owner.acquire("stopping")
            user.release()
            assert not owner.acquire("stopping")
            another.release()
            assert owner.acquire("stopping")
