"""The forecast in force; its accuracy so far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet

from accounts.domain.pages import Page
from accounts.tenancy.answers import asked_once
from billing.domain.periods import Month, local_day_bounds
from billing.queries.collection import get_data_until
from forecasting.domain.forecasts import ForecastDay, PublishedForecast
from forecasting.domain.series import Scope, ScopeKind
from forecasting.models import ForecastPoint, ForecastRun
from forecasting.queries.scopes import list_scope_months

Runs = QuerySet[ForecastRun, ForecastRun]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestForecast:
    """When the organization was last forecast, and on data until when."""

    made_at: datetime
    data_until: datetime
    is_provisional: bool


def find_forecast(scope: Scope, *, month: Month, as_of: datetime) -> PublishedForecast | None:
    """Return the forecast of a scope's month that was in force at a time, or None when there was none yet."""
    runs = _runs(month, as_of).filter(scope_kind=scope.kind, scope_key=scope.key)
    run = runs.order_by("-made_at", "-data_until").prefetch_related("points").first()
    return _published(run) if run else None


def list_forecasts(*, month: Month, as_of: datetime, kind: ScopeKind | None = None) -> tuple[PublishedForecast, ...]:
    """Return the forecasts of a month that were in force at a time, of all scopes or of one kind; they add up.

    All are of one run of the organization: a scope that has fallen out of it (nothing spent for half a year) is absent.
    """
    newest = _newest_data_until(month, as_of)
    if newest is None:
        return ()
    runs = ForecastRun.objects.filter(month=month.start, data_until=newest)
    chosen = runs.filter(scope_kind=kind) if kind else runs
    found = (_published(run) for run in chosen.prefetch_related("points"))
    return tuple(sorted(found, key=lambda forecast: (forecast.scope != Scope(ScopeKind.ORGANIZATION), forecast.scope)))


def list_past_forecasts(scope: Scope, *, month: Month, after: str | None = None, limit: int) -> Page[PublishedForecast]:
    """Return what was said about a scope's month over time, newest data first, without days; a page of them."""
    runs = ForecastRun.objects.filter(month=month.start, scope_kind=scope.kind, scope_key=scope.key)
    if after is not None:
        runs = runs.filter(data_until__lt=datetime.fromisoformat(after))
    found = list(runs.order_by("-data_until")[: limit + 1])
    following = found[limit - 1].data_until.isoformat() if len(found) > limit else None
    return Page(rows=tuple(_published(run, has_days=False) for run in found[:limit]), next=following)


def find_outcome(scope: Scope, *, month: Month, now: datetime, time_zone: str) -> Decimal | None:
    """Return what a scope's month came to, or None while the month, or the reading of it, goes on."""
    until = get_data_until(now=now).rated
    if until is None or until < local_day_bounds(month.end, time_zone)[0]:
        return None
    return list_scope_months(scope, first=month, end=month.next(), time_zone=time_zone).get(month, Decimal(0))


def find_newest_forecast() -> NewestForecast | None:
    """Return when the organization was last forecast, or None if never."""
    run = ForecastRun.objects.order_by("-made_at").first()
    if run is None:
        return None
    return NewestForecast(made_at=run.made_at, data_until=run.data_until, is_provisional=run.is_provisional)


@asked_once
def _newest_data_until(month: Month, as_of: datetime) -> datetime | None:
    return _runs(month, as_of).order_by("-made_at", "-data_until").values_list("data_until", flat=True).first()


def _runs(month: Month, as_of: datetime) -> Runs:
    return ForecastRun.objects.filter(month=month.start, made_at__lte=as_of)


def _published(run: ForecastRun, *, has_days: bool = True) -> PublishedForecast:
    return PublishedForecast(
        scope=Scope(ScopeKind(run.scope_kind), run.scope_key),
        month=Month.of(run.month),
        made_at=run.made_at,
        data_until=run.data_until,
        method=run.method,
        calibrated=run.calibrated,
        is_provisional=run.is_provisional,
        history_days=run.history_days,
        currency=run.currency,
        spent_to_date=run.spent_to_date,
        total=run.total,
        lo_50=run.lo_50,
        hi_50=run.hi_50,
        lo_80=run.lo_80,
        hi_80=run.hi_80,
        lo_95=run.lo_95,
        hi_95=run.hi_95,
        days=tuple(_days(run.points.all())) if has_days else (),
    )


def _days(points: Iterable[ForecastPoint]) -> list[ForecastDay]:
    return [
        ForecastDay(
            date=point.date,
            amount=point.amount,
            running_total=point.running_total,
            lo_80=point.lo_80,
            hi_80=point.hi_80,
            lo_95=point.lo_95,
            hi_95=point.hi_95,
        )
        for point in sorted(points, key=lambda point: point.date)
    ]
