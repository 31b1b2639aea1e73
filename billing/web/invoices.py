"""Invoices on pages: entered and taken back by finance."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access.forms import posted
from accounts.access.sentences import add_error
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.errors import CallerError
from accounts.domain.roles import Permission
from billing.domain.dimensions import Provider
from billing.domain.labels import PROVIDER_LABELS
from billing.domain.periods import DAY, Month
from billing.operations.invoices import enter_invoice, remove_invoice
from billing.queries.invoices import get_invoice
from billing.queries.reconciliation import get_reconciliation
from billing.web.reconciliation import month_address, read_number


class InvoiceForm(forms.Form):
    """What a provider asks for a month."""

    month = forms.CharField(
        label=gettext_lazy("Month"),
        max_length=7,
        help_text=gettext_lazy("For example 2026-10"),
        widget=forms.TextInput(attrs={"type": "month"}),
    )
    provider = forms.ChoiceField(
        label=gettext_lazy("Provider"),
        choices=[(provider.value, gettext_lazy(PROVIDER_LABELS[provider])) for provider in Provider],
    )
    invoice_id = forms.CharField(
        label=gettext_lazy("Invoice number"), max_length=64, help_text=gettext_lazy("As it stands on the invoice")
    )
    amount = forms.CharField(
        label=gettext_lazy("Amount for AI"),
        max_length=24,
        help_text=gettext_lazy(
            "The part of the invoice that is for AI services, with credits and tax as far as they are"
        ),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    currency = forms.CharField(
        label=gettext_lazy("Currency"),
        max_length=3,
        help_text=gettext_lazy("Three letters, for example USD"),
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "spellcheck": "false"}),
    )
    note = forms.CharField(label=gettext_lazy("Note"), max_length=200, required=False)

    def clean_month(self) -> Month:
        """Read the month."""
        try:
            return Month.parse(self.cleaned_data["month"])
        except ValueError as error:
            raise ValidationError(_("Month must be a year and a month, for example 2026-10.")) from error

    def clean_provider(self) -> Provider:
        """Read the provider."""
        return Provider(self.cleaned_data["provider"])

    def clean_amount(self) -> Decimal:
        """Read the amount as people write it."""
        return read_number(self.cleaned_data["amount"])

    def clean_currency(self) -> str:
        """Read the currency."""
        return str(self.cleaned_data["currency"]).strip().upper()


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_RECONCILIATION)
def invoice_create(request: OrganizationRequest) -> HttpResponse:
    """Enter an invoice."""
    initial = {"month": request.GET.get("month", str(Month.of(request.now.date() - DAY).previous())), "currency": "USD"}
    form = InvoiceForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            enter_invoice(actor=request.actor, now=request.now, **form.cleaned_data)
        except CallerError as error:
            add_error(form, error)
        else:
            text = _("Invoice %(number)s is entered.") % {"number": form.cleaned_data["invoice_id"]}
            messages.success(request, text)
            return redirect(month_address(request, form.cleaned_data["month"]))
    month = _month_of(initial["month"], Month.of(request.now.date() - DAY))
    billed = get_reconciliation(month.start, month.end).whole.billed
    context = {"form": form, "month": month, "billed": billed}
    return render(request, "billing/reconciliation/invoice.html", context, status=422 if form.errors else 200)


def _month_of(text: str, otherwise: Month) -> Month:
    try:
        return Month.parse(text)
    except ValueError:
        return otherwise


@require_POST
@organization_view(Permission.EDIT_RECONCILIATION)
def invoice_remove(request: OrganizationRequest, invoice_id: int) -> HttpResponse:
    """Take an invoice back; it can be entered again, so nothing is asked."""
    month = get_invoice(invoice_id).month
    event_id = remove_invoice(actor=request.actor, invoice_id=invoice_id)
    messages.success(request, _("Removed. The audit log has it as line %(number)s.") % {"number": event_id})
    return redirect(month_address(request, month))
