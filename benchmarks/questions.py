"""Asks what pages ask, of many organizations, as the application's role and through the doors; says how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from itertools import chain
from statistics import quantiles
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from accounts.tenancy.context import organization_scope, tenant_transaction
from benchmarks.landscape import NOW, Tenant
from billing.domain.dimensions import Basis, Dimension, Granularity
from billing.domain.periods import DAY, DateRange, Month, local_day_bounds, utc_day_start
from billing.queries.costs import SpendRow, list_spend
from billing.queries.questions import SpendQuestion
from billing.queries.usage import list_usage

MILLISECONDS = 1000
MONTH = Month.of(NOW.date())


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """How long the calls of one question took, in milliseconds."""

    calls: tuple[float, ...]
    statements: int = 0

    @property
    def middle(self) -> float:
        """The median."""
        return sorted(self.calls)[len(self.calls) // 2]

    @property
    def slow(self) -> float:
        """What nineteen of twenty calls stay below."""
        return quantiles(self.calls, n=20, method="inclusive")[-1] if len(self.calls) > 1 else self.calls[0]


@dataclass(slots=True)
class DatabaseTime:
    """Adds up what the statements of a block took, until their rows had arrived at the client."""

    seconds: float = 0.0
    statements: int = 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.seconds += time.perf_counter() - began
            self.statements += 1


def spend_question(start: datetime, end: datetime, **asked: Any) -> SpendQuestion:
    """A question of rated cost, unless it says otherwise."""
    return SpendQuestion(**{"basis": Basis.RATED, "start": start, "end": end, **asked})


def _month(tenant: Tenant) -> tuple[datetime, datetime]:
    """The month so far in the organization's own days."""
    return local_day_bounds(MONTH.start, tenant.time_zone)[0], NOW


def _month_before(tenant: Tenant) -> tuple[datetime, datetime]:
    bounds = [local_day_bounds(month.start, tenant.time_zone)[0] for month in (MONTH.previous(), MONTH)]
    return bounds[0], bounds[1]


def _compare_months(tenant: Tenant) -> None:
    groups = (Dimension.COST_CENTER, Dimension.MODEL)
    for start, end in (_month(tenant), _month_before(tenant)):
        list_spend(spend_question(start, end, group_by=groups, time_zone=tenant.time_zone))


def _regions_by_day(tenant: Tenant) -> None:
    start = local_day_bounds(NOW.date() - 90 * DAY, tenant.time_zone)[0]
    by_day = {"granularity": Granularity.DAY, "time_zone": tenant.time_zone}
    list_spend(spend_question(start, NOW, group_by=(Dimension.AWS_REGION,), **by_day))


def _bill_by_usage_type(tenant: Tenant) -> None:  # noqa: ARG001 - every question is asked of an organization
    start, end = utc_day_start(MONTH.previous().start), utc_day_start(MONTH.start)
    list_spend(spend_question(start, end, basis=Basis.BILLED, group_by=(Dimension.USAGE_TYPE,)))


def _one_region_by_model(tenant: Tenant) -> None:
    only = {Dimension.AWS_REGION: ("us-east-1",)}
    list_spend(spend_question(*_month_before(tenant), group_by=(Dimension.MODEL,), filters=only))


def _tokens_by_model(tenant: Tenant) -> None:
    list_usage(spend_question(*_month_before(tenant), group_by=(Dimension.MODEL,)))


def whole_days() -> tuple[DateRange, DateRange]:
    """The UTC days of the month that are over, and as many of the month before."""
    before = MONTH.previous().start
    return DateRange(MONTH.start, NOW.date()), DateRange(before, before + (NOW.date() - MONTH.start))


def compare_whole_days() -> list[tuple[SpendRow, ...]]:
    """What DuckDB is asked, too."""
    groups = (Dimension.COST_CENTER, Dimension.MODEL)
    bounds = [(utc_day_start(days.start), utc_day_start(days.end)) for days in whole_days()]
    return [list_spend(spend_question(start, end, group_by=groups)).rows for start, end in bounds]


# What the Explore page asks, in the words of the report.
EXPLORE: Mapping[str, Callable[[Tenant], object]] = {
    "cost center × model, a month and the month before": _compare_months,
    "region by day, 90 days": _regions_by_day,
    "billed by usage type, a month": _bill_by_usage_type,
    "model in one region, a month": _one_region_by_model,
    "tokens by model, a month": _tokens_by_model,
}
IN_COLUMNS = "cost center × model, whole UTC days of two months"
DASHBOARD, DASHBOARD_QUERIES, PAGE = "dashboard, whole answer", "dashboard, queries alone", "Explore page, whole answer"


def measure(tenants: Sequence[Tenant], *, rounds: int = 1) -> dict[str, Timings]:
    """Ask every question of every organization, once to warm up and then so many times more."""
    found = _measure_pages(tenants, rounds)
    for name, question in EXPLORE.items():
        found[name] = _measure_question(tenants, question, rounds)
    found[IN_COLUMNS] = _measure_question(tenants, lambda _: compare_whole_days(), rounds)
    return found


def _measure_pages(tenants: Sequence[Tenant], rounds: int) -> dict[str, Timings]:
    """Pages as their views make them, for a member who is logged in; of the dashboard its statements alone, too."""
    clients = [(tenant, logged_in(tenant)) for tenant in tenants]
    whole, queries, explore, statements = [], [], [], 0
    for number in range(rounds + 1):
        for tenant, client in clients:
            seen = DatabaseTime()
            with connection.execute_wrapper(seen):
                waited = _open(client, f"/o/{tenant.slug}/")
            page = _open(client, f"/o/{tenant.slug}/explore/")
            if number:  # the first round warms up
                whole.append(waited)
                queries.append(seen.seconds * MILLISECONDS)
                explore.append(page)
            statements = seen.statements
    return {
        DASHBOARD: Timings(calls=tuple(whole)),
        DASHBOARD_QUERIES: Timings(calls=tuple(queries), statements=statements),
        PAGE: Timings(calls=tuple(explore)),
    }


def _measure_question(tenants: Sequence[Tenant], question: Callable[[Tenant], object], rounds: int) -> Timings:
    """One question, in a transaction of its own each time, as the door opens it."""

    def ask(tenant: Tenant) -> None:
        with inside(tenant):
            question(tenant)

    for tenant in tenants:
        ask(tenant)
    return Timings(calls=tuple(milliseconds(lambda: ask(one)) for one in chain.from_iterable([tenants] * rounds)))  # noqa: B023 - called at once


def logged_in(tenant: Tenant) -> Client:
    """A browser of the organization's owner."""
    client = Client()
    client.force_login(get_user_model().objects.get(pk=tenant.user_id))
    return client


@contextmanager
def inside(tenant: Tenant) -> Iterator[None]:
    """Open an organization as a door does."""
    with organization_scope(tenant.organization_id), tenant_transaction():
        yield


def _open(client: Client, path: str) -> float:
    def open_page() -> None:
        response = client.get(path, HTTP_HOST="localhost")
        assert response.status_code == HTTPStatus.OK, (path, response.status_code)

    return milliseconds(open_page)


def milliseconds(work: Callable[[], object]) -> float:
    """How long some work takes."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * MILLISECONDS
