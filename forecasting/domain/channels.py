"""What a channel is, when a delivery is tried again, and which addresses are refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import ClassVar
from urllib.parse import SplitResult, urlsplit

from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop

Address = IPv4Address | IPv6Address


class ChannelKind(StrEnum):
    """How a message leaves the house."""

    EMAIL = "EMAIL"
    WEBHOOK = "WEBHOOK"


class ChannelState(StrEnum):
    """A disabled channel keeps its log and gets nothing new."""

    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"


class DeliveryState(StrEnum):
    """PENDING: to be sent; SENDING: somebody holds the lease; SENT and FAILED: over, unless a person replays it."""

    PENDING = "PENDING"
    SENDING = "SENDING"
    SENT = "SENT"
    FAILED = "FAILED"


class MessageKind(StrEnum):
    """What a message is about."""

    BUDGET_ALERT = "BUDGET_ALERT"
    CHANNEL_TEST = "CHANNEL_TEST"


class Failure(StrEnum):
    """Why a message did not arrive; the delivery log shows the label."""

    ADDRESS_REFUSED = "ADDRESS_REFUSED"
    CHANNEL_DISABLED = "CHANNEL_DISABLED"
    NOT_RESOLVED = "NOT_RESOLVED"
    NOT_REACHED = "NOT_REACHED"
    NOT_TRUSTED = "NOT_TRUSTED"
    TOO_SLOW = "TOO_SLOW"
    REDIRECTED = "REDIRECTED"
    REFUSED = "REFUSED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERRUPTED = "INTERRUPTED"


CHANNEL_KIND_LABELS: Mapping[ChannelKind, str] = {
    ChannelKind.EMAIL: gettext_noop("E-mail"),
    ChannelKind.WEBHOOK: gettext_noop("Signed webhook"),
}
DELIVERY_STATE_LABELS: Mapping[DeliveryState, str] = {
    DeliveryState.PENDING: gettext_noop("Waiting"),
    DeliveryState.SENDING: gettext_noop("Being sent"),
    DeliveryState.SENT: gettext_noop("Sent"),
    DeliveryState.FAILED: gettext_noop("Failed"),
}
FAILURE_LABELS: Mapping[Failure, str] = {
    Failure.ADDRESS_REFUSED: gettext_noop("The address leads into a private or local network, or is not https."),
    Failure.CHANNEL_DISABLED: gettext_noop("The channel is disabled."),
    Failure.NOT_RESOLVED: gettext_noop("The host name is not known."),
    Failure.NOT_REACHED: gettext_noop("The host did not accept the connection."),
    Failure.NOT_TRUSTED: gettext_noop("The host's certificate is not valid for its name."),
    Failure.TOO_SLOW: gettext_noop("The answer took too long."),
    Failure.REDIRECTED: gettext_noop("The host redirected us, and redirects are not followed."),
    Failure.REFUSED: gettext_noop("The receiver refused the message."),
    Failure.UNAVAILABLE: gettext_noop("The receiver could not take the message now."),
    Failure.INTERRUPTED: gettext_noop("A worker stopped while it was sending."),
}

# A receiver that is down for a night is reached in the morning: about 17 hours from the first attempt to the last.
FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(hours=2)
MAX_ATTEMPTS = 16
# Longer than the longest send (adapters/channels/egress.py and the mail server's time limit), so that a lease runs out
# only when its worker is gone.
LEASE = timedelta(minutes=2)


def next_attempt_at(*, attempt: int, now: datetime, jitter: float) -> datetime | None:
    """When a delivery may be tried again after its attempt number `attempt` (from 1); None: it is given up.

    The delay doubles up to a limit; `jitter` in [0, 1) takes off up to half of it, so that deliveries that failed
    together do not come back together.
    """
    if attempt >= MAX_ATTEMPTS:
        return None
    delay = min(FIRST_RETRY * 2.0 ** (max(attempt, 1) - 1), LONGEST_RETRY)
    return now + delay * (1 - jitter / 2)


class ChannelAddressInvalid(Invalid):
    """An address that nothing could be sent to."""

    code: ClassVar[str] = "channel_address_invalid"


class EmailAddressMalformed(ChannelAddressInvalid):
    """Not one e-mail address."""

    message: ClassVar[str] = gettext_noop("Enter one e-mail address, for example finance@example.com.")


class WebhookAddressMalformed(ChannelAddressInvalid):
    """Not the address of a host."""

    message: ClassVar[str] = gettext_noop("Enter an address of the form https://example.com/hooks/yosan.")


class WebhookAddressNotHttps(ChannelAddressInvalid):
    """Messages hold figures, so they travel encrypted."""

    message: ClassVar[str] = gettext_noop("The address must begin with https://.")


class WebhookAddressHasCredentials(ChannelAddressInvalid):
    """Credentials in an address end up in logs; the signature is what proves us."""

    message: ClassVar[str] = gettext_noop("The address must not contain a user name or a password.")


class WebhookAddressNotPublic(ChannelAddressInvalid):
    """The address leads into a network that outsiders cannot reach and that we must not be used to reach."""

    message: ClassVar[str] = gettext_noop(
        "The address must lead to a public host, not into a private or local network."
    )


MAX_EMAIL_LENGTH = 254
MAX_URL_LENGTH = 1000
HTTPS_PORT = 443
HTTP_PORT = 80
EMAIL = re.compile(r"[^\s@,;<>\"()\[\]\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
PRINTABLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a webhook goes. `is_named`: the installation's settings name this host, so its network is not judged."""

    scheme: str
    host: str
    port: int
    target: str  # path and query, as sent
    is_named: bool

    @property
    def authority(self) -> str:
        """The text of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = HTTPS_PORT if self.scheme == "https" else HTTP_PORT
        return host if self.port == usual else f"{host}:{self.port}"


def check_email_address(text: str) -> str:
    """Return the address. Raises EmailAddressMalformed; line breaks and lists of addresses are refused with the rest."""
    if len(text) > MAX_EMAIL_LENGTH or not EMAIL.fullmatch(text):
        raise EmailAddressMalformed(field="address")
    return text


def parse_endpoint(url: str, *, allowed_hosts: Iterable[str] = ()) -> Endpoint:
    """Return where a webhook address leads, judged by its text alone; what its name resolves to is judged at connect.

    `allowed_hosts` are the installation's exceptions: `host` or `host:port` may be in any network, and one that is
    written with its scheme, `http://host:port`, may be plain as well.

    Raises a ChannelAddressInvalid.
    """
    parts, port = _split(url)
    host = parts.hostname or ""
    if parts.username is not None or parts.password is not None:
        raise WebhookAddressHasCredentials(field="address")
    is_named = _is_named(parts.scheme, host, port, tuple(allowed_hosts))
    if parts.scheme != "https" and not is_named:
        raise WebhookAddressNotHttps(field="address")
    if not is_named:
        _check_host(host)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(scheme=parts.scheme, host=host, port=port, target=target, is_named=is_named)


def _split(url: str) -> tuple[SplitResult, int]:
    # Python's splitter quietly drops tabs and line breaks, hence the look at the characters first.
    if len(url) > MAX_URL_LENGTH or not PRINTABLE.fullmatch(url) or "\\" in url:
        raise WebhookAddressMalformed(field="address")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise WebhookAddressMalformed(field="address") from error
    if parts.scheme not in ("https", "http"):
        raise WebhookAddressNotHttps(field="address")
    if not parts.hostname or parts.fragment or port == 0:
        raise WebhookAddressMalformed(field="address")
    return parts, port or (HTTPS_PORT if parts.scheme == "https" else HTTP_PORT)


def _is_named(scheme: str, host: str, port: int, allowed_hosts: tuple[str, ...]) -> bool:
    shown = f"[{host}]" if ":" in host else host
    names = {shown, f"{shown}:{port}"} if scheme == "https" else set()
    return bool((names | {f"{scheme}://{shown}:{port}"}) & {name.lower().rstrip("/") for name in allowed_hosts})


def _check_host(host: str) -> None:
    literal = _literal(host)
    if literal is not None:
        if not is_public(literal):
            raise WebhookAddressNotPublic(field="address")
        return
    if not HOST.fullmatch(host) or ":" in host:
        raise WebhookAddressMalformed(field="address")
    labels = host.split(".")
    # `127.1` and `0x7f000001` are addresses to a resolver although they are none to us; a public name has two labels.
    if labels[-1].isdigit() or labels[-1].startswith("0x") or len(labels) == 1 or labels[-1] == "localhost":
        raise WebhookAddressNotPublic(field="address")


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


# All unicast addresses that IANA hands out begin here; in it lie ranges that carry an IPv4 address inside (Teredo, 6to4)
# and the one for documentation.
GLOBAL_UNICAST = IPv6Network("2000::/3")
NOT_REACHABLE = tuple(IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))


def is_public(address: Address) -> bool:
    """Whether a message may be sent there: a unicast address of the open internet.

    Loopback, private, link-local (the cloud's metadata service among them), carrier-grade NAT, multicast, reserved and
    unspecified addresses are not, nor is an IPv6 address that wraps an IPv4 one, whatever that one is.
    """
    if isinstance(address, IPv6Address):
        return (
            address.scope_id is None
            and address in GLOBAL_UNICAST
            and not any(address in network for network in NOT_REACHABLE)
        )
    return address.is_global and not (address.is_multicast or address.is_reserved)
