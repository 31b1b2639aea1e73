"""Counts every request to AWS at the one place that all of them pass: each page is one, each retry by botocore is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from billing.domain.connections import Charge

_CHARGE: ContextVar[Charge | None] = ContextVar("charge", default=None)


@contextmanager
def metered(charge: Charge) -> Iterator[Charge]:
    """Count what is asked of AWS inside into a charge, by operation."""
    token = _CHARGE.set(charge)
    try:
        yield charge
    finally:
        _CHARGE.reset(token)


def count_request(model: Any, **_event: object) -> None:
    """Count one request; botocore calls this before each."""
    charge = _CHARGE.get()
    if charge is not None:
        charge.requests[f"{model.service_model.service_name}:{model.name}"] += 1
