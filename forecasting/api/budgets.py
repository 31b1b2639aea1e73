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
from billing.domain.money import Money, plain
from forecasting.api.forecasts import FORECAST_EXAMPLE, BudgetForecastOutput, serialize_forecast
from forecasting.api.scopes import ScopeField, ScopeOutput, list_codes, read_scope, serialize_scope
from forecasting.api.thresholds import ThresholdField, read_thresholds, serialize_thresholds
from forecasting.domain.budget_entry import (
    MAX_NAME_LENGTH,
    BudgetAmountInvalid,
    BudgetAmountTooFine,
    BudgetAmountTooLarge,
    BudgetNameInvalid,
)
from forecasting.domain.budgets import BudgetBasis, BudgetStatus, BudgetValue, PeriodKind
from forecasting.domain.payloads import decimal_text, share_text
from forecasting.domain.thresholds import MAX_THRESHOLDS, Threshold, ThresholdInvalid, ThresholdRepeated
from forecasting.operations.budgets import (
    BudgetChangedMeanwhile,
    BudgetClosed,
    BudgetNameTaken,
    BudgetScopeUnknown,
    ChannelUnknown,
    CurrencyWithoutRate,
    OwnerIsNoMember,
    change_budget,
    close_budget,
    create_budget,
)
from forecasting.queries.alerts import list_thresholds
from forecasting.queries.budgets import (
    BudgetNotFound,
    find_budget_status,
    get_budget,
    list_budget_statuses,
    list_budgets,
)

ENTRY_ERRORS = (
    BudgetNameInvalid,
    BudgetNameTaken,
    BudgetAmountInvalid,
    BudgetAmountTooFine,
    BudgetAmountTooLarge,
    CurrencyWithoutRate,
    OwnerIsNoMember,
    ThresholdInvalid,
    ThresholdRepeated,
    ChannelUnknown,
)
EVALUATE = "forecasting.tasks.evaluate_organization_alerts"


class BudgetChange(serializers.Serializer[Any]):
    """What can be changed of a budget."""

    name = serializers.CharField(max_length=MAX_NAME_LENGTH)
    amount = serializers.DecimalField(
        max_digits=14, decimal_places=2, help_text="A month, as a decimal number in `currency`."
    )
    currency = serializers.RegexField(
        r"\A[A-Z]{3}\Z", help_text="ISO 4217; other than USD it needs an exchange rate of this month or an earlier one."
    )
    thresholds = serializers.ListField(child=ThresholdField(), max_length=MAX_THRESHOLDS, required=False)
    owner_user_id = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=2**63 - 1, help_text="A member; null: nobody."
    )
    version = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="The version that you read, in place of `If-Match`: 409 if somebody has changed it since.",
    )
    example = {"amount": "5000000", "version": 3}


class BudgetInput(BudgetChange):
    """A new budget: monthly, by the organization's calendar."""

    version = None  # type: ignore[assignment] # DRF's way to drop an inherited field
    scope = ScopeField(required=False, help_text="Left out: the whole organization.")
    basis = serializers.ChoiceField(
        choices=[item.value for item in BudgetBasis],
        default=BudgetBasis.RATED.value,
        help_text="`rated`: estimated from tokens. `billed_completed`: the bill's UTC days, completed by estimates for "
        "the days that are not billed yet.",
    )
    example = {
        "name": "Search team",
        "scope": {"kind": "COST_CENTER", "key": "search"},
        "amount": "4300000",
        "currency": "JPY",
        "owner_user_id": 7,
        "thresholds": [
            {"kind": "ACTUAL", "percent": "80", "channels": [3]},
            {"kind": "FORECAST", "percent": "100", "channels": [3]},
        ],
    }


class OwnerField(serializers.Serializer[Any]):
    """Who answers for a budget."""

    user_id = serializers.IntegerField(allow_null=True, help_text="Null: has left.")
    name = serializers.CharField()


class BudgetExchangeRateOutput(serializers.Serializer[Any]):
    """At which rate US dollars were converted."""

    units_per_usd = serializers.CharField()
    month = serializers.CharField(allow_null=True, help_text="Whose rate it is; null for US dollars.")


class BudgetStatusOutput(serializers.Serializer[Any]):
    """Where a budget stands this month, in its currency."""

    period_start = serializers.DateField()
    period_end = serializers.DateField(help_text="Not included.")
    spent = serializers.CharField()
    spent_percent = serializers.CharField()
    left = serializers.CharField(help_text="Negative when exceeded.")
    pace_a_day = serializers.CharField(allow_null=True, help_text="Mean of the last 7 whole days.")
    allowed_a_day = serializers.CharField()
    worst_overshoot = serializers.CharField(
        allow_null=True, help_text="The dearest of these days, for as long as the data lag behind."
    )
    lag_seconds = serializers.IntegerField()
    exceeded_on = serializers.DateField(allow_null=True)
    tokens_unpriced = serializers.IntegerField(help_text="Have no price and are in no amount.")
    exchange_rate = BudgetExchangeRateOutput()
    data_until = serializers.DateTimeField(allow_null=True)
    billed_until = serializers.DateField(
        allow_null=True, help_text="The first UTC day that is not billed yet; null where all is estimated."
    )
    evaluated_at = serializers.DateTimeField()
    forecast = BudgetForecastOutput(allow_null=True)


