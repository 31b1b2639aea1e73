"""The stored bill in FOCUS 1.2 over REST."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters
from accounts.access.patience import REPORT
from accounts.domain.roles import Permission
from billing.api.periods import MONTH
from billing.domain.focus import COLUMNS
from billing.domain.periods import Month
from billing.queries.focus import FocusRow, list_focus_rows

EXAMPLE = {
    **dict.fromkeys(COLUMNS, None),
    "BilledCost": "1.5",
    "BillingAccountId": "111122223333",
    "BillingAccountName": "Production",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2026-10-01T00:00:00Z",
    "BillingPeriodEnd": "2026-11-01T00:00:00Z",
    "ChargeCategory": "Usage",
    "ChargePeriodStart": "2026-10-05T00:00:00Z",
    "ChargePeriodEnd": "2026-10-06T00:00:00Z",
    "ProviderName": "AWS",
    "ServiceName": "Amazon Bedrock",
    "x_ModelId": "claude-sonnet-4-5",
}


class FocusLineOutput(serializers.Serializer[Any]):
    """A line of the bill in FOCUS 1.2; amounts are decimals as text, times are UTC, columns that begin with x_ are ours."""

    example = EXAMPLE

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {name: serializers.CharField(allow_null=True) for name in COLUMNS}


class FocusLineParameters(PageParameters):
    """Which month."""

    month = serializers.RegexField(MONTH, help_text="The billing month: `2026-10`.")
    example = {"month": "2026-10"}


class FocusLineList(OrganizationApiView):
    """The bill lines of a month in FOCUS 1.2; their BilledCost adds up to what is billed in it."""

    permissions = {"GET": Permission.VIEW_SPEND}
    statement_limit = REPORT
    Parameters = FocusLineParameters
    Output = FocusLineOutput

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        """List bill lines in FOCUS 1.2."""
        asked = self.read_parameters()
        month = Month.parse(asked["month"])
        page = list_focus_rows(start=month.start, end=month.next().start, after=asked["after"], limit=asked["limit"])
        return self.page(page, _serialize)


def _serialize(row: FocusRow) -> dict[str, str | None]:
    return {name: value or None for name, value in row.items()}
