"""Spend by any set of dimensions: it adds up whatever it is grouped by, in every calendar, on every page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest

from billing.domain.dimensions import (
    BILLED_DIMENSIONS,
    RATED_DIMENSIONS,
    Basis,
    Dimension,
    DimensionNotInBasis,
    Granularity,
    Routing,
    TokenClass,
)
from billing.domain.periods import local_day, local_day_hours
from billing.models import UsageSeries
from billing.operations.catalog import sync_price_table
from billing.queries.costs import SpendQuestion, SpendRow, list_daily_spend, list_spend
from billing.queries.questions import (
    BillHasUtcDays,
    NoHoursInBill,
    RangeEndsBeforeItBegins,
    RangeTooLong,
    UnknownTimeZone,
)
from billing.queries.usage import list_known_values, list_usage
from tests.cast import Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.billing import (
    CONNECTED_AT,
    make_all_overrides,
    make_assignment,
    make_billed,
    make_connection,
    make_override,
    make_series,
    make_usage,
    tokens,
)

START = datetime(2026, 10, 30, 20, tzinfo=UTC)
END = datetime(2026, 11, 3, 4, tzinfo=UTC)
HOURS = [START + timedelta(hours=hour) for hour in range(int((END - START).total_seconds()) // 3600)]
RATES = {TokenClass.INPUT: "1", TokenClass.OUTPUT: "10", TokenClass.CACHE_READ: "0.1", TokenClass.CACHE_WRITE_5M: "2"}
ZONES = ("UTC", "Asia/Tokyo", "America/New_York", "Asia/Kolkata")


@pytest.fixture
def acme(cast: Cast) -> Iterator[Cast]:
    """Two teams and a stray series, three regions, an unpriced model, with usage around a month's end."""
    with inside(cast.globex):
        make_usage(make_series(aws_account_id="999999999999"), dict.fromkeys(HOURS[:3], 10**6))
    with inside(cast.acme):
        make_all_overrides(RATES, effective_from=datetime(2024, 1, 1, tzinfo=UTC))
        search, support = make_cost_center(code="search"), make_cost_center(code="support")
        first = make_series(aws_model_id="p1")
        second = make_series(aws_model_id="p2", aws_region="eu-central-1")
        stray = make_series(aws_model_id="p3", aws_region="ap-northeast-1", aws_account_id="444455556666")
        unknown = make_series(model_id="", publisher="", aws_model_id="ooj17v28rhdj", aws_region="sa-east-1")
        for number, series in enumerate((first, second, stray, unknown), start=1):
            make_usage(
                series,
                {
                    hour: tokens(input=1000 * number + at, output=10 + at, cache_read=at, cache_write=number)
                    for at, hour in enumerate(HOURS)
                },
                invocations=number,
            )
        # Search moves to support on 2 November; the past stays where it was.
        make_assignment(first, search.pk, assigned_to=date(2026, 11, 2))
        make_assignment(first, support.pk, assigned_from=date(2026, 11, 2))
        make_assignment(second, support.pk)
        yield cast


def ask(*group_by: Dimension, **more: object) -> list[SpendRow]:
    given: dict[str, object] = {"basis": Basis.RATED, "start": START, "end": END, "group_by": group_by, **more}
    return list(list_spend(SpendQuestion(**given)).rows)  # type: ignore[arg-type] # a test's shorthand


def total(rows: list[SpendRow]) -> Decimal:
    return sum((row.cost for row in rows), Decimal(0))


EVERYTHING = sum(
    (
        Decimal(1000 * number + at) + 10 * Decimal(10 + at) + Decimal("0.1") * at + 2 * Decimal(number)
        for number in (1, 2, 3)
        for at in range(len(HOURS))
    ),
    Decimal(0),
) / Decimal(10**6)


