"""The search page: what a role may see, of this organization only."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from forecasting.domain.payloads import snapshot_payload
from forecasting.web.search import PAGES
from tests.cast import Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.billing import make_connection
from tests.factories.forecasting import make_alert_event, make_budget
from tests.forecasting.adapters.messages import snapshot

SEARCH = "/o/acme/search/"


@pytest.fixture
def as_ada(cast: Cast, client: Client) -> Client:
    client.force_login(cast.ada)
    return client


def links(client: Client, text: str, slug: str = "acme") -> list[str]:
    answer = client.get(f"/o/{slug}/search/", {"q": text})
    main = answer.content.decode().partition('id="main"')[2]
    found: list[str] = re.findall(r'<li class="line"><a href="([^"]+)"', main)
    return found


def test_each_kind_leads_to_its_own_page(as_ada: Client, cast: Cast) -> None:
    with inside(cast.acme):
        make_cost_center(code="kensaku", name="検索チーム")
        budget = make_budget(name="Tokyo office")
        connection = make_connection(name="Osaka", aws_account_id="210987654321")
        event = make_alert_event(budget, payload=snapshot_payload(snapshot()))

    # Wide and narrow letters, hiragana and katakana find the same.
    assert links(as_ada, "ＫＥＮＳＡＫＵ") == ["/o/acme/explore/?cost_center=kensaku"]
    assert links(as_ada, "ちーむ") == ["/o/acme/explore/?cost_center=kensaku"]
    assert links(as_ada, "2026年10月") == ["/o/acme/explore/?period=custom&amp;from=2026-10-01&amp;to=2026-10-31"]
    assert links(as_ada, "tokyo off")[0] == f"/o/acme/budgets/{budget.pk}/"
    assert links(as_ada, "2109-8765-4321") == [f"/o/acme/connections/{connection.pk}/"]
    assert f"/o/acme/alerts/{event.pk}/" in links(as_ada, f"alert {event.pk}")


def test_nothing_of_another_organization_is_found(as_ada: Client, cast: Cast) -> None:
    with inside(cast.globex):
        make_budget(name="Globex secret plan")
    assert links(as_ada, "secret plan") == []
    assert "Nothing in Acme is called “secret plan”." in as_ada.get(SEARCH, {"q": "secret plan"}).content.decode()


def test_a_viewer_finds_no_page_that_a_viewer_cannot_open(cast: Cast, client: Client) -> None:
    client.force_login(cast.ben)
    with inside(cast.acme):
        make_cost_center(code="search", name="Search")

    assert links(client, "api keys") == []
    assert links(client, "create budget") == []
    assert links(client, "alerts") == ["/o/acme/alerts/"]
    for address in [*links(client, "search"), *links(client, ""), *links(client, "dashboard")]:
        assert client.get(address).status_code == 200


def test_every_entry_of_the_sidebar_can_be_found(as_ada: Client) -> None:
    sidebar = as_ada.get(SEARCH).content.decode().partition('class="sidebar-nav"')[2].partition("</nav>")[0]
    entries = set(re.findall(r'<a class="nav-item" href="([^"]+)"', sidebar))
    known = {reverse(entry.view, kwargs={"org_slug": "acme"}) for entry in PAGES}
    assert entries - known == set()


def test_htmx_gets_options_and_an_empty_search_the_pages(as_ada: Client) -> None:
    options = as_ada.get(SEARCH, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in options
    assert 'role="option"' in options
    assert 'data-link="/o/acme/budgets/"' in options

    none = as_ada.get(SEARCH, {"q": "zzzz"}, headers={"HX-Request": "true"}).content.decode()
    assert 'aria-disabled="true"' in none


def test_a_text_is_shown_as_text(as_ada: Client) -> None:
    page = as_ada.get(SEARCH, {"q": "<script>alert(1)</script>"}).content.decode()
    assert "<script>alert" not in page
