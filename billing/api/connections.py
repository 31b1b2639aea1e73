"""Connections over REST: begin, enter the role, verify, pause, disconnect."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext
from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.celery import nudge
from accounts.access.declarations import PageParameters
from accounts.domain.pages import Page
from accounts.domain.roles import Permission
from billing.domain.collection import ConnectionKind
from billing.domain.connections import (
    DEFAULT_TAG_KEY,
    ConnectionFault,
    ConnectionState,
    MalformedRegion,
    MalformedRoleArn,
    MalformedTagKey,
)
from billing.domain.money import plain
from billing.domain.role_templates import PrincipalNotKnownYet
from billing.operations.connections import (
    NAME_LENGTH,
    CannotPause,
    ConnectionIsOver,
    NoRoleYet,
    NotPaused,
    change_reading,
    create_connection,
    disconnect_connection,
    enter_role,
    pause_connection,
    rename_connection,
    request_verification,
    resume_connection,
)
from billing.queries.connections import (
    Connection,
    ConnectionNotFound,
    PermissionStatus,
    get_connection,
    get_role_template,
    get_role_terraform,
    list_connections,
)

VERIFY = "billing.tasks.verify_connection"
NOTE_PRINCIPAL = "billing.tasks.note_principal"
MAX_REGIONS = 50


class PermissionOutput(serializers.Serializer[Any]):
    """One AWS permission that the connection needs."""

    action = serializers.CharField()
    why = serializers.CharField()
    is_vital = serializers.BooleanField(help_text="Without it nothing can be read.")
    is_granted = serializers.BooleanField(allow_null=True, help_text="Null: not tried yet.")


class ConnectionOutput(serializers.Serializer[Any]):
    """One AWS account and how we enter it."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=[item.value for item in ConnectionKind])
    state = serializers.ChoiceField(choices=[item.value for item in ConnectionState])
    role_arn = serializers.CharField()
    aws_account = serializers.CharField(help_text="Empty until the role is entered.")
    external_id = serializers.CharField(help_text="Made by us: the role must demand exactly this one.")
    principal_arn = serializers.CharField(help_text="Whom the role must trust; empty until a worker has looked it up.")
    tag_key = serializers.CharField(help_text="The tag of inference profiles that names the cost center.")
    aws_regions = serializers.ListField(
        child=serializers.CharField(), help_text="Those with Bedrock traffic, or named."
    )
    linked_accounts = serializers.ListField(child=serializers.CharField())
    fault = serializers.ChoiceField(choices=[item.value for item in ConnectionFault], allow_null=True)
    fault_detail = serializers.CharField(help_text="What is wrong and what to do about it; empty when nothing is.")
    permissions = PermissionOutput(many=True)
    polling_usd_per_month = serializers.CharField(
        allow_null=True, help_text="What AWS charges this account for our reading, about."
    )
    endpoint_url = serializers.CharField(help_text="Where AWS is asked, when it is not AWS itself.")
    created_at = serializers.DateTimeField()
    verified_at = serializers.DateTimeField(allow_null=True)
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    disconnected_at = serializers.DateTimeField(allow_null=True)
    example = {
        "id": 7,
        "name": "Production",
        "kind": "PAYER",
        "state": "VERIFIED",
        "role_arn": "arn:aws:iam::123456789012:role/YosanReader",
        "aws_account": "123456789012",
        "external_id": "yosan-3f1d0c2b9a9e4c0e8c6f1d0c2b9a9e4c",
        "principal_arn": "arn:aws:iam::999988887777:role/yosan",
        "tag_key": "team",
        "aws_regions": ["eu-central-1", "us-east-1"],
        "linked_accounts": ["123456789012"],
        "fault": None,
        "fault_detail": "",
        "permissions": [
            {
                "action": "cloudwatch:ListMetrics",
                "why": "Finds which models are in use.",
                "is_vital": True,
                "is_granted": True,
            }
        ],
        "polling_usd_per_month": "3.02",
        "endpoint_url": "",
        "created_at": "2026-11-10T09:00:00Z",
        "verified_at": "2026-11-10T09:04:00Z",
        "next_attempt_at": None,
        "disconnected_at": None,
    }


class ConnectionInput(serializers.Serializer[Any]):
    """A new connection. The ExternalId is made by us; the role is entered afterwards, since it must demand it."""

    kind = serializers.ChoiceField(
        choices=[item.value for item in ConnectionKind],
        help_text="`PAYER`: it pays the bill, its own or an organization's. `MEMBER`: another account pays.",
    )
    name = serializers.CharField(max_length=NAME_LENGTH, default="", allow_blank=True)
    tag_key = serializers.CharField(max_length=200, default=DEFAULT_TAG_KEY)
    aws_regions = serializers.ListField(
        child=serializers.CharField(max_length=64),
        default=list,
        max_length=MAX_REGIONS,
        help_text="Left out, or empty: the regions with Bedrock traffic are looked for.",
    )
    example = {"kind": "PAYER", "name": "Production", "tag_key": "team", "aws_regions": []}


