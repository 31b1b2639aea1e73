"""Reading page after page while an answer is sent: each page in a short transaction of its own, never one for it all."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar
from uuid import UUID

from accounts.domain.pages import Page
from accounts.tenancy.context import organization_scope, tenant_transaction

Row = TypeVar("Row")

# By this mark spreadsheets know UTF-8.
MARK = "\ufeff"
# What programs take for a formula when a cell begins with it. https://owasp.org/www-community/attacks/CSV_Injection
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def read_on(organization_id: UUID, read: Callable[[str | None], Page[Row]], *, limit: int) -> Iterator[Row]:
    """Yield the rows of page after page, so many at most.

    The view's transaction is closed by the time an answer is sent. One around the whole sending would stay open for as
    long as a slow client likes, and what is named while it is suspended would be named for whoever runs meanwhile.
    """
    after: str | None = None
    left = limit
    while left > 0:
        with organization_scope(organization_id), tenant_transaction():
            page = read(after)
        yield from page.rows[:left]
        left -= len(page.rows)
        after = page.next
        if after is None:
            return


def written_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a CSV file line by line; what a program would take for a formula is made a text."""
    writer = csv.writer(_Echo())
    yield MARK + writer.writerow(header)
    for row in rows:
        yield writer.writerow([harmless(cell) for cell in row])


def harmless(text: str) -> str:
    """Return a text that no program takes for a formula."""
    return f"'{text}" if text.startswith(DANGEROUS) else text


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text
