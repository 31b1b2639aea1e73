"""The prices that usage is rated with now: one row for each model, region, routing and tier in use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from accounts.domain.errors import NotFound
from accounts.domain.text import gettext_noop
from billing.domain.catalog import FoundationModel, Price, PriceBook, PriceFound, PriceKey, PriceScope
from billing.domain.collection import Source
from billing.domain.dimensions import (
    ROUTING_CLASS_OF,
    Basis,
    ContextBand,
    Dimension,
    PriceOrigin,
    Routing,
    RoutingClass,
    Tier,
    TokenClass,
)
from billing.domain.money import EXACT, add_up
from billing.domain.rating import cost_at, find_price
from billing.models import CollectionWindow
from billing.queries.catalog import (
    EnteredPrice,
    get_price_book,
    list_foundation_models,
    list_price_overrides,
    list_prices,
    names_of,
)
from billing.queries.costs import SpendQuestion, list_spend
from billing.queries.learnt_rates import LearntPrice, list_learnt_rates
from billing.queries.price_effects import read_usage_by_price_time
from billing.queries.usage import read_rated

RECENTLY = timedelta(days=30)
SHOWN_CLASSES = (TokenClass.INPUT, TokenClass.OUTPUT, TokenClass.CACHE_READ, TokenClass.CACHE_WRITE_5M)
IN_USE = (Dimension.MODEL, Dimension.AWS_REGION, Dimension.ROUTING, Dimension.TIER)


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

    @property
    def has_learnt(self) -> bool:
        return any(found is not None and found.origin is PriceOrigin.LEARNT for found in self.rates)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """One price of a model, published, learnt or own, and what the organization used at it in the last 30 days."""

    price: Price
    entered: EnteredPrice | None  # of an own price
    learnt: LearntPrice | None  # of one that the bill says
    listed_usd_per_million: Decimal | None  # what was published for it when it began
    tokens: int
    spent_usd: Decimal
    is_in_force: bool

    @property
    def change_of_listed(self) -> Decimal | None:
        """How much more, as a fraction, the price is than the published one."""
        listed = self.listed_usd_per_million
        return self.price.rate_usd_per_million / listed - 1 if listed else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedModel:
    """One model of the price list with its usual rates, in the order of SHOWN_CLASSES."""

    model: FoundationModel
    prices: int
    rates: tuple[PriceFound | None, ...]


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


def find_unpriced_share(*, now: datetime) -> Decimal | None:
    """Return which part of the tokens of the last 30 days has no price; None where there were none."""
    question = SpendQuestion(basis=Basis.RATED, start=now - RECENTLY, end=now)
    rows = read_rated(question, after=None, limit=None).rows
    tokens = sum(row.tokens for row in rows)
    return EXACT.divide(Decimal(sum(row.tokens_unpriced for row in rows)), Decimal(tokens)) if tokens else None


def get_foundation_model(model_id: str) -> FoundationModel:
    """Return a model that the catalog knows. Raises ModelNotFound."""
    found = next((model for model in list_foundation_models() if model.model_id == model_id), None)
    if found is None:
        raise ModelNotFound
    return found


def list_price_rows(model_id: str, *, now: datetime) -> tuple[PriceRow, ...]:
    """Return every price of a model, own ones first, with the usage of the last 30 days that each was in force for."""
    book = get_price_book([model_id])
    met: dict[Price, list[int | Decimal]] = {}
    for usage in read_usage_by_price_time(model_id, [book], start=now - RECENTLY, end=now):
        answer, _ = find_price(usage.scope, usage.token_class, usage.at, book)
        if isinstance(answer, PriceFound):
            sums = met.setdefault(answer.price, [0, Decimal(0)])
            sums[0] += usage.tokens
            sums[1] += cost_at(answer.price.rate_usd_per_million, usage.tokens)
    own = {entered.price: entered for entered in list_price_overrides(model_id)}
    learnt = {(one.key, one.effective_from): one for one in list_learnt_rates(model_id)}
    published = book.published
    rows = (
        PriceRow(
            price=price,
            entered=own.get(price),
            learnt=learnt.get((price.key, price.effective_from.date())) if price in book.learnt else None,
            listed_usd_per_million=_rate(published, price.key, price.effective_from),
            tokens=int(tokens),
            spent_usd=Decimal(spent),
            is_in_force=price.in_force(now),
        )
        for price in (*own, *book.learnt, *list_prices(model_id))
        for tokens, spent in [met.get(price, (0, Decimal(0)))]
    )
    return tuple(sorted(rows, key=_row_order))


def count_unpriced_tokens(model_id: str, *, now: datetime) -> int:
    """Return how many tokens of a model had no price in the last 30 days."""
    question = SpendQuestion(basis=Basis.RATED, start=now - RECENTLY, end=now, filters={Dimension.MODEL: [model_id]})
    return sum(row.tokens_unpriced for row in list_spend(question).rows)


def count_windows_to_rate() -> int:
    """Return how many stretches of stored usage wait to be rated again."""
    return CollectionWindow.objects.filter(
        source=Source.CLOUDWATCH, stored_at__isnull=False, is_rating_due=True
    ).count()


def list_listed_models(*, aws_region: str, now: datetime) -> tuple[ListedModel, ...]:
    """Return every known model with its usual price in a region, `*` for any, and how many prices it has."""
    book, counts = get_price_book(), Counter(price.key.model_id for price in list_prices())
    return tuple(
        ListedModel(
            model=model,
            prices=counts[model.model_id],
            rates=_usual_rates(book, model.model_id, aws_region, now),
        )
        for model in list_foundation_models()
    )


def _usual_rates(book: PriceBook, model_id: str, aws_region: str, now: datetime) -> tuple[PriceFound | None, ...]:
    """The standard tier's price in the region itself or, where a model is served globally only, the global one."""
    for routing_class in RoutingClass:
        scope = PriceScope(model_id, aws_region, routing_class, Tier.STANDARD)
        answers = [find_price(scope, token_class, now, book)[0] for token_class in SHOWN_CLASSES]
        rates = tuple(answer if isinstance(answer, PriceFound) else None for answer in answers)
        if any(rates):
            return rates
    return (None,) * len(SHOWN_CLASSES)


def _rate(book: PriceBook, key: PriceKey, at: datetime) -> Decimal | None:
    found = book.price_in_force(key, at)
    return found.price.rate_usd_per_million if isinstance(found, PriceFound) else None


def _row_order(row: PriceRow) -> tuple[object, ...]:
    key = row.price.key
    place = (key.aws_region, -list(RoutingClass).index(key.routing_class), list(Tier).index(key.tier))
    what = (key.context_band != ContextBand.STANDARD, list(TokenClass).index(key.token_class))
    return (not row.is_in_force, -row.spent_usd, *place, *what, -row.price.effective_from.timestamp())


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
