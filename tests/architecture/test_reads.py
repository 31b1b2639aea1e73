"""What is asked of the large tables finds its rows by an index, and lists read no more than they show."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection

from accounts.queries.audit import AuditFilter, list_audit_events
from accounts.queries.organizations import get_organization
from billing.domain.dimensions import Basis, Dimension, Granularity
from billing.domain.periods import HOUR
from billing.models import BilledSeries
from billing.queries.collection import get_backfill, get_data_until, list_source_freshness
from billing.queries.costs import list_daily_spend, list_spend
from billing.queries.questions import SpendQuestion
from billing.queries.usage import list_usage
from billing.sql import analyze_months, ensure_months
from forecasting.queries.alerts import list_alert_events
from forecasting.queries.budgets import list_budget_statuses
from forecasting.queries.channels import list_deliveries
from forecasting.queries.dashboard import get_dashboard
from tests.cast import Cast, inside
from tests.factories.accounts import make_cost_center, make_organization
from tests.factories.billing import make_assignment, make_connection, make_series
from tests.factories.forecasting import make_budget, make_channel, make_data_until

pytestmark = pytest.mark.django_db

MONTH, END = date(2026, 10, 1), date(2026, 11, 1)
START = datetime(2026, 10, 1, tzinfo=UTC)
NOW = datetime(2026, 10, 20, 10, tzinfo=UTC)
FACTS = ("billing_hourlyusage", "billing_dailyusage", "billing_billedcost")
WINDOWS = ("billing_collectionwindow", "billing_collectionrun")
OTHERS, SERIES = 20, 12
# As many rows of every organization as make an index worth while, so that a plan without one is a plan that cannot use it.
FILL = """
INSERT INTO billing_dailyusage (date, series_id, invocations, client_errors, server_errors, throttles, tokens_input,
    tokens_output, tokens_cache_read, tokens_cache_write, tokens_cache_write_5m, tokens_cache_write_1h, cost_input)
SELECT day, series, 1, 0, 0, 0, 1000, 0, 0, 0, 0, 0, 1
FROM generate_series(date '2026-10-01', date '2026-10-31', interval '1 day') AS day, unnest(%(series)s::bigint[]) AS series;
INSERT INTO billing_hourlyusage (hour, series_id, invocations, client_errors, server_errors, throttles, tokens_input,
    tokens_output, tokens_cache_read, tokens_cache_write, tokens_cache_write_5m, tokens_cache_write_1h, cost_input)
SELECT hour, series, 1, 0, 0, 0, 1000, 0, 0, 0, 0, 0, 1
FROM generate_series(timestamptz '2026-10-01 00:00+00', '2026-10-31 20:00+00', interval '12 hours') AS hour,
    unnest(%(series)s::bigint[]) AS series;
INSERT INTO billing_billedcost (date, series_id, cost_unblended, cost_net_unblended, cost_amortized, quantity, is_estimated)
SELECT day, series, 1, 1, 1, 1, false
FROM generate_series(date '2026-10-01', date '2026-10-31', interval '1 day') AS day, unnest(%(series)s::bigint[]) AS series
"""
# A connection's days of a year in two regions, and the readings of the last of them.
FILL_WINDOWS = """
INSERT INTO billing_collectionwindow (connection_id, source, aws_region, window_start, window_end, filled_until, state,
    attempt, failures, last_error, rows, is_rating_due)
SELECT %(connection)s, 'CLOUDWATCH', region, day, day + interval '1 day', day + interval '1 day', 'DONE', 1, 0, '', 1, false
FROM generate_series(timestamptz '2025-10-01 00:00+00', '2026-09-30 00:00+00', interval '1 day') AS day,
    unnest(ARRAY['eu-west-1', 'eu-west-2']) AS region;
INSERT INTO billing_collectionrun (window_id, attempt, started_at, finished_at, outcome, detail, rows, rejected_count,
    rejected, unrated_count, unrated, notes, api_calls, metrics_requested, cost_explorer_requests, aws_charge_usd)
SELECT id, 1, window_end, window_end, 'STORED', '', 1, 0, '[]', 0, '[]', '[]', 1, 1, 0, 0.001
FROM billing_collectionwindow
"""


def fill(series_ids: list[int], account: int) -> None:
    found = make_connection(role_arn=f"arn:aws:iam::{account:012d}:role/Yosan", aws_account_id=f"{account:012d}")
    with connection.cursor() as cursor:
        for statement in (*FILL.split(";"), *FILL_WINDOWS.split(";")):
            cursor.execute(statement, {"series": series_ids, "connection": found.pk})


@pytest.fixture
def others(cast: Cast) -> None:
    """Twenty other organizations with a month of facts each."""
    with inside(cast.acme):
        for table in FACTS:
            ensure_months(table, [MONTH])
    for number in range(OTHERS):
        with inside(make_organization()):
            fill([10**9 + number * SERIES + one for one in range(SERIES)], 10**11 + number)


@pytest.fixture
def acme(cast: Cast) -> Iterator[Cast]:
    """A month of Acme's facts, and statistics as PostgreSQL makes them."""
    with inside(cast.acme):
        for table in FACTS:
            ensure_months(table, [MONTH])
        series = [make_series(aws_model_id=f"profile-{number}") for number in range(SERIES)]
        make_assignment(series[0], make_cost_center(code="search").pk)
        payer = make_connection(role_arn="arn:aws:iam::111122223333:role/Payer")
        BilledSeries.objects.create(
            connection=payer, aws_account_id="1", service="s", usage_type="u", currency="USD", first_seen_at=START
        )
        fill([row.pk for row in series], 10**11 + OTHERS)
        make_data_until(NOW)
        make_budget(currency="USD")
        for table in FACTS:
            analyze_months(table, [MONTH])
        yield cast


