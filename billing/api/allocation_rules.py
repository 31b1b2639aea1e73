"""Allocation rules over REST: their order, what one would move, and where evidence disagrees."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.celery import nudge
from accounts.access.declarations import PageParameters
from accounts.domain.closed_months import MonthIsClosed
from accounts.domain.names import NAME_LIMIT, NameMissing, NameTooLong, NameUnprintable
from accounts.domain.roles import Permission
from accounts.operations.cost_centers import CostCenterRetired
from accounts.queries.cost_centers import list_cost_centers
from billing.api.catalog import page_of
from billing.api.periods import DayField
from billing.domain.allocation import (
    LONGEST_VALUE,
    MOST_VALUES,
    Comparison,
    ConditionsMissing,
    ConditionsTooMany,
    ConditionValueMissing,
    ConditionValueTooLong,
    NothingTellsAll,
    RuleDayOutOfRange,
    RuleDaysReversed,
    RuleField,
    TagKeyMissing,
)
from billing.domain.allocation_rules import (
    AllocationRuleChanged,
    AllocationRuleNameTaken,
    AllocationRuleNotFound,
    AllocationRulesTooMany,
    CostCenterUnknown,
    Rule,
    RuleDraft,
    UnknownCondition,
    as_stored,
    condition_of,
)
from billing.domain.dimensions import Basis
from billing.domain.money import plain
from billing.operations.allocation_rules import change_rule, create_rule, end_rule
from billing.queries.allocation_preview import preview_rule
from billing.queries.allocation_rules import get_rule, list_rules
from billing.queries.unallocated import AllocationConflict, list_conflicts

WORK_OFF = "billing.tasks.work_off_allocation_runs"
MAX_ID = 2**63 - 1
DRAFT_ERRORS = (
    ConditionsMissing,
    ConditionsTooMany,
    ConditionValueMissing,
    ConditionValueTooLong,
    NothingTellsAll,
    RuleDayOutOfRange,
    RuleDaysReversed,
    TagKeyMissing,
    UnknownCondition,
)
WRITE_ERRORS = (
    *DRAFT_ERRORS,
    AllocationRuleNameTaken,
    CostCenterUnknown,
    CostCenterRetired,
    MonthIsClosed,
    NameMissing,
    NameTooLong,
    NameUnprintable,
)
CONDITION = {"field": "model", "comparison": "is", "values": ["claude-*"], "tag_key": ""}
DRAFT = {
    "name": "Claude to search",
    "cost_center_id": 3,
    "conditions": [CONDITION],
    "effective_from": "2026-10-01",
    "effective_to": None,
}


class ConditionField(serializers.Serializer[Any]):
    """One thing that must hold."""

    field = serializers.ChoiceField(choices=[field.value for field in RuleField])
    comparison = serializers.ChoiceField(
        choices=[comparison.value for comparison in Comparison], default=Comparison.IS.value
    )
    values = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_VALUE),
        max_length=MOST_VALUES,
        help_text="Any of these; `*` stands for any text.",
    )
    tag_key = serializers.CharField(
        max_length=LONGEST_VALUE, default="", allow_blank=True, help_text="The tag's key, with the field `tag`."
    )


class AllocationRuleInput(serializers.Serializer[Any]):
    """What a rule says from a UTC day on; what it said before that day stays."""

    name = serializers.CharField(max_length=NAME_LIMIT)
    cost_center_id = serializers.IntegerField(min_value=1, max_value=MAX_ID, help_text="Who pays.")
    conditions = ConditionField(many=True, help_text="All of these hold; at most ten.")
    effective_from = DayField(default=None, allow_null=True, help_text="The first UTC day; null: from the beginning.")
    effective_to = DayField(
        default=None, allow_null=True, help_text="The UTC day from which it does not hold; null: until further notice."
    )
    example = DRAFT


class RuleVersionOutput(serializers.Serializer[Any]):
    """What a rule says in a stretch of UTC days."""

    cost_center_id = serializers.IntegerField()
    conditions = ConditionField(many=True)
    effective_from = serializers.DateField(allow_null=True)
    effective_to = serializers.DateField(allow_null=True)


class AllocationRuleOutput(serializers.Serializer[Any]):
    """A rule with what it says from when to when, the oldest first."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    rank = serializers.IntegerField(help_text="The first rule by rank that holds decides who pays.")
    version = serializers.IntegerField()
    changed_by = serializers.CharField()
    changed_at = serializers.DateTimeField()
    versions = RuleVersionOutput(many=True)
    example = {
        "id": 7,
        "name": "Claude to search",
        "rank": 1,
        "version": 1,
        "changed_by": "Fay",
        "changed_at": "2026-11-10T09:00:00Z",
        "versions": [
            {
                "cost_center_id": 3,
                "conditions": [CONDITION],
                "effective_from": "2026-10-01",
                "effective_to": None,
            }
        ],
    }


