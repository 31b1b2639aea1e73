"""Fetches services, accounts and daily costs from Cost Explorer: all pages by hand, at most one call a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from billing.adapters.aws.errors import aws_errors
from billing.adapters.aws.sessions import Role, client
from billing.domain.connections import Charge

# Cost Explorer lives in one region for the whole partition.
HOME_REGION = "us-east-1"
# AWS publishes no rate; one call a second per account was never throttled.
SECONDS_BETWEEN_CALLS = 1.0
# Every metric of one request costs the same cent.
METRICS = ("UnblendedCost", "NetUnblendedCost", "AmortizedCost", "UsageQuantity")
# At most 100 values in a filter (API reference).
VALUES_PER_FILTER = 100
GET_COST_AND_USAGE = "ce:GetCostAndUsage"
GET_DIMENSION_VALUES = "ce:GetDimensionValues"
SERVICE, USAGE_TYPE, LINKED_ACCOUNT = "SERVICE", "USAGE_TYPE", "LINKED_ACCOUNT"


@dataclass(frozen=True, slots=True, kw_only=True)
class CostGroup:
    """One group of one day: `keys` in the order of the request's groups, `metrics` as name to (amount, unit) texts."""

    day: date
    keys: tuple[str, ...]
    metrics: Mapping[str, tuple[str, str]]
    estimated: bool


class _Pace:
    """Keeps calls with one role apart; AWS counts per account."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}

    def wait(self, role: Role) -> None:
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next.get(role.role_arn, now))
            self._next[role.role_arn] = turn + SECONDS_BETWEEN_CALLS
        time.sleep(turn - now)


PACE = _Pace()


def list_values(role: Role, dimension: str, start: date, end: date, *, charge: Charge) -> tuple[str, ...]:
    """Return the values that a dimension has in a range of days."""
    request: dict[str, Any] = {"TimePeriod": _period(start, end), "Dimension": dimension}
    found: list[str] = []
    for page in _pages(role, "get_dimension_values", GET_DIMENSION_VALUES, request, charge):
        found.extend(item["Value"] for item in page["DimensionValues"])
    return tuple(dict.fromkeys(found))


def fetch_daily_costs(
    role: Role,
    start: date,
    end: date,
    *,
    group_by: Sequence[str],
    only: Mapping[str, Sequence[str]],
    charge: Charge,
) -> Iterator[tuple[CostGroup, ...]]:
    """Yield a range of days grouped by at most two dimensions, page by page, restricted to some dimensions' values."""
    request: dict[str, Any] = {
        "TimePeriod": _period(start, end),
        "Granularity": "DAILY",
        "Metrics": list(METRICS),
        "GroupBy": [{"Type": "DIMENSION", "Key": key} for key in group_by],
        "Filter": _filter(only),
    }
    for page in _pages(role, "get_cost_and_usage", GET_COST_AND_USAGE, request, charge):
        yield tuple(group for result in page["ResultsByTime"] for group in _groups(result))


def list_attribute_groups(
    role: Role, start: date, end: date, attribute: str, *, charge: Charge
) -> tuple[tuple[str, str], ...]:
    """Return usage types with the value of a product attribute, as `Key$value`, where they have one.

    The attributes are Bedrock's alone, so no service has to be named: what has none is left out by the filter.
    """
    request: dict[str, Any] = {
        "TimePeriod": _period(start, end),
        "Granularity": "MONTHLY",
        "Metrics": ["UnblendedCost"],
        "GroupBy": [{"Type": "DIMENSION", "Key": USAGE_TYPE}, {"Type": "PRODUCT_ATTRIBUTE", "Key": attribute}],
        "Filter": {"Not": {"ProductAttributes": {"Key": attribute, "MatchOptions": ["ABSENT"]}}},
    }
    found: dict[tuple[str, str], None] = {}
    for page in _pages(role, "get_cost_and_usage", GET_COST_AND_USAGE, request, charge):
        for result in page["ResultsByTime"]:
            found.update(dict.fromkeys((group["Keys"][0], group["Keys"][1]) for group in result.get("Groups", [])))
    return tuple(found)


def _pages(role: Role, method: str, action: str, request: dict[str, Any], charge: Charge) -> Iterator[dict[str, Any]]:
    # Botocore has no paginator for these calls, and between pages no other parameter may change.
    while True:
        PACE.wait(role)
        charge.cost_explorer_requests += 1  # every page is a request that costs
        with aws_errors(action):
            page = getattr(client(role, "ce", HOME_REGION), method)(**request)
        yield page
        if not page.get("NextPageToken"):
            return
        request = {**request, "NextPageToken": page["NextPageToken"]}


def _groups(result: dict[str, Any]) -> Iterator[CostGroup]:
    day = date.fromisoformat(result["TimePeriod"]["Start"][:10])
    for group in result.get("Groups", []):
        metrics = {name: (value["Amount"], value.get("Unit", "")) for name, value in group["Metrics"].items()}
        yield CostGroup(day=day, keys=tuple(group["Keys"]), metrics=metrics, estimated=bool(result["Estimated"]))


def _period(start: date, end: date) -> dict[str, str]:
    return {"Start": start.isoformat(), "End": end.isoformat()}


def _filter(only: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    terms = [{"Dimensions": {"Key": key, "Values": list(values)}} for key, values in only.items()]
    return terms[0] if len(terms) == 1 else {"And": terms}
