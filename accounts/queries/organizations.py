"""Which organizations a user may enter; which are due for background work."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from accounts.domain.errors import NotFound
from accounts.domain.organizations import KEPT_FOR, OrganizationValue
from accounts.models import Membership, Organization
from accounts.tenancy.answers import asked_once
from accounts.tenancy.context import user_transaction


def find_organization_by_slug(slug: str) -> OrganizationValue | None:
    """Return the open organization of this slug, or None. Says nothing about who may enter it."""
    row = Organization.objects.filter(slug=slug, closed_at__isnull=True).first()
    return _value(row) if row else None


@asked_once
def get_organization(organization_id: UUID) -> OrganizationValue:
    """Return an open organization. Raises NotFound."""
    row = Organization.objects.filter(id=organization_id, closed_at__isnull=True).first()
    if row is None:
        raise NotFound
    return _value(row)


def list_organizations_of_user(user_id: int) -> tuple[OrganizationValue, ...]:
    """Return the open organizations that a user belongs to, by name."""
    with user_transaction(user_id):
        ids = list(Membership.of_current_user.values_list("organization_id", flat=True))
        rows = Organization.objects.filter(id__in=ids, closed_at__isnull=True)
        return tuple(sorted((_value(row) for row in rows), key=lambda value: (value.name.casefold(), value.slug)))


def list_active_organization_ids() -> tuple[UUID, ...]:
    """Return every open organization's id, for tasks that fan out; in a fixed order."""
    return tuple(Organization.objects.filter(closed_at__isnull=True).order_by("id").values_list("id", flat=True))


def list_organizations_to_erase(*, now: datetime) -> tuple[UUID, ...]:
    """Return every closed organization whose time is over and that is not erased yet; in a fixed order."""
    rows = Organization.objects.filter(closed_at__lte=now - KEPT_FOR, erased_at__isnull=True)
    return tuple(rows.order_by("id").values_list("id", flat=True))


def _value(row: Organization) -> OrganizationValue:
    return OrganizationValue(
        id=row.id,
        slug=row.slug,
        name=row.name,
        time_zone=row.time_zone,
        currency=row.currency,
        fiscal_year_start_month=row.fiscal_year_start_month,
        is_demonstration=row.is_demonstration,
    )
