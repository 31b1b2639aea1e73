"""Extract, backtest, select, forecast, store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

import structlog

from accounts.domain.errors import Conflict
from accounts.domain.placements import Tree
from accounts.domain.text import gettext_noop
from accounts.queries.cost_centers import find_last_move, get_tree
from accounts.queries.organizations import get_organization
from accounts.tenancy.context import current_organization_id, tenant_transaction
from billing.domain.periods import DAY, local_day, local_day_bounds
from billing.queries.collection import find_last_stored_at, get_backfill, get_data_until
from billing.queries.connections import list_connections
from forecasting.domain.calendar import Origin, months_to_forecast, origin_of
from forecasting.domain.forecasts import Choice, PublishedForecast, is_forecast_due, is_provisional
from forecasting.domain.month_end import Outlook, forecast_months
from forecasting.domain.series import HISTORY_DAYS, ScopeSpend
from forecasting.models import BacktestScore, ForecastPoint, ForecastRun
from forecasting.queries.forecasts import find_newest_forecast
from forecasting.queries.series import list_scope_spend

log = structlog.get_logger()

RUN_KEY = ("organization", "scope_kind", "scope_key", "month", "data_until")
BOUNDS = ("lo_80", "hi_80", "lo_95", "hi_95")
RUN_VALUES = (
    "method",
    "calibrated",
    "is_provisional",
    "history_days",
    "currency",
    "spent_to_date",
    "total",
    "lo_50",
    "hi_50",
    *BOUNDS,
)
SCORE_KEY = ("organization", "data_until", "method")
SCORE_VALUES = ("trials", "memory_days", "total_error", "daily_error", "bias")


class NothingToForecast(Conflict):
    """There is no spend yet, or some source has stored nothing yet."""

    code: ClassVar[str] = "nothing_to_forecast"
    message: ClassVar[str] = gettext_noop("There is nothing to forecast from: no spend has been collected yet.")


class DataTooOld(Conflict):
    """The newest complete data lie too far back to say anything about this month."""

    code: ClassVar[str] = "data_too_old_to_forecast"
    message: ClassVar[str] = gettext_noop("There is nothing to forecast from: data reach only until %(data_until)s.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastsMade:
    """What one run has stored."""

    data_until: datetime
    made_at: datetime
    choice: Choice
    left_out: Mapping[str, int]
    forecasts: tuple[PublishedForecast, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a run starts from."""

    time_zone: str
    data_until: datetime
    spend: Sequence[ScopeSpend]
    tree: Tree
    is_provisional: bool

    @property
    def origin(self) -> Origin:
        return origin_of(self.data_until, self.time_zone)


def forecast_organization(*, now: datetime) -> ForecastsMade:
    """Forecast every scope of the organization to the end of the month and store what was said.

    Reading and storing are two transactions, with the work between them. Doing it again on the same data gives the same
    rows; on restated data until the same moment it replaces them. Raises NothingToForecast, DataTooOld.
    """
    known = _read(now)
    months = months_to_forecast(known.origin, local_day(now, known.time_zone))
    if not months:
        raise DataTooOld(data_until=known.data_until.date().isoformat())
    outlook = forecast_months(
        known.spend,
        origin=known.origin,
        months=months,
        data_until=known.data_until,
        made_at=now,
        tree=known.tree,
    )
    forecasts = tuple(replace(forecast, is_provisional=known.is_provisional) for forecast in outlook.forecasts)
    outlook = replace(outlook, forecasts=forecasts)
    with tenant_transaction():
        _store(outlook, known, now)
    made = ForecastsMade(
        data_until=known.data_until,
        made_at=now,
        choice=outlook.choice,
        left_out=outlook.left_out,
        forecasts=outlook.forecasts,
    )
    log.info("forecasts_made", scopes=len(known.spend), method=made.choice.method, left_out=dict(made.left_out))
    return made


