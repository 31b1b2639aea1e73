"""The sandbox's own price cut, worked out from what the sandbox says of itself, and held against what we found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from accounts.tenancy.context import tenant_transaction
from billing.domain.announcements import AnnouncementEntry, NotReceived, Scope
from billing.domain.price_cuts import Standing
from billing.domain.price_events import EventKind
from billing.operations.price_events import find_price_events
from billing.queries.announcements import EvidenceRow, list_announcement_evidence, measure
from billing.queries.price_events import list_price_events
from billing.sandbox.control import Control
from tests.servers import SANDBOX_NOW

MODEL = "claude-sonnet-4-5"
STRETCH, WHOLE_DAYS = timedelta(days=30), timedelta(days=35)
HUNDRED = Decimal(100)


def check_the_cut(sandbox: Control) -> None:
    """It is found on its first day and nothing else is; what it came to, and where the rest is left, is exact.

    The organization has entered no price of its own: all of it is read off the bill.
    """
    (private,) = sandbox.prices()["private"]
    first_day, factor = date.fromisoformat(private["effective_from"][:10]), Decimal(private["factor"])
    assert (private["model"], private["routing"], factor) == (MODEL, "global", Decimal("0.75"))
    told = sandbox.truth()["rows"]

    with tenant_transaction():
        find_price_events(now=SANDBOX_NOW)
        moves = [event.move for event in list_price_events(kind=EventKind.OBSERVED)]
    assert {(move.first_day, move.change_percent) for move in moves} == {(first_day, Decimal(-25))}
    assert {(move.key.aws_region, move.key.token_class) for move in moves} == {
        (row["region"], token_class)
        for row in told
        if _is_cut(row)
        for token_class in ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
        if row["tokens"].get(token_class)
    }
    assert {move.key[:4:2] for move in moves} == {(MODEL, "GLOBAL")}

    ends = first_day + WHOLE_DAYS
    bill = [row for row in sandbox.bill() if row["bedrock"]]
    before = _costs(bill, told, first_day - STRETCH, first_day)
    since = _costs(bill, told, first_day, ends)
    spend, share = sum(before.values(), Decimal(0)), (1 - factor)
    value = since["cut"] / factor - since["cut"]

    entry = AnnouncementEntry(
        title="",
        scope=Scope(model_ids=(MODEL,), routing_class="GLOBAL"),
        percent=share * HUNDRED,
        first_day=first_day,
        ends=ends,
    )
    with tenant_transaction():
        cut = measure(entry)
        rows: list[EvidenceRow] = []
        after: str | None = None
        while not rows or after:
            page = list_announcement_evidence(cut, after=after)
            rows, after = [*rows, *page.rows], page.next
    outcome = cut.outcome
    assert outcome.standing is Standing.MEASURED
    assert outcome.eligible_share == round(before["cut"] / spend, 10)
    assert outcome.realised_percent == round(share * HUNDRED * before["cut"] / spend, 10)
    assert outcome.value_to_date == value
    assert {part.reason: part.money for part in outcome.not_received} == {
        NotReceived.OTHER_MODEL: share * since["other"],
        NotReceived.ROUTING: share * since["routing"],
        NotReceived.NOT_TOKENS: share * since["no tokens"],
        NotReceived.UNRECOGNIZED: share * since["unknown"],
    }
    assert outcome.announced_to_date == value + sum(part.money for part in outcome.not_received)
    assert sum(part.points for part in outcome.not_received) == entry.percent - outcome.realised_percent
    # The rows behind it are the bill, and add up to the same.
    assert sum(row.received for row in rows) == value
    assert sum(row.bill.cost for row in rows) == sum(since.values())


def _costs(
    bill: Iterable[dict[str, Any]], told: Iterable[dict[str, Any]], start: date, end: date
) -> dict[str, Decimal]:
    """What was billed: for what the cut is of, for its model at another routing, for other models, for what nobody knows, for no tokens."""
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for row in bill:
        if start <= date.fromisoformat(row["date"]) < end:
            costs[_kind(row["usage_type"])] += Decimal(row["cost"])
    for row in told:
        if row["model"] == MODEL and start <= date.fromisoformat(row["period"]) < end:
            name = "cut" if _is_cut(row) else "routing"
            costs[name] += Decimal(row["cost_billed"])
            costs["other"] -= Decimal(row["cost_billed"])
    return costs


def _kind(usage_type: str) -> str:
    if "Zephyr" in usage_type or "QuantumLeap" in usage_type:
        return "unknown"
    is_reserved = "per-minute" in usage_type or "TPM" in usage_type
    return "other" if "Canvas" in usage_type or ("oken" in usage_type and not is_reserved) else "no tokens"


def _is_cut(row: dict[str, Any]) -> bool:
    return bool(row["model"] == MODEL and row["routing"] == "global")
