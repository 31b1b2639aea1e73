"""Finance writes a rule, sees what it would move before saving it, and finds it on the statement afterwards."""

from __future__ import annotations

import types

import pytest
from playwright.sync_api import BrowserContext, expect

from accounts.access import celery, web
from accounts.tenancy.context import organization_scope
from billing.operations.allocation_runs import work_off_runs
from tests.cast import Cast
from tests.journeys.story import NOW, tell_november
from tests.journeys.tour import Tour, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]


def test_a_rule_with_its_preview_moves_history_and_stands_on_the_statement(
    context: BrowserContext, live: str, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "timezone", types.SimpleNamespace(now=lambda: NOW))
    monkeypatch.setattr(celery, "_send", lambda *_arguments: None)
    tell_november(cast)
    sign_in(context, cast.fay, live)
    tour = Tour.of(context)
    page = tour.page
    page.goto("/o/acme/allocation-rules/new/")
    page.get_by_label("Name").fill("The bill to search")
    page.get_by_label("Condition 1").select_option("usage_type")
    page.locator("#id_values_0").fill("*input-tokens*")
    page.get_by_label("Cost center that pays").select_option(index=1)
    expect(page.locator("#preview")).to_contain_text("1 series fulfils the conditions now.")
    expect(page.locator("#preview")).to_contain_text("It can take bill lines only")
    expect(page.get_by_role("button", name="Save, moves")).to_be_visible()
    assert list(tour.look(everywhere=False)) == []
    page.get_by_role("button", name="Save, moves").click()
    expect(page.locator("#allocation-run")).to_contain_text("Cost is being allocated again")
    with organization_scope(cast.acme.id):
        work_off_runs(clock=lambda: NOW)
    # The page asks by itself how far it is.
    expect(page.locator("#allocation-run")).to_contain_text("after a change by Fay")
    page.goto("/o/acme/unallocated/?basis=billed")
    expect(page.locator(".finding")).to_contain_text("Every amount of")
    page.goto("/o/acme/statements/?month=2026-10")
    expect(page.locator(".finding")).to_contain_text("(0.0\N{NO-BREAK SPACE}%) is unallocated.")
    for address in ("allocation-rules/", "allocation-conflicts/", "unallocated/", "statements/?month=2026-10"):
        tour.visit(f"/o/acme/{address}")
    assert tour.report() == ""
