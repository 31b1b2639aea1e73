"""A server on loopback that treats each connection as one function says."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

TLS = Path(__file__).parent / "tls"
HOST = "hooks.example.test"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Behavior = Callable[[socket.socket], None]


class Receiver:
    """A server on loopback that treats each connection as one function says, and counts them."""

    def __init__(self, behavior: Behavior, *, tls: bool = True) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._behavior = behavior
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        if self._context:
            self._context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(10)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with suppress(OSError):
                self._handle(connection)

    def _handle(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        if self._context:
            connection = self._context.wrap_socket(connection, server_side=True)
        with connection:
            self.requests.append(_read_request(connection))
            self._behavior(connection)

    def close(self) -> None:
        with suppress(OSError):
            # Wakes accept() up; close() alone would leave it waiting.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=10)


def _read_request(connection: socket.socket) -> bytes:
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(65536)
    head, _, body = request.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
