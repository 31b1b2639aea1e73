"""Exchange rates are entered by hand, month by month, and a month without one has none."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from accounts.models import AuditEvent
from billing.domain.periods import Month
from billing.operations.exchange_rates import (
    ImpossibleExchangeRate,
    ImpossibleMonth,
    MalformedCurrency,
    enter_exchange_rate,
    remove_exchange_rate,
)
from billing.queries.exchange_rates import ExchangeRateNotFound, find_rate, list_exchange_rates
from tests.cast import Cast, inside

NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)


def enter(cast: Cast, units: str, *, month: Month = NOVEMBER, currency: str = "JPY") -> int:
    return enter_exchange_rate(
        actor=cast.ada_acts, month=month, currency=currency, units_per_usd=Decimal(units), source="TTM", now=NOW
    )


def test_a_rate_is_entered_once_a_month_and_said_anew(cast: Cast) -> None:
    with inside(cast.acme):
        enter(cast, "150")
        enter(cast, "152.57")
        enter(cast, "149", month=OCTOBER)
        assert [(rate.month, str(rate.units_per_usd)) for rate in list_exchange_rates()] == [
            (NOVEMBER, "152.57"),
            (OCTOBER, "149"),
        ]
        found = find_rate("JPY", NOVEMBER)
        assert found is not None
        assert (found.source, found.entered_by, found.rate.units_per_usd) == ("TTM", "Ada", Decimal("152.57"))
        assert find_rate("JPY", NOVEMBER.next()) is None
        assert find_rate("EUR", NOVEMBER) is None
        event = AuditEvent.objects.filter(target="exchange_rate:2026-11:JPY").latest("id")
        assert event.before == {"units_per_usd": "1.5E+2", "source": "TTM"} or event.before is not None


def test_a_rate_that_was_removed_is_gone(cast: Cast) -> None:
    with inside(cast.acme):
        enter(cast, "150")
        remove_exchange_rate(actor=cast.ada_acts, rate_id=list_exchange_rates("JPY")[0].id)
        assert list_exchange_rates() == ()
        with pytest.raises(ExchangeRateNotFound):
            remove_exchange_rate(actor=cast.ada_acts, rate_id=1)


@pytest.mark.parametrize("units", ["0", "-1", "NaN", "Infinity", "1e12", "1.123456789"])
def test_what_is_no_rate_is_refused(cast: Cast, units: str) -> None:
    with inside(cast.acme), pytest.raises(ImpossibleExchangeRate):
        enter(cast, units)


@pytest.mark.parametrize("currency", ["USD", "jpy", "YEN!", "", "円"])
def test_what_is_no_other_currency_is_refused(cast: Cast, currency: str) -> None:
    with inside(cast.acme), pytest.raises(MalformedCurrency):
        enter(cast, "1", currency=currency)


def test_a_month_out_of_all_reason_is_refused(cast: Cast) -> None:
    with inside(cast.acme), pytest.raises(ImpossibleMonth):
        enter(cast, "1", month=Month(1999, 1))


def test_rates_of_another_organization_are_not_seen(cast: Cast) -> None:
    with inside(cast.acme):
        enter(cast, "150")
    with inside(cast.globex):
        assert list_exchange_rates() == ()
