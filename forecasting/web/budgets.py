"""Budgets: where each stands, what it would have done, and its thresholds with their channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import BaseFormSet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access.celery import nudge
from accounts.access.forms import posted
from accounts.access.sentences import add_error, sentence
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.errors import CallerError, Invalid
from accounts.domain.roles import Permission
from accounts.queries.memberships import list_members
from billing.domain.exchange_rates import USD
from billing.domain.money import Money, plain
from billing.domain.periods import HOUR
from billing.queries.exchange_rates import list_exchange_rates
from forecasting.domain.budget_entry import MAX_NAME_LENGTH, parse_amount
from forecasting.domain.budgets import BASIS_LABELS, BudgetBasis, BudgetStatus, BudgetValue
from forecasting.domain.dashboard import landing_of
from forecasting.domain.series import Scope, ScopeKind
from forecasting.domain.thresholds import Threshold, is_heard
from forecasting.operations.budgets import (
    BudgetChangedMeanwhile,
    SavedBudget,
    change_budget,
    close_budget,
    create_budget,
)
from forecasting.queries.alerts import list_alert_events, list_thresholds
from forecasting.queries.budgets import (
    count_unpriced,
    find_budget_status,
    find_effect,
    find_last_month,
    find_status_of_month_before,
    get_budget,
    list_budget_statuses,
    list_budgets,
)
from forecasting.queries.channels import list_channels
from forecasting.queries.forecasts import find_forecast
from forecasting.web.scopes import Choice, scope_choices, scope_of_choice
from forecasting.web.series import budget_chart
from forecasting.web.thresholds import (
    ThresholdForm,
    ThresholdLine,
    set_choices,
    threshold_lines,
    threshold_rows,
    thresholds_of,
)

EVALUATE = "forecasting.tasks.evaluate_organization_alerts"
ALERTS_SHOWN = 20
MINUTE = timedelta(minutes=1)
# What past months are shown against an amount.
MONTHS_SHOWN = 6


class BudgetForm(forms.Form):
    """What a budget is called, how much it is, and who answers for it."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=MAX_NAME_LENGTH,
        help_text=gettext_lazy("Alerts begin with it, for example Search team"),
        error_messages={"required": gettext_lazy("Enter a name, for example Search team.")},
    )
    scope = forms.ChoiceField(
        label=gettext_lazy("For"),
        help_text=gettext_lazy(
            "A cost center is counted with all that stand below it, by where each stood on the day."
        ),
    )
    basis = forms.ChoiceField(
        label=gettext_lazy("Held against"),
        required=False,
        help_text=gettext_lazy("The bill lags by two days, and its days are UTC; what is not billed yet is estimated."),
    )
    amount = forms.CharField(
        label=gettext_lazy("Amount a month"),
        max_length=40,
        help_text=gettext_lazy("For example 4,300,000"),
        error_messages={"required": gettext_lazy("Enter an amount, for example 4300000.")},
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    currency = forms.ChoiceField(label=gettext_lazy("Currency"))
    owner = forms.TypedChoiceField(
        label=pgettext_lazy("budget", "Owner"),
        coerce=int,
        empty_value=None,
        required=False,
        help_text=gettext_lazy("Who answers for it; alerts name them."),
    )

    def __init__(self, *args: Any, request: OrganizationRequest, budget: BudgetValue | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "currency", _currencies(request, budget))
        set_choices(self, "owner", _owners(budget))
        if budget is None:
            set_choices(self, "scope", scope_choices())
            set_choices(self, "basis", [(basis.value, _(label)) for basis, label in BASIS_LABELS.items()])
        else:
            # What a budget is for stays: its alerts and figures would change their meaning.
            del self.fields["scope"], self.fields["basis"]

    def clean_amount(self) -> Decimal:
        """Read the amount as people type it."""
        try:
            return parse_amount(self.cleaned_data["amount"])
        except Invalid as error:
            raise ValidationError(sentence(error)) from error

    def clean_scope(self) -> Scope:
        """Read what the budget is for."""
        return scope_of_choice(self.cleaned_data["scope"])


@dataclass(frozen=True, slots=True)
class BudgetForms:
    """A budget's form and its thresholds, filled in and checked together."""

    form: BudgetForm
    rows: BaseFormSet[ThresholdForm]
    budget: BudgetValue | None

    def is_valid(self) -> bool:
        """Check both, so that every error is shown at once."""
        return all([self.form.is_valid(), self.rows.is_valid()])

    @property
    def has_errors(self) -> bool:
        return bool(self.form.errors or self.rows.total_error_count())

    @property
    def amount(self) -> Money:
        return Money(self.form.cleaned_data["amount"], self.form.cleaned_data["currency"])

    @property
    def scope(self) -> Scope:
        scope: Scope = self.budget.scope if self.budget else self.form.cleaned_data["scope"]
        return scope

    @property
    def thresholds(self) -> tuple[Threshold, ...]:
        return thresholds_of(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRow:
    """A budget as the list shows it; without a status where its currency has no exchange rate."""

    budget: BudgetValue
    status: BudgetStatus | None
    is_heard: bool

    @property
    def over_usd(self) -> Decimal:
        """What is at stake in dollars, to put budgets of different currencies in order; the unmeasured stand last."""
        return self.status.rate.convert_back(self.status.over) if self.status else Decimal("-Infinity")


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
            budget=budget, status=statuses.get(budget.id), is_heard=is_heard(thresholds.get(budget.id, ()), active)
        )
        for budget in budgets
    ]
    rows.sort(key=lambda row: (-row.over_usd, row.budget.id))
    context = {
        "rows": rows,
        "over": [row for row in rows if row.over_usd > 0],
        "unheard": [row for row in rows if not row.is_heard],
        "unpriced": count_unpriced(statuses.values(), as_of=request.now),
        "data_until": next((row.status.data_until for row in rows if row.status), None),
        "last_month": None if rows else find_last_month(request.organization.currency, as_of=request.now),
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
        "thresholds": threshold_lines(thresholds),
        "alerts": list_alert_events(budget_id=budget_id, limit=ALERTS_SHOWN).rows,
        **(_figures(request, status) if status else {}),
    }
    return render(request, "forecasting/budgets/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_BUDGETS)
def budget_create(request: OrganizationRequest) -> HttpResponse:
    """Create a budget with its thresholds, after showing what it would have done."""
    entry = _forms(request)
    if request.method == "POST" and entry.is_valid() and "preview" not in request.POST:
        try:
            created = create_budget(
                actor=request.actor,
                name=entry.form.cleaned_data["name"],
                scope=entry.scope,
                amount=entry.amount,
                owner_user_id=entry.form.cleaned_data["owner"],
                thresholds=entry.thresholds,
                now=request.now,
                basis=BudgetBasis(entry.form.cleaned_data["basis"] or BudgetBasis.RATED),
            )
        except CallerError as error:
            add_error(entry.form, error)
        else:
            return _saved(request, created)
    return _form_page(request, entry)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_BUDGETS)
