"""The pages of prices: what is in force, and a price of one's own whose unit cannot be mistaken."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from accounts.tenancy.context import organization_scope
from billing.domain.collection import WindowState
from billing.models import PriceOverride
from billing.operations.catalog import sync_price_table
from billing.operations.rating import list_windows_to_rate, rerate_window
from tests.cast import Cast, inside
from tests.factories.billing import (
    make_connection,
    make_exchange_rate,
    make_override,
    make_series,
    make_usage,
    make_window,
)
from tests.factories.learnt_rates import make_learnt_rate

pytestmark = pytest.mark.django_db(databases=["default"])

GIVEN = {
    "model_id": "claude-sonnet-4-5",
    "token_class": "input",
    "amount": "2.25",
    "currency": "USD",
    "unit": "PER_MILLION",
    "aws_region": "*",
    "routing_class": "GLOBAL",
    "tier": "STANDARD",
    "effective_date": "2026-11-01",
    "source": "Contract 7",
}


@pytest.fixture
def ada(client: Client, cast: Cast) -> Client:
    sync_price_table(now=datetime(2026, 11, 1, tzinfo=UTC))
    client.force_login(cast.ada)
    return client


def overrides(cast: Cast) -> list[PriceOverride]:
    with inside(cast.acme):
        return list(PriceOverride.objects.all())


def withdrawal(override: PriceOverride) -> str:
    return f"/o/acme/prices/own/{override.pk}/withdraw/"


def use(cast: Cast, model_id: str = "claude-sonnet-4-5") -> None:
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with inside(cast.acme):
        make_usage(make_series(model_id=model_id), {hour.replace(hour=0): 1_000_000})


def test_the_list_shows_the_prices_that_usage_is_rated_with(ada: Client, cast: Cast) -> None:
    use(cast)
    text = ada.get("/o/acme/prices/").content.decode()
    assert "Claude Sonnet 4.5" in text
    assert "3.0000" in text
    finding = " ".join(text[text.index('<p class="finding">') :][:400].replace("\xa0", " ").split())
    assert re.search(
        r"Every token of the 30 days up to \d+ \w+ 20\d\d has a price: \$3\.00, 100 % of it Claude Sonnet 4\.5", finding
    )


def test_tokens_without_a_price_are_said_first(ada: Client, cast: Cast) -> None:
    use(cast, model_id="")
    text = ada.get("/o/acme/prices/").content.decode()
    assert re.search(
        r"tokens \(100\s% *\) of the 30 days up to \d+\s\w+\s20\d\d have no price and are in no total", text
    )
    assert "Unpriced" in text


def test_a_model_shows_its_price_list_with_sources(ada: Client) -> None:
    text = ada.get("/o/acme/prices/models/claude-sonnet-4-5/").content.decode()
    assert "Published prices in force" in text
    assert "AWS pricing page" in text
    assert "Not used in the last 30 days." in text
    assert ada.get("/o/acme/prices/models/no-such-model/").status_code == 404


def test_rates_on_the_bill_stand_beside_published_ones_and_name_their_days(ada: Client, cast: Cast) -> None:
    with inside(cast.acme):
        make_learnt_rate()
    use(cast)
    text = ada.get("/o/acme/prices/models/claude-sonnet-4-5/").content.decode().replace("\N{NO-BREAK SPACE}", " ")
    assert "Rates on your bill" in text
    assert "1 rate learnt from your bill." in text
    assert "1 day of the bill, 1 Nov 2026" in text
    assert "AWS may still change the last day" in text
    assert "−25" in text
    assert "Input went from $3.00 to $2.25" in text
    assert "Price table, 2026-07-24" in text
    assert "As billed" in ada.get("/o/acme/prices/").content.decode()


def test_an_own_price_is_entered_and_withdrawn(ada: Client, cast: Cast) -> None:
    answer = ada.post("/o/acme/prices/new/", GIVEN)
    assert answer.status_code == 302
    (override,) = overrides(cast)
    assert override.rate_usd_per_million == Decimal("2.25")
    assert override.effective_from == datetime(2026, 11, 1, tzinfo=UTC)
    assert "Contract 7" in ada.get(answer["Location"]).content.decode()
    assert overrides(cast) == [override]
    assert "Withdraw a price of Claude Sonnet 4.5" in ada.get(withdrawal(override)).content.decode()
    assert overrides(cast) == [override]
    assert ada.post(withdrawal(override)).status_code == 302
    assert overrides(cast) == []
    assert ada.get(withdrawal(override)).status_code == 404


def test_a_price_per_thousand_is_a_thousand_times_the_price_per_million(ada: Client, cast: Cast) -> None:
    ada.post("/o/acme/prices/new/", {**GIVEN, "amount": "0.00225", "unit": "PER_THOUSAND"})
    (override,) = overrides(cast)
    assert override.rate_usd_per_million == Decimal("2.25")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"unit": ""}, "This field is required."),
        ({"currency": ""}, "This field is required."),
        ({"currency": "XYZ"}, "Select a valid choice"),
        ({"effective_to": "2026-10-01"}, "ends after it began"),
        ({"amount": "three"}, "Price must be a number of 0 or more"),
        ({"amount": "2.25", "unit": "PER_THOUSAND"}, "more than a hundred times off"),
        ({"amount": "-1"}, "Price must be a number of 0 or more"),
        ({"aws_region": "the moon"}, "Enter one AWS region"),
        ({"effective_date": "2026-02-31"}, "Enter a valid date."),
        ({"effective_date": "1999-01-01"}, "between 2015 and 2100"),
        ({"model_id": "gpt-2"}, "Select a valid choice"),
        ({"source": "s" * 10_000}, "at most 200 characters"),
    ],
)
def test_a_price_that_is_wrong_is_refused_and_changes_nothing(
    ada: Client, cast: Cast, changed: dict[str, str], message: str
) -> None:
    answer = ada.post("/o/acme/prices/new/", {**GIVEN, **changed})
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert overrides(cast) == []


def test_no_unit_is_chosen_for_the_reader(ada: Client) -> None:
    text = ada.get("/o/acme/prices/new/?model=claude-sonnet-4-5").content.decode()
    assert 'value="claude-sonnet-4-5" selected' in text
    radios = [line for line in text.splitlines() if 'name="unit"' in line]
    assert radios
    assert not any("checked" in line for line in radios)


def test_the_preview_says_both_units_the_known_price_and_last_month(ada: Client, cast: Cast) -> None:
    text = ada.post("/o/acme/prices/preview/", GIVEN).content.decode()
    assert "$2.25 per 1M tokens, $0.00225 per 1K" in text
    assert "Known so far: $3.00 per 1M" in text
    assert "had no such tokens" in text
    assert "Nothing that is stored changes" in text
    assert overrides(cast) == []


def test_half_off_is_warned_of_and_a_hundred_times_off_refused_before_saving(ada: Client) -> None:
    half = ada.post("/o/acme/prices/preview/", {**GIVEN, "amount": "1.50"}).content.decode()
    assert "half off or more" in half
    wrong = ada.post("/o/acme/prices/preview/", {**GIVEN, "amount": "300"}).content.decode()
    assert "more than a hundred times off" in wrong
    assert "per 1M" not in ada.post("/o/acme/prices/preview/", {"amount": "3"}).content.decode()


def test_an_own_price_is_marked_in_the_list(ada: Client, cast: Cast) -> None:
    use(cast)
    with inside(cast.acme):
        make_override(rate="2.25")
    text = ada.get("/o/acme/prices/").content.decode()
    assert "Own price" in text
    assert "2.2500" in text


def test_a_viewer_sees_prices_and_cannot_change_them(client: Client, cast: Cast) -> None:
    with inside(cast.acme):
        override = make_override()
    client.force_login(cast.ben)
    assert client.get("/o/acme/prices/").status_code == 200
    assert "Withdraw" not in client.get("/o/acme/prices/").content.decode()
    assert client.get("/o/acme/prices/new/").status_code == 403
    assert client.post(f"/o/acme/prices/own/{override.pk}/withdraw/").status_code == 403
    assert len(overrides(cast)) == 1


LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def use_in_months_before(cast: Cast) -> None:
    """A million input tokens at $3 two days ago, and two million in the middle of last month."""
    now = datetime.now(UTC)
    recent = (now - timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)
    last_month = (now.replace(day=1) - timedelta(days=15)).replace(hour=12, minute=0, second=0, microsecond=0)
    with inside(cast.acme):
        connection = make_connection(connected_at=LONG_AGO)
        for hour, tokens in ((recent, 1_000_000), (last_month, 2_000_000)):
            make_usage(make_series(aws_model_id=f"global.{hour}"), {hour: tokens})
            start = hour.replace(hour=0)
            make_window(connection, start=start, state=WindowState.DONE, rows=1)


def test_the_preview_says_what_last_month_and_history_would_be_and_the_button_repeats_it(
    ada: Client, cast: Cast
) -> None:
    use_in_months_before(cast)
    given = {**GIVEN, "effective_date": "2020-01-01"}
    text = ada.post("/o/acme/prices/preview/", given).content.decode()
    assert "would be $4.50, was $6.00" in text
    assert "$9.00 becomes $6.75 (−$2.25) for 3 M tokens" in text.replace("\xa0", " ")
    assert "Save, takes $2.25 off what is stored" in text
    assert 'hx-swap-oob="true"' in text
    refused = ada.post("/o/acme/prices/new/", {**given, "source": "s" * 300}).content.decode()
    assert 'hx-swap-oob="true"' not in refused


def test_a_saved_price_has_stored_usage_rated_again_and_the_page_says_so_until_it_is(ada: Client, cast: Cast) -> None:
    use_in_months_before(cast)
    answer = ada.post("/o/acme/prices/new/", {**GIVEN, "effective_date": "2020-01-01"})
    text = ada.get(answer["Location"]).content.decode()
    assert "Saved: $3.00 to $2.25 per 1M tokens" in text
    assert "2 stretches are left" in text
    with inside(cast.acme):
        windows = list_windows_to_rate()
    for window_id in windows:
        with organization_scope(cast.acme.id):
            rerate_window(window_id=window_id, now=datetime.now(UTC))
    done = ada.get("/o/acme/prices/rating/")
    assert "All stored usage is rated with the prices in force." in done.content.decode()
    assert done["HX-Trigger"] == "spend-changed"
    text = ada.get(answer["Location"]).content.decode()
    assert "stretches" not in text
    assert "$2.25 in the last 30 days" in text


def test_half_off_is_saved_only_when_somebody_confirms_it(ada: Client, cast: Cast) -> None:
    given = {**GIVEN, "amount": "1.50"}
    answer = ada.post("/o/acme/prices/new/", given)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "half off or more. Check amount and unit, or confirm it." in text
    assert 'name="confirm"' in text
    assert overrides(cast) == []
    assert ada.post("/o/acme/prices/new/", {**given, "confirm": "on"}).status_code == 302
    assert overrides(cast)[0].rate_usd_per_million == Decimal("1.5")


def test_a_price_in_yen_becomes_dollars_at_the_rate_of_its_month(ada: Client, cast: Cast) -> None:
    cast.acme.currency = "JPY"
    cast.acme.save()
    given = {**GIVEN, "amount": "￥４００", "currency": "JPY"}
    assert (
        "There is no exchange rate from USD to JPY for 2026-11."
        in ada.post("/o/acme/prices/new/", given).content.decode()
    )
    with inside(cast.acme):
        make_exchange_rate(units="160")
    assert "At 160 JPY/USD" in ada.post("/o/acme/prices/preview/", given).content.decode()
    answer = ada.post("/o/acme/prices/new/", given)
    (override,) = overrides(cast)
    assert (override.rate_usd_per_million, override.units_per_usd) == (Decimal("2.5"), Decimal(160))
    assert "entered as ¥400.00 per 1M tokens at 160 JPY/USD" in ada.get(answer["Location"]).content.decode()


def test_beside_each_rate_stands_what_was_used_at_it(ada: Client, cast: Cast) -> None:
    now = datetime.now(UTC)
    hour = (now - timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    with inside(cast.acme):
        make_usage(make_series(), {hour: 1_000_000})
        make_override(rate="2", effective_from=hour - timedelta(days=60), effective_to=hour - timedelta(days=1))
    text = " ".join(ada.get("/o/acme/prices/models/claude-sonnet-4-5/").content.decode().split())
    assert "$3.00 in the last 30 days: 1 M tokens at 1 price." in text.replace("\xa0", " ")
    assert '<td class="num fold">1,000,000</td> <td class="num fold">3.00</td>' in text
    assert "Ada" in text


def test_the_history_of_a_price_is_a_step_chart_with_its_table(ada: Client) -> None:
    place = "place=%2A/REGIONAL/STANDARD"
    text = ada.get(f"/o/acme/prices/models/claude-3-5-sonnet/?{place}").content.decode()
    assert "went from" in text
    assert "on 1 Dec 2025" in text.replace("\xa0", " ")
    assert '"kind": "steps"' in text


def test_the_list_is_filtered_by_model_publisher_and_region_in_the_address(ada: Client, cast: Cast) -> None:
    use(cast)
    text = ada.get("/o/acme/prices/?q=sonnet 4.5&publisher=Anthropic&region=us-east-1").content.decode()
    assert "Claude Sonnet 4.5" in text
    assert "Nova" not in text
    assert "at the standard tier in us-east-1" in text
    assert "Clear filters" in text
    assert "No rows match 1 filter." in ada.get("/o/acme/prices/?q=no such model").content.decode()
    elsewhere = ada.get("/o/acme/prices/?region=eu-west-1&q=sonnet").content.decode()
    assert "No rows match 2 filters." in elsewhere
