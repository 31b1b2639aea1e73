"""Registers announced price cuts, and withdraws them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from accounts.domain.audit import Actor, Json
from accounts.operations.audit import record_event
from billing.domain.announcements import (
    TITLE_LIMIT,
    AnnouncementEntry,
    AnnouncementNotFound,
    AnnouncementOrigin,
    AnnouncementValue,
    AnnouncementWithdrawn,
    ScopeUnknown,
    check_entry,
)
from billing.domain.money import plain
from billing.models import Announcement
from billing.queries.announcements import announcement_value, list_known_scope


def register_announcement(
    *, actor: Actor, entry: AnnouncementEntry, is_confirmed: bool, now: datetime
) -> AnnouncementValue:
    """Write down that somebody announced a price cut; it is held against the bill whenever it is looked at.

    Raises PercentMalformed, PercentDoubtful unless it is confirmed, AnnouncementTimes or ScopeUnknown.
    """
    check_entry(entry, is_confirmed=is_confirmed)
    check_scope(entry)
    scope = entry.scope
    row = Announcement.objects.create(
        origin=AnnouncementOrigin.REGISTERED.value,
        title=entry.title.strip()[:TITLE_LIMIT] or f"−{plain(entry.percent)} %",
        provider=scope.provider.value,
        publishers=list(scope.publishers),
        model_ids=list(scope.model_ids),
        routing_class=scope.routing_class,
        tiers=list(scope.tiers),
        aws_regions=list(scope.aws_regions),
        token_classes=list(scope.token_classes),
        context_band=scope.context_band,
        percent=entry.percent,
        first_day=entry.first_day,
        ends=entry.ends,
        source=entry.source.strip(),
        registered_by=actor.label,
        registered_at=now,
    )
    record_event(actor=actor, verb="announcement.registered", target=f"announcement:{row.pk}", after=_facts(row))
    return announcement_value(row)


def withdraw_announcement(*, actor: Actor, announcement_id: int, now: datetime) -> AnnouncementValue:
    """Take an announcement back; its row stays and says so. Raises AnnouncementNotFound or AnnouncementWithdrawn."""
    row = Announcement.objects.select_for_update().filter(id=announcement_id).first()
    if row is None:
        raise AnnouncementNotFound
    if row.withdrawn_at is not None:
        raise AnnouncementWithdrawn
    row.withdrawn_by, row.withdrawn_at = actor.label, now
    row.save(update_fields=["withdrawn_by", "withdrawn_at"])
    record_event(actor=actor, verb="announcement.withdrawn", target=f"announcement:{row.pk}", before=_facts(row))
    return announcement_value(row)


def check_scope(entry: AnnouncementEntry) -> None:
    """Raise ScopeUnknown for a model or publisher that is neither in the catalog nor on the bill."""
    known = list_known_scope()
    _check(entry.scope.model_ids, known.model_ids, field="model_ids")
    _check(entry.scope.publishers, known.publishers, field="publishers")


def _check(values: Iterable[str], known: Iterable[str], *, field: str) -> None:
    strange = sorted(set(values) - set(known))
    if strange:
        raise ScopeUnknown(field=field, value=strange[0][:64])


def _facts(row: Announcement) -> dict[str, Json]:
    return {
        "title": row.title,
        "provider": row.provider,
        "publishers": list(row.publishers),
        "models": list(row.model_ids),
        "routing": row.routing_class,
        "tiers": list(row.tiers),
        "aws_regions": list(row.aws_regions),
        "token_classes": list(row.token_classes),
        "context_band": row.context_band,
        "percent": plain(row.percent),
        "first_day": row.first_day.isoformat(),
        "ends": row.ends.isoformat() if row.ends else None,
        "source": row.source,
    }