def budget_edit(request: OrganizationRequest, budget_id: int) -> HttpResponse:
    """Change a budget and its thresholds; whoever saves second sees what the first one saved."""
    budget = get_budget(budget_id)
    thresholds = list_thresholds([budget_id]).get(budget_id, ())
    entry = _forms(request, budget, thresholds)
    if request.method == "POST" and entry.is_valid() and "preview" not in request.POST:
        try:
            changed = change_budget(
                actor=request.actor,
                budget_id=budget_id,
                expected_version=entry.form.cleaned_data["version"] or 0,
                name=entry.form.cleaned_data["name"],
                amount=entry.amount,
                owner_user_id=entry.form.cleaned_data["owner"],
                thresholds=entry.thresholds,
                now=request.now,
            )
        except BudgetChangedMeanwhile as error:
            add_error(entry.form, error)
            return _form_page(request, entry, theirs=threshold_lines(thresholds), status=409)
        except CallerError as error:
            add_error(entry.form, error)
        else:
            return _saved(request, changed)
    return _form_page(request, entry)


@require_POST
@organization_view(Permission.EDIT_BUDGETS)
def budget_effect(request: OrganizationRequest) -> HttpResponse:
    """Show what the budget on the form would have done; asked while it is being filled in."""
    budget_id = request.POST.get("budget_id", "")
    budget = get_budget(int(budget_id)) if budget_id.isascii() and budget_id.isdigit() else None
    context = _effect(request, _forms(request, budget))
    return render(request, "forecasting/budgets/_effect_answer.html", context)


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