@contextmanager
def watching() -> Iterator[list[tuple[str, Any]]]:
    """Every statement of the block, with the plan that PostgreSQL makes for it."""
    seen: list[tuple[str, Any]] = []

    def explain(execute: Callable[..., Any], sql: str, params: Any, many: Any, context: Any) -> Any:
        if "SELECT" in sql and "set_config" not in sql and "INSERT" not in sql:
            execute(f"EXPLAIN (FORMAT JSON) {sql}", params, many, context)
            (told,) = context["cursor"].fetchone()
            seen.append((sql, json.loads(told) if isinstance(told, str) else told))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        yield seen


def nodes(plan: Any) -> Iterator[dict[str, Any]]:
    if isinstance(plan, list):
        for one in plan:
            yield from nodes(one.get("Plan", one))
    else:
        yield plan
        yield from nodes(plan.get("Plans", []))


def is_of_windows(node: dict[str, Any]) -> bool:
    return str(node.get("Relation Name", "")) in WINDOWS


def is_of_facts(node: dict[str, Any]) -> bool:
    return str(node.get("Relation Name", "")).startswith(FACTS)


def rated(**asked: Any) -> SpendQuestion:
    return SpendQuestion(**{"basis": Basis.RATED, "start": START, "end": NOW, **asked})


def billed(**asked: Any) -> SpendQuestion:
    return rated(basis=Basis.BILLED, **asked)


READS: dict[str, Callable[[Cast], object]] = {
    "a month by cost center and model": lambda _: list_spend(
        rated(group_by=(Dimension.COST_CENTER, Dimension.MODEL), time_zone="Asia/Tokyo")
    ),
    "by region and day": lambda _: list_spend(
        rated(group_by=(Dimension.AWS_REGION,), granularity=Granularity.DAY, time_zone="Asia/Tokyo")
    ),
    "by hour": lambda _: list_spend(rated(granularity=Granularity.HOUR)),
    "one region": lambda _: list_spend(rated(filters={Dimension.AWS_REGION: ("us-east-1",)})),
    "tokens by model": lambda _: list_usage(rated(group_by=(Dimension.MODEL,))),
    "billed by usage type": lambda _: list_spend(billed(group_by=(Dimension.USAGE_TYPE,))),
    "billed by day": lambda _: list_spend(billed(granularity=Granularity.DAY)),
    "local days by cost center": lambda _: list_daily_spend(
        start=MONTH, end=END, time_zone="Asia/Tokyo", by=Dimension.COST_CENTER
    ),
    "the dashboard": lambda cast: get_dashboard(organization=get_organization(cast.acme.pk), now=NOW + HOUR),
    "budgets": lambda _: list_budget_statuses(as_of=NOW),
    "freshness": lambda _: (get_data_until(now=NOW), list_source_freshness(now=NOW), get_backfill(now=NOW)),
}


@pytest.mark.usefixtures("others")
def test_an_organization_finds_its_facts_and_windows_by_an_index(acme: Cast) -> None:
    statements: list[tuple[str, Any]] = []
    for name, read in READS.items():
        with watching() as seen:
            read(acme)
        assert any(is_of_facts(node) for _, plan in seen for node in nodes(plan)) or name == "freshness", name
        statements += seen

    for sql, plan in statements:
        scans = [node for node in nodes(plan) if is_of_facts(node)]
        assert not [node for node in scans if node["Node Type"] == "Seq Scan"], sql
        windows = [node for node in nodes(plan) if is_of_windows(node)]
        assert not [node for node in windows if node["Node Type"] == "Seq Scan"], sql
        conditions = [str(node.get("Index Cond", "")) for node in nodes(plan) if "Index" in node["Node Type"]]
        of_facts = [one for one in conditions if "date" in one or "hour" in one]
        assert not scans or any("organization_id" in one for one in of_facts), sql


def test_only_the_months_that_were_asked_for_are_planned(acme: Cast) -> None:
    for table in FACTS:
        ensure_months(table, [date(2025, month, 1) for month in range(1, 13)])

    with watching() as statements:
        for name in ("a month by cost center and model", "billed by day", "local days by cost center"):
            READS[name](acme)

    read = {node["Relation Name"] for _, plan in statements for node in nodes(plan) if is_of_facts(node)}
    assert read <= {f"{table}_2026_{month:02d}" for table in FACTS for month in (9, 10, 11)}


@pytest.mark.parametrize(
    "read",
    [
        lambda: list_spend(rated(group_by=(Dimension.MODEL,)), limit=2),
        lambda: list_usage(rated(granularity=Granularity.HOUR), limit=2),
        lambda: list_spend(billed(granularity=Granularity.DAY), limit=2),
        lambda: list_audit_events(matching=AuditFilter(), limit=2),
        lambda: list_alert_events(limit=2),
        lambda: list_deliveries(make_channel().pk, limit=2),
    ],
    ids=["spend", "usage", "bill", "audit log", "alerts", "deliveries"],
)
def test_a_list_that_grows_reads_one_row_more_than_it_shows(acme: Cast, read: Callable[[], Any]) -> None:
    del acme
    with watching() as statements:
        page = read()

    assert len(page.rows) <= 2
    sql, plan = statements[-1]
    limits = [node for node in nodes(plan) if node["Node Type"] == "Limit"]
    assert limits, sql
    assert all(node["Plan Rows"] <= 3 for node in limits), sql


def test_a_page_of_spend_is_bounded_when_nobody_says_how_long_it_may_be(acme: Cast) -> None:
    del acme
    with watching() as statements:
        list_spend(rated(granularity=Granularity.HOUR))

    assert any(node["Node Type"] == "Limit" for node in nodes(statements[-1][1]))
