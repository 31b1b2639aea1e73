"""Syncs the committed price table; enters and withdraws an organization's own prices."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from django.db import connection, transaction

from accounts.domain.audit import Actor, Json
from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop
from accounts.operations.audit import record_event
from billing.domain.catalog import FoundationModel as Model
from billing.domain.catalog import Price, PriceKey, check_rate
from billing.domain.dimensions import PriceOrigin
from billing.domain.exchange_rates import USD
from billing.domain.parsing.catalog import parse_models, parse_prices
from billing.domain.price_entry import PriceEntry
from billing.models import FoundationModel, ModelPrice, PriceOverride
from billing.operations.rating import mark_rating_due
from billing.queries.catalog import OverrideNotFound, price_of

TABLES = Path(__file__).resolve().parent.parent / "data"
EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
# A region, or the beginning of regions' names and a star.
REGION_PATTERN = re.compile(r"\*|[a-z]{2}(-[a-z0-9]+){0,3}(-?\*)?", re.ASCII)
MAX_RATE = 1_000_000
# Makes two syncs at once (a command and the timetable) wait for each other.
SYNC_LOCK = 7_302_511


class UnknownModel(Invalid):
    """The catalog has no such model."""

    code: ClassVar[str] = "unknown_model"
    message: ClassVar[str] = gettext_noop("%(model_id)s is not a model that the catalog knows.")


class ImpossibleRate(Invalid):
    """The number cannot be a price per million tokens."""

    code: ClassVar[str] = "impossible_rate"
    message: ClassVar[str] = gettext_noop(
        "A price per 1M tokens is a number of 0 or more with at most 12 decimals, below 1,000,000."
    )


class ImpossibleTime(Invalid):
    """The price's time lies outside any that we keep, or ends before it begins."""

    code: ClassVar[str] = "impossible_time"
    message: ClassVar[str] = gettext_noop("A price begins between 2015 and 2100 and ends after it began.")


