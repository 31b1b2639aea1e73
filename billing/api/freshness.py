"""The sources of a connection over REST: how fresh each is, what is wrong, and what AWS charged for asking."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters
from accounts.domain.roles import Permission
from billing.api.catalog import Key, page_of
from billing.domain.collection import Source
from billing.domain.freshness import Freshness
from billing.domain.money import plain
from billing.queries.collection import SourceFreshness, list_source_freshness
from billing.queries.connections import ConnectionNotFound, get_connection


class SourceOutput(serializers.Serializer[Any]):
    """What is read from one place of a connection, and until when."""

    source = serializers.ChoiceField(choices=[item.value for item in Source])  # type: ignore[assignment] # DRF takes declared fields off the class
    aws_region = serializers.CharField(help_text="Empty for the bill, which has none.")
    state = serializers.ChoiceField(choices=[item.value for item in Freshness])
    data_until = serializers.DateTimeField(allow_null=True, help_text="Not included; null while nothing is stored.")
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    problem = serializers.CharField(help_text="What is wrong, in words; empty when nothing is.")
    rows = serializers.IntegerField(help_text="Stored so far.")
    aws_charge_usd_this_month = serializers.CharField(help_text="Of the UTC month, as measured; a decimal number.")
    example = {
        "source": "CLOUDWATCH",
        "aws_region": "us-east-1",
        "state": "FRESH",
        "data_until": "2026-11-10T09:00:00Z",
        "next_attempt_at": None,
        "problem": "",
        "rows": 12960,
        "aws_charge_usd_this_month": "0.41",
    }


class SourceList(OrganizationApiView):
    """The sources of one connection, by source and region; none before it was verified and after it is over."""

    permissions = {"GET": Permission.VIEW_SPEND}
    Parameters = PageParameters
    Output = SourceOutput
    errors = {"GET": (ConnectionNotFound,)}

    def get(self, request: OrganizationApiRequest, connection_id: int) -> Response:
        """List a connection's sources."""
        asked = self.read_parameters()
        connection = get_connection(connection_id)
        rows = list_source_freshness(now=request.now, connection_id=connection.id)
        return self.page(page_of(rows, _key, asked["after"], asked["limit"]), _serialize)


def _key(row: SourceFreshness) -> Key:
    return (row.source, row.aws_region)


def _serialize(row: SourceFreshness) -> dict[str, object]:
    return {
        "source": row.source,
        "aws_region": row.aws_region,
        "state": row.state,
        "data_until": row.data_until,
        "next_attempt_at": row.next_attempt_at,
        "problem": gettext(row.sentence) if row.sentence else "",
        "rows": row.rows,
        "aws_charge_usd_this_month": plain(row.charge_usd_this_month),
    }
