"""What nobody pays for, over REST."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.domain.roles import Permission
from billing.domain.dimensions import Basis
from billing.domain.money import plain
from billing.queries.unallocated import get_unallocated


class UnallocatedParameters(serializers.Serializer[Any]):
    """Of which cost."""

    basis = serializers.ChoiceField(choices=[basis.value for basis in Basis], default=Basis.RATED.value)


class UnallocatedOutput(serializers.Serializer[Any]):
    """What nobody pays for in the last 13 weeks (UTC days, weeks from Monday)."""

    basis = serializers.ChoiceField(choices=[basis.value for basis in Basis])
    start = serializers.DateField()
    end = serializers.DateField(help_text="Not included.")
    currency = serializers.CharField()
    cost = serializers.CharField(help_text="A decimal number.")
    total = serializers.CharField(help_text="A decimal number: all that was spent in these days.")
    by_reason = serializers.DictField(child=serializers.CharField())
    by_week = serializers.DictField(child=serializers.CharField())
    owner_user_id = serializers.IntegerField(allow_null=True)
    example = {
        "basis": "rated",
        "start": "2026-08-17",
        "end": "2026-11-11",
        "currency": "USD",
        "cost": "96",
        "total": "1600",
        "by_reason": {"no_tag": "96"},
        "by_week": {"2026-08-17": "96"},
        "owner_user_id": None,
    }


class UnallocatedView(OrganizationApiView):
    """What nobody pays for."""

    permissions = {"GET": Permission.VIEW_SPEND}
    Parameters = UnallocatedParameters
    Output = UnallocatedOutput

    def get(self, request: OrganizationApiRequest) -> Response:
        """Return what nobody pays for in the last 13 weeks, by reason and week."""
        basis = Basis(self.read_parameters()["basis"])
        found = get_unallocated(basis, organization=request.organization, now=request.now)
        return Response(
            {
                "basis": found.basis.value,
                "start": found.days.start,
                "end": found.days.end,
                "currency": found.cost.currency,
                "cost": plain(found.cost.amount),
                "total": plain(found.total.amount),
                "by_reason": {why.value: plain(cost.amount) for why, cost in found.by_why},
                "by_week": {day.isoformat(): plain(cost.amount) for day, cost in found.weeks},
                "owner_user_id": found.owner.user_id if found.owner else None,
            }
        )
