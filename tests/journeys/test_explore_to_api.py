"""From a question to a file and a call: the same figures on the page, in the kept view, in the export and by the API."""

from __future__ import annotations

import csv
import re
import shlex
import types
from decimal import Decimal
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from accounts.access import api, web
from accounts.domain.roles import Permission
from accounts.operations.api_keys import issue_api_key
from tests.cast import Cast, inside
from tests.journeys.story import NOW, tell_november
from tests.journeys.tour import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]


@pytest.fixture
def fay(page: Page, live: str, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Page:
    """Fay's browser in the middle of the story."""
    for door in (web, api):
        monkeypatch.setattr(door, "timezone", types.SimpleNamespace(now=lambda: NOW))
    tell_november(cast)
    sign_in(page.context, cast.fay, live)
    return page


def rows_of(page: Page) -> list[list[str]]:
    return [
        [cell.strip() for cell in row.locator("th, td").all_inner_texts()]
        for row in page.locator(".explore-table tbody tr").all()
    ]


def export(page: Page, tmp_path: Path) -> list[dict[str, str]]:
    page.locator("summary", has_text="Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV, unrounded").click()
    target = tmp_path / download.value.suggested_filename
    download.value.save_as(target)
    with target.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def call(page: Page, key: str) -> list[dict[str, str]]:
    """Make the call that the page shows for the days shown, as its command says it."""
    command = page.locator("#call-now").text_content() or ""
    url = shlex.split(command.replace("\\\n", " "))[-1]
    answer = Client().get(re.sub(r"^https?://[^/]+", "", url), headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 200, answer.content
    rows: list[dict[str, str]] = answer.json()["rows"]
    return rows


def test_a_question_is_asked_narrowed_kept_exported_and_asked_again_by_a_program(
    fay: Page, cast: Cast, tmp_path: Path
) -> None:
    fay.goto("/o/acme/explore/")
    fay.get_by_label("Then by").select_option("model")
    expect(fay.locator(".explore-table thead")).to_contain_text("Cost center / Model")
    fay.get_by_label("Period", exact=True).select_option("last_month")
    expect(fay).to_have_url(re.compile("period=last_month"))
    fay.get_by_label("Currency").select_option("usd")
    expect(fay).to_have_url(re.compile("currency=usd"))
    expect(fay.locator("#explore-table-title")).to_have_text("Estimated cost in $")

    fay.locator("#explore-add-filter > summary").click()
    fay.locator("#explore-add-filter summary", has_text="Cost center").click()
    panel = fay.locator("#explore-add-filter form").filter(has=fay.locator("input[value=cost_center]"))
    panel.get_by_label("is not", exact=True).check()
    panel.get_by_label("Unassigned").check()
    panel.get_by_role("button", name="Apply filter").click()
    expect(fay.locator(".chip")).to_have_text(re.compile("Cost center is not Unassigned"))
    shown = rows_of(fay)
    assert [row[0] for row in shown] == [
        "Total of all 3 rows",
        "Search",
        "Claude Sonnet 4.5",
        "Support",
        "Claude Haiku 4.5",
        "Llama 3.3 70B Instruct",
    ]

    fay.locator("summary", has_text="Save").click()
    fay.get_by_label("Save as a new view named").fill("Month end")
    fay.get_by_label("Share with everybody").check()
    fay.get_by_role("button", name="Save view").click()
    expect(fay.locator("#toasts")).to_contain_text("Saved as Month end.")
    fay.goto("/o/acme/saved-views/")
    fay.get_by_role("link", name="Month end", exact=True).click()
    expect(fay.locator(".chip")).to_have_text(re.compile("Cost center is not Unassigned"))
    assert rows_of(fay) == shown

    exported = {row["model"]: Decimal(row["cost"]) for row in export(fay, tmp_path)}
    with inside(cast.acme):
        issued = issue_api_key(
            actor=cast.ada_acts,
            issuer=[Permission.VIEW_SPEND],
            name="Month end",
            scopes=[Permission.VIEW_SPEND],
            expires_at=None,
            now=NOW,
        )
    called = {row["model"]: Decimal(row["cost"]) for row in call(fay, issued.text)}
    assert called == exported
    assert f"{sum(called.values()):,.2f}" == shown[0][1]


def test_own_dates_choose_their_period_by_themselves_and_a_name_being_typed_outlives_the_answer(fay: Page) -> None:
    errors: list[str] = []
    fay.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    fay.goto("/o/acme/explore/")
    fay.locator("#explore-save > summary").click()
    fay.get_by_label("Save as a new view named").fill("Early November")
    # The menu is open when the answer comes; of two questions in a row the second one replaces the first.
    fay.evaluate(
        """() => {
          const unit = document.getElementById("explore-unit");
          unit.value = "thousand";
          unit.dispatchEvent(new Event("change", { bubbles: true }));
          const from = document.getElementById("explore-from");
          from.value = "2026-11-03";
          from.dispatchEvent(new Event("change", { bubbles: true }));
        }"""
    )
    expect(fay).to_have_url(re.compile("from=2026-11-03&to=2026-11-10"))
    expect(fay.get_by_label("Period", exact=True)).to_have_value("custom")
    name = fay.get_by_label("Save as a new view named")
    expect(name).to_be_focused()
    expect(name).to_have_value("Early November")
    assert not errors


def test_a_telephone_has_grouping_and_filters_in_one_sheet(fay: Page) -> None:
    fay.set_viewport_size({"width": 390, "height": 844})
    fay.goto("/o/acme/explore/?exclude_model=nova-pro")
    assert not fay.get_by_label("Group by").is_visible()
    opener = fay.get_by_role("button", name="Grouping and filters 2")
    opener.click()
    fay.get_by_label("Then by").select_option("model")
    expect(fay.locator(".explore-table thead")).to_contain_text("Cost center / Model")
    assert fay.get_by_label("Then by").is_visible()
    expect(fay.locator("#explore-count")).to_have_text("3")
    fay.get_by_role("button", name="Close").click()
    assert fay.evaluate("document.documentElement.scrollWidth") <= 390


def test_without_script_the_question_is_sent_by_its_button(fay: Page, live: str, cast: Cast) -> None:
    browser = fay.context.browser
    assert browser is not None
    context = browser.new_context(base_url=live, java_script_enabled=False, locale="en-US")
    sign_in(context, cast.fay, live)
    plain = context.new_page()
    plain.goto("/o/acme/explore/")
    plain.get_by_label("Then by").select_option("model")
    plain.get_by_role("button", name="Show", exact=True).click()
    assert "Cost center / Model" in (plain.locator(".explore-table thead").text_content() or "")
    assert plain.locator(".chart-table").is_visible()
    context.close()
