"""What every test of the doors needs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def forget_failures() -> Iterator[None]:
    yield
    cache.clear()
