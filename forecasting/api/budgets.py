"""Budgets over REST."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.celery import nudge
from accounts.access.declarations import PageParameters
from accounts.domain.pages import Page
from accounts.domain.roles import Permission
from accounts.queries.cost_centers import find_cost_center_by_code, list_cost_centers
from billing.domain.money import Money, plain
from forecasting.api.budget_shapes import BudgetChange, BudgetInput, BudgetOutput
from forecasting.domain.alerts import AlertKind, Threshold
from forecasting.domain.budgets import BudgetForecast, BudgetStatus, BudgetValue
from forecasting.domain.payloads import decimal_text, percent_text, share_text
from forecasting.domain.series import WHOLE_ORGANIZATION, Scope, ScopeKind
from forecasting.operations.budgets import BudgetScopeUnknown, change_budget, close_budget, create_budget
from forecasting.queries.alerts import list_thresholds
from forecasting.queries.budgets import find_budget_status, get_budget, list_budget_statuses, list_budgets

EVALUATE = "forecasting.tasks.evaluate_organization_alerts"


class BudgetParameters(PageParameters):
    """Which budgets."""

    closed = serializers.BooleanField(default=False, help_text="Closed ones too.")


class BudgetList(OrganizationApiView):
    """The organization's budgets, by name."""

    permissions = {"GET": Permission.VIEW_SPEND, "POST": Permission.EDIT_BUDGETS}
    Parameters = BudgetParameters
    Input = BudgetInput
    Output = BudgetOutput

    def get(self, request: OrganizationApiRequest) -> Response:
        """List budgets and where each stands."""
        asked = self.read_parameters()
        page = _page(list_budgets(closed=asked["closed"]), asked["after"], asked["limit"])
        statuses = {status.budget.id: status for status in list_budget_statuses(as_of=request.now)}
        thresholds = list_thresholds(budget.id for budget in page.rows)
        codes = _codes()
        return self.page(
            page,
            lambda budget: _serialize(budget, thresholds.get(budget.id, ()), statuses.get(budget.id), codes),
        )

    def post(self, request: OrganizationApiRequest) -> Response:
        """Create a budget with its thresholds; they are looked at at once."""
        given = self.read_input()
        saved = create_budget(
            actor=request.actor,
            name=given["name"],
            scope=_scope(given.get("scope")),
            amount=Money(given["amount"], given["currency"]),
            owner_user_id=given.get("owner_user_id"),
            thresholds=_thresholds(given.get("thresholds", ())),
            now=request.now,
        )
        nudge(EVALUATE, organization_id=request.organization.id)
        return Response(_answer(saved.budget, request), status=201)


class BudgetDetail(OrganizationApiView):
    """One budget."""

    permissions = {
        "GET": Permission.VIEW_SPEND,
        "PATCH": Permission.EDIT_BUDGETS,
        "DELETE": Permission.EDIT_BUDGETS,
    }
    Input = BudgetChange
    Output = BudgetOutput

    def get(self, request: OrganizationApiRequest, budget_id: int) -> Response:
        """Return one budget, closed or not, and where it stands."""
        return Response(_answer(get_budget(budget_id), request))

    def patch(self, request: OrganizationApiRequest, budget_id: int) -> Response:
        """Change the fields that are sent; `thresholds` replaces all of them."""
        given, budget = self.read_input(), get_budget(budget_id)
        owner = budget.owner.user_id if budget.owner else None
        saved = change_budget(
            actor=request.actor,
            budget_id=budget_id,
            expected_version=given.get("version", budget.version),
            name=given.get("name", budget.name),
            amount=Money(given.get("amount", budget.amount.amount), given.get("currency", budget.amount.currency)),
            owner_user_id=given.get("owner_user_id", owner),
            thresholds=_thresholds(given["thresholds"])
            if "thresholds" in given
            else list_thresholds([budget_id]).get(budget_id, ()),
            now=request.now,
        )
        nudge(EVALUATE, organization_id=request.organization.id)
        return Response(_answer(saved.budget, request))

    def delete(self, request: OrganizationApiRequest, budget_id: int) -> Response:
        """Close a budget: it is watched no more, and its alerts stay."""
        close_budget(actor=request.actor, budget_id=budget_id, now=request.now)
        return Response(status=204)


