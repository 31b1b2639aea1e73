"""The pages of exchange rates: one a month, entered by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from billing.domain.dimensions import TokenClass
from billing.domain.periods import Month
from billing.models import ExchangeRate
from tests.cast import Cast, inside
from tests.factories.billing import make_all_overrides, make_exchange_rate, make_series, make_usage

pytestmark = pytest.mark.django_db(databases=["default"])

GIVEN = {"month": "2026-10", "currency": "jpy", "units_per_usd": "152.57", "source": "the bank"}


@pytest.fixture
def fay(client: Client, cast: Cast) -> Client:
    client.force_login(cast.fay)
    return client


def rates(cast: Cast) -> list[ExchangeRate]:
    with inside(cast.acme):
        return list(ExchangeRate.objects.all())


@pytest.mark.parametrize("units", ["152.57", "１５２．５７", " 152.57 "])
def test_a_rate_is_entered_as_people_write_it(fay: Client, cast: Cast, units: str) -> None:
    assert fay.post("/o/acme/exchange-rates/new/", {**GIVEN, "units_per_usd": units}).status_code == 302
    (rate,) = rates(cast)
    assert (rate.currency, rate.units_per_usd, str(rate.month_date)) == ("JPY", Decimal("152.57"), "2026-10-01")


def test_a_rate_of_the_same_month_is_replaced(fay: Client, cast: Cast) -> None:
    fay.post("/o/acme/exchange-rates/new/", GIVEN)
    fay.post("/o/acme/exchange-rates/new/", {**GIVEN, "units_per_usd": "1,500.5"})
    (rate,) = rates(cast)
    assert rate.units_per_usd == Decimal("1500.5")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"month": "2026-13"}, "Month must be a year and a month"),
        ({"month": "1999-01"}, "between 2015 and 2100"),
        ({"currency": "USD"}, "other than USD"),
        ({"currency": "¥"}, "other than USD"),
        ({"units_per_usd": "0"}, "above 0"),
        ({"units_per_usd": "-5"}, "Rate must be a number of more than 0"),
        ({"units_per_usd": "1e9"}, "Rate must be a number of more than 0"),
        ({"source": "s" * 10_000}, "at most 120 characters"),
    ],
)
def test_a_rate_that_is_wrong_is_refused_and_changes_nothing(
    fay: Client, cast: Cast, changed: dict[str, str], message: str
) -> None:
    answer = fay.post("/o/acme/exchange-rates/new/", {**GIVEN, **changed})
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert rates(cast) == []


def test_the_page_says_whether_a_rate_is_needed(fay: Client, cast: Cast) -> None:
    assert "no rate is needed" in fay.get("/o/acme/exchange-rates/").content.decode()
    cast.acme.currency = "JPY"
    cast.acme.save()
    assert "There is no JPY rate yet" in fay.get("/o/acme/exchange-rates/").content.decode()


def test_a_rate_is_removed(fay: Client, cast: Cast) -> None:
    with inside(cast.acme):
        rate = make_exchange_rate()
    assert "152.57" in fay.get("/o/acme/exchange-rates/").content.decode()
    assert fay.post(f"/o/acme/exchange-rates/{rate.pk}/remove/").status_code == 302
    assert rates(cast) == []
    assert fay.post("/o/acme/exchange-rates/999/remove/").status_code == 404


def test_a_viewer_reads_rates_only(client: Client, cast: Cast) -> None:
    client.force_login(cast.ben)
    assert client.get("/o/acme/exchange-rates/").status_code == 200
    assert client.get("/o/acme/exchange-rates/new/").status_code == 403


def spend(cast: Cast) -> Month:
    """A hundred million tokens at a dollar per million in the middle of last month; returns the month."""
    now = datetime.now(UTC)
    hour = (now.replace(day=1) - timedelta(days=15)).replace(minute=0, second=0, microsecond=0)
    cast.acme.currency = "JPY"
    cast.acme.save()
    with inside(cast.acme):
        make_all_overrides({TokenClass.INPUT: "1"}, effective_from=hour - timedelta(days=1))
        make_usage(make_series(), {hour: 100_000_000})
    return Month.of(hour.date())


def test_a_month_with_spend_and_without_a_rate_is_a_gap_that_leads_to_the_form(fay: Client, cast: Cast) -> None:
    month = spend(cast)
    with inside(cast.acme):
        make_exchange_rate(month=month.plus(-2).start, units="150")
    text = " ".join(fay.get("/o/acme/exchange-rates/").content.decode().split())
    assert "1 month with spend has no JPY rate" in text
    assert "uses 150 of" in text
    assert f"?month={month}&amp;currency=JPY" in text
    assert f'value="{month}"' in fay.get(f"/o/acme/exchange-rates/new/?month={month}&currency=JPY").content.decode()
    with inside(cast.acme):
        make_exchange_rate(month=month.start)
    assert "Every month with spend has its rate." in fay.get("/o/acme/exchange-rates/").content.decode()


def test_what_a_rate_changes_is_said_before_it_is_saved_and_the_button_repeats_it(fay: Client, cast: Cast) -> None:
    month = spend(cast)
    given = {**GIVEN, "month": str(month), "units_per_usd": "160"}
    text = fay.post("/o/acme/exchange-rates/preview/", given).content.decode()
    assert "would be ¥16,000; so far it is told in US dollars." in text
    with inside(cast.acme):
        make_exchange_rate(month=month.plus(-1).start, units="150")
    text = fay.post("/o/acme/exchange-rates/preview/", given).content.decode()
    assert "would be ¥16,000, was ¥15,000." in text
    assert "becomes ¥16 K" in text.replace("\xa0", " ")
    earlier = fay.post("/o/acme/exchange-rates/preview/", {**given, "month": str(month.plus(1))}).content.decode()
    assert "No month" in earlier
    assert len(rates(cast)) == 1
    assert (
        "would be" not in fay.post("/o/acme/exchange-rates/preview/", {**given, "units_per_usd": "0"}).content.decode()
    )
