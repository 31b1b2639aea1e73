"""Bootstrap from the shell: an organization, its owner, a first API key."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.domain.audit import SYSTEM
from accounts.domain.errors import CallerError
from accounts.domain.organizations import OrganizationValue
from accounts.domain.roles import Role, permissions_of
from accounts.operations.api_keys import issue_api_key
from accounts.operations.organizations import create_organization
from accounts.operations.users import FoundUser, ensure_user, make_password_token, set_password
from accounts.tenancy.context import organization_scope, tenant_transaction

# Where an option is not called like the field that it fills.
OPTIONS = {"fiscal_year_start_month": "fiscal_year_start", "code": "cost_centers"}


class Command(BaseCommand):
    """Creates an organization; prints an API key and, for a new owner, a link by which he sets his password, once."""

    help = "Create an organization with its owner, and print an API key and a link for a new owner to set a password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", required=True, help="what people call it")
        parser.add_argument("--slug", required=True, help="its place in addresses: small letters, digits, dashes")
        parser.add_argument("--owner-email", required=True, help="who owns it; made if nobody has this address yet")
        parser.add_argument("--time-zone", default="UTC", help="IANA name, for example Asia/Tokyo")
        parser.add_argument("--currency", default="USD", help="reporting currency, ISO 4217")
        parser.add_argument("--fiscal-year-start", type=int, default=1, metavar="MONTH", help="1 to 12")
        parser.add_argument("--cost-centers", default="", metavar="CODES", help="codes of cost centers, with commas")
        parser.add_argument("--demonstration", action="store_true", help="mark its pages as demonstration data")
        parser.add_argument(
            "--password-variable",
            metavar="NAME",
            help="environment variable with a new owner's password, in place of the link (never an argument: others read those)",
        )
        parser.add_argument("--json", action="store_true", dest="as_json", help="print one JSON object")

    def handle(self, *args: Any, as_json: bool, **options: Any) -> None:
        try:
            # All or nothing: a slug that is taken leaves no owner behind.
            with transaction.atomic():
                result = _bootstrap(now=timezone.now(), **options)
        except CallerError as error:
            option = OPTIONS.get(error.field or "", error.field)
            named = f"--{option.replace('_', '-')}: " if option else ""
            raise CommandError(f"{named}{error}") from error
        if as_json:
            self.stdout.write(json.dumps(result))
            return
        for name, value in result.items():
            self.stdout.write(f"{name.replace('_', ' ')}: {value}")


def _bootstrap(*, now: datetime, **options: Any) -> dict[str, str]:
    owner = ensure_user(email=options["owner_email"])
    created = create_organization(
        actor=SYSTEM,
        owner_user_id=owner.user.pk,
        name=options["name"],
        slug=options["slug"],
        time_zone=options["time_zone"],
        currency=options["currency"],
        fiscal_year_start_month=options["fiscal_year_start"],
        cost_centers=[code.strip() for code in options["cost_centers"].split(",") if code.strip()],
        is_demonstration=options["demonstration"],
    )
    result = {"organization": created.slug, "owner": owner.user.email, "api_key": _first_key(created, now)}
    if owner.is_new:
        result |= _password(owner, options["password_variable"])
    return result


def _first_key(created: OrganizationValue, now: datetime) -> str:
    rights = permissions_of(Role.OWNER)
    with organization_scope(created.id), tenant_transaction():
        return issue_api_key(
            actor=SYSTEM, issuer=rights, name="create_organization", scopes=rights, expires_at=None, now=now
        ).text


def _password(owner: FoundUser, variable: str | None) -> dict[str, str]:
    if variable:
        set_password(user_id=owner.user.pk, password=os.environ.get(variable, ""))
        return {}
    token = make_password_token(owner.user)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": token.uid, "key": token.key})
    return {"password_link": urljoin(settings.SITE_URL, path)}
