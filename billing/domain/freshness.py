"""How fresh a source is, and how far the reading of the past has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from accounts.domain.text import gettext_noop
from billing.domain.collection import DAILY, HOURLY, LATE_HOURS, FetchFailure, Source, WindowState
from billing.domain.periods import HOUR


class Freshness(StrEnum):
    """What a source's row on the connection's page says."""

    FRESH = "FRESH"
    FILLING = "FILLING"  # nothing of the present is stored yet
    RETRYING = "RETRYING"  # the last reading failed and is tried again by itself
    LATE = "LATE"
    DENIED = "DENIED"
    PAUSED = "PAUSED"


FRESHNESS_LABELS: Mapping[Freshness, str] = {
    Freshness.FRESH: gettext_noop("Fresh"),
    Freshness.FILLING: gettext_noop("Filling"),
    Freshness.RETRYING: gettext_noop("Trying again"),
    Freshness.LATE: gettext_noop("Late"),
    Freshness.DENIED: gettext_noop("Denied by AWS"),
    Freshness.PAUSED: gettext_noop("Paused"),
}
SOURCE_LABELS: Mapping[Source, str] = {
    Source.CLOUDWATCH: gettext_noop("CloudWatch"),
    Source.COST_EXPLORER: gettext_noop("Cost Explorer"),
    Source.INVENTORY: gettext_noop("Bedrock inventory"),
}
# What happened, what it does to the figures, and what is done about it, in the words of the connection's page.
FAILURE_SENTENCES: Mapping[FetchFailure, str] = {
    FetchFailure.THROTTLED: gettext_noop("AWS is limiting us: figures are late, and we try again by ourselves."),
    FetchFailure.UNAVAILABLE: gettext_noop("AWS did not answer: figures are late, and we try again by ourselves."),
    FetchFailure.NOT_READY: gettext_noop(
        "Cost Explorer was switched on less than a day ago and has no figures yet: we try again by ourselves."
    ),
    FetchFailure.DENIED: gettext_noop(
        "AWS refused access: figures stop here until the permission is added and somebody verifies again."
    ),
}
LATE_SENTENCES: Mapping[Source, str] = {
    Source.CLOUDWATCH: gettext_noop("Usage is older than it should be: totals of the last hours may be low."),
    Source.COST_EXPLORER: gettext_noop("The bill is older than it should be: billed totals may be low."),
    Source.INVENTORY: gettext_noop("Names and tags of inference profiles are older than they should be."),
}
# An hour closes, then 5 minutes of lag, then up to 10 until the timetable looks: three hours are three missed readings.
# The bill of a day is read by six in the morning of the next; a day and a half later one reading was missed.
LATE_AFTER = {
    Source.CLOUDWATCH: timedelta(hours=3),
    Source.COST_EXPLORER: timedelta(hours=60),
    Source.INVENTORY: timedelta(hours=30),
}


def freshness(
    *,
    source: Source,
    is_paused: bool,
    state: WindowState,
    last_error: str,
    data_until: datetime | None,
    now: datetime,
    every_hours: int = HOURLY,
) -> Freshness:
    """Say how fresh a source is, the worst that is true of it first; `state` and `last_error` of its newest window.

    `every_hours`: how often its connection's limit lets the present be read. What is read rarely is not late by that.
    """
    if is_paused:
        return Freshness.PAUSED
    if state is WindowState.FAILED:
        return Freshness.DENIED
    if last_error and last_error != FetchFailure.DENIED and state is not WindowState.DONE:
        return Freshness.RETRYING
    if data_until is None:
        return Freshness.FILLING
    waiting = (every_hours - HOURLY) * HOUR if source is Source.CLOUDWATCH else timedelta(0)
    if waiting and every_hours >= DAILY:
        waiting += LATE_HOURS * HOUR  # the daily reading waits for the late hours
    return Freshness.LATE if now - data_until > LATE_AFTER[source] + waiting else Freshness.FRESH


def freshness_sentence(source: Source, state: Freshness, last_error: str) -> str:
    """Say in words what is wrong with a source; empty when nothing is."""
    if state is Freshness.DENIED:
        return FAILURE_SENTENCES[FetchFailure.DENIED]
    if state is Freshness.RETRYING and last_error in list(FetchFailure):
        return FAILURE_SENTENCES[FetchFailure(last_error)]
    return LATE_SENTENCES[source] if state is Freshness.LATE else ""


# Of 455 days the last two weeks: what is left then is read within seconds.
NEARLY_ALL = 0.97


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """How much of the asked-for past is stored, in days of one region, and when the rest will be."""

    days_done: int
    days_total: int
    windows_left: int
    windows_failed: int
    days_per_second: float
    waits_until: datetime | None  # nothing goes on before that time
    last_error: str

    @property
    def is_complete(self) -> bool:
        return self.windows_left == 0 and self.windows_failed == 0

    @property
    def is_running(self) -> bool:
        """Whether the past is still being read; the last hours are read again for ever and are no backfill."""
        return self.windows_left > 0 and self.days_done < NEARLY_ALL * self.days_total

    @property
    def seconds_left(self) -> int | None:
        """The seconds until the rest is stored, at the present rate; None while there is no rate."""
        if self.windows_left == 0:
            return 0
        if self.days_per_second <= 0:
            return None
        return round((self.days_total - self.days_done) / self.days_per_second)