class ConnectionChange(serializers.Serializer[Any]):
    """What a connection is called, what it reads, and the role that was made, which is verified at once."""

    name = serializers.CharField(max_length=NAME_LENGTH, allow_blank=True, required=False)
    tag_key = serializers.CharField(
        max_length=200, required=False, help_text="Another tag names who pays from the next reading on; the past stays."
    )
    aws_regions = serializers.ListField(
        child=serializers.CharField(max_length=64),
        max_length=MAX_REGIONS,
        required=False,
        help_text="Regions to read beside those that are read already. Empty: they are looked for.",
    )
    role_arn = serializers.CharField(max_length=2048)
    example = {"name": "Production", "role_arn": "arn:aws:iam::123456789012:role/YosanReader"}


class ConnectionParameters(PageParameters):
    """Which connections."""

    disconnected = serializers.BooleanField(default=False, help_text="Disconnected ones too.")


class ConnectionList(OrganizationApiView):
    """The organization's connections, payers first."""

    permissions = {"GET": Permission.VIEW_SPEND, "POST": Permission.EDIT_CONNECTIONS}
    Parameters = ConnectionParameters
    Input = ConnectionInput
    Output = ConnectionOutput
    errors = {"POST": (MalformedTagKey, MalformedRegion)}

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        """List connections."""
        asked = self.read_parameters()
        rows = list_connections(include_disconnected=asked["disconnected"])
        return self.page(_page(rows, asked["after"], asked["limit"]), _serialize)

    def post(self, request: OrganizationApiRequest) -> Response:
        """Begin to connect an account: answers the ExternalId that its role must demand."""
        given = self.read_input()
        connection_id = create_connection(
            actor=request.actor,
            kind=ConnectionKind(given["kind"]),
            name=given["name"],
            tag_key=given["tag_key"],
            aws_regions=given["aws_regions"],
            now=request.now,
        )
        nudge(NOTE_PRINCIPAL, organization_id=request.organization.id, connection_id=connection_id)
        return Response(_serialize(get_connection(connection_id)), status=201)


class ConnectionDetail(OrganizationApiView):
    """One connection."""

    permissions = {"GET": Permission.VIEW_SPEND, "PATCH": Permission.EDIT_CONNECTIONS}
    Input = ConnectionChange
    Output = ConnectionOutput
    errors = {
        "GET": (ConnectionNotFound,),
        "PATCH": (ConnectionNotFound, ConnectionIsOver, MalformedRoleArn, MalformedTagKey, MalformedRegion),
    }

    def get(self, request: OrganizationApiRequest, connection_id: int) -> Response:  # noqa: ARG002 - as above
        """Return one connection."""
        return Response(_serialize(get_connection(connection_id)))

    def patch(self, request: OrganizationApiRequest, connection_id: int) -> Response:
        """Give a connection another name, tag or regions, or enter its role, or another one, and have it verified."""
        given = self.read_input()
        if "name" in given:
            rename_connection(actor=request.actor, connection_id=connection_id, name=given["name"])
        if "tag_key" in given or "aws_regions" in given:
            known = get_connection(connection_id)
            change_reading(
                actor=request.actor,
                connection_id=connection_id,
                tag_key=given.get("tag_key", known.tag_key),
                aws_regions=given.get("aws_regions", known.aws_regions_asked),
            )
        if "role_arn" in given:
            enter_role(actor=request.actor, connection_id=connection_id, role_arn=given["role_arn"], now=request.now)
            nudge(VERIFY, organization_id=request.organization.id, connection_id=connection_id)
        return Response(_serialize(get_connection(connection_id)))


class TemplateOutput(serializers.Serializer[Any]):
    """A CloudFormation template, and the same role as Terraform."""

    template = serializers.JSONField(help_text="Save it as a file, or send it to CloudFormation as it is.")
    terraform = serializers.CharField(help_text="The same role in HCL.")
    example = {
        "template": {"AWSTemplateFormatVersion": "2010-09-09", "Resources": {}},
        "terraform": 'resource "aws_iam_role" "yosan_reader" {}',
    }


class ConnectionTemplate(OrganizationApiView):
    """The CloudFormation template that makes the connection's role, with the least rights."""

    permissions = {"GET": Permission.EDIT_CONNECTIONS}
    Output = TemplateOutput
    errors = {"GET": (ConnectionNotFound, PrincipalNotKnownYet)}

    def get(self, request: OrganizationApiRequest, connection_id: int) -> Response:  # noqa: ARG002 - as above
        """Return the template."""
        return Response(
            {
                "template": json.loads(get_role_template(connection_id)),
                "terraform": get_role_terraform(connection_id),
            }
        )


