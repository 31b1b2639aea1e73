"""Evaluate the alert rules of an organization and send what is due, in the foreground."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from accounts.access.commands import OrganizationCommand
from accounts.domain.organizations import OrganizationValue
from accounts.tenancy.context import tenant_transaction
from forecasting.domain.channels import DeliveryState
from forecasting.operations.alerts import evaluate_alert_rules
from forecasting.operations.deliveries import deliver
from forecasting.queries.channels import list_due_delivery_ids


class Command(OrganizationCommand):
    """The same operations as the worker's, for people at a shell."""

    help = "Look at every alert rule, raise what is newly crossed, and send the messages that are due."

    def handle_organization(self, *, organization: OrganizationValue, now: datetime, **options: Any) -> None:  # noqa: ARG002 - the door's signature
        evaluation = evaluate_alert_rules(now=now)
        with tenant_transaction():
            due = list_due_delivery_ids(now=now)
        states = Counter(deliver(delivery_id=delivery_id, now=now) for delivery_id in due)
        self.print_result(
            {
                "budgets": evaluation.budgets,
                "crossed": self._listed(str(key) for key in evaluation.crossed),
                "raised": self._listed(str(alert.key) for alert in evaluation.raised),
                "sent": states[DeliveryState.SENT],
                "retried_later": states[DeliveryState.PENDING],
                "failed": states[DeliveryState.FAILED],
                "data_until": evaluation.data_until.isoformat() if evaluation.data_until else None,
            }
        )

    def _listed(self, values: Iterable[str]) -> list[str] | str:
        found = list(values)
        return found if self.as_json else ", ".join(found) or "none"
