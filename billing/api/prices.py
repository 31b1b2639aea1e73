"""Prices over REST: what is published, with its history, and the organization's own."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.celery import nudge
from accounts.access.declarations import PageParameters
from accounts.domain.errors import CallerError
from accounts.domain.roles import Permission
from billing.api.catalog import Key, page_of
from billing.domain.catalog import PriceKey, nearness
from billing.domain.dimensions import ContextBand, PriceOrigin, RoutingClass, Tier, TokenClass
from billing.domain.exchange_rates import MissingRate
from billing.domain.labels import PRICED_CLASSES
from billing.domain.money import plain
from billing.domain.price_entry import (
    PriceDoubtful,
    PriceEntry,
    PriceImplausible,
    PriceMalformed,
    PriceTooFine,
    PriceUnit,
)
from billing.operations.catalog import (
    ImpossibleRate,
    ImpossibleTime,
    MalformedRegionPattern,
    UnknownModel,
    withdraw_price,
)
from billing.operations.prices import enter_price
from billing.queries.catalog import (
    EnteredPrice,
    OverrideNotFound,
    PricedAs,
    get_price_override,
    list_foundation_models,
    list_price_overrides,
)
from billing.queries.catalog import list_prices as list_published_prices

# How the worker's task is called (billing/tasks.py); a view may not import it.
RERATE = "billing.tasks.rerate_windows"
ORIGINS = (PriceOrigin.OVERRIDE, PriceOrigin.PRICE_LIST, PriceOrigin.COMMITTED)
PER = {"1M": PriceUnit.PER_MILLION, "1K": PriceUnit.PER_THOUSAND}
FIELDS = {"model_id": "model", "effective_date": "effective_from"}
PER_NAMES = {unit: name for name, unit in PER.items()}


class PriceOutput(serializers.Serializer[Any]):
    """A price, published or the organization's own, in force from a time up to another."""

    id = serializers.IntegerField(
        allow_null=True, help_text="Of the organization's own price; null for a published one."
    )
    model = serializers.CharField()
    aws_region = serializers.CharField(help_text="A region, or a pattern such as `us-*` or `*`.")
    routing_class = serializers.ChoiceField(choices=[item.value for item in RoutingClass])
    tier = serializers.ChoiceField(choices=[item.value for item in Tier])
    token_class = serializers.ChoiceField(choices=[item.value for item in TokenClass])
    context_band = serializers.ChoiceField(choices=[item.value for item in ContextBand])
    price_per_million_tokens = serializers.CharField(help_text="A decimal number.")
    currency = serializers.CharField()
    effective_from = serializers.DateTimeField()
    effective_to = serializers.DateTimeField(allow_null=True, help_text="Not included; null has no end.")
    is_own = serializers.BooleanField(help_text="The organization's own price, which goes before a published one.")
    origin = serializers.ChoiceField(
        choices=[item.value for item in ORIGINS],
        help_text="An own price, one of AWS's Price List, or one of the committed table, in the order in which they are "
        "taken; rates learnt from the bill (`learnt-rates/`) go after own prices and before the others.",
    )
    source = serializers.CharField()  # type: ignore[assignment] # DRF takes declared fields off the class
    source_date = serializers.DateField()
    entered_by = serializers.CharField(allow_null=True, help_text="Null for a published price.")
    entered_at = serializers.DateTimeField(allow_null=True)
    entered_amount = serializers.CharField(
        allow_null=True, help_text="The amount as it was typed, where it was typed; a decimal number."
    )
    entered_currency = serializers.CharField(allow_null=True)
    entered_per = serializers.ChoiceField(choices=list(PER), allow_null=True)
    units_per_usd = serializers.CharField(
        allow_null=True,
        help_text="The exchange rate that made dollars of the typed amount; null where none was needed.",
    )
    example: ClassVar[dict[str, object]] = {
        "id": None,
        "model": "claude-sonnet-4-5",
        "aws_region": "*",
        "routing_class": "GLOBAL",
        "tier": "STANDARD",
        "token_class": "input",
        "context_band": "STANDARD",
        "price_per_million_tokens": "3",
        "currency": "USD",
        "effective_from": "2023-01-01T00:00:00Z",
        "effective_to": None,
        "is_own": False,
        "origin": "COMMITTED",
        "source": "AWS pricing page",
        "source_date": "2026-07-24",
        "entered_by": None,
        "entered_at": None,
        "entered_amount": None,
        "entered_currency": None,
        "entered_per": None,
        "units_per_usd": None,
    }


