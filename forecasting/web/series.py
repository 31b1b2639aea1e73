"""Daily series as charts: of a budget, where the month lands against the amount; of an alert and a cost center, too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils.translation import get_language, gettext

from billing.domain import figures
from billing.domain.exchange_rates import RateInForce
from billing.domain.money import Money, add_up
from billing.domain.periods import DAY, DateRange, local_day, local_day_bounds
from forecasting.domain.alerts import AlertSnapshot
from forecasting.domain.budgets import BudgetStatus
from forecasting.domain.dashboard import DayAmount, LandingDay, landing_of, running_total
from forecasting.domain.forecasts import PublishedForecast
from forecasting.queries.cost_centers import CenterPage, TreeSpend
from forecasting.web.charts import Chart, daily_chart, month_chart

MOMENT = timedelta(microseconds=1)
# Centers below with an ink of their own; the others are one part.
MOST_BELOW = 5


def budget_chart(
    status: BudgetStatus, *, previous: BudgetStatus | None, landing: Sequence[LandingDay], time_zone: str
) -> Chart:
    """Draw the running total of the month against the amount, with the month before behind it."""
    currency = status.budget.amount.currency
    return month_chart(
        title=_title(status),
        subtitle=gettext("Running total in %(currency)s, %(month)s, estimated")
        % {
            "currency": figures.currency_label(currency, _language()),
            "month": figures.month(status.period.month, _language()),
        },
        month=status.period.month,
        actual=_running(status, currency),
        landing=landing,
        budget=status.budget.amount,
        previous=_running(previous, currency) if previous else (),
        partial_day=_partial_day(status.data_until, time_zone),
        currency=currency,
    )


def alert_chart(alert: AlertSnapshot, status: BudgetStatus, published: PublishedForecast | None) -> Chart | None:
    """Draw what an alert rests on: its month as far as it was known, against threshold and amount.

    None where the budget has another currency by now than the alert: its figures would not lie on one axis.
    """
    currency = alert.amount.currency
    if status.budget.amount.currency != currency:
        return None
    rate = RateInForce(currency=currency, units_per_usd=alert.units_per_usd, month=alert.rate_month)
    if published and alert.forecast:
        published = published.shifted(rate.convert_back(alert.forecast.total) - published.total)
    known_until = alert.data_until or alert.evaluated_at
    days = [DayAmount(date=day, cost=cost) for day, cost in status.days]
    last = local_day(known_until - MOMENT, alert.time_zone)
    return month_chart(
        title=_alert_title(alert),
        subtitle=gettext("Running total in %(currency)s, %(month)s; forecast as it was, days as they are known now")
        % {
            "currency": figures.currency_label(currency, _language()),
            "month": figures.month(alert.month, _language()),
        },
        month=alert.month,
        actual=running_total([day for day in days if day.date <= last], currency),
        landing=landing_of(published, rate).days if published and alert.forecast else (),
        budget=alert.amount,
        previous=None,
        partial_day=_partial_day(known_until, alert.time_zone),
        currency=currency,
        threshold=alert.limit if alert.limit != alert.amount else None,
    )


def _alert_title(alert: AlertSnapshot) -> str:
    language = _language()
    words = {
        "share": figures.percent(alert.spent_share, language),
        "threshold": figures.percent(alert.threshold_share, language),
        "day": figures.day(local_day(alert.evaluated_at, alert.time_zone), language),
    }
    if alert.reached_on:
        words["day"] = figures.day(alert.reached_on, language)
        return gettext("Spend reached %(threshold)s of the budget on %(day)s") % words
    return gettext("%(share)s of the budget was spent by %(day)s, when the forecast passed %(threshold)s of it") % words


def center_chart(page: CenterPage, *, time_zone: str) -> Chart:
    """Draw the days of a cost center: by itself, and what stood below it on each day."""
    own, below = page.daily[0], page.daily[1:]
    parts: list[tuple[str, str, Sequence[DayAmount]]] = [("category-1", gettext("By itself"), own.days)]
    parts += [(f"category-{index}", one.center.name, one.days) for index, one in enumerate(below[:MOST_BELOW], start=2)]
    if below[MOST_BELOW:]:
        parts.append(("other", gettext("Other"), [day for one in below[MOST_BELOW:] for day in one.days]))
    return daily_chart(
        title=_center_title(page),
        subtitle=gettext("Per day in %(currency)s, %(month)s, estimated; below it by where each stood on the day")
        % {
            "currency": figures.currency_label(page.tree.rate.currency, _language()),
            "month": figures.month(page.tree.month, _language()),
        },
        days=_known_days(page.tree, time_zone),
        parts=parts,
        partial_day=_partial_day(page.tree.data_until, time_zone),
        currency=page.tree.rate.currency,
    )


def _known_days(tree: TreeSpend, time_zone: str) -> DateRange:
    """The days of the month that there are data of: a day that is still to come did not cost nothing."""
    if tree.data_until is None:
        return tree.month.range
    return DateRange(tree.month.start, local_day(tree.data_until - MOMENT, time_zone) + DAY)


def _center_title(page: CenterPage) -> str:
    """The dearest day in words."""
    days: defaultdict[date, Decimal] = defaultdict(Decimal)
    for part in page.daily:
        for amount in part.days:
            days[amount.date] = add_up((days[amount.date], amount.cost.amount))
    dearest = max(days, key=lambda day: (days[day], day))
    return gettext("%(day)s was the dearest day, with %(amount)s") % {
        "day": figures.day(dearest, _language()),
        "amount": figures.money_short(Money(days[dearest], page.tree.rate.currency), _language()),
    }


def _running(status: BudgetStatus, currency: str) -> tuple[DayAmount, ...]:
    return running_total([DayAmount(date=day, cost=cost) for day, cost in status.days], currency)


def _partial_day(data_until: datetime | None, time_zone: str) -> date | None:
    """The last day that has any data, if they end within it."""
    if data_until is None:
        return None
    day = local_day(data_until - MOMENT, time_zone)
    return day if local_day_bounds(day, time_zone)[1] > data_until else None


def _title(status: BudgetStatus) -> str:
    language = _language()
    if status.exceeded_on:
        return gettext("Spend passed the budget on %(day)s") % {"day": figures.day(status.exceeded_on, language)}
    forecast = status.forecast
    if forecast and forecast.crossing_date:
        return gettext("Spend passes the budget around %(day)s") % {
            "day": figures.day(forecast.crossing_date, language)
        }
    if forecast:
        return gettext("Spend stays within the budget")
    return gettext("%(spent)s spent in %(month)s so far") % {
        "spent": figures.money_short(status.spent, language),
        "month": figures.month_name(status.period.month, language),
    }


def _language() -> str:
    return (get_language() or "en").partition("-")[0]
