"""What has become due after usage or a bill was stored, step by step: the one list of it, for workers and the shell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from accounts.tenancy.context import tenant_transaction
from billing.operations.billed_series import read_billed_series_again
from billing.operations.learnt_rates import learn_rates
from billing.operations.price_events import find_due_price_events
from billing.operations.rating import list_windows_to_rate, rerate_window
from billing.operations.reconciliation import mark_reconciliation_due, reconcile_due_days
from billing.operations.restatements import forget_old_versions
from billing.operations.usage_events import list_event_days_to_rate, rate_event_day
from billing.operations.windows import Clock


def read_lines_again(clock: Clock) -> int:  # noqa: ARG001 - every step has a clock
    """Read lines of the bill again that an older reader has read, or that were not understood."""
    changed = read_billed_series_again()
    if changed:
        with tenant_transaction():
            mark_reconciliation_due(start=date.min)
    return changed


def learn(clock: Clock) -> int:
    """Learn rates where the bill, or what is published, has changed; returns how many are new or gone."""
    learning = learn_rates(now=clock())
    return 0 if learning is None else learning.changed


def find_moves(clock: Clock) -> int:
    """Find the rates that moved, on the bill or in a list; returns how many events are new or other ones."""
    found = find_due_price_events(now=clock())
    return 0 if found is None else found.changed


def rate_again(clock: Clock) -> int:
    """Rate every window again whose rating is due; returns how many were."""
    rated = (rerate_window(window_id=window_id, now=clock()) for window_id in list_windows_to_rate())
    return sum(rows is not None for rows in rated)


def rate_events(clock: Clock) -> int:
    """Add up and rate again every day of usage events whose rating is due; returns how many."""
    due = list_event_days_to_rate()
    for day_id in due:
        rate_event_day(day_id=day_id, now=clock())
    return len(due)


def match(clock: Clock) -> int:
    """Match the days with the bill that have become due; returns how many."""
    return reconcile_due_days(now=clock())


def forget(clock: Clock) -> int:
    """Delete what days said before, where nobody asks any more; returns how many rows."""
    return forget_old_versions(now=clock())


# Each step finds its work in rows and does what one before it has made due; doing all of them twice changes nothing.
STEPS: Mapping[str, Callable[[Clock], int]] = {
    "bill_lines_read_again": read_lines_again,
    "rates_learnt": learn,
    "price_events_changed": find_moves,
    "windows_rated_again": rate_again,
    "event_days_rated_again": rate_events,
    "days_matched": match,
    "versions_forgotten": forget,
}


def follow_up(*, clock: Clock) -> dict[str, int]:
    """Do everything that has become due, in order; returns how much of each step there was."""
    return {name: step(clock) for name, step in STEPS.items()}
