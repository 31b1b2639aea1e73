"""An invitation is accepted, a passkey set up and used, an authenticator app too, in a browser with a virtual device."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlparse

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Browser, Page

from accounts.access import celery
from accounts.domain.roles import Role
from accounts.models import User
from accounts.operations.invitations import send_invitation_mail
from accounts.queries.invitations import list_due_mail_ids
from accounts.queries.memberships import find_role
from accounts.tenancy.context import organization_scope
from tests.cast import Cast, inside
from tests.journeys.tour import AXE, NARROW, WIDE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]

PASSWORD = "correct horse battery"
# A telephone that keeps passkeys and knows its owner's finger.
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def visitor(browser: Browser, live: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """Somebody with a browser and a device; whatever the browser complains about fails the test."""
    monkeypatch.setattr(celery, "_send", lambda *_arguments: None)
    context = browser.new_context(base_url=live, viewport=WIDE, locale="en-US")
    context.set_default_timeout(10_000)
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda message: (
            faults.append(f"{message.text} {message.location}")
            if message.type == "error" and "422" not in message.text
            else None
        ),
    )
    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    yield page
    context.close()
    cache.clear()
    assert faults == []


def check(page: Page) -> None:
    """At both widths nothing is wider than the screen, and axe finds nothing wrong."""
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("axe.run().then(result => result.violations)")
        assert [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]] == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, page.url
    page.set_viewport_size(WIDE)


def verify_address(user: User) -> None:
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)


def log_in(page: Page, email: str) -> None:
    page.goto("/account/login/?next=/account/security/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()


def confirm_password(page: Page) -> None:
    page.get_by_role("heading", name="Confirm that it is you").wait_for()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def log_out(page: Page) -> None:
    page.goto("/account/logout/")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/account/login/")


def add_passkey(page: Page, name: str, *, alone: bool = True) -> None:
    page.get_by_role("link", name="Add a passkey").click()
    if page.title().startswith("Confirm"):
        confirm_password(page)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Log in with it alone").set_checked(alone)
    check(page)
    page.get_by_role("button", name="Add the passkey").click()


def code_now(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time())))))


def test_a_passkey_is_set_up_and_logs_in_without_the_password(visitor: Page, cast: Cast) -> None:
    verify_address(cast.ada)
    log_in(visitor, "ada@acme.test")
    check(visitor)
    add_passkey(visitor, "Work laptop")
    visitor.get_by_role("heading", name="Recovery codes").wait_for()
    check(visitor)
    visitor.get_by_role("link", name="I have kept the codes").click()
    visitor.get_by_role("row", name="Work laptop").wait_for()
    check(visitor)

    log_out(visitor)
    visitor.goto("/account/login/?next=/preferences/")
    check(visitor)
    visitor.get_by_role("button", name="Log in with a passkey").click()
    visitor.get_by_role("heading", name="Preferences").wait_for()

    visitor.goto("/account/sign-ins/")
    visitor.get_by_text("here and nowhere else").wait_for()
    check(visitor)


def test_a_passkey_is_renamed_and_removed_and_opens_nothing_any_more(visitor: Page, cast: Cast) -> None:
    verify_address(cast.ada)
    log_in(visitor, "ada@acme.test")
    add_passkey(visitor, "Laptop")
    visitor.get_by_role("link", name="I have kept the codes").click()
    visitor.get_by_role("link", name="Rename Laptop").click()
    visitor.get_by_label("Name").fill("Old laptop")
    visitor.get_by_role("button", name="Save the name").click()
    visitor.get_by_role("link", name="Remove Old laptop").click()
    check(visitor)
    visitor.get_by_role("button", name="Remove the passkey").click()
    visitor.get_by_text("There is no passkey yet").wait_for()

    log_out(visitor)
    visitor.get_by_role("button", name="Log in with a passkey").click()
    visitor.get_by_text("This was not right").first.wait_for()
    assert not Authenticator.objects.filter(type="webauthn").exists()


def test_a_security_key_is_the_second_factor_after_the_password(visitor: Page, cast: Cast) -> None:
    verify_address(cast.ada)
    log_in(visitor, "ada@acme.test")
    add_passkey(visitor, "Key", alone=False)
    visitor.get_by_role("link", name="I have kept the codes").click()
    log_out(visitor)

    log_in(visitor, "ada@acme.test")
    visitor.get_by_role("heading", name="Second factor").wait_for()
    check(visitor)
    visitor.get_by_role("button", name="Use a passkey").click()
    visitor.get_by_role("heading", name="Security").wait_for()


def test_an_authenticator_app_and_a_recovery_code_log_in(visitor: Page, cast: Cast) -> None:
    verify_address(cast.ada)
    log_in(visitor, "ada@acme.test")
    visitor.get_by_role("link", name="Set up an app").click()
    confirm_password(visitor)
    assert visitor.locator("img.qr").evaluate("image => image.naturalWidth") > 0
    check(visitor)
    secret = visitor.get_by_label("Key", exact=True).input_value()
    visitor.get_by_label("Code").fill(code_now(secret))
    visitor.get_by_role("button", name="Set up the app").click()
    codes = visitor.locator("#recovery-codes").inner_text().split()
    visitor.get_by_role("link", name="I have kept the codes").click()
    check(visitor)

    for code in (codes[0], None):
        log_out(visitor)
        log_in(visitor, "ada@acme.test")
        visitor.get_by_role("heading", name="Second factor").wait_for()
        visitor.get_by_label("Code").fill(code or code_now(secret))
        visitor.get_by_role("button", name="Log in", exact=True).click()
        visitor.get_by_role("heading", name="Security").wait_for()
    assert visitor.get_by_text("9 unused codes are left").is_visible()


def test_a_device_that_says_no_is_told_to_the_reader(visitor: Page, cast: Cast) -> None:
    verify_address(cast.ada)
    visitor.goto("/account/login/")
    visitor.evaluate("() => { navigator.credentials.get = () => Promise.reject(new Error('no')) }")
    visitor.get_by_role("button", name="Log in with a passkey").click()

    visitor.get_by_role("alert").get_by_text("The device did not give a passkey").wait_for()


def test_a_new_finance_member_is_invited_and_joins(visitor: Page, browser: Browser, live: str, cast: Cast) -> None:
    verify_address(cast.ada)
    log_in(visitor, "ada@acme.test")
    visitor.goto("/o/acme/members/")
    check(visitor)
    visitor.get_by_role("link", name="Invite a member").click()
    check(visitor)
    visitor.get_by_label("E-mail address").fill("dora@acme.test")
    visitor.get_by_label("Finance:").check()
    visitor.get_by_role("button", name="Send the invitation").click()
    visitor.get_by_role("row", name="dora@acme.test").wait_for()
    check(visitor)
    with inside(cast.acme):
        (number,) = list_due_mail_ids(now=timezone.now())
    with organization_scope(cast.acme.id):
        send_invitation_mail(invitation_id=number, now=timezone.now())
    link = next(word for word in str(mail.outbox[-1].body).split() if "/invitations/" in word)

    context = browser.new_context(base_url=live, viewport=WIDE, locale="en-US")
    context.set_default_timeout(10_000)
    dora = context.new_page()
    dora.goto(urlparse(link).path)
    check(dora)
    dora.get_by_role("link", name="Sign up").click()
    assert dora.get_by_label("E-mail address").input_value() == "dora@acme.test"
    dora.get_by_label("Password", exact=True).fill(PASSWORD)
    dora.get_by_label("Password again").fill(PASSWORD)
    dora.get_by_role("button", name="Sign up").click()
    dora.get_by_role("button", name="Join Acme").click()
    dora.wait_for_url("**/o/acme/")
    context.close()
    with inside(cast.acme):
        assert find_role(User.objects.get(email="dora@acme.test").pk) is Role.FINANCE
