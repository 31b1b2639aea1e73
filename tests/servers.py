"""Fixtures that start something: a broker, a worker, the sandbox, a web server, a browser."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connections
from pytest_django.live_server_helper import LiveServer

from config.celery import app as celery_app
from config.local import broker as brokers
from config.local import processes
from config.local.installation import BASE_DIR, SANDBOX_CREDENTIALS
from config.local.setup import find_chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from billing.sandbox.control import Control

# A Tuesday in the middle of a month: far from month ends, and from the day on which Europe changes its clocks.
SANDBOX_NOW = datetime(2026, 11, 17, 12, 0, tzinfo=UTC)
# What Playwright switches off, since only the last list counts, and the popups of an address bar that nobody sees: they are
# pages of their own in every window, and took half of what a browser test costs.
CHROMIUM_WITHOUT = (
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "TcpPortRandomizationWin",
    "ThirdPartyStoragePartitioning",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    "WebUIOmniboxPopup",
)
# Chromium asks its maker for updates, lists and experiments at every start; a test stays on this machine.
CHROMIUM_ARGUMENTS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    f"--disable-features={','.join(CHROMIUM_WITHOUT)}",
    "--no-first-run",
)


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A folder whose path is short enough for sockets; pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="yosan-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def broker_server(short_folder: Path) -> Iterator[str]:
    """A throwaway broker; its address as Celery takes it."""
    socket_file = short_folder / "broker.sock"
    process = brokers.start(socket_file, log=short_folder / "broker.log")
    yield f"redis+socket://{socket_file}?virtual_host=0"
    processes.stop(process)


def send_tasks_to(address: str) -> None:
    """Point the application of this process at a broker, and forget what it was connected to."""
    celery_app.conf.update(broker_url=address)
    celery_app.pool.force_close_all()  # type: ignore[attr-defined] # the types name the wrong kind of pool


@pytest.fixture
def broker(broker_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty broker that the tasks of this process are sent to."""
    monkeypatch.setattr(settings, "CELERY_BROKER_URL", broker_server)
    before = celery_app.conf.broker_url
    send_tasks_to(broker_server)
    with celery_app.connection_for_write() as connection:
        connection.default_channel.client.flushdb()  # type: ignore[attr-defined] # only a channel of Redis has it
    yield broker_server
    send_tasks_to(before)


@pytest.fixture
def process_environment(cluster: dict[str, str], broker: str, tmp_path: Path) -> dict[str, str]:
    """What a process of its own needs to work on this test's database and broker."""

    def address(role: str, password: str) -> str:
        name = connections["owner"].settings_dict["NAME"]
        return f"postgresql://{role}:{password}@/{name}?host={quote(cluster['host'], safe='')}"

    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "YOSAN_"))},
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "YOSAN_HOME": str(tmp_path / "home"),
        "YOSAN_SUPERVISED": "1",
        "DATABASE_URL": address("yosan_app", cluster["default"]),
        "DATABASE_OWNER_URL": address("yosan_owner", cluster["owner"]),
        "CELERY_BROKER_URL": broker,
        "REDIS_URL": f"unix://{broker.removeprefix('redis+socket://').split('?')[0]}?db=1",
    }


@pytest.fixture
def worker(
    request: pytest.FixtureRequest, process_environment: dict[str, str], tmp_path: Path
) -> Iterator[Callable[..., int]]:
    """Start a real worker on every queue, as often as called; returns its pid. All are stopped in the end."""
    # What the test writes must be committed, or another process does not see it.
    request.getfixturevalue("transactional_db")
    started: list[subprocess.Popen[bytes]] = []

    def start(**environment: str) -> int:
        log = tmp_path / f"worker-{len(started)}.log"
        process = processes.start(
            [
                *(sys.executable, "-m", "celery", "-A", "config", "worker", "--loglevel=INFO", "--concurrency=2"),
                *("--queues=default,collection,rating,forecasting,delivery", f"--hostname=test{len(started)}@%h"),
                *("--without-gossip", "--without-mingle"),
            ],
            log=log,
            environment={**process_environment, **environment},
            cwd=BASE_DIR,
        )
        started.append(process)
        ready = processes.wait_until(lambda: " ready." in log.read_text(encoding="utf-8"), process=process, seconds=60)
        assert ready, processes.last_lines(log, 30)
        return process.pid

    yield start
    for process in started:
        processes.stop(process, seconds=5)
        processes.kill_group(process)


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Control]:
    """A fresh sandbox whose clock stands still at `SANDBOX_NOW`, and boto3 pointed at it."""
    from billing.sandbox.server import running_sandbox  # noqa: PLC0415 - half a second that most runs need not pay

    with running_sandbox(tmp_path / "sandbox", SANDBOX_NOW) as control:
        for name, value in {**SANDBOX_CREDENTIALS, "AWS_ENDPOINT_URL": control.url}.items():
            monkeypatch.setenv(name, value)
        yield control


@pytest.fixture
def live(live_server: LiveServer) -> str:
    """A web server on this test's database; its address, with the name that passkeys and cookies want.

    The test is marked `django_db(transaction=True, databases=["default", "owner"])`.
    """
    return live_server.url.replace("127.0.0.1", "localhost")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of this process."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - half a second that most runs need not pay

    program = find_chromium()
    if program is None:
        pytest.fail("No Chromium was found: `make test` says how to install one.")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, and Django would take every query for one inside it.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        started = playwright.chromium.launch(
            executable_path=program,
            args=[*CHROMIUM_ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])],
        )
        yield started
        started.close()


@pytest.fixture
def context(browser: Browser, live: str) -> Iterator[BrowserContext]:
    """A person with a browser of their own: 1440 pixels wide, English."""
    opened = browser.new_context(base_url=live, viewport={"width": 1440, "height": 900}, locale="en-US")
    opened.set_default_timeout(10_000)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """That person's first page."""
    return context.new_page()
