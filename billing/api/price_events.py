"""Price events over REST: rates that moved, on the bill or as announced, and the bill's lines behind them."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar, NamedTuple

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters
from accounts.domain.roles import Permission
from billing.api.catalog import Key, page_of
from billing.api.price_cuts import EvidenceOutput, PartField, serialize_bill_line, serialize_parts
from billing.domain.announcements import AnnouncementValue
from billing.domain.exchange_rates import USD
from billing.domain.money import EXACT, plain
from billing.domain.price_events import EventKind, PriceEventNotFound
from billing.queries.announcements import list_all_announcements, measure
from billing.queries.price_events import (
    PriceEventValue,
    get_price_event,
    list_price_event_evidence,
    list_price_events,
)

# More days than any calendar has: what is newest comes first.
LAST_ORDINAL = 9_999_999
OF_EVENT, OF_ANNOUNCEMENT = "event", "announcement"


class PriceEventParameters(PageParameters):
    """Which price events; without parameters all, the latest first."""

    kind = serializers.ChoiceField(
        default=None, choices=[kind.value for kind in EventKind], help_text="Seen on the bill, or announced."
    )
    model = serializers.CharField(default=None, max_length=128, help_text="The canonical id of one model.")
    is_withdrawn = serializers.BooleanField(
        default=None, allow_null=True, help_text="Only what was withdrawn, or only what was not."
    )


class PriceEventOutput(serializers.Serializer[Any]):
    """A rate that moved, or an announcement held against the bill (`announcement` is its id); what one has not is null.

    Of an announcement, `rate_before` and `rate_after` are those of everything in scope at constant mix, and a place that
    it names several of, or none, is null.
    """

    id = serializers.IntegerField(allow_null=True, help_text="Of the price event; null for an announcement.")
    kind = serializers.ChoiceField(
        choices=[kind.value for kind in EventKind], help_text="Seen on the bill, or announced by somebody or a list."
    )
    model = serializers.CharField(allow_null=True)
    aws_region = serializers.CharField(allow_null=True, help_text="Of a price list also a pattern such as `*`.")
    routing = serializers.CharField(allow_null=True)
    tier = serializers.CharField(allow_null=True)
    token_class = serializers.CharField(allow_null=True)
    context_band = serializers.CharField(allow_null=True)
    rate_before = serializers.CharField(allow_null=True, help_text="Per million tokens; a decimal number.")
    rate_after = serializers.CharField(allow_null=True, help_text="Per million tokens; a decimal number.")
    currency = serializers.CharField()
    change_percent = serializers.CharField(
        allow_null=True, help_text="Below zero is cheaper; null from a rate of zero. A decimal number."
    )
    first_day = serializers.DateField(help_text="The first UTC day of the rate after.")
    source = serializers.CharField()  # type: ignore[assignment] # DRF takes declared fields off the class
    withdrawn_at = serializers.DateTimeField(
        allow_null=True, help_text="When a restated bill or a corrected list took it back, or somebody did."
    )
    announcement = serializers.IntegerField(allow_null=True, help_text="Of `announcements/`; null for a price event.")
    announced_percent = serializers.CharField(allow_null=True, help_text="A decimal number.")
    eligible_share = serializers.CharField(allow_null=True, help_text="From 0 to 1; a decimal number.")
    realised_percent = serializers.CharField(allow_null=True, help_text="Of all our spend, at constant mix.")
    value_to_date = serializers.CharField(allow_null=True, help_text="Since the first day, at the volumes used.")
    value_per_year = serializers.CharField(allow_null=True, help_text="At the volumes of the latest 30 days.")
    not_received = serializers.DictField(
        child=PartField(), allow_null=True, help_text="By reason, as `announcements/` says them."
    )
    example: ClassVar[dict[str, object]] = {
        "id": 12,
        "kind": "observed",
        "model": "claude-sonnet-4-5",
        "aws_region": "us-east-1",
        "routing": "GLOBAL",
        "tier": "STANDARD",
        "token_class": "input",
        "context_band": "STANDARD",
        "rate_before": "3",
        "rate_after": "2.25",
        "currency": "USD",
        "change_percent": "-25",
        "first_day": "2026-09-03",
        "source": "AWS bill",
        "withdrawn_at": None,
        "announcement": None,
        "announced_percent": None,
        "eligible_share": None,
        "realised_percent": None,
        "value_to_date": None,
        "value_per_year": None,
        "not_received": None,
    }


class Row(NamedTuple):
    """A price event or an announcement: exactly one of the two."""

    event: PriceEventValue | None
    announcement: AnnouncementValue | None

    @property
    def first_day(self) -> date:
        if self.event:
            return self.event.move.first_day
        assert self.announcement
        return self.announcement.entry.first_day


class PriceEventList(OrganizationApiView):
    """Rates that moved, on the bill or in a list, and announced cuts with what they came to; the latest first."""

    permissions = {"GET": Permission.VIEW_SPEND}
    Parameters = PriceEventParameters
    Output = PriceEventOutput

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        """List price events."""
        asked = self.read_parameters()
        kind = EventKind(asked["kind"]) if asked["kind"] else None
        models = None if asked["model"] is None else [asked["model"]]
        rows = [Row(event, None) for event in list_price_events(kind=kind, model_ids=models)]
        if kind is not EventKind.OBSERVED:
            rows += [Row(None, one) for one in list_all_announcements() if _concerns(one, asked["model"])]
        wanted = [row for row in rows if asked["is_withdrawn"] in (None, _is_withdrawn(row))]
        return self.page(page_of(wanted, _key, asked["after"], asked["limit"]), _serialize)


class PriceEventDetail(OrganizationApiView):
    """One price event."""

    permissions = {"GET": Permission.VIEW_SPEND}
    Output = PriceEventOutput
    errors = {"GET": (PriceEventNotFound,)}

    def get(self, request: OrganizationApiRequest, event_id: int) -> Response:  # noqa: ARG002 - as above
        """Return one price event."""
        return Response(_serialize(Row(get_price_event(event_id), None)))


class PriceEventEvidence(OrganizationApiView):
    """The bill's lines of the event's rate by UTC day, two weeks on either side of it, newest first."""

    permissions = {"GET": Permission.VIEW_SPEND}
    Parameters = PageParameters
    Output = EvidenceOutput
    errors = {"GET": (PriceEventNotFound,)}

    def get(self, request: OrganizationApiRequest, event_id: int) -> Response:  # noqa: ARG002 - as above
        """List the bill's lines behind a price event."""
        asked = self.read_parameters()
        page = list_price_event_evidence(get_price_event(event_id), after=asked["after"], limit=asked["limit"])
        return self.page(page, lambda row: serialize_bill_line(row, USD))


