"""Forecasts over REST: where a month lands, what was said about it before, and where a budget's month lands."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters
from accounts.domain.errors import Invalid
from accounts.domain.pages import Page
from accounts.domain.roles import Permission
from accounts.domain.text import gettext_noop
from accounts.queries.cost_centers import find_cost_center_by_code
from billing.domain.periods import Month, local_day
from forecasting.api.scopes import ScopeOutput
from forecasting.domain.budgets import BudgetForecast
from forecasting.domain.forecasts import ForecastDay, PublishedForecast, judge
from forecasting.domain.payloads import decimal_text, share_text
from forecasting.domain.series import BUDGET_KINDS, Scope, ScopeKind
from forecasting.queries.forecasts import find_outcome, list_forecasts, list_past_forecasts
from forecasting.queries.scopes import ScopeNames, get_scope_names

FIRST_YEAR, LAST_YEAR = 2000, 2200
SCOPES = [kind.value.lower() for kind in BUDGET_KINDS]

FORECAST_EXAMPLE = {
    "total": "5504000",
    "lo_80": "3750000",
    "hi_80": "7260000",
    "probability_over_percent": "81",
    "crossing_date": "2026-11-24",
    "calibrated": True,
    "method": "ensemble",
    "made_at": "2026-11-10T09:00:00Z",
    "data_until": "2026-11-10T09:00:00Z",
}


class BudgetForecastOutput(serializers.Serializer[Any]):
    """Where the month lands, in the budget's currency."""

    total = serializers.CharField()
    lo_80 = serializers.CharField(help_text="Of the 80 % band.")
    hi_80 = serializers.CharField()
    probability_over_percent = serializers.CharField(help_text="How likely the month ends above the amount.")
    crossing_date = serializers.DateField(allow_null=True)
    calibrated = serializers.BooleanField(help_text="False: a young forecast with a wide band.")
    method = serializers.CharField()
    made_at = serializers.DateTimeField()
    data_until = serializers.DateTimeField()


def serialize_forecast(forecast: BudgetForecast) -> dict[str, object]:
    """Return a forecast, in the budget's currency, as the API tells it."""
    return {
        "total": decimal_text(forecast.total.amount),
        "lo_80": decimal_text(forecast.lo_80.amount),
        "hi_80": decimal_text(forecast.hi_80.amount),
        "probability_over_percent": share_text(forecast.probability_over),
        "crossing_date": forecast.crossing_date,
        "calibrated": forecast.is_calibrated,
        "method": forecast.method,
        "made_at": forecast.made_at,
        "data_until": forecast.data_until,
    }


class ScopeUnknown(Invalid):
    """There is no cost center of that code, or a key goes without the kind of thing it names."""

    code: ClassVar[str] = "scope_unknown"
    message: ClassVar[str] = gettext_noop("There is no such cost center or model.")


@extend_schema_field({"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}$"})
class MonthField(serializers.Field[Month, str, str, Any]):
    """A month."""

    default_error_messages = {"not_a_month": _("This is not a month such as 2026-11.")}

    def to_internal_value(self, data: str) -> Month:
        try:
            month = Month.parse(data)
        except ValueError:
            self.fail("not_a_month")
        if str(month) != data or not FIRST_YEAR <= month.year < LAST_YEAR:
            self.fail("not_a_month")
        return month


class ForecastDayOutput(serializers.Serializer[Any]):
    """One coming day: what is still expected of it, and the month's total by its end with the bounds of that total."""

    date = serializers.DateField()
    amount = serializers.CharField()
    running_total = serializers.CharField()
    lo_80 = serializers.CharField()
    hi_80 = serializers.CharField()
    lo_95 = serializers.CharField()
    hi_95 = serializers.CharField()


