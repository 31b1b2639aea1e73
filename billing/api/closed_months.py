"""Closed months over REST: which are signed; close one, reopen one with a reason."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters
from accounts.domain.closed_months import REASON_LENGTH, MonthIsClosed, MonthIsOpen, MonthNotOver, ReasonMissing
from accounts.domain.roles import Permission
from billing.api.catalog import Key, page_of
from billing.api.periods import MONTH, newest_first
from billing.domain.money import plain
from billing.domain.periods import Month
from billing.operations.closed_months import close_month, reopen_month
from billing.queries.closed_months import BookMonth, get_book_month, list_book_months


class BookMonthOutput(serializers.Serializer[Any]):
    """A month with spend, of the organization's calendar."""

    month = serializers.CharField(help_text="`2026-10`")
    is_closed = serializers.BooleanField(help_text="Nothing changes its figures until it is reopened.")
    is_over = serializers.BooleanField()
    spent = serializers.CharField(help_text="Estimated from tokens; a decimal number.")
    currency = serializers.CharField(help_text="USD where there is no rate.")
    units_per_usd = serializers.CharField(allow_null=True, help_text="The rate that it is told at.")
    rate_month = serializers.CharField(allow_null=True, help_text="The month whose rate that is.")
    example = {
        "month": "2026-10",
        "is_closed": True,
        "is_over": True,
        "spent": "1830000",
        "currency": "JPY",
        "units_per_usd": "152.5",
        "rate_month": "2026-10",
    }


class CloseInput(serializers.Serializer[Any]):
    """The month up to which the books are closed, it included."""

    month = serializers.RegexField(MONTH, help_text="`2026-10`")
    example = {"month": "2026-10"}


class ReopenInput(serializers.Serializer[Any]):
    """The month from which on everything is open again, and why."""

    month = serializers.RegexField(MONTH, help_text="`2026-10`")
    reason = serializers.CharField(max_length=REASON_LENGTH)
    example = {"month": "2026-10", "reason": "The invoice of October was corrected."}


class ClosedMonthList(OrganizationApiView):
    """The months that have spend, and up to which the books are closed."""

    permissions = {"GET": Permission.VIEW_SPEND, "POST": Permission.CLOSE_MONTHS}
    Parameters = PageParameters
    Input = CloseInput
    Output = BookMonthOutput
    errors = {"POST": (MonthNotOver, MonthIsClosed)}

    def get(self, request: OrganizationApiRequest) -> Response:
        """List months, newest first."""
        asked = self.read_parameters()
        return self.page(page_of(_months(request), _key, asked["after"], asked["limit"]), _serialize)

    def post(self, request: OrganizationApiRequest) -> Response:
        """Close a month and all before it."""
        month = Month.parse(self.read_input()["month"])
        close_month(actor=request.actor, month=month, now=request.now)
        return Response(_answer(request, month), status=201)


class MonthReopening(OrganizationApiView):
    """The opening of months that were closed."""

    permissions = {"POST": Permission.CLOSE_MONTHS}
    Input = ReopenInput
    Output = BookMonthOutput
    errors = {"POST": (MonthIsOpen, ReasonMissing)}

    def post(self, request: OrganizationApiRequest) -> Response:
        """Open a month and all after it again; the audit log keeps the reason."""
        given = self.read_input()
        month = Month.parse(given["month"])
        reopen_month(actor=request.actor, month=month, reason=given["reason"])
        return Response(_answer(request, month), status=201)


def _months(request: OrganizationApiRequest) -> tuple[BookMonth, ...]:
    organization = request.organization
    return list_book_months(currency=organization.currency, time_zone=organization.time_zone, now=request.now)


def _answer(request: OrganizationApiRequest, month: Month) -> dict[str, object]:
    return _serialize(get_book_month(month, months=_months(request)))


def _key(row: BookMonth) -> Key:
    return newest_first(row.month)


def _serialize(row: BookMonth) -> dict[str, object]:
    rate = row.in_force
    return {
        "month": str(row.month),
        "is_closed": row.is_closed,
        "is_over": row.is_over,
        "spent": plain(row.spent.amount),
        "currency": row.spent.currency,
        "units_per_usd": plain(rate.units_per_usd) if rate else None,
        "rate_month": str(rate.month) if rate and rate.month else None,
    }
