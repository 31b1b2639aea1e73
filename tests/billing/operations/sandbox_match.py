"""The match of the sandbox's usage with its bill, held against what the sandbox says of itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from accounts.domain.audit import SYSTEM
from accounts.tenancy.context import tenant_transaction
from billing.domain.collection import Source, WindowState
from billing.domain.dimensions import Basis
from billing.domain.money import ZERO
from billing.domain.periods import DAY, Month, utc_day_start
from billing.domain.reconciliation import Reason, Sums, add_up
from billing.models import CollectionWindow
from billing.operations.reconciliation import reconcile_due_days, set_tolerance
from billing.queries.reconciliation import MatchedDays, get_reconciliation
from billing.queries.restatements import count_versions, list_restatements
from billing.sandbox.control import Control
from tests.billing.operations.conftest import Ticking, collect_all
from tests.servers import SANDBOX_NOW

TODAY = SANDBOX_NOW.date()
START = TODAY - 130 * DAY
MONTH = Month.of(TODAY)
RESTATED, LATE, CREDITED = (date(2026, 11, day) for day in (5, 6, 7))
LINE = {"service": "Amazon Bedrock", "usage_type": "USE1-NovaPro-input-tokens"}
CHARGES = (("Credit", "-100"), ("Refund", "-7.25"), ("Tax", "3.005"))


def check_the_match(sandbox: Control, clock: Ticking) -> None:
    """Every cent of every closed day has its reason, whatever happens to the bill; the match comes to the bill.

    Rated at list prices: a price cut, usage whose profile is deleted, both spellings of the cache metrics, cache writes kept
    for an hour, batch, guardrails and usage types that nobody knows; then a line restated, one billed late, a credit, a
    refund and tax; then all of that taken back.
    """
    with tenant_transaction():
        set_tolerance(actor=SYSTEM, absolute_usd=ZERO, percent=ZERO, now=clock())  # nothing passes for rounding
    first = _matched(sandbox)
    closed = {day.date for day in first.days if day.is_closed}
    _check_reasons(add_up(day.sums for day in first.days if day.is_closed), sandbox.truth(), closed)
    cost = _cost_of(sandbox, RESTATED), _cost_of(sandbox, LATE)
    try:
        sandbox.restate(RESTATED, **LINE, factor="1.1")
        sandbox.restate(LATE, **LINE, factor="0.5", quantity_factor="0.5")
        for record_type, amount in CHARGES:
            sandbox.charge(CREDITED, service="Amazon Bedrock", record_type=record_type, amount=amount)
        _read_bill_again(clock)
        changed = _matched(sandbox)
        added = cost[0] / 10, -cost[1] / 2, sum((Decimal(amount) for _, amount in CHARGES), ZERO)
        assert changed.whole.billed == first.whole.billed + sum(added)
        assert changed.whole.explained[Reason.CREDIT_REFUND_TAX] == added[2]
        assert changed.whole.explained[Reason.RESTATED] == added[0] + added[1]
    finally:
        sandbox.forget_changes()
    told = _restatements()
    assert [(one[0], one[2] - one[1]) for one in told] == list(zip((RESTATED, LATE, CREDITED), added, strict=True))
    _read_bill_again(clock)
    assert _matched(sandbox).whole == first.whole
    with tenant_transaction():
        assert count_versions(MONTH.start, MONTH.end) == {RESTATED: 3, LATE: 3, CREDITED: 3}
    # Stored, it is the same.
    reconcile_due_days(now=clock(), limit=1000)
    assert _matched(sandbox).whole == first.whole


def _matched(sandbox: Control) -> MatchedDays:
    with tenant_transaction():
        found = get_reconciliation(START, TODAY)
    assert found.whole.unexplained == 0
    assert found.whole.billed == _sum(sandbox.bill(), "cost", lambda row: row["bedrock"] and row["date"] < str(TODAY))
    return found


def _check_reasons(sums: Sums, truth: dict[str, Any], days: set[date]) -> None:
    """What the sandbox knows of each reason, on the days that are closed."""
    rows = [row for row in truth["rows"] if date.fromisoformat(row["period"]) in days]
    seen = [row for row in rows if row["namespace"]]
    lost = [row for row in truth["orphaned"] if date.fromisoformat(row["period"]) in days]
    assert sums.rated == _sum(seen, "cost_visible_list")
    assert sums.explained[Reason.UNPRICED] == _sum(lost, "cost_billed")
    assert sums.explained[Reason.PRICE_DIFFERS] < 0 < sums.explained[Reason.CACHE_LIFETIME]
    assert sums.explained[Reason.PRICE_DIFFERS] + sums.explained[Reason.CACHE_LIFETIME] == _sum(
        seen, "cost_billed"
    ) - _sum(seen, "cost_visible_list")
    assert sums.explained[Reason.BATCH] >= _sum(rows, "cost_billed", lambda row: not row["namespace"]) > 0
    assert sums.explained[Reason.NOT_TOKEN_BASED] > 0
    assert Reason.LATE not in sums.explained


def _cost_of(sandbox: Control, day: date) -> Decimal:
    return _sum(sandbox.bill(day, day + DAY), "cost", lambda row: row["usage_type"] == LINE["usage_type"])


def _restatements() -> list[tuple[date, Decimal, Decimal]]:
    with tenant_transaction():
        return [(one.date, one.before, one.after) for one in list_restatements(START, TODAY, basis=Basis.BILLED)]


def _read_bill_again(clock: Ticking) -> None:
    clock.pass_time(seconds=5)
    with tenant_transaction():
        CollectionWindow.objects.filter(source=Source.COST_EXPLORER, window_start=utc_day_start(MONTH.start)).update(
            state=WindowState.DUE, next_attempt_at=clock()
        )
    collect_all(clock)


def _always(_row: dict[str, Any]) -> bool:
    return True


def _sum(rows: list[dict[str, Any]], name: str, wanted: Callable[[dict[str, Any]], bool] = _always) -> Decimal:
    return sum((Decimal(row[name]) for row in rows if wanted(row)), ZERO)
