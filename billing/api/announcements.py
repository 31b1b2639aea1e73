"""Announced price cuts over REST: register, read with what they came to, withdraw; the bill's lines behind the figures."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters
from accounts.domain.errors import CallerError
from accounts.domain.roles import Permission
from billing.api.periods import DayField
from billing.api.price_cuts import (
    AnnouncementEvidenceOutput,
    MeasuredField,
    serialize_cut,
    serialize_evidence,
)
from billing.domain.announcements import (
    TITLE_LIMIT,
    AnnouncementEntry,
    AnnouncementNotFound,
    AnnouncementOrigin,
    AnnouncementTimes,
    AnnouncementValue,
    AnnouncementWithdrawn,
    PercentDoubtful,
    PercentMalformed,
    Scope,
    ScopeUnknown,
)
from billing.domain.dimensions import BilledTokenClass, ContextBand, Provider, RoutingClass, Tier
from billing.operations.announcements import register_announcement, withdraw_announcement
from billing.queries.announcements import (
    get_announcement,
    list_announcement_evidence,
    list_announcements,
    measure,
)

# The domain's names are those of the pages.
FIELDS = {"model_ids": "models"}
MOST_NAMED = 100


class NamesField(serializers.ListField):
    """Some codes; empty is all of them."""

    def __init__(self, *, child: serializers.Field[Any, Any, Any, Any], **given: Any) -> None:
        super().__init__(child=child, max_length=MOST_NAMED, **given)


class AnnouncementScopeField(serializers.Serializer[Any]):
    """What an announcement is about. What is left out, or empty, is everything of the provider's."""

    provider = serializers.ChoiceField(
        choices=[item.value for item in Provider],
        default=Provider.AWS_BEDROCK.value,
        help_text="Whose bill it is about.",
    )
    publishers = NamesField(
        child=serializers.CharField(max_length=64), default=list, help_text="As `models/` says them."
    )
    models = NamesField(child=serializers.CharField(max_length=128), default=list, help_text="Canonical ids of models.")
    routing = serializers.ChoiceField(
        choices=[item.value for item in RoutingClass], default=None, allow_null=True, help_text="Null is any routing."
    )
    tiers = NamesField(child=serializers.ChoiceField(choices=[item.value for item in Tier]), default=list)
    aws_regions = NamesField(
        child=serializers.RegexField(r"\A[a-z0-9-]{2,40}\*?\Z"),
        default=list,
        help_text="Regions, or patterns such as `us-*`.",
    )
    token_classes = NamesField(
        child=serializers.ChoiceField(choices=[item.value for item in BilledTokenClass]), default=list
    )
    context_band = serializers.ChoiceField(
        choices=[item.value for item in ContextBand], default=None, allow_null=True, help_text="Null is any length."
    )
    example: ClassVar[dict[str, object]] = {
        "provider": "aws_bedrock",
        "publishers": [],
        "models": ["claude-sonnet-4-5"],
        "routing": "GLOBAL",
        "tiers": [],
        "aws_regions": [],
        "token_classes": [],
        "context_band": None,
    }


class AnnouncementInput(serializers.Serializer[Any]):
    """A cut as it was announced."""

    title = serializers.CharField(max_length=TITLE_LIMIT, default="", allow_blank=True)
    percent = serializers.DecimalField(
        max_digits=7,
        decimal_places=4,
        min_value=Decimal(0),
        max_value=Decimal(100),
        help_text="The cut in percent, as text: `25` is a quarter off.",
    )
    first_day = DayField(help_text="The first UTC day on which the lower price holds.")
    ends = DayField(
        default=None, allow_null=True, help_text="The first UTC day on which it no longer holds; null has no end."
    )
    source = serializers.CharField(  # type: ignore[assignment] # DRF takes declared fields off the class
        max_length=500, default="", allow_blank=True, help_text="Where it was announced, in its words."
    )
    scope = AnnouncementScopeField()
    confirm = serializers.BooleanField(
        default=False, help_text="True lets a cut of less than 1 percent pass (`percent_doubtful`)."
    )
    example: ClassVar[dict[str, object]] = {
        "title": "Claude Sonnet 4.5 is cheaper",
        "percent": "25",
        "first_day": "2026-09-03",
        "ends": None,
        "source": "Letter of our account manager, 1 September",
        "scope": AnnouncementScopeField.example,
        "confirm": False,
    }


class AnnouncementOutput(MeasuredField):
    """An announced cut, and what it came to."""

    id = serializers.IntegerField()
    origin = serializers.ChoiceField(
        choices=[item.value for item in AnnouncementOrigin], help_text="Registered by somebody, or from a price list."
    )
    title = serializers.CharField()
    first_day = serializers.DateField()
    ends = serializers.DateField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment] # as above
    scope = AnnouncementScopeField()
    registered_by = serializers.CharField()
    registered_at = serializers.DateTimeField()
    withdrawn_by = serializers.CharField(allow_null=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True, help_text="Null: not withdrawn.")
    example: ClassVar[dict[str, object]] = {
        "standing": "MEASURED",
        "announced_percent": "25",
        "eligible_share": "0.243264",
        "realised_percent": "6.0816",
        "rate_before": "4.1",
        "rate_after": "3.075",
        "value_to_date": "1204.104",
        "value_per_year": "9800.12",
        "announced_to_date": "4949.5",
        "spend_before": "14000.25",
        "currency": "USD",
        "currencies_left_out": [],
        "not_received": {
            "other_model": {"points": "11.0984", "money": "2197.196"},
            "routing": {"points": "7.82", "money": "1548.2"},
        },
        "before_start": "2026-08-04",
        "before_end": "2026-09-03",
        "billed_until": "2026-11-23",
        "days_since": 81,
        "id": 3,
        "origin": "REGISTERED",
        "title": "Claude Sonnet 4.5 is cheaper",
        "first_day": "2026-09-03",
        "ends": None,
        "source": "Letter of our account manager, 1 September",
        "scope": AnnouncementScopeField.example,
        "registered_by": "Fay",
        "registered_at": "2026-09-04T09:00:00Z",
        "withdrawn_by": None,
        "withdrawn_at": None,
    }


