"""Our own programs that `make up` runs, in the order in which they start."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from config.local.installation import Installation

WORKER = ("celery", "-A", "config", "worker", "--without-gossip", "--without-mingle")
READY_MARK = " ready."


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A module of our environment, and how it is started."""

    name: str
    arguments: Callable[[Installation], tuple[str, ...]]
    says_ready: bool = False
    stop_signal: signal.Signals = signal.SIGTERM

    def is_ready(self, log: Path) -> bool:
        """Return whether the program has written that it takes messages, since it was started."""
        return READY_MARK in log.read_text(encoding="utf-8", errors="replace")


def web(installation: Installation) -> tuple[str, ...]:
    """One address for each family that `localhost` may mean."""
    addresses = [f"127.0.0.1:{installation.port}"]
    if _has_ipv6_loopback():
        addresses.append(f"[::1]:{installation.port}")
    return (
        *("gunicorn", "config.wsgi:application", "--worker-class=gthread"),
        *(f"--bind={address}" for address in addresses),
        *(f"--workers={os.environ.get('WEB_CONCURRENCY', '2')}", "--threads=4", "--timeout=60", "--graceful-timeout=5"),
        # It would lie in the home of whoever runs it, one for all installations.
        "--no-control-socket",
        # Imported once and then forked: half the time to start, and shared memory.
        "--preload",
    )


def worker(_installation: Installation) -> tuple[str, ...]:
    """What talks to the outside and to the database: quick, and as many at a time as there are cores."""
    return (
        *WORKER,
        *("--hostname=main@%h", "--queues=default,collection,rating,delivery"),
        f"--concurrency={os.environ.get('YOSAN_WORKERS', '2')}",
    )


def forecasting_worker(_installation: Installation) -> tuple[str, ...]:
    """Forecasting has a process of its own, made anew every so often: its library takes some 200 MB."""
    return (
        *WORKER,
        *("--hostname=forecasting@%h", "--queues=forecasting", "--concurrency=1"),
        *("--max-tasks-per-child=50", "--max-memory-per-child=600000"),
    )


def beat(installation: Installation) -> tuple[str, ...]:
    """The timetable."""
    return (
        "celery",
        "-A",
        "config",
        "beat",
        f"--schedule={installation.run / 'beat'}",
        "--pidfile=",
    )


def _has_ipv6_loopback() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


PROGRAMS: tuple[Program, ...] = (
    # Its SIGTERM waits for browsers that keep their connection open.
    Program(name="web", arguments=web, stop_signal=signal.SIGINT),
    Program(name="worker", arguments=worker, says_ready=True),
    Program(name="forecasting", arguments=forecasting_worker, says_ready=True),
    Program(name="beat", arguments=beat),
)
