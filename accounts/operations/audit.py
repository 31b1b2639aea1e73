"""`record_event()`, called inside the transaction it describes."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from accounts.domain.audit import Actor, Json, is_verb
from accounts.models import AuditEvent
from accounts.tenancy.context import organization_in_transaction


def record_event(
    *,
    actor: Actor,
    verb: str,
    target: str,
    before: Mapping[str, Json] | None = None,
    after: Mapping[str, Json] | None = None,
) -> int:
    """Write one audit line and return its id. Values must be JSON; money is written as decimal text.

    Raises NoOrganization outside a tenant transaction: an audit line that could commit without its change, or a change
    without its line, would be worth nothing.
    """
    organization_in_transaction()
    assert is_verb(verb), verb
    event = AuditEvent.objects.create(
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=actor.label[:254],
        verb=verb,
        target=target,
        before=None if before is None else dict(before),
        after=None if after is None else dict(after),
        request_id=str(structlog.contextvars.get_contextvars().get("request_id", ""))[:64],
    )
    return event.pk
