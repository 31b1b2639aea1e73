"""What a line of a cost file says, column by column, and what it is read as; the formats say which columns those are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from billing.domain.dimensions import ChargeCategory, CostHeading, Provider
from billing.domain.imports import ColumnsMissing, CostFormat

# Version of the readers of files: Azure's meters, Google's SKUs, and what files say besides a usage type.
READING = 1
# FOCUS 1.2, allowed values of ServiceCategory.
AI_CATEGORY = "ai and machine learning"


class Field(StrEnum):
    """What a line may tell, under one name for all formats."""

    PROVIDER = "provider"
    PUBLISHER = "publisher"
    SERVICE = "service"
    SERVICE_CODE = "service_code"
    CATEGORY = "category"
    SUBCATEGORY = "subcategory"
    METER = "meter"
    OPERATION = "operation"
    DESCRIPTION = "description"
    UNIT = "unit"
    CHARGE_CATEGORY = "charge_category"
    MODEL = "model"
    FEATURE = "feature"
    CURRENCY = "currency"
    ACCOUNT = "account"
    REGION = "region"
    RESOURCE = "resource"
    PRINCIPAL = "principal"
    TAGS = "tags"
    MORE_TAGS = "more_tags"
    INVOICE = "invoice"
    ISSUER = "issuer"
    CHARGE_START = "charge_start"
    PERIOD_START = "period_start"
    PERIOD_END = "period_end"
    BILLED = "billed"
    NET = "net"
    AMORTIZED = "amortized"
    LIST_COST = "list_cost"
    QUANTITY = "quantity"


class Offering(NamedTuple):
    """What is sold, as a line words it: few of them even in millions of lines, so each is read once."""

    provider: str
    publisher: str
    service: str
    service_code: str
    category: str
    subcategory: str
    meter: str
    operation: str
    description: str
    unit: str
    charge_category: str
    model: str
    feature: str
    currency: str


OFFERING_FIELDS = tuple(Field(name) for name in Offering._fields)
# The description is a hint, and may differ from line to line: it does not make another offering.
HINTS = (Field.DESCRIPTION,)
# What else makes two lines of one day two lines of ours.
PLACE_FIELDS = (Field.ACCOUNT, Field.REGION, Field.RESOURCE, Field.PRINCIPAL, Field.TAGS, Field.MORE_TAGS)
# As wide as the table's columns: what is longer is cut off before lines are added up, so that equal stays equal.
WIDTHS: Mapping[Field, int] = {
    Field.SERVICE: 255,
    Field.METER: 255,
    Field.UNIT: 64,
    Field.CURRENCY: 3,
    Field.ACCOUNT: 128,
    Field.REGION: 64,
    Field.RESOURCE: 512,
    Field.PRINCIPAL: 512,
}
NUMBERS = (Field.BILLED, Field.NET, Field.AMORTIZED, Field.LIST_COST, Field.QUANTITY)
DATES = (Field.CHARGE_START, Field.PERIOD_START, Field.PERIOD_END)
NEEDED = (Field.BILLED, Field.CURRENCY, Field.ACCOUNT, *DATES)


class Column(NamedTuple):
    """A column of a file, or one entry of a column that is a map."""

    name: str
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLayout:
    """Which columns of a file tell what; of several the first that has a value counts."""

    format: CostFormat
    columns: Mapping[Field, tuple[Column, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferingReading:
    """What an offering is read as; "" where it says nothing or is not understood.

    `is_unit_proven`: what it counts is tokens, and how many one unit has is certain.
    """

    provider: Provider
    charge_category: ChargeCategory
    is_ai: bool
    is_category_known: bool = True
    model_id: str = ""
    publisher: str = ""
    token_class: str = ""
    tier: str = ""
    routing_class: str = ""
    context_band: str = ""
    heading: CostHeading = CostHeading.OTHER
    tokens_per_unit: int | None = None
    counts_tokens: bool = False
    aws_region: str = ""


class Evidence(NamedTuple):
    """What the lines of an offering add up to: the list price is proof of the unit."""

    list_cost: Decimal
    quantity: Decimal

    @property
    def list_price(self) -> Decimal | None:
        """The published price of one unit, where a price is told for something that was used."""
        return self.list_cost / self.quantity if self.quantity > 0 and self.list_cost > 0 else None


def layout_of(
    cost_format: CostFormat,
    known: Mapping[Field, tuple[Column, ...]],
    present: Mapping[str, str],
) -> FileLayout:
    """Return which of the known columns a file has, by name whatever the case. Raises ColumnsMissing."""
    names = {name.casefold(): name for name in present}
    columns = {
        field: tuple(
            Column(names[column.name.casefold()], column.key) for column in columns if column.name.casefold() in names
        )
        for field, columns in known.items()
    }
    missing = [known[field][0].name for field in NEEDED if not columns[field]]
    if missing:
        raise ColumnsMissing(missing)
    return FileLayout(format=cost_format, columns={field: found for field, found in columns.items() if found})


def is_ai_category(offering: Offering) -> bool:
    """Return whether the provider itself files the line under AI and machine learning."""
    return offering.category.casefold() == AI_CATEGORY