class AnnouncementList(OrganizationApiView):
    """Announced price cuts with what they came to, the latest registered first, withdrawn ones included."""

    permissions = {"GET": Permission.VIEW_SPEND, "POST": Permission.EDIT_PRICES}
    Parameters = PageParameters
    Input = AnnouncementInput
    Output = AnnouncementOutput
    errors = {"POST": (PercentMalformed, PercentDoubtful, AnnouncementTimes, ScopeUnknown)}

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        """List announcements."""
        asked = self.read_parameters()
        return self.page(list_announcements(after=asked["after"], limit=asked["limit"]), _serialize)

    def post(self, request: OrganizationApiRequest) -> Response:
        """Register an announcement."""
        given = self.read_input()
        try:
            made = register_announcement(
                actor=request.actor, entry=_entry(given), is_confirmed=given["confirm"], now=request.now
            )
        except CallerError as error:
            error.field = FIELDS.get(error.field or "", error.field)
            raise
        return Response(_serialize(made), status=201)


class AnnouncementDetail(OrganizationApiView):
    """One announcement."""

    permissions = {"GET": Permission.VIEW_SPEND}
    Output = AnnouncementOutput
    errors = {"GET": (AnnouncementNotFound,)}

    def get(self, request: OrganizationApiRequest, announcement_id: int) -> Response:  # noqa: ARG002 - as above
        """Return one announcement with what it came to."""
        return Response(_serialize(get_announcement(announcement_id)))


class AnnouncementWithdrawal(OrganizationApiView):
    """Taking an announcement back; it stays and says so."""

    permissions = {"POST": Permission.EDIT_PRICES}
    Output = AnnouncementOutput
    errors = {"POST": (AnnouncementNotFound, AnnouncementWithdrawn)}
    statuses = {"POST": 200}

    def post(self, request: OrganizationApiRequest, announcement_id: int) -> Response:
        """Withdraw an announcement."""
        made = withdraw_announcement(actor=request.actor, announcement_id=announcement_id, now=request.now)
        return Response(_serialize(made))


class AnnouncementEvidence(OrganizationApiView):
    """The bill's lines by day since a cut, newest first: `received` adds up to `value_to_date`."""

    permissions = {"GET": Permission.VIEW_SPEND}
    Parameters = PageParameters
    Output = AnnouncementEvidenceOutput
    errors = {"GET": (AnnouncementNotFound,)}

    def get(self, request: OrganizationApiRequest, announcement_id: int) -> Response:  # noqa: ARG002 - as above
        """List the bill's lines behind an announcement."""
        asked = self.read_parameters()
        cut = measure(get_announcement(announcement_id).entry)
        page = list_announcement_evidence(cut, after=asked["after"], limit=asked["limit"])
        return self.page(page, lambda row: serialize_evidence(row, cut.currency))


def _entry(given: dict[str, Any]) -> AnnouncementEntry:
    scope = given["scope"]
    return AnnouncementEntry(
        title=given["title"],
        scope=Scope(
            provider=Provider(scope["provider"]),
            publishers=tuple(scope["publishers"]),
            model_ids=tuple(scope["models"]),
            routing_class=scope["routing"] or "",
            tiers=tuple(scope["tiers"]),
            aws_regions=tuple(scope["aws_regions"]),
            token_classes=tuple(scope["token_classes"]),
            context_band=scope["context_band"] or "",
        ),
        percent=given["percent"],
        first_day=given["first_day"],
        ends=given["ends"],
        source=given["source"],
    )


def _serialize(row: AnnouncementValue) -> dict[str, object]:
    entry, scope = row.entry, row.entry.scope
    return {
        **serialize_cut(measure(entry)),
        "id": row.id,
        "origin": row.origin.value,
        "title": entry.title,
        "first_day": entry.first_day,
        "ends": entry.ends,
        "source": entry.source,
        "scope": {
            "provider": scope.provider.value,
            "publishers": list(scope.publishers),
            "models": list(scope.model_ids),
            "routing": scope.routing_class or None,
            "tiers": list(scope.tiers),
            "aws_regions": list(scope.aws_regions),
            "token_classes": list(scope.token_classes),
            "context_band": scope.context_band or None,
        },
        "registered_by": row.registered_by,
        "registered_at": row.registered_at,
        "withdrawn_by": row.withdrawn_by or None,
        "withdrawn_at": row.withdrawn_at,
    }
