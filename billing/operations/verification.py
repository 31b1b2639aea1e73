"""Examines a role: can only we assume it, what does it allow, where is traffic, what will watching cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import structlog

from billing.adapters.aws import bedrock, cloudwatch, cost_explorer
from billing.adapters.aws.errors import AwsError, Denied, Refused
from billing.adapters.aws.sessions import Role, can_assume, get_home_region
from billing.domain.collection import ConnectionKind, CostGrouping, is_ai_service, plan_cost_queries
from billing.domain.connections import (
    BEDROCK_REGIONS,
    Charge,
    ConnectionFault,
    charge_usd,
    is_readable,
    polling_usd_per_month,
    wrong_external_id,
)
from billing.domain.dimensions import Namespace
from billing.domain.parsing.cloudwatch import METRICS, counted
from billing.domain.periods import DAY, HOUR, floor_hour, utc_day_start

log = structlog.get_logger()

# What the bill is looked at for when a role is tried: yesterday's services and accounts.
LOOK_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What a role turned out to be."""

    fault: ConnectionFault | None = None
    detail: str = ""
    found: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    aws_regions: tuple[str, ...] = ()
    linked_account_ids: tuple[str, ...] = ()
    polling_usd_per_month: Decimal | None = None
    bill_usd_a_day: Decimal = Decimal(0)


@dataclass(slots=True)
class _Probe:
    """Tries one call after another, and notes which actions were allowed."""

    role: Role
    found: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    charge: Charge = field(default_factory=Charge)

    def allows(self, action: str, call: Callable[[], object]) -> bool:
        """Make a call; only a clear refusal counts as missing, whatever else went wrong is raised."""
        try:
            call()
        except Denied:
            self.missing.add(action)
            return False
        except Refused:
            # AWS looked at what was asked, so that asking is allowed.
            log.info("probe_refused", action=action)
        self.found.add(action)
        return True


def examine(
    role: Role, *, kind: ConnectionKind, aws_regions: Sequence[str], now: datetime, charge: Charge | None = None
) -> Examination:
    """Try a role in every way that matters. Raises AwsError when AWS is out of reach or we have no credentials.

    The proof comes first, and without it nothing else is tried: a role that anybody could enter through us must not be
    used, whatever it allows.
    """
    fault = _prove(role)
    if fault is not None:
        return Examination(fault=fault)
    probe = _Probe(role, charge=charge or Charge())
    _probe_metrics(probe, aws_regions[0] if aws_regions else get_home_region(), now)
    _probe_inventory(probe, aws_regions[0] if aws_regions else get_home_region())
    traffic = _find_traffic(role, aws_regions) if cloudwatch.LIST_METRICS in probe.found else {}
    regions = tuple(aws_regions) or tuple(sorted(traffic))
    examination = Examination(aws_regions=regions)
    calls = 0
    if kind is ConnectionKind.PAYER:
        examination, calls = _probe_bill(probe, examination, now)
    missing = tuple(sorted(probe.missing))
    return replace(
        examination,
        found=tuple(sorted(probe.found)),
        missing=missing,
        fault=None if is_readable(kind, missing) else ConnectionFault.PERMISSION_MISSING,
        detail=", ".join(missing),
        polling_usd_per_month=polling_usd_per_month(
            metrics=sum(traffic.values()), cost_explorer_calls_per_reading=calls
        ),
        bill_usd_a_day=charge_usd(metrics=0, cost_explorer_calls=calls),
    )


def find_traffic_regions(role: Role) -> tuple[str, ...]:
    """Return the regions in which the account has counted Bedrock metrics."""
    return tuple(sorted(_find_traffic(role, ())))


def _prove(role: Role) -> ConnectionFault | None:
    assert role.external_id is not None
    if not can_assume(role):
        return ConnectionFault.ROLE_NOT_ASSUMABLE
    if can_assume(replace(role, external_id=None)):
        return ConnectionFault.ASSUMABLE_WITHOUT_EXTERNAL_ID
    if can_assume(replace(role, external_id=wrong_external_id(role.external_id))):
        return ConnectionFault.ASSUMABLE_WITH_WRONG_EXTERNAL_ID
    return None


def _probe_metrics(probe: _Probe, aws_region: str, now: datetime) -> None:
    metric = cloudwatch.Metric(namespace=Namespace.BEDROCK, name="Invocations", dimensions=(("ModelId", "none"),))
    end = floor_hour(now)
    probe.allows(cloudwatch.LIST_METRICS, lambda: cloudwatch.list_metrics(probe.role, aws_region, Namespace.BEDROCK))
    probe.allows(
        cloudwatch.GET_METRIC_DATA,
        lambda: cloudwatch.fetch_sums(probe.role, aws_region, [metric], end - HOUR, end, charge=probe.charge),
    )


def _probe_inventory(probe: _Probe, aws_region: str) -> None:
    profiles: list[bedrock.Profile] = []
    probe.allows(
        bedrock.LIST_PROFILES, lambda: profiles.extend(bedrock.list_application_profiles(probe.role, aws_region))
    )
    probe.allows(bedrock.LIST_MODELS, lambda: bedrock.list_foundation_model_ids(probe.role, aws_region))
    if profiles:  # without one there is nothing whose tags could be asked for
        probe.allows(bedrock.LIST_TAGS, lambda: bedrock.list_tags(probe.role, aws_region, profiles[0].arn))


def _probe_bill(probe: _Probe, examination: Examination, now: datetime) -> tuple[Examination, int]:
    """The bill's services and accounts, and how many calls one reading of a month takes."""
    end = utc_day_start(now).date()
    start = end - LOOK_BACK
    services: list[str] = []
    accounts: list[str] = []

    def look() -> None:
        found = cost_explorer.list_values(probe.role, CostGrouping.SERVICE, start, end, charge=probe.charge)
        services.extend(filter(is_ai_service, found))
        accounts.extend(
            cost_explorer.list_values(probe.role, CostGrouping.LINKED_ACCOUNT, start, end, charge=probe.charge)
        )

    look_ups = 2
    probe.allows(cost_explorer.GET_DIMENSION_VALUES, look)
    probe.allows(
        cost_explorer.GET_COST_AND_USAGE,
        lambda: list(
            cost_explorer.fetch_daily_costs(
                probe.role,
                end - DAY,
                end,
                group_by=[CostGrouping.SERVICE, CostGrouping.USAGE_TYPE],
                only={CostGrouping.SERVICE: services[:1] or ["Amazon Bedrock"]},
                charge=probe.charge,
            )
        ),
    )
    calls = look_ups + len(plan_cost_queries(services, accounts)) if services else look_ups
    return replace(examination, linked_account_ids=tuple(sorted(accounts))), calls


def _find_traffic(role: Role, aws_regions: Sequence[str]) -> dict[str, int]:
    """How many counted metrics each region has; a region that is switched off for the account has none."""
    traffic: dict[str, int] = {}
    for aws_region in aws_regions or BEDROCK_REGIONS:
        try:
            metrics = [
                metric
                for namespace in METRICS
                for metric in cloudwatch.list_metrics(role, aws_region, namespace)
                if counted(metric.namespace, metric.name, dict(metric.dimensions)) is not None
            ]
        except AwsError as error:
            log.info("region_not_readable", aws_region=aws_region, code=error.code)
            continue
        if metrics:
            traffic[aws_region] = len(metrics)
    return traffic
