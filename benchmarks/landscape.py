"""Organizations for benchmarks: people, cost centers, series with their rate cards, budgets; no facts yet."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice, product
from statistics import NormalDist
from uuid import UUID

from accounts.access.web import user_actor
from accounts.models import CostCenter, User
from accounts.operations.organizations import create_organization
from accounts.tenancy.context import organization_scope, tenant_transaction
from billing.domain.catalog import PriceBook
from billing.domain.collection import ConnectionKind
from billing.domain.connections import ConnectionState
from billing.domain.dimensions import Namespace, Routing, SeriesKey, Tier
from billing.domain.rating import rate_card
from billing.models import AwsConnection, BilledSeries, ExchangeRate, SeriesAssignment, UsageSeries
from billing.operations.catalog import sync_price_table
from billing.operations.rating import find_or_add_card
from billing.queries.catalog import list_foundation_models, list_prices
from forecasting.models import AlertRule, AlertRuleChannel, Budget, NotificationChannel

# Data reach until here, in the middle of a month, however late it is when the benchmark runs.
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
ZONES = (
    ("UTC", "USD"),
    ("Asia/Tokyo", "JPY"),
    ("America/New_York", "USD"),
    ("Europe/Berlin", "EUR"),
    ("Asia/Kolkata", "USD"),
)
REGIONS = (
    "us-east-1",
    "ap-northeast-1",
    "eu-central-1",
    "us-west-2",
    "ap-south-1",
    "eu-west-1",
    "ap-southeast-2",
    "us-east-2",
)
MODELS = 20
SPREAD = 0.9  # of the logarithm of sizes: the largest of 200 organizations has a dozen times what the middle one has


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """An organization that is measured."""

    organization_id: UUID
    slug: str
    time_zone: str
    user_id: int
    series_ids: tuple[int, ...]
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What an organization looks like."""

    slug: str
    series: int
    centers: int
    time_zone: str = "UTC"
    currency: str = "USD"


def spread_sizes(count: int, mean: float) -> list[int]:
    """Sizes as organizations have them: most small, a few large, `mean` on average."""
    normal = NormalDist()
    raw = [math.exp(SPREAD * normal.inv_cdf((index + 0.5) / count)) for index in range(count)]
    # One after the other in another order than that of their sizes, so that no time zone gets the large ones.
    order = sorted(range(count), key=lambda index: (index * 7919) % count)
    return [max(1, round(raw[index] * mean * count / sum(raw))) for index in order]


def prepare_catalog() -> tuple[PriceBook, list[tuple[str, str]]]:
    """The published prices, and the models that are used: canonical id and publisher."""
    sync_price_table(now=LONG_AGO)
    prices = list_prices()
    priced = {price.key.model_id for price in prices}
    models = [(model.model_id, model.publisher) for model in list_foundation_models() if model.model_id in priced]
    return PriceBook(prices=prices), models[:MODELS]


def add_tenant(kind: Kind, book: PriceBook, models: list[tuple[str, str]]) -> Tenant:
    """One organization, set up as its people would have done it."""
    user = User.objects.create_user(f"owner@{kind.slug}.test", name="Ada")
    codes = [f"team-{number:02d}" for number in range(kind.centers)]
    organization = create_organization(
        actor=user_actor(user),
        owner_user_id=user.pk,
        name=kind.slug,
        slug=kind.slug,
        time_zone=kind.time_zone,
        currency=kind.currency,
        cost_centers=codes,
    )
    with organization_scope(organization.id), tenant_transaction():
        connection = _add_connection(kind)
        series = _add_series(kind, book, models)
        _assign(series)
        _add_bill(connection, kind)
        _add_budgets(kind, user)
    return Tenant(
        organization_id=organization.id,
        slug=kind.slug,
        time_zone=kind.time_zone,
        user_id=user.pk,
        series_ids=tuple(row.pk for row in series),
        models=tuple(sorted({row.model_id for row in series})),
    )


def _add_connection(kind: Kind) -> AwsConnection:
    number = sum(ord(letter) * 31**place for place, letter in enumerate(kind.slug)) % 10**12
    return AwsConnection.objects.create(
        kind=ConnectionKind.PAYER,
        role_arn=f"arn:aws:iam::{number:012d}:role/Yosan",
        aws_account_id=f"{number:012d}",
        external_id=kind.slug,
        state=ConnectionState.VERIFIED,
        aws_regions=list(_regions(kind)),
        created_at=LONG_AGO,
        connected_at=LONG_AGO,
        verified_at=LONG_AGO,
    )


