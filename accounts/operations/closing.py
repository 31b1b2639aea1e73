"""Close an organization, and erase it when its time is over; note that somebody took a copy of it."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta

from django.db import connection

from accounts.domain.audit import SYSTEM, Actor
from accounts.domain.errors import Invalid, NotFound
from accounts.domain.organizations import erased_on
from accounts.domain.text import gettext_noop
from accounts.models import ApiKey, Invitation, Organization
from accounts.operations.audit import record_event
from accounts.tenancy.context import current_organization_id, statement_limit, tenant_transaction

# Years of hourly facts are deleted in one statement.
ERASING_MAY_TAKE = timedelta(hours=1)


class OrganizationNameMistyped(Invalid):
    """Closing is the one thing that is confirmed by typing a name."""

    code = "organization_name_mistyped"
    message = gettext_noop("Type the name exactly: %(name)s.")


def close_organization(*, actor: Actor, typed_name: str, now: datetime) -> int:
    """Close the organization in scope for ever and return the audit line's id.

    From the commit on no door finds it: collecting, forecasts and alerts stop, members and keys are let in no more.
    Raises OrganizationNameMistyped and, where it is closed already, NotFound.
    """
    row = Organization.objects.select_for_update().get(id=current_organization_id())
    if row.closed_at is not None:
        raise NotFound
    if unicodedata.normalize("NFC", typed_name).strip() != row.name:
        raise OrganizationNameMistyped(field="name", name=row.name)
    row.closed_at = now
    row.save(update_fields=["closed_at"])
    keys = ApiKey.objects.filter(revoked_at__isnull=True).update(revoked_at=now)
    invitations = Invitation.objects.filter(accepted_at__isnull=True, revoked_at__isnull=True).update(revoked_at=now)
    return record_event(
        actor=actor,
        verb="organization.closed",
        target=f"organization:{row.pk}",
        after={
            "api_keys_revoked": keys,
            "invitations_revoked": invitations,
            "erased_on": erased_on(now).date().isoformat(),
        },
    )


def note_export(*, actor: Actor, tables: int) -> int:
    """Write down that somebody takes a copy of the organization; return the audit line's id."""
    return record_event(
        actor=actor,
        verb="organization.exported",
        target=f"organization:{current_organization_id()}",
        after={"tables": tables},
    )


def erase_organization(*, now: datetime) -> int | None:
    """Delete every row of the organization in scope if its time is over; return how many, None when it is not due.

    Of the organization only its id and its dates stay, with one line that says so. Doing it twice changes nothing.
    """
    with statement_limit(ERASING_MAY_TAKE), tenant_transaction():
        row = Organization.objects.get(id=current_organization_id())
        if row.closed_at is None or row.erased_at is not None or erased_on(row.closed_at) > now:
            return None
        with connection.cursor() as cursor:
            cursor.execute("SELECT public.erase_organization(%s)", [row.pk])
            deleted = int(cursor.fetchone()[0])
        record_event(actor=SYSTEM, verb="organization.erased", target=f"organization:{row.pk}", after={"rows": deleted})
    return deleted
