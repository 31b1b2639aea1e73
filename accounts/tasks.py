"""The ground floor's timetable: send the mails of invitations, forget what has outlived its use."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from accounts.access.celery import OrganizationTask, nudge
from accounts.operations import closing
from accounts.operations.idempotency import forget_answers
from accounts.operations.invitations import send_invitation_mail
from accounts.operations.users import forget_expired_sessions
from accounts.queries.invitations import list_due_mail_ids
from accounts.queries.organizations import list_active_organization_ids, list_organizations_to_erase
from accounts.tenancy.context import tenant_transaction


@shared_task(acks_late=True, time_limit=120)
def forget_old_answers() -> None:
    """Let each organization forget the answers that no repeated write will get any more."""
    for organization_id in list_active_organization_ids():
        forget_answers_of_organization.delay(organization_id=str(organization_id))


@shared_task(base=OrganizationTask, acks_late=True, time_limit=120)
def forget_answers_of_organization() -> None:
    """Forget the old answers of one organization."""
    forget_answers(now=timezone.now())


@shared_task(acks_late=True, time_limit=60)
def erase_closed_organizations() -> None:
    """Have every closed organization erased whose time is over."""
    for organization_id in list_organizations_to_erase(now=timezone.now()):
        nudge("accounts.tasks.erase_organization", organization_id=organization_id)


@shared_task(base=OrganizationTask, acks_late=True, time_limit=7200)
def erase_organization() -> None:
    """Delete every row of one closed organization."""
    closing.erase_organization(now=timezone.now())


@shared_task(acks_late=True, time_limit=300)
def forget_sessions() -> None:
    """Forget the sessions of people who have not come back in time."""
    forget_expired_sessions()


@shared_task(acks_late=True, time_limit=60)
def send_due_invitations() -> None:
    """Ask every organization for the mails of its invitations."""
    for organization_id in list_active_organization_ids():
        nudge("accounts.tasks.send_organization_invitations", organization_id=organization_id)


@shared_task(base=OrganizationTask, acks_late=True, time_limit=240)
def send_organization_invitations() -> None:
    """Send each mail of an invitation that is due, if nobody else has done so meanwhile."""
    with tenant_transaction():
        invitation_ids = list_due_mail_ids(now=timezone.now())
    for invitation_id in invitation_ids:
        send_invitation_mail(invitation_id=invitation_id, now=timezone.now())
