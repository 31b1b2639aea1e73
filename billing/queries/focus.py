"""The stored bill as rows of FOCUS, page by page, and which billing months there are."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db.models import Q, Sum

from accounts.domain.pages import Page
from billing.domain.focus import BilledLine, focus_row
from billing.domain.periods import Month
from billing.models import BilledCost, BilledSeries, ImportedPeriod

FocusRow = dict[str, str]


def list_billed_months() -> tuple[Month, ...]:
    """Return the months that have bill lines, newest first."""
    months = BilledCost.objects.dates("date", "month", order="DESC")
    return tuple(Month.of(day) for day in months)


def list_focus_rows(*, start: date, end: date, after: str | None = None, limit: int = 1000) -> Page[FocusRow]:
    """Return the bill lines of some days as FOCUS rows, by day and line; their BilledCost adds up to what is billed."""
    facts = BilledCost.objects.filter(date__gte=start, date__lt=end).order_by("date", "series_id")
    if after:
        day, _, series_id = after.partition(" ")
        passed = Q(date__gt=day) | Q(date=day, series_id__gt=int(series_id))
        facts = facts.filter(passed)
    found = list(facts[: limit + 1])
    rows = found[:limit]
    series = {
        row.pk: row
        for row in BilledSeries.objects.select_related("connection", "cost_source").filter(
            id__in={fact.series_id for fact in rows}
        )
    }
    periods = list(ImportedPeriod.objects.filter(period_start__lt=end, period_end__gt=start))
    following = f"{rows[-1].date} {rows[-1].series_id}" if len(found) > limit else None
    return Page(rows=tuple(focus_row(_line(fact, series[fact.series_id], periods)) for fact in rows), next=following)


def sum_billed(*, start: date, end: date) -> dict[str, Decimal]:
    """Return what is billed in some days, by currency: what exported rows must add up to."""
    currency = dict(BilledSeries.objects.values_list("id", "currency"))
    sums: dict[str, Decimal] = {}
    facts = BilledCost.objects.filter(date__gte=start, date__lt=end).values_list("series_id")
    for series_id, cost in facts.annotate(cost=Sum("cost_unblended")):
        sums[currency[series_id]] = sums.get(currency[series_id], Decimal(0)) + cost
    return sums


def _line(fact: BilledCost, series: BilledSeries, periods: list[ImportedPeriod]) -> BilledLine:
    month = Month.of(fact.date)
    told = next((period for period in periods if _covers(period, series, fact.date)), None)
    invoices = {invoice["invoice_id"] for invoice in told.invoices} if told else set()
    connection, source = series.connection, series.cost_source
    payer = connection.aws_account_id if connection else series.aws_account_id
    return BilledLine(
        day=fact.date,
        period_start=told.period_start if told else month.start,
        period_end=told.period_end if told else month.next().start,
        billing_account=payer or series.aws_account_id,
        billing_account_name=(connection.name if connection else "") or (source.name if source else ""),
        # Only where the period has one invoice is it certain which one a line is on.
        invoice_id=invoices.pop() if len(invoices) == 1 else "",
        cost_source=source.name if source else "Cost Explorer",
        provider=series.provider,
        aws_account_id=series.aws_account_id,
        service=series.service,
        usage_type=series.usage_type,
        unit=series.unit,
        currency=series.currency,
        charge_category=series.charge_category,
        region=series.region_told or series.aws_region,
        resource_id=series.resource_id,
        principal_arn=series.principal_arn,
        tags=series.tags,
        model_id=series.model_id,
        publisher=series.publisher,
        token_class=series.token_class,
        tier=series.tier,
        routing_class=series.routing_class,
        heading=series.heading,
        tokens_per_unit=series.tokens_per_unit,
        unblended=fact.cost_unblended,
        net_unblended=fact.cost_net_unblended,
        amortized=fact.cost_amortized,
        quantity=fact.quantity,
        is_estimated=fact.is_estimated,
    )


def _covers(period: ImportedPeriod, series: BilledSeries, day: date) -> bool:
    return period.cost_source_id == series.cost_source_id and period.period_start <= day < period.period_end
