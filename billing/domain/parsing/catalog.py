"""The committed tables of foundation models and list prices, from their text to values."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from io import StringIO
from typing import TypeVar

from billing.domain.catalog import FoundationModel, Price, PriceKey
from billing.domain.dimensions import ContextBand, RoutingClass, Tier, TokenClass
from billing.domain.periods import utc_day_start


class MalformedTable(ValueError):
    """A table that we ship is wrong; names its line."""

    def __init__(self, line: int, reason: object) -> None:
        super().__init__(f"line {line}: {reason}")


def parse_models(text: str) -> tuple[FoundationModel, ...]:
    """Read `models.csv`; raises MalformedTable."""
    return tuple(_read(text, _model))


def parse_prices(text: str) -> tuple[Price, ...]:
    """Read `prices.csv`; raises MalformedTable."""
    return tuple(_read(text, _price))


Row = TypeVar("Row")


def _read(text: str, to_value: Callable[[dict[str, str]], Row]) -> Iterator[Row]:
    # The heading is line 1.
    for line, row in enumerate(csv.DictReader(StringIO(text), strict=True), start=2):
        try:
            yield to_value(row)
        except (KeyError, TypeError, ValueError, InvalidOperation) as error:
            raise MalformedTable(line, error) from error


def _model(row: dict[str, str]) -> FoundationModel:
    return FoundationModel(
        model_id=row["model_id"],
        display_name=row["display_name"],
        publisher=row["publisher"],
        aws_model_ids=tuple(row["aws_model_ids"].split()),
        legacy_date=_date(row["legacy_date"]),
        extended_access_date=_date(row["extended_access_date"]),
        end_of_life_date=_date(row["end_of_life_date"]),
        source=row["source"],
        source_date=date.fromisoformat(row["source_date"]),
    )


def _price(row: dict[str, str]) -> Price:
    key = PriceKey(
        model_id=row["model_id"],
        aws_region=row["aws_region"],
        routing_class=RoutingClass(row["routing_class"]),
        tier=Tier(row["tier"]),
        token_class=TokenClass(row["token_class"]),
        context_band=ContextBand(row["context_band"]),
    )
    return Price(
        key=key,
        rate_usd_per_million=Decimal(row["usd_per_million"]),
        effective_from=utc_day_start(date.fromisoformat(row["effective_from"])),
        effective_to=_day_start(row["effective_to"]),
        source=row["source"],
        source_date=date.fromisoformat(row["source_date"]),
    )


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _day_start(text: str) -> datetime | None:
    return utc_day_start(date.fromisoformat(text)) if text else None
