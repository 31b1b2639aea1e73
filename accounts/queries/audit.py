"""The audit log, filtered and paged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import CharField, F, Func, QuerySet, Value

from accounts.domain.audit import Actor, ActorKind, Json
from accounts.domain.errors import Invalid
from accounts.domain.pages import Page
from accounts.domain.text import gettext_noop
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
class AuditNames:
    """What lines of the log can be looked for by."""

    verbs: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """What to look for; an empty text looks for everything. `target` finds `budget:42` and, as `budget`, all budgets."""

    actor: str = ""
    verb: str = ""
    target: str = ""
    start: datetime | None = None
    end: datetime | None = None


# What one file holds: more is another range of days.
EXPORT_LIMIT = 100_000


class TooManyLines(Invalid):
    """The file would be longer than anybody reads, and long to write."""

    code = "audit_export_too_long"
    message = gettext_noop("One file holds %(limit)s lines at most. Choose fewer days or another filter.")


def list_audit_events(*, matching: AuditFilter, after: str | None = None, limit: int = 50) -> Page[AuditEventValue]:
    """Return audit lines, newest first; `after` is the position that the page before ended with."""
    rows = _matching(matching)
    if after is not None:
        rows = rows.filter(id__lt=int(after))
    # One more than asked for tells whether there is a next page.
    found = list(rows[: limit + 1])
    return Page(
        rows=tuple(_value(row) for row in found[:limit]),
        next=str(found[limit - 1].pk) if len(found) > limit else None,
    )


def check_export(matching: AuditFilter) -> None:
    """Check that what matches fits into one file. Raises TooManyLines."""
    if _matching(matching).values_list("id", flat=True)[EXPORT_LIMIT : EXPORT_LIMIT + 1]:
        raise TooManyLines(limit=f"{EXPORT_LIMIT:,}")


def count_audit_events(matching: AuditFilter, *, at_most: int) -> int:
    """Return how many lines match, counted so far at most."""
    return _matching(matching)[:at_most].count()


def _matching(matching: AuditFilter) -> QuerySet[AuditEvent, AuditEvent]:
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
    return rows


def list_audit_names() -> AuditNames:
    """Return the verbs and the kinds of targets that occur in the organization's log, by name."""
    kind = Func(F("target"), Value(":"), Value(1), function="split_part", output_field=CharField())
    pairs = list(AuditEvent.objects.order_by().annotate(kind=kind).values_list("verb", "kind").distinct())
    return AuditNames(
        verbs=tuple(sorted({verb for verb, _kind in pairs})), kinds=tuple(sorted({kind for _verb, kind in pairs}))
    )


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
