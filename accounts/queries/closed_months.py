"""Up to when the books of the organization in scope are closed."""

from __future__ import annotations

from datetime import date

from accounts.domain.closed_months import is_closed as lies_before
from accounts.models import Organization
from accounts.tenancy.context import current_organization_id


def get_closed_until() -> date | None:
    """Return the first day, of the organization's calendar, that is open; None when nothing was ever closed."""
    found: date | None = Organization.objects.values_list("books_closed_until", flat=True).get(
        id=current_organization_id()
    )
    return found


def is_closed(day: date) -> bool:
    """Return whether a day lies in a closed month."""
    return lies_before(day, get_closed_until())
