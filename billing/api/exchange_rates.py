"""Exchange rates over REST: one a month and currency, entered by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters
from accounts.domain.roles import Permission
from billing.api.catalog import Key, page_of
from billing.api.periods import MONTH
from billing.domain.money import plain
from billing.domain.periods import Month
from billing.operations.exchange_rates import (
    ExchangeRateExists,
    ImpossibleExchangeRate,
    ImpossibleMonth,
    MalformedCurrency,
    add_exchange_rate,
    remove_exchange_rate,
)
from billing.queries.exchange_rates import (
    EnteredRate,
    ExchangeRateNotFound,
    find_rate,
    get_exchange_rate,
    list_exchange_rates,
)

CURRENCY = r"\A[A-Z]{3}\Z"


class ExchangeRateOutput(serializers.Serializer[Any]):
    """What one US dollar bought in a month, as the organization says."""

    id = serializers.IntegerField()
    month = serializers.CharField(help_text="`2026-10`")
    currency = serializers.CharField()
    units_per_usd = serializers.CharField(help_text="A decimal number: units of the currency that one US dollar buys.")
    source = serializers.CharField(help_text="Where the rate is published.")  # type: ignore[assignment] # DRF takes declared fields off the class
    entered_by = serializers.CharField()
    entered_at = serializers.DateTimeField()
    example = {
        "id": 3,
        "month": "2026-10",
        "currency": "JPY",
        "units_per_usd": "152.57",
        "source": "Bank of Japan, average of the month",
        "entered_by": "Fay",
        "entered_at": "2026-11-02T01:00:00Z",
    }


class ExchangeRateParameters(PageParameters):
    """Which rates."""

    month = serializers.RegexField(MONTH, default=None, help_text="`2026-10`")
    currency = serializers.RegexField(CURRENCY, default=None, help_text="`JPY`")


class ExchangeRateInput(serializers.Serializer[Any]):
    """A rate of a month that has none of the currency."""

    month = serializers.RegexField(MONTH, help_text="`2026-10`")
    currency = serializers.RegexField(CURRENCY, help_text="A currency other than USD.")
    units_per_usd = serializers.DecimalField(
        max_digits=18,
        decimal_places=8,
        min_value=Decimal("1E-8"),
        help_text="Units of the currency that one US dollar buys; a decimal number, as text.",
    )
    source = serializers.CharField(  # type: ignore[assignment] # DRF takes declared fields off the class
        max_length=120, default="", allow_blank=True, help_text="Where the rate is published."
    )
    example = {
        "month": "2026-10",
        "currency": "JPY",
        "units_per_usd": "152.57",
        "source": "Bank of Japan, average of the month",
    }


class ExchangeRateList(OrganizationApiView):
    """The organization's exchange rates, by month and currency."""

    permissions = {"GET": Permission.VIEW_SPEND, "POST": Permission.EDIT_EXCHANGE_RATES}
    Parameters = ExchangeRateParameters
    Input = ExchangeRateInput
    Output = ExchangeRateOutput
    errors = {"POST": (ExchangeRateExists, ImpossibleExchangeRate, ImpossibleMonth, MalformedCurrency)}

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        """List exchange rates."""
        asked = self.read_parameters()
        rates = (rate for rate in list_exchange_rates(asked["currency"]) if asked["month"] in (None, str(rate.month)))
        return self.page(page_of(rates, _key, asked["after"], asked["limit"]), _serialize)

    def post(self, request: OrganizationApiRequest) -> Response:
        """Enter the rate of a month; one that is there already is a conflict, never replaced in silence."""
        given = self.read_input()
        month = _month(given["month"])
        add_exchange_rate(
            actor=request.actor,
            month=month,
            currency=given["currency"],
            units_per_usd=given["units_per_usd"],
            source=given["source"],
            now=request.now,
        )
        made = find_rate(given["currency"], month)
        assert made is not None
        return Response(_serialize(made), status=201)


class ExchangeRateDetail(OrganizationApiView):
    """One exchange rate."""

    permissions = {"GET": Permission.VIEW_SPEND, "DELETE": Permission.EDIT_EXCHANGE_RATES}
    Output = ExchangeRateOutput
    errors = {"GET": (ExchangeRateNotFound,), "DELETE": (ExchangeRateNotFound,)}

    def get(self, request: OrganizationApiRequest, rate_id: int) -> Response:  # noqa: ARG002 - as above
        """Return one exchange rate."""
        return Response(_serialize(get_exchange_rate(rate_id)))

    def delete(self, request: OrganizationApiRequest, rate_id: int) -> Response:
        """Remove a rate: figures of that month are shown at the latest rate before it, or in US dollars."""
        remove_exchange_rate(actor=request.actor, rate_id=rate_id)
        return Response(status=204)


def _month(text: str) -> Month:
    try:
        return Month.parse(text)
    except ValueError as error:
        raise serializers.ValidationError(
            {"month": [_("Month must be a year and a month, for example 2026-10.")]}
        ) from error


def _key(rate: EnteredRate) -> Key:
    return (str(rate.month), rate.currency)


def _serialize(rate: EnteredRate) -> dict[str, object]:
    return {
        "id": rate.id,
        "month": str(rate.month),
        "currency": rate.currency,
        "units_per_usd": plain(rate.units_per_usd),
        "source": rate.source,
        "entered_by": rate.entered_by,
        "entered_at": rate.entered_at,
    }
