"""Foundation models, and the price book of the organization: own prices, those of its bill, and the published ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from django.db.models import Max

from accounts.domain.errors import NotFound
from accounts.domain.text import gettext_noop
from accounts.tenancy.answers import asked_once
from billing.domain.catalog import FoundationModel as Model
from billing.domain.catalog import ModelCatalog, Price, PriceBook, PriceKey
from billing.domain.dimensions import ContextBand, PriceOrigin, RoutingClass, Tier, TokenClass
from billing.domain.money import Money
from billing.domain.price_entry import PriceUnit
from billing.models import FoundationModel, LearntRate, ModelPrice, PriceOverride
from billing.models.catalog import PriceFields
from billing.queries.learnt_rates import learnt_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class EnteredPrice:
    """An organization's own price, with who entered it."""

    id: int
    price: Price
    entered_by: str
    entered_at: datetime
    # What was typed, and what a dollar bought then; None for a price that came straight as dollars per million.
    typed: Money | None
    unit: PriceUnit | None
    units_per_usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedAs:
    """A price and, where it is the organization's own, how it was entered."""

    price: Price
    entered: EnteredPrice | None


class OverrideNotFound(NotFound):
    """No price of this organization has the id."""

    code: ClassVar[str] = "price_override_not_found"
    message: ClassVar[str] = gettext_noop("There is no such price.")


def get_model_catalog() -> ModelCatalog:
    """Return the models that are known, for reading AWS's ids."""
    return ModelCatalog(list_foundation_models())


def get_price_book(model_ids: Collection[str] | None = None) -> PriceBook:
    """Return the published prices, what the bill says and the organization's own prices, of some models or all."""
    listed, own = ModelPrice.objects.all(), PriceOverride.objects.all()
    if model_ids is not None:
        listed, own = listed.filter(model_id__in=model_ids), own.filter(model_id__in=model_ids)
    return PriceBook(
        prices=tuple(map(price_of, listed)),
        overrides=tuple(map(price_of, own)),
        learnt=tuple(map(price_of, learnt_rows(model_ids))),
    )


def get_published_prices() -> PriceBook:
    """Return the published prices alone."""
    return PriceBook(prices=tuple(map(price_of, ModelPrice.objects.all())))


@asked_once
def list_foundation_models() -> tuple[Model, ...]:
    """Return every known model, by id."""
    return tuple(_model(row) for row in FoundationModel.objects.order_by("model_id"))


def list_prices(model_id: str | None = None) -> tuple[Price, ...]:
    """Return the published prices, of one model or all, by key and time."""
    rows = ModelPrice.objects.order_by(
        "model_id", "aws_region", "routing_class", "tier", "token_class", "effective_from"
    )
    return tuple(price_of(row) for row in (rows if model_id is None else rows.filter(model_id=model_id)))


def list_price_overrides(model_id: str | None = None) -> tuple[EnteredPrice, ...]:
    """Return the organization's own prices, of one model or all, newest first."""
    rows = PriceOverride.objects.order_by("-effective_from", "model_id", "token_class", "id")
    return tuple(map(_entered, rows if model_id is None else rows.filter(model_id=model_id)))


def get_price_override(override_id: int) -> EnteredPrice:
    """Return one of the organization's own prices. Raises OverrideNotFound."""
    row = PriceOverride.objects.filter(id=override_id).first()
    if row is None:
        raise OverrideNotFound
    return _entered(row)


def find_price_table_date() -> date | None:
    """Return how new the committed table is: its newest source date."""
    committed = ModelPrice.objects.filter(origin=PriceOrigin.COMMITTED)
    newest: date | None = committed.aggregate(newest=Max("source_date"))["newest"]
    return newest


def price_of(row: PriceFields) -> Price:
    """Return a stored price as a value."""
    return Price(
        key=PriceKey(
            model_id=row.model_id,
            aws_region=row.aws_region,
            routing_class=RoutingClass(row.routing_class),
            tier=Tier(row.tier),
            token_class=TokenClass(row.token_class),
            context_band=ContextBand(row.context_band),
        ),
        rate_usd_per_million=row.rate_usd_per_million,
        currency=row.currency,
        effective_from=row.effective_from,
        effective_to=row.effective_to,
        source=row.source,
        source_date=row.source_date,
        origin=_origin(row),
    )


def _origin(row: PriceFields) -> PriceOrigin:
    if isinstance(row, ModelPrice):
        return PriceOrigin(row.origin)
    return PriceOrigin.LEARNT if isinstance(row, LearntRate) else PriceOrigin.OVERRIDE


def _entered(row: PriceOverride) -> EnteredPrice:
    typed = row.entered_amount
    return EnteredPrice(
        id=row.pk,
        price=price_of(row),
        entered_by=row.entered_by,
        entered_at=row.entered_at,
        typed=None if typed is None else Money(typed, row.entered_currency),
        unit=PriceUnit(row.entered_unit) if row.entered_unit else None,
        units_per_usd=row.units_per_usd,
    )


def _model(row: FoundationModel) -> Model:
    return Model(
        model_id=row.model_id,
        display_name=row.display_name,
        publisher=row.publisher,
        aws_model_ids=tuple(row.aws_model_ids),
        legacy_date=row.legacy_date,
        extended_access_date=row.extended_access_date,
        end_of_life_date=row.end_of_life_date,
        source=row.source,
        source_date=row.source_date,
    )


def names_of(models: Iterable[Model]) -> dict[str, str]:
    """Return what people call each model."""
    return {model.model_id: model.display_name for model in models}
