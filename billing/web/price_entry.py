"""An organization's own price: its form, what it would change, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access.celery import nudge
from accounts.access.forms import posted
from accounts.access.sentences import add_error, sentence
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.errors import CallerError
from accounts.domain.roles import Permission
from billing.domain import figures
from billing.domain.catalog import ANY_REGION, PriceKey
from billing.domain.dimensions import RoutingClass, Tier, TokenClass
from billing.domain.exchange_rates import USD, RateInForce
from billing.domain.labels import PRICED_CLASSES, ROUTING_CLASS_LABELS, TIER_LABELS, TOKEN_CLASS_LABELS
from billing.domain.money import Money
from billing.domain.periods import Month, local_day, utc_day_start
from billing.domain.price_entry import (
    PRICE_UNIT_LABELS,
    PriceEntry,
    PriceUnit,
    PriceVerdict,
    parse_price,
)
from billing.operations.catalog import check_override, withdraw_price
from billing.operations.prices import enter_price
from billing.queries.catalog import get_price_override, list_foundation_models, names_of
from billing.queries.exchange_rates import list_exchange_rates
from billing.queries.price_effects import (
    PriceEffect,
    get_effect_of_withdrawal,
    get_effect_on_history,
    get_effect_on_month,
    weigh_entry,
)

# How the worker's task is called (billing/tasks.py); a view may not import it.
RERATE = "billing.tasks.rerate_windows"
Code = TypeVar("Code", bound=StrEnum)
THOUSANDTH = Decimal("0.001")


class PriceForm(forms.Form):
    """An organization's own price of one token class."""

    model_id = forms.ChoiceField(label=gettext_lazy("Model"))
    token_class = forms.ChoiceField(label=gettext_lazy("Token class"))
    amount = forms.CharField(
        label=gettext_lazy("Price"),
        max_length=40,
        help_text=gettext_lazy("What you pay, for example 3.00"),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    currency = forms.ChoiceField(label=gettext_lazy("Currency"))
    # No unit is chosen for the reader: one taken for the other is a thousand times off.
    unit = forms.ChoiceField(label=gettext_lazy("The price is"), widget=forms.RadioSelect)
    aws_region = forms.CharField(
        label=gettext_lazy("AWS region"),
        max_length=32,
        help_text=gettext_lazy("One region such as us-east-1, or * for every region"),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    routing_class = forms.ChoiceField(label=gettext_lazy("Routing"))
    tier = forms.ChoiceField(label=gettext_lazy("Service tier"))
    effective_date = forms.DateField(
        label=gettext_lazy("In force from"),
        help_text=gettext_lazy("From 00:00 UTC of this day; what was used before keeps its price"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    effective_to = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        help_text=gettext_lazy("Up to 00:00 UTC of this day, when the published price is in force again"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    source = forms.CharField(
        label=gettext_lazy("Where the price is written"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("A contract, an offer or an invoice"),
    )
    confirm = forms.BooleanField(
        label=gettext_lazy("I have checked amount and unit: the price is right"), required=False
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        models = [(model.model_id, model.display_name) for model in list_foundation_models()]
        currencies = {currency, *(entered.currency for entered in list_exchange_rates())} - {USD}
        _choose(self, "model_id", [("", "–"), *sorted(models, key=lambda choice: choice[1].casefold())])
        _choose(self, "currency", [(code, code) for code in (USD, *sorted(currencies))])
        _choose(self, "token_class", _choices({code: TOKEN_CLASS_LABELS[code] for code in PRICED_CLASSES}))
        _choose(self, "unit", _choices(PRICE_UNIT_LABELS))
        _choose(self, "routing_class", _choices(ROUTING_CLASS_LABELS))
        _choose(self, "tier", _choices(TIER_LABELS))

    def entry(self) -> PriceEntry:
        """The price as it was typed; of a form that is valid. Raises PriceMalformed."""
        given = self.cleaned_data
        key = PriceKey(
            model_id=given["model_id"],
            aws_region=given["aws_region"].strip(),
            routing_class=RoutingClass(given["routing_class"]),
            tier=Tier(given["tier"]),
            token_class=TokenClass(given["token_class"]),
        )
        ends: date | None = given["effective_to"]
        return PriceEntry(
            key=key,
            amount=parse_price(given["amount"]),
            currency=given["currency"],
            unit=PriceUnit(given["unit"]),
            effective_from=utc_day_start(given["effective_date"]),
            effective_to=utc_day_start(ends) if ends else None,
            source=given["source"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A price before it is saved: in both units, beside the known one, and what it makes of last month and of history."""

    per_million: Money
    per_thousand: Money
    known: Money | None
    change: str
    is_doubtful: bool
    exchange: RateInForce
    month: Month
    on_month: PriceEffect
    on_history: PriceEffect


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_PRICES)
def price_create(request: OrganizationRequest) -> HttpResponse:
    """Enter an organization's own price."""
    form = PriceForm(posted(request), initial=_initial(request), currency=request.organization.currency)
    preview = None
    if request.method == "POST" and form.is_valid():
        try:
            entry = form.entry()
            preview = _preview(request, entry)
            saved = enter_price(
                actor=request.actor, entry=entry, is_confirmed=form.cleaned_data["confirm"], now=request.now
            )
        except CallerError as error:
            add_error(form, error)
        else:
            messages.success(request, _saved(request, preview, saved.event_id))
            return _rate_again(request, entry.key.model_id)
    context = {"form": form, "preview": preview}
    return render(request, "billing/prices/form.html", context, status=422 if form.errors else 200)


@require_POST
@organization_view(Permission.EDIT_PRICES)
def price_preview(request: OrganizationRequest) -> HttpResponse:
    """Say what a price that is being typed comes to and would change; nothing is saved."""
    form = PriceForm(request.POST, currency=request.organization.currency)
    context: dict[str, object] = {"preview": None, "is_swapped": True, "form": form}
    if form.is_valid():
        try:
            context["preview"] = _preview(request, form.entry())
        except CallerError as error:
            context["refusal"] = sentence(error)
    return render(request, "billing/prices/_preview.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_PRICES)
def price_withdraw(request: OrganizationRequest, override_id: int) -> HttpResponse:
    """Take an own price back, after a page that says what that changes."""
    entered = get_price_override(override_id)
    model_id = entered.price.key.model_id
    if request.method == "POST":
        event_id = withdraw_price(actor=request.actor, override_id=override_id)
        text = _("Withdrawn: the published price is in force again. The audit log has it as line %(number)s.")
        messages.success(request, text % {"number": event_id})
        return _rate_again(request, model_id)
    context = {
        "entered": entered,
        "name": names_of(list_foundation_models()).get(model_id, model_id),
        "effect": get_effect_of_withdrawal(entered, now=request.now),
    }
    return render(request, "billing/prices/withdraw.html", context)


def _rate_again(request: OrganizationRequest, model_id: str) -> HttpResponse:
    """Have a worker rate stored usage again at once; the model's page says so until it has."""
    nudge(RERATE, organization_id=request.organization.id)
    return redirect("billing:price_detail", org_slug=request.organization.slug, model_id=model_id)


def _preview(request: OrganizationRequest, entry: PriceEntry) -> Preview:
    """Raises what `enter_price` raises, but for a price that only wants to be confirmed."""
    check_override(entry.key, effective_from=entry.effective_from, effective_to=entry.effective_to)
    weighed = weigh_entry(entry, now=request.now)
    rate, known = weighed.rate_usd_per_million, weighed.known_usd_per_million
    month = Month.of(local_day(request.now, request.organization.time_zone)).previous()
    return Preview(
        per_million=Money(rate, USD),
        per_thousand=Money(rate * THOUSANDTH, USD),
        known=Money(known, USD) if known is not None else None,
        change=figures.change(rate, known, request.LANGUAGE_CODE),
        is_doubtful=weighed.verdict is PriceVerdict.DOUBTFUL,
        exchange=weighed.exchange,
        month=month,
        on_month=get_effect_on_month(
            entry,
            rate_usd_per_million=rate,
            month=month,
            time_zone=request.organization.time_zone,
            now=request.now,
        ),
        on_history=get_effect_on_history(entry, rate_usd_per_million=rate, now=request.now),
    )


def _saved(request: OrganizationRequest, preview: Preview, event_id: int) -> str:
    values = {
        "before": figures.unit_price(preview.known, request.LANGUAGE_CODE) if preview.known else figures.UNKNOWN,
        "after": figures.unit_price(preview.per_million, request.LANGUAGE_CODE),
        "who": request.actor.label,
        "number": event_id,
    }
    text = _("Saved: %(before)s to %(after)s per 1M tokens, by %(who)s. The audit log has it as line %(number)s.")
    return text % values


def _initial(request: OrganizationRequest) -> dict[str, object]:
    """What a link to the form says already; the unit is never among it."""
    given = request.GET
    return {
        "model_id": given.get("model", ""),
        "currency": USD,
        "aws_region": given.get("region", ANY_REGION),
        "routing_class": given.get("routing", RoutingClass.REGIONAL.value),
        "tier": given.get("tier", Tier.STANDARD.value),
        "token_class": given.get("class", TokenClass.INPUT.value),
        "effective_date": request.now.date(),
    }


def _choices(labels: Mapping[Code, str]) -> list[tuple[str, str]]:
    return [(code.value, _(label)) for code, label in labels.items()]


def _choose(form: forms.Form, name: str, choices: list[tuple[str, str]]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices
