"""Enters and removes what providers ask to be paid."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from django.db import IntegrityError, transaction

from accounts.domain.audit import Actor, Json
from accounts.domain.errors import Conflict, Invalid
from accounts.domain.text import gettext_noop
from accounts.operations.audit import record_event
from accounts.operations.closed_months import require_open
from billing.domain.dimensions import Provider
from billing.domain.periods import Month
from billing.models import Invoice
from billing.queries.invoices import InvoiceNotFound

CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
MAX_PLACES = 6
MAX_AMOUNT = Decimal(10) ** 15
FIRST_YEAR, LAST_YEAR = 2015, 2100


class ImpossibleInvoice(Invalid):
    """What was entered cannot be an invoice."""

    code: ClassVar[str] = "impossible_invoice"
    message: ClassVar[str] = gettext_noop(
        "An invoice has an id, a month from 2015 on, a currency of three letters, and an amount with at most 6 decimals."
    )


class InvoiceExists(Conflict):
    """The provider's invoice was entered before: which of two is meant is for people to say."""

    code: ClassVar[str] = "invoice_exists"
    message: ClassVar[str] = gettext_noop("The invoice %(invoice_id)s is there already: remove it first.")


def enter_invoice(
    *,
    actor: Actor,
    provider: Provider,
    invoice_id: str,
    month: Month,
    amount: Decimal,
    currency: str,
    note: str,
    now: datetime,
) -> int:
    """Enter what a provider asks for a month's AI use; returns the invoice's number.

    Raises ImpossibleInvoice, InvoiceExists, and MonthIsClosed in a closed month.
    """
    invoice_id = invoice_id.strip()
    _check(invoice_id, month, amount, currency)
    require_open(month.start, field="month")
    row = Invoice(
        provider=provider,
        invoice_id=invoice_id,
        month_date=month.start,
        amount=amount,
        currency=currency,
        note=note.strip(),
        entered_by=actor.label,
        entered_at=now,
    )
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise InvoiceExists(field="invoice_id", invoice_id=invoice_id) from error
    record_event(actor=actor, verb="invoice.entered", target=f"invoice:{row.pk}", after=_described(row))
    return row.pk


def remove_invoice(*, actor: Actor, invoice_id: int) -> int:
    """Take an invoice back; returns the audit event's id. Raises InvoiceNotFound, MonthIsClosed."""
    row = Invoice.objects.select_for_update().filter(id=invoice_id).first()
    if row is None:
        raise InvoiceNotFound
    require_open(row.month_date)
    before = _described(row)
    row.delete()
    return record_event(actor=actor, verb="invoice.removed", target=f"invoice:{invoice_id}", before=before)


def _check(invoice_id: str, month: Month, amount: Decimal, currency: str) -> None:
    if not invoice_id:
        raise ImpossibleInvoice(field="invoice_id")
    if not FIRST_YEAR <= month.year < LAST_YEAR:
        raise ImpossibleInvoice(field="month")
    if CURRENCY.fullmatch(currency) is None:
        raise ImpossibleInvoice(field="currency")
    if not amount.is_finite() or abs(amount) >= MAX_AMOUNT or amount != round(amount, MAX_PLACES):
        raise ImpossibleInvoice(field="amount")


def _described(row: Invoice) -> dict[str, Json]:
    return {
        "provider": str(row.provider),
        "invoice_id": row.invoice_id,
        "month": str(Month.of(row.month_date)),
        "amount": f"{row.amount.normalize():f}",
        "currency": row.currency,
    }
