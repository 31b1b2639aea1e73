"""Budgets in the browser: what each says, what it would have done, and who may touch it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from forecasting.domain.thresholds import AlertKind, Threshold
from forecasting.models import Budget
from forecasting.queries.alerts import list_thresholds
from forecasting.queries.budgets import list_budgets
from tests.cast import NOW, Cast, inside
from tests.factories.forecasting import (
    make_alert_rule,
    make_budget,
    make_channel,
    make_data_until,
    make_forecast,
    make_rate,
    make_spend,
)

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.usefixtures("still_clock")]

LIST, NEW = "/o/acme/budgets/", "/o/acme/budgets/new/"


@pytest.fixture
def ada(client: Client, cast: Cast) -> Client:
    client.force_login(cast.ada)
    return client


def entry(**fields: Any) -> dict[str, Any]:
    """What the form sends: two rows of thresholds, of which one is blank."""
    return {
        "name": "Search team",
        "scope": "ORGANIZATION:",
        "amount": "4,300",
        "currency": "USD",
        "owner": "",
        "thresholds-TOTAL_FORMS": "2",
        "thresholds-INITIAL_FORMS": "0",
        "thresholds-0-percent": "80",
        "thresholds-0-kind": "ACTUAL",
        "thresholds-1-percent": "",
        "thresholds-1-kind": "ACTUAL",
        **fields,
    }


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().replace("\N{NO-BREAK SPACE}", " ").split())


def this_month(day: int = 1, hour: int = 12) -> datetime:
    """A time in the month of now, as Tokyo counts it."""
    return NOW.replace(day=day, hour=hour, minute=0)


def test_a_budget_is_held_against_the_bill_where_that_is_chosen(ada: Client, cast: Cast) -> None:
    """BerriAI/litellm#8513: which figure a budget and its alerts follow is chosen, and every page says it."""
    with inside(cast.acme):
        make_spend({this_month(): 10})
        make_data_until(NOW)
    answer = ada.post(NEW, entry(basis="billed_completed"))
    assert answer.status_code == 302, text_of(answer)
    assert "Billed, completed by estimates" in text_of(ada.get(answer["Location"]))
    with inside(cast.acme):
        assert Budget.objects.get().basis == "billed_completed"


def test_without_budgets_the_page_says_where_to_start(ada: Client, cast: Cast) -> None:
    with inside(cast.acme):
        make_spend({this_month() - timedelta(days=20): 3980})
    page = ada.get(LIST)

    assert "No budgets. Last month was $3,980.00; start from there." in text_of(page)
    assert f'href="{NEW}"' in page.content.decode()


def test_the_budget_with_most_at_stake_stands_first_and_in_the_finding(ada: Client, cast: Cast) -> None:
    with inside(cast.acme):
        make_data_until(NOW - timedelta(hours=2))
        make_spend({NOW - timedelta(hours=3): 100, NOW - timedelta(hours=4): None})
        make_budget(name="Fits", amount=Decimal(5000))
        make_budget(name="Small excess", amount=Decimal(1000))
        make_budget(name="Large excess", amount=Decimal(500))
        make_forecast(1280, month=date(2026, 11, 1), made_at=NOW - timedelta(hours=1))
    text = text_of(ada.get(LIST))

    assert "2 budgets are exceeded or on pace to be, most of all Large excess by 156 % ($780.00)." in text
    assert text.index(">Large excess<") < text.index(">Small excess<") < text.index(">Fits<")
    assert "3 budgets reach nobody" in text
    assert "tokens of this month have no price and are in no amount here." in text
    assert text.count(">Unpriced<") == 3


def test_a_budget_that_cannot_be_measured_says_so(ada: Client, cast: Cast) -> None:
    with inside(cast.acme):
        budget = make_budget(currency="JPY")

    assert "no rate" in text_of(ada.get(LIST))
    assert "Not watched: there is no exchange rate from USD to JPY." in text_of(ada.get(f"{LIST}{budget.pk}/"))


def test_the_page_of_a_budget_says_spent_left_pace_and_the_worst_overshoot(ada: Client, cast: Cast) -> None:
    with inside(cast.acme):
        make_data_until(NOW - timedelta(hours=4))
        make_spend({NOW - timedelta(hours=30): 240, NOW - timedelta(hours=5): 10})
        channel = make_channel(name="Finance")
        budget = make_budget(amount=Decimal(1000), owner_label="Ada")
        make_alert_rule(budget, channel, percent=80)
        make_alert_rule(budget, percent=100)
    text = text_of(ada.get(f"{LIST}{budget.pk}/"))

    for words in (
        "Worst overshoot",
        "in the 4 hours that the data lag behind",
        "Pace a day",
        "Data until",
        "Owner Ada.",
    ):
        assert words in text
    assert "<td>Finance</td>" in text
    assert "reaches nobody" in text
    assert "Estimated" in text