class OwnPriceOutput(PriceOutput):
    """The organization's own price."""

    example: ClassVar[dict[str, object]] = {
        **PriceOutput.example,
        "id": 12,
        "price_per_million_tokens": "2.25",
        "effective_from": "2026-11-01T00:00:00Z",
        "is_own": True,
        "origin": "OVERRIDE",
        "source": "Contract 7",
        "source_date": "2026-11-24",
        "entered_by": "Ada",
        "entered_at": "2026-11-24T09:00:00Z",
        "entered_amount": "0.00225",
        "entered_currency": "USD",
        "entered_per": "1K",
    }


class PriceParameters(PageParameters):
    """Which prices; without `in_force_at` those of all time."""

    model = serializers.CharField(default=None, max_length=128, help_text="The canonical id of one model.")
    publisher = serializers.CharField(
        default=None, max_length=64, help_text="Who made the model, as `models/` says it."
    )
    aws_region = serializers.CharField(
        default=None, max_length=32, help_text="Prices that hold in this region: listed for it or for a pattern."
    )
    routing_class = serializers.ChoiceField(default=None, choices=[item.value for item in RoutingClass])
    tier = serializers.ChoiceField(default=None, choices=[item.value for item in Tier])
    token_class = serializers.ChoiceField(default=None, choices=[item.value for item in TokenClass])
    is_own = serializers.BooleanField(default=None, allow_null=True, help_text="Own prices only, or published only.")
    origin = serializers.ChoiceField(default=None, choices=[item.value for item in ORIGINS])
    in_force_at = serializers.DateTimeField(
        default=None, help_text="Prices whose time includes this moment, for example 2026-10-01T00:00:00Z."
    )


class PriceInput(serializers.Serializer[Any]):
    """An own price. There is no default for `per`: one unit taken for the other is a thousand times off."""

    model = serializers.CharField(max_length=128, help_text="The canonical id of a model.")
    token_class = serializers.ChoiceField(choices=[item.value for item in PRICED_CLASSES])
    amount = serializers.DecimalField(
        max_digits=24, decimal_places=12, min_value=Decimal(0), help_text="A decimal number, as text."
    )
    currency = serializers.RegexField(
        r"\A[A-Z]{3}\Z", help_text="USD, or a currency with an exchange rate in force when the price begins."
    )
    per = serializers.ChoiceField(choices=list(PER), help_text="What the amount is for: `1M` or `1K` tokens.")
    aws_region = serializers.CharField(max_length=32, default="*", help_text="A region, or `*` for every region.")
    routing_class = serializers.ChoiceField(choices=[item.value for item in RoutingClass])
    tier = serializers.ChoiceField(choices=[item.value for item in Tier], default=Tier.STANDARD.value)
    effective_from = serializers.DateTimeField(help_text="Stored usage from this moment on is rated again.")
    effective_to = serializers.DateTimeField(default=None, allow_null=True, help_text="Not included; null has no end.")
    source = serializers.CharField(  # type: ignore[assignment] # DRF takes declared fields off the class
        max_length=200, default="", allow_blank=True, help_text="Where the price is written."
    )
    confirm = serializers.BooleanField(
        default=False, help_text="True lets a price pass that is half off the known one or more (`price_doubtful`)."
    )
    example = {
        "model": "claude-sonnet-4-5",
        "token_class": "input",
        "amount": "0.00225",
        "currency": "USD",
        "per": "1K",
        "aws_region": "*",
        "routing_class": "GLOBAL",
        "tier": "STANDARD",
        "effective_from": "2026-11-01T00:00:00Z",
        "effective_to": None,
        "source": "Contract 7",
        "confirm": False,
    }


