"""Signed months: nothing changes their figures until somebody opens them again, with a reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.timezone import now

from accounts.models import AuditEvent, Organization
from accounts.tenancy.context import organization_scope
from billing.domain.collection import WindowState
from billing.domain.dimensions import TokenClass
from billing.domain.periods import Month
from billing.models import DailyUsage, ExchangeRate, PriceOverride
from billing.operations.rating import rerate_window
from billing.operations.windows import claim_window
from tests.cast import Cast, inside
from tests.factories.billing import (
    make_all_overrides,
    make_connection,
    make_exchange_rate,
    make_series,
    make_usage,
    make_window,
)

pytestmark = pytest.mark.django_db(databases=["default"])

LAST = Month.of(now().date()).previous()
BEFORE = LAST.previous()
IN_LAST = datetime(LAST.year, LAST.month, 10, 9, tzinfo=UTC)


@pytest.fixture
def fay(client: Client, cast: Cast) -> Client:
    """Acme reports in yen, has spend in two months and a rate of the first of them."""
    with inside(cast.acme):
        make_all_overrides({TokenClass.INPUT: "1000"}, effective_from=IN_LAST - timedelta(days=90))
        series = make_series()
        make_usage(series, {IN_LAST: 1_000_000})
        make_usage(series, {IN_LAST - timedelta(days=31): 1_000_000})
        make_exchange_rate(month=BEFORE.start, units="150")
    Organization.objects.filter(id=cast.acme.id).update(currency="JPY")
    client.force_login(cast.fay)
    return client


def close(fay: Client, month: Month = LAST) -> int:
    return fay.post(f"/o/acme/closed-months/{month}/close/").status_code


def enter(fay: Client, month: Month) -> int:
    given = {"month": str(month), "currency": "JPY", "units_per_usd": "200", "source": ""}
    return fay.post("/o/acme/exchange-rates/new/", given).status_code


def test_a_closed_month_keeps_its_rate_until_it_is_reopened(fay: Client, cast: Cast) -> None:
    assert close(fay) == 302
    with inside(cast.acme):
        frozen = ExchangeRate.objects.get(month_date=LAST.start)
        assert (frozen.units_per_usd, frozen.source) == (
            Decimal(150),
            f"Rate of {BEFORE}, in force when the month was closed",
        )
    assert "¥150,000" in fay.get("/o/acme/closed-months/").content.decode()
    assert (enter(fay, LAST), enter(fay, BEFORE), enter(fay, LAST.next())) == (422, 422, 302)
    assert fay.post(f"/o/acme/exchange-rates/{frozen.pk}/remove/").status_code == 409
    address = f"/o/acme/closed-months/{LAST}/reopen/"
    assert "1 month is opened" in fay.get(address).content.decode()
    assert fay.post(address, {"reason": " "}).status_code == 422
    assert fay.post(address, {"reason": "The invoice was corrected."}).status_code == 302
    assert (enter(fay, LAST), enter(fay, BEFORE)) == (302, 422)
    with inside(cast.acme):
        event = AuditEvent.objects.get(verb="month.reopened")
        assert (event.after or {})["reason"] == "The invoice was corrected."


def test_months_are_closed_once_and_when_they_are_over(fay: Client) -> None:
    assert close(fay, LAST.next()) == 400
    assert close(fay) == 302
    assert (close(fay), close(fay, BEFORE)) == (409, 409)
    assert fay.post("/o/acme/closed-months/soon/close/").status_code == 404


def test_prices_and_late_data_change_open_hours_only(fay: Client, cast: Cast) -> None:
    with inside(cast.acme):
        connection = make_connection(connected_at=IN_LAST)
        window = make_window(
            connection, start=IN_LAST.replace(hour=0), state=WindowState.DONE, rows=1, next_attempt_at=IN_LAST
        )
    close(fay)
    with inside(cast.acme):
        PriceOverride.objects.all().delete()
        make_all_overrides({TokenClass.INPUT: "1"}, effective_from=IN_LAST - timedelta(days=90))
    with organization_scope(cast.acme.id):
        assert rerate_window(window_id=window.pk, now=now()) == 0
    with inside(cast.acme):
        assert set(DailyUsage.objects.values_list("cost_input", flat=True)) == {Decimal(1000)}
        type(window).objects.update(state=WindowState.DUE, next_attempt_at=IN_LAST)
    with organization_scope(cast.acme.id):
        # There is nothing to ask for: the window is done without a question.
        assert claim_window(window.pk, now()) is None


def upload(fay: Client, text: str, **more: str) -> tuple[int, str]:
    file = SimpleUploadedFile("rates.csv", text.encode(), content_type="text/csv")
    answer = fay.post("/o/acme/exchange-rates/upload/", {"file": file, **more})
    return answer.status_code, answer.content.decode()


def test_a_file_of_rates_is_shown_before_it_is_saved(fay: Client, cast: Cast) -> None:
    """ccusage/ccusage#62: yen have no decimals, and the rate that was used is shown."""
    status, text = upload(fay, f"Date,USD,JPY,\n{LAST}-02,1.25,200,\n1999-01-04,1.1,130,\n")
    assert status == 200
    assert "1 of 1 rate" in text
    assert "would be ¥160,000, was ¥150,000" in text
    with inside(cast.acme):
        assert ExchangeRate.objects.count() == 1
    shown = text.split('name="shown" value="')[1].split('"')[0]
    assert fay.post("/o/acme/exchange-rates/upload/", {"shown": shown}).status_code == 302
    with inside(cast.acme):
        assert ExchangeRate.objects.get(month_date=LAST.start).units_per_usd == 160
    assert fay.post("/o/acme/exchange-rates/upload/", {"shown": shown + "x"}).status_code == 422
    assert upload(fay, "nonsense")[0] == 422
    close(fay)
    status, text = upload(fay, f"month,currency,rate\n{LAST},JPY,1\n")
    assert "month is closed" in text
    assert "Nothing would change" in text


def test_removing_a_rate_says_first_what_that_changes(fay: Client, cast: Cast) -> None:
    with inside(cast.acme):
        rate = ExchangeRate.objects.get()
    address = f"/o/acme/exchange-rates/{rate.pk}/remove/"
    assert "would be told in US dollars; so far it is ¥150,000" in fay.get(address).content.decode()
    assert fay.post(address).status_code == 302
    with inside(cast.acme):
        assert not ExchangeRate.objects.exists()