def _page(rows: Sequence[BudgetValue], after: str | None, limit: int) -> Page[BudgetValue]:
    """Cut the budgets, which are few and read as a whole, into pages."""
    begin = next((index + 1 for index, row in enumerate(rows) if str(row.id) == after), 0)
    cut = tuple(rows[begin : begin + limit])
    return Page(rows=cut, next=str(cut[-1].id) if begin + limit < len(rows) else None)


def _scope(given: Mapping[str, Any] | None) -> Scope:
    if given is None:
        return WHOLE_ORGANIZATION
    kind, key = ScopeKind(given["kind"]), given["key"]
    if kind is ScopeKind.COST_CENTER:
        center = find_cost_center_by_code(key)
        key = str(center.id) if center else ""
    if (kind is ScopeKind.ORGANIZATION) != (key == ""):
        raise BudgetScopeUnknown(field="scope.key")
    return Scope(kind, key)


def _thresholds(given: Sequence[Mapping[str, Any]]) -> tuple[Threshold, ...]:
    return tuple(
        Threshold(kind=AlertKind(item["kind"]), percent=item["percent"], channel_ids=tuple(item.get("channels", ())))
        for item in given
    )


def _codes() -> Mapping[str, str]:
    """The codes of cost centers, by which the API knows them, for the ids by which budgets do."""
    return {str(center.id): center.code for center in list_cost_centers(retired=True)}


def _answer(budget: BudgetValue, request: OrganizationApiRequest) -> dict[str, object]:
    status = find_budget_status(budget_id=budget.id, as_of=request.now) if budget.is_active else None
    return _serialize(budget, list_thresholds([budget.id]).get(budget.id, ()), status, _codes())


def _serialize(
    budget: BudgetValue, thresholds: Sequence[Threshold], status: BudgetStatus | None, codes: Mapping[str, str]
) -> dict[str, object]:
    scope = budget.scope
    key = codes.get(scope.key, scope.key) if scope.kind is ScopeKind.COST_CENTER else scope.key
    return {
        "id": budget.id,
        "name": budget.name,
        "scope": {"kind": scope.kind.value, "key": key, "name": budget.scope_label},
        "amount": plain(budget.amount.amount),
        "currency": budget.amount.currency,
        "basis": budget.basis.value,
        "period": budget.period_kind.value,
        "owner": {"user_id": budget.owner.user_id, "name": budget.owner.label} if budget.owner else None,
        "thresholds": [
            {"kind": item.kind.value, "percent": percent_text(item.percent), "channels": list(item.channel_ids)}
            for item in thresholds
        ],
        "version": budget.version,
        "closed_at": budget.closed_at,
        "status": _serialize_status(status) if status else None,
    }


def _serialize_status(status: BudgetStatus) -> dict[str, object]:
    return {
        "period_start": status.period.start,
        "period_end": status.period.end,
        "spent": _text(status.spent),
        "spent_percent": share_text(status.spent_share),
        "left": _text(status.left),
        "pace_a_day": _text(status.pace_a_day),
        "allowed_a_day": _text(status.allowed_a_day),
        "worst_overshoot": _text(status.worst_overshoot),
        "lag_seconds": int(status.lag.total_seconds()),
        "exceeded_on": status.exceeded_on,
        "tokens_unpriced": status.tokens_unpriced,
        "exchange_rate": {
            "units_per_usd": decimal_text(status.rate.units_per_usd),
            "month": str(status.rate.month) if status.rate.month else None,
        },
        "data_until": status.data_until,
        "evaluated_at": status.as_of,
        "forecast": _serialize_forecast(status.forecast) if status.forecast else None,
    }


def _serialize_forecast(forecast: BudgetForecast) -> dict[str, object]:
    return {
        "total": _text(forecast.total),
        "lo_80": _text(forecast.lo_80),
        "hi_80": _text(forecast.hi_80),
        "probability_over_percent": share_text(forecast.probability_over),
        "crossing_date": forecast.crossing_date,
        "calibrated": forecast.is_calibrated,
        "method": forecast.method,
        "made_at": forecast.made_at,
        "data_until": forecast.data_until,
    }


def _text(money: Money | None) -> str | None:
    return None if money is None else decimal_text(money.amount)
