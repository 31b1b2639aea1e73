"""The whole history, collected: every token and every cent of the sandbox's truth, and twice the same rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database

from accounts.domain.audit import SYSTEM
from accounts.models import Organization
from accounts.tenancy.context import tenant_transaction
from billing.domain.catalog import PriceKey, canonical_model
from billing.domain.collection import ConnectionKind
from billing.domain.dimensions import Basis, Dimension, Granularity, RoutingClass, Tier, TokenClass
from billing.operations.catalog import override_price
from billing.operations.collection import Outcome, reopen_windows
from billing.operations.learnt_rates import learn_rates
from billing.operations.rating import list_windows_to_rate, rerate_window
from billing.queries.catalog import get_model_catalog
from billing.queries.costs import SpendQuestion, SpendRow, list_spend
from billing.queries.usage import list_usage
from billing.queries.usage_types import get_usage_type_report
from billing.sandbox.control import Control
from billing.sql import execute
from tests.billing.operations.conftest import Ticking, collect_all, connect
from tests.billing.operations.sandbox_bill import check_the_reading
from tests.billing.operations.sandbox_cut import check_the_cut
from tests.billing.operations.sandbox_match import check_the_match
from tests.factories.accounts import make_cost_center
from tests.factories.aws import MEMBER_ROLE
from tests.servers import SANDBOX_NOW

START = SANDBOX_NOW.replace(hour=0) - timedelta(days=130)
FACTS = {
    "billing_hourlyusage": "hour, series_id",
    "billing_dailyusage": "date, series_id",
    "billing_billedcost": "date, series_id",
    "billing_learntrate": "id",
    "billing_usageseries": "id",
    "billing_billedseries": "id",
    "billing_seriesassignment": "id",
    "billing_inferenceprofile": "id",
}


@pytest.fixture
def collected(aws: Control, acme: Organization, clock: Ticking) -> Control:  # noqa: ARG001 - names the organization
    """Both accounts connected, everything read, and rated with what the bill says."""
    with tenant_transaction():
        for code in ("search", "support"):
            make_cost_center(code=code)
    connect(clock)
    connect(clock, MEMBER_ROLE, kind=ConnectionKind.MEMBER)
    assert set(collect_all(clock)) == {Outcome.STORED}
    learning = learn_rates(now=clock())
    assert learning is not None
    assert learning.days_refused == 0
    rate_again(clock())
    return aws


def rate_again(now: datetime) -> None:
    for window_id in list_windows_to_rate():
        rerate_window(window_id=window_id, now=now)


def enter_list_prices(aws: Control, now: datetime) -> None:
    """Where the bill tells a private rate, have the organization say otherwise."""
    published, catalog = aws.prices(), get_model_catalog()
    for private in published["private"]:
        for row in published["list"]:
            if (row["model"], row["routing"]) == (private["model"], private["routing"]):
                override_price(
                    actor=SYSTEM,
                    key=PriceKey(
                        model_id=canonical_model(private["foundation_model_id"], catalog).model_id,
                        aws_region=row["region"],
                        routing_class=RoutingClass(row["routing"].upper()),
                        tier=Tier(row["tier"].upper()),
                        token_class=TokenClass(row["token_class"]),
                    ),
                    rate_usd_per_million=Decimal(row["rate_usd_per_million"]),
                    effective_from=datetime.fromisoformat(private["effective_from"]).replace(tzinfo=UTC),
                    source="a list",
                    now=now,
                )


def rated(*group_by: Dimension, granularity: Granularity | None = Granularity.DAY) -> dict[tuple[Any, ...], SpendRow]:
    question = SpendQuestion(
        basis=Basis.RATED, start=START, end=SANDBOX_NOW, granularity=granularity, group_by=group_by
    )
    with tenant_transaction():
        return {(row.period, *row.key): row for row in list_spend(question).rows}


def billed() -> dict[tuple[Any, ...], Decimal]:
    question = SpendQuestion(
        basis=Basis.BILLED,
        start=START,
        end=SANDBOX_NOW,
        granularity=Granularity.DAY,
        group_by=(Dimension.AWS_ACCOUNT, Dimension.SERVICE, Dimension.USAGE_TYPE),
    )
    with tenant_transaction():
        found: dict[tuple[Any, ...], Decimal] = {}
        after = None
        while True:
            page = list_spend(question, after=after)
            found.update({(row.period, *row.key): row.cost for row in page.rows})
            if page.next is None:
                return found
            after = page.next


@dataclass
class Expected:
    cost: Decimal = Decimal(0)
    assumed: Decimal = Decimal(0)
    tokens: int = 0


def expected(rows: list[dict[str, Any]]) -> dict[tuple[date, str], Expected]:
    with tenant_transaction():
        catalog = get_model_catalog()
    found: dict[tuple[date, str], Expected] = defaultdict(Expected)
    for row in rows:
        if not row["namespace"]:  # batch, which CloudWatch does not show
            continue
        model_id = canonical_model(row["foundation_model_id"], catalog).model_id
        one = found[date.fromisoformat(row["period"]), model_id]
        one.cost += Decimal(row["cost_visible"])
        one.assumed += Decimal(row["cost_assumed"])
    return found


def by_tier(rows: list[dict[str, Any]]) -> dict[tuple[date, str, str], Decimal]:
    with tenant_transaction():
        catalog = get_model_catalog()
    found: dict[tuple[date, str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["namespace"]:
            model_id = canonical_model(row["foundation_model_id"], catalog).model_id
            key = (date.fromisoformat(row["period"]), model_id, row["tier"].upper())
            found[key] += Decimal(row["cost_visible"])
    return found


def used_by_class() -> dict[str | None, Any]:
    question = SpendQuestion(basis=Basis.RATED, start=START, end=SANDBOX_NOW, group_by=(Dimension.TOKEN_CLASS,))
    with tenant_transaction():
        return {row.key[0]: row.tokens for row in list_usage(question).rows}


def counted_by_class(rows: list[dict[str, Any]]) -> dict[str, int]:
    counted: dict[str, int] = defaultdict(int)
    for row in rows:
        for name in ("input", "output", "cache_read", "cache_write"):
            counted[name] += row["tokens"].get(name, 0) if row["namespace"] else 0
    return dict(counted)


def bill_of(control: Control) -> dict[tuple[Any, ...], Decimal]:
    bill: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for row in control.bill():
        day = date.fromisoformat(row["date"])
        if row["bedrock"] and day < SANDBOX_NOW.date():
            bill[day, row["account"], row["service"], row["usage_type"]] += Decimal(row["cost"])
    return bill


def wrong_days() -> list[tuple[Any, ...]]:
    """The days whose roll-up is not what its hours add up to."""
    bounds = {"first_hour": START, "last_hour": SANDBOX_NOW.replace(hour=0) + timedelta(days=1)}
    days = {"first_day": bounds["first_hour"].date(), "last_day": bounds["last_hour"].date()}
    with tenant_transaction():
        return execute("check_daily_usage", **bounds, **days)


def snapshot() -> dict[str, list[tuple[Any, ...]]]:
    with tenant_transaction(), database.cursor() as cursor:
        found = {}
        for table, key in FACTS.items():
            cursor.execute(f"TABLE {table} ORDER BY {key}")
            found[table] = cursor.fetchall()
        return found


def drop_times(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [tuple(value for value in row if not isinstance(value, datetime)) for row in rows]


def check_that_twice_changes_nothing(clock: Ticking) -> None:
    # Rating again from the stored tokens gives the same rows, and so does reading everything again.
    before = snapshot()
    for window_id in list_windows_to_rate(start=START):
        rerate_window(window_id=window_id, now=clock())
    assert snapshot() == before
    clock.pass_time(seconds=5)
    reopen_windows(start=START, end=None, now=clock())  # before that AWS has nothing
    assert set(collect_all(clock)) == {Outcome.STORED}
    learning = learn_rates(now=clock())
    assert learning is not None
    assert (learning.changed, learning.windows_due, list_windows_to_rate()) == (0, 0, [])
    after = snapshot()
    profiles = {"billing_inferenceprofile"}  # they note when they were last seen
    assert {t: rows for t, rows in after.items() if t not in profiles} == {
        t: rows for t, rows in before.items() if t not in profiles
    }
    assert drop_times(after["billing_inferenceprofile"]) == drop_times(before["billing_inferenceprofile"])


def check_list_prices(aws: Control, rows: list[dict[str, Any]], now: datetime) -> None:
    with tenant_transaction():
        enter_list_prices(aws, now)
    rate_again(now)
    listed = sum(Decimal(row["cost_visible_list"]) for row in rows)
    assert sum(row.cost for row in rated(Dimension.MODEL).values()) == listed


@pytest.mark.slow
def test_everything_is_stored_to_the_cent_and_a_second_time_changes_nothing(collected: Control, clock: Ticking) -> None:
    told = collected.truth()
    truth = expected(told["rows"])

    # Rated, by day and model: exactly what the visible tokens cost at the rates that the bill tells (list prices and,
    # since its first day, a private one that nobody has entered), and the assumed part beside it.
    by_model = rated(Dimension.MODEL)
    assert {key: row.cost for key, row in by_model.items() if key[1]} == {k: v.cost for k, v in truth.items() if v.cost}
    # By tier as well: what flex and priority served, and the rest of the total.
    tiers = rated(Dimension.MODEL, Dimension.TIER)
    assert {k: row.cost for k, row in tiers.items() if k[1]} == {k: v for k, v in by_tier(told["rows"]).items() if v}
    assert {key[2] for key in tiers} == {"STANDARD", "FLEX", "PRIORITY"}
    # (CloudWatch hides how long a cache write lives; where a model has a price for long prompts it hides that as well.)
    writes = rated(Dimension.MODEL, Dimension.TOKEN_CLASS)
    assert {k[:2]: row.cost_assumed for k, row in writes.items() if k[2] == "cache_write" and k[1]} == {
        key: value.assumed for key, value in truth.items() if value.assumed
    }
    # A model that nobody can name is unpriced, visible, and never zero without a word.
    unnamed = {key: row for key, row in by_model.items() if key[1] is None}
    orphaned = {date.fromisoformat(row["period"]) for row in told["orphaned"]}
    assert {key[0] for key in unnamed} == orphaned
    assert all(row.cost == 0 and row.tokens_unpriced > 0 for row in unnamed.values())

    # Usage: every token of every class.
    assert used_by_class() == counted_by_class([*told["rows"], *told["orphaned"]])

    # Billed: exactly the bill, every line that is Bedrock's.
    assert billed() == bill_of(collected)
    with tenant_transaction():
        report = get_usage_type_report(now=clock())
    check_the_reading([row for row in collected.bill() if row["date"] < f"{SANDBOX_NOW:%Y-%m-%d}"], report)

    # A price cut that nobody announced: when it came, what it was worth, and what it was not for.
    check_the_cut(collected)

    # The roll-up is what its hours add up to.
    assert wrong_days() == []

    # Teams: what carries the tag is paid by the center of that code, all else by nobody yet.
    teams = rated(Dimension.COST_CENTER, granularity=None)
    assert {key[1] for key in teams} == {"search", "support", None}

    check_that_twice_changes_nothing(clock)

    # An own price goes before what the bill says: at list prices, rated and billed differ by exactly the cut.
    check_list_prices(collected, told["rows"], clock())
    # And every cent of the difference between the two has its reason, whatever becomes of the bill.
    check_the_match(collected, clock)
