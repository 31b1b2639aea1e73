"""A clock that stands still for the pages whose figures depend on the day."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine

from tests.cast import NOW


@pytest.fixture
def still_clock() -> Iterator[None]:
    """It is NOW, a Tuesday evening in Tokyo, for as long as the test runs."""
    with time_machine.travel(NOW, tick=False):
        yield