class StatementOutput(serializers.Serializer[Any]):
    """What was said about a month on data until one moment."""

    made_at = serializers.DateTimeField()
    data_until = serializers.DateTimeField()
    method = serializers.CharField()
    calibrated = serializers.BooleanField(help_text="False: a young forecast with a wide band.")
    provisional = serializers.BooleanField(help_text="True: the past of a connection was still being read.")
    history_days = serializers.IntegerField(help_text="Days of the past that it rests on.")
    spent_to_date = serializers.CharField()
    total = serializers.CharField(help_text="What the month is expected to come to.")
    lo_80 = serializers.CharField(help_text="Of the band that holds the total in 80 of 100 months.")
    hi_80 = serializers.CharField()
    lo_95 = serializers.CharField()
    hi_95 = serializers.CharField()
    currency = serializers.CharField(help_text="Of the facts.")


_STATEMENT = {
    "made_at": "2026-11-10T09:05:00Z",
    "data_until": "2026-11-10T09:00:00Z",
    "method": "ensemble",
    "calibrated": True,
    "provisional": False,
    "history_days": 200,
    "spent_to_date": "10210.45",
    "total": "36074.9",
    "lo_80": "33120.3",
    "hi_80": "39410.02",
    "lo_95": "31890",
    "hi_95": "41870.75",
    "currency": "USD",
}


class ForecastOutput(StatementOutput):
    """Where the month of one scope lands: rated cost, by days of the organization's time zone."""

    scope = ScopeOutput(help_text="An empty `key` of a cost center or model: what belongs to nobody.")
    month = serializers.CharField()
    days = ForecastDayOutput(many=True, help_text="From the day of `data_until` on; empty when overtaken on its day.")
    example = {
        "scope": {"kind": "COST_CENTER", "key": "search", "name": "Search team"},
        "month": "2026-11",
        **_STATEMENT,
        "days": [
            {
                "date": "2026-11-30",
                "amount": "1204.5",
                "running_total": "36074.9",
                "lo_80": "33120.3",
                "hi_80": "39410.02",
                "lo_95": "31890",
                "hi_95": "41870.75",
            }
        ],
    }


class ForecastParameters(PageParameters):
    """Which forecasts."""

    month = MonthField(default=None, help_text="`2026-11`; left out: the present month of the organization.")
    scope = serializers.ChoiceField(
        choices=SCOPES,
        default=None,
        help_text="Of what; left out: of all. A cost center is forecast with all that stand below it.",
    )
    as_of = serializers.DateTimeField(default=None, help_text="The forecasts in force then; left out: now.")
    example = {"month": "2026-11", "scope": "cost_center"}


class ForecastList(OrganizationApiView):
    """The forecasts of a month that are in force: the organization first, then cost centers, then models."""

    permissions = {"GET": Permission.VIEW_SPEND}
    Parameters = ForecastParameters
    Output = ForecastOutput

    def get(self, request: OrganizationApiRequest) -> Response:
        """List forecasts with their bands and days."""
        asked = self.read_parameters()
        month = asked["month"] or Month.of(local_day(request.now, request.organization.time_zone))
        kinds = [ScopeKind(asked["scope"].upper())] if asked["scope"] else BUDGET_KINDS
        found = list_forecasts(month=month, as_of=asked["as_of"] or request.now)
        rows = tuple(one for kind in kinds for one in found if one.scope.kind is kind)
        begin = int(asked["after"] or 0)
        end = begin + asked["limit"]
        page = Page(rows=rows[begin:end], next=str(end) if end < len(rows) else None)
        names = get_scope_names()
        return self.page(page, lambda forecast: _serialize(forecast, names))


class PastForecastOutput(StatementOutput):
    """What was said once, and how right it was, where the month is over."""

    error_percent = serializers.CharField(
        allow_null=True, help_text="Of what was spent; positive: too much was expected. Null while it is not known."
    )
    is_in_80 = serializers.BooleanField(allow_null=True, help_text="Whether the month ended in the 80 % band.")
    is_in_95 = serializers.BooleanField(allow_null=True)
    example = {**_STATEMENT, "error_percent": "-2.1875", "is_in_80": True, "is_in_95": True}


class PastForecastPageFields(serializers.Serializer[Any]):
    """What the rows are about."""

    month = serializers.CharField()
    scope = ScopeOutput()
    spent = serializers.CharField(allow_null=True, help_text="What the month came to; null while it goes on.")
    example = {
        "month": "2026-11",
        "scope": {"kind": "ORGANIZATION", "key": "", "name": ""},
        "spent": "36881.65",
    }


