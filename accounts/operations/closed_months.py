"""Closes months and reopens them: one day says up to when the books are closed, and every change of it is on record."""

from __future__ import annotations

from datetime import date

from accounts.domain.audit import Actor
from accounts.domain.closed_months import (
    MonthIsClosed,
    MonthIsOpen,
    MonthNotOver,
    check_reason,
    following,
    is_closed,
    month_of,
)
from accounts.models import Organization
from accounts.operations.audit import record_event
from accounts.tenancy.context import current_organization_id


def close_months(*, actor: Actor, month: date, today: date) -> int:
    """Close a month and all before it; returns the audit line's id.

    `month` is its first day, `today` the day in the organization's time zone. Raises MonthNotOver and MonthIsClosed.
    """
    row = Organization.objects.select_for_update().get(id=current_organization_id())
    until = following(month)
    if until > today:
        raise MonthNotOver(field="month", month=month_of(month))
    if is_closed(month, row.books_closed_until):
        raise MonthIsClosed(field="month", month=month_of(month))
    return _move(row, until, actor=actor, verb="month.closed", month=month, reason="")


def reopen_months(*, actor: Actor, month: date, reason: str) -> int:
    """Open a month and all after it again; returns the audit line's id. Raises MonthIsOpen and ReasonMissing."""
    reason = check_reason(reason)
    row = Organization.objects.select_for_update().get(id=current_organization_id())
    if not is_closed(month, row.books_closed_until):
        raise MonthIsOpen(field="month", month=month_of(month))
    return _move(row, month, actor=actor, verb="month.reopened", month=month, reason=reason)


def require_open(day: date, *, field: str | None = None) -> None:
    """Refuse a change of a closed month. Raises MonthIsClosed.

    The organization's row is locked against closing until the change is stored.
    """
    row = Organization.objects.select_for_update(no_key=True).get(id=current_organization_id())
    if is_closed(day, row.books_closed_until):
        raise MonthIsClosed(field=field, month=month_of(day))


def _move(row: Organization, until: date, *, actor: Actor, verb: str, month: date, reason: str) -> int:
    before, row.books_closed_until = row.books_closed_until, until
    row.save(update_fields=["books_closed_until"])
    return record_event(
        actor=actor,
        verb=verb,
        target=f"month:{month_of(month)}",
        before={"books_closed_until": before.isoformat() if before else None},
        after={"books_closed_until": until.isoformat(), **({"reason": reason} if reason else {})},
    )
