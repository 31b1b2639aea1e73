"""Prices in force for what is used, each model's price list, and an organization's own prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access.forms import posted
from accounts.access.sentences import add_error, sentence
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.errors import CallerError
from accounts.domain.roles import Permission
from billing.domain import figures
from billing.domain.catalog import ANY_REGION, PriceKey
from billing.domain.dimensions import RoutingClass, Tier, TokenClass
from billing.domain.exchange_rates import USD
from billing.domain.labels import PRICED_CLASSES, ROUTING_CLASS_LABELS, TIER_LABELS, TOKEN_CLASS_LABELS
from billing.domain.money import Money
from billing.domain.periods import Month, utc_day_start
from billing.domain.price_entry import (
    PRICE_UNIT_LABELS,
    PriceUnit,
    PriceVerdict,
    judge,
    parse_price,
    per_million,
)
from billing.operations.catalog import override_price, withdraw_price
from billing.queries.catalog import (
    find_price_table_date,
    list_foundation_models,
    list_price_overrides,
    list_prices,
    names_of,
)
from billing.queries.prices import (
    SHOWN_CLASSES,
    find_price_in_force,
    get_cost_at_rate,
    get_foundation_model,
    list_prices_in_use,
)

Code = TypeVar("Code", bound=StrEnum)
THOUSANDTH = Decimal("0.001")


class PriceForm(forms.Form):
    """An organization's own price of one token class."""

    model_id = forms.ChoiceField(label=gettext_lazy("Model"))
    token_class = forms.ChoiceField(label=gettext_lazy("Token class"))
    amount = forms.CharField(
        label=gettext_lazy("Price in US dollars"),
        max_length=40,
        help_text=gettext_lazy("What you pay, for example 3.00"),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
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
    source = forms.CharField(
        label=gettext_lazy("Where the price is written"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("A contract, an offer or an invoice"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        models = [(model.model_id, model.display_name) for model in list_foundation_models()]
        _choose(self, "model_id", [("", "–"), *sorted(models, key=lambda choice: choice[1].casefold())])
        _choose(self, "token_class", _choices({code: TOKEN_CLASS_LABELS[code] for code in PRICED_CLASSES}))
        _choose(self, "unit", _choices(PRICE_UNIT_LABELS))
        _choose(self, "routing_class", _choices(ROUTING_CLASS_LABELS))
        _choose(self, "tier", _choices(TIER_LABELS))

    def key(self) -> PriceKey:
        """What the price is for; of a form that is valid."""
        given = self.cleaned_data
        return PriceKey(
            model_id=given["model_id"],
            aws_region=given["aws_region"].strip(),
            routing_class=RoutingClass(given["routing_class"]),
            tier=Tier(given["tier"]),
            token_class=TokenClass(given["token_class"]),
        )

    def rate(self) -> Decimal:
        """The price per million tokens. Raises PriceMalformed or PriceTooFine."""
        return per_million(parse_price(self.cleaned_data["amount"]), PriceUnit(self.cleaned_data["unit"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A price before it is saved, in both units, beside the known one, and what it would have made of last month."""

    per_million: Money
    per_thousand: Money
    known: Money | None
    change: str
    is_doubtful: bool
    month: Month
    month_then: Money | None
    month_now: Money


@require_safe
@organization_view(Permission.VIEW_SPEND)
def price_list(request: OrganizationRequest) -> HttpResponse:
    """Show the prices in force for what is used, and the organization's own."""
    in_use = list_prices_in_use(now=request.now)
    context = {
        "prices": in_use,
        "token_classes": SHOWN_CLASSES,
        "unpriced": sum(line.tokens_unpriced for line in in_use),
        "models": len({line.model_id for line in in_use}),
        "overrides": list_price_overrides(),
        "names": names_of(list_foundation_models()),
        "table_date": find_price_table_date(),
    }
    return render(request, "billing/prices/list.html", context)


@require_safe
@organization_view(Permission.VIEW_SPEND)
def price_detail(request: OrganizationRequest, model_id: str) -> HttpResponse:
    """Show every published price of a model, and the organization's own on top."""
    model = get_foundation_model(model_id)
    context = {
        "model": model,
        "prices": list_prices(model_id),
        "overrides": [entered for entered in list_price_overrides() if entered.price.key.model_id == model_id],
    }
    return render(request, "billing/prices/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_PRICES)
def price_create(request: OrganizationRequest) -> HttpResponse:
    """Enter an organization's own price."""
    form = PriceForm(posted(request), initial=_initial(request))
    if request.method == "POST" and form.is_valid():
        try:
            _override(request, form)
        except CallerError as error:
            add_error(form, error)
        else:
            return redirect("billing:price_detail", org_slug=request.organization.slug, model_id=form.key().model_id)
    context = {"form": form, "preview": _preview(request, form) if form.is_bound and form.is_valid() else None}
    return render(request, "billing/prices/form.html", context, status=422 if form.errors else 200)


@require_POST
@organization_view(Permission.EDIT_PRICES)
def price_preview(request: OrganizationRequest) -> HttpResponse:
    """Say what a price that is being typed comes to; nothing is saved."""
    form = PriceForm(request.POST)
    context: dict[str, object] = {"preview": None}
    if form.is_valid():
        try:
            context["preview"] = _preview(request, form)
        except CallerError as error:
            context["refusal"] = sentence(error)
    return render(request, "billing/prices/_preview.html", context)


@require_POST
@organization_view(Permission.EDIT_PRICES)
def price_withdraw(request: OrganizationRequest, override_id: int) -> HttpResponse:
    """Take an own price back; it can be entered again, so nothing is asked."""
    event_id = withdraw_price(actor=request.actor, override_id=override_id)
    text = _("Withdrawn: the published price is in force again. The audit log has it as line %(number)s.")
    messages.success(request, text % {"number": event_id})
    return redirect("billing:price_list", org_slug=request.organization.slug)


def _override(request: OrganizationRequest, form: PriceForm) -> None:
    key, rate = form.key(), form.rate()
    known = find_price_in_force(key, at=request.now)
    judge(rate, known.price.rate_usd_per_million if known else None)
    event_id = override_price(
        actor=request.actor,
        key=key,
        rate_usd_per_million=rate,
        effective_from=utc_day_start(form.cleaned_data["effective_date"]),
        source=form.cleaned_data["source"],
        now=request.now,
    )
    text = _("Saved, and rated again from that day. The audit log has it as line %(number)s.")
    messages.success(request, text % {"number": event_id})


def _preview(request: OrganizationRequest, form: PriceForm) -> Preview:
    """Raises PriceMalformed, PriceTooFine or PriceImplausible."""
    key, rate = form.key(), form.rate()
    found = find_price_in_force(key, at=request.now)
    known = found.price.rate_usd_per_million if found else None
    verdict = judge(rate, known)
    month = Month.of(request.now.date()).previous()
    return Preview(
        per_million=Money(rate, USD),
        per_thousand=Money(rate * THOUSANDTH, USD),
        known=Money(known, USD) if known is not None else None,
        change=figures.change(rate, known, request.LANGUAGE_CODE),
        is_doubtful=verdict is PriceVerdict.DOUBTFUL,
        month=month,
        month_then=_cost(key, known, month) if known is not None else None,
        month_now=_cost(key, rate, month),
    )


def _cost(key: PriceKey, rate: Decimal, month: Month) -> Money:
    return Money(get_cost_at_rate(key, rate_usd_per_million=rate, month=month), USD)


def _initial(request: OrganizationRequest) -> dict[str, object]:
    """What a link to the form says already; the unit is never among it."""
    given = request.GET
    return {
        "model_id": given.get("model", ""),
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
