"""What scopes cost: a cost center with all that stood below it on each day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from accounts.domain.audit import SYSTEM
from accounts.operations.cost_centers import move_cost_center
from billing.domain.collection import Source, WindowState
from billing.domain.money import Money
from billing.domain.periods import DateRange, Month
from billing.domain.reconciliation import BILL_GROWS
from forecasting.domain.series import WHOLE_ORGANIZATION, Scope, ScopeKind
from forecasting.queries.budgets import find_budget_status, find_driver
from forecasting.queries.scopes import get_scope_costs, list_scope_months
from tests.cast import NOW, Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.billing import make_billed, make_window
from tests.factories.forecasting import make_budget, make_data_until, make_series, make_spend

OCTOBER, NOVEMBER = Month(2026, 10), Month(2026, 11)


def at(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 3, tzinfo=UTC)


def make_history() -> tuple[Scope, Scope, int]:
    """Search costs 10 in October, 1 on the 2nd and 4 on the 8th of November.

    Engineering costs 100 by itself on the 2nd; Search stands below it, with Ranking, which costs 0.5 on both days.
    """
    engineering = make_cost_center(code="engineering")
    search = make_cost_center(code="search", parent=engineering)
    ranking = make_cost_center(code="ranking", parent=search)
    make_spend({at(10, 5): 10, at(11, 2): 1, at(11, 8): 4}, series=make_series(cost_center=search))
    make_spend({at(11, 2): "0.5", at(11, 8): "0.5"}, series=make_series(cost_center=ranking))
    make_spend({at(11, 2): 100}, series=make_series(cost_center=engineering))
    make_data_until(NOW)
    return (
        Scope(ScopeKind.COST_CENTER, str(engineering.pk)),
        Scope(ScopeKind.COST_CENTER, str(search.pk)),
        search.pk,
    )


def costs_of(scope: Scope) -> dict[date, Decimal]:
    costs = get_scope_costs(
        [ScopeKind.COST_CENTER],
        days=DateRange(date(2026, 10, 1), date(2026, 11, 11)),
        unpriced_since=datetime(2026, 10, 31, 15, tzinfo=UTC),
        time_zone="Asia/Tokyo",
    )
    return {day.date: day.cost_usd for day in costs.days[scope]}


def test_a_center_costs_what_stands_below_it_until_it_moves_away(cast: Cast) -> None:
    with inside(cast.acme):
        engineering, search, search_id = make_history()
        before = costs_of(engineering)
        move_cost_center(actor=SYSTEM, cost_center_id=search_id, parent_id=None, from_date=date(2026, 11, 5), now=NOW)

        assert before == {
            date(2026, 10, 5): Decimal(10),
            date(2026, 11, 2): Decimal("101.5"),
            date(2026, 11, 8): Decimal("4.5"),
        }
        assert costs_of(engineering) == {date(2026, 10, 5): Decimal(10), date(2026, 11, 2): Decimal("101.5")}
        assert sum(costs_of(search).values()) == Decimal(16)


def test_months_are_counted_by_where_the_centers_stood(cast: Cast) -> None:
    with inside(cast.acme):
        engineering, search, search_id = make_history()
        move_cost_center(actor=SYSTEM, cost_center_id=search_id, parent_id=None, from_date=date(2026, 11, 5), now=NOW)
        months = [
            dict(list_scope_months(scope, first=OCTOBER, end=NOVEMBER.next(), time_zone="Asia/Tokyo"))
            for scope in (engineering, search, WHOLE_ORGANIZATION)
        ]

    assert months == [
        {OCTOBER: Decimal(10), NOVEMBER: Decimal("101.5")},
        {OCTOBER: Decimal(10), NOVEMBER: Decimal(6)},
        {OCTOBER: Decimal(10), NOVEMBER: Decimal(106)},
    ]


def test_a_budget_of_a_center_counts_what_stands_below_it(cast: Cast) -> None:
    with inside(cast.acme):
        engineering, _search, search_id = make_history()
        budget = make_budget(scope_kind=engineering.kind, scope_key=engineering.key)
        spent = find_budget_status(budget_id=budget.pk, as_of=NOW)
        move_cost_center(actor=SYSTEM, cost_center_id=search_id, parent_id=None, from_date=date(2026, 11, 5), now=NOW)
        after = find_budget_status(budget_id=budget.pk, as_of=NOW)
        assert spent is not None
        assert after is not None
        driver = find_driver(after)

    assert spent.spent == Money(Decimal(106), "USD")
    assert after.spent == Money(Decimal("101.5"), "USD")
    assert driver is not None
    assert (driver.cost_center, round(driver.share, 6)) == ("Engineering", Decimal("0.985222"))


def test_a_budget_on_the_bill_has_billed_days_and_estimates_the_rest(cast: Cast) -> None:
    with inside(cast.acme):
        make_spend({at(11, 2): 10, at(11, 9): 5})
        connection = make_data_until(NOW)
        make_window(
            connection,
            source=Source.COST_EXPLORER,
            start=datetime(2026, 11, 1, tzinfo=UTC),
            end=NOW.replace(hour=0),
            state=WindowState.DONE,
        )
        make_billed(connection, {date(2026, 11, 2): "9.50", date(2026, 11, 9): "1"})
        found = find_budget_status(budget_id=make_budget(basis="billed_completed").pk, as_of=NOW)
        usual = find_budget_status(budget_id=make_budget().pk, as_of=NOW)
    assert found is not None
    assert usual is not None
    assert usual.spent == Money(Decimal(15), "USD")
    assert usual.billed_until is None
    # The bill of the last two days is still growing: these are estimated.
    assert found.billed_until == (NOW - BILL_GROWS).date()
    assert found.spent == Money(Decimal("14.50"), "USD")
