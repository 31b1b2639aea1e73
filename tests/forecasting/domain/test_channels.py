"""Channels: which addresses are refused on sight, and when a delivery is tried again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address

import pytest

from forecasting.domain.budgets import PERIOD_KIND_LABELS, SCOPE_KIND_LABELS, PeriodKind
from forecasting.domain.channels import (
    CHANNEL_KIND_LABELS,
    DELIVERY_STATE_LABELS,
    FAILURE_LABELS,
    LONGEST_RETRY,
    MAX_ATTEMPTS,
    ChannelAddressInvalid,
    ChannelKind,
    DeliveryState,
    EmailAddressMalformed,
    Failure,
    WebhookAddressHasCredentials,
    WebhookAddressMalformed,
    WebhookAddressNotHttps,
    WebhookAddressNotPublic,
    check_email_address,
    is_public,
    next_attempt_at,
    parse_endpoint,
)
from forecasting.domain.series import BUDGET_KINDS
from forecasting.domain.thresholds import ALERT_KIND_LABELS, AlertKind

NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",  # noqa: S104 - refused, not bound
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.127.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1%eth0",
        "fec0::1",
        "ff02::1",
        "100::1",
    ],
)
def test_an_address_inside_a_network_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111"])
def test_an_address_of_the_open_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    ("url", "host", "port", "target", "authority"),
    [
        ("https://example.com", "example.com", 443, "/", "example.com"),
        ("https://Example.com/hooks?team=a&b=1", "example.com", 443, "/hooks?team=a&b=1", "example.com"),
        ("https://example.com:8443/x", "example.com", 8443, "/x", "example.com:8443"),
        ("https://8.8.8.8/x", "8.8.8.8", 443, "/x", "8.8.8.8"),
        ("https://[2606:4700::1111]/x", "2606:4700::1111", 443, "/x", "[2606:4700::1111]"),
        ("HTTPS://xn--r8jz45g.jp/x", "xn--r8jz45g.jp", 443, "/x", "xn--r8jz45g.jp"),
    ],
)
def test_a_public_address_is_taken_apart(url: str, host: str, port: int, target: str, authority: str) -> None:
    endpoint = parse_endpoint(url)

    assert (endpoint.host, endpoint.port, endpoint.target) == (host, port, target)
    assert endpoint.authority == authority
    assert not endpoint.is_named


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://example.com/x", WebhookAddressNotHttps),
        ("ftp://example.com/x", WebhookAddressNotHttps),
        ("file:///etc/passwd", WebhookAddressNotHttps),
        ("gopher://example.com/", WebhookAddressNotHttps),
        ("example.com/x", WebhookAddressNotHttps),
        ("//example.com/x", WebhookAddressNotHttps),
        ("", WebhookAddressMalformed),
        ("https://", WebhookAddressMalformed),
        ("https:///x", WebhookAddressMalformed),
        ("https://exa mple.com/", WebhookAddressMalformed),
        ("https://example.com/\r\nX-Evil: 1", WebhookAddressMalformed),
        ("https://exam\tple.com/", WebhookAddressMalformed),
        ("https://例え.jp/", WebhookAddressMalformed),
        ("https://example.com:0/", WebhookAddressMalformed),
        ("https://example.com:99999/", WebhookAddressMalformed),
        ("https://example.com:x/", WebhookAddressMalformed),
        ("https://example.com/#x", WebhookAddressMalformed),
        ("https://-example.com/", WebhookAddressMalformed),
        ("https://example..com/", WebhookAddressMalformed),
        ("https://exam_ple.com/", WebhookAddressMalformed),
        ("https://[::1/", WebhookAddressMalformed),
        ("https://example.com\\@evil.com/", WebhookAddressMalformed),
        ("https://" + "a" * 1000 + ".com/", WebhookAddressMalformed),
        ("https://user@example.com/", WebhookAddressHasCredentials),
        ("https://user:secret@example.com/", WebhookAddressHasCredentials),
        ("https://:@example.com/", WebhookAddressHasCredentials),
        ("https://localhost/", WebhookAddressNotPublic),
        ("https://LOCALHOST/", WebhookAddressNotPublic),
        ("https://app.localhost/", WebhookAddressNotPublic),
        ("https://intranet/", WebhookAddressNotPublic),
        ("https://127.0.0.1/", WebhookAddressNotPublic),
        ("https://127.1/", WebhookAddressNotPublic),
        ("https://2130706433/", WebhookAddressNotPublic),
        ("https://0x7f000001/", WebhookAddressNotPublic),
        ("https://0x7f.0.0.0x1/", WebhookAddressNotPublic),
        ("https://0177.0.0.1/", WebhookAddressNotPublic),
        ("https://169.254.169.254/latest/meta-data/", WebhookAddressNotPublic),
        ("https://[::1]/", WebhookAddressNotPublic),
        ("https://[::ffff:169.254.169.254]/", WebhookAddressNotPublic),
        ("https://[fd00:ec2::254]/", WebhookAddressNotPublic),
    ],
)
def test_an_address_that_leads_inside_or_nowhere_is_refused(url: str, error: type[ChannelAddressInvalid]) -> None:
    with pytest.raises(error) as refused:
        parse_endpoint(url)
    assert refused.value.field == "address"


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://hooks.internal/x", "hooks.internal"),
        ("https://hooks.internal:9443/x", "hooks.internal"),
        ("https://hooks.internal:9443/x", "hooks.internal:9443"),
        ("https://10.1.2.3/x", "10.1.2.3"),
        ("https://[fd00::1]/x", "[fd00::1]"),
        ("http://localhost:8000/x", "http://localhost:8000"),
        ("http://LocalHost:8000/x", "HTTP://LOCALHOST:8000/"),
    ],
)
def test_the_installation_can_name_a_host_of_its_own(url: str, allowed: str) -> None:
    assert parse_endpoint(url, allowed_hosts=["other.example", allowed]).is_named


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://hooks.internal/x", "hooks.internal"),
        ("http://hooks.internal:8000/x", "hooks.internal:8000"),
        ("https://intranet:9444/x", "intranet:9443"),
        ("http://localhost:8001/x", "http://localhost:8000"),
        ("https://evil-intranet/x", "intranet"),
        ("https://intranet.evil-localhost/x", "intranet"),
        ("https://localhost/x", "*"),
        ("https://localhost/x", ""),
    ],
)
def test_naming_a_host_opens_that_host_and_no_other(url: str, allowed: str) -> None:
    with suppress(ChannelAddressInvalid):
        assert not parse_endpoint(url, allowed_hosts=[allowed]).is_named


@pytest.mark.parametrize(
    "address", ["finance@example.com", "a.b+c@sub.example.co.jp", "root@localhost", "日本@example.jp"]
)
def test_an_email_address_is_kept_as_it_is(address: str) -> None:
    assert check_email_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "finance",
        "@example.com",
        "finance@",
        "a@b@c",
        "a@example.com, b@example.com",
        "a@example.com;b@example.com",
        "Ada <ada@example.com>",
        "a@example.com\nBcc: b@example.com",
        "a b@example.com",
        "x" * 250 + "@example.com",
    ],
)
def test_what_is_not_one_email_address_is_refused(address: str) -> None:
    with pytest.raises(EmailAddressMalformed):
        check_email_address(address)


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(1, 30), (2, 60), (3, 120), (4, 240), (8, 3840), (9, 7200), (MAX_ATTEMPTS - 1, 7200)]
)
def test_the_wait_doubles_up_to_a_limit(attempt: int, seconds: int) -> None:
    assert next_attempt_at(attempt=attempt, now=NOW, jitter=0.0) == NOW + timedelta(seconds=seconds)


def test_jitter_takes_off_up_to_half() -> None:
    latest = next_attempt_at(attempt=20 - MAX_ATTEMPTS, now=NOW, jitter=0.0)
    soonest = next_attempt_at(attempt=20 - MAX_ATTEMPTS, now=NOW, jitter=0.999)

    assert latest is not None
    assert soonest is not None
    assert (latest - NOW) / 2 <= soonest - NOW < latest - NOW


def test_a_delivery_is_given_up_in_the_end() -> None:
    assert next_attempt_at(attempt=MAX_ATTEMPTS, now=NOW, jitter=0.0) is None


def test_a_receiver_that_is_down_for_a_night_is_reached_in_the_morning() -> None:
    waits = [next_attempt_at(attempt=attempt, now=NOW, jitter=0.0) for attempt in range(1, MAX_ATTEMPTS)]

    total = sum((moment - NOW for moment in waits if moment is not None), timedelta(0))
    assert timedelta(hours=12) < total < timedelta(hours=24)
    assert all(moment is not None and moment - NOW <= LONGEST_RETRY for moment in waits)


@pytest.mark.parametrize(
    ("codes", "labels"),
    [
        (ChannelKind, CHANNEL_KIND_LABELS),
        (DeliveryState, DELIVERY_STATE_LABELS),
        (Failure, FAILURE_LABELS),
        (AlertKind, ALERT_KIND_LABELS),
        (PeriodKind, PERIOD_KIND_LABELS),
        (BUDGET_KINDS, SCOPE_KIND_LABELS),
    ],
)
def test_every_code_has_a_label_for_people(codes: Iterable[StrEnum], labels: Mapping[StrEnum, str]) -> None:
    assert set(labels) == set(codes)
    assert all(labels.values())