def _regions(kind: Kind) -> tuple[str, ...]:
    return REGIONS[: max(1, min(len(REGIONS), kind.series // 3))]


def _keys(kind: Kind, models: list[tuple[str, str]]) -> Iterator[SeriesKey]:
    """Every model in the first regions for the first team, then for the next: as a company grows."""
    for team, region, (model_id, publisher) in product(range(kind.series), _regions(kind), models):
        yield SeriesKey(
            aws_account_id=f"{team % 4:012d}",
            aws_region=region,
            namespace=Namespace.BEDROCK,
            aws_model_id=f"{model_id}-{team}",
            model_id=model_id,
            publisher=publisher,
            routing=Routing.IN_REGION,
            inference_profile_id=f"profile-{team}",
        )


def _add_series(kind: Kind, book: PriceBook, models: list[tuple[str, str]]) -> list[UsageSeries]:
    keys = list(islice(_keys(kind, models), kind.series))
    for key in {(key.model_id, key.aws_region): key for key in keys}.values():
        find_or_add_card(rate_card(key, NOW, book))
    rows = [
        UsageSeries(
            aws_account_id=key.aws_account_id,
            aws_region=key.aws_region,
            namespace=key.namespace,
            aws_model_id=key.aws_model_id,
            tier=Tier.STANDARD,
            inference_profile_id=key.inference_profile_id,
            model_id=key.model_id,
            publisher=key.publisher,
            routing=key.routing,
            first_seen_at=LONG_AGO,
        )
        for key in keys
    ]
    return list(UsageSeries.objects.bulk_create(rows))


def _assign(series: list[UsageSeries]) -> None:
    """Nine of ten are somebody's; every seventh of those has changed hands since."""
    centers = list(CostCenter.objects.order_by("id"))
    moved = NOW.date() - timedelta(days=100)
    rows = []
    for number, row in enumerate(series):
        first, second = centers[number % len(centers)], centers[(number + 1) % len(centers)]
        if number % 10 == 9:  # noqa: PLR2004
            continue
        has_moved = number % 7 == 6  # noqa: PLR2004
        rows.append(_assignment(row, first, None, moved if has_moved else None))
        if has_moved:
            rows.append(_assignment(row, second, moved, None))
    SeriesAssignment.objects.bulk_create(rows)


def _assignment(row: UsageSeries, center: CostCenter, start: date | None, end: date | None) -> SeriesAssignment:
    return SeriesAssignment(usage_series=row, cost_center=center, assigned_from=start, assigned_to=end, origin="TAG")


def _add_bill(connection: AwsConnection, kind: Kind) -> None:
    """A line of the bill is a model, region and token class, whichever teams used them."""
    lines = max(4, min(kind.series, MODELS * len(_regions(kind))))
    BilledSeries.objects.bulk_create(
        BilledSeries(
            connection=connection,
            aws_account_id=connection.aws_account_id,
            service="Amazon Bedrock" if number % 3 else "Claude Sonnet (Amazon Bedrock Edition)",
            usage_type=f"USE1-model{number:03d}-input-tokens",
            unit="1K tokens",
            currency="USD",
            first_seen_at=LONG_AGO,
        )
        for number in range(lines)
    )


def _add_budgets(kind: Kind, user: User) -> None:
    month = date(2024, 1, 1)
    if kind.currency != "USD":
        ExchangeRate.objects.create(
            month_date=month, currency=kind.currency, units_per_usd=Decimal(100), entered_by="Ada", entered_at=LONG_AGO
        )
    channel = NotificationChannel.objects.create(
        kind="EMAIL", name="Finance", address="finance@example.test", created_at=LONG_AGO, changed_at=LONG_AGO
    )
    scopes = [
        ("ORGANIZATION", ""),
        *(("COST_CENTER", str(pk)) for pk in CostCenter.objects.values_list("id", flat=True)[:4]),
    ]
    budgets = [
        Budget(
            name=f"Budget {number}",
            scope_kind=scope_kind,
            scope_key=scope_key,
            amount=Decimal(5000 * kind.series // len(scopes) + 100),
            currency="USD",
            owner=user,
            owner_label="Ada",
            created_at=LONG_AGO,
            changed_at=LONG_AGO,
        )
        for number, (scope_kind, scope_key) in enumerate(scopes)
    ]
    Budget.objects.bulk_create(budgets)
    rules = [
        AlertRule(budget=budget, threshold_percent=Decimal(percent), kind=alert_kind)
        for budget in budgets
        for alert_kind, percent in (("ACTUAL", 50), ("ACTUAL", 100), ("FORECAST", 100))
    ]
    AlertRule.objects.bulk_create(rules)
    AlertRuleChannel.objects.bulk_create(AlertRuleChannel(rule=rule, channel=channel) for rule in rules)
