"""Where every scope of one organization stands at the end of a month: methods, bands and parts put together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from itertools import accumulate

import numpy as np

from accounts.domain.placements import NO_TREE, Tree
from billing.domain.exchange_rates import USD
from billing.domain.money import EXACT
from billing.domain.periods import DAY, DateRange, Month
from forecasting.domain.backtest import backtest
from forecasting.domain.branches import branch_amounts
from forecasting.domain.calendar import Origin
from forecasting.domain.features import LEVEL_DAYS, apply_log_ratio
from forecasting.domain.forecasts import Choice, ForecastDay, PublishedForecast
from forecasting.domain.intervals import CALIBRATED_HISTORY_DAYS, LEVELS, Band, StatedBand, calibrate
from forecasting.domain.methods import METHODS
from forecasting.domain.methods.base import FloatArray, Forecast
from forecasting.domain.parts import reconcile
from forecasting.domain.selection import BASELINE, RECOMMENDED, choose
from forecasting.domain.series import HISTORY_DAYS, DailySeries, Scope, ScopeKind, ScopeSpend

ZERO = Decimal(0)
# Forecasts are rounded to this: finer would pretend.
SMALLEST = Decimal("0.000001")
# Backtests look as far ahead as a month is long.
BACKTEST_DAYS = 30
SHORTEST_KNOWN_SHARE = 1 / 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The forecasts of one organization, the method in use and why, and how often a member had to be left out."""

    forecasts: tuple[PublishedForecast, ...]
    choice: Choice
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What all forecasts of one run have in common."""

    origin: Origin
    data_until: datetime
    made_at: datetime
    choice: Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One scope with what its past taught: the band it takes, and its place among the backtested series."""

    spend: ScopeSpend
    history: FloatArray
    band: Band
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The sum of the coming days up to each of them, with its bounds by level: rising, nested, around the sum."""

    rest: tuple[Decimal, ...]
    bounds: Mapping[float, tuple[tuple[Decimal, ...], tuple[Decimal, ...]]]


def forecast_months(
    spend: Sequence[ScopeSpend],
    *,
    origin: Origin,
    months: Sequence[Month],
    data_until: datetime,
    made_at: datetime,
    tree: Tree = NO_TREE,
) -> Outlook:
    """Forecast the rest of each month for the organization, all its parts, and the branches of its cost centers.

    `spend` holds the organization, and of each kind of part either none or a set that adds up to it. What is expected
    of a branch is what is expected of the centers in it; its band is its own: that of its own past.
    """
    with localcontext(EXACT):
        choice, parts = _learn(spend, [_history(one, origin) for one in spend])
        run = Run(origin=origin, data_until=data_until, made_at=made_at, choice=choice)
        horizon = max((origin.horizon_to(month) for month in months), default=0)
        own = [part for part in parts if part.spend.scope.kind is not ScopeKind.COST_CENTER]
        continued = [METHODS[choice.method].forecast(part.history, horizon) for part in own]
        amounts = dict(_reconciled([part.spend for part in own], continued, origin))
        days = tuple(DateRange(origin.current_day, origin.current_day + horizon * DAY))
        branches = [part.spend.scope for part in parts if part.spend.scope.kind is ScopeKind.COST_CENTER]
        amounts.update(branch_amounts(amounts, branches, days=days, tree=tree))
        return Outlook(
            forecasts=tuple(
                _publish(run, part, month, amounts[part.spend.scope]) for month in months for part in parts
            ),
            choice=choice,
            left_out=Counter(name for forecast in continued for name in forecast.left_out),
        )


def _history(spend: ScopeSpend, origin: Origin) -> FloatArray:
    """The complete days since the first charge; of a scope that began today, today as it will be at this pace."""
    start = origin.current_day - HISTORY_DAYS * DAY
    complete = {day: float(amount) for day, amount in spend.days.items() if start <= day < origin.current_day}
    series = DailySeries.from_days(complete, start=start, end=origin.current_day).since_first_charge()
    if len(series):
        return np.array(series.values)
    known = float(spend.days.get(origin.current_day, ZERO))
    return np.array([known / max(1 - origin.share_unknown, SHORTEST_KNOWN_SHARE)])


def _learn(spend: Sequence[ScopeSpend], histories: Sequence[FloatArray]) -> tuple[Choice, list[Part]]:
    """Backtest on the organization's own past; series that are the same (a whole of one part) count once."""
    own = {history.tobytes(): history for history in histories}
    position = {data: index for index, data in enumerate(own)}
    trials = {
        name: backtest(tuple(own.values()), METHODS[name], horizon=BACKTEST_DAYS) for name in (RECOMMENDED, BASELINE)
    }
    choice = choose(trials)
    pooled = calibrate(trials[choice.method])
    return choice, [
        Part(
            spend=one,
            history=history,
            band=pooled if len(history) >= CALIBRATED_HISTORY_DAYS else StatedBand(),
            position=position[history.tobytes()],
        )
        for one, history in zip(spend, histories, strict=True)
    ]


