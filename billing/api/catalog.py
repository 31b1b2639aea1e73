"""Models and prices over REST, read-only."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters
from accounts.domain.pages import Page
from accounts.domain.roles import Permission
from billing.domain.catalog import FoundationModel, Price
from billing.domain.dimensions import ContextBand, RoutingClass, Tier, TokenClass
from billing.domain.money import plain
from billing.queries.catalog import list_foundation_models, list_price_overrides, list_prices

Row = TypeVar("Row")
Key = tuple[str, ...]


class ModelOutput(serializers.Serializer[Any]):
    """A foundation model that we know."""

    model = serializers.CharField(help_text="The canonical id, as spend and usage name it.")
    name = serializers.CharField()
    publisher = serializers.CharField()
    aws_model_ids = serializers.ListField(
        child=serializers.CharField(), help_text="What AWS calls it, without the prefix of a routing."
    )
    legacy_date = serializers.DateField(allow_null=True)
    extended_access_date = serializers.DateField(allow_null=True)
    end_of_life_date = serializers.DateField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment] # DRF takes declared fields off the class
    source_date = serializers.DateField()
    example = {
        "model": "claude-sonnet-4-5",
        "name": "Claude Sonnet 4.5",
        "publisher": "Anthropic",
        "aws_model_ids": ["anthropic.claude-sonnet-4-5-20250929-v1:0"],
        "legacy_date": None,
        "extended_access_date": None,
        "end_of_life_date": None,
        "source": "AWS documentation",
        "source_date": "2026-11-23",
    }


class ModelList(OrganizationApiView):
    """The foundation models that we know, by id."""

    permissions = {"GET": Permission.VIEW_SPEND}
    Parameters = PageParameters
    Output = ModelOutput

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        """List models."""
        asked = self.read_parameters()
        page = _page(list_foundation_models(), lambda model: (model.model_id,), asked["after"], asked["limit"])
        return self.page(page, _serialize_model)


class PriceOutput(serializers.Serializer[Any]):
    """A price, published or the organization's own, in force from a time up to another."""

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
    source = serializers.CharField()  # type: ignore[assignment] # DRF takes declared fields off the class
    source_date = serializers.DateField()
    example = {
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
        "source": "AWS pricing page",
        "source_date": "2026-07-24",
    }


class PriceParameters(PageParameters):
    """Which prices."""

    model = serializers.CharField(default=None, max_length=128, help_text="The canonical id of one model.")


class PriceList(OrganizationApiView):
    """Published prices and the organization's own, by model, region, routing, tier, token class and time."""

    permissions = {"GET": Permission.VIEW_SPEND}
    Parameters = PriceParameters
    Output = PriceOutput

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        """List prices."""
        asked = self.read_parameters()
        own = [entered.price for entered in list_price_overrides()]
        rows = [(price, True) for price in own if asked["model"] in (None, price.key.model_id)]
        rows += [(price, False) for price in list_prices(asked["model"])]
        page = _page(rows, lambda row: _price_key(*row), asked["after"], asked["limit"])
        return self.page(page, lambda row: _serialize_price(*row))


def _page(rows: Iterable[Row], key: Callable[[Row], Key], after: str | None, limit: int) -> Page[Row]:
    """Cut a short list, which is read as a whole, into pages by its unique key."""
    begin = tuple(json.loads(after)) if after else ()
    left = sorted((row for row in rows if key(row) > begin), key=key)
    following = json.dumps(key(left[limit - 1])) if len(left) > limit else None
    return Page(rows=tuple(left[:limit]), next=following)


def _price_key(price: Price, is_own: bool) -> Key:
    key = price.key
    where = (key.model_id, key.aws_region, key.routing_class, key.tier, key.token_class, key.context_band)
    return (*where, "own" if is_own else "published", price.effective_from.isoformat())


def _serialize_model(model: FoundationModel) -> dict[str, object]:
    return {
        "model": model.model_id,
        "name": model.display_name,
        "publisher": model.publisher,
        "aws_model_ids": model.aws_model_ids,
        "legacy_date": model.legacy_date,
        "extended_access_date": model.extended_access_date,
        "end_of_life_date": model.end_of_life_date,
        "source": model.source,
        "source_date": model.source_date,
    }


def _serialize_price(price: Price, is_own: bool) -> dict[str, object]:
    return {
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
        "is_own": is_own,
        "source": price.source,
        "source_date": price.source_date,
    }
