"""Choosing, creating and setting up an organization in the browser."""

from __future__ import annotations

import pytest
import time_machine
from django.test import Client

from accounts.domain.roles import Role
from accounts.models import AuditEvent, Organization, User
from accounts.queries.memberships import find_role
from tests.cast import Cast, inside
from tests.factories.accounts import make_membership, make_user

pytestmark = pytest.mark.django_db

CREATE, SETTINGS = "/organizations/new/", "/o/acme/organization/"
RIGHT = {
    "name": "Initech",
    "slug": "",
    "time_zone": "Asia/Tokyo",
    "currency": "JPY",
    "fiscal_year_start_month": "4",
    "country": "JP",
}


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_first_visit_is_the_sign_up() -> None:
    response = Client().get("/")

    assert (response.status_code, response["Location"]) == (302, "/account/signup/")


def test_once_there_is_somebody_a_visitor_logs_in() -> None:
    make_user()

    assert Client().get("/")["Location"] == "/account/login/"


def test_a_person_without_an_organization_creates_one() -> None:
    client = client_of(make_user())

    assert client.get("/")["Location"] == CREATE
    assert "You are in no organization" in client.get("/organizations/").content.decode()


def test_a_member_of_one_organization_lands_on_its_dashboard(cast: Cast) -> None:
    assert client_of(cast.ben).get("/")["Location"] == "/o/acme/"


def test_a_member_of_several_chooses(cast: Cast) -> None:
    with inside(cast.globex):
        make_membership(user=cast.ada, role=Role.VIEWER)
    client = client_of(cast.ada)

    assert client.get("/")["Location"] == "/organizations/"
    page = client.get("/organizations/").content.decode()
    assert "/o/acme/" in page
    assert "/o/globex/" in page
    assert "/o/acme/" not in client_of(cast.cleo).get("/organizations/").content.decode()


@pytest.mark.parametrize("address", [CREATE, "/organizations/", "/preferences/", SETTINGS])
def test_a_visitor_is_sent_to_the_log_in_and_back(cast: Cast, address: str) -> None:  # noqa: ARG001 - Acme is there
    response = Client().get(address)

    assert (response.status_code, response["Location"]) == (302, f"/account/login/?next={address}")


@pytest.mark.parametrize(
    ("language", "query", "values"),
    [
        ("en", "?country=JP", ("Asia/Tokyo", "JPY", 4)),
        ("ja", "", ("Asia/Tokyo", "JPY", 4)),
        ("en", "", ("UTC", "USD", 1)),
        ("ja", "?country=OTHER", ("UTC", "USD", 1)),
        ("en", "?country=../etc", ("UTC", "USD", 1)),
    ],
)
def test_a_country_brings_its_presets(language: str, query: str, values: tuple[str, str, int]) -> None:
    response = client_of(make_user(language=language)).get(CREATE + query)

    initial = response.context["form"].initial
    assert (initial["time_zone"], initial["currency"], initial["fiscal_year_start_month"]) == values


def test_creating_leads_to_the_dashboard_and_keeps_the_presets_language() -> None:
    user = make_user()
    response = client_of(user).post(CREATE, RIGHT)

    assert (response.status_code, response["Location"]) == (302, "/o/initech/")
    organization = Organization.objects.get()
    assert (organization.currency, organization.fiscal_year_start_month) == ("JPY", 4)
    with inside(organization):
        assert find_role(user.pk) is Role.OWNER
    user.refresh_from_db()
    assert user.language == "ja"


def test_a_language_that_was_chosen_is_not_overruled() -> None:
    user = make_user(language="en")
    client_of(user).post(CREATE, RIGHT)

    user.refresh_from_db()
    assert user.language == "en"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 10_000}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "株式会社アクメ"}, "slug"),
        ({"slug": "Not A Slug"}, "slug"),
        ({"slug": "globex"}, "slug"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"currency": "YEN"}, "currency"),
        ({"fiscal_year_start_month": "13"}, "fiscal_year_start_month"),
        ({"fiscal_year_start_month": "x"}, "fiscal_year_start_month"),
        ({"country": "XX"}, "country"),
    ],
)
def test_what_breaks_a_rule_is_named_and_creates_nothing(cast: Cast, changed: dict[str, str], field: str) -> None:
    before = Organization.objects.count()
    response = client_of(cast.cleo).post(CREATE, {**RIGHT, **changed})

    assert response.status_code == 422
    assert field in response.context["form"].errors
    page = response.content.decode()
    assert "There is a problem" in page
    assert "<title>Error:" in page
    assert Organization.objects.count() == before


