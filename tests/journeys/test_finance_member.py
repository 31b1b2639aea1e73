"""A new finance member: invited, kept out by a passkey, asks about last month, keeps the answer, enters a contract's price."""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlparse

import pytest
from django.core import mail
from openpyxl import load_workbook
from playwright.sync_api import Browser, Page, expect

from accounts.domain.roles import Role
from accounts.models import User
from accounts.operations.invitations import send_invitation_mail
from accounts.queries.invitations import list_due_mail_ids
from accounts.queries.memberships import find_role
from accounts.tenancy.context import organization_scope
from billing.operations.rating import list_windows_to_rate, rerate_window
from tests.cast import Cast, inside
from tests.journeys.autumn import NOW, tell_autumn
from tests.journeys.people import (
    Tongue,
    browsing,
    choose_language,
    figures_of,
    go_to,
    in_both_tongues,
    open_own_menu,
    stop_clocks,
)
from tests.journeys.tour import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]

PASSWORD = "correct horse battery"
# October and September, worked out by hand; nobody pays for the last.
COSTS = {
    "search": (Decimal("1262.9629617"), Decimal("990.0099")),
    "support": (Decimal("699.05"), Decimal(660)),
    "": (Decimal(124), Decimal(120)),
}


@pytest.fixture
def story(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Everybody, in the middle of Acme's autumn."""
    stop_clocks(monkeypatch)
    tell_autumn(cast)
    return cast


def invited(ada: Page, tongue: Tongue, cast: Cast) -> str:
    """Ada invites Dora; returns where the mail leads."""
    go_to(ada, tongue, "Members")
    ada.get_by_role("link", name=tongue("Invite a member")).click()
    ada.get_by_label(tongue("E-mail address")).fill("dora@acme.test")
    ada.get_by_role("radio", name=tongue("Finance:")).check()
    ada.get_by_role("button", name=tongue("Send the invitation")).click()
    ada.get_by_role("row", name="dora@acme.test").wait_for()
    with inside(cast.acme):
        (number,) = list_due_mail_ids(now=NOW)
    with organization_scope(cast.acme.id):
        send_invitation_mail(invitation_id=number, now=NOW)
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["dora@acme.test"], tongue("[Yosan] Invitation to Acme"))
    return next(urlparse(word).path for word in str(sent.body).split() if "/invitations/" in word)


def join(dora: Page, link: str, tongue: Tongue) -> None:
    dora.goto(link)
    dora.get_by_role("button", name=tongue.name, exact=True).click()
    dora.get_by_role("link", name=tongue("Sign up")).click()
    assert dora.get_by_label(tongue("E-mail address")).input_value() == "dora@acme.test"
    dora.get_by_label(tongue("Password"), exact=True).fill(PASSWORD)
    dora.get_by_label(tongue("Password again"), exact=True).fill(PASSWORD)
    dora.get_by_role("button", name=tongue("Sign up")).click()
    dora.get_by_role("button", name=tongue("Join Acme")).click()
    dora.get_by_text(tongue("You are now a member of Acme.")).wait_for()


def set_up_passkey(dora: Page, tongue: Tongue) -> None:
    """Set a passkey up, and come back with nothing else."""
    open_own_menu(dora)
    dora.get_by_role("link", name=tongue("Security")).click()
    dora.get_by_role("link", name=tongue("Add a passkey")).click()
    dora.get_by_role("heading", name=tongue("Confirm that it is you")).wait_for()
    dora.get_by_label(tongue("Password"), exact=True).fill(PASSWORD)
    dora.get_by_role("button", name=tongue("Confirm"), exact=True).click()
    dora.get_by_label(tongue("Name")).fill("Telephone")
    dora.get_by_label(tongue("Log in with it alone, without the password")).check()
    dora.get_by_role("button", name=tongue("Add the passkey")).click()
    dora.get_by_role("link", name=tongue("I have kept the codes")).click()
    dora.get_by_role("row", name="Telephone").wait_for()

    dora.goto("/o/acme/")
    open_own_menu(dora)
    dora.get_by_role("button", name=tongue("Log out")).click()
    dora.wait_for_url("**/account/login/")
    dora.get_by_role("button", name=tongue("Log in with a passkey")).click()
    dora.wait_for_url("**/o/acme/")


def explore(dora: Page, tongue: Tongue) -> dict[str, list[str]]:
    """Ask what each cost center cost last month; it is held against the month before without asking."""
    go_to(dora, tongue, "Explore")
    dora.get_by_label(tongue("Period"), exact=True).select_option(label=tongue("Last month"))
    months = re.compile("2026年10月.*2026年9月" if tongue.code == "ja" else r"Oct\s2026.*Sep\s2026")
    expect(dora.locator(".explore-table thead")).to_have_text(months)
    for label, choice in (("Compare with", "Period before"), ("Group by", "Cost center")):
        chosen = dora.get_by_label(tongue(label), exact=True).locator("option:checked")
        expect(chosen).to_have_text(tongue(choice))
    return figures_of(dora, ".explore-table")


def save_view(dora: Page, tongue: Tongue) -> None:
    dora.locator("summary").get_by_text(tongue("Save"), exact=True).click()
    dora.get_by_label(tongue("Save as a new view named")).fill("October review")
    dora.get_by_role("button", name=tongue("Save view")).click()
    dora.locator("#toasts").get_by_text("October review").wait_for()


def open_view(dora: Page, tongue: Tongue) -> dict[str, list[str]]:
    dora.goto("/o/acme/saved-views/")
    dora.get_by_role("link", name="October review", exact=True).click()
    dora.get_by_role("heading", level=1, name=tongue("Explore")).wait_for()
    return figures_of(dora, ".explore-table")


