"""Groups of the bill become records: account, service and usage type of each, exact, and every unit kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing.domain.collection import CostQuery, plan_cost_queries
from billing.domain.parsing.cost_explorer import CostLine, RejectedBillLine, parse
from billing.domain.periods import DateRange
from billing.domain.records import BilledRecord

ACCOUNT = "111111111111"
SERVICE = "Claude Sonnet 4.5 (Amazon Bedrock Edition)"
USAGE_TYPE = "USE1-MP:USE1_InputTokenCount-Units"
OCTOBER = DateRange(date(2026, 10, 1), date(2026, 11, 1))
(BY_ACCOUNT,) = plan_cost_queries([SERVICE, "Amazon Bedrock"], [ACCOUNT])
(BY_SERVICE,) = plan_cost_queries([SERVICE], [ACCOUNT, "222222222222"])
METRICS = {
    "UnblendedCost": ("12.3456789012", "USD"),
    "NetUnblendedCost": ("9.25", "USD"),
    "AmortizedCost": ("12.3456789012", "USD"),
    "UsageQuantity": ("4.115226", "N/A"),
}


def line(
    query: CostQuery = BY_ACCOUNT,
    keys: tuple[str, ...] = (SERVICE, USAGE_TYPE),
    metrics: Mapping[str, tuple[str, str]] = METRICS,
) -> CostLine:
    return CostLine(query=query, day=date(2026, 10, 3), keys=keys, metrics=metrics, estimated=True)


RECORD = BilledRecord(
    aws_account_id=ACCOUNT,
    service=SERVICE,
    usage_type=USAGE_TYPE,
    date=date(2026, 10, 3),
    unblended=Decimal("12.3456789012"),
    net_unblended=Decimal("9.25"),
    amortized=Decimal("12.3456789012"),
    quantity=Decimal("4.115226"),
    unit="N/A",
    currency="USD",
    estimated=True,
)


@pytest.mark.parametrize(
    "group", [line(), line(BY_SERVICE, (ACCOUNT, USAGE_TYPE))], ids=["account by account", "service by service"]
)
def test_either_way_of_asking_tells_account_service_and_usage_type(group: CostLine) -> None:
    assert parse([group], days=OCTOBER) == ((RECORD,), ())


def test_credits_are_below_zero_and_unknown_usage_types_and_units_are_kept() -> None:
    metrics = {**METRICS, "NetUnblendedCost": ("-3E-10", "USD"), "UsageQuantity": ("1", "Furlongs")}
    (record,), rejected = parse([line(keys=(SERVICE, "never seen before"), metrics=metrics)], days=OCTOBER)
    assert rejected == ()
    assert record.net_unblended == Decimal("-3E-10")
    assert (record.usage_type, record.unit) == ("never seen before", "Furlongs")


@pytest.mark.parametrize(
    ("group", "reason"),
    [
        (line(keys=(SERVICE,)), RejectedBillLine.WRONG_KEYS),
        (replace(line(), day=date(2026, 11, 1)), RejectedBillLine.OUTSIDE_WINDOW),
        (line(metrics={"UnblendedCost": ("1", "USD")}), RejectedBillLine.METRIC_MISSING),
        (line(metrics={**METRICS, "AmortizedCost": ("", "USD")}), RejectedBillLine.NOT_A_NUMBER),
        (line(metrics={**METRICS, "AmortizedCost": ("NaN", "USD")}), RejectedBillLine.NOT_A_NUMBER),
        (line(metrics={**METRICS, "AmortizedCost": ("1", "EUR")}), RejectedBillLine.CURRENCIES_DISAGREE),
    ],
)
def test_a_line_that_is_wrong_is_told_and_the_others_go_on(group: CostLine, reason: RejectedBillLine) -> None:
    records, (rejected,) = parse([group, line()], days=OCTOBER)
    assert records == (RECORD,)
    assert rejected.reason == reason
    assert rejected.raw.startswith(str(group.day))


def test_a_line_that_comes_twice_is_billed_once() -> None:
    records, (rejected,) = parse([line(), line(BY_SERVICE, (ACCOUNT, USAGE_TYPE))], days=OCTOBER)
    assert records == (RECORD,)
    assert rejected.reason == RejectedBillLine.TOLD_TWICE
