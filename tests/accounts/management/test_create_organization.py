"""`create_organization`: an organization, its owner, a first key, from the shell."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.domain.roles import Permission, Role
from accounts.models import AuditEvent, CostCenter, Organization, User
from accounts.queries.memberships import find_role
from accounts.queries.organizations import find_organization_by_slug
from tests.cast import Cast, inside

pytestmark = pytest.mark.django_db


def run(**changed: Any) -> str:
    given: dict[str, Any] = {"name": "Initech", "slug": "initech", "owner_email": "dora@initech.test"}
    out = StringIO()
    call_command("create_organization", stdout=out, **{**given, **changed})
    return out.getvalue()


def run_json(**changed: Any) -> dict[str, str]:
    result: dict[str, str] = json.loads(run(as_json=True, **changed))
    return result


def test_the_printed_key_opens_the_api() -> None:
    result = run_json(time_zone="Asia/Tokyo", currency="JPY", fiscal_year_start=4)
    answer = Client().get("/api/v1/organization/", headers={"Authorization": f"Bearer {result['api_key']}"})

    assert answer.json() == {
        "slug": "initech",
        "name": "Initech",
        "time_zone": "Asia/Tokyo",
        "currency": "JPY",
        "fiscal_year_start_month": 4,
        "rights": sorted(Permission),
    }


def test_the_printed_link_lets_a_new_owner_in_once(settings: Any) -> None:
    settings.SITE_URL = "https://yosan.example.test"
    link = run_json()["password_link"]
    path = link.removeprefix("https://yosan.example.test")
    client = Client()
    form = client.get(path, follow=True)
    client.post(form.request["PATH_INFO"], {"password1": "an even longer staple", "password2": "an even longer staple"})

    assert link.startswith("https://yosan.example.test/account/password/reset/key/")
    assert client.get("/")["Location"] == "/o/initech/"
    assert "does not work any more" in Client().get(path, follow=True).content.decode()


def test_an_owner_who_has_a_log_in_gets_no_link(cast: Cast) -> None:
    result = run_json(owner_email="ADA@acme.test")

    assert "password_link" not in result
    with inside(Organization.objects.get(slug="initech")):
        assert find_role(cast.ada.pk) is Role.OWNER


def test_cost_centers_and_the_log_are_written() -> None:
    run(cost_centers="search, support,")

    with inside(Organization.objects.get()):
        assert set(CostCenter.objects.values_list("code", flat=True)) == {"search", "support"}
        verbs = list(AuditEvent.objects.order_by("id").values_list("verb", flat=True))
    assert verbs == ["organization.created", "cost_center.created", "cost_center.created", "api_key.issued"]


def test_a_new_owners_password_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNERS_PASSWORD", "an even longer staple")
    result = run_json(password_variable="OWNERS_PASSWORD", demonstration=True)

    assert "password_link" not in result
    assert User.objects.get().check_password("an even longer staple")
    found = find_organization_by_slug("initech")
    assert found is not None
    assert found.is_demonstration


def test_people_read_lines() -> None:
    lines = run().splitlines()

    assert [line.partition(":")[0] for line in lines] == ["organization", "owner", "api key", "password link"]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"name": "x" * 10_000}, "--name"),
        ({"slug": "Not A Slug"}, "--slug"),
        ({"slug": "acme"}, "--slug"),
        ({"owner_email": "dora"}, "--owner-email"),
        ({"time_zone": "Nowhere"}, "--time-zone"),
        ({"currency": "YEN"}, "--currency"),
        ({"fiscal_year_start": 13}, "--fiscal-year-start"),
        ({"cost_centers": "a;b"}, "--cost-centers"),
        ({"password_variable": "NOT_SET_ANYWHERE"}, "--password-variable"),
    ],
)
def test_what_breaks_a_rule_is_named_and_leaves_nothing_behind(
    cast: Cast,  # noqa: ARG001 - the slug acme is taken
    changed: dict[str, Any],
    named: str,
) -> None:
    before = (Organization.objects.count(), User.objects.count())

    with pytest.raises(CommandError, match=f"^{named}: "):
        run(**changed)

    assert (Organization.objects.count(), User.objects.count()) == before
