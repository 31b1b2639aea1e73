"""The door for the shell: `OrganizationCommand`."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.domain.errors import CallerError
from accounts.domain.organizations import OrganizationValue
from accounts.queries.organizations import find_organization_by_slug
from accounts.tenancy.context import organization_scope


class OrganizationCommand(BaseCommand):
    """A command about one organization: `--organization SLUG`, `--json`. Subclasses implement handle_organization."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", required=True, metavar="SLUG", help="the organization's slug")
        parser.add_argument("--json", action="store_true", dest="as_json", help="print one JSON object")
        self.add_own_arguments(parser)

    def add_own_arguments(self, parser: ArgumentParser) -> None:
        """Add what this command takes besides."""

    def handle(self, *args: Any, organization: str, as_json: bool, **options: Any) -> None:
        self.as_json = as_json
        found = find_organization_by_slug(organization)
        if found is None:
            raise CommandError(f"There is no organization {organization!r}.")
        with organization_scope(found.id):
            try:
                self.handle_organization(organization=found, now=timezone.now(), **options)
            except CallerError as error:
                named = f"--{error.field.replace('_', '-')}: " if error.field else ""
                raise CommandError(f"{named}{error}") from error

    def handle_organization(self, *, organization: OrganizationValue, now: datetime, **options: Any) -> None:
        """Do the work, inside the organization's scope and outside any transaction."""
        raise NotImplementedError

    def print_result(self, result: Mapping[str, Any]) -> None:
        """Print what came of it: one JSON object, or a line for each entry."""
        if self.as_json:
            self.stdout.write(json.dumps(result, default=str))
            return
        for name, value in result.items():
            self.stdout.write(f"{name.replace('_', ' ')}: {value}")
