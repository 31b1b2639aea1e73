"""A tour of every page there is, by the one table of routes: what a page is wrong with, wide and narrow, light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from django.apps import apps
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Page, Response, ViewportSize

from accounts.domain.invitations import InvitationToken, hash_token_secret
from accounts.models import Invitation, User
from tests.architecture.routes import PAGES
from tests.architecture.rows import ROW_OF
from tests.architecture.test_doors import routes
from tests.cast import Cast, inside
from tests.factories.accounts import make_invitation

AXE = Path(settings.BASE_DIR) / "config" / "assets" / "node_modules" / "axe-core" / "axe.min.js"
WIDE = ViewportSize(width=1440, height=900)
NARROW = ViewportSize(width=390, height=844)

# The model whose first row stands for a number in an address.
ROW_IN_ADDRESS = {
    "alert_id": "forecasting.AlertEvent",
    "announcement_id": "billing.Announcement",
    "api_key_id": "accounts.ApiKey",
    "budget_id": "forecasting.Budget",
    "channel_id": "forecasting.NotificationChannel",
    "connection_id": "billing.AwsConnection",
    "cost_center_id": "accounts.CostCenter",
    "delivery_id": "forecasting.Delivery",
    "event_id": "billing.PriceEvent",
    "import_id": "billing.CostImport",
    "export_id": "billing.CostExport",
    "discrepancy_id": "billing.Discrepancy",
    "invitation_id": "accounts.Invitation",
    "invoice_id": "billing.Invoice",
    "override_id": "billing.PriceOverride",
    "rate_id": "billing.ExchangeRate",
    "rule_id": "billing.AllocationRule",
    "split_id": "billing.SharedCostSplit",
    "view_id": "billing.SavedView",
}
# What a page has to be asked about.
QUESTIONS = {
    "billing:focus_export": "?month=2026-10&format=csv",
    "billing:reconciliation_day": "?date=2026-11-08",
}
# Pages about one passkey, which only a device can make: the journey that makes one looks at them.
WITH_A_DEVICE = {"mfa_edit_webauthn", "mfa_remove_webauthn"}


def sign_in(context: BrowserContext, user: User, live: str) -> None:
    """Give a browser the session of somebody who has logged in."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live}])


def addresses(names: Iterable[str], cast: Cast, *, slug: str = "acme") -> dict[str, str]:
    """Return where each route leads, its numbers being those of rows that exist.

    A route whose address takes something new is told about in the tables here, or the tour ends with its name.
    """
    patterns = dict(routes())
    with inside(cast.acme):
        known = {"org_slug": slug, **_words(cast), **_numbers()}
    found = {}
    for name in sorted({*names} - WITH_A_DEVICE):
        wanted = {*patterns[name].pattern.regex.groupindex, *(("org_slug",) if name in PAGES else ())}
        assert wanted <= known.keys(), f"the tour does not know what to put into the address of {name}"
        words = {one: known[one] for one in wanted}
        # allauth calls two different secrets a key: of an address, and of a password.
        path = reverse(name, kwargs=words | ({"key": known["reset"]} if "uidb36" in words else {}))
        found[name] = path + QUESTIONS.get(name, "")
    return found


def _words(cast: Cast) -> dict[str, object]:
    secret = "5" * 64
    # Whoever opens an invitation is nobody's member yet: the clock that the story stops is not asked.
    if not Invitation.objects.filter(email="dora@acme.test").exists():
        make_invitation(email="dora@acme.test", secret_hash=hash_token_secret(secret), created_at=datetime.now(UTC))
    address, _ = EmailAddress.objects.get_or_create(user=cast.ben, email=cast.ben.email, primary=True)
    return {
        "key": EmailConfirmationHMAC(address).key,
        "reset": default_token_generator.make_token(cast.ben),
        "token": str(InvitationToken(organization_id=cast.acme.id, secret=secret)),
        "model_id": "claude-sonnet-4-5",
        "month": "2026-10",
        "tag": "budgets",
        "user_id": cast.ben.pk,
        "uidb36": user_pk_to_url_str(cast.ben),
    }


def _numbers() -> dict[str, object]:
    return {name: _first(label) for name, label in ROW_IN_ADDRESS.items()}


def _first(label: str) -> object:
    row: Any = apps.get_model(label)._default_manager.order_by("pk").first() or ROW_OF[label]()
    return row.pk


@dataclass
class Tour:
    """One browser that goes from page to page and writes down what is wrong with each."""

    page: Page
    wrong: dict[str, list[str]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, context: BrowserContext) -> Tour:
        """Begin a tour: axe is at hand on every page, and what the console says is kept."""
        context.add_init_script(AXE.read_text(encoding="utf-8"))
        tour = cls(page=context.new_page())
        tour.page.on("pageerror", lambda error: tour.faults.append(str(error)))
        tour.page.on("console", tour.hear)
        return tour

    def hear(self, message: ConsoleMessage) -> None:
        """Keep an error of the console, but not what comes of asking for what is no page: its method, its icon."""
        is_expected = "status of 405" in message.text or message.location["url"].endswith("/favicon.ico")
        if message.type == "error" and not is_expected:
            self.faults.append(message.text)

    def visit(self, address: str, *, status: int = HTTPStatus.OK, everywhere: bool = True) -> None:
        """Look at one page; what answers with no page (a part for htmx, a file, a refused method) is passed over."""
        self.faults.clear()
        self.page.set_viewport_size(WIDE)
        self.page.emulate_media(color_scheme="light")
        answer = self._go(address)
        if answer is None or self._is_known():
            return
        found = [] if answer.status == status else [f"answers {answer.status}"]
        if self.page.evaluate("document.doctype !== null && document.contentType === 'text/html'"):
            found += [*self.look(everywhere=everywhere), *self.faults]
        if found:
            self.wrong[address] = found

    def report(self) -> str:
        """Say what was wrong, a page a line."""
        return "\n".join(f"{address}: {'; '.join(found)}" for address, found in self.wrong.items())

    def look(self, *, everywhere: bool) -> Iterator[str]:
        """Name what is wrong with the page as it stands: each width and each theme once, which is half of the time."""
        yield from self._axe()
        if not everywhere:
            return
        self.page.emulate_media(color_scheme="dark")
        self.page.set_viewport_size(NARROW)
        yield from (f"dark and narrow, {one}" for one in self._axe())
        if self.page.evaluate("document.documentElement.scrollWidth") > NARROW["width"]:
            yield "wider than a telephone"

    def _go(self, address: str) -> Response | None:
        try:
            return self.page.goto(address)
        except Error as error:
            # A file is handed over and leaves the page as it was; a refused method has an answer without a body.
            is_no_page = "Download is starting" in error.message or "ERR_HTTP_RESPONSE_CODE_FAILURE" in error.message
            if is_no_page and self.page.request.get(address).status in (HTTPStatus.OK, HTTPStatus.METHOD_NOT_ALLOWED):
                return None
            raise

    def _is_known(self) -> bool:
        arrived = self.page.url.partition("?")[0]
        is_known = arrived in self.seen
        self.seen.add(arrived)
        return is_known

    def _axe(self) -> list[str]:
        found: list[dict[str, Any]] = self.page.evaluate(
            "axe.run(document, {resultTypes: ['violations']}).then(result => result.violations)"
        )
        return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]
