"""Up to when the books are closed: months whose figures and rates do not change any more, until somebody reopens them."""

from __future__ import annotations

from datetime import date

from accounts.domain.errors import Conflict, Invalid
from accounts.domain.text import gettext_noop

REASON_LENGTH = 500


class MonthIsClosed(Conflict):
    """What was asked would change a figure that was signed."""

    code = "month_is_closed"
    message = gettext_noop("%(month)s is closed, and its figures stay as they are: reopen it first.")


class MonthNotOver(Invalid):
    """A month that goes on, or lies ahead, has no figure that could be signed."""

    code = "month_not_over"
    message = gettext_noop("%(month)s is not over: a month is closed when its last day has passed.")


class MonthIsOpen(Conflict):
    """There is nothing to reopen."""

    code = "month_is_open"
    message = gettext_noop("%(month)s is open already.")


class ReasonMissing(Invalid):
    """Whoever reads the audit log wants to know why signed figures were opened."""

    code = "reason_missing"
    message = gettext_noop("Say why the month is reopened, in at most 500 characters.")


def month_of(day: date) -> str:
    """Return a day's month as it is written in sentences and addresses."""
    return f"{day:%Y-%m}"


def following(month: date) -> date:
    """Return the first day of the month after the one that begins on a day."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def is_closed(day: date, closed_until: date | None) -> bool:
    """Return whether a day lies in a closed month; `closed_until` is the first day that is open."""
    return closed_until is not None and day < closed_until


def check_reason(reason: str) -> str:
    """Return the reason without spaces around it. Raises ReasonMissing."""
    reason = reason.strip()
    if not 0 < len(reason) <= REASON_LENGTH:
        raise ReasonMissing(field="reason")
    return reason
