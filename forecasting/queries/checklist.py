"""The first-run checklist: what an organization still has to set up."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.domain.organizations import OrganizationValue
from accounts.queries.cost_centers import list_cost_centers
from billing.domain.collection import ConnectionKind
from billing.domain.connections import COLLECTING_STATES
from billing.domain.exchange_rates import USD
from billing.queries.connections import list_connections
from billing.queries.exchange_rates import list_exchange_rates
from forecasting.queries.budgets import list_budgets
from forecasting.queries.channels import list_channels


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """Which steps are done; `has_rate` is None where the organization reports in US dollars and needs none."""

    has_connection: bool
    has_payer: bool
    has_cost_centers: bool
    has_rate: bool | None
    has_budget: bool
    has_channel: bool

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to set up."""
        steps = (self.has_payer, self.has_cost_centers, self.has_budget, self.has_channel)
        return all(steps) and self.has_rate is not False


def get_checklist(organization: OrganizationValue) -> Checklist:
    """Return which steps of the set-up are done."""
    verified = [connection for connection in list_connections() if connection.state in COLLECTING_STATES]
    needs_rate = organization.currency != USD
    return Checklist(
        has_connection=bool(verified),
        has_payer=any(connection.kind is ConnectionKind.PAYER for connection in verified),
        has_cost_centers=bool(list_cost_centers()),
        has_rate=bool(list_exchange_rates(organization.currency)) if needs_rate else None,
        has_budget=bool(list_budgets()),
        has_channel=bool(list_channels()),
    )
