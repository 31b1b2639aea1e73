"""Rates learnt from stored bills: dated, replaced as a whole, in force before published prices and after own ones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.tenancy.context import organization_scope
from billing.domain.collection import WindowState
from billing.domain.dimensions import Basis, ChargeCategory, ContextBand, CostHeading, RoutingClass, Tier, TokenClass
from billing.models import AwsConnection, BilledCost, BilledSeries, LearntRate, RateCard
from billing.operations.catalog import sync_price_table
from billing.operations.learnt_rates import learn_rates, mark_learning_due
from billing.operations.rating import list_windows_to_rate, rerate_window
from billing.queries.costs import SpendQuestion, list_spend
from billing.queries.learnt_rates import get_learning_state, list_learnt_rates
from billing.sql import ensure_months
from tests.cast import Cast, inside
from tests.factories.billing import make_connection, make_override, make_series, make_usage, make_window

FIRST = date(2026, 11, 1)
START = datetime(2026, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
LISTED = "3"  # claude-sonnet-4-5, global, input


def bill(
    connection: AwsConnection,
    rates: dict[int, str],
    *,
    usage_type: str = "USE1-MP:USE1_InputTokenCount_Global-Units",
    tokens: int = 5_000_000,
    is_estimated: bool = False,
    tokens_per_unit: int | None = 1_000_000,
    token_class: str = TokenClass.INPUT,
    charge_category: ChargeCategory = ChargeCategory.USAGE,
) -> BilledSeries:
    """A line of the bill with its rate per million tokens on some days after the first."""
    series = BilledSeries.objects.create(
        connection=connection,
        aws_account_id=connection.aws_account_id,
        service="Claude Sonnet 4.5 (Amazon Bedrock Edition)",
        usage_type=usage_type,
        unit="Units",
        currency="USD",
        charge_category=charge_category,
        first_seen_at=START,
        aws_region="us-east-1",
        model_id="claude-sonnet-4-5",
        token_class=token_class,
        tier=Tier.STANDARD,
        routing_class=RoutingClass.GLOBAL,
        context_band=ContextBand.STANDARD,
        heading=CostHeading.TOKENS,
        tokens_per_unit=tokens_per_unit,
    )
    put(series, rates, tokens=tokens, is_estimated=is_estimated)
    return series


def put(series: BilledSeries, rates: dict[int, str], *, tokens: int = 5_000_000, is_estimated: bool = False) -> None:
    days = {FIRST + timedelta(days=number): Decimal(rate) for number, rate in rates.items()}
    ensure_months("billing_billedcost", days)
    for day, rate in days.items():
        cost = rate * tokens / 1_000_000
        BilledCost.objects.filter(date=day, series_id=series.pk).delete()
        BilledCost.objects.create(
            date=day,
            series_id=series.pk,
            cost_unblended=cost * 2,  # before private discounts
            cost_net_unblended=cost,
            cost_amortized=cost,
            quantity=Decimal(tokens) / (series.tokens_per_unit or 1),
            is_estimated=is_estimated,
        )
    mark_learning_due()


def rates() -> list[tuple[str, int, int | None, bool]]:
    """Each learnt rate of the input tokens: what it is, and the days after the first on which it begins and ends."""
    return [
        (
            f"{learnt.rate_usd_per_million.normalize():f}",
            (learnt.effective_from - FIRST).days,
            None if learnt.effective_to is None else (learnt.effective_to - FIRST).days,
            learnt.is_list_rate,
        )
        for learnt in list_learnt_rates("claude-sonnet-4-5")
        if learnt.key.token_class is TokenClass.INPUT
    ]


def rated() -> dict[int, Decimal]:
    question = SpendQuestion(basis=Basis.RATED, start=START, end=NOW, granularity="day")  # type: ignore[arg-type]
    return {(row.period - FIRST).days: row.cost for row in list_spend(question).rows if row.period}


@pytest.fixture
def used(cast: Cast) -> Cast:
    """A million tokens on each of four days, rated at the published price, in a window for each."""
    sync_price_table(now=START)
    with inside(cast.acme):
        connection = make_connection()
        series = make_series()
        for number in range(4):
            day = START + timedelta(days=number)
            window = make_window(connection, start=day, state=WindowState.DONE, rows=1)
            make_usage(series, {day: 1_000_000})
            assert window.window_end == day + timedelta(days=1)
    return cast


def rate_again() -> int:
    windows = list_windows_to_rate()
    for window_id in windows:
        rerate_window(window_id=window_id, now=NOW)
    return len(windows)


@pytest.mark.django_db
def test_what_the_bill_says_is_rated_with_from_its_first_day_on(used: Cast) -> None:
    """The bill of a day restated moves the rate of that day, and only the windows it touches are rated again."""
    with inside(used.acme):
        line = bill(AwsConnection.objects.get(), {1: LISTED, 2: "2.25"}, is_estimated=True)
    with organization_scope(used.acme.pk):
        learning = learn_rates(now=NOW)
        assert learning is not None
        assert (learning.rates, learning.changed, learning.windows_due) == (2, 2, 3)
        with inside(used.acme):
            assert rates() == [(LISTED, 1, 2, True), ("2.25", 2, None, False)]
            evidence = list_learnt_rates()[1].evidence
            assert (evidence.days, evidence.cost, evidence.tokens) == (1, Decimal("11.25"), Decimal(5_000_000))
            assert (evidence.series_ids, evidence.is_estimated) == ((line.pk,), True)
        assert rate_again() == 3
        with inside(used.acme):
            assert rated() == {0: 3, 1: 3, 2: Decimal("2.25"), 3: Decimal("2.25")}
            origins = {card.rates["input"]["origin"] for card in RateCard.objects.all()}
            assert origins == {"COMMITTED", "LEARNT"}

        # A second time nothing is due, and learning once more changes nothing.
        assert learn_rates(now=NOW) is None
        with inside(used.acme):
            mark_learning_due()
        again = learn_rates(now=NOW + timedelta(hours=1))
        assert again is not None
        assert (again.changed, again.windows_due) == (0, 0)

        # Another day of the same rate is more evidence, and nothing to rate again.
        with inside(used.acme):
            put(line, {3: "2.25"})
        grown = learn_rates(now=NOW)
        assert grown is not None
        assert (grown.changed, grown.windows_due) == (0, 0)
        with inside(used.acme):
            assert [learnt.evidence.days for learnt in list_learnt_rates()] == [1, 2]

        # AWS takes the discount of the third day back.
        with inside(used.acme):
            put(line, {2: LISTED})
        learn_rates(now=NOW)
        assert rate_again() == 1
        with inside(used.acme):
            assert rates() == [(LISTED, 1, 3, True), ("2.25", 3, None, False)]
            assert rated() == {0: 3, 1: 3, 2: 3, 3: Decimal("2.25")}

        # The whole bill is erased: published prices are in force again.
        with inside(used.acme):
            BilledCost.objects.all().delete()
            mark_learning_due()
        learn_rates(now=NOW)
        assert rate_again() == 3
        with inside(used.acme):
            assert LearntRate.objects.count() == 0
            assert rated() == {0: 3, 1: 3, 2: 3, 3: 3}


@pytest.mark.django_db
def test_lines_of_one_key_are_added_and_others_stay_out(used: Cast) -> None:
    """Two families bill the same tokens; a line whose unit nothing proves, a credit and a strange class teach nothing."""
    with inside(used.acme):
        connection = AwsConnection.objects.get()
        first = bill(connection, {0: LISTED}, tokens=3_000_000)
        second = bill(connection, {0: LISTED}, usage_type="USE1-mantle", tokens_per_unit=1000)
        bill(connection, {0: "9"}, usage_type="unproved", tokens_per_unit=None)
        bill(connection, {0: "-3"}, usage_type="credit", charge_category=ChargeCategory.CREDIT)
        bill(connection, {0: "9"}, usage_type="audio", token_class="audio_input")
    with organization_scope(used.acme.pk):
        learn_rates(now=NOW)
        with inside(used.acme):
            assert rates() == [(LISTED, 0, None, True)]
            (learnt,) = list_learnt_rates()
            assert learnt.evidence.series_ids == (first.pk, second.pk)
            assert learnt.evidence.tokens == 8_000_000

            # A quantity in thousands that was taken for millions: the day is named, and its rate is not believed.
            put(first, {1: "3000"})
        learn_rates(now=NOW)
        with inside(used.acme):
            assert rates() == [(LISTED, 0, None, True)]
            assert get_learning_state().days_refused == 1


@pytest.mark.django_db
def test_an_own_price_goes_before_the_bill_and_another_organization_learns_nothing(used: Cast) -> None:
    with inside(used.acme):
        bill(AwsConnection.objects.get(), {0: "2.25"})
        make_override(rate="1", effective_from=START + timedelta(days=2))
    with organization_scope(used.acme.pk):
        learn_rates(now=NOW)
        rate_again()
        with inside(used.acme):
            assert rated() == {0: Decimal("2.25"), 1: Decimal("2.25"), 2: 1, 3: 1}
    with organization_scope(used.globex.pk):
        assert learn_rates(now=NOW) is None
