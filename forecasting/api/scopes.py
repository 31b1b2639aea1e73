"""What a budget is for over REST: cost centers go by their code, as in spend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from accounts.queries.cost_centers import find_cost_center_by_code, list_cost_centers
from forecasting.domain.budgets import BudgetValue
from forecasting.domain.series import BUDGET_KINDS, WHOLE_ORGANIZATION, Scope, ScopeKind
from forecasting.operations.budgets import BudgetScopeUnknown


class ScopeField(serializers.Serializer[Any]):
    """What a budget is for."""

    kind = serializers.ChoiceField(choices=[kind.value for kind in BUDGET_KINDS])
    key = serializers.CharField(
        max_length=255,
        default="",
        allow_blank=True,
        help_text="Empty for the organization, a cost center's code, or a foundation model's canonical id. A cost "
        "center is counted with all that stand below it, by where each stood on the day.",
    )


class ScopeOutput(serializers.Serializer[Any]):
    """What a budget is for."""

    kind = serializers.ChoiceField(choices=[kind.value for kind in BUDGET_KINDS])
    key = serializers.CharField()
    name = serializers.CharField()


def read_scope(given: Mapping[str, Any] | None) -> Scope:
    """Return checked input as a scope, the organization when there is none. Raises BudgetScopeUnknown."""
    if given is None:
        return WHOLE_ORGANIZATION
    kind, key = ScopeKind(given["kind"]), given["key"]
    if kind is ScopeKind.COST_CENTER:
        center = find_cost_center_by_code(key)
        key = str(center.id) if center else ""
    if (kind is ScopeKind.ORGANIZATION) != (key == ""):
        raise BudgetScopeUnknown(field="scope.key")
    return Scope(kind, key)


def list_codes() -> Mapping[str, str]:
    """Return the codes of cost centers, by which the API knows them, for the ids by which budgets do."""
    return {str(center.id): center.code for center in list_cost_centers(retired=True)}


def serialize_scope(budget: BudgetValue, codes: Mapping[str, str]) -> dict[str, object]:
    """Return what a budget is for as the API tells it."""
    scope = budget.scope
    key = codes.get(scope.key, scope.key) if scope.kind is ScopeKind.COST_CENTER else scope.key
    return {"kind": scope.kind.value, "key": key, "name": budget.scope_label}
