"""Reads one window of the bill out of Cost Explorer, and puts it in place of what was stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

from accounts.tenancy.context import tenant_transaction
from billing.adapters.aws.cost_explorer import fetch_daily_costs, list_values
from billing.domain.collection import (
    CostGrouping,
    CostQuery,
    is_ai_service,
    only_usage,
    plan_charge_queries,
    plan_cost_queries,
)
from billing.domain.connections import Charge, Purpose
from billing.domain.parsing.cost_explorer import CostLine, parse
from billing.domain.parsing.record_types import is_for_usage
from billing.domain.periods import DateRange
from billing.domain.product_attributes import Told
from billing.domain.records import BilledRecord, Noted, Rejected
from billing.domain.usage_types import BillRemark
from billing.operations.billed_series import billed_key, find_or_add_billed_series, prove_units
from billing.operations.imported_periods import yield_costs
from billing.operations.learnt_rates import mark_learning_due
from billing.operations.product_attributes import read_attributes, store_attributes
from billing.operations.rating import touched_days
from billing.operations.restatements import note_restated_bill
from billing.operations.watching import list_known_services, remember_services
from billing.operations.windows import Claim, Keeper, Stored
from billing.queries.restatements import list_whole_days
from billing.queries.usage_types import list_strange_lines
from billing.sql import ensure_months, execute, load


def read_bill(claim: Claim, charge: Charge, keeper: Keeper) -> Callable[[datetime], Stored]:
    """Ask Cost Explorer for the window's days; returns what stores them, to be called with the window's row locked."""
    days = DateRange(claim.start.date(), claim.end.date())
    lines: list[CostLine] = []
    services = _services(claim, days, charge)
    charges = [line for query in plan_charge_queries(services) for line in _fetch(claim, query, days, charge, keeper)]
    lines.extend(line for line in charges if not is_for_usage(line.keys[1]))
    for query in _plan(services, charges):
        lines.extend(_fetch(claim, query, days, charge, keeper))
    records, rejected = parse(lines, days=days)
    attributes = read_attributes(claim, charge, keeper)
    return lambda now: _store(claim, records, rejected, attributes, now)


def replace_bill(connection_id: int, days: DateRange, records: Sequence[BilledRecord], now: datetime) -> int:
    """Put bill records in place of what is stored of one payer's bill in these days; returns the rows.

    Runs inside the transaction that holds the window's row; doing it twice gives the same rows. What a disconnected
    payer's bill has kept of the same accounts and days gives way: an account that was paid by another and now pays by
    itself, or the other way round, would cost twice. Days of which this bill says nothing stay as they were kept.
    """
    told = sorted({(record.aws_account_id, record.date) for record in records})
    execute(
        "yield_kept_cost",
        connection_id=connection_id,
        first_day=days.start,
        last_day=days.end,
        accounts=[account for account, _ in told],
        days=[day for _, day in told],
    )
    ids = find_or_add_billed_series(records, connection_id, now)
    rows = (
        (
            record.date,
            ids[billed_key(record)],
            record.unblended,
            record.net_unblended,
            record.amortized,
            record.quantity,
            record.estimated,
        )
        for record in records
    )
    whole_days = list_whole_days(connection_id, tuple(days))
    if whole_days:
        ensure_months("billing_billedcostversion", whole_days)
    stored = load(
        "replace_billed_cost",
        [rows],
        connection_id=connection_id,
        first_day=days.start,
        last_day=days.end,
        whole_days=whole_days,
        replaced_at=now,
    )
    if whole_days:
        note_restated_bill(connection_id, days, now=now)
    prove_units({"connection_id": connection_id}, days)
    yield_costs(days)
    mark_learning_due()
    return stored


def _services(claim: Claim, days: DateRange, charge: Charge) -> tuple[str, ...]:
    """The services that bill Bedrock are discovered, since each model sold through the Marketplace is one.

    Looking costs as much as reading: what was found is remembered for a week, unless a series has appeared since.
    """
    is_present = claim.purpose is Purpose.PRESENT
    if is_present:
        with tenant_transaction():
            known = list_known_services(claim.connection_id, now=claim.started_at)
        if known:
            return known
    found = list_values(claim.role, CostGrouping.SERVICE, days.start, days.end, charge=charge)
    services = tuple(filter(is_ai_service, found))
    if is_present:
        with tenant_transaction():
            remember_services(claim.connection_id, services, now=claim.started_at)
    return services


def _plan(services: Sequence[str], charges: Sequence[CostLine]) -> Sequence[CostQuery]:
    """What is to be asked about usage; restricted to it only where the bill has anything else, which it seldom has."""
    accounts = sorted({line.keys[0] for line in charges})
    record_types = {line.keys[1] for line in charges}
    usage = {record_type for record_type in record_types if is_for_usage(record_type)}
    if not usage:
        return ()
    queries = plan_cost_queries(services, accounts)
    return queries if usage == record_types else [only_usage(query, usage) for query in queries]


def _fetch(claim: Claim, query: CostQuery, days: DateRange, charge: Charge, keeper: Keeper) -> list[CostLine]:
    lines: list[CostLine] = []
    only = {str(key): values for key, values in query.filters.items()}
    groups = [str(key) for key in query.group_by]
    for page in fetch_daily_costs(claim.role, days.start, days.end, charge=charge, group_by=groups, only=only):
        keeper.keep()
        lines.extend(
            CostLine(
                query=query,
                day=group.day,
                keys=group.keys,
                metrics=group.metrics,
                estimated=group.estimated,
            )
            for group in page
        )
    return lines


def _store(
    claim: Claim,
    records: Sequence[BilledRecord],
    rejected: Sequence[Rejected],
    attributes: Mapping[str, Told] | None,
    now: datetime,
) -> Stored:
    ensure_months("billing_billedcost", _months(claim))
    days = DateRange(claim.start.date(), claim.end.date())
    rows = replace_bill(claim.connection_id, days, records, now)
    store_attributes(claim.connection_id, attributes, now)
    return Stored(rows=rows, rejected=rejected, notes=_notes(claim.connection_id))


def _notes(connection_id: int) -> list[Noted]:
    """What the operator should know of the bill's lines, though their cost counts like any other's."""
    return [
        Noted(
            reason=BillRemark.UNIT_CONTRADICTED if is_recognized else BillRemark.USAGE_TYPE_UNRECOGNIZED,
            raw=f"{service} | {usage_type}",
        )
        for service, usage_type, is_recognized in list_strange_lines(connection_id)
    ]


def _months(claim: Claim) -> list[date]:
    return touched_days(claim.start, claim.end)