def forecast_organization_if_due(*, now: datetime) -> ForecastsMade | None:
    """Forecast the organization if data were stored since it was last forecast; None when it is not due."""
    with tenant_transaction():
        newest = find_newest_forecast()
        due = is_forecast_due(
            stored_at=_last_news(),
            data_until=get_data_until(now=now).rated,
            windows_left=get_backfill(now=now).windows_left,
            made_at=newest.made_at if newest else None,
            made_on=newest.data_until if newest else None,
            now=now,
        )
    if not due:
        return None
    try:
        return forecast_organization(now=now)
    except (NothingToForecast, DataTooOld) as reason:
        log.info("forecast_skipped", reason=reason.code)
        return None


def _last_news() -> datetime | None:
    """When something was last told that forecasts follow: data, or a cost center that moved."""
    return max((moment for moment in (find_last_stored_at(), find_last_move()) if moment), default=None)


def _read(now: datetime) -> Known:
    organization = get_organization(current_organization_id())
    with tenant_transaction():
        data_until = get_data_until(now=now).rated
        if data_until is None:
            raise NothingToForecast
        today = local_day(now, organization.time_zone)
        start = origin_of(data_until, organization.time_zone).current_day - HISTORY_DAYS * DAY
        # Asked before the spend is read: what is stored in between makes the forecast better than it says.
        provisional = _is_past_missing(now)
        tree = get_tree()
        spend = list_scope_spend(start=start, end=today + DAY, time_zone=organization.time_zone, tree=tree)
    if not spend:
        raise NothingToForecast
    return Known(
        time_zone=organization.time_zone,
        data_until=data_until,
        spend=spend,
        tree=tree,
        is_provisional=provisional,
    )


def _is_past_missing(now: datetime) -> bool:
    connected = [connection.connected_at for connection in list_connections() if connection.connected_at]
    return is_provisional(
        is_reading_past=get_backfill(now=now).is_running, connected_at=max(connected, default=None), now=now
    )


def _store(outlook: Outlook, known: Known, now: datetime) -> None:
    runs = ForecastRun.objects.bulk_create(
        [_run_row(forecast) for forecast in outlook.forecasts],
        update_conflicts=True,
        unique_fields=RUN_KEY,
        update_fields=("made_at", *RUN_VALUES),
    )
    ForecastRun.objects.filter(data_until=known.data_until).exclude(pk__in=[run.pk for run in runs]).delete()
    _forget_days_of_overtaken_runs(known)
    ForecastPoint.objects.bulk_create(
        point for run, forecast in zip(runs, outlook.forecasts, strict=True) for point in _points(run, forecast)
    )
    BacktestScore.objects.bulk_create(
        _scores(outlook.choice, known.data_until, now),
        update_conflicts=True,
        unique_fields=SCORE_KEY,
        update_fields=("made_at", "is_chosen", "reason", *SCORE_VALUES),
    )


def _forget_days_of_overtaken_runs(known: Known) -> None:
    """Keep the days of one forecast a day, the newest: a year of hourly ones would be millions of rows."""
    start, end = local_day_bounds(known.origin.current_day, known.time_zone)
    ForecastPoint.objects.filter(run__data_until__gte=start, run__data_until__lt=end).delete()


def _run_row(forecast: PublishedForecast) -> ForecastRun:
    return ForecastRun(
        scope_kind=forecast.scope.kind,
        scope_key=forecast.scope.key,
        month=forecast.month.start,
        data_until=forecast.data_until,
        made_at=forecast.made_at,
        **{name: getattr(forecast, name) for name in RUN_VALUES},
    )


def _points(run: ForecastRun, forecast: PublishedForecast) -> Iterable[ForecastPoint]:
    return (
        ForecastPoint(
            run=run,
            date=day.date,
            amount=day.amount,
            running_total=day.running_total,
            **{name: getattr(day, name) for name in BOUNDS},
        )
        for day in forecast.days
    )


def _scores(choice: Choice, data_until: datetime, now: datetime) -> list[BacktestScore]:
    return [
        BacktestScore(
            data_until=data_until,
            made_at=now,
            method=score.method,
            is_chosen=score.method == choice.method,
            reason=choice.reason,
            **{name: getattr(score, name) for name in SCORE_VALUES},
        )
        for score in choice.scores
    ]
