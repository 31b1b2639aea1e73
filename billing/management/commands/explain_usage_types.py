"""`manage.py explain_usage_types --input FILE.csv [--json]`: what each usage type of a bill is read as."""

from __future__ import annotations

import csv
import json
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.domain.parsing.usage_type_tables import committed_catalog
from billing.domain.parsing.usage_types import parse_usage_type
from billing.domain.usage_types import EXPLAINED, explain

COLUMNS = ("usage_type", "service")


class Command(BaseCommand):
    """Needs no database: the tables that the product comes with are enough."""

    help = "Print what usage types are read as. The input is a CSV file with the columns usage_type and service."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--input", required=True, type=Path, metavar="FILE.csv")
        parser.add_argument("--json", action="store_true", help="one JSON object a line instead of a table")

    def handle(self, **options: Any) -> None:
        catalog = committed_catalog()
        found = [
            explain(parse_usage_type(usage_type, service, catalog)) for usage_type, service in _rows(options["input"])
        ]
        if options["json"]:
            for row in found:
                self.stdout.write(json.dumps(row, ensure_ascii=False))
        else:
            for line in _table(found):
                self.stdout.write(line)


def _rows(path: Path) -> Iterator[tuple[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise CommandError(f"{path} has no column {' and no column '.join(missing)} in its first line.")
            for row in reader:
                for column in COLUMNS:
                    if row[column] is None:
                        raise CommandError(f"{path}, line {reader.line_num}: the column {column} is missing.")
                yield row["usage_type"], row["service"]
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is not UTF-8 text.") from error
    except csv.Error as error:
        raise CommandError(f"{path} is no CSV file: {error}.") from error


def _table(rows: Sequence[dict[str, str]]) -> Iterator[str]:
    widths = [max(len(name), *(len(row[name]) for row in rows), 0) for name in EXPLAINED]
    for values in (EXPLAINED, *(tuple(row.values()) for row in rows)):
        yield "  ".join(value.ljust(width) for value, width in zip(values, widths, strict=True)).rstrip()
