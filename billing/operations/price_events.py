"""Finds where rates moved, on the bill and in published lists, and writes it down once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from accounts.domain.audit import SYSTEM
from accounts.operations.audit import record_event
from accounts.tenancy.context import tenant_transaction
from billing.domain.announcements import TITLE_LIMIT, AnnouncementOrigin
from billing.domain.catalog import ANY_REGION
from billing.domain.dimensions import PriceOrigin, Provider
from billing.domain.money import plain
from billing.domain.price_events import (
    DatedRate,
    EventKind,
    PriceMove,
    PublishedCut,
    RateKey,
    find_moves,
    published_cuts,
)
from billing.models import Announcement, BilledSeries, FoundationModel, LearntRate, ModelPrice, PriceEvent, RateLearning
from billing.models.catalog import PriceFields

PRICE_LIST = "AWS Price List"
KEY = ("kind", "model_id", "aws_region", "routing_class", "tier", "token_class", "context_band", "first_day")
RATES = ("rate_before", "rate_after", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search for moved rates found and changed."""

    events: int
    changed: int
    announcements: int


def find_due_price_events(*, now: datetime) -> Found | None:
    """Find what moved if rates were learnt since the last time; None when nothing is due."""
    with tenant_transaction():
        state = RateLearning.objects.select_for_update().first()
        if state is None or state.learnt_at is None:
            return None
        if state.moves_found_at is not None and state.moves_found_at >= state.learnt_at:
            return None
        found = find_price_events(now=now)
        state.moves_found_at = now
        state.save(update_fields=["moves_found_at"])
        return found


def find_price_events(*, now: datetime) -> Found:
    """Write down every move of a learnt or published rate, and the cuts of a price list as announcements.

    Doing it twice changes nothing. What is no longer found, since a bill was restated or a list corrected, is withdrawn
    and stays; found again it is in force again.
    """
    with tenant_transaction():
        observed = find_moves(_learnt(), EventKind.OBSERVED)
        published = _published()
        moves = [*observed, *published]
        changed = _store(moves, now)
        announced = _announce(published_cuts(published), now)
    return Found(events=len(moves), changed=changed, announcements=announced)


def _learnt() -> Iterable[DatedRate]:
    return [_dated(row, row.source) for row in LearntRate.objects.all()]


def _published() -> Sequence[PriceMove]:
    """Moves of the lists for models that stand on the bill; of two lists that tell one move, AWS's own counts."""
    used = set(BilledSeries.objects.exclude(model_id="").values_list("model_id", flat=True))
    found: dict[tuple[RateKey, date], PriceMove] = {}
    for origin in (PriceOrigin.COMMITTED, PriceOrigin.PRICE_LIST):
        rows = ModelPrice.objects.filter(model_id__in=used, origin=origin.value)
        for move in find_moves([_dated(row, row.source) for row in rows], EventKind.ANNOUNCED):
            found[move.key, move.first_day] = move
    return sorted(found.values(), key=lambda move: (move.first_day, move.key))


def _dated(row: PriceFields, source: str) -> DatedRate:
    key = RateKey(
        model_id=row.model_id,
        aws_region=row.aws_region,
        routing_class=row.routing_class,
        tier=row.tier,
        token_class=row.token_class,
        context_band=row.context_band,
    )
    return DatedRate(key=key, rate=row.rate_usd_per_million, first_day=row.effective_from.date(), source=source)


def _store(moves: Iterable[PriceMove], now: datetime) -> int:
    known = {_identity(row): row for row in PriceEvent.objects.all()}
    wanted = {_identity(row): row for row in (_row(move, now) for move in moves)}
    new = [row for identity, row in wanted.items() if identity not in known]
    changed = []
    for identity, row in known.items():
        again = wanted.get(identity)
        if again is None and row.withdrawn_at is None:
            row.withdrawn_at = now
        elif again is not None and (row.withdrawn_at or any(getattr(row, n) != getattr(again, n) for n in RATES)):
            row.withdrawn_at = None
            for name in RATES:
                setattr(row, name, getattr(again, name))
        else:
            continue
        changed.append(row)
    PriceEvent.objects.bulk_create(new)
    PriceEvent.objects.bulk_update(changed, [*RATES, "withdrawn_at"], batch_size=500)
    return len(new) + len(changed)


def _row(move: PriceMove, now: datetime) -> PriceEvent:
    return PriceEvent(
        kind=move.kind.value,
        **move.key._asdict(),
        rate_before=move.rate_before,
        rate_after=move.rate_after,
        first_day=move.first_day,
        source=move.source,
        found_at=now,
    )


def _identity(row: PriceEvent) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in KEY)


def _announce(cuts: Iterable[PublishedCut], now: datetime) -> int:
    """Register what a price list cut; what the list takes back is withdrawn, unless a person has done so already."""
    wanted = {_listed_as(cut): cut for cut in cuts}
    listed = {row.listed_as: row for row in Announcement.objects.filter(origin=AnnouncementOrigin.PRICE_LIST.value)}
    for name, row in listed.items():
        if name not in wanted and row.withdrawn_at is None:
            row.withdrawn_at, row.withdrawn_by = now, SYSTEM.label
            row.save(update_fields=["withdrawn_at", "withdrawn_by"])
            record_event(actor=SYSTEM, verb="announcement.withdrawn", target=f"announcement:{row.pk}")
    names = dict(FoundationModel.objects.values_list("model_id", "display_name"))
    for name in wanted.keys() - listed.keys():
        row = _announcement(wanted[name], name, names, now)
        row.save()
        facts = {"title": row.title, "percent": plain(row.percent), "first_day": row.first_day.isoformat()}
        record_event(actor=SYSTEM, verb="announcement.listed", target=f"announcement:{row.pk}", after=facts)
    return len(wanted)


def _announcement(cut: PublishedCut, listed_as: str, names: dict[str, str], now: datetime) -> Announcement:
    title = f"{names.get(cut.model_id, cut.model_id)} −{plain(cut.percent)} %"
    return Announcement(
        origin=AnnouncementOrigin.PRICE_LIST.value,
        title=title[:TITLE_LIMIT],
        provider=Provider.AWS_BEDROCK.value,
        model_ids=[cut.model_id],
        routing_class=cut.routing_class,
        tiers=[cut.tier],
        aws_regions=[] if ANY_REGION in cut.aws_regions else list(cut.aws_regions),
        token_classes=list(cut.token_classes),
        context_band=cut.context_band,
        percent=cut.percent,
        first_day=cut.first_day,
        source=cut.source or PRICE_LIST,
        listed_as=listed_as,
        registered_by=PRICE_LIST,
        registered_at=now,
    )


def _listed_as(cut: PublishedCut) -> str:
    said = [cut.model_id, cut.routing_class, cut.tier, cut.context_band, cut.first_day.isoformat(), plain(cut.percent)]
    return hashlib.sha256(json.dumps([*said, cut.aws_regions, cut.token_classes]).encode()).hexdigest()