class ConnectionVerification(OrganizationApiView):
    """A try of the connection's role, by a worker."""

    permissions = {"POST": Permission.EDIT_CONNECTIONS}
    Output = ConnectionOutput
    statuses = {"POST": 202}
    errors = {"POST": (ConnectionNotFound, ConnectionIsOver, NoRoleYet)}

    def post(self, request: OrganizationApiRequest, connection_id: int) -> Response:
        """Ask for a verification; the connection's `state` tells what came of it."""
        request_verification(actor=request.actor, connection_id=connection_id, now=request.now)
        nudge(VERIFY, organization_id=request.organization.id, connection_id=connection_id)
        return Response(_serialize(get_connection(connection_id)), status=202)


class ConnectionPause(OrganizationApiView):
    """A stop of reading, until it is taken back."""

    permissions = {"POST": Permission.EDIT_CONNECTIONS, "DELETE": Permission.EDIT_CONNECTIONS}
    Output = ConnectionOutput
    errors = {
        "POST": (ConnectionNotFound, ConnectionIsOver, CannotPause),
        "DELETE": (ConnectionNotFound, ConnectionIsOver, NotPaused),
    }

    def post(self, request: OrganizationApiRequest, connection_id: int) -> Response:
        """Stop reading."""
        pause_connection(actor=request.actor, connection_id=connection_id)
        return Response(_serialize(get_connection(connection_id)), status=201)

    def delete(self, request: OrganizationApiRequest, connection_id: int) -> Response:
        """Go on reading, after the role was verified again."""
        resume_connection(actor=request.actor, connection_id=connection_id, now=request.now)
        nudge(VERIFY, organization_id=request.organization.id, connection_id=connection_id)
        return Response(status=204)


class DisconnectionInput(serializers.Serializer[Any]):
    """Whether what was read goes too."""

    delete_data = serializers.BooleanField(
        help_text="True: usage, cost and bill that came by this connection are deleted."
    )
    example = {"delete_data": False}


class ConnectionDisconnection(OrganizationApiView):
    """A connection's end."""

    permissions = {"POST": Permission.EDIT_CONNECTIONS}
    Input = DisconnectionInput
    Output = ConnectionOutput
    errors = {"POST": (ConnectionNotFound, ConnectionIsOver)}

    def post(self, request: OrganizationApiRequest, connection_id: int) -> Response:
        """Stop reading for good, and keep or delete the data."""
        given = self.read_input()
        disconnect_connection(
            actor=request.actor, connection_id=connection_id, delete_data=given["delete_data"], now=request.now
        )
        return Response(_serialize(get_connection(connection_id)), status=201)


def _page(rows: tuple[Connection, ...], after: str | None, limit: int) -> Page[Connection]:
    """Cut the connections, which are few and read as a whole, into pages."""
    begin = next((index + 1 for index, row in enumerate(rows) if str(row.id) == after), 0)
    cut = rows[begin : begin + limit]
    return Page(rows=cut, next=str(cut[-1].id) if begin + limit < len(rows) else None)


def _serialize(connection: Connection) -> dict[str, object]:
    polling = connection.polling_usd_per_month
    # An empty text is asked of no catalog: gettext answers it with the catalog's heading.
    sentence = gettext(connection.fault_sentence) if connection.fault_sentence else ""
    return {
        "id": connection.id,
        "name": connection.name,
        "kind": connection.kind,
        "state": connection.state,
        "role_arn": connection.role_arn,
        "aws_account": connection.aws_account_id,
        "external_id": connection.external_id,
        "principal_arn": connection.principal_arn,
        "tag_key": connection.tag_key,
        "aws_regions": connection.aws_regions or connection.aws_regions_asked,
        "linked_accounts": connection.linked_account_ids,
        "fault": connection.fault,
        "fault_detail": " ".join(part for part in (sentence, connection.fault_detail) if part),
        "permissions": [_serialize_permission(permission) for permission in connection.permissions],
        "polling_usd_per_month": None if polling is None else plain(polling),
        "endpoint_url": connection.endpoint_url,
        "created_at": connection.created_at,
        "verified_at": connection.verified_at,
        "next_attempt_at": connection.next_attempt_at,
        "disconnected_at": connection.disconnected_at,
    }


def _serialize_permission(permission: PermissionStatus) -> dict[str, object]:
    return {
        "action": permission.action,
        "why": gettext(permission.why),
        "is_vital": permission.is_vital,
        "is_granted": permission.is_granted,
    }
