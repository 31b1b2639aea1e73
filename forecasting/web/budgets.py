"""Budgets: where each stands, what it would have done, and its thresholds with their channels."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access.celery import nudge
from accounts.access.sentences import add_error
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.errors import CallerError
from accounts.domain.roles import Permission
from billing.domain.exchange_rates import USD
from billing.domain.money import Money
from forecasting.domain.alerts import ALERT_KIND_LABELS, Threshold, is_heard
from forecasting.domain.budgets import BudgetStatus, BudgetValue, share_of
from forecasting.domain.dashboard import landing_of
from forecasting.domain.series import WHOLE_ORGANIZATION
from forecasting.operations.budgets import (
    BudgetChangedMeanwhile,
    SavedBudget,
    change_budget,
    close_budget,
    create_budget,
)
from forecasting.queries.alerts import list_alert_events, list_thresholds
from forecasting.queries.budgets import (
    find_budget_status,
    find_outlook,
    find_status_of_month_before,
    get_budget,
    list_budget_statuses,
    list_budgets,
)
from forecasting.queries.channels import list_channels
from forecasting.queries.forecasts import find_forecast
from forecasting.web.budget_charts import budget_chart
from forecasting.web.budget_effect import effect_of
from forecasting.web.budget_forms import BudgetForms, budget_forms

EVALUATE = "forecasting.tasks.evaluate_organization_alerts"
ALERTS_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRow:
    """A budget as the list shows it; without a status where its currency has no exchange rate."""

    budget: BudgetValue
    status: BudgetStatus | None
    is_heard: bool

    @property
    def over(self) -> Money | None:
        """By how much the amount is exceeded now or will be at the end of the month; negative when it fits."""
        return _over(self.status) if self.status else None

    @property
    def over_share(self) -> Decimal | None:
        return share_of(self.over, self.budget.amount) if self.over else None

    @property
    def over_usd(self) -> Decimal:
        """The same in dollars, to put budgets of different currencies in order; what cannot be measured stands last."""
        over = self.over
        return self.status.rate.convert_back(over) if self.status and over else Decimal("-Infinity")


@require_safe
@organization_view(Permission.VIEW_SPEND)
def budget_list(request: OrganizationRequest) -> HttpResponse:
    """Show the budgets, most money at stake first."""
    budgets = list_budgets()
    statuses = {status.budget.id: status for status in list_budget_statuses(as_of=request.now)}
    thresholds = list_thresholds(budget.id for budget in budgets)
    active = {channel.id for channel in list_channels(disabled=False)}
    rows = [
        BudgetRow(
            budget=budget,
            status=statuses.get(budget.id),
            is_heard=is_heard(thresholds.get(budget.id, ()), active),
        )
        for budget in budgets
    ]
    rows.sort(key=lambda row: (-row.over_usd, row.budget.id))
    over = [row for row in rows if row.over_usd > 0]
    context = {
        "rows": rows,
        "over": over,
        "unheard": [row for row in rows if not row.is_heard],
        "last_month": None if rows else _last_month(request),
    }
    return render(request, "forecasting/budgets/list.html", context)


@require_safe
@organization_view(Permission.VIEW_SPEND)
def budget_detail(request: OrganizationRequest, budget_id: int) -> HttpResponse:
    """Show where a budget stands: the finding, the figures, the chart, its thresholds and alerts."""
    budget = get_budget(budget_id)
    thresholds = list_thresholds([budget_id]).get(budget_id, ())
    status = find_budget_status(budget_id=budget_id, as_of=request.now)
    context = {
        "budget": budget,
        "status": status,
        "thresholds": _threshold_rows(thresholds),
        "alerts": list_alert_events(budget_id=budget_id, limit=ALERTS_SHOWN).rows,
        **(_figures(request, status) if status else {}),
    }
    return render(request, "forecasting/budgets/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_BUDGETS)
def budget_create(request: OrganizationRequest) -> HttpResponse:
    """Create a budget with its thresholds, after showing what it would have done."""
    forms = budget_forms(request)
    if request.method == "POST" and forms.is_valid() and "preview" not in request.POST:
        try:
            created = create_budget(
                actor=request.actor,
                name=forms.form.cleaned_data["name"],
                scope=forms.scope,
                amount=forms.amount,
                owner_user_id=forms.form.cleaned_data["owner"],
                thresholds=forms.thresholds,
                now=request.now,
            )
        except CallerError as error:
            add_error(forms.form, error)
        else:
            return _saved(request, created)
    return _form_page(request, forms)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_BUDGETS)
def budget_edit(request: OrganizationRequest, budget_id: int) -> HttpResponse:
    """Change a budget and its thresholds; whoever saves second sees what the first one saved."""
    budget = get_budget(budget_id)
    thresholds = list_thresholds([budget_id]).get(budget_id, ())
    forms = budget_forms(request, budget=budget, thresholds=thresholds)
    if request.method == "POST" and forms.is_valid() and "preview" not in request.POST:
        try:
            changed = change_budget(
                actor=request.actor,
                budget_id=budget_id,
                expected_version=forms.form.cleaned_data["version"] or 0,
                name=forms.form.cleaned_data["name"],
                amount=forms.amount,
                owner_user_id=forms.form.cleaned_data["owner"],
                thresholds=forms.thresholds,
                now=request.now,
            )
        except BudgetChangedMeanwhile as error:
            add_error(forms.form, error)
            return _form_page(request, forms, theirs=_threshold_rows(thresholds), status=409)
        except CallerError as error:
            add_error(forms.form, error)
        else:
            return _saved(request, changed)
    return _form_page(request, forms)


@require_POST
@organization_view(Permission.EDIT_BUDGETS)
def budget_effect(request: OrganizationRequest) -> HttpResponse:
    """Show what the budget on the form would have done; asked while it is being filled in."""
    budget_id = request.POST.get("budget_id", "")
    budget = get_budget(int(budget_id)) if budget_id.isascii() and budget_id.isdigit() else None
    context = _effect(request, budget_forms(request, budget=budget))
    return render(request, "forecasting/budgets/_effect.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_BUDGETS)
def budget_close(request: OrganizationRequest, budget_id: int) -> HttpResponse:
    """Close a budget, after a page that says what that means."""
    budget = get_budget(budget_id)
    if request.method == "POST":
        closed = close_budget(actor=request.actor, budget_id=budget_id, now=request.now)
        text = _("%(name)s is closed. The audit log has it as line %(number)s.")
        messages.success(request, text % {"name": budget.name, "number": closed.audit_event_id})
        return redirect("forecasting:budget_list", org_slug=request.organization.slug)
    thresholds = list_thresholds([budget_id]).get(budget_id, ())
    context = {
        "budget": budget,
        "status": find_budget_status(budget_id=budget_id, as_of=request.now),
        "thresholds": len(thresholds),
    }
    return render(request, "forecasting/budgets/close.html", context)


def _last_month(request: OrganizationRequest) -> Money | None:
    """What the last whole month cost, for those who have no budget yet."""
    currency = request.organization.currency
    for code in (currency, USD):
        outlook = find_outlook(scope=WHOLE_ORGANIZATION, amount=Money(Decimal(1), code), months=1, as_of=request.now)
        if outlook is not None:
            return outlook.months[0].spent if outlook.months else None
    return None


def _over(status: BudgetStatus) -> Money:
    if status.left.amount < 0 or status.forecast is None:
        return status.spent - status.budget.amount
    return status.forecast.over


def _figures(request: OrganizationRequest, status: BudgetStatus) -> dict[str, object]:
    published = find_forecast(status.budget.scope, month=status.period.month, as_of=request.now)
    chart = budget_chart(
        status,
        previous=find_status_of_month_before(budget_id=status.budget.id, as_of=request.now),
        landing=landing_of(published, status.rate).days if published else (),
        time_zone=request.organization.time_zone,
    )
    over = _over(status)
    return {
        "chart": chart,
        "lag_hours": round(status.lag.total_seconds() / 3600),
        "over": over,
        "over_share": share_of(over, status.budget.amount),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdRow:
    """A threshold in the language of the page."""

    threshold: Threshold
    share: Decimal
    kind: str
    channels: tuple[str, ...]


def _threshold_rows(thresholds: tuple[Threshold, ...]) -> list[ThresholdRow]:
    names = {channel.id: channel.name for channel in list_channels(disabled=False)}
    return [
        ThresholdRow(
            threshold=threshold,
            share=threshold.percent / 100,
            kind=_(ALERT_KIND_LABELS[threshold.kind]),
            channels=tuple(names[channel_id] for channel_id in threshold.channel_ids if channel_id in names),
        )
        for threshold in thresholds
    ]


def _form_page(
    request: OrganizationRequest, forms: BudgetForms, *, theirs: list[ThresholdRow] | None = None, status: int = 422
) -> HttpResponse:
    context = {
        "form": forms.form,
        "rows": forms.rows,
        "budget": forms.budget,
        "theirs": theirs,
        "version": _version(forms, is_overtaken=theirs is not None),
        "has_channels": bool(list_channels(disabled=False)),
        **_effect(request, forms),
    }
    return render(request, "forecasting/budgets/form.html", context, status=status if forms.has_errors else 200)


def _version(forms: BudgetForms, *, is_overtaken: bool) -> object:
    """The version that saving replaces: the one that was edited, or the present one once its owner has been shown it."""
    if forms.budget is None:
        return None
    return forms.form["version"].value() if forms.form.is_bound and not is_overtaken else forms.budget.version


def _effect(request: OrganizationRequest, forms: BudgetForms) -> dict[str, object]:
    """What the form would do, once it says enough."""
    if not forms.form.is_bound or not forms.is_valid():
        return {"effect": None}
    effect = effect_of(scope=forms.scope, amount=forms.amount, thresholds=forms.thresholds, as_of=request.now)
    return {"effect": effect, "rate_is_missing": effect is None, "amount": forms.amount}


def _saved(request: OrganizationRequest, saved: SavedBudget) -> HttpResponse:
    text = _("Saved. The audit log has it as line %(number)s.")
    messages.success(request, text % {"number": saved.audit_event_id})
    nudge(EVALUATE, organization_id=request.organization.id)
    return redirect("forecasting:budget_detail", org_slug=request.organization.slug, budget_id=saved.budget.id)
