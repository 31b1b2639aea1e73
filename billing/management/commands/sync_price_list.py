"""Reads AWS's Price List with the credentials of this installation; needs pricing:GetProducts and the two for dated lists."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from billing.operations.price_list import sync_price_list


class Command(BaseCommand):
    """sync_price_list [--json]: what the timetable does each night."""

    help = "Read AWS's Price List; usage rated with a price that changed is rated again. Off without credentials."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help="print one JSON object")

    def handle(self, *args: Any, as_json: bool, **options: Any) -> None:
        found = sync_price_list(now=timezone.now())
        if as_json:
            self.stdout.write(json.dumps(asdict(found)))
        else:
            self.stdout.write(
                f"{found.state}: {found.products} products, {found.prices} prices, {found.prices_changed} changed"
            )
