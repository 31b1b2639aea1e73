"""Spend by scope: the whole, its parts, what nobody owns, and readings that do not fit together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from accounts.queries.cost_centers import get_tree
from billing.domain.dimensions import Dimension
from billing.queries.costs import DailySpend, list_daily_spend
from forecasting.domain.series import WHOLE_ORGANIZATION, Scope, ScopeKind
from forecasting.queries import series as series_queries
from forecasting.queries.series import SpendKeepsMoving, list_scope_spend
from tests.cast import Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.forecasting import make_series, make_spend

START, END = date(2026, 11, 1), date(2026, 11, 11)
EVENING = datetime(2026, 11, 9, 20, tzinfo=UTC)  # the 10th in Tokyo
Read = Callable[..., tuple[DailySpend, ...]]


def test_spend_is_read_by_scope_in_the_organizations_days(cast: Cast) -> None:
    with inside(cast.acme):
        search = make_cost_center(code="search")
        retired = make_cost_center(code="old", parent=search, retired_at=EVENING)
        make_spend({EVENING: "1.5"}, series=make_series(model_id="nova-pro", cost_center=search))
        make_spend({EVENING: 2}, series=make_series(model_id="nova-pro", cost_center=retired))
        make_spend({EVENING: 4, EVENING.replace(day=8): 8}, series=make_series(model_id=""))

        spend = list_scope_spend(start=START, end=END, time_zone="Asia/Tokyo", tree=get_tree())

    ninth, tenth = date(2026, 11, 9), date(2026, 11, 10)
    assert [(one.scope, one.days) for one in spend] == [
        (WHOLE_ORGANIZATION, {ninth: Decimal(8), tenth: Decimal("7.5")}),
        (Scope(ScopeKind.COST_CENTER, ""), {ninth: Decimal(8), tenth: Decimal(4)}),
        *sorted(
            [
                (Scope(ScopeKind.COST_CENTER, str(search.pk)), {tenth: Decimal("3.5")}),
                (Scope(ScopeKind.COST_CENTER, str(retired.pk)), {tenth: Decimal(2)}),
            ]
        ),
        (Scope(ScopeKind.COST_CENTER_OWN, ""), {ninth: Decimal(8), tenth: Decimal(4)}),
        *sorted(
            [
                (Scope(ScopeKind.COST_CENTER_OWN, str(search.pk)), {tenth: Decimal("1.5")}),
                (Scope(ScopeKind.COST_CENTER_OWN, str(retired.pk)), {tenth: Decimal(2)}),
            ]
        ),
        (Scope(ScopeKind.MODEL, ""), {ninth: Decimal(8), tenth: Decimal(4)}),
        (Scope(ScopeKind.MODEL, "nova-pro"), {tenth: Decimal("3.5")}),
    ]


def test_where_nothing_was_spent_there_is_no_scope(cast: Cast) -> None:
    with inside(cast.acme):
        assert list_scope_spend(start=START, end=END, time_zone="UTC", tree=get_tree()) == ()


def test_a_window_stored_between_two_readings_makes_it_read_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    with inside(cast.acme):
        make_spend({EVENING: 4})
        calls = moving(monkeypatch, times=2)

        spend = list_scope_spend(start=START, end=END, time_zone="UTC", tree=get_tree())

    assert calls == [Dimension.MODEL, Dimension.COST_CENTER] * 3
    assert {one.days[date(2026, 11, 9)] for one in spend} == {Decimal(4)}


def test_readings_that_never_fit_together_are_an_error(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    with inside(cast.acme):
        make_spend({EVENING: 4})
        moving(monkeypatch, times=99)

        with pytest.raises(SpendKeepsMoving):
            list_scope_spend(start=START, end=END, time_zone="UTC", tree=get_tree())


def moving(monkeypatch: pytest.MonkeyPatch, *, times: int) -> list[Dimension]:
    """Let the first readings by cost center see a dollar more than those by model."""
    calls: list[Dimension] = []

    def read(*, by: Dimension, **question: Any) -> tuple[DailySpend, ...]:
        calls.append(by)
        rows = list_daily_spend(by=by, **question)
        if by is Dimension.COST_CENTER and calls.count(by) <= times:
            return tuple(DailySpend(date=row.date, key=row.key, cost=row.cost + 1) for row in rows)
        return rows

    monkeypatch.setattr(series_queries, "list_daily_spend", read)
    return calls