def test_a_budget_is_created_as_typed(ada: Client, cast: Cast) -> None:
    with inside(cast.acme):
        channel = make_channel()
        make_rate("JPY", month=datetime(2020, 1, 1, tzinfo=UTC).date())
    answer = ada.post(
        NEW,
        entry(
            amount="￥４，３００，０００",
            currency="JPY",
            owner=str(cast.ada.pk),
            **{"thresholds-0-percent": "８０％", "thresholds-0-channel_ids": [str(channel.pk)]},
        ),
        follow=True,
    )

    assert answer.redirect_chain[0][1] == 302
    assert "Saved. The audit log has it as line" in text_of(answer)
    with inside(cast.acme):
        (budget,) = list_budgets()
        assert budget.amount.amount == 4_300_000
        assert budget.owner is not None
        assert list_thresholds([budget.id])[budget.id] == (
            Threshold(kind=AlertKind.ACTUAL, percent=Decimal(80), channel_ids=(channel.pk,)),
        )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"amount": "abc"}, "Amount must be more than 0, for example 4300000."),
        ({"amount": "-5"}, "Amount must be more than 0, for example 4300000."),
        ({"amount": "0"}, "Amount must be more than 0, for example 4300000."),
        ({"amount": "1.234"}, "Amount may have at most 2 decimals."),
        ({"amount": ""}, "Enter an amount, for example 4300000."),
        ({"name": "x" * 10_000}, "at most 100 characters"),
        ({"name": "two\x00"}, "Null characters are not allowed."),
        ({"scope": "COST_CENTER:999999"}, "Select a valid choice."),
        ({"scope": "nonsense"}, "Select a valid choice."),
        ({"owner": "999999"}, "Select a valid choice."),
        ({"currency": "EUR"}, "Select a valid choice."),
        ({"currency": "JPY"}, "There is no exchange rate from USD to JPY yet."),
        ({"thresholds-0-percent": "lots"}, "Percent must be a number, for example 80."),
        ({"thresholds-0-percent": "0"}, "A threshold is a percentage from 1 to 1000"),
        ({"thresholds-0-percent": "NaN"}, "A threshold is a percentage from 1 to 1000"),
        ({"thresholds-0-channel_ids": ["999999"]}, "Select a valid choice."),
        ({"thresholds-0-kind": "GUESS"}, "Select a valid choice."),
        ({"thresholds-1-percent": "80"}, "The threshold 80 % is there twice."),
        ({"thresholds-TOTAL_FORMS": "9999"}, "Please submit at most 10 forms."),
        ({"thresholds-TOTAL_FORMS": "x"}, "ManagementForm data is missing"),
    ],
)
def test_nonsense_is_named_kept_and_changes_nothing(
    ada: Client, cast: Cast, fields: Mapping[str, Any], message: str
) -> None:
    cast.acme.currency = "JPY"
    cast.acme.save()

    answer = ada.post(NEW, entry(**fields))

    assert answer.status_code == 422
    text = text_of(answer)
    assert "There is a problem" in text
    assert message in text
    assert "<title>Error:" in text
    with inside(cast.acme):
        assert not Budget.objects.exists()


def test_a_form_without_anything_is_no_failure_of_ours(ada: Client) -> None:
    assert ada.post(NEW, {}).status_code == 422


def test_a_taken_name_is_said_at_the_name(ada: Client, cast: Cast) -> None:
    with inside(cast.acme):
        make_budget(name="search TEAM")
    answer = ada.post(NEW, entry())

    assert answer.status_code == 422
    assert 'href="#id_name">A budget named Search team exists already.' in text_of(answer)


@pytest.mark.parametrize("how", ["button", "htmx"])
def test_the_effect_is_shown_before_saving(ada: Client, cast: Cast, how: str) -> None:
    month = this_month(day=15)
    with inside(cast.acme):
        make_spend({month - timedelta(days=31): 4000, month - timedelta(days=62): 100})
    if how == "button":
        answer = ada.post(NEW, entry(preview="1"))
    else:
        answer = ada.post("/o/acme/budgets/effect/", entry(), headers={"HX-Request": "true"})

    text = text_of(answer)
    assert answer.status_code == 200
    assert "Would have alerted in 1 of the last 2 months" in text
    assert "Save, would have alerted in 1 of 2 months" in text
    assert "93 %" in text
    assert ("<html" in text) is (how == "button")
    with inside(cast.acme):
        assert not Budget.objects.exists()


def test_the_effect_of_half_a_form_is_nothing(ada: Client) -> None:
    answer = ada.post("/o/acme/budgets/effect/", entry(amount="4,3"), headers={"HX-Request": "true"})

    assert answer.status_code == 200
    assert text_of(answer) == '<span id="save-label" hx-swap-oob="true">Save budget</span>'