def _concerns(one: AnnouncementValue, model_id: str | None) -> bool:
    return model_id is None or model_id in one.entry.scope.model_ids


def _is_withdrawn(row: Row) -> bool:
    held = row.event or row.announcement
    return held is not None and held.withdrawn_at is not None


def _key(row: Row) -> Key:
    day = f"{LAST_ORDINAL - row.first_day.toordinal():07d}"
    if row.event:
        return (day, *row.event.move.key, OF_EVENT, f"{row.event.id:020d}")
    assert row.announcement
    return (day, "", OF_ANNOUNCEMENT, f"{row.announcement.id:020d}")


def _serialize(row: Row) -> dict[str, object]:
    if row.event:
        return _serialize_event(row.event)
    assert row.announcement
    return _serialize_announcement(row.announcement)


def _serialize_event(event: PriceEventValue) -> dict[str, object]:
    move, key = event.move, event.move.key
    change = move.change_percent
    return {
        "id": event.id,
        "kind": move.kind.value,
        "model": key.model_id,
        "aws_region": key.aws_region,
        "routing": key.routing_class,
        "tier": key.tier,
        "token_class": key.token_class,
        "context_band": key.context_band,
        "rate_before": plain(move.rate_before),
        "rate_after": plain(move.rate_after),
        "currency": USD,
        "change_percent": None if change is None else plain(change),
        "first_day": move.first_day,
        "source": move.source,
        "withdrawn_at": event.withdrawn_at,
        "announcement": None,
        "announced_percent": None,
        "eligible_share": None,
        "realised_percent": None,
        "value_to_date": None,
        "value_per_year": None,
        "not_received": None,
    }


def _serialize_announcement(row: AnnouncementValue) -> dict[str, object]:
    scope, cut = row.entry.scope, measure(row.entry)
    outcome = cut.outcome
    before, after = outcome.rate_before, outcome.rate_after
    return {
        "id": None,
        "kind": EventKind.ANNOUNCED.value,
        "model": _only(scope.model_ids),
        "aws_region": _only(scope.aws_regions),
        "routing": scope.routing_class or None,
        "tier": _only(scope.tiers),
        "token_class": _only(scope.token_classes),
        "context_band": scope.context_band or None,
        "rate_before": None if before is None else plain(before),
        "rate_after": None if after is None else plain(after),
        "currency": cut.currency,
        "change_percent": plain(EXACT.minus(row.entry.percent)),
        "first_day": row.entry.first_day,
        "source": row.entry.source,
        "withdrawn_at": row.withdrawn_at,
        "announcement": row.id,
        "announced_percent": plain(outcome.announced_percent),
        "eligible_share": None if outcome.eligible_share is None else plain(outcome.eligible_share),
        "realised_percent": None if outcome.realised_percent is None else plain(outcome.realised_percent),
        "value_to_date": plain(outcome.value_to_date),
        "value_per_year": plain(outcome.value_per_year),
        "not_received": serialize_parts(outcome),
    }


def _only(values: tuple[str, ...]) -> str | None:
    return values[0] if len(values) == 1 else None
