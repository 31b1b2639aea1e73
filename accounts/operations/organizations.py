"""Create an organization, change its settings."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import IntegrityError, transaction

from accounts.domain.audit import Actor, Json
from accounts.domain.errors import Conflict
from accounts.domain.names import clean_name
from accounts.domain.organizations import OrganizationValue, check_settings, check_slug
from accounts.domain.roles import Role
from accounts.domain.text import gettext_noop
from accounts.models import Membership, Organization
from accounts.operations.audit import record_event
from accounts.operations.cost_centers import create_cost_center
from accounts.queries.organizations import get_organization
from accounts.tenancy.context import current_organization_id, organization_scope, tenant_transaction


class SlugTaken(Conflict):
    """Addresses are unique across the installation."""

    code = "organization_slug_taken"
    message = gettext_noop("The address %(slug)s is taken. Choose another one.")


def create_organization(
    *,
    actor: Actor,
    owner_user_id: int,
    name: str,
    slug: str,
    time_zone: str = "UTC",
    currency: str = "USD",
    fiscal_year_start_month: int = 1,
    cost_centers: Sequence[str] = (),
    is_demonstration: bool = False,
) -> OrganizationValue:
    """Create an organization with its owner and the cost centers of these codes, all or nothing.

    Raises SlugTaken, SlugMalformed, NameMissing, NameTooLong, TimeZoneUnknown, CurrencyUnknown, MonthOutOfRange,
    CostCenterCodeMalformed, CostCenterCodeTaken.
    """
    name = clean_name(name)
    check_slug(slug)
    check_settings(time_zone=time_zone, currency=currency, fiscal_year_start_month=fiscal_year_start_month)
    with transaction.atomic():
        row = _insert(
            Organization(
                slug=slug,
                name=name,
                time_zone=time_zone,
                currency=currency,
                fiscal_year_start_month=fiscal_year_start_month,
                is_demonstration=is_demonstration,
            )
        )
        with organization_scope(row.pk), tenant_transaction():
            Membership.objects.create(user_id=owner_user_id, role=Role.OWNER)
            created = get_organization(row.pk)
            record_event(actor=actor, verb="organization.created", target=_target(created), after=_settings(created))
            for code in cost_centers:
                create_cost_center(actor=actor, code=code, name=code)
    return created


def change_organization(
    *, actor: Actor, name: str, time_zone: str, currency: str, fiscal_year_start_month: int
) -> int | None:
    """Change the settings of the organization in scope; return the audit line's id, None when nothing changed.

    Stored facts are UTC and in their own currency, so nothing is computed again: the next reading uses the new settings.
    Raises NameMissing, NameTooLong, TimeZoneUnknown, CurrencyUnknown, MonthOutOfRange.
    """
    name = clean_name(name)
    check_settings(time_zone=time_zone, currency=currency, fiscal_year_start_month=fiscal_year_start_month)
    row = Organization.objects.select_for_update().get(id=current_organization_id())
    before = _settings(get_organization(row.pk))
    row.name, row.time_zone, row.currency = name, time_zone, currency
    row.fiscal_year_start_month = fiscal_year_start_month
    row.save()
    changed = get_organization(row.pk)
    after = _settings(changed)
    if after == before:
        return None
    return record_event(
        actor=actor,
        verb="organization.changed",
        target=_target(changed),
        before={field: value for field, value in before.items() if after[field] != value},
        after={field: value for field, value in after.items() if before[field] != value},
    )


def _insert(row: Organization) -> Organization:
    try:
        # A savepoint, so that the caller's transaction survives the refusal.
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise SlugTaken(field="slug", slug=row.slug) from error
    return row


def _settings(value: OrganizationValue) -> dict[str, Json]:
    return {
        "name": value.name,
        "slug": value.slug,
        "time_zone": value.time_zone,
        "currency": value.currency,
        "fiscal_year_start_month": value.fiscal_year_start_month,
    }


def _target(value: OrganizationValue) -> str:
    return f"organization:{value.id}"
