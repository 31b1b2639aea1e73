"""The embedded servers of one installation: what is needed, what is missing, started in order and stopped in reverse."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from config.local import broker, postgres, processes
from config.local.installation import BASE_DIR, Installation
from config.local.lock import Lock
from config.local.processes import StartRefused

DISK_BYTES_MIN = 300 * 1024 * 1024
OWNER_SECONDS = 120
SANDBOX_SECONDS = 60
SUPERVISED = "YOSAN_SUPERVISED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that we started, and how it is stopped."""

    name: str
    process: subprocess.Popen[bytes]
    stop: Callable[[subprocess.Popen[bytes]], None]


def owner_lock(installation: Installation) -> Lock:
    """Return the lock of whoever starts and stops the servers."""
    return Lock(installation.run / "up.lock")


def user_lock(installation: Installation) -> Lock:
    """Return the lock that everybody shares who uses servers which another process owns."""
    return Lock(installation.run / "use.lock")


def child_environment(installation: Installation) -> dict[str, str]:
    """Return what our own programs are given: which installation, which settings, and the sandbox's address."""
    environment = {
        **os.environ,
        "YOSAN_HOME": str(installation.home),
        "PORT": str(installation.port),
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "config.settings.local"),
        # Tells manage.py that the servers run, and are not its own to start.
        SUPERVISED: "1",
        # The checks are for whoever changes the code; each worker would repeat them at every start, for a second.
        "CELERY_SKIP_CHECKS": "true",
    }
    if installation.uses_sandbox:
        environment |= installation.sandbox_environment
    return environment


def require_space(installation: Installation) -> None:
    """Refuse to start on a full disk: a database that cannot write would stop in the middle."""
    free = shutil.disk_usage(installation.home).free
    if free < DISK_BYTES_MIN:
        msg = (
            f"The disk of {installation.home} is full: {free // 2**20} MB are free, "
            f"and Yosan needs {DISK_BYTES_MIN // 2**20} MB to start."
        )
        raise StartRefused(msg)


def start_missing(installation: Installation, *, sandbox: bool) -> Iterator[Running]:
    """Start, in order, each embedded server that does not answer yet, and yield it once it does."""
    if installation.embeds_database and not postgres.answers(installation.cluster):
        cluster = installation.cluster
        yield Running(name="database", process=postgres.start(cluster), stop=postgres.stop)
        postgres.ensure_roles(cluster)
        postgres.ensure_database(cluster)
    if installation.embeds_broker and not broker.answers(installation.broker_socket):
        process = broker.start(installation.broker_socket, log=installation.logs / "broker.log")
        yield Running(name="broker", process=process, stop=processes.stop)
    if sandbox and installation.uses_sandbox and not listens(installation.sandbox_port):
        yield Running(name="sandbox", process=_start_sandbox(installation), stop=processes.stop)


def _start_sandbox(installation: Installation) -> subprocess.Popen[bytes]:
    port = installation.sandbox_port
    log = installation.logs / "sandbox.log"
    process = processes.start(
        [sys.executable, "-m", "billing.sandbox", "--port", str(port), "--state-dir", installation.home / "sandbox"],
        log=log,
        environment={**os.environ, "YOSAN_HOME": str(installation.home)},
        cwd=BASE_DIR,
    )
    if not processes.wait_until(lambda: listens(port), process=process, seconds=SANDBOX_SECONDS):
        processes.stop(process)
        msg = f"The sandbox did not start. The end of {log}:\n{processes.last_lines(log)}"
        raise StartRefused(msg)
    return process


def listens(port: int) -> bool:
    """Return whether something on this machine takes connections at the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        client.settimeout(0.5)
        return client.connect_ex(("127.0.0.1", port)) == 0


def stop_all(running: list[Running]) -> None:
    """Stop what was started, in reverse."""
    while running:
        server = running.pop()
        server.stop(server.process)


@contextmanager
def available(installation: Installation, *, what: str, sandbox: bool) -> Iterator[None]:
    """Have the servers run for the length of the block, for a command at the shell.

    Whoever takes the owner's lock starts what is missing and stops what it started, after everybody else who uses it
    has finished. Everybody else waits until the servers of the owner answer.
    """
    installation.make_folders()
    require_space(installation)
    with owner_lock(installation) as owner:
        if owner.acquire(what):
            yield from _own(installation, sandbox=sandbox)
            return
    with user_lock(installation) as user:
        user.share()
        _wait_for_owner(installation, sandbox=sandbox)
        yield


def _own(installation: Installation, *, sandbox: bool) -> Iterator[None]:
    running: list[Running] = []
    try:
        running.extend(start_missing(installation, sandbox=sandbox))
        yield
    finally:
        with user_lock(installation) as users:
            if running and not users.acquire("stopping"):
                sys.stderr.write("Waiting for another command that uses the database this one started.\n")
                users.acquire("stopping", seconds=float("inf"))
            stop_all(running)


def _wait_for_owner(installation: Installation, *, sandbox: bool) -> None:
    def answer() -> bool:
        return (
            (not installation.embeds_database or postgres.answers(installation.cluster))
            and (not installation.embeds_broker or broker.answers(installation.broker_socket))
            and (not (sandbox and installation.uses_sandbox) or listens(installation.sandbox_port))
        )

    if not processes.poll(answer, seconds=OWNER_SECONDS):
        holder = owner_lock(installation).holder()
        who = f"`{holder.what}` (pid {holder.pid})" if holder else "Another command"
        msg = f"{who} holds this installation, but its servers do not answer: stop it and try again."
        raise StartRefused(msg)
