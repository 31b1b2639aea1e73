"""Cost Explorer groups to billed records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from billing.domain.collection import CostGrouping, CostQuery
from billing.domain.dimensions import ChargeCategory
from billing.domain.parsing.record_types import category_of
from billing.domain.periods import DateRange
from billing.domain.records import BilledRecord, Rejected

UNBLENDED, NET_UNBLENDED, AMORTIZED = "UnblendedCost", "NetUnblendedCost", "AmortizedCost"
QUANTITY = "UsageQuantity"
# Several metrics in one request cost nothing extra.
COST_METRICS = (UNBLENDED, NET_UNBLENDED, AMORTIZED, QUANTITY)


class RejectedBillLine(StrEnum):
    """What is wrong with a group."""

    WRONG_KEYS = "WRONG_KEYS"
    OUTSIDE_WINDOW = "OUTSIDE_WINDOW"
    METRIC_MISSING = "METRIC_MISSING"
    NOT_A_NUMBER = "NOT_A_NUMBER"
    CURRENCIES_DISAGREE = "CURRENCIES_DISAGREE"
    TOLD_TWICE = "TOLD_TWICE"


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """One group of one day as GetCostAndUsage returned it: amounts are still text, as AWS sends them."""

    query: CostQuery
    day: date
    keys: tuple[str, ...]
    metrics: Mapping[str, tuple[str, str]]  # name -> (Amount, Unit)
    estimated: bool


class _Fault(Exception):
    def __init__(self, reason: RejectedBillLine) -> None:
        super().__init__(reason)
        self.reason = reason


def parse(lines: Iterable[CostLine], *, days: DateRange) -> tuple[tuple[BilledRecord, ...], tuple[Rejected, ...]]:
    """Turn groups into billed records; every usage type, unit and service is kept, recognised or not.

    A line that is wrong is rejected with its reason and the others go on. A line that comes twice is taken once: two
    queries that overlap must not double the bill.
    """
    records: dict[tuple[str, ...], BilledRecord] = {}
    rejected: list[Rejected] = []
    for line in lines:
        try:
            record = _record(line, days)
        except _Fault as fault:
            rejected.append(Rejected(reason=fault.reason, raw=_raw(line)))
            continue
        place = (record.aws_account_id, record.service, record.usage_type, record.charge_category.value)
        key = (*place, record.date.isoformat())
        if records.setdefault(key, record) is not record:
            rejected.append(Rejected(reason=RejectedBillLine.TOLD_TWICE, raw=_raw(line)))
    return tuple(records.values()), tuple(rejected)


def _record(line: CostLine, days: DateRange) -> BilledRecord:
    if line.day not in days:
        raise _Fault(RejectedBillLine.OUTSIDE_WINDOW)
    names = _names(line)
    record_type = names.get(CostGrouping.RECORD_TYPE) if CostGrouping.RECORD_TYPE in line.query.group_by else None
    amounts = {metric: _decimal(line, metric) for metric in COST_METRICS}
    return BilledRecord(
        aws_account_id=names[CostGrouping.LINKED_ACCOUNT],
        # A charge for no usage is asked for over all services: it has the name of its kind in place of a usage type.
        service=names.get(CostGrouping.SERVICE, ""),
        usage_type=names[CostGrouping.USAGE_TYPE] if record_type is None else record_type,
        date=line.day,
        unblended=amounts[UNBLENDED],
        net_unblended=amounts[NET_UNBLENDED],
        amortized=amounts[AMORTIZED],
        quantity=amounts[QUANTITY],
        unit=line.metrics[QUANTITY][1],
        currency=_currency(line),
        estimated=line.estimated,
        charge_category=ChargeCategory.USAGE if record_type is None else category_of(record_type),
    )


def _names(line: CostLine) -> dict[CostGrouping, str]:
    """Account, service and usage type: two come from the group's keys and the third from the query's filter."""
    if len(line.keys) != len(line.query.group_by):
        raise _Fault(RejectedBillLine.WRONG_KEYS)
    names = dict(zip(line.query.group_by, line.keys, strict=True))
    for grouping, values in line.query.filters.items():
        if len(values) == 1:
            names.setdefault(grouping, values[0])
    return names


def _decimal(line: CostLine, metric: str) -> Decimal:
    if metric not in line.metrics:
        raise _Fault(RejectedBillLine.METRIC_MISSING)
    try:
        number = Decimal(line.metrics[metric][0])
    except InvalidOperation:
        raise _Fault(RejectedBillLine.NOT_A_NUMBER) from None
    if not number.is_finite():
        raise _Fault(RejectedBillLine.NOT_A_NUMBER)
    return number


def _currency(line: CostLine) -> str:
    currencies = {line.metrics[metric][1] for metric in (UNBLENDED, NET_UNBLENDED, AMORTIZED)}
    if len(currencies) != 1:
        raise _Fault(RejectedBillLine.CURRENCIES_DISAGREE)
    return currencies.pop()


def _raw(line: CostLine) -> str:
    amounts = ", ".join(f"{name} {amount} {unit}" for name, (amount, unit) in sorted(line.metrics.items()))
    return f"{line.day} {' | '.join(line.keys)}: {amounts}"
