"""Invoices over REST: what providers ask to be paid for a month's AI use."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters
from accounts.domain.closed_months import MonthIsClosed
from accounts.domain.roles import Permission
from billing.api.catalog import Key, page_of
from billing.api.periods import MONTH, newest_first
from billing.domain.dimensions import Provider
from billing.domain.money import plain
from billing.domain.periods import Month
from billing.operations.invoices import ImpossibleInvoice, InvoiceExists, enter_invoice, remove_invoice
from billing.queries.invoices import EnteredInvoice, InvoiceNotFound, get_invoice, list_invoices

CURRENCY = r"\A[A-Z]{3}\Z"


class InvoiceOutput(serializers.Serializer[Any]):
    """One invoice."""

    id = serializers.IntegerField(allow_null=True, help_text="Null: an imported file of the bill names the invoice.")
    provider = serializers.ChoiceField(choices=[item.value for item in Provider])
    invoice_id = serializers.CharField(help_text="As the provider numbers it.")
    month = serializers.CharField(help_text="`2026-10`")
    amount = serializers.CharField(help_text="What of the invoice is for AI; a decimal number.")
    currency = serializers.CharField()
    note = serializers.CharField()
    entered_by = serializers.CharField(help_text="Who entered it, or the source of files that told it.")
    entered_at = serializers.DateTimeField()
    example = {
        "id": 3,
        "provider": "aws_bedrock",
        "invoice_id": "EUINAWS26-1",
        "month": "2026-10",
        "amount": "26087.15",
        "currency": "USD",
        "note": "",
        "entered_by": "Fay",
        "entered_at": "2026-11-05T01:00:00Z",
    }


class InvoiceInput(serializers.Serializer[Any]):
    """An invoice that is not there yet."""

    provider = serializers.ChoiceField(choices=[item.value for item in Provider], default=Provider.AWS_BEDROCK.value)
    invoice_id = serializers.CharField(max_length=64, help_text="As the provider numbers it.")
    month = serializers.RegexField(MONTH, help_text="`2026-10`")
    amount = serializers.DecimalField(
        max_digits=21, decimal_places=6, help_text="What of the invoice is for AI; a decimal number, as text."
    )
    currency = serializers.RegexField(CURRENCY, default="USD", help_text="`USD`")
    note = serializers.CharField(max_length=200, allow_blank=True, default="")
    example = {"invoice_id": "EUINAWS26-1", "month": "2026-10", "amount": "26087.15", "currency": "USD"}


class InvoiceParameters(PageParameters):
    """Which invoices."""

    month = serializers.RegexField(MONTH, default=None, help_text="`2026-10`")


class InvoiceList(OrganizationApiView):
    """The invoices, newest month first."""

    permissions = {"GET": Permission.VIEW_SPEND, "POST": Permission.EDIT_RECONCILIATION}
    Parameters = InvoiceParameters
    Input = InvoiceInput
    Output = InvoiceOutput
    errors = {"POST": (InvoiceExists, ImpossibleInvoice, MonthIsClosed)}

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        """List invoices."""
        asked = self.read_parameters()
        month = Month.parse(asked["month"]) if asked["month"] else None
        return self.page(page_of(list_invoices(month), _key, asked["after"], asked["limit"]), _serialize)

    def post(self, request: OrganizationApiRequest) -> Response:
        """Enter an invoice."""
        given = self.read_input()
        made = enter_invoice(
            actor=request.actor,
            provider=Provider(given["provider"]),
            invoice_id=given["invoice_id"],
            month=Month.parse(given["month"]),
            amount=Decimal(given["amount"]),
            currency=given["currency"],
            note=given["note"],
            now=request.now,
        )
        return Response(_serialize(get_invoice(made)), status=201)


class InvoiceDetail(OrganizationApiView):
    """One entered invoice."""

    permissions = {"GET": Permission.VIEW_SPEND, "DELETE": Permission.EDIT_RECONCILIATION}
    Output = InvoiceOutput
    errors = {"GET": (InvoiceNotFound,), "DELETE": (InvoiceNotFound, MonthIsClosed)}

    def get(self, request: OrganizationApiRequest, invoice_id: int) -> Response:  # noqa: ARG002 - as above
        """Return one invoice."""
        return Response(_serialize(get_invoice(invoice_id)))

    def delete(self, request: OrganizationApiRequest, invoice_id: int) -> Response:
        """Remove an invoice: the month has two numbers again."""
        remove_invoice(actor=request.actor, invoice_id=invoice_id)
        return Response(status=204)


def _key(invoice: EnteredInvoice) -> Key:
    return (*newest_first(invoice.month), invoice.invoice_id)


def _serialize(invoice: EnteredInvoice) -> dict[str, object]:
    return {
        "id": invoice.id,
        "provider": invoice.provider.value,
        "invoice_id": invoice.invoice_id,
        "month": str(invoice.month),
        "amount": plain(invoice.amount),
        "currency": invoice.currency,
        "note": invoice.note,
        "entered_by": invoice.entered_by,
        "entered_at": invoice.entered_at,
    }
