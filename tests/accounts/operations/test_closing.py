"""Closing an organization, and erasing it when its time is over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from accounts.domain.errors import NotFound
from accounts.models import ApiKey, AuditEvent, CostCenter, Invitation, Membership, Organization
from accounts.operations.closing import OrganizationNameMistyped, close_organization, erase_organization
from accounts.queries.organizations import (
    find_organization_by_slug,
    list_active_organization_ids,
    list_organizations_of_user,
    list_organizations_to_erase,
)
from accounts.tenancy.checks import tenant_models
from accounts.tenancy.context import organization_scope
from tests.architecture.rows import ROW_OF, make_one_of_each
from tests.cast import NOW, Cast, inside
from tests.factories.accounts import make_api_key, make_cost_center, make_invitation

KEPT = timedelta(days=30)


def test_a_closed_organization_is_found_by_no_door(cast: Cast) -> None:
    with inside(cast.acme):
        make_api_key()
        make_api_key(revoked_at=NOW - timedelta(days=1))
        make_invitation()
        line = close_organization(actor=cast.ada_acts, typed_name=" Acme ", now=NOW)

        assert not ApiKey.objects.filter(revoked_at__isnull=True).exists()
        assert Invitation.objects.get().revoked_at == NOW
        event = AuditEvent.objects.get(id=line)
        assert event.after == {"api_keys_revoked": 1, "invitations_revoked": 1, "erased_on": "2026-12-10"}
    assert find_organization_by_slug("acme") is None
    assert list_organizations_of_user(cast.ada.pk) == ()
    assert list_active_organization_ids() == (cast.globex.id,)


@pytest.mark.parametrize("typed", ["", "acme", "Acme Inc", "Globex"])
def test_a_name_that_is_not_typed_right_closes_nothing(cast: Cast, typed: str) -> None:
    with inside(cast.acme), pytest.raises(OrganizationNameMistyped):
        close_organization(actor=cast.ada_acts, typed_name=typed, now=NOW)

    assert find_organization_by_slug("acme") is not None


def test_closing_twice_is_no_second_closing(cast: Cast) -> None:
    with inside(cast.acme):
        close_organization(actor=cast.ada_acts, typed_name="Acme", now=NOW)
        with pytest.raises(NotFound):
            close_organization(actor=cast.ada_acts, typed_name="Acme", now=NOW)


def test_it_is_due_to_be_erased_when_its_time_is_over(cast: Cast) -> None:
    with inside(cast.acme):
        close_organization(actor=cast.ada_acts, typed_name="Acme", now=NOW)

    assert list_organizations_to_erase(now=NOW + KEPT - timedelta(seconds=1)) == ()
    assert list_organizations_to_erase(now=NOW + KEPT) == (cast.acme.id,)


def test_erasing_leaves_no_row_but_the_line_that_says_so_and_touches_nobody_else(cast: Cast) -> None:
    now = timezone.now()
    with inside(cast.acme):
        make_one_of_each()
    with inside(cast.globex):
        make_cost_center()
        before = {model: model.objects.count() for model in tenant_models()}
    Organization.objects.filter(id=cast.acme.id).update(closed_at=now - KEPT)

    with organization_scope(cast.acme.id):
        deleted = erase_organization(now=now)
        again = erase_organization(now=now)

    assert deleted is not None
    assert deleted > len(ROW_OF) // 2
    assert again is None
    with inside(cast.acme):
        left = {model for model in tenant_models() if model.objects.exists()}
        assert left == {AuditEvent}
        assert AuditEvent.objects.get().verb == "organization.erased"
    with inside(cast.globex):
        assert {model: model.objects.count() for model in tenant_models()} == before
    stone = Organization.objects.get(id=cast.acme.id)
    assert (stone.name, stone.slug) == ("", f"erased-{cast.acme.id.hex}")
    assert stone.erased_at is not None
    assert list_organizations_to_erase(now=now) == ()


@pytest.mark.parametrize("closed_before", [None, KEPT - timedelta(days=1)])
def test_neither_we_nor_the_database_erase_before_the_time(cast: Cast, closed_before: timedelta | None) -> None:
    now = timezone.now()
    Organization.objects.filter(id=cast.acme.id).update(closed_at=now - closed_before if closed_before else None)
    with organization_scope(cast.acme.id):
        assert erase_organization(now=now) is None
    with inside(cast.acme):
        with pytest.raises(ProgrammingError, match="not due"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT public.erase_organization(%s)", [cast.acme.id])
        assert Membership.objects.count() == 4
        assert not CostCenter.objects.exists()
