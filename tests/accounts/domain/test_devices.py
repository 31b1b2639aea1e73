"""Browsers and systems by the names that people know."""

from __future__ import annotations

import pytest

from accounts.domain.devices import describe_device

MOZILLA = "Mozilla/5.0"
IPHONE = "(iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/604.1"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("user_agent", "described"),
    [
        (f"{MOZILLA} (Windows NT 10.0; Win64; x64) {CHROME}", ("Chrome", "Windows")),
        (f"{MOZILLA} (Windows NT 10.0; Win64; x64) {CHROME} Edg/156.0.0.0", ("Edge", "Windows")),
        (f"{MOZILLA} (X11; Linux x86_64) {CHROME} OPR/120.0.0.0", ("Opera", "Linux")),
        (f"{MOZILLA} (X11; CrOS x86_64 14541.0.0) {CHROME}", ("Chrome", "ChromeOS")),
        (f"{MOZILLA} (Linux; Android 16; K) {CHROME}", ("Chrome", "Android")),
        (f"{MOZILLA} (Macintosh; Intel Mac OS X 10.15; rv:150.0) Gecko/20100101 Firefox/150.0", ("Firefox", "macOS")),
        (f"{MOZILLA} {IPHONE}", ("Safari", "iPhone")),
        (f"{MOZILLA} (iPad; CPU OS 26_0 like Mac OS X) CriOS/156.0 Safari/604.1", ("Chrome", "iPad")),
        ("curl/8.5.0", ("curl", "")),
        ("", ("", "")),
        ("x" * 10_000, ("", "")),
    ],
)
def test_a_device_is_named(user_agent: str, described: tuple[str, str]) -> None:
    assert describe_device(user_agent) == described