def test_ada_raises_the_budget_of_her_team(ada: Client, cast: Cast) -> None:
    with inside(cast.acme):
        budget = make_budget(name="Search team")
    answer = ada.post(
        f"{LIST}{budget.pk}/edit/", entry(amount="6,000", version="1", budget_id=str(budget.pk)), follow=True
    )

    assert answer.status_code == 200
    with inside(cast.acme):
        assert list_budgets()[0].amount.amount == 6000


def test_who_saves_second_sees_both_versions_and_can_decide(ada: Client, cast: Cast) -> None:
    with inside(cast.acme):
        budget = make_budget(name="Search team", amount=Decimal(5000), version=2)
    edit = f"{LIST}{budget.pk}/edit/"
    conflict = ada.post(edit, entry(amount="6,000", version="1"))

    text = text_of(conflict)
    assert conflict.status_code == 409
    assert "Version 2, saved meanwhile, is this." in text
    assert "$5,000.00" in text
    assert 'value="6,000"' in text
    assert 'name="version" value="2"' in text

    assert ada.post(edit, entry(amount="6,000", version="2")).status_code == 302


def test_another_mistake_does_not_hide_a_conflict(ada: Client, cast: Cast) -> None:
    with inside(cast.acme):
        budget = make_budget(version=2)
    answer = ada.post(f"{LIST}{budget.pk}/edit/", entry(amount="", version="1"))

    assert answer.status_code == 422
    assert 'name="version" value="1"' in text_of(answer)


def test_thresholds_are_shown_changed_and_taken_away(ada: Client, cast: Cast) -> None:
    with inside(cast.acme):
        budget = make_budget(name="Search team")
        make_alert_rule(budget, percent=80)
        make_alert_rule(budget, percent=100, kind="FORECAST")
    page = ada.get(f"{LIST}{budget.pk}/edit/")
    assert 'name="thresholds-0-percent" value="80"' in text_of(page)

    rows = {"thresholds-INITIAL_FORMS": "2", "thresholds-0-percent": "", "thresholds-1-percent": "95.5"}
    ada.post(f"{LIST}{budget.pk}/edit/", entry(version="1", **rows))

    with inside(cast.acme):
        (threshold,) = list_thresholds([budget.pk])[budget.pk]
        assert threshold.percent == Decimal("95.5")


def test_a_budget_is_closed_after_a_page_that_says_what_that_means(ada: Client, cast: Cast) -> None:
    with inside(cast.acme):
        budget = make_budget(name="Search team")
        make_alert_rule(budget)
    close = f"{LIST}{budget.pk}/close/"

    assert "Its 1 threshold is watched no more" in text_of(ada.get(close))
    assert ada.post(close).status_code == 302
    with inside(cast.acme):
        assert list_budgets() == ()


PAGES = ["", "edit/", "close/"]


def test_a_viewer_cannot_raise_a_budget(client: Client, cast: Cast) -> None:
    with inside(cast.acme):
        budget = make_budget()
    client.force_login(cast.ben)

    assert client.get(f"{LIST}{budget.pk}/").status_code == 200
    assert "/edit/" not in client.get(f"{LIST}{budget.pk}/").content.decode()
    for address in (f"{LIST}{budget.pk}/edit/", f"{LIST}{budget.pk}/close/", NEW, f"{LIST}effect/"):
        assert client.post(address, entry(version="1", amount="1")).status_code == 403
    with inside(cast.acme):
        assert Budget.objects.get().amount == 1000


def test_a_stranger_finds_nothing(client: Client, cast: Cast) -> None:
    with inside(cast.acme):
        budget = make_budget()
    client.force_login(cast.cleo)

    assert client.get(LIST).status_code == 404
    assert client.post(NEW, entry()).status_code == 404
    for page in PAGES:
        assert client.get(f"{LIST}{budget.pk}/{page}").status_code == 404


def test_globex_sees_no_budget_of_acme_under_its_own_address(client: Client, cast: Cast) -> None:
    with inside(cast.acme):
        budget = make_budget(name="Secret plan")
    client.force_login(cast.cleo)

    assert "Secret plan" not in client.get("/o/globex/budgets/").content.decode()
    for page in PAGES:
        assert client.get(f"/o/globex/budgets/{budget.pk}/{page}").status_code == 404
    assert client.post(f"/o/globex/budgets/{budget.pk}/close/").status_code == 404


@pytest.mark.parametrize("number", ["0", "99999999999999999999999"])
def test_a_number_that_no_budget_has_is_not_found(ada: Client, number: str) -> None:
    for page in PAGES:
        assert ada.get(f"{LIST}{number}/{page}").status_code == 404
