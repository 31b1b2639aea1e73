"""Acme's November, told in the database: two teams, four models, a bill, a budget that will not hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product

from accounts.models import CostCenter
from billing.domain.collection import Source, WindowState
from billing.domain.dimensions import Routing
from billing.domain.records import TokenCounts, UsageRecord
from billing.operations.catalog import sync_price_table
from billing.operations.rating import series_key_of
from forecasting.models import ForecastPoint, ForecastRun
from tests.cast import Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.billing import (
    HOUR,
    make_assignment,
    make_billed,
    make_connection,
    make_exchange_rate,
    make_series,
    make_window,
    store_records,
)
from tests.factories.forecasting import make_alert_rule, make_budget, make_channel

# Ten in the evening in Tokyo: the day is incomplete, and the last hour stored is a little while ago.
NOW = datetime(2026, 11, 10, 13, 20, tzinfo=UTC)
DATA_UNTIL = datetime(2026, 11, 10, 13, 0, tzinfo=UTC)
CONNECTED = datetime(2026, 11, 1, tzinfo=UTC)
FIRST_DAY, TODAY = date(2026, 9, 1), date(2026, 11, 10)
DAY = timedelta(days=1)
# Millions of input tokens on a working day: (model, region, team, tokens, growth a day).
LINES = (
    ("claude-sonnet-4-5", "us-east-1", "search", 205, 2),
    ("claude-haiku-4-5", "us-east-1", "support", 240, 1),
    ("llama-3-3-70b", "ap-northeast-1", "support", 250, 1),
    ("nova-pro", "us-east-1", None, 119, 1),
)
MILLION = 1_000_000
WEEKEND_PERCENT = 55


def tell_november(cast: Cast) -> None:
    """Store the story; commits with the caller's transaction."""
    sync_price_table(now=CONNECTED)
    with inside(cast.acme):
        cast.acme.currency = "JPY"
        cast.acme.save()
        centers = {code: make_cost_center(code=code) for code in ("search", "support")}
        make_exchange_rate()
        make_exchange_rate(month=date(2026, 10, 1), units="151.2")
        _usage(centers)
        _connection()
        _forecast()
        _budgets()


def _usage(centers: dict[str, CostCenter]) -> None:
    """Store what each region used: by region, since storing replaces a region's hours as a whole."""
    records: dict[str, list[UsageRecord]] = defaultdict(list)
    for model_id, aws_region, team, tokens, growth in LINES:
        series = make_series(model_id=model_id, aws_region=aws_region, routing=Routing.IN_REGION)
        if team:
            make_assignment(series, centers[team].pk)
        key = series_key_of(series)
        records[aws_region] += [
            UsageRecord(key, _hour(day), 1000, TokenCounts(input=_tokens(day, tokens + growth * index)))
            for index, day in enumerate(_days(FIRST_DAY, TODAY))
        ]
    nameless = series_key_of(make_series(model_id=""))
    records["us-east-1"].append(UsageRecord(nameless, _hour(date(2026, 11, 3)), 3, TokenCounts(input=41_200)))
    for found in records.values():
        found.sort(key=lambda record: record.hour)
        store_records(found, start=_hour(FIRST_DAY), end=_hour(TODAY) + HOUR)


def _hour(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 3, tzinfo=UTC)


def _tokens(day: date, millions: int) -> int:
    return millions * MILLION * (WEEKEND_PERCENT if day.isoweekday() > 5 else 100) // 100


def _connection() -> None:
    connection = make_connection(
        connected_at=CONNECTED,
        name="Production",
        aws_regions=("us-east-1", "ap-northeast-1"),
        permissions_found=["cloudwatch:ListMetrics", "cloudwatch:GetMetricData", "ce:GetCostAndUsage"],
        permissions_missing=["bedrock:ListTagsForResource"],
        polling_usd_per_month=Decimal("0.65"),
        principal_arn="arn:aws:iam::999999999999:role/Yosan",
    )
    for day, aws_region in product(_days(CONNECTED.date(), TODAY), ("us-east-1", "ap-northeast-1")):
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        filled = min(start + DAY, DATA_UNTIL)
        make_window(connection, aws_region=aws_region, start=start, state=WindowState.DONE, filled_until=filled)
    month = datetime(2026, 11, 1, tzinfo=UTC)
    make_window(
        connection,
        source=Source.COST_EXPLORER,
        start=month,
        end=datetime(2026, 12, 1, tzinfo=UTC),
        state=WindowState.DONE,
        filled_until=datetime(2026, 11, 9, tzinfo=UTC),
    )
    make_billed(connection, dict.fromkeys(_days(date(2026, 10, 1), date(2026, 11, 8)), "1480.25"))


def _forecast() -> None:
    spent, total = Decimal(15_600), Decimal(44_500)
    run = ForecastRun.objects.create(
        scope_kind="ORGANIZATION",
        scope_key="",
        month=date(2026, 11, 1),
        data_until=DATA_UNTIL,
        made_at=DATA_UNTIL,
        method="ensemble",
        calibrated=True,
        history_days=70,
        currency="USD",
        spent_to_date=spent,
        total=total,
        **{
            f"{side}_{level}": total + sign * width
            for level, width in ((50, 2000), (80, 4200), (95, 6900))
            for side, sign in (("lo", -1), ("hi", 1))
        },
    )
    days = list(_days(TODAY, date(2026, 11, 30)))
    for index, day in enumerate(days, start=1):
        share = Decimal(index) / len(days)
        reached = spent + (total - spent) * share
        width = {level: Decimal(most) * share for level, most in ((80, 4200), (95, 6900))}
        ForecastPoint.objects.create(
            run=run,
            date=day,
            amount=(total - spent) / len(days),
            running_total=reached,
            **{
                f"{side}_{level}": reached + sign * width[level]
                for level in width
                for side, sign in (("lo", -1), ("hi", 1))
            },
        )


def _budgets() -> None:
    channel = make_channel(name="Finance")
    whole = make_budget(name="All AI spend", amount=Decimal(5_600_000), currency="JPY", owner_label="Ada")
    make_alert_rule(whole, channel, percent=80)
    make_alert_rule(whole, channel, percent=100, kind="FORECAST")


def _days(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += DAY
