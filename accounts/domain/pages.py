"""A page of rows and where the next one begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """Rows in a unique order; `next` is the position after the last one, None at the end. Interfaces sign it."""

    rows: tuple[Row, ...]
    next: str | None = None