def _figures(request: OrganizationRequest, status: BudgetStatus) -> dict[str, object]:
    published = find_forecast(status.budget.scope, month=status.period.month, as_of=request.now)
    if published and status.forecast and status.budget.basis is BudgetBasis.BILLED_COMPLETED:
        published = published.shifted(status.rate.convert_back(status.forecast.total) - published.total)
    chart = budget_chart(
        status,
        previous=find_status_of_month_before(budget_id=status.budget.id, as_of=request.now),
        landing=landing_of(published, status.rate).days if published else (),
        time_zone=request.organization.time_zone,
    )
    return {
        "chart": chart,
        # Below an hour and a half in minutes: "0 hours" would say that nothing lags.
        "lag_hours": round(status.lag / HOUR) if status.lag >= 1.5 * HOUR else 0,
        "lag_minutes": round(status.lag / MINUTE),
    }


def _form_page(
    request: OrganizationRequest, entry: BudgetForms, *, theirs: list[ThresholdLine] | None = None, status: int = 422
) -> HttpResponse:
    context = {
        "form": entry.form,
        "rows": entry.rows,
        "extra_is_used": any(row.has_changed() or row.errors for row in entry.rows.extra_forms),
        "budget": entry.budget,
        "theirs": theirs,
        "version": _version(entry, is_overtaken=theirs is not None),
        "has_channels": bool(list_channels(disabled=False)),
        **_effect(request, entry),
    }
    return render(request, "forecasting/budgets/form.html", context, status=status if entry.has_errors else 200)


def _version(entry: BudgetForms, *, is_overtaken: bool) -> object:
    """The version that saving replaces: the one that was edited, or the present one once its owner has been shown it."""
    if entry.budget is None:
        return None
    return entry.form["version"].value() if entry.form.is_bound and not is_overtaken else entry.budget.version


def _effect(request: OrganizationRequest, entry: BudgetForms) -> dict[str, object]:
    """What the form would do, once it says enough."""
    if not entry.form.is_bound or not entry.is_valid():
        return {"effect": None}
    effect = find_effect(
        scope=entry.scope, amount=entry.amount, thresholds=entry.thresholds, months=MONTHS_SHOWN, as_of=request.now
    )
    return {"effect": effect, "rate_is_missing": effect is None, "amount": entry.amount}


def _saved(request: OrganizationRequest, saved: SavedBudget) -> HttpResponse:
    text = _("Saved. The audit log has it as line %(number)s.")
    messages.success(request, text % {"number": saved.audit_event_id})
    nudge(EVALUATE, organization_id=request.organization.id)
    return redirect("forecasting:budget_detail", org_slug=request.organization.slug, budget_id=saved.budget.id)


def _forms(
    request: OrganizationRequest, budget: BudgetValue | None = None, thresholds: Sequence[Threshold] = ()
) -> BudgetForms:
    """The forms of a new or an existing budget, bound to what was posted."""
    initial = _existing(budget) if budget else _usual(request)
    form = BudgetForm(posted(request), request=request, budget=budget, initial=initial)
    return BudgetForms(form, threshold_rows(request, thresholds if budget else None), budget)


def _usual(request: OrganizationRequest) -> dict[str, object]:
    scope = request.GET.get("scope", f"{ScopeKind.ORGANIZATION}:")
    return {"scope": scope, "currency": request.organization.currency, "owner": request.user.pk}


def _existing(budget: BudgetValue) -> dict[str, object]:
    return {
        "version": budget.version,
        "name": budget.name,
        "amount": plain(budget.amount.amount),
        "currency": budget.amount.currency,
        "owner": budget.owner.user_id if budget.owner else None,
    }


def _currencies(request: OrganizationRequest, budget: BudgetValue | None) -> list[Choice]:
    entered = sorted({rate.currency for rate in list_exchange_rates()})
    own = [budget.amount.currency] if budget else []
    return [(code, code) for code in dict.fromkeys([*own, request.organization.currency, USD, *entered])]


def _owners(budget: BudgetValue | None) -> list[Choice]:
    members = [(str(member.user_id), member.label) for member in list_members()]
    known = {user_id for user_id, _label in members}
    owner = budget.owner if budget else None
    if owner and owner.user_id and str(owner.user_id) not in known:
        # Who has left stays in the form, so that saving something else does not take the budget from them silently.
        members.append((str(owner.user_id), owner.label))
    return [("", _("Nobody")), *members]
