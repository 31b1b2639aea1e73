"""The egress guard against a resolver that lies and against receivers of every bad habit, on real sockets."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest

from forecasting.adapters.channels.base import DeliveryFailed
from forecasting.adapters.channels.egress import MAX_ANSWER_BYTES, Egress
from forecasting.domain.channels import Failure
from tests.forecasting.adapters.receiver import HOST, OK, TLS, Behavior, Receiver


def answering(answer: bytes) -> Behavior:
    return lambda connection: connection.sendall(answer)


def dripping(head: bytes, drop: bytes) -> Behavior:
    def behavior(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(100):
            time.sleep(0.05)
            connection.sendall(drop)

    return behavior


@pytest.fixture
def receive() -> Iterator[Callable[..., Receiver]]:
    receivers: list[Receiver] = []

    def start(behavior: Behavior, *, tls: bool = True) -> Receiver:
        receivers.append(Receiver(behavior, tls=tls))
        return receivers[-1]

    yield start
    for receiver in receivers:
        receiver.close()


def resolving_to(*addresses: str) -> Callable[[str, int], Sequence[str]]:
    return lambda _host, _port: list(addresses)


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(TLS / "certificate.pem"))


def egress(receiver: Receiver, **fields: object) -> Egress:
    """The way out to a receiver whose host the installation has named."""
    given: dict[str, object] = {
        "allowed_hosts": (f"{HOST}:{receiver.port}", f"http://{HOST}:{receiver.port}"),
        "resolver": resolving_to("127.0.0.1"),
        "tls": trusting(),
    }
    return Egress(**{**given, **fields})  # type: ignore[arg-type] # the fields of the dataclass by name


def post(way_out: Egress, receiver: Receiver, *, scheme: str = "https", host: str = HOST) -> int:
    return way_out.post(f"{scheme}://{host}:{receiver.port}/hook?a=1", body=b"{}", headers={"X-Test": "yes"})


def failure_of(call: Callable[[], object]) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as failed:
        call()
    return failed.value


def test_a_message_reaches_a_named_host_over_tls(receive: Callable[..., Receiver]) -> None:
    receiver = receive(answering(OK))

    assert post(egress(receiver), receiver) == 200

    head, _, body = receiver.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /hook?a=1 HTTP/1.1\r\n")
    assert f"Host: {HOST}:{receiver.port}".encode() in head
    assert b"X-Test: yes" in head
    assert body == b"{}"


def test_a_host_named_with_its_scheme_may_be_plain(receive: Callable[..., Receiver]) -> None:
    receiver = receive(answering(OK), tls=False)

    assert post(egress(receiver), receiver, scheme="http") == 200


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["100.64.0.1"],
        ["224.0.0.1"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["fe80::1%lo"],
        # One good address does not excuse the other: which of them is taken is not for the owner of the name to say.
        ["8.8.8.8", "127.0.0.1"],
        ["2606:4700::1111", "fd00::1"],
    ],
)
def test_a_public_name_that_leads_inside_is_refused_at_connect(
    receive: Callable[..., Receiver], addresses: list[str]
) -> None:
    receiver = receive(answering(OK))
    way_out = egress(receiver, allowed_hosts=(), resolver=resolving_to(*addresses))

    failed = failure_of(lambda: post(way_out, receiver))

    assert failed.failure is Failure.ADDRESS_REFUSED
    assert failed.permanent
    assert receiver.connections == 0


def test_a_name_that_answers_differently_the_second_time_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])
    dialled: list[tuple[str, int]] = []

    def refuse(_socket: socket.socket, address: tuple[str, int]) -> None:
        dialled.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    rebinding = Egress(resolver=lambda _host, _port: next(answers))

    failure_of(lambda: rebinding.post(f"https://{HOST}/", body=b"{}", headers={}))

    assert dialled == [("8.8.8.8", 443)]


def test_an_address_that_should_never_have_been_stored_is_refused(receive: Callable[..., Receiver]) -> None:
    receiver = receive(answering(OK))
    failed = failure_of(lambda: post(egress(receiver, allowed_hosts=()), receiver, scheme="http"))

    assert failed.failure is Failure.ADDRESS_REFUSED
    assert receiver.connections == 0


def test_the_certificate_must_be_for_the_name(receive: Callable[..., Receiver]) -> None:
    receiver = receive(answering(OK))
    other = "other.example.test"
    way_out = egress(receiver, allowed_hosts=(other,))

    assert failure_of(lambda: post(way_out, receiver, host=other)).failure is Failure.NOT_TRUSTED
    assert receiver.requests == []


def test_the_certificate_must_be_from_somebody_known(receive: Callable[..., Receiver]) -> None:
    receiver = receive(answering(OK))
    way_out = egress(receiver, tls=ssl.create_default_context())

    failed = failure_of(lambda: post(way_out, receiver))

    assert failed.failure is Failure.NOT_TRUSTED
    assert not failed.permanent
    assert receiver.requests == []


def test_a_redirect_is_not_followed(receive: Callable[..., Receiver]) -> None:
    elsewhere = receive(answering(OK))
    location = f"https://{HOST}:{elsewhere.port}/"
    receiver = receive(answering(f"HTTP/1.1 307 Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()))

    assert post(egress(receiver), receiver) == 307
    assert elsewhere.connections == 0


def test_a_proxy_of_the_environment_is_not_asked(
    receive: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver, proxy = receive(answering(OK)), receive(answering(OK), tls=False)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")

    assert post(egress(receiver), receiver) == 200
    assert proxy.connections == 0


def test_of_a_large_answer_little_is_read(receive: Callable[..., Receiver]) -> None:
    size = MAX_ANSWER_BYTES * 1000
    sent: list[int] = []

    def behavior(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
        while sum(sent) < size:
            connection.sendall(b"x" * 65536)
            sent.append(65536)

    receiver = receive(behavior, tls=False)

    assert post(egress(receiver), receiver, scheme="http") == 200
    receiver.close()
    assert sum(sent) < size


@pytest.mark.parametrize(
    "behavior",
    [
        pytest.param(dripping(b"", b"H"), id="status line"),
        pytest.param(dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), id="continue"),
    ],
)
@pytest.mark.parametrize("tls", [True, False])
def test_a_receiver_that_drips_is_cut_off_at_the_deadline(
    receive: Callable[..., Receiver], behavior: Behavior, *, tls: bool
) -> None:
    receiver = receive(behavior, tls=tls)
    way_out = egress(receiver, deadline=timedelta(seconds=0.4))
    started = time.monotonic()

    failed = failure_of(lambda: post(way_out, receiver, scheme="https" if tls else "http"))

    assert failed.failure is Failure.TOO_SLOW
    assert not failed.permanent
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    "behavior",
    [
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"), id="headers"),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n", b"x"), id="body"),
        pytest.param(dripping(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"x"), id="body to the end"),
    ],
)
@pytest.mark.parametrize("tls", [True, False])
def test_once_the_status_is_there_the_rest_is_not_waited_for(
    receive: Callable[..., Receiver], behavior: Behavior, *, tls: bool
) -> None:
    receiver = receive(behavior, tls=tls)
    way_out = egress(receiver, deadline=timedelta(seconds=0.4))
    started = time.monotonic()

    assert post(way_out, receiver, scheme="https" if tls else "http") == 200
    assert time.monotonic() - started < 3


def test_a_receiver_that_says_nothing_is_too_slow(receive: Callable[..., Receiver]) -> None:
    receiver = receive(lambda _connection: time.sleep(1))
    way_out = egress(receiver, connect_timeout=timedelta(seconds=0.3))

    assert failure_of(lambda: post(way_out, receiver)).failure is Failure.TOO_SLOW


def test_a_receiver_that_hangs_up_may_be_tried_again(receive: Callable[..., Receiver]) -> None:
    receiver = receive(lambda _connection: None)

    failed = failure_of(lambda: post(egress(receiver), receiver))

    assert failed.failure is Failure.NOT_REACHED
    assert not failed.permanent


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00\xff\r\n\r\n"])
def test_a_receiver_that_speaks_something_else_may_be_tried_again(
    receive: Callable[..., Receiver], answer: bytes
) -> None:
    receiver = receive(answering(answer))

    failed = failure_of(lambda: post(egress(receiver), receiver))

    assert failed.failure is Failure.UNAVAILABLE
    assert not failed.permanent


def test_nobody_listening_may_be_tried_again(receive: Callable[..., Receiver]) -> None:
    receiver = receive(answering(OK))
    receiver.close()

    assert failure_of(lambda: post(egress(receiver), receiver)).failure is Failure.NOT_REACHED


def test_an_unknown_name_may_be_tried_again(receive: Callable[..., Receiver]) -> None:
    receiver = receive(answering(OK))

    def nobody(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    failed = failure_of(lambda: post(egress(receiver, resolver=nobody), receiver))

    assert failed.failure is Failure.NOT_RESOLVED
    assert not failed.permanent


def test_an_error_does_not_tell_the_address_behind_a_name(receive: Callable[..., Receiver]) -> None:
    receiver = receive(answering(OK))
    receiver.close()

    assert "127.0.0.1" not in str(failure_of(lambda: post(egress(receiver), receiver)))
