"""The states of the work that a changed rule makes, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

# A step takes a second; a worker that has not come back after this has died, and another goes on from where it was.
LEASE = timedelta(minutes=2)
SERIES_AT_ONCE = 500


class RunState(StrEnum):
    """What becomes of a run."""

    DUE = "DUE"
    STARTED = "STARTED"
    DONE = "DONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunValue:
    """A run as pages and programs see it."""

    id: int
    state: RunState
    requested_by: str
    requested_at: datetime
    from_day: date | None
    series_total: int
    series_done: int
    changes: int
    finished_at: datetime | None

    @property
    def is_done(self) -> bool:
        """Whether every series has been allocated again."""
        return self.state is RunState.DONE
