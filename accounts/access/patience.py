"""How long a door waits for one statement, and what it says when that was not enough."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import ClassVar

import structlog
from django.db import OperationalError
from psycopg.errors import QueryCanceled

from accounts.domain.errors import Unavailable
from accounts.domain.text import gettext_noop
from accounts.tenancy.context import statement_limit

log = structlog.get_logger()

# Pages and calls that read or write a few rows: whoever waits longer has gone away, and the connection is needed.
INTERACTIVE = timedelta(seconds=5)
# Sums over any range and any groups: below the time after which a web server gives the request up.
REPORT = timedelta(seconds=30)
# A month of a large account is stored in a minute; the longest time limit of a task is an hour.
WORKER = timedelta(minutes=30)


class TakesTooLong(Unavailable):
    """PostgreSQL has given a statement up at the limit of the door."""

    code: ClassVar[str] = "takes_too_long"
    message: ClassVar[str] = gettext_noop(
        "This was given up after %(seconds)s seconds, and nothing was changed. Ask for less at once, a shorter time or "
        "fewer groups, or try again in a minute."
    )


@contextmanager
def within(limit: timedelta) -> Iterator[None]:
    """Limit each statement of the transactions in the block. Raises TakesTooLong when one was given up."""
    with statement_limit(limit):
        try:
            yield
        except OperationalError as error:
            if not isinstance(error.__cause__, QueryCanceled):
                raise
            seconds = limit.total_seconds()
            log.warning("statement_given_up", limit_seconds=seconds)
            raise TakesTooLong(seconds=f"{seconds:g}") from error
