"""Rates that moved, on the bill or in a list, and the announcements that are held against the bill."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from accounts.access.pages import next_cursor, read_after
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.roles import Permission
from billing.domain import figures
from billing.domain.announcements import AnnouncementEntry, AnnouncementValue, Scope
from billing.domain.catalog import ANY_REGION
from billing.domain.dimensions import Provider
from billing.domain.labels import BILLED_TOKEN_CLASS_LABELS, ROUTING_CLASS_LABELS, TIER_LABELS
from billing.domain.money import plain
from billing.domain.price_events import EVENT_KIND_LABELS, EventKind
from billing.queries.announcements import find_billed_bounds, list_all_announcements, measure
from billing.queries.catalog import list_foundation_models, names_of
from billing.queries.price_events import (
    PriceEventValue,
    get_price_event,
    list_price_event_evidence,
    list_price_events,
)
from billing.web.price_cuts import CutView, language, name_of

# Each is held against the bill for the page; the API has all of them.
MOST_ANNOUNCEMENTS = 25
MOST_GROUPS = 100
ROWS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class EventGroup:
    """Events that people would call one: one model, routing, tier, day and percentage."""

    events: tuple[PriceEventValue, ...]
    model_name: str
    announcement: AnnouncementValue | None
    register_query: str

    @property
    def first(self) -> PriceEventValue:
        return self.events[0]

    @property
    def first_day(self) -> date:
        return self.first.move.first_day

    @property
    def change(self) -> str:
        return figures.change(self.first.move.rate_after, self.first.move.rate_before, language())

    @property
    def cut(self) -> str:
        """How much cheaper it became, without a sign."""
        move = self.first.move
        return figures.percent(1 - move.rate_after / move.rate_before if move.rate_before else None, language())

    @property
    def is_cut(self) -> bool:
        return self.first.move.is_cut

    @property
    def is_observed(self) -> bool:
        return self.first.move.kind is EventKind.OBSERVED

    @property
    def is_withdrawn(self) -> bool:
        return self.first.withdrawn_at is not None

    @property
    def kind(self) -> str:
        return name_of(EVENT_KIND_LABELS, self.first.move.kind)

    @property
    def routing(self) -> str:
        return name_of(ROUTING_CLASS_LABELS, self.first.move.key.routing_class)

    @property
    def tier(self) -> str:
        return name_of(TIER_LABELS, self.first.move.key.tier)

    @property
    def token_classes(self) -> list[str]:
        codes = {event.move.key.token_class for event in self.events}
        return [gettext(label) for code, label in BILLED_TOKEN_CLASS_LABELS.items() if code.value in codes]

    @property
    def regions(self) -> list[str]:
        return sorted({event.move.key.aws_region for event in self.events})


@require_safe
@organization_view(Permission.VIEW_SPEND)
def price_event_list(request: OrganizationRequest) -> HttpResponse:
    """Show announced cuts with what they came to, and every move of a rate, the latest first."""
    names = names_of(list_foundation_models())
    announcements = list_all_announcements()
    groups = group_events(list_price_events(), announcements, names)
    latest = next((group for group in groups if group.is_observed and group.is_cut and not group.is_withdrawn), None)
    billed = find_billed_bounds(Provider.AWS_BEDROCK)
    shown = announcements[:MOST_ANNOUNCEMENTS]
    context = {
        "groups": groups[:MOST_GROUPS],
        "groups_left_out": max(0, len(groups) - MOST_GROUPS),
        "latest": latest,
        "latest_cut": CutView(cut=measure(entry_of(latest)), names=names) if latest else None,
        "announcements": [(one, CutView(cut=measure(one.entry), names=names)) for one in shown],
        "announcements_left_out": len(announcements) - len(shown),
        "billed": billed,
    }
    return render(request, "billing/price_events/list.html", context)


@require_safe
@organization_view(Permission.VIEW_SPEND)
def price_event_detail(request: OrganizationRequest, event_id: int) -> HttpResponse:
    """Show one move with those of the same day and percentage, and the bill's lines on either side of it."""
    event = get_price_event(event_id)
    names = names_of(list_foundation_models())
    groups = group_events(
        list_price_events(kind=event.move.kind, model_ids=[event.move.key.model_id]), list_all_announcements(), names
    )
    group = next(group for group in groups if event in group.events)
    page = list_price_event_evidence(event, after=read_after(request), limit=ROWS)
    context = {
        "event": event,
        "group": group,
        "cut": CutView(cut=measure(entry_of(group)), names=names) if group.is_cut and group.is_observed else None,
        "rows": page.rows,
        "page_next": next_cursor(request, page.next),
    }
    return render(request, "billing/price_events/detail.html", context)


def group_events(
    events: Iterable[PriceEventValue], announcements: Sequence[AnnouncementValue], names: dict[str, str]
) -> list[EventGroup]:
    """Put events together that people would call one, the latest first."""
    ordered = sorted(events, key=_news)
    return [_group(tuple(group), announcements, names) for _, group in groupby(ordered, key=_news)]


def entry_of(group: EventGroup) -> AnnouncementEntry:
    """What an announcement of exactly these moves would have said."""
    keys = [event.move.key for event in group.events]
    regions = {key.aws_region for key in keys}
    percent = group.first.move.change_percent
    return AnnouncementEntry(
        title=group.model_name,
        scope=Scope(
            model_ids=(keys[0].model_id,),
            routing_class=keys[0].routing_class,
            tiers=(keys[0].tier,),
            aws_regions=() if ANY_REGION in regions else tuple(sorted(regions)),
            token_classes=tuple(sorted({key.token_class for key in keys})),
            context_band=keys[0].context_band,
        ),
        percent=-percent if percent is not None and percent < 0 else Decimal(0),
        first_day=group.first_day,
    )


def _news(event: PriceEventValue) -> tuple[object, ...]:
    move, key = event.move, event.move.key
    return (
        -move.first_day.toordinal(),
        key.model_id,
        key.routing_class,
        key.tier,
        key.context_band,
        move.kind.value,
        str(move.change_percent),
        event.withdrawn_at is not None,
    )


def _group(
    events: tuple[PriceEventValue, ...], announcements: Sequence[AnnouncementValue], names: dict[str, str]
) -> EventGroup:
    move = events[0].move
    key, percent = move.key, move.change_percent
    asked = {
        "model": key.model_id,
        "routing": key.routing_class,
        "percent": plain(-percent) if percent is not None and percent < 0 else "",
        "first_day": move.first_day.isoformat(),
    }
    return EventGroup(
        events=events,
        model_name=names.get(key.model_id, key.model_id),
        announcement=next((one for one in announcements if _announces(one, events[0])), None),
        register_query=urlencode(asked),
    )


def _announces(one: AnnouncementValue, event: PriceEventValue) -> bool:
    """Say whether an announcement is of an event: in its scope, from the same day."""
    scope, key = one.entry.scope, event.move.key
    return (
        one.withdrawn_at is None
        and one.entry.first_day == event.move.first_day
        and (not scope.model_ids or key.model_id in scope.model_ids)
        and scope.routing_class in ("", key.routing_class)
        and (not scope.tiers or key.tier in scope.tiers)
    )
