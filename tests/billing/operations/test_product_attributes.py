"""Product attributes are asked for once a week, never in the way of the bill, and name lines without carrying money."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date, datetime, timedelta
from typing import cast as of_type

import pytest

from billing.adapters.aws.errors import NotReady, Throttled
from billing.adapters.aws.sessions import Role
from billing.domain.collection import ConnectionKind, Source, WindowSpan
from billing.domain.connections import Charge, Purpose
from billing.domain.product_attributes import Told
from billing.models import BilledCost, BilledSeries
from billing.operations import product_attributes
from billing.operations.product_attributes import read_attributes, store_attributes
from billing.operations.windows import Claim, Keeper
from tests.cast import NOW, Cast, inside
from tests.factories.billing import make_billed, make_connection

pytestmark = pytest.mark.django_db

MONTH = WindowSpan(
    source=Source.COST_EXPLORER,
    aws_region="",
    start=NOW.replace(day=1, hour=0),
    end=NOW.replace(month=12, day=1, hour=0),
)


class Quiet(ExitStack):
    """Keeps no lease."""

    def keep(self) -> None: ...


def claim(connection_id: int, now: datetime) -> Claim:
    return Claim(
        window_id=1,
        attempt=1,
        failures=0,
        started_at=now,
        span=MONTH,
        start=MONTH.start,
        end=now,
        is_whole=True,
        is_recent=False,
        purpose=Purpose.PRESENT,
        connection_id=connection_id,
        kind=ConnectionKind.PAYER,
        aws_account_id="111122223333",
        tag_key="team",
        role=of_type(Role, None),  # nobody is asked
    )


def test_an_account_without_them_is_asked_again_in_a_week(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def refuse(role: object, start: date, end: date, attribute: str, *, charge: Charge) -> None:  # noqa: ARG001
        asked.append(f"{start} {end} {attribute}")
        raise (Throttled if len(asked) == 1 else NotReady)(action="ce:GetCostAndUsage", code="DataUnavailableException")

    monkeypatch.setattr(product_attributes, "list_attribute_groups", refuse)
    keeper = of_type(Keeper, Quiet())
    with inside(cast.acme):
        payer = make_connection().pk
        told = []
        for days in (0, 1, 2, 7, 8, 9):
            now = NOW + timedelta(days=days)
            told.append(read_attributes(claim(payer, now), Charge(), keeper))
            store_attributes(payer, told[-1], now)

    # What was throttled is asked for the next day, what is not there a week later; the bill is stored all the while.
    assert told == [None, {}, None, None, {}, None]
    assert asked == [
        "2026-10-11 2026-11-10 model",
        "2026-10-12 2026-11-11 model",
        "2026-10-19 2026-11-18 model",
    ]


def test_what_was_told_names_lines_and_moves_no_money(cast: Cast) -> None:
    told = {
        "USE1-Unheard-input-tokens": Told(model="Nova Pro", feature="On-demand Inference"),
        "USE1-NovaLite-input-tokens": Told(feature="Batch Inference"),
        "USE1-On-no-bill": Told(model="Nova Pro"),
    }
    with inside(cast.acme):
        payer = make_connection()
        for name in ("Unheard", "NovaLite", "NovaPro"):
            make_billed(payer, {NOW.date(): "1"}, usage_type=f"USE1-{name}-input-tokens")
        before = list(BilledCost.objects.order_by("series_id").values_list("series_id", "cost_unblended", "quantity"))
        changes = [store_attributes(payer.pk, one, NOW) for one in (told, told, None)]
        after = list(BilledCost.objects.order_by("series_id").values_list("series_id", "cost_unblended", "quantity"))
        tiers = dict(BilledSeries.objects.values_list("usage_type", "tier"))

    assert changes == [2, 0, 0]
    assert after == before
    assert tiers == {
        "USE1-Unheard-input-tokens": "STANDARD",
        "USE1-NovaLite-input-tokens": "BATCH",
        "USE1-NovaPro-input-tokens": "",  # of which nothing was told, and which nobody has read yet
    }
