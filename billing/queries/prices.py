"""The prices that usage is rated with now: one row for each model, region, routing and tier in use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from accounts.domain.errors import NotFound
from accounts.domain.text import gettext_noop
from billing.domain.catalog import FoundationModel, PriceBook, PriceFound, PriceKey
from billing.domain.dimensions import (
    ROUTING_CLASS_OF,
    Basis,
    Dimension,
    Routing,
    RoutingClass,
    Tier,
    TokenClass,
)
from billing.domain.money import add_up
from billing.domain.periods import Month, utc_day_start
from billing.queries.catalog import get_price_book, list_foundation_models, names_of
from billing.queries.costs import SpendQuestion, list_spend
from billing.queries.usage import list_usage

RECENTLY = timedelta(days=30)
SHOWN_CLASSES = (TokenClass.INPUT, TokenClass.OUTPUT, TokenClass.CACHE_READ, TokenClass.CACHE_WRITE_5M)
IN_USE = (Dimension.MODEL, Dimension.AWS_REGION, Dimension.ROUTING, Dimension.TIER)
PRICE_MILLION = Decimal("1E-6")


class ModelNotFound(NotFound):
    """The catalog knows no such model."""

    code: ClassVar[str] = "model_not_found"
    message: ClassVar[str] = gettext_noop("There is no such model in the price list.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceInUse:
    """What one line of usage costs per million tokens, by token class; a class without a price is None."""

    model_id: str
    model_name: str
    aws_region: str
    routing_class: RoutingClass
    tier: Tier
    rates: tuple[PriceFound | None, ...]  # in the order of SHOWN_CLASSES
    spent_usd: Decimal
    tokens_unpriced: int

    @property
    def has_override(self) -> bool:
        return any(found is not None and found.is_override for found in self.rates)


def list_prices_in_use(*, now: datetime) -> tuple[PriceInUse, ...]:
    """Return the prices in force for what was used in the last 30 days, most spent first."""
    question = SpendQuestion(basis=Basis.RATED, start=now - RECENTLY, end=now, group_by=IN_USE)
    lines: dict[tuple[str, str, RoutingClass, Tier], list[tuple[Decimal, int]]] = {}
    for row in list_spend(question).rows:
        model_id, aws_region, routing, tier = row.key
        assert routing, "every series has a routing and a tier"
        assert tier
        key = (model_id or "", aws_region or "", ROUTING_CLASS_OF[Routing(routing)], Tier(tier))
        lines.setdefault(key, []).append((row.cost, row.tokens_unpriced))
    book, names = get_price_book(), names_of(list_foundation_models())
    found = [_in_use(key, spent, book, names, now) for key, spent in lines.items()]
    return tuple(sorted(found, key=lambda line: (-line.spent_usd, line.model_id, line.aws_region)))


def get_foundation_model(model_id: str) -> FoundationModel:
    """Return a model that the catalog knows. Raises ModelNotFound."""
    found = next((model for model in list_foundation_models() if model.model_id == model_id), None)
    if found is None:
        raise ModelNotFound
    return found


def find_price_in_force(key: PriceKey, *, at: datetime) -> PriceFound | None:
    """Return the price of a key that is in force at a time, or None."""
    found = get_price_book().price_in_force(key, at)
    return found if isinstance(found, PriceFound) else None


def get_cost_at_rate(key: PriceKey, *, rate_usd_per_million: Decimal, month: Month) -> Decimal:
    """Return what the month's tokens of a price's key would have cost at a rate, in dollars."""
    routings = [routing.value for routing, group in ROUTING_CLASS_OF.items() if group is key.routing_class]
    filters: dict[Dimension, list[str | None]] = {
        Dimension.MODEL: [key.model_id],
        Dimension.ROUTING: list(routings),
        Dimension.TIER: [key.tier.value],
        Dimension.TOKEN_CLASS: [key.token_class.value],
    }
    if "*" not in key.aws_region:
        filters[Dimension.AWS_REGION] = [key.aws_region]
    question = SpendQuestion(
        basis=Basis.RATED,
        start=utc_day_start(month.start),
        end=utc_day_start(month.end),
        group_by=(Dimension.TOKEN_CLASS,),
        filters=filters,
    )
    tokens = sum(row.tokens for row in list_usage(question).rows if isinstance(row.tokens, int))
    return rate_usd_per_million * PRICE_MILLION * tokens


def _in_use(
    key: tuple[str, str, RoutingClass, Tier],
    spent: list[tuple[Decimal, int]],
    book: PriceBook,
    names: Mapping[str, str],
    now: datetime,
) -> PriceInUse:
    model_id, aws_region, routing_class, tier = key
    asked = (
        PriceKey(
            model_id=model_id,
            aws_region=aws_region,
            routing_class=routing_class,
            tier=tier,
            token_class=token_class,
        )
        for token_class in SHOWN_CLASSES
    )
    rates = (book.price_in_force(one, now) for one in asked)
    return PriceInUse(
        model_id=model_id,
        model_name=names.get(model_id, model_id),
        aws_region=aws_region,
        routing_class=routing_class,
        tier=tier,
        rates=tuple(found if isinstance(found, PriceFound) else None for found in rates),
        spent_usd=add_up(cost for cost, _ in spent),
        tokens_unpriced=sum(tokens for _, tokens in spent),
    )
