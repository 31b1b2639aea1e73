"""The door for workers: `OrganizationTask`; `nudge(name, ...)` after commit."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import structlog
from celery import Task, current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from accounts.access.patience import WORKER
from accounts.tenancy.context import organization_scope, statement_limit

log = structlog.get_logger()


class OrganizationTask(Task):  # type: ignore[type-arg] # celery's Task is generic in its stubs only
    """A task of one organization: takes the keyword `organization_id` off and names it around the body.

    It opens no transaction: an operation that talks to the outside holds two short ones with the call between them.
    """

    abstract = True
    # Celery would compare a message's keywords with the body's, which does not take the one that this door takes off.
    typing = False

    def __call__(self, *args: Any, organization_id: str, **kwargs: Any) -> Any:
        with (
            organization_scope(UUID(organization_id)),
            statement_limit(WORKER),
            structlog.contextvars.bound_contextvars(organization_id=organization_id, task=self.name),
        ):
            return super().__call__(*args, **kwargs)


def nudge(task_name: str, *, organization_id: UUID | None = None, **kwargs: Any) -> None:
    """Ask a worker, once this transaction commits, to look now instead of at the next tick of the timetable.

    The row that says what is to be done is already written, so a nudge that gets lost costs a minute, and a broker that
    is away is logged and not raised.
    """
    if organization_id is not None:
        kwargs["organization_id"] = str(organization_id)
    transaction.on_commit(lambda: _send(task_name, kwargs))


def _send(task_name: str, kwargs: dict[str, Any]) -> None:
    try:
        current_app.send_task(task_name, kwargs=kwargs, retry=False)
    except OperationalError as error:
        log.warning("nudge_lost", task=task_name, error=str(error))