class PriceList(OrganizationApiView):
    """Published prices and the organization's own, by model, region, routing, tier, token class and time."""

    permissions = {"GET": Permission.VIEW_SPEND, "POST": Permission.EDIT_PRICES}
    Parameters = PriceParameters
    Input = PriceInput
    Output = PriceOutput
    outputs = {"POST": OwnPriceOutput}
    errors = {
        "POST": (
            PriceDoubtful,
            PriceImplausible,
            PriceMalformed,
            PriceTooFine,
            MissingRate,
            UnknownModel,
            ImpossibleRate,
            ImpossibleTime,
            MalformedRegionPattern,
        )
    }

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        """List prices with their history."""
        asked = self.read_parameters()
        own = [PricedAs(price=entered.price, entered=entered) for entered in list_price_overrides(asked["model"])]
        listed = [PricedAs(price=price, entered=None) for price in list_published_prices(asked["model"])]
        publisher_of = {model.model_id: model.publisher for model in list_foundation_models()}
        rows = [row for row in (*own, *listed) if _is_wanted(row, asked, publisher_of)]
        return self.page(page_of(rows, _key, asked["after"], asked["limit"]), _serialize)

    def post(self, request: OrganizationApiRequest) -> Response:
        """Put an own price in force; what is stored from then on is rated again."""
        given = self.read_input()
        try:
            saved = enter_price(
                actor=request.actor, entry=_entry(given), is_confirmed=given["confirm"], now=request.now
            )
        except CallerError as error:
            # The domain's names are those of the pages.
            error.field = FIELDS.get(error.field or "", error.field)
            raise
        nudge(RERATE, organization_id=request.organization.id)
        return Response(_serialize_own(get_price_override(saved.override_id)), status=201)


class PriceDetail(OrganizationApiView):
    """One of the organization's own prices."""

    permissions = {"GET": Permission.VIEW_SPEND, "DELETE": Permission.EDIT_PRICES}
    Output = OwnPriceOutput
    errors = {"GET": (OverrideNotFound,), "DELETE": (OverrideNotFound,)}

    def get(self, request: OrganizationApiRequest, price_id: int) -> Response:  # noqa: ARG002 - as above
        """Return one own price."""
        return Response(_serialize_own(get_price_override(price_id)))

    def delete(self, request: OrganizationApiRequest, price_id: int) -> Response:
        """Withdraw an own price: the published one is in force again, and what is stored is rated again."""
        withdraw_price(actor=request.actor, override_id=price_id)
        nudge(RERATE, organization_id=request.organization.id)
        return Response(status=204)


def _entry(given: dict[str, Any]) -> PriceEntry:
    key = PriceKey(
        model_id=given["model"],
        aws_region=given["aws_region"],
        routing_class=RoutingClass(given["routing_class"]),
        tier=Tier(given["tier"]),
        token_class=TokenClass(given["token_class"]),
    )
    return PriceEntry(
        key=key,
        amount=given["amount"],
        currency=given["currency"],
        unit=PER[given["per"]],
        effective_from=given["effective_from"],
        effective_to=given["effective_to"],
        source=given["source"],
    )


def _is_wanted(row: PricedAs, asked: dict[str, Any], publisher_of: dict[str, str]) -> bool:
    key = row.price.key
    moment: datetime | None = asked["in_force_at"]
    return (
        asked["publisher"] in (None, publisher_of.get(key.model_id))
        and (asked["aws_region"] is None or nearness(key.aws_region, asked["aws_region"]) > 0)
        and asked["routing_class"] in (None, key.routing_class)
        and asked["tier"] in (None, key.tier)
        and asked["token_class"] in (None, key.token_class)
        and asked["is_own"] in (None, row.entered is not None)
        and asked["origin"] in (None, row.price.origin)
        and (moment is None or row.price.in_force(moment))
    )


def _key(row: PricedAs) -> Key:
    key = row.price.key
    where = (key.model_id, key.aws_region, key.routing_class, key.tier, key.token_class, key.context_band)
    return (*where, "own" if row.entered else "published", row.price.effective_from.isoformat(), row.price.origin)


def _serialize_own(entered: EnteredPrice) -> dict[str, object]:
    return _serialize(PricedAs(price=entered.price, entered=entered))


def _serialize(row: PricedAs) -> dict[str, object]:
    price, entered = row.price, row.entered
    typed = entered.typed if entered else None
    return {
        "id": entered.id if entered else None,
        "model": price.key.model_id,
        "aws_region": price.key.aws_region,
        "routing_class": price.key.routing_class,
        "tier": price.key.tier,
        "token_class": price.key.token_class,
        "context_band": price.key.context_band,
        "price_per_million_tokens": plain(price.rate_usd_per_million),
        "currency": price.currency,
        "effective_from": price.effective_from,
        "effective_to": price.effective_to,
        "is_own": entered is not None,
        "origin": price.origin,
        "source": price.source,
        "source_date": price.source_date,
        "entered_by": entered.entered_by if entered else None,
        "entered_at": entered.entered_at if entered else None,
        "entered_amount": plain(typed.amount) if typed else None,
        "entered_currency": typed.currency if typed else None,
        "entered_per": PER_NAMES[entered.unit] if entered and entered.unit else None,
        "units_per_usd": plain(entered.units_per_usd) if entered and entered.units_per_usd else None,
    }
