"""The page of usage types: what is not understood stands first, with what it costs and what to do."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from tests.cast import NOW, Cast, inside
from tests.factories.bills import make_read_bill

pytestmark = pytest.mark.django_db(databases=["default"])

PAGE = "/o/acme/usage-types/"


@pytest.fixture
def ben(client: Client, cast: Cast) -> Client:
    client.force_login(cast.ben)
    return client


def test_what_is_not_understood_stands_first_and_the_sentence_says_its_cost(ben: Client, cast: Cast) -> None:
    with time_machine.travel(NOW, tick=False):
        empty = ben.get(PAGE).content.decode()
        with inside(cast.acme):
            make_read_bill(NOW.date() - timedelta(days=2), NOW)
        text = ben.get(PAGE).content.decode()
        tokens = ben.get(PAGE, {"heading": "GUARDRAILS"}).content.decode()
        nothing = ben.get(PAGE, {"q": "no such thing"}).content.decode()

    assert "No bill is stored yet." in empty
    finding = text.split('class="finding"')[1].split("</p>")[0]
    assert "1 usage type is not recognized: $1.50 in the last 30 days, 1.1 % of the bill." in finding.replace(
        "\u00a0", " "
    )
    assert "fits its list price neither per 1,000 nor per 1,000,000 tokens" in text
    assert text.index("Zephyr3.1Ultra") < text.index("NovaPro-output") < text.index("OutputTokenCount_Global")
    assert "Claude Sonnet 4.5</a>" in text
    assert "proved by the list price" in text
    assert "Content" in tokens
    assert "NovaPro" not in tokens
    assert "No rows match 1 filter." in nothing