class MoveOutput(serializers.Serializer[Any]):
    """What would move from one cost center to another, of one basis."""

    basis = serializers.ChoiceField(choices=[basis.value for basis in Basis])
    from_cost_center_id = serializers.IntegerField(allow_null=True, help_text="Null: nobody pays now.")
    to_cost_center_id = serializers.IntegerField(allow_null=True, help_text="Null: nobody would pay.")
    by_month = serializers.DictField(child=serializers.CharField(), help_text="Decimal numbers by `2026-10`.")
    total = serializers.CharField(help_text="A decimal number.")


class RulePreviewOutput(serializers.Serializer[Any]):
    """What a rule would move in the last 90 UTC days; nothing is saved."""

    start = serializers.DateField()
    end = serializers.DateField(help_text="Not included.")
    currency = serializers.CharField()
    series_matched = serializers.IntegerField()
    moves = MoveOutput(many=True)
    example = {
        "start": "2026-08-12",
        "end": "2026-11-11",
        "currency": "JPY",
        "series_matched": 4,
        "moves": [
            {
                "basis": "rated",
                "from_cost_center_id": None,
                "to_cost_center_id": 3,
                "by_month": {"2026-10": "212000"},
                "total": "212000",
            }
        ],
    }


class ToldOutput(serializers.Serializer[Any]):
    """One thing that says who pays."""

    origin = serializers.ChoiceField(choices=["RULE", "TAG", "ACCOUNT"])
    text = serializers.CharField(help_text="The rule's name, the tag's key, or the account.")
    cost_center_id = serializers.IntegerField()


class AllocationConflictOutput(serializers.Serializer[Any]):
    """A series whose evidence names several cost centers; what stands first wins."""

    basis = serializers.ChoiceField(choices=[basis.value for basis in Basis])
    series_id = serializers.IntegerField()
    series = serializers.CharField()
    told = ToldOutput(many=True)
    cost = serializers.CharField(help_text="A decimal number: of the last 90 days.")
    currency = serializers.CharField()
    example = {
        "basis": "rated",
        "series_id": 12,
        "series": "claude-sonnet-4-5, 111122223333, us-east-1",
        "told": [
            {"origin": "TAG", "text": "team", "cost_center_id": 3},
            {"origin": "ACCOUNT", "text": "111122223333", "cost_center_id": 4},
        ],
        "cost": "812.4",
        "currency": "USD",
    }


class AllocationRuleList(OrganizationApiView):
    """The allocation rules, by rank."""

    permissions = {"GET": Permission.VIEW_SPEND, "POST": Permission.EDIT_COST_CENTERS}
    Parameters = PageParameters
    Input = AllocationRuleInput
    Output = AllocationRuleOutput
    errors = {"POST": (*WRITE_ERRORS, AllocationRulesTooMany)}

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        """List allocation rules."""
        asked = self.read_parameters()
        rules = list_rules()
        return self.page(page_of(rules, lambda rule: (f"{rule.rank:010}",), asked["after"], asked["limit"]), _rule)

    def post(self, request: OrganizationApiRequest) -> Response:
        """Create a rule after the others; cost is allocated again in the background."""
        rule = create_rule(actor=request.actor, draft=_draft(self.read_input()), now=request.now)
        nudge(WORK_OFF, organization_id=request.organization.id)
        return Response(_rule(rule), status=201)