@pytest.mark.usefixtures("acme")
def test_the_whole_is_the_sum_of_tokens_times_price() -> None:
    (row,) = ask()
    assert (row.period, row.key, row.currency) == (None, (), "USD")
    assert row.cost == EVERYTHING
    assert row.tokens_unpriced == sum(4000 + at + 10 + at + at + 4 for at in range(len(HOURS)))
    assert row.cost_assumed == Decimal(2 * 6 * len(HOURS)) / 10**6  # cache writes: nobody tells how long they live


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("size", [1, 2, 9])
@pytest.mark.parametrize("granularity", [None, *Granularity])
def test_the_parts_add_up_to_the_whole_for_any_set_of_dimensions(size: int, granularity: Granularity | None) -> None:
    for group_by in combinations(sorted(RATED_DIMENSIONS), size):
        rows = ask(*group_by, granularity=granularity)
        assert total(rows) == EVERYTHING, group_by
        assert len({(row.period, row.key) for row in rows}) == len(rows)


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("time_zone", ZONES)
@pytest.mark.parametrize("granularity", [None, *Granularity])
def test_a_calendar_only_shares_the_hours_out_anew(time_zone: str, granularity: Granularity | None) -> None:
    assert total(ask(granularity=granularity, time_zone=time_zone)) == EVERYTHING
    assert total(ask(Dimension.COST_CENTER, granularity=granularity, time_zone=time_zone)) == EVERYTHING


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("time_zone", ZONES)
def test_a_local_day_holds_the_hours_that_begin_in_it(time_zone: str) -> None:
    by_hour = {row.period: row.cost for row in ask(granularity=Granularity.HOUR)}
    assert set(by_hour) == set(HOURS)
    for row in ask(granularity=Granularity.DAY, time_zone=time_zone):
        assert isinstance(row.period, date)
        first, last = local_day_hours(row.period, time_zone)
        assert row.cost == sum(cost for hour, cost in by_hour.items() if first <= hour < last)  # type: ignore[operator, misc] # times

    months = {row.period: row.cost for row in ask(granularity=Granularity.MONTH, time_zone=time_zone)}
    november = {h: c for h, c in by_hour.items() if local_day(h, time_zone).month == 11}  # type: ignore[arg-type] # times
    assert months[date(2026, 11, 1)] == sum(november.values())
    assert set(months) == {date(2026, 10, 1), date(2026, 11, 1)}


@pytest.mark.usefixtures("acme")
def test_a_part_of_a_day_is_counted_by_the_hour() -> None:
    start, end = HOURS[2], HOURS[40]
    by_hour = {row.period: row.cost for row in ask(granularity=Granularity.HOUR)}
    wanted = sum(by_hour[hour] for hour in HOURS[2:40])
    for granularity in (None, *Granularity):
        assert total(ask(granularity=granularity, start=start, end=end)) == wanted
    days = ask(granularity=Granularity.DAY, start=start, end=end)
    assert [row.period for row in days] == [date(2026, 10, 30), date(2026, 10, 31), date(2026, 11, 1)]


@pytest.mark.usefixtures("acme")
def test_moving_a_series_leaves_its_past_where_it_was() -> None:
    rows = ask(Dimension.COST_CENTER, granularity=Granularity.DAY)
    found = {(row.period, row.key[0]) for row in rows}
    assert (date(2026, 11, 1), "search") in found
    assert (date(2026, 11, 2), "search") not in found
    assert {key for _, key in found} == {"search", "support", None}
    unassigned = ask(granularity=None, filters={Dimension.COST_CENTER: (None,)})
    assert total(unassigned) == total([row for row in rows if row.key == (None,)])


@pytest.mark.usefixtures("acme")
def test_a_filter_takes_out_what_was_not_asked_for() -> None:
    (row,) = ask(filters={Dimension.AWS_REGION: ("us-east-1",), Dimension.TOKEN_CLASS: ("output",)})
    assert row.cost == sum(Decimal(10 + at) for at in range(len(HOURS))) * 10 / 10**6
    assert ask(filters={Dimension.MODEL: ("no-such-model",)}) == []
    assert total(ask(filters={Dimension.MODEL: (None,)})) == 0
    assert ask(filters={Dimension.MODEL: (None,)})[0].tokens_unpriced > 0


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("limit", [1, 3, 7])
def test_pages_hold_every_row_once_and_in_order(limit: int) -> None:
    question = SpendQuestion(
        basis=Basis.RATED,
        start=START,
        end=END,
        granularity=Granularity.DAY,
        group_by=(Dimension.COST_CENTER, Dimension.TOKEN_CLASS, Dimension.MODEL),
    )
    whole = list_spend(question).rows
    paged: list[SpendRow] = []
    after = None
    while True:
        page = list_spend(question, after=after, limit=limit)
        assert len(page.rows) <= limit
        paged += page.rows
        if page.next is None:
            break
        after = page.next
    assert tuple(paged) == whole


