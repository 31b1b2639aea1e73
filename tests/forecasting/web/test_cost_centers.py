"""The tree of cost centers with what each costs, one center, and moving it from a day."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.test import Client

from accounts.models import CostCenter, User
from accounts.queries.cost_centers import get_cost_center, get_tree, list_placements
from tests.cast import NOW, Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.forecasting import make_budget, make_data_until, make_series, make_spend

LIST = "/o/acme/cost-centers/"
FIFTH = date(2026, 11, 5)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def centers(cast: Cast) -> dict[str, CostCenter]:
    """Engineering costs 100 by itself; Search below it 212 on the 8th; 8 is paid by nobody; Product cost nothing."""

    def at(day: int) -> datetime:
        return datetime(2026, 11, day, 3, tzinfo=UTC)

    with inside(cast.acme):
        engineering, product = make_cost_center(code="eng", name="Engineering"), make_cost_center(code="product")
        search = make_cost_center(code="search", name="Search team", parent=engineering)
        make_spend({at(2): 100}, series=make_series(cost_center=engineering))
        make_spend({at(8): 212}, series=make_series(cost_center=search))
        make_spend({at(8): 8}, series=make_series(model_id="titan"))
        make_data_until(NOW)
    return {"engineering": engineering, "product": product, "search": search}


def test_without_centers_the_page_says_what_to_do(cast: Cast) -> None:
    page = client_of(cast.fay).get(LIST).content.decode()

    assert "No cost centers" in page
    assert f"{LIST}new/" in page
    assert f"{LIST}new/" not in client_of(cast.ben).get(LIST).content.decode()


def test_the_tree_tells_what_each_center_costs_alone_and_with_all_below(
    cast: Cast, centers: dict[str, CostCenter]
) -> None:
    with inside(cast.globex):
        make_cost_center(code="foreign")
    response = client_of(cast.ben).get(LIST)
    page = response.content.decode()
    rows = {row.center.code: (row.own.amount, row.branch.amount) for row, _share in response.context["rows"]}

    assert rows == {"eng": (100, 312), "search": (212, 212), "product": (0, 0)}
    assert response.context["tree"].total.amount == 320
    assert "Engineering is the largest, with" in page
    assert "has no cost center" in page
    assert "Allocation rules decide first, in their order." in page
    assert "Data until" in page
    assert page.index(">Engineering<") < page.index(">Search team<")
    assert "foreign" not in page
    assert centers["search"].code in page


def test_a_retired_center_is_shown_where_it_cost_something(cast: Cast, centers: dict[str, CostCenter]) -> None:
    with inside(cast.acme):
        CostCenter.objects.filter(id__in=[centers["search"].pk, centers["product"].pk]).update(retired_at=NOW)
    client = client_of(cast.ben)

    page = client.get(LIST).content.decode()
    assert ">Search team<" in page
    assert ">Product<" not in page
    assert ">Product<" in client.get(f"{LIST}?retired=1").content.decode()


def test_a_center_has_a_page_with_its_history(cast: Cast, centers: dict[str, CostCenter]) -> None:
    client = client_of(cast.fay)
    address = f"{LIST}{centers['search'].pk}/"
    with inside(cast.acme):
        make_budget(name="Search budget", scope_kind="COST_CENTER", scope_key=str(centers["search"].pk))
    client.post(f"{address}move/", {"parent_id": str(centers["product"].pk), "from_date": "2026-11-05"})

    response = client.get(address)
    page = response.content.decode()

    assert [place.parent_id for place, _parent in response.context["page"].places] == [
        centers["product"].pk,
        centers["engineering"].pk,
    ]
    for text in ("Search team with all below it cost", "Search budget", "the beginning", "Product / Search team"):
        assert text in page
    assert "move/" not in client_of(cast.ben).get(address).content.decode()


def test_the_days_of_a_center_are_drawn_in_parts_that_add_up_to_its_branch(
    cast: Cast, centers: dict[str, CostCenter]
) -> None:
    before = client_of(cast.ben).get(f"{LIST}{centers['engineering'].pk}/").content.decode()
    link = "/o/acme/explore/?period=2026-11&amp;group_by=cost_center,model&amp;cost_center=eng,search"
    assert f'<a href="{link}">Explore Engineering with all below it</a>' in before
    explored = client_of(cast.ben).get(link.replace("&amp;", "&"))
    assert sum(part.now for part in explored.context["explored"].parts) == 312
    assert "A cost center counts here by itself" in explored.content.decode()

    client_of(cast.fay).post(
        f"{LIST}{centers['search'].pk}/move/", {"parent_id": str(centers["product"].pk), "from_date": "2026-11-09"}
    )
    response = client_of(cast.ben).get(f"{LIST}{centers['engineering'].pk}/")
    chart = response.context["chart"]

    # Search stood below Engineering on the 8th, and is drawn there although it has moved since.
    assert [line.name for line in chart.lines] == ["By itself", "Search team"]
    assert [[value.amount for value in line.values if value.amount] for line in chart.lines] == [[100], [212]]
    assert len(chart.days) == 10
    assert "Explore Engineering" not in response.content.decode()
    assert "8 Nov was the dearest day, with $212" in response.content.decode().replace("\xa0", " ")
    assert client_of(cast.ben).get(f"{LIST}{centers['product'].pk}/").context["chart"] is None


def test_the_effect_of_a_move_is_shown_before_it_is_saved(cast: Cast, centers: dict[str, CostCenter]) -> None:
    address = f"{LIST}{centers['search'].pk}/move/"
    given = {"parent_id": str(centers["product"].pk), "from_date": "2026-11-05"}
    client = client_of(cast.fay)
    assert "2026-11-01" in client.get(address).content.decode()

    page = client.post(address, {**given, "preview": "1"}).content.decode()
    part = client.post(address, {**given, "preview": "1"}, headers={"HX-Request": "true"}).content.decode()

    for text in (page, part):
        assert "Moves $212.00 to Product from 5 Nov 2026." in text.replace("\xa0", " ")
        assert "Move it, moves $212.00" in text
    assert "<html" not in part
    with inside(cast.acme):
        assert len(list_placements(centers["search"].pk)) == 1
    assert (
        "moves no stored spend"
        in client.post(address, {**given, "from_date": "2026-11-09", "preview": "1"}).content.decode().lower()
    )
    assert (
        "It stands there already"
        in client.post(
            address, {"parent_id": str(centers["engineering"].pk), "from_date": "2026-11-05", "preview": "1"}
        ).content.decode()
    )


def test_a_move_keeps_history_before_its_day(cast: Cast, centers: dict[str, CostCenter]) -> None:
    search = centers["search"]
    response = client_of(cast.fay).post(
        f"{LIST}{search.pk}/move/", {"parent_id": str(centers["product"].pk), "from_date": "2026-11-05"}
    )

    assert (response.status_code, response["Location"]) == (302, f"{LIST}{search.pk}/")
    with inside(cast.acme):
        assert get_cost_center(search.pk).path == ("product", "search")
        assert get_tree().parent(search.pk, date(2026, 11, 4)) == centers["engineering"].pk
    rows = client_of(cast.ben).get(LIST).context["rows"]
    assert {row.center.code: row.branch.amount for row, _share in rows} == {"eng": 100, "product": 212, "search": 212}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"from_date": ""}, "from_date"),
        ({"from_date": "yesterday"}, "from_date"),
        ({"from_date": "2026-11-11"}, "from_date"),
        ({"from_date": "0001-01-01"}, "from_date"),
        ({"parent_id": "999999"}, "parent_id"),
        ({"parent_id": "x"}, "parent_id"),
    ],
)
@pytest.mark.parametrize("preview", [{}, {"preview": "1"}])
def test_what_breaks_a_rule_is_named_and_moves_nothing(
    cast: Cast, centers: dict[str, CostCenter], changed: dict[str, str], field: str, preview: dict[str, str]
) -> None:
    given = {"parent_id": str(centers["product"].pk), "from_date": "2026-11-05"}
    response = client_of(cast.fay).post(f"{LIST}{centers['search'].pk}/move/", {**given, **changed, **preview})

    assert response.status_code == 422
    assert field in response.context["form"].errors
    with inside(cast.acme):
        assert len(list_placements(centers["search"].pk)) == 1


def test_what_stands_below_a_center_is_refused_as_its_place(cast: Cast, centers: dict[str, CostCenter]) -> None:
    with inside(cast.acme):
        ranking = make_cost_center(code="ranking", parent=centers["search"])
    response = client_of(cast.fay).post(
        f"{LIST}{centers['engineering'].pk}/move/", {"parent_id": str(ranking.pk), "from_date": "2026-11-05"}
    )

    assert response.status_code == 422
    assert "cannot stand below itself" in str(response.context["form"].errors["parent_id"])


def test_a_center_of_another_organization_and_a_retired_one_are_not_moved(
    cast: Cast, centers: dict[str, CostCenter]
) -> None:
    with inside(cast.globex):
        foreign = make_cost_center(code="foreign")
    with inside(cast.acme):
        gone = make_cost_center(code="gone", retired_at=NOW)
    client = client_of(cast.fay)
    given = {"parent_id": str(centers["product"].pk), "from_date": "2026-11-05"}

    assert client.get(f"{LIST}{foreign.pk}/").status_code == 404
    assert client.post(f"{LIST}{foreign.pk}/move/", given).status_code == 404
    assert client.post(f"{LIST}{gone.pk}/move/", given).status_code == 409
    for person, status in ((cast.ben, 403), (cast.cleo, 404)):
        assert client_of(person).post(f"{LIST}{centers['search'].pk}/move/", given).status_code == status
