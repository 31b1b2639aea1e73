"""The ground floor's timetable: forget what has outlived its use."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from accounts.access.celery import OrganizationTask
from accounts.operations.idempotency import forget_answers
from accounts.operations.users import forget_expired_sessions
from accounts.queries.organizations import list_active_organization_ids


@shared_task(acks_late=True, time_limit=120)
def forget_old_answers() -> None:
    """Let each organization forget the answers that no repeated write will get any more."""
    for organization_id in list_active_organization_ids():
        forget_answers_of_organization.delay(organization_id=str(organization_id))


@shared_task(base=OrganizationTask, acks_late=True, time_limit=120)
def forget_answers_of_organization() -> None:
    """Forget the old answers of one organization."""
    forget_answers(now=timezone.now())


@shared_task(acks_late=True, time_limit=300)
def forget_sessions() -> None:
    """Forget the sessions of people who have not come back in time."""
    forget_expired_sessions()
