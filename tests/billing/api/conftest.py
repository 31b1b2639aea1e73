"""Keys of two organizations, a client that speaks to the API, and three days of facts."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from django.test import Client

from accounts.domain.roles import Permission
from accounts.models import Organization
from accounts.operations.api_keys import issue_api_key
from billing.domain.collection import ConnectionKind
from billing.domain.connections import ConnectionState
from billing.domain.dimensions import Namespace, Routing, Tier
from billing.models import (
    AwsConnection,
    BilledCost,
    BilledSeries,
    HourlyUsage,
    RateCard,
    SeriesAssignment,
    UsageSeries,
)
from billing.operations.rating import roll_up
from billing.sql import ensure_months
from tests.cast import NOW, Cast, inside
from tests.factories.accounts import make_cost_center

ACCOUNT = "111111111111"
REGION = "us-east-1"
FIRST = datetime(2026, 10, 30, tzinfo=UTC)
NO_TOKENS = dict.fromkeys(("cache_read", "cache_write", "cache_write_5m", "cache_write_1h"), 0)
CLASSES = ("input", "output", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h")


class Nothing(Enum):
    """A body that was not sent; an enum, so that every test process calls it the same."""

    NOTHING = "NOTHING"


NOTHING = Nothing.NOTHING


@dataclass(frozen=True, slots=True)
class Api:
    """The API as a program sees it that holds one key."""

    key: str

    def get(self, path: str, **parameters: Any) -> Any:
        return Client().get(f"/api/v1/{path}", parameters, **self._headers())

    def send(self, method: str, path: str, body: object = NOTHING, content_type: str = "application/json") -> Any:
        data = b"" if body is NOTHING else body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = self._headers()
        return Client().generic(method.upper(), f"/api/v1/{path}", data, content_type, **headers)

    def rows(self, path: str, **parameters: object) -> list[dict[str, Any]]:
        answer = self.get(path, **parameters)
        assert answer.status_code == 200, answer.content
        rows: list[dict[str, Any]] = answer.json()["rows"]
        return rows

    def refusal(self, path: str, **parameters: object) -> tuple[str, str]:
        """The code of a refusal and the field that it names."""
        answer = self.get(path, **parameters)
        assert answer.status_code == 400, answer.content
        assert answer["Content-Type"] == "application/problem+json"
        return answer.json()["code"], answer.json()["errors"][0]["field"]

    def _headers(self) -> dict[str, Any]:
        return {"headers": {"authorization": f"Bearer {self.key}"}}


KeyMaker = Callable[[Organization, Collection[Permission]], Api]


@pytest.fixture
def make_api(cast: Cast) -> KeyMaker:
    def make(organization: Organization, scopes: Collection[Permission]) -> Api:
        with inside(organization):
            issued = issue_api_key(
                actor=cast.ada_acts, issuer=scopes, name="A program", scopes=scopes, expires_at=None, now=NOW
            )
        return Api(issued.text)

    return make


@pytest.fixture
def api(cast: Cast, make_api: KeyMaker) -> Api:
    """A program of Acme that may look at spend."""
    return make_api(cast.acme, [Permission.VIEW_SPEND])


@pytest.fixture
def globex_api(cast: Cast, make_api: KeyMaker) -> Api:
    """A program of Globex, which must see nothing of Acme."""
    return make_api(cast.globex, [Permission.VIEW_SPEND, Permission.EDIT_CONNECTIONS])


def make_series(model_id: str, routing: Routing = Routing.IN_REGION) -> UsageSeries:
    return UsageSeries.objects.create(
        aws_account_id=ACCOUNT,
        aws_region=REGION,
        namespace=Namespace.BEDROCK,
        aws_model_id=f"raw.{model_id}.{routing}",
        tier=Tier.STANDARD,
        model_id=model_id,
        publisher="Amazon" if model_id else "",
        routing=routing,
        first_seen_at=FIRST,
    )


def make_card(*, rate: str | None, assumed: Collection[str] = ()) -> RateCard:
    """The card that hours were rated with; without a rate none of its classes has a price."""
    return RateCard.objects.create(
        fingerprint="-".join(["card", str(rate), *assumed]),
        rates={name: {"rate": rate, "source": "a list", "is_assumed": name in assumed} for name in CLASSES},
        **{f"is_assumed_{name}": name in assumed for name in CLASSES},
    )


def make_hour(series: UsageSeries, hour: datetime, tokens: int, rate: Decimal | None, card: RateCard) -> None:
    """One hour with as many input tokens as told, and one output token."""
    counts = {"input": tokens, "output": 1, **NO_TOKENS}
    costs = {name: None if rate is None and count else (rate or 0) * count for name, count in counts.items()}
    HourlyUsage.objects.create(
        hour=hour,
        series_id=series.pk,
        rate_card_id=card.pk,
        invocations=1,
        client_errors=0,
        server_errors=0,
        throttles=0,
        **{f"tokens_{name}": count for name, count in counts.items()},
        **{f"cost_{name}": cost for name, cost in costs.items()},
    )


def make_connection() -> AwsConnection:
    return AwsConnection.objects.create(
        kind=ConnectionKind.PAYER,
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/Reader",
        aws_account_id=ACCOUNT,
        external_id="yosan-abc",
        state=ConnectionState.VERIFIED,
        holds_role=True,
        created_at=FIRST,
        connected_at=FIRST,
        verified_at=FIRST,
    )


@pytest.fixture
def facts(cast: Cast) -> None:
    """30 October to 1 November, every hour: a priced model of team search, and one that nobody recognises.

    The cost of an hour is a millionth of a dollar for each token; an hour of day d has 100 x d + its number tokens.
    """
    with inside(cast.acme):
        ensure_months("billing_hourlyusage", [FIRST.date(), date(2026, 11, 1)])
        ensure_months("billing_dailyusage", [FIRST.date(), date(2026, 11, 1)])
        card, unknown_card = make_card(rate="1", assumed=["input"]), make_card(rate=None)
        nova, unknown = make_series("nova-pro"), make_series("", Routing.GLOBAL)
        for offset in range(72):
            hour = FIRST + timedelta(hours=offset)
            tokens = 100 * (1 + offset // 24) + offset % 24
            make_hour(nova, hour, tokens, Decimal("0.000001"), card)
            make_hour(unknown, hour, 7, None, unknown_card)
        roll_up([nova.pk, unknown.pk], FIRST, FIRST + timedelta(days=3))
        center = make_cost_center(code="search")
        SeriesAssignment.objects.create(usage_series=nova, cost_center=center, origin="TAG")


@pytest.fixture
def bill(cast: Cast) -> None:
    """Two lines of the bill on 31 October and 1 November; the later day is still an estimate."""
    with inside(cast.acme):
        ensure_months("billing_billedcost", [FIRST.date(), date(2026, 11, 1)])
        connection = make_connection()
        for usage_type, cost in (("USE1-NovaPro-input-tokens", "1.5"), ("USE1-Unheard-of", "0.25")):
            series = BilledSeries.objects.create(
                connection=connection,
                aws_account_id=ACCOUNT,
                service="Amazon Bedrock",
                usage_type=usage_type,
                unit="1K tokens",
                currency="USD",
                first_seen_at=FIRST,
            )
            for day in (date(2026, 10, 31), date(2026, 11, 1)):
                BilledCost.objects.create(
                    date=day,
                    series_id=series.pk,
                    cost_unblended=Decimal(cost),
                    cost_net_unblended=Decimal(cost),
                    cost_amortized=Decimal(cost),
                    quantity=1,
                    is_estimated=day.month == 11,
                )