class MalformedRegionPattern(Invalid):
    """The text is neither a region nor a pattern of regions."""

    code: ClassVar[str] = "malformed_region_pattern"
    message: ClassVar[str] = gettext_noop("Enter one AWS region such as us-east-1, or * for every region.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSync:
    """What a sync of the price table found and changed."""

    models: int
    prices: int
    prices_changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPrice:
    """An own price that was entered, and its line in the audit log."""

    override_id: int
    event_id: int


def sync_price_table(*, now: datetime) -> PriceSync:
    """Make the stored catalog say what the committed tables say. Doing it twice changes nothing.

    Global, and thus outside any organization. What was rated with a price that changed is found due by the planner,
    which compares each window with `listed_at`.
    """
    models = parse_models((TABLES / "models.csv").read_text())
    prices = parse_prices((TABLES / "prices.csv").read_text())
    with transaction.atomic():
        lock_prices()
        _write_models(models)
        changed = replace_published(prices, PriceOrigin.COMMITTED, now)
    return PriceSync(models=len(models), prices=len(prices), prices_changed=changed)


def override_price(
    *,
    actor: Actor,
    key: PriceKey,
    rate_usd_per_million: Decimal,
    effective_from: datetime,
    source: str,
    now: datetime,
    effective_to: datetime | None = None,
    typed: PriceEntry | None = None,
    units_per_usd: Decimal | None = None,
) -> SavedPrice:
    """Put an organization's own price in force from a time on.

    `typed` is what a person entered, and `units_per_usd` the exchange rate that made dollars of it. An own price of the
    same key that is in force then ends where this one begins, and this one ends where a later one begins. Stored usage
    of that time is rated again in the background. Raises UnknownModel, ImpossibleRate, ImpossibleTime or
    MalformedRegionPattern.
    """
    check_override(key, effective_from=effective_from, effective_to=effective_to)
    _check_rate(rate_usd_per_million)
    same = PriceOverride.objects.select_for_update().filter(**_columns(key))
    replaced = same.filter(effective_from=effective_from).first()
    before = _described(replaced) if replaced else None
    # What an own price that is cut short or replaced reached further than the new one is rated anew as well.
    reached: list[datetime | None] = []
    if replaced:
        reached.append(replaced.effective_to)
        replaced.delete()
    earlier = same.filter(effective_from__lt=effective_from).order_by("-effective_from").first()
    if earlier and (earlier.effective_to is None or earlier.effective_to > effective_from):
        before = before or _described(earlier)
        reached.append(earlier.effective_to)
        earlier.effective_to = effective_from
        earlier.save(update_fields=["effective_to"])
    later = same.filter(effective_from__gt=effective_from).order_by("effective_from").first()
    ends = [end for end in (effective_to, later.effective_from if later else None) if end is not None]
    made = PriceOverride.objects.create(
        **_columns(key),
        rate_usd_per_million=rate_usd_per_million,
        currency=USD,
        effective_from=effective_from,
        effective_to=min(ends, default=None),
        source=source[:255],
        source_date=now.date(),
        entered_by=actor.label,
        entered_at=now,
        **_typed(typed, units_per_usd),
    )
    mark_rating_due(start=effective_from, end=_latest([made.effective_to, *reached]))
    event_id = record_event(
        actor=actor, verb="price.overridden", target=f"price_override:{made.pk}", before=before, after=_described(made)
    )
    return SavedPrice(override_id=made.pk, event_id=event_id)


def withdraw_price(*, actor: Actor, override_id: int) -> int:
    """Take an organization's own price back, as if it had never been; returns the audit event's id.

    The published price is in force again, and stored usage of that time is rated again. Raises OverrideNotFound.
    """
    row = PriceOverride.objects.select_for_update().filter(id=override_id).first()
    if row is None:
        raise OverrideNotFound
    before = _described(row)
    mark_rating_due(start=row.effective_from, end=row.effective_to)
    row.delete()
    return record_event(actor=actor, verb="price.withdrawn", target=f"price_override:{override_id}", before=before)


def check_override(key: PriceKey, *, effective_from: datetime, effective_to: datetime | None) -> None:
    """Raise UnknownModel, ImpossibleTime or MalformedRegionPattern when no own price can be for this."""
    if not FoundationModel.objects.filter(model_id=key.model_id).exists():
        raise UnknownModel(field="model_id", model_id=key.model_id[:64])
    if not EARLIEST <= effective_from < LATEST:
        raise ImpossibleTime(field="effective_date")
    if effective_to is not None and not effective_from < effective_to < LATEST:
        raise ImpossibleTime(field="effective_to")
    if REGION_PATTERN.fullmatch(key.aws_region) is None:
        raise MalformedRegionPattern(field="aws_region")


def _check_rate(rate: Decimal) -> None:
    try:
        check_rate(rate)
    except ValueError as error:
        raise ImpossibleRate(field="amount") from error
    if rate >= MAX_RATE:
        raise ImpossibleRate(field="amount")


def lock_prices() -> None:
    """Make syncs of published prices wait for each other until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SYNC_LOCK])


def _write_models(models: Iterable[Model]) -> None:
    rows = [
        FoundationModel(
            model_id=model.model_id,
            display_name=model.display_name,
            publisher=model.publisher,
            aws_model_ids=list(model.aws_model_ids),
            legacy_date=model.legacy_date,
            extended_access_date=model.extended_access_date,
            end_of_life_date=model.end_of_life_date,
            source=model.source,
            source_date=model.source_date,
        )
        for model in models
    ]
    columns = [field.attname for field in FoundationModel._meta.concrete_fields if not field.primary_key]  # noqa: SLF001 - Django's documented hatch
    FoundationModel.objects.exclude(model_id__in=[row.model_id for row in rows]).delete()
    FoundationModel.objects.bulk_create(rows, update_conflicts=True, unique_fields=["model_id"], update_fields=columns)


def replace_published(prices: Sequence[Price], origin: PriceOrigin, now: datetime) -> int:
    """Make the published prices of one origin these; returns how many are new or gone. Others stay as they are."""
    wanted = set(map(_identity, prices))
    stored = {_identity(price_of(row)): row.pk for row in ModelPrice.objects.filter(origin=origin)}
    gone = [pk for identity, pk in stored.items() if identity not in wanted]
    new = [price for price in prices if _identity(price) not in stored]
    _touch_models_of(gone, new, now)
    ModelPrice.objects.filter(pk__in=gone).delete()
    ModelPrice.objects.bulk_create([_price_row(price, now) for price in new])
    return len(gone) + len(new)


def _touch_models_of(gone: Sequence[int], new: Iterable[Price], now: datetime) -> None:
    """A price that vanished without a successor leaves its model's other prices to say that something has changed."""
    listed = {price.key.model_id for price in new}
    vanished = set(ModelPrice.objects.filter(pk__in=gone).values_list("model_id", flat=True)) - listed
    ModelPrice.objects.filter(model_id__in=vanished).update(listed_at=now)


def _identity(price: Price) -> tuple[object, ...]:
    return (
        price.key,
        price.rate_usd_per_million.normalize(),
        price.currency,
        price.effective_from,
        price.effective_to,
        price.source,
        price.source_date,
    )


def _price_row(price: Price, now: datetime) -> ModelPrice:
    return ModelPrice(
        **_columns(price.key),
        rate_usd_per_million=price.rate_usd_per_million,
        currency=price.currency,
        effective_from=price.effective_from,
        effective_to=price.effective_to,
        source=price.source,
        source_date=price.source_date,
        origin=price.origin,
        listed_at=now,
    )


def _columns(key: PriceKey) -> dict[str, str]:
    return {
        "model_id": key.model_id,
        "aws_region": key.aws_region,
        "routing_class": key.routing_class.value,
        "tier": key.tier.value,
        "token_class": key.token_class.value,
        "context_band": key.context_band.value,
    }


def _latest(ends: Sequence[datetime | None]) -> datetime | None:
    """The last of some ends; None is without an end, and thus the last of all."""
    known = [end for end in ends if end is not None]
    return max(known) if len(known) == len(ends) else None


def _typed(typed: PriceEntry | None, units_per_usd: Decimal | None) -> dict[str, Any]:
    if typed is None:
        return {}
    return {
        "entered_amount": typed.amount,
        "entered_currency": typed.currency,
        "entered_unit": typed.unit.value,
        "units_per_usd": units_per_usd,
    }


def _described(row: PriceOverride) -> dict[str, Json]:
    described: dict[str, Json] = {name: str(value) for name, value in _columns(price_of(row).key).items()}
    described["rate_usd_per_million"] = str(row.rate_usd_per_million.normalize())
    described["effective_from"] = row.effective_from.isoformat()
    described["effective_to"] = row.effective_to.isoformat() if row.effective_to else None
    described["source"] = row.source
    return described
