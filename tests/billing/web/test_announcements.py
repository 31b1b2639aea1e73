"""The pages of price events: what was told, what we got, and how it is registered and taken back."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.test import Client

from billing.models import Announcement
from billing.operations.catalog import sync_price_table
from billing.operations.learnt_rates import learn_rates
from billing.operations.price_events import find_due_price_events
from billing.queries.price_events import list_price_events
from tests.cast import NOW, Cast, inside
from tests.factories.billing import make_connection
from tests.factories.price_events import make_announcement, make_billed_line

FIRST = date(2026, 10, 15)
GIVEN = {
    "title": "A quarter off",
    "percent": "25 %",
    "first_day": FIRST.isoformat(),
    "provider": "aws_bedrock",
    "model_ids": ["claude-sonnet-4-5"],
    "routing_class": "GLOBAL",
    "source": "A letter",
}


@pytest.fixture
def ada(client: Client, cast: Cast) -> Client:
    sync_price_table(now=NOW)
    client.force_login(cast.ada)
    return client


@pytest.fixture
def bill(cast: Cast) -> None:
    """Twenty days: $60 of $100 in scope and a quarter cheaper for the last ten, $40 at another routing."""
    with inside(cast.acme):
        connection = make_connection()
        for routing, tokens, before, after in (("GLOBAL", 2, "3", "2.25"), ("REGIONAL", 1, "4", "4")):
            days = {
                FIRST + timedelta(days=number): (tokens * 1_000_000, before if number < 0 else after)
                for number in range(-10, 10)
            }
            make_billed_line(connection, days, routing_class=routing)
        learn_rates(now=NOW)
        find_due_price_events(now=NOW)


def plain_text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode().replace("\N{NO-BREAK SPACE}", " ").replace("&nbsp;", " ")


@pytest.mark.usefixtures("bill")
def test_from_an_event_to_an_announcement_to_what_we_got(ada: Client, cast: Cast) -> None:
    text = plain_text(ada, "/o/acme/price-events/")
    assert "Claude Sonnet 4.5 (Global) is 25 % cheaper on your bill since 15 Oct 2026: $15.00 less so far" in text
    assert (
        "announcements/new/?model=claude-sonnet-4-5&amp;routing=GLOBAL&amp;percent=25&amp;first_day=2026-10-15" in text
    )
    with inside(cast.acme):
        (event,) = list_price_events()
    text = plain_text(ada, f"/o/acme/price-events/{event.id}/")
    assert "2.2500" in text
    assert "Register the announcement" in text

    preview = ada.post("/o/acme/announcements/preview/", {**GIVEN, "title": ""}).content.decode()
    assert "In scope: $60.00 of the $100.00 billed" in preview
    with inside(cast.acme):
        assert not Announcement.objects.exists()

    made = ada.post("/o/acme/announcements/new/", GIVEN)
    assert made.status_code == 302, made.content
    text = plain_text(ada, made["Location"])
    assert "You were told 25 %; you got 15 %: $15.00 since 15 Oct 2026, about $547.50 a year." in text
    assert "Other routing" in text
    assert "The largest part not received: Other routing, 10.0 pt" in text
    assert "A quarter off</a>" in plain_text(ada, "/o/acme/price-events/")

    answer = ada.get(f"{made['Location']}export/")
    rows = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 20
    assert sum(Decimal(row["received"]) for row in rows) == 15
    assert {row["reason"] for row in rows} == {"", "routing"}

    assert ada.post(f"{made['Location']}withdraw/").status_code == 302
    assert "Withdrawn by Ada" in plain_text(ada, made["Location"])


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"percent": "a quarter"}, "Cut must be a percentage above 0"),
        ({"percent": "250"}, "Cut must be a percentage above 0"),
        ({"percent": "0.25"}, "This is a cut of 0.25 %"),
        ({"last_day": "2026-10-01"}, "A cut begins between 2015 and 2100"),
        ({"title": ""}, "There is a problem"),
    ],
)
def test_what_cannot_be_meant_is_said_with_the_input_kept(ada: Client, changed: dict[str, str], text: str) -> None:
    answer = ada.post("/o/acme/announcements/new/", {**GIVEN, **changed})
    assert answer.status_code == 422
    assert text in answer.content.decode()
    assert "A letter" in answer.content.decode()


def test_a_cut_of_less_than_one_percent_is_saved_once_it_is_confirmed(ada: Client, cast: Cast) -> None:
    assert ada.post("/o/acme/announcements/new/", {**GIVEN, "percent": "0.25", "confirm": "on"}).status_code == 302
    with inside(cast.acme):
        assert Announcement.objects.get().percent == Decimal("0.25")


def test_without_a_bill_the_pages_say_so(ada: Client, cast: Cast) -> None:
    with inside(cast.acme):
        made = make_announcement()
    assert "No bill has been read yet" in plain_text(ada, "/o/acme/price-events/")
    text = plain_text(ada, f"/o/acme/announcements/{made.pk}/")
    assert "no bill of this provider has been read" in text
    assert "No day since the cut is on the bill yet." in text


def test_a_viewer_reads_and_cannot_register(client: Client, cast: Cast) -> None:
    client.force_login(cast.ben)
    with inside(cast.acme):
        made = make_announcement()
    for path in ("price-events/", f"announcements/{made.pk}/"):
        text = plain_text(client, f"/o/acme/{path}")
        assert "announcements/new/" not in text
        assert "Withdraw" not in text
    assert client.get("/o/acme/announcements/new/").status_code == 403
