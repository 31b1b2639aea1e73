"""What allocation goes by: series as rules see them, the rules of every day, what tags and claims said, who pays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from accounts.models import CostCenter
from billing.domain.allocation import (
    Claim,
    Comparison,
    Condition,
    Evidence,
    Origin,
    RuleField,
    RuleVersion,
    SeriesFacts,
    Stretch,
    claims_of,
)
from billing.domain.dimensions import Basis
from billing.models import (
    AllocationRuleVersion,
    AwsConnection,
    BilledSeries,
    SeriesAssignment,
    SeriesEvidence,
    UsageSeries,
)

DEFAULT_TAG_KEY = "team"
COLUMN_OF = {Basis.RATED: "usage_series_id", Basis.BILLED: "billed_series_id"}
Series = tuple[SeriesFacts, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationGround:
    """Everything that decides who pays, but for the series themselves."""

    versions: tuple[RuleVersion, ...]
    centers: Mapping[str, int]  # by code, those that are not retired
    claimed: Mapping[str, int]  # by AWS account
    tag_keys: Mapping[str, str]  # by AWS account

    def claims(self, series: SeriesFacts, tags: Mapping[str, str]) -> tuple[Claim, ...]:
        """Return what tags and account say now about who pays, the strongest first."""
        account = series.told.get(RuleField.AWS_ACCOUNT, "")
        return claims_of(tags, self.tag_keys.get(account, DEFAULT_TAG_KEY), account, self.centers, self.claimed)


def get_ground() -> AllocationGround:
    """Return what decides who pays, as it is now."""
    open_centers = CostCenter.objects.filter(retired_at__isnull=True)
    rows = list(open_centers.values_list("id", "code", "aws_account_id"))
    return AllocationGround(
        versions=list_rule_versions(),
        centers={code: center for center, code, _ in rows},
        claimed={account: center for center, _, account in rows if account},
        tag_keys=dict(AwsConnection.objects.values_list("aws_account_id", "tag_key").order_by("id")),
    )


def list_rule_versions(*, but: int | None = None) -> tuple[RuleVersion, ...]:
    """Return what the rules say from when to when, by rank; a retired center gets nothing from that day on."""
    rows = AllocationRuleVersion.objects.select_related("rule", "cost_center").order_by("rule__rank", "effective_from")
    versions = (rule_version(row) for row in (rows if but is None else rows.exclude(rule_id=but)))
    return tuple(
        one
        for one in versions
        if one.effective_to is None or one.effective_from is None or one.effective_from < one.effective_to
    )


def rule_version(row: AllocationRuleVersion) -> RuleVersion:
    """Return a stored version as a value."""
    retired = row.cost_center.retired_at.date() if row.cost_center.retired_at else None
    ends = min((day for day in (row.effective_to, retired) if day is not None), default=None)
    return RuleVersion(
        rule_id=row.rule_id,
        rank=row.rule.rank,
        name=row.rule.name,
        cost_center_id=row.cost_center_id,
        conditions=conditions_of(row.conditions),
        effective_from=row.effective_from,
        effective_to=ends,
    )


def conditions_of(stored: Iterable[Mapping[str, Any]]) -> tuple[Condition, ...]:
    """Return stored conditions as values."""
    return tuple(
        Condition(
            field=RuleField(one["field"]),
            comparison=Comparison(one["comparison"]),
            values=tuple(one["values"]),
            tag_key=one["tag_key"],
        )
        for one in stored
    )


def list_series(
    basis: Basis, *, ids: Sequence[int] | None = None, after: int = 0, limit: int | None = None
) -> list[Series]:
    """Return series of one basis with their tags, by id."""
    rows: Any = (UsageSeries if basis is Basis.RATED else BilledSeries).objects.filter(id__gt=after).order_by("id")
    if ids is not None:
        rows = rows.filter(id__in=ids)
    read = _usage_series if basis is Basis.RATED else _billed_series
    return [read(row) for row in rows[:limit]]


def list_evidence(basis: Basis, ids: Sequence[int]) -> dict[int, list[SeriesEvidence]]:
    """Return what was told of each series from when to when, the oldest first."""
    return _by_series(SeriesEvidence.objects.filter(**_among(basis, ids)), basis, "told_from")


def list_assignments(basis: Basis, ids: Sequence[int]) -> dict[int, list[SeriesAssignment]]:
    """Return who pays for each series from when to when, the oldest first."""
    return _by_series(SeriesAssignment.objects.filter(**_among(basis, ids)), basis, "assigned_from")


def evidence_of(rows: Iterable[SeriesEvidence]) -> tuple[Evidence, ...]:
    """Return stored evidence as values."""
    return tuple(
        Evidence(
            start=row.told_from,
            end=row.told_to,
            tags=row.tags,
            cost_center_id=row.cost_center_id,
            origin=Origin(row.origin) if row.origin else None,
        )
        for row in rows
    )


def stretches_of(rows: Iterable[SeriesAssignment]) -> tuple[Stretch, ...]:
    """Return stored assignments as values; whatever is not ours was said by hand."""
    known = {origin.value for origin in Origin}
    return tuple(
        Stretch(
            start=row.assigned_from,
            end=row.assigned_to,
            cost_center_id=row.cost_center_id,
            origin=Origin(row.origin) if row.origin in known else Origin.HAND,
            rule_id=row.rule_id,
        )
        for row in rows
    )


def _among(basis: Basis, ids: Sequence[int]) -> dict[str, Sequence[int]]:
    return {f"{COLUMN_OF[basis]}__in": ids}


def _by_series(rows: Any, basis: Basis, start: str) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[getattr(row, COLUMN_OF[basis])].append(row)
    for held in found.values():
        held.sort(key=lambda row: getattr(row, start) or date.min)
    return found


def _usage_series(row: UsageSeries) -> Series:
    told = {
        RuleField.PROVIDER: row.provider,
        RuleField.AWS_ACCOUNT: row.aws_account_id,
        RuleField.AWS_REGION: row.aws_region,
        RuleField.MODEL: row.model_id,
        RuleField.INFERENCE_PROFILE: row.inference_profile_id,
        RuleField.PROJECT: row.project,
    }
    return SeriesFacts(id=row.pk, basis=Basis.RATED, told=told), row.tags


def _billed_series(row: BilledSeries) -> Series:
    told = {
        RuleField.PROVIDER: row.provider,
        RuleField.SERVICE: row.service,
        RuleField.AWS_ACCOUNT: row.aws_account_id,
        RuleField.AWS_REGION: row.aws_region or row.region_told,
        RuleField.MODEL: row.model_id,
        RuleField.USAGE_TYPE: row.usage_type,
        RuleField.HEADING: row.heading,
        RuleField.PRINCIPAL: row.principal_arn,
    }
    return SeriesFacts(id=row.pk, basis=Basis.BILLED, told=told, currency=row.currency), row.tags
