"""The web server as it is run, and how long a browser waits for the first byte of a page."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.test import override_settings

from benchmarks.landscape import Tenant
from benchmarks.questions import MILLISECONDS, Timings, logged_in
from config.local import postgres, processes
from config.local.postgres import Cluster

ROOT = Path(__file__).absolute().parent.parent
START_SECONDS = 60
KILOBYTES_A_MEGABYTE = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A web server with one process that answers."""

    port: int
    cookie: str
    pid: int

    def first_byte(self, path: str, session: str) -> float:
        """Milliseconds from the request until the answer begins; the rest of the page is read, too."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        began = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": f"{self.cookie}={session}"})
        response = connection.getresponse()
        waited = (time.perf_counter() - began) * MILLISECONDS
        response.read()
        connection.close()
        assert response.status == HTTPStatus.OK, (path, response.status)
        return waited

    def megabytes(self) -> int:
        """What the process that answers holds in memory now."""
        return max(_resident(pid) for pid in _children(self.pid)) // KILOBYTES_A_MEGABYTE


@contextmanager
def running_server(cluster: Cluster) -> Iterator[Server]:
    """Start the product's own web server on the benchmark's database; its sessions are ours."""
    with tempfile.TemporaryDirectory(prefix="yosan-bench-web-") as folder:
        home, port, key = Path(folder), _free_port(), secrets.token_hex(32)
        (home / "secrets.json").write_text(json.dumps(dict.fromkeys(_names_of_secrets(), key)), encoding="utf-8")
        process = processes.start(
            [
                *(sys.executable, "-m", "gunicorn", "config.wsgi:application", "--worker-class=gthread"),
                *(f"--bind=127.0.0.1:{port}", "--workers=1", "--threads=4", "--timeout=120", "--no-control-socket"),
            ],
            log=home / "web.log",
            environment=_environment(cluster, home, port),
            cwd=ROOT,
        )
        try:
            ready = processes.wait_until(lambda: _answers(port), process=process, seconds=START_SECONDS)
            assert ready, processes.last_lines(home / "web.log", 30)
            with override_settings(SECRET_KEY=key):
                yield Server(port=port, cookie=f"yosan_session_{port}", pid=process.pid)
        finally:
            processes.stop(process)
            processes.kill_group(process)


def measure_first_byte(server: Server, tenants: Sequence[Tenant], *, rounds: int) -> Timings:
    """Open the dashboard of each organization as its owner, once to warm up and then so many times more."""
    pages = [(f"/o/{tenant.slug}/", _session_of(tenant)) for tenant in tenants]
    for path, session in pages:
        server.first_byte(path, session)
    return Timings(calls=tuple(server.first_byte(path, session) for _ in range(rounds) for path, session in pages))


def measure_memory(server: Server, tenant: Tenant, *, times: int) -> tuple[int, int]:
    """Megabytes of the web process before and after an organization's Explore page was opened so many times."""
    session = _session_of(tenant)
    before = server.megabytes()
    for _ in range(times):
        server.first_byte(f"/o/{tenant.slug}/explore/", session)
    return before, server.megabytes()


def _session_of(tenant: Tenant) -> str:
    return logged_in(tenant).cookies[settings.SESSION_COOKIE_NAME].value


def _environment(cluster: Cluster, home: Path, port: int) -> dict[str, str]:
    def address(role: str, password: str) -> str:
        return f"postgresql://{role}:{password}@/{postgres.DATABASE}?host={quote(str(cluster.sockets), safe='')}"

    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "YOSAN_"))},
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "YOSAN_HOME": str(home),
        "YOSAN_SUPERVISED": "1",
        "PORT": str(port),
        "DATABASE_URL": address(postgres.APPLICATION, cluster.passwords.application),
        "DATABASE_OWNER_URL": address(postgres.OWNER, cluster.passwords.owner),
        # No page that is measured asks the broker or the cache.
        "CELERY_BROKER_URL": f"redis+socket://{home}/none.sock",
        "REDIS_URL": f"unix://{home}/none.sock",
        "YOSAN_LOG_LEVEL": "WARNING",
    }


def _names_of_secrets() -> tuple[str, ...]:
    from config.local.installation import Secrets  # noqa: PLC0415 - reads the environment when it is first asked

    return tuple(Secrets.__dataclass_fields__)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health/live/")
        return connection.getresponse().status == HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in text.split()] or [pid]


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
