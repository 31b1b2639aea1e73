"""An admin moves a cost center from a day: sees what that shifts, and everything before the day stays, to the cent."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.domain.roles import Permission
from accounts.operations.api_keys import issue_api_key
from tests.cast import Cast, inside
from tests.journeys.autumn import NOW, tell_autumn
from tests.journeys.people import Tongue, browsing, choose_language, figures_of, go_to, in_both_tongues, stop_clocks
from tests.journeys.programs import curl
from tests.journeys.tour import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]

OCTOBER = "start=2026-10-01&end=2026-11-01&granularity=day&calendar=organization&group_by=cost_center"


@dataclass(frozen=True, slots=True)
class Admin:
    """Max: his browser, his language, and a key for asking the same by REST."""

    page: Page
    tongue: Tongue
    live: str
    key: str

    def tree(self) -> dict[str, list[str]]:
        """What each center costs this month: by itself, and with all below it."""
        go_to(self.page, self.tongue, "Cost centers")
        rows = figures_of(self.page)
        return {name: cells[1:3] for name, cells in rows.items()}

    def explored(self) -> dict[str, list[str]]:
        """What each center cost last month and the month before."""
        self.page.goto("/o/acme/explore/?period=last_month&group_by=cost_center")
        return {name: cells[:2] for name, cells in figures_of(self.page, ".explore-table").items()}

    def past_months(self, center: str) -> dict[str, str]:
        """What a center with all below it cost in each whole month, as who plans a budget for it reads."""
        go_to(self.page, self.tongue, "Budgets")
        self.page.get_by_role("link", name=self.tongue("Create budget")).first.click()
        self.page.get_by_label(self.tongue("For"), exact=True).select_option(label=center)
        self.page.get_by_label(self.tongue("Amount a month")).fill("2000")
        self.page.get_by_label(self.tongue("Name"), exact=True).fill(center)
        past = self.page.get_by_role("table", name=self.tongue("Past months against the amount"))
        past.wait_for()
        rows = [row.locator("th, td").all_inner_texts() for row in past.locator("tbody tr").all()]
        return {" ".join(month.split()): spent for month, spent, *_ in rows}

    def asked(self, path: str) -> object:
        answer = curl(f"{self.live}/api/v1/{path}", key=self.key)
        assert answer.status == 200, answer
        return answer.body["rows"]

    def history(self) -> tuple[object, ...]:
        """All that is told of October."""
        engineering, products = self.past_months("Engineering"), self.past_months("Products")
        return self.explored(), engineering, products, self.asked(f"spend/?{OCTOBER}")


@in_both_tongues
def test_an_admin_moves_a_cost_center_and_its_past_stays(
    browser: Browser, live: str, cast: Cast, tongue: Tongue, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_clocks(monkeypatch)
    tell_autumn(cast)
    with inside(cast.acme):
        issued = issue_api_key(
            actor=cast.ada_acts,
            issuer=[Permission.VIEW_SPEND],
            name="Month end",
            scopes=[Permission.VIEW_SPEND],
            expires_at=None,
            now=NOW,
        )
    with browsing(browser, live, tongue) as page:
        sign_in(page.context, cast.max, live)
        page.goto("/o/acme/")
        choose_language(page, tongue)
        admin = Admin(page, tongue, live, issued.text)

        before = {
            tongue("Total"): ["637.67", "637.67"],
            "Engineering": ["0.00", "366.67"],
            "Search": ["366.67", "366.67"],
            "Products": ["0.00", "231.00"],
            "Support": ["231.00", "231.00"],
            tongue("Unassigned"): ["40.00", "40.00"],
        }
        history = admin.history()
        assert history[0] == {
            tongue("Total of all 3 rows"): ["2,086.01", "1,770.01"],
            "Search": ["1,262.96", "990.01"],
            "Support": ["699.05", "660.00"],
            tongue("Unassigned"): ["124.00", "120.00"],
        }
        months = ("2026年10月", "2026年9月") if tongue.code == "ja" else ("Oct 2026", "Sep 2026")
        assert history[1] == dict(zip(months, ("1,262.96", "990.01"), strict=True))
        assert history[2] == dict(zip(months, ("699.05", "660.00"), strict=True))
        assert admin.tree() == before

        page.get_by_role("main").get_by_role("link", name="Search", exact=True).click()
        page.get_by_role("link", name=tongue("Move"), exact=True).click()
        page.get_by_label(tongue("Stands below")).select_option(label="Products")
        page.get_by_label(tongue("From"), exact=True).fill("2026-11-06")
        page.get_by_role("heading", name=tongue("Moves $183.33 to Products from 6 Nov 2026.")).wait_for()
        # Nothing is saved by looking.
        places = [(row["code"], row["path"]) for row in admin.asked("cost-centers/")]  # type: ignore[attr-defined]
        assert ("search", ["engineering", "search"]) in places

        page.get_by_role("button", name=tongue("Move it, moves $183.33")).click()
        stood = page.get_by_role("table", name=tongue("Placements of the cost center, newest first"))
        expect(stood.locator("tbody th")).to_have_text(["Products", "Engineering"])
        expect(stood.get_by_text(tongue("the beginning"))).to_be_visible()

        # Five of ten days have gone over; the center itself and the whole cost what they cost.
        assert admin.tree() == before | {"Engineering": ["0.00", "183.33"], "Products": ["0.00", "414.33"]}
        assert admin.history() == history
        places = [(row["code"], row["path"]) for row in admin.asked("cost-centers/")]  # type: ignore[attr-defined]
        assert ("search", ["products", "search"]) in places
