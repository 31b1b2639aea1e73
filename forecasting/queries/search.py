"""Everything of one organization that a few letters can lead to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from accounts.domain.organizations import OrganizationValue
from accounts.queries.cost_centers import list_cost_centers
from billing.domain import figures
from billing.domain.periods import Month, local_day
from billing.queries.catalog import list_foundation_models
from billing.queries.connections import list_connections
from forecasting.domain.search import Found, Hit, HitKind, find_hits
from forecasting.queries.alerts import list_alert_events
from forecasting.queries.budgets import list_budgets

# The newest ones: who looks for an old alert by its budget's name finds it on the budget's page.
ALERTS, MONTHS = 200, 24
LANGUAGES = ("en", "ja")


def search(
    text: str, *, organization: OrganizationValue, now: datetime, language: str, pages: Sequence[Hit], limit: int
) -> Found:
    """Return what a text finds among the pages given and the rows of the organization; names in one language.

    Each list is bounded, and has as many rows as the organization has teams, budgets, accounts.
    """
    month = Month.of(local_day(now, organization.time_zone))
    candidates = [
        *pages,
        *_cost_centers(),
        *_budgets(),
        *_models(),
        *_connections(),
        *_alerts(language),
        *_months(month, language),
    ]
    return find_hits(candidates, text, limit=limit)


def _cost_centers() -> Iterator[Hit]:
    for center in list_cost_centers(retired=True):
        words = (center.code, f"cost center {center.id}", center.aws_account_id or "")
        yield Hit(kind=HitKind.COST_CENTER, key=str(center.id), label=center.name, detail=center.code, words=words)


def _budgets() -> Iterator[Hit]:
    for budget in list_budgets(closed=True):
        words = (f"budget {budget.id}", budget.owner.label if budget.owner else "")
        yield Hit(kind=HitKind.BUDGET, key=str(budget.id), label=budget.name, detail=budget.scope_label, words=words)


def _models() -> Iterator[Hit]:
    for model in list_foundation_models():
        yield Hit(
            kind=HitKind.MODEL,
            key=model.model_id,
            label=model.display_name,
            detail=model.publisher,
            words=model.aws_model_ids,
        )


def _connections() -> Iterator[Hit]:
    for connection in list_connections(include_disconnected=True):
        words = (
            f"connection {connection.id}",
            connection.aws_account_id,
            _grouped(connection.aws_account_id),
            *connection.linked_account_ids,
            *connection.aws_regions,
        )
        yield Hit(
            kind=HitKind.CONNECTION,
            key=str(connection.id),
            label=connection.label,
            detail=connection.aws_account_id,
            words=words,
        )


def _alerts(language: str) -> Iterator[Hit]:
    for event in list_alert_events(limit=ALERTS).rows:
        month = figures.month(event.snapshot.month, language)
        threshold = figures.percent(event.snapshot.threshold_share, language)
        yield Hit(
            kind=HitKind.ALERT,
            key=str(event.id),
            label=event.snapshot.budget_name,
            detail=f"{threshold} · {month}",
            words=(f"alert {event.id}", month),
        )


def _months(month: Month, language: str) -> Iterator[Hit]:
    for _ in range(MONTHS):
        words = [f"{month.year}-{month.month:02}", f"{month.year}/{month.month:02}", f"{month.year}/{month.month}"]
        for other in LANGUAGES:
            name = figures.month_name(month, other)
            words += [figures.month(month, other), name, f"{name} {month.year}"]
        yield Hit(kind=HitKind.MONTH, key=words[0], label=figures.month(month, language), words=tuple(words))
        month = month.previous()


def _grouped(account_id: str) -> str:
    """Write an account id as AWS's console shows it: 1234-5678-9012."""
    return "-".join(account_id[start : start + 4] for start in range(0, len(account_id), 4))
