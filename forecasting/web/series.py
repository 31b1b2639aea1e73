"""The daily series of a budget as a chart: what was spent, where the month lands, the amount."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from django.utils.translation import get_language, gettext

from billing.domain import figures
from billing.domain.periods import local_day, local_day_bounds
from forecasting.domain.budgets import BudgetStatus
from forecasting.domain.dashboard import DayAmount, LandingDay, running_total
from forecasting.web.charts import Chart, month_chart

MOMENT = timedelta(microseconds=1)


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
        partial_day=_partial_day(status, time_zone),
        currency=currency,
    )


def _running(status: BudgetStatus, currency: str) -> tuple[DayAmount, ...]:
    return running_total([DayAmount(date=day, cost=cost) for day, cost in status.days], currency)


def _partial_day(status: BudgetStatus, time_zone: str) -> date | None:
    """The last day that has any data, if they end within it."""
    if status.data_until is None:
        return None
    day = local_day(status.data_until - MOMENT, time_zone)
    return day if local_day_bounds(day, time_zone)[1] > status.data_until else None


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
