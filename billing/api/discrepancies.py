"""What exceeds the tolerance over REST: a list of exceptions, and what finance says to each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters
from accounts.domain.roles import Permission
from billing.api.catalog import Key, page_of
from billing.api.periods import DayField
from billing.api.reconciliation import MONEY, RangeTooLong, place, require_range
from billing.domain.exchange_rates import USD
from billing.domain.money import plain
from billing.domain.reconciliation import DiscrepancyState, Reason
from billing.operations.reconciliation import ExplanationMissing, answer_discrepancy
from billing.queries.discrepancies import DiscrepancyNotFound, FoundDiscrepancy, get_discrepancy, list_discrepancies

UNEXPLAINED = "unexplained"


class ExceptionParameters(PageParameters):
    """Which exceptions."""

    start = DayField(default=None, help_text="The first UTC day; without it 45 days ago.")
    end = DayField(default=None, help_text="The UTC day after the last; without it today.")
    state = serializers.ChoiceField(choices=[item.value for item in DiscrepancyState], default=None)


class ExceptionOutput(serializers.Serializer[Any]):
    """One reason of one line of one day, larger than is tolerated."""

    id = serializers.IntegerField()
    date = serializers.DateField()
    provider = serializers.CharField()
    aws_account = serializers.CharField()
    aws_region = serializers.CharField()
    model = serializers.CharField()
    token_class = serializers.CharField()
    reason = serializers.ChoiceField(choices=[*(reason.value for reason in Reason), UNEXPLAINED])
    amount = serializers.CharField(help_text=MONEY)
    rated = serializers.CharField(help_text=MONEY)
    billed = serializers.CharField(help_text=MONEY)
    currency = serializers.CharField()
    state = serializers.ChoiceField(choices=[item.value for item in DiscrepancyState])
    note = serializers.CharField()
    changed_by = serializers.CharField()
    changed_at = serializers.DateTimeField(allow_null=True)
    found_at = serializers.DateTimeField()
    resolved_at = serializers.DateTimeField(allow_null=True, help_text="When a later match no longer found it.")
    example = {
        "id": 7,
        "date": "2026-10-01",
        "provider": "aws_bedrock",
        "aws_account": "111122223333",
        "aws_region": "us-east-1",
        "model": "claude-sonnet-4-5",
        "token_class": "input",
        "reason": "price_differs",
        "amount": "-12.5",
        "rated": "50",
        "billed": "37.5",
        "currency": "USD",
        "state": "OPEN",
        "note": "",
        "changed_by": "",
        "changed_at": None,
        "found_at": "2026-10-04T06:10:00Z",
        "resolved_at": None,
    }


class AnswerInput(serializers.Serializer[Any]):
    """What finance says to an exception."""

    state = serializers.ChoiceField(choices=[item.value for item in DiscrepancyState])
    note = serializers.CharField(
        max_length=500, allow_blank=True, default="", help_text="Needed where it is explained."
    )
    example = {"state": "EXPLAINED", "note": "Private discount, contract of 2026-09-01"}


class ReconciliationExceptionList(OrganizationApiView):
    """What exceeds the tolerance, by day; what is gone stays, with the time of it."""

    permissions = {"GET": Permission.VIEW_SPEND}
    Parameters = ExceptionParameters
    Output = ExceptionOutput
    errors = {"GET": (RangeTooLong,)}

    def get(self, request: OrganizationApiRequest) -> Response:
        """List exceptions."""
        asked = self.read_parameters()
        end = asked["end"] or request.now.date()
        start = asked["start"] or end - timedelta(days=45)
        require_range(start, end)
        rows = [row for row in list_discrepancies(start, end) if asked["state"] in (None, row.state)]
        ordered = sorted(rows, key=lambda row: (row.date, row.id))
        return self.page(page_of(ordered, _exception_key, asked["after"], asked["limit"]), _exception)


class ReconciliationExceptionDetail(OrganizationApiView):
    """One exception."""

    permissions = {"GET": Permission.VIEW_SPEND, "PATCH": Permission.EDIT_RECONCILIATION}
    Input = AnswerInput
    Output = ExceptionOutput
    errors = {"GET": (DiscrepancyNotFound,), "PATCH": (DiscrepancyNotFound, ExplanationMissing)}

    def get(self, request: OrganizationApiRequest, discrepancy_id: int) -> Response:  # noqa: ARG002 - as above
        """Return one exception."""
        return Response(_exception(get_discrepancy(discrepancy_id)))

    def patch(self, request: OrganizationApiRequest, discrepancy_id: int) -> Response:
        """Answer an exception; the answer holds for the same line and reason on the other days of its month."""
        current, given = get_discrepancy(discrepancy_id), self.read_input()
        answer_discrepancy(
            actor=request.actor,
            discrepancy_id=discrepancy_id,
            state=DiscrepancyState(given.get("state", current.state)),
            note=given.get("note", current.note),
            now=request.now,
        )
        return Response(_exception(get_discrepancy(discrepancy_id)))


def _exception_key(row: FoundDiscrepancy) -> Key:
    return (row.date.isoformat(), f"{row.id:020}")


def _exception(row: FoundDiscrepancy) -> dict[str, object]:
    return {
        "id": row.id,
        "date": row.date.isoformat(),
        **place(row.key),
        "reason": row.reason.value if row.reason else UNEXPLAINED,
        "amount": plain(row.amount),
        "rated": plain(row.rated),
        "billed": plain(row.billed),
        "currency": USD,
        "state": row.state.value,
        "note": row.note,
        "changed_by": row.changed_by,
        "changed_at": row.changed_at,
        "found_at": row.found_at,
        "resolved_at": row.resolved_at,
    }
