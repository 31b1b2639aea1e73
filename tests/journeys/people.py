"""People with a browser and a language of their own, and what they read on the pages: English, and the same in Japanese."""

from __future__ import annotations

import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, Page

from accounts.access import api, authentication, celery, invitations, web
from tests.journeys.autumn import NOW
from tests.journeys.tour import WIDE

# A telephone that keeps passkeys and knows its owner's finger.
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
JAPANESE = {
    "API": "API",
    "API key": "APIキー",
    "API keys": "APIキー",
    "Add a passkey": "パスキーの追加",
    "Add the passkey": "パスキーを追加する",
    "All stored usage is rated with the prices in force.": "保存済みの利用量はすべて、適用中の単価で計算されています。",
    "Amount a month": "月額",
    "Budgets": "予算",
    "CSV, unrounded": "CSV(端数処理なし)",
    "Claude Sonnet 4.5": "Claude Sonnet 4.5",
    "Compare with": "比較",
    "Confirm": "確認する",
    "Confirm that it is you": "本人確認",
    "Cost center": "部門",
    "Cost center, code": "部門(コード)",
    "Cost centers": "部門",
    "Create budget": "予算の作成",
    "E-mail address": "メールアドレス",
    "Excel workbook, with totals": "Excelブック(合計付き)",
    "Expires": "有効期限",
    "Explore": "分析",
    "Export": "書き出し",
    "Finance:": "経理:",
    "For": "対象",
    "From": "開始日",
    "Group by": "集計の軸",
    "History from 2026-10-01 (UTC) is rated again: $1,629.63 becomes $1,466.67 (−$162.96) for 494 M tokens.": (
        "2026-10-01(UTC)以降を再計算します。4.94億トークンの金額が$1,629.63から$1,466.67になります(△$162.96)。"
    ),
    "I have copied the key": "キーをコピー済み",
    "I have kept the codes": "コードを控えました",
    "In force from": "適用開始日",
    "Input": "入力",
    "Invite a member": "メンバーの招待",
    "Issue an API key": "APIキーの発行",
    "Issue the key": "キーを発行する",
    "Issue and revoke API keys": "APIキーの発行と失効",
    "Join Acme": "Acmeに参加する",
    "Last month": "先月",
    "Log in with a passkey": "パスキーでログイン",
    "Log in with it alone, without the password": "パスワードなしで、これだけでログインする",
    "Log out": "ログアウト",
    "Main": "メイン",
    "Members": "メンバー",
    "Move": "移動",
    "Move it, moves $183.33": "移動する($183.33が移動)",
    "Moves $183.33 to Products from 6 Nov 2026.": "2026年11月6日(金)から$183.33がProductsに移ります。",
    "Name": "名前",
    "October would be $1,136.67, was $1,262.96.": "10月は$1,262.96から$1,136.67になります。",
    "Override": "自社単価",
    "Password": "パスワード",
    "Password again": "パスワード(確認)",
    "Past months against the amount": "過去の月と金額の比較",
    "Period": "期間",
    "Period before": "前の期間",
    "Placements of the cost center, newest first": "部門の位置の履歴、新しい順",
    "Price": "単価",
    "Prices": "単価",
    "Revoke Nightly export": "失効 Nightly export",
    "Revoke Nightly export for good": "Nightly exportの失効",
    "Save": "保存",
    "Save as a new view named": "新しいビューの名前",
    "Save view": "ビューを保存する",
    "Save, takes $162.96 off what is stored": "保存(保存済みの金額が$162.96減ります)",
    "Security": "セキュリティ",
    "Send the invitation": "招待を送信する",
    "Show the new amounts": "新しい金額を表示",
    "Sign up": "新規登録",
    "Stands below": "上位部門",
    "Stored usage is being rated again: 2 stretches are left.": "保存済みの利用量を再計算しています(残り2区間)。",
    "The API key is unknown, expired or revoked.": "APIキーが未登録、期限切れ、または失効済みです。",
    "This API key lacks the right EDIT_COST_CENTERS.": "このAPIキーには「EDIT_COST_CENTERS」の権限がありません。",
    "Total": "合計",
    "Total of all 3 rows": "合計(全3行)",
    "Unassigned": "未配賦",
    "View spend, budgets and alerts": "支出・予算・アラートの閲覧",
    "Where the price is written": "単価の根拠",
    "You are now a member of Acme.": "Acmeのメンバーになりました。",
    "Your own prices": "自社単価",
    "[Yosan] Invitation to Acme": "【Yosan】Acmeへの招待",
    "in 30 days": "30日後",
    "in force": "有効",
    "never": "まだなし",
    "per 1M tokens": "100万トークンあたり",
    "revoked": "失効済み",
    "the beginning": "最初",
}


@dataclass(frozen=True, slots=True)
class Tongue:
    """A language that a person chooses; the browser asks for the other one, so that nothing but the choice is followed."""

    code: str
    name: str
    locale_of_browser: str

    def __str__(self) -> str:
        return self.code

    def __call__(self, english: str) -> str:
        """Say it in this language; what the tables here do not know ends the test with its name."""
        translated = JAPANESE[english]
        return translated if self.code == "ja" else english.removesuffix(" for good")


TONGUES = (Tongue("en", "English", "ja-JP"), Tongue("ja", "日本語", "en-US"))
in_both_tongues = pytest.mark.parametrize("tongue", TONGUES, ids=str)


def stop_clocks(patch: pytest.MonkeyPatch) -> None:
    """Let every door open in the middle of the story, and leave the work to the test: it is the worker."""
    for door in (web, api, authentication, invitations):
        patch.setattr(door, "timezone", types.SimpleNamespace(now=lambda: NOW))
    patch.setattr(celery, "_send", lambda *_arguments: None)


@contextmanager
def browsing(browser: Browser, live: str, tongue: Tongue) -> Iterator[Page]:
    """Somebody's browser, with a device for passkeys; whatever it complains about fails the test."""
    context = browser.new_context(base_url=live, viewport=WIDE, locale=tongue.locale_of_browser)
    context.set_default_timeout(10_000)
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    try:
        yield page
    finally:
        context.close()
        cache.clear()
    assert faults == [], faults


def choose_language(page: Page, tongue: Tongue) -> None:
    """Choose the language in the menu of a person who is logged in."""
    open_own_menu(page)
    page.get_by_role("button", name=tongue.name, exact=True).click()
    page.locator(f"html[lang={tongue.code}]").wait_for()


def open_own_menu(page: Page) -> None:
    page.locator(".user-menu summary").click()


def go_to(page: Page, tongue: Tongue, entry: str) -> None:
    """Follow an entry of the navigation."""
    name = tongue(entry)
    page.get_by_role("navigation", name=tongue("Main")).get_by_role("link", name=name, exact=True).click()
    page.get_by_role("heading", level=1, name=name, exact=True).wait_for()


def figures_of(page: Page, table: str = "main table") -> dict[str, list[str]]:
    """Return the cells of each row of a page's first table by its head, spaces of any size as one, none before %."""
    rows = page.locator(table).first.locator("tbody tr").all()
    read = [
        [" ".join(cell.split()).replace(" %", "%") for cell in row.locator("th, td").all_inner_texts()] for row in rows
    ]
    return {head: cells for head, *cells in read}
