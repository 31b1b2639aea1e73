"""The tree of cost centers in the browser."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import CostCenter, User
from accounts.queries.cost_centers import get_cost_center
from tests.cast import Cast, inside
from tests.factories.accounts import make_cost_center

LIST = "/o/acme/cost-centers/"
CREATE = f"{LIST}new/"
RIGHT = {"code": "search", "name": "Search", "parent_id": "", "aws_account_id": ""}


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_center_is_created_below_another(cast: Cast) -> None:
    with inside(cast.acme):
        top = make_cost_center(code="engineering")
    response = client_of(cast.fay).post(CREATE, {**RIGHT, "parent_id": str(top.pk), "aws_account_id": "1234-5678-9012"})

    assert (response.status_code, response["Location"]) == (302, LIST)
    with inside(cast.acme):
        created = CostCenter.objects.get(code="search")
        parent_id = get_cost_center(created.pk).parent_id
    assert (parent_id, created.aws_account_id) == (top.pk, "123456789012")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": "x" * 10_000}, "name"),
        ({"name": "  "}, "name"),
        ({"code": "a,b"}, "code"),
        ({"code": "x" * 10_000}, "code"),
        ({"code": "TAKEN"}, "code"),
        ({"aws_account_id": "12"}, "aws_account_id"),
        ({"aws_account_id": "123456789012"}, "aws_account_id"),
        ({"parent_id": "999999"}, "parent_id"),
        ({"parent_id": "abc"}, "parent_id"),
    ],
)
def test_what_breaks_a_rule_is_named_and_creates_nothing(cast: Cast, changed: dict[str, str], field: str) -> None:
    with inside(cast.acme):
        make_cost_center(code="taken", aws_account_id="123456789012")
    response = client_of(cast.fay).post(CREATE, {**RIGHT, **changed})

    assert response.status_code == 422
    assert field in response.context["form"].errors
    with inside(cast.acme):
        assert CostCenter.objects.count() == 1


def test_a_center_of_another_organization_is_neither_offered_nor_taken(cast: Cast) -> None:
    with inside(cast.globex):
        foreign = make_cost_center(code="foreign")
    client = client_of(cast.fay)

    assert "foreign" not in client.get(CREATE).content.decode()
    assert client.post(CREATE, {**RIGHT, "parent_id": str(foreign.pk)}).status_code == 422
    for verb in ("edit", "retire"):
        assert client.get(f"{LIST}{foreign.pk}/{verb}/").status_code == 404
        assert client.post(f"{LIST}{foreign.pk}/{verb}/", RIGHT).status_code == 404


def test_a_center_is_renamed_and_its_code_changed(cast: Cast) -> None:
    with inside(cast.acme):
        center = make_cost_center(code="serach")
    client = client_of(cast.fay)
    page = client.get(f"{LIST}{center.pk}/edit/").content.decode()
    assert "is unassigned from today" in page

    response = client.post(
        f"{LIST}{center.pk}/edit/", {"name": "Ranking", "code": "search", "aws_account_id": "1234-5678-9012"}
    )

    assert response.status_code == 302
    with inside(cast.acme):
        changed = CostCenter.objects.get(id=center.pk)
    assert (changed.name, changed.code, changed.aws_account_id) == ("Ranking", "search", "123456789012")


def test_a_center_retires_after_a_page_that_says_what_it_means(cast: Cast) -> None:
    with inside(cast.acme):
        top = make_cost_center(code="engineering")
        center = make_cost_center(code="search", parent=top)
    client = client_of(cast.fay)
    assert "becomes unassigned" in client.get(f"{LIST}{center.pk}/retire/").content.decode()

    refused = client.post(f"{LIST}{top.pk}/retire/")
    retired = client.post(f"{LIST}{center.pk}/retire/")

    assert refused.status_code == 422
    assert "Move or retire them first" in refused.content.decode()
    assert retired.status_code == 302
    with inside(cast.acme):
        assert CostCenter.objects.get(id=center.pk).retired_at is not None


def test_only_those_with_the_right_edit(cast: Cast) -> None:
    for person, status in ((cast.ben, 403), (cast.cleo, 404)):
        assert client_of(person).post(CREATE, RIGHT).status_code == status
    with inside(cast.acme):
        assert not CostCenter.objects.exists()
