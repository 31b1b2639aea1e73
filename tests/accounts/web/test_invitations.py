"""Inviting in the browser, and what a link opens for whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.access import celery
from accounts.domain.invitations import LIFETIME
from accounts.domain.roles import Role
from accounts.models import Invitation, Organization, User
from accounts.operations.invitations import invite, revoke_invitation, send_invitation_mail
from accounts.queries.memberships import find_role
from accounts.tenancy.context import organization_scope
from tests.cast import Cast, inside
from tests.factories.accounts import make_invitation, make_membership, make_user

DORA, PASSWORD = "dora@acme.test", "correct horse battery"
MEMBERS, NEW = "/o/acme/members/", "/o/acme/invitations/new/"
LINK = re.compile(r"https://yosan\.test(/invitations/\S+)")
GIVEN = {"email": DORA, "role": "FINANCE", "language": "en"}


@pytest.fixture(autouse=True)
def forget_refusals() -> Iterator[None]:
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def nudges(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sent: list[str] = []
    monkeypatch.setattr(celery, "_send", lambda name, _kwargs: sent.append(name))
    return sent


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def link_to(cast: Cast, *, email: str = DORA, role: Role = Role.FINANCE) -> str:
    """Invite somebody and return the path in the mail."""
    now = timezone.now()
    with inside(cast.acme):
        number = invite(
            actor=cast.ada_acts, acting_role=Role.OWNER, email=email, role=role, language="en", now=now
        ).invitation_id
    with organization_scope(cast.acme.id):
        send_invitation_mail(invitation_id=number, now=now)
    found = LINK.search(str(mail.outbox[-1].body))
    assert found is not None
    return found[1]


def role_of(cast: Cast, user: User) -> Role | None:
    with inside(cast.acme):
        return find_role(user.pk)


def invitations(organization: Organization) -> list[Invitation]:
    with inside(organization):
        return list(Invitation.objects.order_by("id"))


# Inviting.


def test_an_owner_invites_somebody_and_sees_it_in_the_list(
    cast: Cast, nudges: list[str], django_capture_on_commit_callbacks: object
) -> None:
    client = client_of(cast.ada)
    assert "Everything an admin may do" in client.get(NEW).content.decode()
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator] # pytest-django's fixture
        response = client.post(NEW, GIVEN, follow=True)

    page = response.content.decode()
    assert response.request["PATH_INFO"] == MEMBERS
    assert "An invitation is on its way to dora@acme.test" in page
    assert "being sent" in page
    assert [(row.email, row.role) for row in invitations(cast.acme)] == [(DORA, "FINANCE")]
    assert nudges == ["accounts.tasks.send_organization_invitations"]


def test_an_admin_is_offered_no_owner_and_cannot_invite_one(cast: Cast) -> None:
    client = client_of(cast.max)
    assert 'value="OWNER"' not in client.get(NEW).content.decode()
    response = client.post(NEW, {**GIVEN, "role": "OWNER"})

    assert response.status_code == 422
    assert invitations(cast.acme) == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"email": ""}, "email"),
        ({"email": "dora"}, "email"),
        ({"email": "x" * 10_000 + "@acme.test"}, "email"),
        ({"email": "a\x00@acme.test"}, "email"),
        ({"email": "ben@acme.test"}, "email"),
        ({"role": ""}, "role"),
        ({"role": "KING"}, "role"),
        ({"language": "tlh"}, "language"),
    ],
)
def test_what_breaks_a_rule_is_named_and_invites_nobody(cast: Cast, changed: dict[str, str], field: str) -> None:
    response = client_of(cast.ada).post(NEW, {**GIVEN, **changed})

    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert invitations(cast.acme) == []


def test_a_second_invitation_to_the_same_address_says_what_to_do(cast: Cast) -> None:
    client = client_of(cast.ada)
    client.post(NEW, GIVEN)
    response = client.post(NEW, GIVEN)

    assert response.status_code == 422
    assert "is open already. Send it again or revoke it" in response.content.decode()


def test_an_invitation_is_revoked_after_a_page_that_says_what_it_means(cast: Cast) -> None:
    link = link_to(cast)
    client = client_of(cast.max)
    address = f"/o/acme/invitations/{invitations(cast.acme)[0].pk}/revoke/"
    assert "opens nothing from now on" in client.get(address).content.decode()
    assert client.post(address)["Location"] == MEMBERS

    page = Client().get(link)
    assert page.status_code == 410
    assert "was revoked" in page.content.decode()
    assert "Nobody is invited at the moment" in client.get(MEMBERS).content.decode()


def test_an_accepted_invitation_is_not_revoked(cast: Cast) -> None:
    with inside(cast.acme):
        row = make_invitation(accepted_at=timezone.now(), accepted_by=cast.ben)
    response = client_of(cast.ada).post(f"/o/acme/invitations/{row.pk}/revoke/")

    assert response.status_code == 422
    assert "accepted already" in response.content.decode()


def test_an_expired_invitation_is_sent_again_from_the_list(cast: Cast) -> None:
    with inside(cast.acme):
        row = make_invitation(email=DORA, created_at=timezone.now() - LIFETIME)
    client = client_of(cast.ada)
    assert "expired" in client.get(MEMBERS).content.decode()
    address = f"/o/acme/invitations/{row.pk}/send/"
    again = client.post(address, follow=True).content.decode()
    too_soon = client.post(address, follow=True).content.decode()

    assert "Saved." in again
    assert "sent a moment ago" in too_soon


def test_a_mail_that_did_not_arrive_is_shown_with_its_reason(cast: Cast) -> None:
    with inside(cast.acme):
        make_invitation(created_at=timezone.now(), mail_failure="SMTP 550")

    page = client_of(cast.ada).get(MEMBERS).content.decode()
    assert "not delivered" in page
    assert "SMTP 550" in page


def test_who_may_not_edit_members_sees_no_invitation(cast: Cast) -> None:
    link_to(cast)
    page = client_of(cast.fay).get(MEMBERS).content.decode()

    assert DORA not in page


@pytest.mark.parametrize("what", ["revoke", "send"])
def test_an_invitation_of_another_organization_is_not_found(cast: Cast, what: str) -> None:
    with inside(cast.globex):
        foreign = make_invitation()

    for number in (foreign.pk, 10**30):
        assert client_of(cast.ada).post(f"/o/acme/invitations/{number}/{what}/").status_code == 404
    assert invitations(cast.globex)[0].revoked_at is None


# Accepting.


def test_a_new_person_signs_up_without_another_mail_and_joins(cast: Cast) -> None:
    link = link_to(cast)
    sent = len(mail.outbox)
    client = Client()
    page = client.get(link).content.decode()
    assert "Ada invites you to Acme" in page
    assert f"/account/signup/?next={link}" in page
    form = client.get(f"/account/signup/?next={link}")
    assert DORA in form.content.decode()

    given = {"email": DORA, "name": "Dora", "password1": PASSWORD, "password2": PASSWORD, "language": "en"}
    response = client.post("/account/signup/", {**given, "next": link})
    assert response["Location"] == link
    assert "Join Acme" in client.get(link).content.decode()
    assert client.post(link)["Location"] == "/o/acme/"

    dora = User.objects.get(email=DORA)
    assert role_of(cast, dora) is Role.FINANCE
    assert EmailAddress.objects.get(user=dora).verified
    assert len(mail.outbox) == sent
    assert client.get("/o/acme/members/").status_code == 200


def test_who_signs_up_with_another_address_must_confirm_it(cast: Cast) -> None:
    link = link_to(cast)
    client = Client()
    client.get(link)
    given = {"email": "eve@evil.test", "password1": PASSWORD, "password2": PASSWORD, "language": "en"}
    response = client.post("/account/signup/", {**given, "next": link})

    assert response["Location"] == "/account/confirm-email/"
    assert not EmailAddress.objects.get(email="eve@evil.test").verified


def test_a_person_with_a_log_in_logs_in_first(cast: Cast) -> None:
    dora = make_user(email=DORA)
    EmailAddress.objects.create(user=dora, email=DORA, verified=True, primary=True)
    link = link_to(cast)
    client = Client()
    assert f"/account/login/?next={link}" in client.get(link).content.decode()

    response = client.post("/account/login/", {"login": DORA, "password": PASSWORD, "next": link})
    assert response["Location"] == link
    client.post(link)
    assert role_of(cast, dora) is Role.FINANCE


def test_a_person_who_is_logged_in_joins_with_one_press(cast: Cast) -> None:
    link = link_to(cast, email="CLEO@globex.test", role=Role.VIEWER)
    client = client_of(cast.cleo)
    page = client.get(link).content.decode()
    assert "Join Acme" in page
    assert role_of(cast, cast.cleo) is None

    response = client.post(link, follow=True)
    assert "You are now a member of Acme" in response.content.decode()
    assert role_of(cast, cast.cleo) is Role.VIEWER
    with inside(cast.globex):
        assert find_role(cast.cleo.pk) is Role.OWNER


def test_looking_at_a_link_changes_nothing(cast: Cast) -> None:
    link = link_to(cast, email="cleo@globex.test")
    for client in (Client(), client_of(cast.cleo), client_of(cast.ben)):
        client.get(link)
        client.head(link)
    Client().post(link)

    assert role_of(cast, cast.cleo) is None
    assert invitations(cast.acme)[0].accepted_at is None


def test_another_persons_log_in_gets_a_page_that_says_what_to_do(cast: Cast) -> None:
    link = link_to(cast)
    client = client_of(cast.cleo)
    page = client.get(link).content.decode()
    assert "The invitation is for dora@acme.test, and you are logged in as cleo@globex.test" in page
    assert client.post(link).status_code == 200
    assert role_of(cast, cast.cleo) is None

    assert client.post("/account/logout/", {"next": link})["Location"] == link
    assert f"/account/signup/?next={link}" in client.get(link).content.decode()


def test_a_member_who_follows_his_link_once_more_is_inside(cast: Cast) -> None:
    link = link_to(cast, email="cleo@globex.test")
    client = client_of(cast.cleo)
    client.post(link)

    page = client.get(link)
    assert page.status_code == 410
    assert "accepted already" in page.content.decode()


def test_who_became_a_member_meanwhile_is_led_inside(cast: Cast) -> None:
    with inside(cast.acme):
        make_invitation(email="x@acme.test")
    link = link_to(cast, email="cleo@globex.test")
    with inside(cast.acme):
        make_membership(user=cast.cleo)

    assert client_of(cast.cleo).get(link)["Location"] == "/o/acme/"


def test_an_expired_link_says_when_it_ended(cast: Cast) -> None:
    link = link_to(cast)
    with inside(cast.acme):
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    page = Client().get(link)

    assert page.status_code == 410
    assert "This invitation ended on" in page.content.decode()
    assert Client().post(link).status_code == 410


def test_the_link_of_a_closed_organization_opens_nothing(cast: Cast) -> None:
    link = link_to(cast)
    Organization.objects.filter(id=cast.acme.id).update(closed_at=timezone.now())

    assert Client().get(link).status_code == 404


def test_every_text_that_is_no_link_looks_the_same(cast: Cast) -> None:
    link = link_to(cast)
    secret = link.strip("/").rpartition("-")[2]
    pages = {
        re.sub(r'(csrf\w*" value=|X-CSRFToken": |name="next" value=)"[^"]+"', "", Client().get(path).content.decode())
        for path in (
            "/invitations/x/",
            f"/invitations/{'x' * 5000}/",
            f"/invitations/{uuid4().hex}-{secret}/",
            f"/invitations/{cast.globex.id.hex}-{secret}/",
            f"/invitations/{cast.acme.id.hex}-{'0' * 64}/",
        )
    }

    assert len(pages) == 1
    assert "This link opens no invitation" in pages.pop()


def test_guessing_links_is_slowed_and_a_right_one_goes_on_working(cast: Cast) -> None:
    link = link_to(cast)
    statuses = [Client().get(f"/invitations/{uuid4().hex}-{'0' * 64}/").status_code for _ in range(21)]

    assert statuses == [404] * 20 + [429]
    assert Client().get(link).status_code == 200


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_page_has_our_frame_and_no_organization_in_it(cast: Cast, language: str) -> None:
    page = Client().get(link_to(cast), headers={"Accept-Language": language}).content.decode()

    assert 'class="plain-box"' in page
    assert "sidebar" not in page
    assert "style=" not in page


def test_an_invitation_that_was_taken_back_while_the_page_was_open(cast: Cast) -> None:
    link = link_to(cast, email="cleo@globex.test")
    client = client_of(cast.cleo)
    client.get(link)
    with inside(cast.acme):
        row = Invitation.objects.get()
        revoke_invitation(actor=cast.ada_acts, invitation_id=row.pk, now=timezone.now())

    assert client.post(link).status_code == 410
    assert role_of(cast, cast.cleo) is None
