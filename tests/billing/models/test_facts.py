"""The partitioned facts: months are made on demand, rows of other organizations do not exist, a partition is closed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from threading import Barrier
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction

from billing.models import BilledCost, DailyUsage, HourlyUsage
from tests.cast import Cast, cast, inside  # noqa: F401 - a fixture

FACTS = (HourlyUsage, DailyUsage, BilledCost)
INSERT = (
    "INSERT INTO billing_billedcost (organization_id, date, series_id, cost_unblended, cost_net_unblended, cost_amortized,"
    " quantity, is_estimated) VALUES (%s, '2026-11-03', 7, 1, 1, 1, 1, true)"
)


def run(statement: str, *parameters: str | date | UUID) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def make_month(table: str, day: date) -> bool:
    return bool(run("SELECT ensure_month(%s, %s)", table, day)[0][0])


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_month_that_two_begin_at_once_is_made_once() -> None:
    month = date(2031, 1, 1)

    def make(_: int) -> bool:
        try:
            with transaction.atomic():
                # Both have looked it up in vain before either begins.
                assert run("SELECT to_regclass('billing_dailyusage_2031_01')") == [(None,)]
                together.wait()
                return make_month("billing_dailyusage", month)
        finally:
            connection.close()

    together = Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(make, range(2))) == [False, True]


@pytest.mark.django_db
@pytest.mark.parametrize("model", FACTS)
def test_a_month_is_made_once(model: type[HourlyUsage]) -> None:
    table = model._meta.db_table
    # Of a month in which no other test stores anything for good.
    assert make_month(table, date(2032, 11, 17)) is True
    assert make_month(table, date(2032, 11, 1)) is False
    assert run("SELECT to_regclass(%s)::text", f"{table}_2032_11") == [(f"{table}_2032_11",)]


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["accounts_user", "pg_class", "billing_hourlyusage; DROP TABLE accounts_user"])
def test_only_fact_tables_get_months(table: str) -> None:
    with pytest.raises(DatabaseError, match="no such fact table"):
        make_month(table, date(2026, 11, 1))


@pytest.mark.parametrize("model", FACTS)
@pytest.mark.django_db
def test_a_partition_cannot_be_read_past_the_wall(model: type[HourlyUsage]) -> None:
    make_month(model._meta.db_table, date(2026, 11, 1))
    with pytest.raises(ProgrammingError, match="permission denied"):
        run(f"TABLE {model._meta.db_table}_2026_11")


def test_a_row_of_a_month_that_nobody_made_is_refused(cast: Cast) -> None:  # noqa: F811
    with inside(cast.acme), pytest.raises(IntegrityError, match="no partition"), transaction.atomic():
        run(INSERT.replace("2026-11-03", "2033-11-03"), cast.acme.pk)


def test_facts_of_another_organization_are_neither_seen_nor_written(cast: Cast) -> None:  # noqa: F811
    make_month("billing_billedcost", date(2026, 11, 1))
    with inside(cast.acme):
        run(INSERT, cast.acme.pk)
    with inside(cast.globex):
        assert run("SELECT count(*) FROM billing_billedcost") == [(0,)]
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            run(INSERT, cast.acme.pk)
    with inside(cast.acme):
        assert BilledCost.objects.get(date=date(2026, 11, 3)).series_id == 7


def test_hours_of_the_last_day_of_a_month_lie_in_that_month(cast: Cast) -> None:  # noqa: F811
    make_month("billing_hourlyusage", date(2026, 11, 1))
    zero = {field.attname: 0 for field in HourlyUsage._meta.concrete_fields if field.attname.startswith("tokens_")}
    with inside(cast.acme):
        for hour in (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 30, 23, tzinfo=UTC)):
            HourlyUsage.objects.create(
                hour=hour, series_id=1, invocations=1, client_errors=0, server_errors=0, throttles=0, **zero
            )
        assert HourlyUsage.objects.count() == 2
