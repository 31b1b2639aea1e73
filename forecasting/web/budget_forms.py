"""The form of a budget and the rows of its thresholds."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access.forms import posted
from accounts.access.sentences import sentence
from accounts.access.web import OrganizationRequest
from accounts.domain.errors import Invalid
from accounts.queries.cost_centers import list_cost_centers
from accounts.queries.memberships import list_members
from billing.domain.exchange_rates import USD
from billing.domain.money import Money, plain
from billing.queries.catalog import list_foundation_models
from billing.queries.exchange_rates import list_exchange_rates
from forecasting.domain.alerts import ALERT_KIND_LABELS, MAX_THRESHOLDS, AlertKind, Threshold, check_thresholds
from forecasting.domain.budgets import MAX_NAME_LENGTH, SCOPE_KIND_LABELS, BudgetValue, parse_amount
from forecasting.domain.series import WHOLE_ORGANIZATION, Scope, ScopeKind
from forecasting.queries.channels import list_channels

# Rows without a percentage are for those who want more; they are left out when saving.
BLANK_ROWS = 2
# What most budgets want: a word when it is nearly spent, and one when it is going to be exceeded.
USUAL: tuple[tuple[AlertKind, int], ...] = ((AlertKind.ACTUAL, 80), (AlertKind.FORECAST, 100))
Choice = tuple[str, str]


class BudgetForm(forms.Form):
    """What a budget is called, how much it is, and who answers for it."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=MAX_NAME_LENGTH,
        help_text=gettext_lazy("Alerts begin with it, for example Search team"),
    )
    scope = forms.ChoiceField(
        label=gettext_lazy("For"),
        help_text=gettext_lazy("A cost center is counted without the ones below it."),
    )
    amount = forms.CharField(
        label=gettext_lazy("Amount a month"),
        max_length=40,
        help_text=gettext_lazy("For example 4,300,000"),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    currency = forms.ChoiceField(label=gettext_lazy("Currency"))
    owner = forms.TypedChoiceField(
        label=gettext_lazy("Owner"),
        coerce=int,
        empty_value=None,
        required=False,
        help_text=gettext_lazy("Who answers for it; alerts name them."),
    )

    def __init__(self, *args: Any, request: OrganizationRequest, budget: BudgetValue | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _set_choices(self, "currency", _currencies(request, budget))
        _set_choices(self, "owner", _owners(budget))
        if budget is None:
            _set_choices(self, "scope", _scopes())
        else:
            # What a budget is for stays: its alerts and figures would change their meaning.
            del self.fields["scope"]

    def clean_amount(self) -> Decimal:
        """Read the amount as people type it."""
        try:
            return parse_amount(self.cleaned_data["amount"])
        except Invalid as error:
            raise ValidationError(sentence(error)) from error

    def clean_scope(self) -> Scope:
        """Read what the budget is for."""
        kind, _separator, key = str(self.cleaned_data["scope"]).partition(":")
        return Scope(ScopeKind(kind), key)


class ThresholdForm(forms.Form):
    """One threshold; without a percentage it is none."""

    percent = forms.CharField(
        label=gettext_lazy("Percent of the amount"),
        required=False,
        max_length=8,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    kind = forms.ChoiceField(label=gettext_lazy("Of"))
    channel_ids = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Tell"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, channels: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _set_choices(self, "kind", [(kind.value, _(label)) for kind, label in ALERT_KIND_LABELS.items()])
        _set_choices(self, "channel_ids", [(str(channel_id), name) for channel_id, name in channels])

    def clean_percent(self) -> Decimal | None:
        """Read the percentage, in half or full width, with or without its sign."""
        text = unicodedata.normalize("NFKC", self.cleaned_data["percent"]).strip().rstrip("% ")
        if not text:
            return None
        try:
            percent = Decimal(text)
            check_thresholds((Threshold(kind=AlertKind.ACTUAL, percent=percent),))
        except InvalidOperation as error:
            raise ValidationError(_("Percent must be a number, for example 80.")) from error
        except Invalid as error:
            raise ValidationError(sentence(error)) from error
        return percent


ThresholdRows = formset_factory(
    ThresholdForm, extra=BLANK_ROWS, max_num=MAX_THRESHOLDS, absolute_max=MAX_THRESHOLDS, validate_max=True
)


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
        return self.budget.scope if self.budget else self.form.cleaned_data["scope"]

    @property
    def thresholds(self) -> tuple[Threshold, ...]:
        return tuple(
            Threshold(
                kind=AlertKind(row.cleaned_data["kind"]),
                percent=row.cleaned_data["percent"],
                channel_ids=tuple(row.cleaned_data["channel_ids"]),
            )
            for row in self.rows
            if row.cleaned_data.get("percent") is not None
        )


def budget_forms(
    request: OrganizationRequest, *, budget: BudgetValue | None = None, thresholds: Iterable[Threshold] = ()
) -> BudgetForms:
    """Return the forms of a new or an existing budget, bound to what was posted."""
    channels = [(channel.id, channel.name) for channel in list_channels(disabled=False)]
    rows = ThresholdRows(
        posted(request),
        prefix="thresholds",
        initial=_existing_rows(thresholds) if budget else _usual_rows(channels),
        form_kwargs={"channels": channels},
    )
    initial = _existing(budget) if budget else _usual(request)
    return BudgetForms(BudgetForm(posted(request), request=request, budget=budget, initial=initial), rows, budget)


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


def _usual_rows(channels: Sequence[tuple[int, str]]) -> list[dict[str, object]]:
    ids = [str(channel_id) for channel_id, _name in channels]
    return [{"percent": percent, "kind": kind.value, "channel_ids": ids} for kind, percent in USUAL]


def _existing_rows(thresholds: Iterable[Threshold]) -> list[dict[str, object]]:
    return [
        {
            "percent": plain(threshold.percent),
            "kind": threshold.kind.value,
            "channel_ids": [str(channel_id) for channel_id in threshold.channel_ids],
        }
        for threshold in thresholds
    ]


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


def _scopes() -> list[Any]:
    centers = [(f"{ScopeKind.COST_CENTER}:{center.id}", " / ".join(center.path)) for center in list_cost_centers()]
    models = [(f"{ScopeKind.MODEL}:{model.model_id}", model.display_name) for model in list_foundation_models()]
    groups = [
        (_("Cost centers"), centers),
        (_("Foundation models"), sorted(models, key=lambda choice: choice[1].casefold())),
    ]
    whole = (f"{WHOLE_ORGANIZATION.kind}:", _(SCOPE_KIND_LABELS[ScopeKind.ORGANIZATION]))
    return [whole, *(group for group in groups if group[1])]


def _set_choices(form: forms.Form, name: str, choices: Sequence[Any]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices
