"""Child processes that die with their parent, are stopped in time, and speak in sentences when they cannot start."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 15

_libc = ctypes.CDLL(None, use_errno=True)


class StartRefused(Exception):
    """The installation cannot start or go on; the text is one clear sentence for the person at the shell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Another user of this machine, under whose name a server runs."""

    user_id: int
    group_id: int


def server_account() -> Account | None:
    """Return the account that a server must run under: PostgreSQL refuses root, so root lends it to nobody."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(user_id=nobody.pw_uid, group_id=nobody.pw_gid)


def start(  # one place decides how a child lives and dies
    arguments: Sequence[str | Path],
    *,
    log: Path,
    environment: Mapping[str, str],
    cwd: Path,
    account: Account | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child in a process group of its own (Ctrl-C reaches only us) that the kernel stops when we die."""
    parent = os.getpid()

    def live_and_die_with_parent() -> None:
        # A shell's `&` starts us with SIGINT ignored, and that would be inherited.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    rotate(log)
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - fixed programs
            [str(argument) for argument in arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=dict(environment),
            process_group=0,
            preexec_fn=live_and_die_with_parent,  # noqa: PLW1509 - we start children before any thread
            user=account.user_id if account else None,
            group=account.group_id if account else None,
            extra_groups=[] if account else None,
        )


def bare_environment() -> dict[str, str]:
    """Return what a server of another make needs: no settings, no secrets of ours, and whose child it is."""
    kept = ("PATH", "YOSAN_HOME")
    return {"LC_ALL": "C.UTF-8", **{name: os.environ[name] for name in kept if name in os.environ}}


def stop(
    process: subprocess.Popen[bytes], *, with_signal: signal.Signals = signal.SIGTERM, seconds: float = STOP_SECONDS
) -> None:
    """Ask a child to end, wait, and kill its whole group if it does not."""
    if process.poll() is None:
        process.send_signal(with_signal)
    finish(process, seconds=seconds)


def finish(process: subprocess.Popen[bytes], *, seconds: float = STOP_SECONDS) -> None:
    """Wait for a child that was asked to end, and kill its whole group if it does not."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        kill_group(process)
        process.wait()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a child and everything it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def wait_until(ready: Callable[[], bool], *, process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Return whether `ready` became true before the child ended or the time was up."""
    return poll(lambda: process.poll() is not None or ready(), seconds=seconds) and process.poll() is None


def poll(done: Callable[[], bool], *, seconds: float) -> bool:
    """Return whether `done` became true within the time, asking often at first and less often later."""
    deadline = time.monotonic() + seconds
    pause = 0.01
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)
    return True


def is_alive(pid: int, *, naming: str) -> bool:
    """Return whether the process exists, is no zombie, and has `naming` among its arguments (a pid may be reused)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0]
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except (OSError, IndexError):
        return False
    return state not in {"Z", "X"} and naming in arguments


def last_lines(log: Path, count: int = 5) -> str:
    """Return the end of a log, for a person who needs to know why a server did not start."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(f"  {line}" for line in lines[-count:])


def rotate(log: Path) -> None:
    """Begin a new log for each start, and keep the one before."""
    if log.exists() and log.stat().st_size:
        log.replace(log.with_suffix(f"{log.suffix}.1"))