class AllocationRuleDetail(OrganizationApiView):
    """One allocation rule."""

    permissions = {
        "GET": Permission.VIEW_SPEND,
        "PUT": Permission.EDIT_COST_CENTERS,
        "DELETE": Permission.EDIT_COST_CENTERS,
    }
    Input = AllocationRuleInput
    Output = AllocationRuleOutput
    versioned = ("PUT", "DELETE")
    errors = {
        "GET": (AllocationRuleNotFound,),
        "PUT": (*WRITE_ERRORS, AllocationRuleNotFound, AllocationRuleChanged),
        "DELETE": (AllocationRuleNotFound, AllocationRuleChanged, MonthIsClosed, RuleDayOutOfRange, RuleDaysReversed),
    }

    def get(self, request: OrganizationApiRequest, rule_id: int) -> Response:  # noqa: ARG002 - as above
        """Return one allocation rule."""
        return Response(_rule(get_rule(rule_id)))

    def put(self, request: OrganizationApiRequest, rule_id: int) -> Response:
        """Have a rule say something else from a day on."""
        draft = _draft(self.read_input())
        version = self.expected_version(get_rule(rule_id).version, given=None)
        rule = change_rule(actor=request.actor, rule_id=rule_id, draft=draft, expected_version=version, now=request.now)
        nudge(WORK_OFF, organization_id=request.organization.id)
        return Response(_rule(rule))

    def delete(self, request: OrganizationApiRequest, rule_id: int) -> Response:
        """Delete a rule with all it ever said; to end it from a day on, change it with `effective_to`."""
        version = self.expected_version(get_rule(rule_id).version, given=None)
        end_rule(actor=request.actor, rule_id=rule_id, from_day=None, expected_version=version, now=request.now)
        nudge(WORK_OFF, organization_id=request.organization.id)
        return Response(status=204)


class AllocationRulePreview(OrganizationApiView):
    """What a rule would move."""

    permissions = {"POST": Permission.VIEW_SPEND}
    Input = AllocationRuleInput
    Output = RulePreviewOutput
    statuses = {"POST": 200}
    errors = {"POST": (*DRAFT_ERRORS, CostCenterUnknown)}

    def post(self, request: OrganizationApiRequest) -> Response:
        """Return what a new rule would move in the last 90 days; nothing is saved."""
        draft = _draft(self.read_input())
        if all(center.id != draft.cost_center_id for center in list_cost_centers()):
            raise CostCenterUnknown(field="cost_center_id")
        found = preview_rule(draft, rule_id=None, organization=request.organization, now=request.now)
        moves = [
            {
                "basis": line.basis.value,
                "from_cost_center_id": line.from_id,
                "to_cost_center_id": line.to_id,
                "by_month": {
                    str(month): plain(money.amount) for month, money in zip(found.months, line.by_month, strict=True)
                },
                "total": plain(line.total.amount),
            }
            for line in found.lines
        ]
        return Response(
            {
                "start": found.days.start,
                "end": found.days.end,
                "currency": found.rates.currency,
                "series_matched": found.series_matched,
                "moves": moves,
            }
        )


class AllocationConflictList(OrganizationApiView):
    """Series whose rules, tags and account name different cost centers, by basis and id."""

    permissions = {"GET": Permission.VIEW_SPEND}
    Parameters = PageParameters
    Output = AllocationConflictOutput

    def get(self, request: OrganizationApiRequest) -> Response:
        """List conflicting evidence."""
        asked = self.read_parameters()
        conflicts = list_conflicts(organization=request.organization, now=request.now)
        page = page_of(
            conflicts, lambda one: (one.series.basis.value, f"{one.series.id:020}"), asked["after"], asked["limit"]
        )
        return self.page(page, _conflict)


def _draft(given: dict[str, Any]) -> RuleDraft:
    return RuleDraft(**{**given, "conditions": tuple(condition_of(**one) for one in given["conditions"])})


def _rule(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "name": rule.name,
        "rank": rule.rank,
        "version": rule.version,
        "changed_by": rule.changed_by,
        "changed_at": rule.changed_at,
        "versions": [
            {
                "cost_center_id": one.cost_center_id,
                "conditions": as_stored(one.conditions),
                "effective_from": one.effective_from,
                "effective_to": one.effective_to,
            }
            for one in rule.versions
        ],
    }


def _conflict(one: AllocationConflict) -> dict[str, object]:
    return {
        "basis": one.series.basis.value,
        "series_id": one.series.id,
        "series": one.series.name,
        "told": [
            {"origin": told.origin.value, "text": told.text, "cost_center_id": told.cost_center_id} for told in one.told
        ],
        "cost": plain(one.cost.amount),
        "currency": one.cost.currency,
    }
