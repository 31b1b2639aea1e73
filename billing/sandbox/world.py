"""The world that the services look at: the clock, the epoch, the traffic so far and what it costs."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from billing.sandbox import bill, names
from billing.sandbox.extras import extra_lines
from billing.sandbox.metrics import MetricKey, MetricSource, build_metrics
from billing.sandbox.tiers import Tokens, by_served, by_tiers
from billing.sandbox.traffic import Series, all_series, hourly_tokens

HISTORY_DAYS: Final = 120
AHEAD_HOURS: Final = 72
CLOSING_DAY: Final = 5
CLOUDWATCH_LAG: Final = timedelta(minutes=5)
BILL_REFRESH_HOURS: Final = 8
BILL_DELAY: Final = timedelta(hours=16)


@dataclass(slots=True)
class Clock:
    """The real time, or a time that stands still until it is moved."""

    frozen: datetime | None = None

    def now(self) -> datetime:
        return self.frozen if self.frozen is not None else datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything computed for the hours up to one horizon."""

    hours: int
    tokens: Mapping[str, Tokens]
    served: Mapping[str, tuple[tuple[Series, Tokens], ...]]  # the same by the tier that served, as it is billed
    metrics: Mapping[MetricKey, MetricSource]
    lines: tuple[bill.Line, ...]


def compute(epoch: date, hours: int) -> Snapshot:
    tokens = {series.name: hourly_tokens(series, epoch, hours) for series in all_series()}
    parts = {series.name: by_tiers(series, tokens[series.name]) for series in all_series()}
    served = {series.name: tuple(by_served(series, parts[series.name])) for series in all_series()}
    lines = [line for own in served.values() for part in own for line in bill.token_lines(*part)]
    lines.append(bill.guardrail_line(tokens[bill.GUARDRAIL_SERIES]))
    lines.extend(extra_lines(hours))
    lines.extend(bill.storage_line(account, hours) for account in names.ACCOUNT_NAMES)
    metrics = build_metrics(tokens, parts)
    return Snapshot(hours=hours, tokens=tokens, served=served, metrics=metrics, lines=tuple(lines))


def first_epoch(now: datetime) -> date:
    return now.date() - timedelta(days=HISTORY_DAYS)


@dataclass(slots=True)
class World:
    epoch: date
    clock: Clock
    _snapshot: Snapshot | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def start(self) -> datetime:
        return datetime(self.epoch.year, self.epoch.month, self.epoch.day, tzinfo=UTC)

    def hour_of(self, moment: datetime) -> int:
        """Whole hours between the epoch and a moment."""
        return int((moment - self.start) // timedelta(hours=1))

    def day_of(self, day: date) -> int:
        return (day - self.epoch).days

    def snapshot(self) -> Snapshot:
        needed = max(self.hour_of(self.clock.now()) + 1, 24)
        with self._lock:
            if self._snapshot is None or self._snapshot.hours < needed:
                self._snapshot = compute(self.epoch, (needed + AHEAD_HOURS + 23) // 24 * 24)
            return self._snapshot

    def visible_until(self) -> datetime:
        """CloudWatch shows nothing younger than this minute."""
        return (self.clock.now() - CLOUDWATCH_LAG).replace(second=0, microsecond=0)

    def billed_until(self) -> datetime:
        """The bill is refreshed three times a day and lags: yesterday grows until it is whole, today is absent."""
        now = self.clock.now()
        refresh = now.replace(
            hour=now.hour // BILL_REFRESH_HOURS * BILL_REFRESH_HOURS, minute=0, second=0, microsecond=0
        )
        return refresh - BILL_DELAY

    def estimated(self, day: date) -> bool:
        """A month stays an estimate until the fifth of the next."""
        today = self.clock.now().date()
        closed_before = today.replace(day=1)
        if today.day <= CLOSING_DAY:
            closed_before = (closed_before - timedelta(days=1)).replace(day=1)
        return day >= closed_before

    def series_alive(self, series: Series) -> bool:
        """Whether the application inference profile of a series exists now."""
        day = self.day_of(self.clock.now().date())
        if day < series.from_day:
            return False
        return series.deleted_day is None or day < series.deleted_day
