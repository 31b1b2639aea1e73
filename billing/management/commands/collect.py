"""Collects everything that is due, or a past range again, in the foreground, with progress; can be stopped and resumed."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from collections import Counter
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.access.commands import OrganizationCommand
from accounts.domain.organizations import OrganizationValue
from billing.domain.periods import utc_day_start
from billing.management.dates import day
from billing.operations.collection import (
    Outcome,
    collect_window,
    count_left,
    find_next_window,
    plan_collection,
    reopen_windows,
)
from billing.operations.follow_up import follow_up

# Another worker holds what is left: how long to wait before looking again.
PAUSE_SECONDS = 1.0
BAR_WIDTH = 30


class Command(OrganizationCommand):
    """collect --organization SLUG [--from DATE --to DATE] [--json]: exit 0 only when nothing is left to collect."""

    help = "Collect what is due, or read a past range again. Exits with 0 only when nothing of it is left."

    def add_own_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", type=day, dest="start", metavar="DATE", help="first UTC day to read again")
        parser.add_argument("--to", type=day, dest="end", metavar="DATE", help="the day after the last one")

    def handle_organization(self, *, organization: OrganizationValue, now: datetime, **options: Any) -> None:  # noqa: ARG002 - the door's signature
        start, end = (utc_day_start(value) if value else None for value in (options["start"], options["end"]))
        if start and end and end <= start:
            self.stderr.write("--to must come after --from.")
            sys.exit(2)
        plan_collection(now=now)
        only = reopen_windows(start=start, end=end, now=now) if start or end else None
        progress = Progress(self, total=count_left(only))
        outcomes = self._work(only, progress)
        left = count_left(only)
        progress.end()
        # As the timetable would in a few minutes: what is stored is rated as billed when the command has ended.
        follow_up(clock=timezone.now)
        self.print_result(
            {
                "windows_done": outcomes[Outcome.STORED],
                "windows_retried_later": outcomes[Outcome.RETRIED_LATER],
                "windows_refused": outcomes[Outcome.REFUSED],
                "windows_left": left,
                "seconds": round(progress.seconds, 1),
            }
        )
        if left:
            sys.exit(1)

    def _work(self, only: list[int] | None, progress: Progress) -> Counter[Outcome]:
        outcomes: Counter[Outcome] = Counter()
        while True:
            found = find_next_window(only=only, now=timezone.now())
            if found.window_id is None:
                if not found.is_in_other_hands:
                    return outcomes
                time.sleep(PAUSE_SECONDS)
                continue
            outcome = collect_window(window_id=found.window_id, clock=timezone.now)
            outcomes[outcome] += 1
            progress.tell(done=outcomes.total() - outcomes[Outcome.NOT_OURS], left=count_left(only))


class Progress:
    """A bar with rate and time left, on a terminal only: a log or a JSON answer is not interrupted."""

    def __init__(self, command: OrganizationCommand, *, total: int) -> None:
        self._command = command
        self._began = time.monotonic()
        self._is_shown = not command.as_json and command.stderr.isatty()
        self._total = total

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began

    def tell(self, *, done: int, left: int) -> None:
        """Draw the bar again."""
        if not self._is_shown:
            return
        total = max(done + left, self._total, 1)
        filled = BAR_WIDTH * done // total
        rate = done / max(self.seconds, 0.001)
        left_seconds = round(left / rate) if rate else 0
        bar = "=" * filled + "-" * (BAR_WIDTH - filled)
        text = f"[{bar}] {done} of {total} windows, {rate:.1f} windows/s, about {left_seconds} s left"
        self._command.stderr.write(f"\r\x1b[K{text}", ending="")
        self._command.stderr.flush()

    def end(self) -> None:
        """Leave the last bar standing."""
        if self._is_shown:
            self._command.stderr.write("")
