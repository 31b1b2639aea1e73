"""What closing an organization ends, in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.domain.organizations import erased_on
from accounts.queries.api_keys import list_api_keys
from accounts.queries.memberships import list_members
from billing.queries.connections import list_connections
from forecasting.queries.budgets import list_budgets


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What ends with the organization, and when its data are erased."""

    members: int
    api_keys: int
    connections: int
    budgets: int
    erased_on: datetime


def get_closing(*, now: datetime) -> Closing:
    """Return what closing the organization now would end."""
    return Closing(
        members=len(list_members()),
        api_keys=sum(1 for key in list_api_keys() if key.is_in_force(now)),
        connections=len(list_connections()),
        budgets=len(list_budgets()),
        erased_on=erased_on(now),
    )
