"""What providers ask to be paid: invoices by month, entered or known from an export."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from accounts.domain.errors import NotFound
from accounts.domain.text import gettext_noop
from billing.domain.dimensions import Provider
from billing.domain.periods import Month
from billing.models import ImportedPeriod, Invoice


class InvoiceNotFound(NotFound):
    """No invoice of this organization has the id."""

    code: ClassVar[str] = "invoice_not_found"
    message: ClassVar[str] = gettext_noop("There is no such invoice.")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnteredInvoice:
    """An invoice and where we know it from; one that a file of the bill names has no `id` and cannot be removed."""

    id: int | None
    provider: Provider
    invoice_id: str
    month: Month
    amount: Decimal
    currency: str
    note: str
    entered_by: str
    entered_at: datetime


def list_invoices(month: Month | None = None) -> tuple[EnteredInvoice, ...]:
    """Return the invoices of a month, or all, newest month first; an id that was entered stands for the file's."""
    rows = Invoice.objects.all() if month is None else Invoice.objects.filter(month_date=month.start)
    entered = [_value(row) for row in rows]
    said = {invoice.invoice_id for invoice in entered}
    told = [invoice for invoice in _told(month) if invoice.invoice_id not in said]
    return tuple(sorted([*entered, *told], key=lambda one: (-one.month.start.toordinal(), one.invoice_id)))


def get_invoice(invoice_id: int) -> EnteredInvoice:
    """Return one entered invoice. Raises InvoiceNotFound."""
    row = Invoice.objects.filter(id=invoice_id).first()
    if row is None:
        raise InvoiceNotFound
    return _value(row)


def get_invoiced(month: Month) -> dict[str, Decimal]:
    """Return what a month's invoices come to, by currency; empty: there is none yet."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for invoice in list_invoices(month):
        sums[invoice.currency] += invoice.amount
    return dict(sums)


def _told(month: Month | None) -> list[EnteredInvoice]:
    """What the imported files say; of each invoice the part that is for AI, which is all that we hold."""
    periods = ImportedPeriod.objects.select_related("cost_source").order_by("period_start", "id")
    if month is not None:
        periods = periods.filter(period_start__gte=month.start, period_start__lt=month.end)
    return [
        EnteredInvoice(
            id=None,
            provider=Provider(period.cost_source.provider),
            invoice_id=told["invoice_id"],
            month=Month.of(period.period_start),
            amount=Decimal(told["billed_ai"]),
            currency=told["currency"],
            note="",
            entered_by=period.cost_source.name,
            entered_at=period.stored_at,
        )
        for period in periods
        for told in period.invoices
        if told["invoice_id"]
    ]


def _value(row: Invoice) -> EnteredInvoice:
    moment: date = row.month_date
    return EnteredInvoice(
        id=row.pk,
        provider=Provider(row.provider),
        invoice_id=row.invoice_id,
        month=Month.of(moment),
        amount=row.amount.normalize(),
        currency=row.currency,
        note=row.note,
        entered_by=row.entered_by,
        entered_at=row.entered_at,
    )
