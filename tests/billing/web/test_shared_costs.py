"""A split is created after it was shown in money, listed with what it distributed, and ended; metrics are entered in a grid."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import CostCenter, Organization, User
from accounts.queries.organizations import get_organization
from billing.domain.periods import Month
from billing.domain.shared_costs import Split, SplitMethod
from billing.models import BusinessMetric, SharedCostShare, SharedCostSplit
from billing.operations.allocation import assign_series
from billing.queries.split_preview import preview_split
from tests.cast import NOW, Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.allocation import make_split
from tests.factories.billing import make_billed, make_connection

LAST_MONTH = Month.of(NOW.date()).previous()


@pytest.fixture
def centers(cast: Cast) -> dict[str, int]:
    """Last month AWS billed $3.10 that nobody pays for, and $1.00 of search."""
    with inside(cast.acme):
        connection = make_connection()
        for code in ("search", "support", "tools"):
            make_cost_center(code=code, name=code.title())
        make_billed(connection, {LAST_MONTH.start: "3.10"})
        make_billed(connection, {LAST_MONTH.start: "1.00"}, tags={"team": "search"}, usage_type="USE1-Tagged")
        assign_series(now=NOW)
        return dict(CostCenter.objects.values_list("code", "id"))


def fixed(centers: dict[str, int], **percents: str) -> dict[str, str]:
    told = {f"percent_{centers[code]}": percent for code, percent in percents.items()}
    return {"name": "Rest", "pool_id": "0", "method": "FIXED", "first_month": "any", "last_month": "any", **told}


def page(client: Client, user: User, path: str, data: dict[str, str] | None = None, *, status: int = 200) -> str:
    client.force_login(user)
    address = f"/o/acme/{path}"
    response = client.get(address) if data is None else client.post(address, data, follow=status == 200)
    assert response.status_code == status, response.content.decode()[:2000]
    return " ".join(response.content.decode().replace("\N{NO-BREAK SPACE}", " ").split())


def test_a_split_is_shown_in_money_then_saved_listed_and_ended(
    cast: Cast, centers: dict[str, int], client: Client
) -> None:
    form = fixed(centers, search="33.333333", support="66.666667")
    shown = page(client, cast.fay, "shared-costs/preview/", form)
    assert "it would have distributed $3.10 of the bill and $0.00 of the estimate" in shown
    assert '<td class="num">1.03</td>' in shown
    assert '<td class="num">2.07</td>' in shown
    with inside(cast.acme):
        assert not SharedCostSplit.objects.exists()
    listed = page(client, cast.fay, "shared-costs/new/", form)
    assert "Oct 2026: $3.10 of the bill (75.6 %) and $0.00 of the estimate were distributed." in listed
    assert "Search 33.3 %" in listed
    with inside(cast.acme):
        split = SharedCostSplit.objects.get()
    page(client, cast.fay, f"shared-costs/{split.pk}/end/", {"from_month": "2026-10"})
    with inside(cast.acme):
        split.refresh_from_db()
        assert split.last_month == date(2026, 9, 1)
    assert "ended with Sep 2026" in page(client, cast.ben, "shared-costs/")
    assert "Nothing is distributed" in page(client, cast.fay, f"shared-costs/{split.pk}/end/", {"from_month": "any"})


@pytest.mark.parametrize(
    ("percents", "expected"),
    [
        ({"search": "60", "support": "30.5"}, "Percentages: they add up to 90.5; 9.5 are missing to 100."),
        ({"search": "60", "support": "50"}, "Percentages: they add up to 110; that is 10 more than 100."),
        ({"search": "100", "support": "0"}, "Percentage of Support: enter a number above 0, or leave it out."),
        ({}, "Choose at least one cost center that receives a part."),
    ],
)
def test_wrong_percentages_say_by_how_much(
    cast: Cast, centers: dict[str, int], client: Client, percents: dict[str, str], expected: str
) -> None:
    form = fixed(centers, **percents)
    told = page(client, cast.fay, "shared-costs/new/", form, status=422)
    assert expected in told
    assert expected in page(client, cast.fay, "shared-costs/preview/", form)
    if "support" in percents:
        assert f'<a href="#id_percent_{centers["support"]}">' in told


def test_a_split_by_direct_cost_takes_the_ticked(cast: Cast, centers: dict[str, int], client: Client) -> None:
    ticked = {f"share_{centers[code]}": "on" for code in ("search", "support")}
    form = {
        "name": "Rest",
        "pool_id": "0",
        "method": "DIRECT_COST",
        "first_month": "2026-10",
        "last_month": "any",
        **ticked,
    }
    shown = page(client, cast.fay, "shared-costs/new/", {**form, "preview": "1"})
    assert "it would have distributed" in shown
    page(client, cast.fay, "shared-costs/new/", form)
    with inside(cast.acme):
        assert set(SharedCostShare.objects.values_list("cost_center_id", "percent")) == {
            (centers["search"], None),
            (centers["support"], None),
        }
    told = page(client, cast.fay, "shared-costs/new/", {**form, "name": "Again"}, status=422)
    assert "Rest distributes this already in some of these months." in told


def test_a_preview_adds_up_to_the_pool_to_the_last_digit(cast: Cast, centers: dict[str, int]) -> None:
    thirds = {centers[code]: Decimal(part) for code, part in (("search", "33.333333"), ("support", "66.666667"))}
    with inside(cast.acme):
        organization = get_organization(cast.acme.id)
        split = Split(id=0, name="Rest", pool_id=None, method=SplitMethod.FIXED, shares=thirds)
        found = preview_split(split, month=LAST_MONTH, organization=organization, now=NOW)
        assert found.billed.given == found.billed.pool
        assert sum(line.amount for line in found.billed.received.values()) == Decimal("3.10")
        by_cost = Split(id=0, name="Rest", pool_id=None, method=SplitMethod.TOKENS, shares=dict.fromkeys(thirds))
        nothing = preview_split(by_cost, month=LAST_MONTH, organization=organization, now=NOW)
        assert not nothing.billed.given.amount
        assert not nothing.billed.received


def test_a_viewer_reads_and_changes_nothing(cast: Cast, centers: dict[str, int], client: Client) -> None:
    with inside(cast.acme):
        split = make_split(None, {centers["search"]: "100"}, method=SplitMethod.FIXED)
    listed = page(client, cast.ben, "shared-costs/")
    assert "You can view." in listed
    assert "shared-costs/new/" not in listed
    for path in (
        "shared-costs/new/",
        "shared-costs/preview/",
        f"shared-costs/{split.pk}/end/",
        "business-metrics/enter/",
    ):
        page(client, cast.ben, path, {"from_month": "any"}, status=403)
    assert '<input type="text" name="value_' not in page(client, cast.ben, "business-metrics/?metric=orders")


def test_a_metric_is_entered_corrected_and_taken_back(cast: Cast, centers: dict[str, int], client: Client) -> None:
    with inside(cast.acme):
        make_split(None, {centers["search"]: None}, method=SplitMethod.METRIC, metric="orders")
    assert "nothing entered for Oct 2026" in page(client, cast.ben, "shared-costs/")
    place = f"value_2026-10_{centers['search']}"
    assert place in page(client, cast.fay, "business-metrics/")
    told = page(client, cast.fay, "business-metrics/enter/", {"metric": "orders", place: "-1"}, status=422)
    assert "Search in Oct 2026: enter a number from 0" in told
    saved = page(client, cast.fay, "business-metrics/enter/", {"metric": "orders", place: "1200.5"})
    assert "Saved: 1 value changed." in saved
    assert "orders in Oct 2026: 1200.5 of 1 cost center." in saved
    with inside(cast.acme):
        assert BusinessMetric.objects.get().value == Decimal("1200.5")
    assert "Oct 2026: $3.10 of the bill" in page(client, cast.ben, "shared-costs/")
    page(client, cast.fay, "business-metrics/enter/", {"metric": "orders", place: ""})
    with inside(cast.acme):
        assert not BusinessMetric.objects.exists()


def test_a_closed_month_keeps_its_statement(cast: Cast, centers: dict[str, int], client: Client) -> None:
    with inside(cast.acme):
        split = make_split(None, {centers["search"]: None}, method=SplitMethod.METRIC, metric="orders")
        Organization.objects.filter(id=cast.acme.id).update(books_closed_until=LAST_MONTH.end)
    for month in ("2026-10", "any"):
        assert "closed" in page(client, cast.fay, f"shared-costs/{split.pk}/end/", {"from_month": month}, status=422)
    place = f"value_2026-10_{centers['search']}"
    entered = page(client, cast.fay, "business-metrics/enter/", {"metric": "orders", place: "1"}, status=422)
    assert "2026-10 is closed" in entered
    past = {**fixed(centers, search="100"), "pool_id": str(centers["tools"])}
    assert "is closed" in page(client, cast.fay, "shared-costs/new/", past, status=422)
    page(client, cast.fay, "shared-costs/new/", {**past, "first_month": "2026-11"})
    page(client, cast.fay, f"shared-costs/{split.pk}/end/", {"from_month": "2026-11"})
