"""Makes the stored catalog of models and prices say what the committed tables say."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from billing.operations.catalog import sync_price_table


class Command(BaseCommand):
    """sync_prices [--json]: runs after every migration; twice changes nothing."""

    help = "Load the committed tables of models and prices; usage rated with a price that changed is rated again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help="print one JSON object")

    def handle(self, *args: Any, as_json: bool, **options: Any) -> None:
        found = sync_price_table(now=timezone.now())
        if as_json:
            self.stdout.write(json.dumps(asdict(found)))
        else:
            self.stdout.write(f"{found.models} models, {found.prices} prices, {found.prices_changed} changed")
