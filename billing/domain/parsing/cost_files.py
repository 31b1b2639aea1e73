"""The formats of cost files as one table: told by the presence of columns, each with its columns and its reader."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from billing.domain.catalog import ModelCatalog
from billing.domain.imports import CostFormat, UnknownCostFormat
from billing.domain.parsing import cur2, focus
from billing.domain.parsing.lines import Column, Evidence, Field, FileLayout, Offering, OfferingReading, layout_of

Reader = Callable[[Offering, Evidence, ModelCatalog], OfferingReading]
# AWS tells tags of resources and of IAM principals side by side; CUR 2.0's map `tags` names the kind in front.
TAG_KINDS = ("resourceTags/", "user:", "user_")
TAG_LENGTH, TAGS_KEPT = 256, 50


@dataclass(frozen=True, slots=True, kw_only=True)
class _Format:
    marks: tuple[str, ...]
    columns: Mapping[Field, tuple[Column, ...]]
    read: Reader


FORMATS: Mapping[CostFormat, _Format] = {
    CostFormat.FOCUS: _Format(marks=focus.MARKS, columns=focus.COLUMNS, read=focus.read_focus_line),
    CostFormat.CUR2: _Format(marks=cur2.MARKS, columns=cur2.COLUMNS, read=cur2.read_cur2_line),
}


def recognize(present: Mapping[str, str]) -> FileLayout:
    """Return the layout of a file with these columns. Raises UnknownCostFormat, ColumnsMissing."""
    names = {name.casefold() for name in present}
    for cost_format, known in FORMATS.items():
        # One mark is enough to know the format; what else is needed is told by name.
        if any(mark.casefold() in names for mark in known.marks):
            return layout_of(cost_format, known.columns, present)
    raise UnknownCostFormat


def reader_of(cost_format: CostFormat) -> Reader:
    """Return what reads the lines of a format."""
    return FORMATS[cost_format].read


def read_tags(*texts: str) -> dict[str, str]:
    """Return tags out of the texts of map columns: JSON, or nothing; of two spellings of a key the first counts."""
    tags: dict[str, str] = {}
    for text in texts:
        for key, value in _entries(text):
            tags.setdefault(_key(key), value[:TAG_LENGTH])
    return dict(sorted(tags.items())[:TAGS_KEPT])


def digest_of(tags: Mapping[str, str]) -> str:
    """Return what makes two sets of tags the same; empty without tags."""
    if not tags:
        return ""
    return sha256(json.dumps(tags, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _entries(text: str) -> list[tuple[str, str]]:
    if not text:
        return []
    try:
        read = json.loads(text)
    except ValueError:
        return []
    # Some writers make a list of pairs of a map.
    if isinstance(read, list):
        read = {item.get("key"): item.get("value") for item in read if isinstance(item, dict)}
    if not isinstance(read, dict):
        return []
    return [(str(key), str(value)) for key, value in read.items() if key and value not in (None, "")]


def _key(key: str) -> str:
    for kind in TAG_KINDS:
        key = key.removeprefix(kind)
    return key[:TAG_LENGTH]
