"""What a budget can be for, as a choice on a form."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.queries.cost_centers import list_cost_centers
from billing.queries.catalog import list_foundation_models
from forecasting.domain.budgets import SCOPE_KIND_LABELS
from forecasting.domain.series import WHOLE_ORGANIZATION, Scope, ScopeKind

Choice = tuple[str, str]


def scope_choices() -> list[Choice | tuple[str, list[Choice]]]:
    """Return the organization, then its cost centers and the foundation models as groups."""
    centers = [(f"{ScopeKind.COST_CENTER}:{center.id}", " / ".join(center.names)) for center in list_cost_centers()]
    models = [(f"{ScopeKind.MODEL}:{model.model_id}", model.display_name) for model in list_foundation_models()]
    groups = [
        (_("Cost centers"), centers),
        (_("Foundation models"), sorted(models, key=lambda choice: choice[1].casefold())),
    ]
    whole = (f"{WHOLE_ORGANIZATION.kind}:", _(SCOPE_KIND_LABELS[ScopeKind.ORGANIZATION]))
    return [whole, *(group for group in groups if group[1])]


def scope_of_choice(choice: str) -> Scope:
    """Return the scope that a choice stands for."""
    kind, _separator, key = choice.partition(":")
    return Scope(ScopeKind(kind), key)
