"""Rates a past range again from its stored tokens, with the prices of now."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.access.commands import OrganizationCommand
from accounts.domain.organizations import OrganizationValue
from billing.domain.periods import utc_day_start
from billing.management.dates import day
from billing.operations.learnt_rates import learn_rates
from billing.operations.rating import list_windows_to_rate, rerate_window


class Command(OrganizationCommand):
    """rerate --organization SLUG [--from DATE --to DATE] [--json]: without a range, what a changed price made due."""

    help = "Rate stored usage again with the prices of now; asks nothing of AWS."

    def add_own_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from", type=day, dest="start", metavar="DATE", help="first UTC day to rate again")
        parser.add_argument("--to", type=day, dest="end", metavar="DATE", help="the day after the last one")

    def handle_organization(self, *, organization: OrganizationValue, now: datetime, **options: Any) -> None:  # noqa: ARG002 - the door's signature
        start, end = (utc_day_start(value) if value else None for value in (options["start"], options["end"]))
        learn_rates(now=now)
        windows = list_windows_to_rate(start=start, end=end)
        rows = [rerate_window(window_id=window_id, now=timezone.now()) for window_id in windows]
        done = [count for count in rows if count is not None]
        self.print_result({"windows_rated": len(done), "windows_being_read": len(rows) - len(done), "rows": sum(done)})
