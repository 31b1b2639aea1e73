"""The HTTP server: AWS on every path, the control plane under /_sandbox/; only ever on the loopback address."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from billing.sandbox.admin import control
from billing.sandbox.caller import Request
from billing.sandbox.control import Control
from billing.sandbox.dispatch import SERVICES, Dispatcher, protocol_of
from billing.sandbox.state import State
from billing.sandbox.wire import Reply
from billing.sandbox.world import Clock, World, first_epoch

LOOPBACK: Final = "127.0.0.1"
MAX_BODY: Final = 2_000_000


class Handler(BaseHTTPRequestHandler):
    """Reads one request, asks the dispatcher, writes one reply; keeps the connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65_536  # headers and body leave in one write
    timeout = 120
    server: SandboxServer

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_BODY or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._write(Reply(status=413, headers={}, body=b""))
            return
        address = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=address.path,
            query=address.query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(length)),
        )
        answer = control if address.path.startswith("/_sandbox/") else _aws
        self._write(answer(self.server.dispatcher, request))

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

    def _write(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Requests carry session tokens: nothing of them is written anywhere."""


def _aws(dispatcher: Dispatcher, request: Request) -> Reply:
    return dispatcher.answer(request)


class SandboxServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, dispatcher: Dispatcher) -> None:
        self.dispatcher = dispatcher
        super().__init__((LOOPBACK, port), Handler)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle is nothing to report; anything else is a fault of ours."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def create_server(
    *, state_dir: Path, port: int = 0, now: datetime | None = None, vendor_secret: str | None = None
) -> SandboxServer:
    """A server that is ready to serve: state read, epoch fixed, traffic computed, models loaded."""
    state = State.load(state_dir)
    clock = Clock(frozen=now)
    if state.epoch is None:
        state.epoch = first_epoch(clock.now())
        state.save()
    world = World(epoch=state.epoch, clock=clock)
    world.snapshot()
    for service in SERVICES.values():
        protocol_of(service)
    server = SandboxServer(port, Dispatcher(world=world, state=state, vendor_secret=vendor_secret))
    state.url = server.url
    return server


@contextmanager
def running_sandbox(
    state_dir: Path, now: datetime | None = None, *, port: int = 0, vendor_secret: str | None = None
) -> Iterator[Control]:
    """A sandbox in a thread of this process, on a free port; yields its control client, which has `.url`."""
    server = create_server(state_dir=state_dir, port=port, now=now, vendor_secret=vendor_secret)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Control(server.url)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
