"""The key's organization over REST: the first thing to ask when one wonders what a key opens."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.domain.roles import Permission


class OrganizationOutput(serializers.Serializer[Any]):
    """An organization and what the asking key may do in it."""

    slug = serializers.CharField()
    name = serializers.CharField()
    time_zone = serializers.CharField(help_text="IANA name; months of budgets and forecasts are counted in it.")
    currency = serializers.CharField(help_text="Reporting currency, ISO 4217.")
    fiscal_year_start_month = serializers.IntegerField()
    rights = serializers.ListField(child=serializers.ChoiceField(choices=list(Permission)))
    example = {
        "slug": "acme",
        "name": "Acme",
        "time_zone": "Asia/Tokyo",
        "currency": "JPY",
        "fiscal_year_start_month": 4,
        "rights": ["VIEW_SPEND"],
    }


class OrganizationDetail(OrganizationApiView):
    """The organization that the key names, and the key's rights."""

    permissions = {"GET": Permission.VIEW_SPEND}
    Output = OrganizationOutput

    def get(self, request: OrganizationApiRequest) -> Response:
        return Response(
            {
                "slug": request.organization.slug,
                "name": request.organization.name,
                "time_zone": request.organization.time_zone,
                "currency": request.organization.currency,
                "fiscal_year_start_month": request.organization.fiscal_year_start_month,
                "rights": sorted(request.permissions),
            }
        )
