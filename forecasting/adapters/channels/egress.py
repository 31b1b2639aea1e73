"""The egress guard: one HTTPS request to an address that outsiders chose, without becoming their way into a network.

The name is resolved once, every address it has is judged, and the connection is made to the judged address itself, so
that a name which answers differently the second time gains nothing. The certificate is checked against the name. No
redirect is followed, no proxy is asked, and a deadline closes the socket whatever the other side drips.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPException
from ipaddress import ip_address
from threading import Event, Timer
from typing import Protocol

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ReadTimeoutError,
)

from forecasting.adapters.channels.base import DeliveryFailed
from forecasting.domain.channels import ChannelAddressInvalid, Endpoint, Failure, is_public, parse_endpoint

CONNECT_TIMEOUT = timedelta(seconds=5)
DEADLINE = timedelta(seconds=15)
MAX_ANSWER_BYTES = 16 * 1024
MAX_REQUEST_BYTES = 256 * 1024


class Resolver(Protocol):
    """Names to addresses."""

    def __call__(self, host: str, port: int) -> Sequence[str]: ...


def resolve(host: str, port: int) -> Sequence[str]:
    """Return every address of a host, in the system's order. Raises OSError when there is none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Egress:
    """The guarded way out. `allowed_hosts` are those the installation's settings name."""

    allowed_hosts: tuple[str, ...] = ()
    resolver: Resolver = resolve
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    connect_timeout: timedelta = CONNECT_TIMEOUT
    deadline: timedelta = DEADLINE

    def post(self, url: str, *, body: bytes, headers: Mapping[str, str]) -> int:
        """Send one POST request and return the status of the answer. Raises DeliveryFailed when no answer came or the guard refuses the address."""
        assert len(body) <= MAX_REQUEST_BYTES, "a message is a few kilobytes"
        try:
            endpoint = parse_endpoint(url, allowed_hosts=self.allowed_hosts)
        except ChannelAddressInvalid as error:
            raise DeliveryFailed(Failure.ADDRESS_REFUSED, str(error), permanent=True) from error
        connection = self._connection(endpoint, self._judged_address(endpoint))
        with _translated_errors(), closing(connection):
            connection.connect()
            with _shut_after(connection.sock, self.deadline):
                return _exchange(connection, endpoint, body, headers)

    def _judged_address(self, endpoint: Endpoint) -> str:
        try:
            addresses = self.resolver(endpoint.host, endpoint.port)
        except (OSError, UnicodeError) as error:
            raise DeliveryFailed(Failure.NOT_RESOLVED, endpoint.host) from error
        if not addresses:
            raise DeliveryFailed(Failure.NOT_RESOLVED, endpoint.host)
        # All of them, because which one would be taken is not the owner of the name's to choose.
        if not endpoint.is_named and not all(is_public(ip_address(address)) for address in addresses):
            raise DeliveryFailed(Failure.ADDRESS_REFUSED, endpoint.host, permanent=True)
        return addresses[0]

    def _connection(self, endpoint: Endpoint, address: str) -> HTTPConnection:
        timeout = self.connect_timeout.total_seconds()
        if endpoint.scheme == "http":
            return HTTPConnection(address, endpoint.port, timeout=timeout)
        return HTTPSConnection(
            address, endpoint.port, timeout=timeout, ssl_context=self.tls, server_hostname=endpoint.host
        )


def _exchange(connection: HTTPConnection, endpoint: Endpoint, body: bytes, headers: Mapping[str, str]) -> int:
    connection.request(
        "POST", endpoint.target, body=body, headers={**headers, "Host": endpoint.authority}, preload_content=False
    )
    response = connection.getresponse()
    # The status is the answer. The rest is read, up to a limit and not unpacked, because a receiver that cannot get rid
    # of it may take the message for lost; it is told to nobody, or a webhook would be a way to read what is inside.
    with suppress(HTTPError, HTTPException, OSError):
        response.read(MAX_ANSWER_BYTES, decode_content=False)
    return response.status


@contextmanager
def _shut_after(sock: socket.socket, deadline: timedelta) -> Iterator[None]:
    """Shut the socket at the deadline.

    Time limits on a socket count from byte to byte: a receiver that sends one byte a second would never meet them.
    """
    expired = Event()

    def expire() -> None:
        expired.set()
        # It may have been closed a moment ago. (Only shutdown wakes a reader up; close would leave it waiting.)
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = Timer(deadline.total_seconds(), expire)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (HTTPError, HTTPException, OSError) as error:
        if expired.is_set():
            raise DeliveryFailed(Failure.TOO_SLOW) from error
        raise
    finally:
        timer.cancel()


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Turn what the libraries raise into ours. Their texts name the judged address, which outsiders need not learn."""
    try:
        yield
    except (NewConnectionError, ConnectionError) as error:  # the first is a kind of ConnectTimeoutError
        raise DeliveryFailed(Failure.NOT_REACHED) from error
    except (ConnectTimeoutError, ReadTimeoutError, TimeoutError) as error:
        raise DeliveryFailed(Failure.TOO_SLOW) from error
    except ssl.SSLCertVerificationError as error:
        raise DeliveryFailed(Failure.NOT_TRUSTED, error.verify_message) from error
    except (HTTPError, HTTPException, OSError) as error:
        raise DeliveryFailed(Failure.UNAVAILABLE, type(error).__name__) from error