class PastForecastParameters(PageParameters):
    """Of what."""

    month = MonthField(default=None, help_text="`2026-11`; left out: the present month of the organization.")
    scope = serializers.ChoiceField(choices=SCOPES, default="organization")
    key = serializers.CharField(
        default="",
        max_length=255,
        help_text="With `scope=cost_center` its code, with `scope=model` its canonical id; left out: what belongs to "
        "nobody.",
    )
    example = {"month": "2026-10", "scope": "cost_center", "key": "search"}


class PastForecastList(OrganizationApiView):
    """What was said about a month over time."""

    permissions = {"GET": Permission.VIEW_SPEND}
    Parameters = PastForecastParameters
    Output = PastForecastOutput
    PageFields = PastForecastPageFields
    errors = {"GET": (ScopeUnknown,)}

    def get(self, request: OrganizationApiRequest) -> Response:
        """List the forecasts that one scope's month ever had, newest data first, and how right each was."""
        asked, time_zone = self.read_parameters(), request.organization.time_zone
        month = asked["month"] or Month.of(local_day(request.now, time_zone))
        scope = _read_scope(asked)
        spent = find_outcome(scope, month=month, now=request.now, time_zone=time_zone)
        page = list_past_forecasts(scope, month=month, after=asked["after"], limit=asked["limit"])
        return self.page(
            page,
            lambda forecast: {**_statement(forecast), **_verdict(forecast, spent)},
            month=str(month),
            scope=_scope(scope, get_scope_names()),
            spent=None if spent is None else decimal_text(spent),
        )


def _read_scope(asked: Mapping[str, Any]) -> Scope:
    kind, key = ScopeKind(asked["scope"].upper()), asked["key"]
    if kind is ScopeKind.ORGANIZATION and key:
        raise ScopeUnknown(field="key")
    if kind is ScopeKind.COST_CENTER and key:
        center = find_cost_center_by_code(key)
        if center is None:
            raise ScopeUnknown(field="key")
        key = str(center.id)
    return Scope(kind, key)


def _scope(scope: Scope, names: ScopeNames) -> dict[str, str]:
    return {"kind": scope.kind.value, "key": names.key_in_spend(scope), "name": names.label(scope)}


def _serialize(forecast: PublishedForecast, names: ScopeNames) -> dict[str, object]:
    return {
        "scope": _scope(forecast.scope, names),
        "month": str(forecast.month),
        **_statement(forecast),
        "days": [_day(day) for day in forecast.days],
    }


def _day(day: ForecastDay) -> dict[str, object]:
    return {"date": day.date, "amount": decimal_text(day.amount), "running_total": decimal_text(day.running_total)} | {
        name: decimal_text(getattr(day, name)) for name in ("lo_80", "hi_80", "lo_95", "hi_95")
    }


def _statement(forecast: PublishedForecast) -> dict[str, object]:
    return {
        "made_at": forecast.made_at,
        "data_until": forecast.data_until,
        "method": forecast.method,
        "calibrated": forecast.calibrated,
        "provisional": forecast.is_provisional,
        "history_days": forecast.history_days,
        "spent_to_date": decimal_text(forecast.spent_to_date),
        "total": decimal_text(forecast.total),
        "lo_80": decimal_text(forecast.lo_80),
        "hi_80": decimal_text(forecast.hi_80),
        "lo_95": decimal_text(forecast.lo_95),
        "hi_95": decimal_text(forecast.hi_95),
        "currency": forecast.currency,
    }


def _verdict(forecast: PublishedForecast, spent: Decimal | None) -> dict[str, object]:
    if spent is None:
        return {"error_percent": None, "is_in_80": None, "is_in_95": None}
    verdict = judge(forecast, spent)
    return {
        "error_percent": None if verdict.error is None else share_text(verdict.error),
        "is_in_80": verdict.is_in_80,
        "is_in_95": verdict.is_in_95,
    }