def download(dora: Page, name: str, tongue: Tongue, folder: Path) -> Path:
    menu = dora.locator("details").filter(has=dora.locator("summary").get_by_text(tongue("Export"), exact=True))
    if menu.get_attribute("open") is None:
        menu.locator("summary").click()
    with dora.expect_download() as started:
        menu.get_by_role("link", name=tongue(name)).click()
    target = folder / started.value.suggested_filename
    started.value.save_as(target)
    return target


def read_csv(file: Path) -> dict[str, tuple[Decimal, Decimal]]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        return {
            row["cost_center"]: (Decimal(row["cost"]), Decimal(row["before"]))
            for row in csv.DictReader(text)
            if (row["first_day"], row["last_day"], row["currency"]) == ("2026-10-01", "2026-10-31", "USD")
        }


def read_workbook(file: Path, tongue: Tongue) -> dict[str, tuple[Decimal, Decimal]]:
    """Return the rows of the first sheet by the center's code, the total by its own name."""
    sheet = load_workbook(file, data_only=True).worksheets[0]
    assert sheet.title == tongue("Explore")
    heads, total, *rows = sheet.iter_rows(values_only=True)
    assert heads[:2] == (tongue("Cost center"), tongue("Cost center, code"))
    read = {str(row[1] or ""): row for row in rows} | {str(total[0]): total}
    # Excel's numbers are floating: fifteen digits of them are right.
    return {name: (Decimal(f"{row[2]:.15g}"), Decimal(f"{row[3]:.15g}")) for name, row in read.items()}


def enter_price(dora: Page, tongue: Tongue) -> None:
    """Enter a tenth off the published price of Sonnet's input, from 1 October."""
    go_to(dora, tongue, "Prices")
    dora.get_by_role("link", name=tongue("Claude Sonnet 4.5")).first.click()
    published = dora.get_by_role("row", name=re.compile(rf"^{tongue('Input')}")).filter(has_text="3.3000")
    published.get_by_role("link", name=tongue("Override")).click()
    dora.get_by_label(tongue("Price"), exact=True).fill("2.97")
    dora.get_by_role("radio", name=tongue("per 1M tokens")).check()
    dora.get_by_label(tongue("In force from")).fill("2026-10-01")
    dora.get_by_label(tongue("Where the price is written")).fill("Contract 7")


def work(cast: Cast) -> int:
    """Rate again what is due, as the worker does; returns how many windows."""
    with organization_scope(cast.acme.id):
        due = list_windows_to_rate()
        for window_id in due:
            rerate_window(window_id=window_id, now=NOW)
    return len(due)


@in_both_tongues
def test_a_new_finance_member_comes_asks_keeps_and_corrects_a_price(
    browser: Browser, live: str, story: Cast, tongue: Tongue, tmp_path: Path
) -> None:
    with browsing(browser, live, tongue) as ada:
        sign_in(ada.context, story.ada, live)
        ada.goto("/o/acme/")
        choose_language(ada, tongue)
        link = invited(ada, tongue, story)

    with browsing(browser, live, tongue) as dora:
        join(dora, link, tongue)
        set_up_passkey(dora, tongue)
        with inside(story.acme):
            assert find_role(User.objects.get(email="dora@acme.test").pk) is Role.FINANCE

        shown = explore(dora, tongue)
        assert shown == {
            tongue("Total of all 3 rows"): ["2,086.01", "1,770.01", "+316.00", "+18%", "100.0%"],
            "Search": ["1,262.96", "990.01", "+272.95", "+28%", "60.5%"],
            "Support": ["699.05", "660.00", "+39.05", "+5.9%", "33.5%"],
            tongue("Unassigned"): ["124.00", "120.00", "+4.00", "+3.3%", "5.9%"],
        }
        save_view(dora, tongue)
        assert open_view(dora, tongue) == shown
        assert read_csv(download(dora, "CSV, unrounded", tongue, tmp_path)) == COSTS
        book = read_workbook(download(dora, "Excel workbook, with totals", tongue, tmp_path), tongue)
        assert book == COSTS | {tongue("Total"): (Decimal("2086.0129617"), Decimal("1770.0099"))}

        enter_price(dora, tongue)
        preview = dora.locator("#preview")
        preview.get_by_text(tongue("October would be $1,136.67, was $1,262.96.")).wait_for()
        history = (
            "History from 2026-10-01 (UTC) is rated again: $1,629.63 becomes $1,466.67 (−$162.96) for 494 M tokens."
        )
        preview.get_by_text(tongue(history)).wait_for()
        dora.get_by_role("button", name=tongue("Save, takes $162.96 off what is stored")).click()
        dora.get_by_text(tongue("Stored usage is being rated again: 2 stretches are left.")).wait_for()
        assert work(story) == 2
        # The page asks by itself until nothing is left.
        dora.get_by_text(tongue("All stored usage is rated with the prices in force.")).wait_for()
        dora.get_by_role("link", name=tongue("Show the new amounts")).click()
        dora.get_by_role("heading", name=tongue("Your own prices")).wait_for()
        expect(dora.get_by_role("row").filter(has_text="Contract 7")).to_contain_text("2.9700")

        # Before the contract everything is as it was.
        assert open_view(dora, tongue) == {
            tongue("Total of all 3 rows"): ["1,959.72", "1,770.01", "+189.71", "+11%", "100.0%"],
            "Search": ["1,136.67", "990.01", "+146.66", "+15%", "58.0%"],
            "Support": ["699.05", "660.00", "+39.05", "+5.9%", "35.7%"],
            tongue("Unassigned"): ["124.00", "120.00", "+4.00", "+3.3%", "6.3%"],
        }
