"""The audit log, filtered and paged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from accounts.domain.audit import Actor, ActorKind, Json
from accounts.domain.pages import Page
from accounts.models import AuditEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEventValue:
    """One line of the log; `before` and `after` hold what changed."""

    id: int
    recorded_at: datetime
    actor: Actor
    verb: str
    target: str
    before: Mapping[str, Json] | None
    after: Mapping[str, Json] | None
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """What to look for; an empty text looks for everything. `target` finds `budget:42` and, as `budget`, all budgets."""

    actor: str = ""
    verb: str = ""
    target: str = ""
    start: datetime | None = None
    end: datetime | None = None


def list_audit_events(*, matching: AuditFilter, after: str | None = None, limit: int = 50) -> Page[AuditEventValue]:
    """Return audit lines, newest first; `after` is the position that the page before ended with."""
    rows = AuditEvent.objects.order_by("-id")
    if matching.actor:
        rows = rows.filter(actor_label__icontains=matching.actor)
    if matching.verb:
        rows = rows.filter(verb=matching.verb)
    if matching.target:
        noun, colon, _ = matching.target.partition(":")
        rows = rows.filter(target=matching.target) if colon else rows.filter(target__startswith=f"{noun}:")
    if matching.start:
        rows = rows.filter(recorded_at__gte=matching.start)
    if matching.end:
        rows = rows.filter(recorded_at__lt=matching.end)
    if after is not None:
        rows = rows.filter(id__lt=int(after))
    # One more than asked for tells whether there is a next page.
    found = list(rows[: limit + 1])
    return Page(
        rows=tuple(_value(row) for row in found[:limit]),
        next=str(found[limit - 1].pk) if len(found) > limit else None,
    )


def list_audit_verbs() -> tuple[str, ...]:
    """Return the verbs that occur in the organization's log, by name."""
    return tuple(AuditEvent.objects.order_by("verb").values_list("verb", flat=True).distinct())


def _value(row: AuditEvent) -> AuditEventValue:
    return AuditEventValue(
        id=row.pk,
        recorded_at=row.recorded_at,
        actor=Actor(kind=ActorKind(row.actor_kind), id=row.actor_id, label=row.actor_label),
        verb=row.verb,
        target=row.target,
        before=row.before,
        after=row.after,
        request_id=row.request_id,
    )
