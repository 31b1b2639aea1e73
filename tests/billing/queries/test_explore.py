"""What Explore reads: few statements, exact sums, each month at its own rate, nothing left out and nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.queries.organizations import get_organization
from billing.domain.dimensions import Basis, Dimension
from billing.domain.explore import read_exploration
from billing.domain.money import add_up
from billing.queries import explore as module
from billing.queries.costs import list_spend
from billing.queries.explore import Explored, TooManyGroups, explore
from billing.queries.questions import SpendQuestion
from tests.cast import Cast, inside
from tests.factories.billing import make_billed, make_connection
from tests.journeys.story import NOW, tell_november

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture(autouse=True)
def acme(cast: Cast) -> Iterator[Cast]:
    tell_november(cast)
    with inside(cast.acme):
        yield cast


def asked(cast: Cast, **texts: str) -> Explored:
    reading = read_exploration(texts)
    assert reading.problems == ()
    return explore(reading.exploration, organization=get_organization(cast.acme.id), now=NOW)


def facts_read(cast: Cast, **texts: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        asked(cast, **texts)
    return sum("billing_dailyusage" in query["sql"] for query in caught.captured_queries)


def test_a_page_is_three_statements_or_four_where_the_unassigned_are_asked_for(acme: Cast) -> None:
    assert facts_read(acme, group_by="cost_center,model") == 3
    assert facts_read(acme, group_by="model") == 4
    assert facts_read(acme, group_by="model", compare="none", exclude_cost_center="~none") == 2


def test_each_month_is_converted_at_its_own_rate_and_sums_stay_exact(acme: Cast) -> None:
    days = {"from": "2026-10-01", "to": "2026-11-10", "compare": "none"}
    both = asked(acme, **days, group_by="model")
    dollars = {
        month: add_up(part.now for part in asked(acme, period=month, currency="usd", compare="none").parts)
        for month in ("2026-10", "this_month")
    }
    expected = dollars["2026-10"] * Decimal("151.2") + dollars["this_month"] * Decimal("152.57")
    assert both.rates.currency == "JPY"
    assert add_up(part.now for part in both.parts) == expected
    assert add_up(value for band in both.chart for value in band.values.values()) == expected


def test_the_figures_are_those_of_list_spend(acme: Cast) -> None:
    found = asked(acme, period="2026-10", currency="usd", group_by="model,routing", exclude_model="nova-pro")
    question = SpendQuestion(
        basis=Basis.RATED,
        start=found.stretch.now.start,
        end=found.stretch.now.end,
        group_by=(Dimension.MODEL, Dimension.ROUTING),
        excluded={Dimension.MODEL: ("nova-pro",)},
        time_zone="Asia/Tokyo",
    )
    rows = {row.key: row.cost for row in list_spend(question).rows}
    assert {part.key: part.now for part in found.parts if part.key in rows} == rows


@pytest.mark.parametrize("group_by", ["", "cost_center", "model", "aws_region", "publisher"])
def test_the_chart_of_days_says_the_same_by_its_roll_up_and_by_its_hours(acme: Cast, group_by: str) -> None:
    rolled_up = asked(acme, group_by=group_by)
    # A filter that leaves everything takes the way over the hours.
    by_hours = asked(acme, group_by=group_by, exclude_aws_account="999999999999")
    assert [(band.key, {day: cost for day, cost in band.values.items() if cost}) for band in rolled_up.chart] == [
        (band.key, {day: cost for day, cost in band.values.items() if cost}) for band in by_hours.chart
    ]


def test_a_long_range_is_charted_by_month(acme: Cast) -> None:
    found = asked(acme, **{"from": "2026-08-01", "to": "2026-11-10"}, group_by="", compare="none")
    assert found.by_month
    (band,) = found.chart
    assert sorted(band.values) == [date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)]
    assert add_up(band.values.values()) == found.parts[0].now


def test_a_year_earlier_is_compared_although_nothing_was_there(acme: Cast) -> None:
    found = asked(acme, compare="year", currency="usd")
    assert found.stretch.days_before is not None
    assert found.stretch.days_before.start == date(2025, 11, 1)
    assert {part.before for part in found.parts} == {Decimal(0)}


def test_what_is_unassigned_follows_the_filters(acme: Cast) -> None:
    whole = asked(acme, group_by="model").unassigned
    assert whole > 0
    assert asked(acme, group_by="cost_center").unassigned == whole
    assert asked(acme, group_by="model", model="nova-pro").unassigned == whole
    assert asked(acme, group_by="model", cost_center="search").unassigned == 0
    assert asked(acme, group_by="model", cost_center="search,~none").unassigned == whole


def test_currencies_of_the_bill_stand_beside_and_are_never_added(acme: Cast) -> None:
    payer = make_connection(aws_account_id="999988887777")
    make_billed(payer, {date(2026, 11, 2): "12.5"}, currency="EUR", aws_account_id="999988887777")
    found = asked(acme, basis="billed", group_by="aws_account")
    assert [(money.amount, money.currency) for money in found.beside] == [(Decimal("12.5"), "EUR")]
    assert ("999988887777",) not in [part.key for part in found.parts]
    assert found.billed_last_day is not None


def test_seven_values_are_six_bands_and_the_rest(acme: Cast) -> None:
    found = asked(acme, group_by="model", **{"from": "2026-11-01", "to": "2026-11-05"})
    assert len(found.chart) <= 6
    payer = make_connection(aws_account_id="999988887777")
    for number in range(8):
        make_billed(payer, {date(2026, 11, 2): str(number + 1)}, usage_type=f"type-{number}", service="Elsewhere")
    billed = asked(acme, basis="billed", group_by="usage_type", service="Elsewhere")
    assert [band.is_rest for band in billed.chart] == [False] * 6 + [True]
    assert add_up(value for band in billed.chart for value in band.values.values()) == add_up(
        part.now for part in billed.parts
    )


def test_more_groups_than_anybody_reads_are_refused_by_name(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 2)
    with pytest.raises(TooManyGroups) as refused:
        asked(acme, group_by="model")
    assert refused.value.field == "group_by"