def _reconciled(
    spend: Sequence[ScopeSpend], continued: Sequence[Forecast], origin: Origin
) -> Mapping[Scope, Sequence[Decimal]]:
    """What is still to come on each day, the current one first, adding up over the parts."""
    recent_days = DateRange(origin.current_day - LEVEL_DAYS * DAY, origin.current_day + DAY)
    return reconcile(
        {one.scope: _still_expected(one, made.daily, origin) for one, made in zip(spend, continued, strict=True)},
        recent={one.scope: one.between(recent_days) for one in spend},
    )


def _still_expected(spend: ScopeSpend, daily: FloatArray, origin: Origin) -> list[Decimal]:
    """The forecast days less what is known of them.

    Of the current day, that part of its forecast which its unknown hours stand for. Of later days something is known
    only where one source is ahead of a late one; that counts as spent, and the forecast is what is left.
    """
    amounts = [_rounded(value) for value in daily]
    for ahead, amount in enumerate(amounts):
        known = spend.days.get(origin.current_day + ahead * DAY, ZERO)
        amounts[ahead] = max(amount - known, ZERO)
    if len(daily):
        amounts[0] = _rounded(daily[0] * origin.share_unknown)
    return amounts


def _publish(run: Run, part: Part, month: Month, amounts: Sequence[Decimal]) -> PublishedForecast:
    days = run.origin.days_to_forecast(month)
    first = (days.start - run.origin.current_day).days
    coming = amounts[first : first + len(days)]
    path = _path(part, coming, run.origin.share_unknown + np.arange(first, first + len(days), dtype=np.float64))
    spent = part.spend.between(month.range)
    low, high = ({level: spent + _last(sides[side]) for level, sides in path.bounds.items()} for side in (0, 1))
    return PublishedForecast(
        scope=part.spend.scope,
        month=month,
        made_at=run.made_at,
        data_until=run.data_until,
        method=run.choice.method,
        calibrated=part.band.calibrated,
        history_days=len(part.history),
        currency=USD,
        spent_to_date=spent,
        total=spent + _last(path.rest),
        lo_50=low[0.5],
        hi_50=high[0.5],
        lo_80=low[0.8],
        hi_80=high[0.8],
        lo_95=low[0.95],
        hi_95=high[0.95],
        days=tuple(_days(spent, days, coming, path)),
    )


def _path(part: Part, coming: Sequence[Decimal], ahead: FloatArray) -> Path:
    rest = np.cumsum(np.array(coming, dtype=np.float64))
    exact = tuple(accumulate(coming))
    log_bounds = part.band.log_bounds(part.history, ahead, series=part.position)
    low, high, bounds = rest, rest, {}
    for level in LEVELS:
        lower, upper = (
            np.maximum.accumulate(apply_log_ratio(bound, rest, history=part.history, days_ahead=ahead))
            for bound in log_bounds[level]
        )
        low, high = np.minimum(low, lower), np.maximum(high, upper)
        bounds[level] = (
            tuple(min(_rounded(value), sum_) for value, sum_ in zip(low, exact, strict=True)),
            tuple(max(_rounded(value), sum_) for value, sum_ in zip(high, exact, strict=True)),
        )
    return Path(rest=exact, bounds=bounds)


def _days(spent: Decimal, days: DateRange, coming: Sequence[Decimal], path: Path) -> Iterator[ForecastDay]:
    (lo_80, hi_80), (lo_95, hi_95) = path.bounds[0.8], path.bounds[0.95]
    for index, day in enumerate(days):
        yield ForecastDay(
            date=day,
            amount=coming[index],
            running_total=spent + path.rest[index],
            lo_80=spent + lo_80[index],
            hi_80=spent + hi_80[index],
            lo_95=spent + lo_95[index],
            hi_95=spent + hi_95[index],
        )


def _last(values: Sequence[Decimal]) -> Decimal:
    return values[-1] if values else ZERO


def _rounded(value: float) -> Decimal:
    return Decimal(float(value)).quantize(SMALLEST, context=EXACT)