@pytest.mark.usefixtures("acme")
def test_usage_tells_classes_apart_and_never_adds_them() -> None:
    question = SpendQuestion(basis=Basis.RATED, start=START, end=END, group_by=(Dimension.AWS_REGION,))
    rows = {row.key[0]: row for row in list_usage(question).rows}
    at = sum(range(len(HOURS)))
    assert rows["us-east-1"].tokens == tokens(
        input=1000 * len(HOURS) + at, output=10 * len(HOURS) + at, cache_read=at, cache_write=len(HOURS)
    )
    assert rows["eu-central-1"].invocations == 2 * len(HOURS)

    by_class = SpendQuestion(basis=Basis.RATED, start=START, end=END, group_by=(Dimension.TOKEN_CLASS,))
    found = {row.key[0]: row.tokens for row in list_usage(by_class).rows}
    assert set(found) == {"input", "output", "cache_read", "cache_write"}
    only = SpendQuestion(basis=Basis.RATED, start=START, end=END, filters={Dimension.TOKEN_CLASS: ("output",)})
    (row,) = list_usage(only).rows
    assert row.tokens == tokens(output=int(str(found["output"])))


@pytest.mark.usefixtures("acme")
def test_known_values_are_those_of_the_organization() -> None:
    assert list_known_values(Dimension.AWS_ACCOUNT) == ("111122223333", "444455556666")
    assert list_known_values(Dimension.MODEL) == ("claude-sonnet-4-5",)


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("time_zone", ZONES)
@pytest.mark.parametrize("by", [None, Dimension.MODEL, Dimension.COST_CENTER, Dimension.AWS_REGION])
def test_the_narrow_daily_reading_says_the_same(time_zone: str, by: Dimension | None) -> None:
    days = list_daily_spend(start=date(2026, 10, 29), end=date(2026, 11, 5), time_zone=time_zone, by=by)
    wide = ask(*([by] if by else []), granularity=Granularity.DAY, time_zone=time_zone)
    assert {(day.date, day.key): day.cost for day in days} == {
        (row.period, row.key[0] if by else None): row.cost for row in wide if row.cost
    }


def test_billed_spend_keeps_currencies_apart_and_marks_what_may_change(cast: Cast) -> None:
    with inside(cast.globex):
        make_billed(make_connection(role_arn="arn:aws:iam::111122223333:role/Other"), {date(2026, 11, 1): "1000"})
    with inside(cast.acme):
        payer = make_connection()
        ml = make_cost_center(code="ml")
        first = make_billed(payer, {date(2026, 10, 31): "1.5", date(2026, 11, 1): "2.25"})
        make_billed(payer, {date(2026, 11, 1): "7"}, usage_type="USE1-output-tokens", is_estimated=True)
        make_billed(payer, {date(2026, 11, 1): "100"}, service="Marketplace", currency="JPY")
        make_assignment(first, ml.pk)

        question: dict[str, Any] = {
            "basis": Basis.BILLED,
            "start": datetime(2026, 10, 1, tzinfo=UTC),
            "end": datetime(2026, 12, 1, tzinfo=UTC),
        }
        whole = {row.currency: row for row in list_spend(SpendQuestion(**question)).rows}
        assert {currency: row.cost for currency, row in whole.items()} == {
            "USD": Decimal("10.75"),
            "JPY": Decimal(100),
        }
        assert whole["USD"].cost_estimated == 7
        for size in (1, 2, len(BILLED_DIMENSIONS)):
            for group_by in combinations(sorted(BILLED_DIMENSIONS), size):
                rows = list_spend(SpendQuestion(**question, group_by=group_by)).rows
                assert sum(row.cost for row in rows if row.currency == "USD") == Decimal("10.75")
        by_center = list_spend(
            SpendQuestion(**question, group_by=(Dimension.COST_CENTER,), granularity=Granularity.MONTH)
        )
        assert {(row.period, row.key[0], row.cost) for row in by_center.rows if row.currency == "USD"} == {
            (date(2026, 10, 1), "ml", Decimal("1.5")),
            (date(2026, 11, 1), "ml", Decimal("2.25")),
            (date(2026, 11, 1), None, Decimal(7)),
        }
        first_page = list_spend(SpendQuestion(**question, group_by=(Dimension.USAGE_TYPE,)), limit=1)
        second_page = list_spend(
            SpendQuestion(**question, group_by=(Dimension.USAGE_TYPE,)),
            after=first_page.next,
            limit=10,
        )
        assert len(first_page.rows) + len(second_page.rows) == 3


