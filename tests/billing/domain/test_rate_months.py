"""Months in another currency: entered, missing, or told at an older rate."""

from __future__ import annotations

from decimal import Decimal

from billing.domain.exchange_rates import ExchangeRate
from billing.domain.money import Money
from billing.domain.periods import Month
from billing.domain.rate_months import changed_months, rate_months

AUGUST, SEPTEMBER, OCTOBER = Month(2026, 8), Month(2026, 9), Month(2026, 10)
SPENT = {AUGUST: Decimal(10), SEPTEMBER: Decimal(20), OCTOBER: Decimal(30)}


def yen(month: Month, units: str) -> ExchangeRate:
    return ExchangeRate(month=month, currency="JPY", units_per_usd=Decimal(units))


def test_a_gap_is_a_month_with_spend_and_without_a_rate_of_its_own() -> None:
    grid = rate_months([yen(SEPTEMBER, "150")], ["JPY"], [OCTOBER, SEPTEMBER, AUGUST, Month(2026, 7)], SPENT)
    cells = [row.cells[0] for row in grid]
    assert [cell.is_entered for cell in cells] == [False, True, False, False]
    assert [cell.is_missed for cell in cells] == [True, False, True, False]
    assert cells[0].in_force is not None
    assert cells[0].in_force.month == SEPTEMBER
    assert cells[2].in_force is None
    assert [row.spent_usd for row in grid] == [30, 20, 10, None]


def test_a_rate_changes_its_month_and_those_after_it_that_have_none() -> None:
    changed = changed_months([yen(AUGUST, "140")], yen(SEPTEMBER, "150"), SPENT)
    assert [(one.month, one.before, one.after) for one in changed] == [
        (SEPTEMBER, Money(Decimal(2800), "JPY"), Money(Decimal(3000), "JPY")),
        (OCTOBER, Money(Decimal(4200), "JPY"), Money(Decimal(4500), "JPY")),
    ]
    (only,) = changed_months([yen(OCTOBER, "160")], yen(SEPTEMBER, "150"), SPENT)
    assert (only.month, only.before) == (SEPTEMBER, None)
    assert changed_months([yen(OCTOBER, "160")], yen(OCTOBER, "160"), SPENT) == ()
    (again,) = changed_months([yen(OCTOBER, "160")], yen(OCTOBER, "100"), SPENT)
    assert (again.before, again.after) == (Money(Decimal(4800), "JPY"), Money(Decimal(3000), "JPY"))
