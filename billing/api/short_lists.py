"""Pages of lists that are short enough to be read as a whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import TypeVar

from accounts.domain.pages import Page

Row = TypeVar("Row")
Key = tuple[str, ...]


def page_of(rows: Iterable[Row], key: Callable[[Row], Key], after: str | None, limit: int) -> Page[Row]:
    """Cut a list into pages by its unique key."""
    begin = tuple(json.loads(after)) if after else ()
    left = sorted((row for row in rows if key(row) > begin), key=key)
    following = json.dumps(key(left[limit - 1])) if len(left) > limit else None
    return Page(rows=tuple(left[:limit]), next=following)
