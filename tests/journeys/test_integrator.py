"""An integrator issues a key for one right, reads with curl what the page shows, is refused the rest, and shuts the key."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cast import Cast
from tests.journeys.autumn import tell_autumn
from tests.journeys.people import Tongue, browsing, choose_language, figures_of, go_to, in_both_tongues, stop_clocks
from tests.journeys.programs import Answer, curl, run_command
from tests.journeys.tour import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]

PROBLEM = "application/problem+json"


def issue_key(page: Page, tongue: Tongue) -> str:
    """Issue a key that may look at spend and nothing else, for 30 days."""
    go_to(page, tongue, "API keys")
    page.get_by_role("link", name=tongue("Issue an API key")).click()
    page.get_by_label(tongue("Name"), exact=True).fill("Nightly export")
    assert page.get_by_role("checkbox", name=tongue("View spend, budgets and alerts")).is_checked()
    assert not page.get_by_role("checkbox", name=tongue("Issue and revoke API keys")).is_checked()
    page.get_by_label(tongue("Expires"), exact=True).select_option(label=tongue("in 30 days"))
    page.get_by_role("button", name=tongue("Issue the key")).click()
    key = page.get_by_label(tongue("API key"), exact=True).input_value()
    page.get_by_role("link", name=tongue("I have copied the key")).click()
    row = page.get_by_role("row", name="Nightly export")
    row.get_by_text(tongue("in force"), exact=True).wait_for()
    assert row.get_by_text(tongue("never"), exact=True).is_visible()
    assert key not in page.content()
    return key


def revoke_key(page: Page, tongue: Tongue) -> None:
    """Revoke the key, which has been used by now."""
    go_to(page, tongue, "API keys")
    row = page.get_by_role("row", name="Nightly export")
    expect(row.get_by_text(tongue("never"), exact=True)).to_have_count(0)
    row.get_by_role("link", name=tongue("Revoke Nightly export")).click()
    page.get_by_role("button", name=tongue("Revoke Nightly export for good")).click()
    row.get_by_text(tongue("revoked"), exact=True).wait_for()


def costs(answer: Answer) -> dict[str, Decimal]:
    assert answer.status == 200, answer
    assert {row["currency"] for row in answer.body["rows"]} == {"USD"}
    return {row["cost_center"] or "": Decimal(row["cost"]) for row in answer.body["rows"]}


@in_both_tongues
def test_an_integrator_reads_the_same_figures_until_the_key_is_revoked(
    browser: Browser, live: str, cast: Cast, tongue: Tongue, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_clocks(monkeypatch)
    tell_autumn(cast)
    with browsing(browser, live, tongue) as page:
        sign_in(page.context, cast.max, live)
        page.goto("/o/acme/")
        choose_language(page, tongue)
        key = issue_key(page, tongue)

        page.goto("/o/acme/explore/?period=last_month&group_by=cost_center")
        page.locator("summary").get_by_text(tongue("API"), exact=True).click()
        now = costs(run_command(page.locator("#call-now").inner_text(), key=key))
        before = costs(run_command(page.locator("#call-before").inner_text(), key=key))
        assert now == {"search": Decimal("1262.9629617"), "support": Decimal("699.05"), "": Decimal(124)}
        assert before == {"search": Decimal("990.0099"), "support": Decimal(660), "": Decimal(120)}
        names = {"search": "Search", "support": "Support", "": tongue("Unassigned")}
        total = {tongue("Total of all 3 rows"): [f"{sum(now.values()):,.2f}", f"{sum(before.values()):,.2f}"]}
        assert {name: cells[:2] for name, cells in figures_of(page, ".explore-table").items()} == total | {
            names[code]: [f"{now[code]:,.2f}", f"{before[code]:,.2f}"] for code in now
        }

        written = curl(
            f"{live}/api/v1/cost-centers/",
            *("--header", f"Accept-Language: {tongue.code}", "--json", '{"code": "ranking", "name": "Ranking"}'),
            key=key,
        )
        assert (written.status, written.content_type, written.body["code"]) == (403, PROBLEM, "scope_missing")
        assert written.body["detail"] == tongue("This API key lacks the right EDIT_COST_CENTERS.")
        assert curl(f"{live}/api/v1/members/", key=key).status == 403
        go_to(page, tongue, "Cost centers")
        assert "Ranking" not in figures_of(page)

        revoke_key(page, tongue)
        refused = curl(f"{live}/api/v1/spend/", "--header", f"Accept-Language: {tongue.code}", key=key)
        assert (refused.status, refused.content_type, refused.body["code"]) == (401, PROBLEM, "api_key_refused")
        assert refused.body["detail"] == tongue("The API key is unknown, expired or revoked.")
