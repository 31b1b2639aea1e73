"""Local days are read out of the roll-up alone; where that was made for another time zone, out of hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.models import Organization
from billing.domain.dimensions import Dimension
from billing.models import DailyUsage, HourlyUsage, UsageSeries
from billing.operations.rating import roll_up
from billing.queries.costs import list_daily_spend
from billing.sql import execute
from tests.cast import Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.billing import make_assignment, make_override, make_series, make_usage

START = datetime(2026, 10, 29, tzinfo=UTC)
HOURS = [START + timedelta(hours=number) for number in range(6 * 24)]
END = HOURS[-1] + timedelta(hours=1)
DAYS = (date(2026, 10, 28), date(2026, 11, 6))
# Europe puts its clocks back on October 25th, America on November 1st; Lord Howe does so by half an hour, and is ahead.
ZONES = ["UTC", "Asia/Tokyo", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Niue"]

pytestmark = pytest.mark.django_db

Spend = dict[tuple[date, str | None], Decimal]


def live_in(cast: Cast, time_zone: str) -> None:
    Organization.objects.filter(pk=cast.acme.pk).update(time_zone=time_zone)


def use_two_series() -> list[UsageSeries]:
    """A dollar a token: every hour costs another amount, and one of the series has changed hands."""
    make_override(rate="1000000", effective_from=datetime(2024, 1, 1, tzinfo=UTC))
    found = []
    for number, aws_region in enumerate(("us-east-1", "eu-central-1")):
        series = make_series(aws_region=aws_region)
        make_usage(series, {hour: 2 ** (at % 16) + number for at, hour in enumerate(HOURS)})
        found.append(series)
    first, second = make_cost_center(code="search").pk, make_cost_center(code="support").pk
    make_assignment(found[0], first, assigned_to=date(2026, 11, 1))
    make_assignment(found[0], second, assigned_from=date(2026, 11, 1))
    return found


def spend(time_zone: str, by: Dimension | None = None) -> Spend:
    return {
        (row.date, row.key): row.cost
        for row in list_daily_spend(start=DAYS[0], end=DAYS[1], time_zone=time_zone, by=by)
    }


@pytest.mark.parametrize("time_zone", ZONES)
@pytest.mark.parametrize("by", [None, Dimension.COST_CENTER])
def test_the_days_of_the_organization_need_no_hour(cast: Cast, time_zone: str, by: Dimension | None) -> None:
    live_in(cast, time_zone)
    with inside(cast.acme):
        use_two_series()
        DailyUsage.objects.update(moved_from=None, moved_to=None, cost_moved=None)
        from_hours = spend(time_zone, by)
        roll_up(list(UsageSeries.objects.values_list("id", flat=True)), START, END)
        HourlyUsage.objects.all().delete()

        assert spend(time_zone, by) == from_hours
        assert sum(from_hours.values()) == sum(2 * 2 ** (at % 16) + 1 for at in range(len(HOURS)))


def test_after_a_change_of_the_time_zone_hours_are_read_until_days_are_rolled_up_again(cast: Cast) -> None:
    live_in(cast, "Asia/Tokyo")
    with inside(cast.acme):
        series = use_two_series()
        in_tokyo = spend("Asia/Tokyo")
        live_in(cast, "America/New_York")
        in_new_york = spend("America/New_York")
        roll_up([series[0].pk], START, END)  # one series is rolled up anew, the other not yet
        half_way = spend("America/New_York")
        roll_up([series[1].pk], START, END)
        HourlyUsage.objects.all().delete()

        assert in_tokyo != in_new_york
        assert half_way == in_new_york == spend("America/New_York")


def test_hours_kept_apart_that_are_not_those_of_the_facts_are_found_out(cast: Cast) -> None:
    live_in(cast, "Asia/Tokyo")
    bounds = {"first_hour": START, "last_hour": END, "first_day": START.date(), "last_day": END.date()}
    with inside(cast.acme):
        _, second = use_two_series()
        before = execute("check_daily_usage", **bounds)
        DailyUsage.objects.filter(series_id=second.pk, date=date(2026, 11, 1)).update(cost_moved=Decimal(1))

        assert before == []
        assert execute("check_daily_usage", **bounds) == [(date(2026, 11, 1), second.pk)]
