"""Creating an organization and changing its settings."""

from __future__ import annotations

import pytest

from accounts.domain.audit import SYSTEM
from accounts.domain.errors import CallerError, Invalid
from accounts.domain.names import NameTooLong
from accounts.domain.roles import Role
from accounts.models import AuditEvent, CostCenter, Organization
from accounts.operations.organizations import SlugTaken, change_organization, create_organization
from accounts.queries.memberships import find_role
from accounts.queries.organizations import get_organization, list_organizations_of_user
from tests.cast import Cast, inside


def create(cast: Cast, **changed: object) -> object:
    given: dict[str, object] = {"actor": SYSTEM, "owner_user_id": cast.ada.pk, "name": "Initech", "slug": "initech"}
    return create_organization(**{**given, **changed})  # type: ignore[arg-type] # some are wrong on purpose


def test_the_creator_owns_the_organization(cast: Cast) -> None:
    created = create_organization(
        actor=cast.ada_acts,
        owner_user_id=cast.ada.pk,
        name=" Initech ",
        slug="initech",
        time_zone="Asia/Tokyo",
        currency="JPY",
        fiscal_year_start_month=4,
        cost_centers=["search", "support"],
    )

    assert (created.name, created.currency, created.time_zone) == ("Initech", "JPY", "Asia/Tokyo")
    assert "initech" in [value.slug for value in list_organizations_of_user(cast.ada.pk)]
    with inside(created.id):
        assert find_role(cast.ada.pk) is Role.OWNER
        assert find_role(cast.ben.pk) is None
        assert set(CostCenter.objects.values_list("code", flat=True)) == {"search", "support"}
        assert list(AuditEvent.objects.order_by("id").values_list("verb", flat=True)) == [
            "organization.created",
            "cost_center.created",
            "cost_center.created",
        ]


def test_a_slug_is_taken_for_everybody(cast: Cast) -> None:
    with pytest.raises(SlugTaken) as refusal:
        create(cast, slug="globex")

    assert refusal.value.field == "slug"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 10_000}, "name"),
        ({"slug": "Not a slug"}, "slug"),
        ({"time_zone": "Nowhere"}, "time_zone"),
        ({"currency": "YEN"}, "currency"),
        ({"fiscal_year_start_month": 13}, "fiscal_year_start_month"),
        ({"cost_centers": ["search", "a,b"]}, "code"),
        ({"cost_centers": ["search", "SEARCH"]}, "code"),
    ],
)
def test_what_breaks_a_rule_creates_nothing_and_names_the_field(
    cast: Cast, changed: dict[str, object], field: str
) -> None:
    before = Organization.objects.count()

    with pytest.raises(CallerError) as refusal:
        create(cast, **changed)

    assert refusal.value.field == field
    assert Organization.objects.count() == before


def test_settings_are_changed_with_a_line_that_says_what_was_before(cast: Cast) -> None:
    with inside(cast.acme):
        line = change_organization(
            actor=cast.ada_acts, name="Acme", time_zone="Europe/Paris", currency="JPY", fiscal_year_start_month=4
        )
        assert line is not None
        event = AuditEvent.objects.get(id=line)

    assert get_organization(cast.acme.pk).time_zone == "Europe/Paris"
    assert event.verb == "organization.changed"
    assert event.before == {"time_zone": "Asia/Tokyo", "currency": "USD"}
    assert event.after == {"time_zone": "Europe/Paris", "currency": "JPY"}


def test_saving_the_same_settings_writes_no_line(cast: Cast) -> None:
    with inside(cast.acme):
        line = change_organization(
            actor=cast.ada_acts, name="Acme", time_zone="Asia/Tokyo", currency="USD", fiscal_year_start_month=4
        )

        assert line is None
        assert not AuditEvent.objects.exists()


def test_a_wrong_setting_changes_nothing(cast: Cast) -> None:
    with inside(cast.acme):
        for wrong in ({"name": "x" * 10_000}, {"time_zone": "Nowhere"}):
            given = {"name": "Other", "time_zone": "UTC", "currency": "USD", "fiscal_year_start_month": 1} | wrong
            with pytest.raises(Invalid):
                change_organization(actor=cast.ada_acts, **given)  # type: ignore[arg-type] # wrong on purpose

        assert get_organization(cast.acme.pk).name == "Acme"


def test_a_long_name_is_refused_by_its_own_error(cast: Cast) -> None:
    with pytest.raises(NameTooLong):
        create(cast, name="x" * 10_000)
