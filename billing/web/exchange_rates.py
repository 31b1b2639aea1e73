"""The exchange rates by month that an organization enters by hand."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access.forms import posted
from accounts.access.sentences import add_error
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.errors import CallerError
from accounts.domain.roles import Permission
from billing.domain.exchange_rates import USD, ExchangeRate
from billing.domain.periods import Month, local_day
from billing.domain.rate_months import ChangedMonth
from billing.operations.exchange_rates import enter_exchange_rate, remove_exchange_rate
from billing.queries.exchange_rates import (
    get_exchange_rate,
    list_changed_by_removal,
    list_changed_months,
    list_exchange_rates,
    list_rate_months,
)

RATE = re.compile(r"(\d{1,10}|\d{1,3}(,\d{3})+)(\.\d{1,8})?", re.ASCII)


class RateForm(forms.Form):
    """What one US dollar buys in a month."""

    month = forms.CharField(
        label=gettext_lazy("Month"),
        max_length=7,
        help_text=gettext_lazy("For example 2026-10"),
        widget=forms.TextInput(attrs={"type": "month"}),
    )
    currency = forms.CharField(
        label=gettext_lazy("Currency"),
        max_length=3,
        help_text=gettext_lazy("Three letters, for example JPY"),
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "spellcheck": "false"}),
    )
    units_per_usd = forms.CharField(
        label=gettext_lazy("One US dollar buys"),
        max_length=24,
        help_text=gettext_lazy("In units of the currency, for example 152.57"),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    source = forms.CharField(
        label=gettext_lazy("Where the rate is published"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("For example ECB or Bank of Japan, average of the month"),
    )

    def clean_month(self) -> Month:
        """Read the month."""
        try:
            return Month.parse(self.cleaned_data["month"])
        except ValueError as error:
            raise ValidationError(_("Month must be a year and a month, for example 2026-10.")) from error

    def clean_currency(self) -> str:
        """Read the currency."""
        return str(self.cleaned_data["currency"]).strip().upper()

    def clean_units_per_usd(self) -> Decimal:
        """Read the rate as people write it: with commas, full-width digits or a space."""
        text = unicodedata.normalize("NFKC", self.cleaned_data["units_per_usd"]).replace(" ", "")
        if RATE.fullmatch(text) is None:
            raise ValidationError(_("Rate must be a number of more than 0, for example 152.57."))
        return Decimal(text.replace(",", ""))


@require_safe
@organization_view(Permission.VIEW_SPEND)
def exchange_rate_list(request: OrganizationRequest) -> HttpResponse:
    """Show the months and currencies as a grid, with the gaps, and below it who entered each rate."""
    currency = request.organization.currency
    months = list_rate_months(currency=currency, time_zone=request.organization.time_zone, now=request.now)
    context = {
        "rates": list_exchange_rates(),
        "months": months,
        "currencies": [cell.currency for cell in months[0].cells],
        "missed": [cell for month in months for cell in month.cells if cell.is_missed],
        "needs_rate": currency != USD,
    }
    return render(request, "billing/exchange_rates/list.html", context)


@require_POST
@organization_view(Permission.EDIT_EXCHANGE_RATES)
def exchange_rate_preview(request: OrganizationRequest) -> HttpResponse:
    """Say what a rate that is being typed would change; nothing is saved."""
    form = RateForm(request.POST)
    changed = _changed(request, form) if form.is_valid() else None
    return render(request, "billing/exchange_rates/_preview.html", {"changed": changed, "is_swapped": True})


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_EXCHANGE_RATES)
def exchange_rate_create(request: OrganizationRequest) -> HttpResponse:
    """Enter the rate of a month; one that is there already is replaced."""
    form = RateForm(posted(request), initial=_initial(request))
    if request.method == "POST" and form.is_valid():
        try:
            event_id = enter_exchange_rate(actor=request.actor, now=request.now, **form.cleaned_data)
        except CallerError as error:
            add_error(form, error)
        else:
            messages.success(request, _saved(form.cleaned_data, event_id))
            return redirect("billing:exchange_rate_list", org_slug=request.organization.slug)
    changed = _changed(request, form) if form.is_bound and form.is_valid() else None
    context = {"form": form, "changed": changed}
    return render(request, "billing/exchange_rates/form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_EXCHANGE_RATES)
def exchange_rate_remove(request: OrganizationRequest, rate_id: int) -> HttpResponse:
    """Take a rate back, after a page that says what that changes."""
    if request.method == "POST":
        event_id = remove_exchange_rate(actor=request.actor, rate_id=rate_id)
        text = _("Removed. The audit log has it as line %(number)s.")
        messages.success(request, text % {"number": event_id})
        return redirect("billing:exchange_rate_list", org_slug=request.organization.slug)
    rate = get_exchange_rate(rate_id)
    changed = list_changed_by_removal(rate.rate, time_zone=request.organization.time_zone, now=request.now)
    return render(request, "billing/exchange_rates/remove.html", {"rate": rate, "changed": changed})


def _changed(request: OrganizationRequest, form: RateForm) -> tuple[ChangedMonth, ...]:
    """What a rate makes of each month's spend; nothing of one that will be refused."""
    given = form.cleaned_data
    if not given["units_per_usd"]:
        return ()
    rate = ExchangeRate(month=given["month"], currency=given["currency"], units_per_usd=given["units_per_usd"])
    return list_changed_months(rate, time_zone=request.organization.time_zone, now=request.now)


def _initial(request: OrganizationRequest) -> dict[str, str]:
    """What a link to the form says already: a gap of the grid."""
    currency, given = request.organization.currency, request.GET
    return {
        "month": given.get("month", str(Month.of(local_day(request.now, request.organization.time_zone)))),
        "currency": given.get("currency", "" if currency == USD else currency),
    }


def _saved(given: dict[str, Any], event_id: int) -> str:
    text = _("Saved: one US dollar buys %(rate)s %(currency)s in %(month)s. The audit log has it as line %(number)s.")
    return text % {
        "rate": f"{given['units_per_usd']:f}",
        "currency": given["currency"],
        "month": given["month"],
        "number": event_id,
    }
