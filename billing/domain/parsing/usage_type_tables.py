"""The committed tables that usage types are read with: region prefixes, names of models, measures, units."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from billing.domain.catalog import ModelCatalog
from billing.domain.dimensions import CostHeading
from billing.domain.parsing.catalog import parse_models

# They come with the product and are part of its rules, like the words in this package; nothing outside is read.
TABLES = Path(__file__).resolve().parents[2] / "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A kind of line that does not count tokens: how it is spelled, where it stands on a statement, what it counts."""

    pattern: re.Pattern[str]
    service: str  # "" for any
    heading: CostHeading
    unit: str
    token_class: str


@cache
def committed_catalog() -> ModelCatalog:
    """The models that the product comes with, for reading strings where there is no database."""
    return ModelCatalog(parse_models((TABLES / "models.csv").read_text(encoding="utf-8")))


@cache
def region_prefixes() -> dict[str, str]:
    """AWS's code of a billing region to its name."""
    return {row["prefix"]: row["aws_region"] for row in _rows("region_prefixes.csv")}


@cache
def model_names() -> dict[str, str]:
    """Names of models on bills that no rule leads to their canonical id."""
    return {row["name"].casefold(): row["model_id"] for row in _rows("model_names.csv")}


@cache
def measures() -> tuple[Measure, ...]:
    """What is billed beside tokens; the first that fits counts."""
    return tuple(
        Measure(
            pattern=re.compile(row["pattern"]),
            service=row["service"],
            heading=CostHeading(row["heading"]),
            unit=row["unit"],
            token_class=row["token_class"],
        )
        for row in _rows("usage_type_measures.csv")
    )


def unit_exception(rest: str) -> str:
    """The unit of a usage type (without its prefix) that is not the one of its family; "" for all others."""
    return next((unit for pattern, unit in _unit_exceptions() if fnmatchcase(rest, pattern)), "")


@cache
def _unit_exceptions() -> tuple[tuple[str, str], ...]:
    return tuple((row["pattern"], row["unit"]) for row in _rows("usage_type_units.csv"))


def _rows(name: str) -> list[dict[str, str]]:
    with (TABLES / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, strict=True))
