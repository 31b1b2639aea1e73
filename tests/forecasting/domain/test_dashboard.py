"""What the first page says, as values: sentence, rows, mover, axis."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from billing.domain.dimensions import Dimension
from billing.domain.exchange_rates import RateInForce
from billing.domain.money import Money
from billing.domain.periods import Month
from forecasting.domain.budgets import (
    BudgetBasis,
    BudgetForecast,
    BudgetStatus,
    BudgetValue,
    PeriodKind,
    period_of,
)
from forecasting.domain.dashboard import (
    DayAmount,
    FindingKind,
    Landing,
    PartCost,
    break_down,
    excess_of,
    finding_kind,
    landing_of,
    largest_mover,
    month_gone,
    most_pressing,
    running_total,
    same_stretch_before,
)
from forecasting.domain.forecasts import ForecastDay, PublishedForecast
from forecasting.domain.series import WHOLE_ORGANIZATION, Scope, ScopeKind

Parts = dict[tuple[str | None, str | None], tuple[Decimal, Decimal]]

NOVEMBER = Month(2026, 11)
NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
DOLLARS = RateInForce(currency="USD", units_per_usd=Decimal(1), month=None)
YEN = RateInForce(currency="JPY", units_per_usd=Decimal(150), month=NOVEMBER)
YEN_BEFORE = RateInForce(currency="JPY", units_per_usd=Decimal(100), month=NOVEMBER.previous())


def dollars(amount: str | int) -> Money:
    return Money(Decimal(amount), "USD")


def status(
    *, spent: int, expected: int | None, amount: int = 100, budget_id: int = 1, scope: Scope = WHOLE_ORGANIZATION
) -> BudgetStatus:
    forecast = None
    if expected is not None:
        forecast = BudgetForecast(
            total=dollars(expected),
            lo_80=dollars(expected - 5),
            hi_80=dollars(expected + 5),
            share=Decimal(expected) / amount,
            over=dollars(expected - amount),
            probability_over=Decimal("0.5"),
            crossing_date=None,
            is_calibrated=True,
            method="median",
            made_at=NOW,
            data_until=NOW,
        )
    budget = BudgetValue(
        id=budget_id,
        name="All",
        scope=scope,
        scope_label="",
        amount=dollars(amount),
        basis=BudgetBasis.RATED,
        period_kind=PeriodKind.MONTH,
        owner=None,
        version=1,
        created_at=NOW,
        closed_at=None,
    )
    return BudgetStatus(
        budget=budget,
        period=period_of(PeriodKind.MONTH, NOVEMBER, "UTC"),
        rate=DOLLARS,
        as_of=NOW,
        data_until=NOW,
        spent=dollars(spent),
        spent_share=Decimal(spent) / amount,
        left=dollars(amount - spent),
        pace_a_day=None,
        allowed_a_day=dollars(0),
        lag=timedelta(0),
        worst_overshoot=None,
        exceeded_on=None,
        tokens_unpriced=0,
        days=(),
        forecast=forecast,
    )


LANDING = Landing(total=dollars(10), lo_80=dollars(8), hi_80=dollars(12), is_calibrated=True, made_at=NOW, days=())


@pytest.mark.parametrize(
    ("budget", "landing", "kind"),
    [
        (status(spent=101, expected=150), LANDING, FindingKind.EXCEEDED),
        (status(spent=100, expected=150), LANDING, FindingKind.WILL_EXCEED),
        (status(spent=50, expected=101), LANDING, FindingKind.WILL_EXCEED),
        (status(spent=50, expected=100), LANDING, FindingKind.ON_PLAN),
        (status(spent=50, expected=None), LANDING, FindingKind.LANDS),
        (status(spent=50, expected=None), None, FindingKind.SPENT),
        (None, LANDING, FindingKind.LANDS),
        (None, None, FindingKind.SPENT),
    ],
)
def test_the_worst_that_is_true_stands_on_top(
    budget: BudgetStatus | None, landing: Landing | None, kind: FindingKind
) -> None:
    assert finding_kind(budget, landing) is kind


def test_the_excess_is_the_larger_of_spent_and_expected() -> None:
    assert excess_of(status(spent=120, expected=110)) == dollars(20)
    assert excess_of(status(spent=50, expected=130)) == dollars(30)
    assert excess_of(status(spent=50, expected=100)) is None
    assert excess_of(status(spent=50, expected=None)) is None


def test_the_most_pressing_budget_is_one_of_the_whole_organization() -> None:
    part = status(spent=500, expected=900, budget_id=3, scope=Scope(ScopeKind.MODEL, "m"))
    calm, pressing = status(spent=10, expected=90, budget_id=1), status(spent=20, expected=95, budget_id=2)
    assert most_pressing([part, calm, pressing]) is pressing
    assert most_pressing([part]) is None


def test_a_month_is_gone_by_whole_days() -> None:
    assert month_gone(NOVEMBER, date(2026, 11, 10)) == Decimal("0.3")
    assert month_gone(NOVEMBER, date(2026, 12, 2)) == 1
    assert month_gone(NOVEMBER, date(2026, 10, 2)) == 0


def test_the_month_before_is_read_as_far_as_this_one() -> None:
    start, before = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    ten_days = start + timedelta(days=10)
    assert same_stretch_before(start, ten_days, (before, start)) == before + timedelta(days=10)
    assert same_stretch_before(start, start + timedelta(days=30), (before, start)) == start
    assert same_stretch_before(start, start, (before, start)) == before + timedelta(hours=1)


def test_a_landing_is_the_forecast_in_the_currency_of_the_page() -> None:
    one, two = Decimal(1), Decimal(2)
    forecast = PublishedForecast(
        scope=WHOLE_ORGANIZATION,
        month=NOVEMBER,
        made_at=NOW,
        data_until=NOW,
        method="median",
        calibrated=False,
        history_days=60,
        currency="USD",
        spent_to_date=one,
        total=two,
        lo_50=two,
        hi_50=two,
        lo_80=one,
        hi_80=Decimal(3),
        lo_95=one,
        hi_95=Decimal(4),
        days=(
            ForecastDay(
                date=date(2026, 11, 30),
                amount=one,
                running_total=two,
                lo_80=one,
                hi_80=Decimal(3),
                lo_95=one,
                hi_95=Decimal(4),
            ),
        ),
    )
    landing = landing_of(forecast, YEN)
    assert (landing.total, landing.lo_80, landing.hi_80) == tuple(Money(Decimal(n), "JPY") for n in (300, 150, 450))
    assert landing.days[0].expected == landing.total
    assert not landing.is_calibrated


def test_days_add_up() -> None:
    days = [DayAmount(date=date(2026, 11, day), cost=dollars(day)) for day in (1, 2, 3)]
    assert [day.cost for day in running_total(days, "USD")] == [dollars(1), dollars(3), dollars(6)]


def part(key: str | None, now: int, before: int = 0, unpriced: int = 0) -> PartCost:
    return PartCost(key=key, label=key or "", now=Decimal(now), before=Decimal(before), tokens_unpriced=unpriced)


def test_a_breakdown_keeps_the_largest_and_the_line_nobody_owns_and_adds_up_the_rest() -> None:
    parts = [part(name, 10 - index, 1) for index, name in enumerate("abcdefgh")] + [part(None, 1, 0, 7)]
    found = break_down(Dimension.COST_CENTER, parts, rate=YEN, rate_before=YEN_BEFORE)
    assert [row.key for row in found.rows] == ["a", "b", "c", "d", "e", None, ""]
    assert found.rows[-1].is_rest
    assert found.rows[-1].cost == Money(Decimal((5 + 4 + 3) * 150), "JPY")
    assert found.rows[-2].tokens_unpriced == 7
    assert sum((row.cost.amount for row in found.rows), Decimal(0)) == found.total.amount
    assert found.before == Money(Decimal(8 * 100), "JPY")
    assert found.change == found.total - found.before
    assert found.rows[0].change == Money(Decimal(10 * 150 - 100), "JPY")
    assert [row.bar for row in found.rows if row.is_rest] == [1]
    assert sum((row.share for row in found.rows), Decimal(0)).quantize(Decimal("0.0001")) == 1


def test_a_breakdown_of_nothing_is_empty_and_one_of_few_has_no_rest() -> None:
    nothing = break_down(Dimension.MODEL, [part("a", 0)], rate=DOLLARS, rate_before=DOLLARS)
    assert nothing.rows == ()
    assert nothing.total == dollars(0)
    few = break_down(Dimension.MODEL, [part("a", 1), part(None, 0, 0, 5)], rate=DOLLARS, rate_before=DOLLARS)
    assert [row.key for row in few.rows] == ["a", None]
    assert not any(row.is_rest for row in few.rows)


def label(dimension: Dimension, key: str | None) -> str:
    return f"{dimension}:{key}" if key else ""


def test_the_mover_is_what_grew_most_and_its_share_of_the_growth() -> None:
    parts: Parts = {
        ("search", "sonnet"): (Decimal(30), Decimal(10)),
        ("support", "nova"): (Decimal(15), Decimal(5)),
    }
    mover = largest_mover(parts, rate=YEN, label=label)
    assert mover is not None
    assert (mover.cost_center, mover.model) == ("cost_center:search", "model:sonnet")
    assert mover.growth == Money(Decimal(3000), "JPY")
    assert mover.share is not None
    assert round(mover.share, 4) == Decimal("0.6667")


def test_a_share_of_growth_is_not_told_where_others_shrank_more() -> None:
    parts: Parts = {(None, None): (Decimal(30), Decimal(10)), ("support", "nova"): (Decimal(5), Decimal(15))}
    mover = largest_mover(parts, rate=DOLLARS, label=label)
    assert mover is not None
    assert (mover.cost_center, mover.share) == ("", None)
    assert largest_mover({("a", "b"): (Decimal(1), Decimal(1))}, rate=DOLLARS, label=label) is None