def test_settings_are_saved_with_their_audit_line(cast: Cast) -> None:
    client = client_of(cast.max)
    given = {"name": "Acme KK", "time_zone": "Asia/Tokyo", "currency": "JPY", "fiscal_year_start_month": "4"}
    told = client.post(SETTINGS, given).content.decode()
    assert "Pages show JPY instead of USD" in told
    assert "Not saved yet" in told
    assert Organization.objects.get(slug="acme").currency == "USD"
    page = client.post(SETTINGS, {**given, "confirmed": "Asia/Tokyo|JPY|4"}, follow=True).content.decode()

    with inside(cast.acme):
        line = AuditEvent.objects.get()
    assert line.actor_label == "Max"
    assert f"line {line.pk}" in page
    assert "Acme KK" in page


def test_each_change_says_what_it_changes_before_it_is_saved(cast: Cast) -> None:
    client = client_of(cast.ada)
    given = {"name": "Acme", "time_zone": "Europe/Berlin", "currency": "USD", "fiscal_year_start_month": "1"}
    with time_machine.travel("2026-11-10T09:00:00Z", tick=False):
        told = client.post(SETTINGS, given).content.decode()

    assert "begin at midnight in Europe/Berlin instead of Asia/Tokyo" in told
    assert "1 Jan 2026 to 31 Dec 2026 instead of 1 Apr 2026 to 31 Mar 2027" in told
    assert "Save, with 2 changes for everybody" in told
    # Who edits on after reading is told again.
    again = client.post(SETTINGS, {**given, "currency": "JPY", "confirmed": "Europe/Berlin|USD|1"})
    assert "Pages show JPY" in again.content.decode()
    assert Organization.objects.get(slug="acme").time_zone == "Asia/Tokyo"
    assert client.post(SETTINGS, {**given, "name": "Acme KK", "confirmed": "Europe/Berlin|USD|1"}).status_code == 302
    assert Organization.objects.get(slug="acme").time_zone == "Europe/Berlin"


def test_a_name_is_saved_at_once(cast: Cast) -> None:
    given = {"name": "Acme KK", "time_zone": "Asia/Tokyo", "currency": "USD", "fiscal_year_start_month": "4"}
    assert client_of(cast.ada).post(SETTINGS, given).status_code == 302
    assert Organization.objects.get(slug="acme").name == "Acme KK"


def test_a_wrong_setting_keeps_what_was_typed_and_changes_nothing(cast: Cast) -> None:
    given = {"name": "x" * 10_000, "time_zone": "Asia/Tokyo", "currency": "JPY", "fiscal_year_start_month": "4"}
    response = client_of(cast.ada).post(SETTINGS, given)

    assert response.status_code == 422
    assert "name" in response.context["form"].errors
    assert Organization.objects.get(slug="acme").currency == "USD"


def test_only_those_with_the_right_see_the_settings(cast: Cast) -> None:
    for person, status in ((cast.ada, 200), (cast.max, 200), (cast.fay, 403), (cast.ben, 403), (cast.cleo, 404)):
        client = client_of(person)
        assert client.get(SETTINGS).status_code == status
        assert client.post(SETTINGS, {}).status_code == (422 if status == 200 else status)


@pytest.mark.parametrize("slug", ["nowhere", "-", "x" * 300, "acme%00", "%E3%82%A2", "ACME"])
def test_a_slug_that_is_none_is_not_found(cast: Cast, slug: str) -> None:
    assert client_of(cast.ada).get(f"/o/{slug}/organization/").status_code == 404
