"""Keeps what a day said when it is told otherwise: a bill that was whole, usage of a day that was closed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Sum

from accounts.tenancy.context import tenant_transaction
from billing.domain.dimensions import Basis
from billing.domain.exchange_rates import USD
from billing.domain.money import ZERO, plain
from billing.domain.periods import DateRange, utc_day_start
from billing.models import BilledCost, BilledCostVersion, BilledSeries, Reconciliation, Restatement
from billing.sql import execute

# What a page shows of what changed; the rest is in the day's total.
CHANGES_KEPT = 50


# Longer than a month can still be restated, or asked about by an auditor of the year before the last.
KEPT = timedelta(days=3 * 366)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moved:
    """A line that says something else now."""

    name: str
    before: Decimal
    after: Decimal


def note_restated_bill(connection_id: int, days: DateRange, *, now: datetime) -> int:
    """Write down the days of a bill whose lines were told otherwise just now; returns how many."""
    moved: dict[tuple[date, str], list[_Moved]] = defaultdict(list)
    for day, currency, account, service, usage_type, before, after in execute(
        "restated_lines", connection_id=connection_id, first_day=days.start, last_day=days.end, replaced_at=now
    ):
        name = " ".join(filter(None, (account, service, usage_type)))
        moved[day, currency].append(_Moved(name=name, before=before, after=after))
    for (day, currency), lines in sorted(moved.items()):
        _note(Basis.BILLED, day, lines, currency=currency, after=_billed_on(day, currency), now=now)
    return len(moved)


def forget_old_versions(*, now: datetime) -> int:
    """Delete what days said before, of days that are older than anybody asks about; returns how many rows."""
    oldest = (now - KEPT).date()
    with tenant_transaction():
        versions, _ = BilledCostVersion.objects.filter(date__lt=oldest).delete()
        restatements, _ = Restatement.objects.filter(date__lt=oldest).delete()
    return versions + restatements


@contextmanager
def rated_days_kept(series_ids: Collection[int], start: datetime, end: datetime, *, now: datetime) -> Iterator[None]:
    """Write down the closed days whose rated cost is another one afterwards, by model."""
    closed = Reconciliation.objects.filter(is_closed=True, date__gte=utc_day_start(start).date(), date__lt=end.date())
    days = list(closed.values_list("date", flat=True))
    if not days:
        yield
        return
    before = _rated_on(days, series_ids)
    yield
    after = _rated_on(days, series_ids)
    for day in sorted(before.keys() | after.keys()):
        was, has = before.get(day, {}), after.get(day, {})
        lines = [
            _Moved(name=model, before=was.get(model, ZERO), after=has.get(model, ZERO))
            for model in sorted(was.keys() | has.keys())
            if was.get(model, ZERO) != has.get(model, ZERO)
        ]
        if lines:
            whole = sum(_rated_on([day], None)[day].values(), ZERO)
            _note(Basis.RATED, day, lines, currency=USD, after=whole, now=now)


def _rated_on(days: Collection[date], series_ids: Collection[int] | None) -> Mapping[date, dict[str, Decimal]]:
    found: dict[date, dict[str, Decimal]] = defaultdict(dict)
    ids = None if series_ids is None else list(series_ids)
    for day, model_id, cost in execute("rated_days", days=list(days), series_ids=ids):
        found[day][model_id] = cost
    return found


def _billed_on(day: date, currency: str) -> Decimal:
    series = BilledSeries.objects.filter(currency=currency).values("id")
    whole = BilledCost.objects.filter(date=day, series_id__in=series).aggregate(cost=Sum("cost_unblended"))["cost"]
    return whole or ZERO


def _note(basis: Basis, day: date, lines: list[_Moved], *, currency: str, after: Decimal, now: datetime) -> None:
    largest = sorted(lines, key=lambda line: (-abs(line.after - line.before), line.name))[:CHANGES_KEPT]
    added = sum((line.after - line.before for line in lines), ZERO)
    row = Restatement(
        date=day,
        basis=basis,
        currency=currency,
        recorded_at=now,
        cost_before=after - added,
        cost_after=after,
        changes=[{"name": line.name, "before": plain(line.before), "after": plain(line.after)} for line in largest],
    )
    # Two windows of one day that are rated again at the very same time are one version: the first tells of it.
    Restatement.objects.bulk_create([row], ignore_conflicts=True)
