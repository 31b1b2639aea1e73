"""What the database refuses, said as the conflict that it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from accounts.domain.errors import Conflict


@contextmanager
def unique_or(conflict: Conflict, *, constraint: str) -> Iterator[None]:
    """Raise a conflict where a unique constraint refuses the write; a savepoint, so that the transaction can still answer.

    Any other refusal of the database is ours to mend and goes through.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if constraint not in str(error):
            raise
        raise conflict from error