def test_billed_spend_is_grouped_by_what_its_lines_were_read_as(cast: Cast) -> None:
    day = date(2026, 11, 1)
    sonnet: dict[str, Any] = {
        "model_id": "claude-sonnet-4-5",
        "publisher": "Anthropic",
        "aws_region": "us-east-1",
        "tier": "BATCH",
    }
    told: dict[str, Any] = {"token_class": "output", "routing_class": "GLOBAL", "heading": "TOKENS"}
    with inside(cast.acme):
        payer = make_connection()
        make_billed(payer, {day: "5"}, usage_type="a", **sonnet, **told)
        make_billed(payer, {day: "-1"}, usage_type="a", **sonnet, **told, charge_category="CREDIT")
        make_billed(payer, {day: "3"}, usage_type="b", heading="GUARDRAILS", aws_region="us-east-1")
        make_billed(payer, {day: "2"}, usage_type="c", heading="TOKENS", token_class="input", aws_region="us-east-1")
        make_billed(payer, {day: "0.5"}, usage_type="d")

        def by(*dimensions: Dimension, **filters: tuple[str | None, ...]) -> dict[tuple[str | None, ...], str]:
            rows = ask(
                basis=Basis.BILLED,
                group_by=dimensions,
                filters={Dimension(name): values for name, values in filters.items()},
            )
            return {row.key: str(row.cost.normalize()) for row in rows}

        assert by(Dimension.MODEL) == {("claude-sonnet-4-5",): "4", ("no_model",): "3", (None,): "2.5"}
        assert by(Dimension.HEADING) == {
            ("TOKENS",): "6",
            ("GUARDRAILS",): "3",
            ("UNRECOGNIZED",): "0.5",
        }
        assert by(Dimension.CHARGE_CATEGORY, model=("claude-sonnet-4-5",)) == {("USAGE",): "5", ("CREDIT",): "-1"}
        assert by(Dimension.TIER, Dimension.ROUTING, token_class=("output",)) == {("BATCH", "GLOBAL"): "4"}
        assert by(Dimension.AWS_REGION, Dimension.PUBLISHER, model=(None, "no_model")) == {
            ("us-east-1", "no_model"): "3",
            ("us-east-1", None): "2",
            (None, None): "0.5",
        }


@pytest.mark.parametrize(
    ("more", "error", "field"),
    [
        ({"end": START}, RangeEndsBeforeItBegins, "end"),
        ({"end": START + timedelta(days=2000)}, RangeTooLong, "end"),
        ({"end": START + timedelta(days=200), "granularity": Granularity.HOUR}, RangeTooLong, "end"),
        ({"group_by": (Dimension.SERVICE,)}, DimensionNotInBasis, "group_by"),
        ({"filters": {Dimension.USAGE_TYPE: ("x",)}}, DimensionNotInBasis, "usage_type"),
        ({"time_zone": "Mars/Olympus"}, UnknownTimeZone, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, UnknownTimeZone, "time_zone"),
        ({"basis": Basis.BILLED, "granularity": Granularity.HOUR}, NoHoursInBill, "granularity"),
        ({"basis": Basis.BILLED, "time_zone": "Asia/Tokyo"}, BillHasUtcDays, "calendar"),
        ({"group_by": (Dimension.HEADING,)}, DimensionNotInBasis, "group_by"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    cast: Cast, more: dict[str, object], error: type[Exception], field: str
) -> None:
    with inside(cast.acme), pytest.raises(error) as caught:
        ask(**more)
    assert getattr(caught.value, "field", None) == field


def test_nothing_stored_is_no_row(cast: Cast) -> None:
    with inside(cast.acme):
        assert ask() == []
        assert list_daily_spend(start=date(2026, 11, 1), end=date(2026, 11, 2), time_zone="UTC") == ()


def test_the_price_of_the_time_counts_and_an_override_ends_where_the_next_begins(cast: Cast) -> None:
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    with inside(cast.acme):
        make_override(rate="1", effective_from=datetime(2026, 1, 1, tzinfo=UTC), effective_to=noon)
        make_override(rate="3", effective_from=noon)
        make_usage(make_series(), {noon - timedelta(hours=1): 10**6, noon: 10**6})
        rows = ask(granularity=Granularity.HOUR, start=noon - timedelta(hours=2), end=noon + timedelta(hours=2))
        assert [row.cost for row in rows] == [1, 3]


def test_the_committed_list_rates_what_nobody_overrode(cast: Cast) -> None:
    sync_price_table(now=CONNECTED_AT)
    with inside(cast.acme):
        make_usage(make_series(routing=Routing.GLOBAL), {START: 10**6})
        assert ask()[0].cost == 3  # Claude Sonnet 4.5, global, input
        assert UsageSeries.objects.count() == 1
