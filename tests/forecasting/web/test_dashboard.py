"""The first page, from the first run to a month with a budget."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.cast import Cast

pytestmark = pytest.mark.django_db(databases=["default"])


@pytest.fixture
def ada(client: Client, cast: Cast) -> Client:
    client.force_login(cast.ada)
    return client


def test_an_empty_organization_is_led_to_connect_aws(ada: Client) -> None:
    page = ada.get("/o/acme/")
    text = page.content.decode()
    assert page.status_code == 200
    assert "No spend yet. Connect AWS" in text
    assert 'href="/o/acme/connections/new/"' in text


def test_a_viewer_is_shown_what_is_missing_but_no_button(client: Client, cast: Cast) -> None:
    client.force_login(cast.ben)
    text = client.get("/o/acme/").content.decode()
    assert "Set a budget" in text
    assert "/connections/new/" not in text


def test_a_stranger_finds_nothing(client: Client, cast: Cast) -> None:
    client.force_login(cast.cleo)
    assert client.get("/o/acme/").status_code == 404
