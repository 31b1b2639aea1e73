"""Connects an AWS account from the shell and verifies it in the foreground."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts.access.commands import OrganizationCommand
from accounts.domain.audit import Actor, ActorKind
from accounts.domain.organizations import OrganizationValue
from accounts.tenancy.context import tenant_transaction
from billing.domain.collection import ConnectionKind
from billing.domain.connections import DEFAULT_TAG_KEY, ConnectionState
from billing.operations.connections import create_connection, enter_role, verify_connection
from billing.queries.connections import Connection, find_connection_of_role, get_connection


class Command(OrganizationCommand):
    """connect_aws --organization SLUG --role-arn ARN --external-id ID --payer|--member [--regions …]."""

    help = "Connect an AWS account by a role, and verify it. Exits with 0 only when the connection is verified."

    def add_own_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--role-arn", required=True, help="the role that we may assume")
        parser.add_argument(
            "--external-id", help="the external ID in the role's trust policy; made at random when absent"
        )
        kind = parser.add_mutually_exclusive_group(required=True)
        kind.add_argument("--payer", action="store_const", const=ConnectionKind.PAYER, dest="kind")
        kind.add_argument("--member", action="store_const", const=ConnectionKind.MEMBER, dest="kind")
        parser.add_argument("--regions", default="", help="AWS regions, separated by commas; found when absent")
        parser.add_argument("--name", default="", help="what people call the account")
        parser.add_argument("--tag-key", default=DEFAULT_TAG_KEY, help="the tag that names the team")

    def handle_organization(self, *, organization: OrganizationValue, now: datetime, **options: Any) -> None:  # noqa: ARG002 - the door's signature
        actor = Actor(kind=ActorKind.SYSTEM, id="", label=f"{getpass.getuser()} (shell)")
        with tenant_transaction():
            connection_id = self._enter(actor, now, options)
        verify_connection(connection_id=connection_id, clock=timezone.now)
        with tenant_transaction():
            found = get_connection(connection_id)
        self.print_result(_described(found))
        if found.state is not ConnectionState.VERIFIED:
            sys.exit(1)

    def _enter(self, actor: Actor, now: datetime, options: dict[str, Any]) -> int:
        """Begin a connection, or go on with the one that names this role already: the command may run twice."""
        known = find_connection_of_role(options["role_arn"])
        if known is not None and options["external_id"] in (None, known.external_id):
            connection_id = known.id
        else:
            connection_id = create_connection(
                actor=actor,
                kind=options["kind"],
                name=options["name"],
                tag_key=options["tag_key"],
                aws_regions=[region.strip() for region in options["regions"].split(",") if region.strip()],
                external_id=options["external_id"],
                now=now,
            )
        enter_role(actor=actor, connection_id=connection_id, role_arn=options["role_arn"], now=now)
        return connection_id


def _described(found: Connection) -> dict[str, object]:
    return {
        "connection_id": found.id,
        "state": found.state.value,
        "fault": found.fault.value if found.fault else None,
        "fault_sentence": found.fault_sentence,
        "external_id": found.external_id,
        "aws_regions": list(found.aws_regions),
        "permissions_found": [item.action for item in found.permissions if item.is_granted],
        "permissions_missing": [item.action for item in found.permissions if item.is_granted is False],
        "polling_usd_per_month": found.polling_usd_per_month,
        "endpoint_url": found.endpoint_url,
    }
