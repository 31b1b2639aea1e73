"""Cost centers over REST: input, output, views."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters
from accounts.domain.cost_centers import CostCenterValue
from accounts.domain.hierarchy import CostCenterBelowItself, TreeTooDeep
from accounts.domain.names import NAME_LIMIT
from accounts.domain.roles import Permission
from accounts.operations.cost_centers import (
    AwsAccountClaimed,
    CostCenterCodeTaken,
    CostCenterHasChildren,
    CostCenterRetired,
    change_cost_center,
    create_cost_center,
    move_cost_center,
    retire_cost_center,
)
from accounts.queries.cost_centers import CostCenterNotFound, get_cost_center, page_cost_centers


class CostCenterOutput(serializers.Serializer[Any]):
    """One cost center."""

    id = serializers.IntegerField()
    code = serializers.CharField()
    name = serializers.CharField()
    parent_id = serializers.IntegerField(allow_null=True, help_text="The id of the center that it stands below.")
    path = serializers.ListField(child=serializers.CharField(), help_text="The codes from the top down to its own.")
    aws_account_id = serializers.CharField(allow_null=True)
    retired_at = serializers.DateTimeField(allow_null=True)
    example = {
        "id": 12,
        "code": "search",
        "name": "Search team",
        "parent_id": 3,
        "path": ["engineering", "search"],
        "aws_account_id": None,
        "retired_at": None,
    }


class CostCenterChange(serializers.Serializer[Any]):
    """What can be changed of a cost center."""

    name = serializers.CharField(max_length=NAME_LIMIT)
    code = serializers.CharField(
        max_length=64,
        help_text="As tags spell it. After a change, usage whose tag still spells the old code is unassigned.",
    )
    aws_account_id = serializers.CharField(allow_null=True, default=None, max_length=20)
    example: ClassVar[Mapping[str, object]] = {"name": "Search and ranking"}


class CostCenterInput(CostCenterChange):
    """A new cost center; it stands below its parent from the beginning."""

    parent_id = serializers.IntegerField(allow_null=True, default=None, min_value=1, max_value=2**63 - 1)
    example = {"code": "search", "name": "Search team", "parent_id": 3}


class CostCenterMoveInput(serializers.Serializer[Any]):
    """Where a cost center stands, from which day on."""

    parent_id = serializers.IntegerField(
        allow_null=True, min_value=1, max_value=2**63 - 1, help_text="`null`: at the top."
    )
    from_date = serializers.DateField(
        help_text="A day of the organization, today or earlier. What was before it stays."
    )
    example = {"parent_id": 7, "from_date": "2026-11-01"}


class CostCenterParameters(PageParameters):
    """Which cost centers."""

    retired = serializers.BooleanField(default=False, help_text="Retired ones too.")


class CostCenterList(OrganizationApiView):
    """The organization's cost centers, by id."""

    permissions = {"GET": Permission.VIEW_SPEND, "POST": Permission.EDIT_COST_CENTERS}
    errors = {"POST": (CostCenterCodeTaken, AwsAccountClaimed, TreeTooDeep)}
    Parameters = CostCenterParameters
    Input = CostCenterInput
    Output = CostCenterOutput

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        """List cost centers."""
        return self.page(page_cost_centers(**self.read_parameters()), _serialize)

    def post(self, request: OrganizationApiRequest) -> Response:
        """Create a cost center."""
        given = self.read_input()
        created = create_cost_center(actor=request.actor, **given)
        return Response(_serialize(get_cost_center(created)), status=201)


class CostCenterDetail(OrganizationApiView):
    """One cost center."""

    permissions = {"GET": Permission.VIEW_SPEND, "PATCH": Permission.EDIT_COST_CENTERS}
    errors = {
        "GET": (CostCenterNotFound,),
        "PATCH": (CostCenterNotFound, CostCenterRetired, CostCenterCodeTaken, AwsAccountClaimed),
    }
    Input = CostCenterChange
    Output = CostCenterOutput

    def get(self, request: OrganizationApiRequest, cost_center_id: int) -> Response:  # noqa: ARG002 - as above
        """Return one cost center, retired or not."""
        return Response(_serialize(get_cost_center(cost_center_id)))

    def patch(self, request: OrganizationApiRequest, cost_center_id: int) -> Response:
        """Change the name, the code or the AWS account that a cost center claims; what is left out stays."""
        current = get_cost_center(cost_center_id)
        kept = {"name": current.name, "code": current.code, "aws_account_id": current.aws_account_id}
        wanted = {**kept, **self.read_input()}
        change_cost_center(
            actor=request.actor,
            cost_center_id=cost_center_id,
            name=wanted["name"],
            code=wanted["code"],
            aws_account_id=wanted["aws_account_id"],
        )
        return Response(_serialize(get_cost_center(cost_center_id)))


class CostCenterMoveList(OrganizationApiView):
    """Where a cost center has stood."""

    permissions = {"POST": Permission.EDIT_COST_CENTERS}
    errors = {"POST": (CostCenterNotFound, CostCenterRetired, CostCenterBelowItself, TreeTooDeep)}
    Input = CostCenterMoveInput
    Output = CostCenterOutput

    def post(self, request: OrganizationApiRequest, cost_center_id: int) -> Response:
        """Put a cost center, with all below it, under another one from a day on; history before that day stays."""
        move_cost_center(actor=request.actor, cost_center_id=cost_center_id, now=request.now, **self.read_input())
        return Response(_serialize(get_cost_center(cost_center_id)), status=201)


class CostCenterRetirement(OrganizationApiView):
    """A cost center's end."""

    permissions = {"POST": Permission.EDIT_COST_CENTERS}
    errors = {"POST": (CostCenterNotFound, CostCenterHasChildren)}
    Output = CostCenterOutput

    def post(self, request: OrganizationApiRequest, cost_center_id: int) -> Response:
        """Close a cost center to new cost; its past stays. Doing it twice changes nothing."""
        retire_cost_center(actor=request.actor, cost_center_id=cost_center_id, now=request.now)
        return Response(_serialize(get_cost_center(cost_center_id)), status=201)


def _serialize(value: CostCenterValue) -> dict[str, object]:
    return {
        "id": value.id,
        "code": value.code,
        "name": value.name,
        "parent_id": value.parent_id,
        "path": value.path,
        "aws_account_id": value.aws_account_id,
        "retired_at": value.retired_at,
    }