class BudgetOutput(serializers.Serializer[Any]):
    """A budget and where it stands."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    scope = ScopeOutput()
    amount = serializers.CharField()
    currency = serializers.CharField()
    basis = serializers.CharField()
    period = serializers.ChoiceField(choices=[kind.value for kind in PeriodKind])
    owner = OwnerField(allow_null=True)
    thresholds = ThresholdField(many=True)
    version = serializers.IntegerField()
    closed_at = serializers.DateTimeField(allow_null=True)
    status = BudgetStatusOutput(
        allow_null=True, help_text="Null: the budget is closed, or its currency has no exchange rate."
    )
    example = {
        "id": 42,
        "name": "Search team",
        "scope": {"kind": "COST_CENTER", "key": "search", "name": "Search team"},
        "amount": "4300000",
        "currency": "JPY",
        "basis": "rated",
        "period": "MONTH",
        "owner": {"user_id": 7, "name": "Ada"},
        "thresholds": [{"kind": "ACTUAL", "percent": "80", "channels": [3]}],
        "version": 3,
        "closed_at": None,
        "status": {
            "period_start": "2026-11-01",
            "period_end": "2026-12-01",
            "spent": "1600000",
            "spent_percent": "37.2093",
            "left": "2700000",
            "pace_a_day": "184000",
            "allowed_a_day": "133333.33",
            "worst_overshoot": "30666.67",
            "lag_seconds": 14400,
            "exceeded_on": None,
            "tokens_unpriced": 0,
            "exchange_rate": {"units_per_usd": "152.57", "month": "2026-10"},
            "data_until": "2026-11-10T09:00:00Z",
            "billed_until": None,
            "evaluated_at": "2026-11-10T13:00:00Z",
            "forecast": FORECAST_EXAMPLE,
        },
    }


class BudgetParameters(PageParameters):
    """Which budgets."""

    closed = serializers.BooleanField(default=False, help_text="Closed ones too.")


class BudgetList(OrganizationApiView):
    """The organization's budgets, by name."""

    permissions = {"GET": Permission.VIEW_SPEND, "POST": Permission.EDIT_BUDGETS}
    Parameters = BudgetParameters
    Input = BudgetInput
    Output = BudgetOutput
    errors = {"POST": (*ENTRY_ERRORS, BudgetScopeUnknown)}

    def get(self, request: OrganizationApiRequest) -> Response:
        """List budgets and where each stands."""
        asked = self.read_parameters()
        page = _page(list_budgets(closed=asked["closed"]), asked["after"], asked["limit"])
        statuses = {status.budget.id: status for status in list_budget_statuses(as_of=request.now)}
        thresholds = list_thresholds(budget.id for budget in page.rows)
        codes = list_codes()
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
            scope=read_scope(given.get("scope")),
            amount=Money(given["amount"], given["currency"]),
            owner_user_id=given.get("owner_user_id"),
            thresholds=read_thresholds(given.get("thresholds", ())),
            now=request.now,
            basis=BudgetBasis(given["basis"]),
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
    versioned = ("PATCH", "DELETE")
    errors = {
        "GET": (BudgetNotFound,),
        "PATCH": (BudgetNotFound, BudgetClosed, BudgetChangedMeanwhile, *ENTRY_ERRORS),
        "DELETE": (BudgetNotFound, BudgetClosed, BudgetChangedMeanwhile),
    }

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
            expected_version=self.expected_version(budget.version, given=given.get("version")),
            name=given.get("name", budget.name),
            amount=Money(given.get("amount", budget.amount.amount), given.get("currency", budget.amount.currency)),
            owner_user_id=given.get("owner_user_id", owner),
            thresholds=read_thresholds(given["thresholds"])
            if "thresholds" in given
            else list_thresholds([budget_id]).get(budget_id, ()),
            now=request.now,
        )
        nudge(EVALUATE, organization_id=request.organization.id)
        return Response(_answer(saved.budget, request))

    def delete(self, request: OrganizationApiRequest, budget_id: int) -> Response:
        """Close a budget: it is watched no more, and its alerts stay."""
        expected = self.expected_version(get_budget(budget_id).version)
        close_budget(actor=request.actor, budget_id=budget_id, now=request.now, expected_version=expected)
        return Response(status=204)


def _page(rows: Sequence[BudgetValue], after: str | None, limit: int) -> Page[BudgetValue]:
    """Cut the budgets, which are few and read as a whole, into pages."""
    begin = next((index + 1 for index, row in enumerate(rows) if str(row.id) == after), 0)
    cut = tuple(rows[begin : begin + limit])
    return Page(rows=cut, next=str(cut[-1].id) if begin + limit < len(rows) else None)


def _answer(budget: BudgetValue, request: OrganizationApiRequest) -> dict[str, object]:
    status = find_budget_status(budget_id=budget.id, as_of=request.now) if budget.is_active else None
    return _serialize(budget, list_thresholds([budget.id]).get(budget.id, ()), status, list_codes())


def _serialize(
    budget: BudgetValue, thresholds: Sequence[Threshold], status: BudgetStatus | None, codes: Mapping[str, str]
) -> dict[str, object]:
    return {
        "id": budget.id,
        "name": budget.name,
        "scope": serialize_scope(budget, codes),
        "amount": plain(budget.amount.amount),
        "currency": budget.amount.currency,
        "basis": budget.basis.value,
        "period": budget.period_kind.value,
        "owner": {"user_id": budget.owner.user_id, "name": budget.owner.label} if budget.owner else None,
        "thresholds": serialize_thresholds(thresholds),
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
        "billed_until": status.billed_until,
        "evaluated_at": status.as_of,
        "forecast": serialize_forecast(status.forecast) if status.forecast else None,
    }


def _text(money: Money | None) -> str | None:
    return None if money is None else decimal_text(money.amount)
