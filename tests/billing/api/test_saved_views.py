"""Saved views over REST: the same questions as on the page, with the same walls between who may what."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.domain.roles import Permission
from tests.billing.api.conftest import Api, KeyMaker
from tests.cast import Cast, inside
from tests.factories.billing import make_saved_view

QUESTION = {"basis": "billed", "group_by": "service", "period": "last_month", "sort": "-change", "columns": "share"}


@pytest.fixture
def sharing(cast: Cast, make_api: KeyMaker) -> Api:
    """A program of Acme that may share views."""
    return make_api(cast.acme, [Permission.VIEW_SPEND, Permission.EDIT_SHARED_VIEWS])


def save(api: Api, **fields: Any) -> Any:
    return api.send("POST", "saved-views/", {"name": "Month end", "question": QUESTION, **fields})


def refusal(answer: Any) -> tuple[int, str, str]:
    told = answer.json()
    return answer.status_code, told["code"], (told["errors"] or [{"field": ""}])[0]["field"]


def test_a_question_comes_back_whole(api: Api) -> None:
    answer = save(api)
    assert answer.status_code == 201
    view = answer.json()
    assert view["question"] | QUESTION == view["question"]
    assert view["question"]["compare"] == "before"
    assert (view["is_shared"], view["saved_by"]) == (False, "A program")
    assert api.send("GET", f"saved-views/{view['id']}/").json() == view
    assert api.rows("saved-views/") == [view]


def test_a_key_sees_its_own_and_the_shared_views(api: Api, sharing: Api, globex_api: Api, cast: Cast) -> None:
    with inside(cast.acme):
        make_saved_view(name="Ada's own", is_shared=False)
    save(api)
    save(sharing, name="Ours", is_shared=True)
    assert [view["name"] for view in api.rows("saved-views/")] == ["Month end", "Ours"]
    assert [view["name"] for view in sharing.rows("saved-views/")] == ["Ours"]
    assert globex_api.rows("saved-views/") == []


def test_pages_hold_every_view_once(api: Api) -> None:
    for number in range(5):
        assert save(api, name=f"View {number}").status_code == 201
    first = api.get("saved-views/", limit=3).json()
    second = api.get("saved-views/", limit=3, after=first["next"]).json()
    assert [view["name"] for view in first["rows"] + second["rows"]] == [f"View {number}" for number in range(5)]
    assert second["next"] is None


def test_sharing_needs_its_right(api: Api, sharing: Api) -> None:
    assert refusal(save(api, is_shared=True))[:2] == (403, "sharing_forbidden")
    shared = save(sharing, is_shared=True).json()
    path = f"saved-views/{shared['id']}/"
    assert refusal(api.send("PATCH", path, {"name": "Mine"}))[:2] == (403, "sharing_forbidden")
    assert refusal(api.send("DELETE", path))[:2] == (403, "sharing_forbidden")
    assert sharing.send("PATCH", path, {"name": "Ours"}).json()["name"] == "Ours"
    assert sharing.send("DELETE", path).status_code == 204
    assert refusal(sharing.send("GET", path))[:2] == (404, "saved_view_not_found")


def test_a_change_leaves_the_rest_and_replaces_the_question_whole(api: Api) -> None:
    view = save(api).json()
    path = f"saved-views/{view['id']}/"
    assert api.send("PATCH", path, {"name": "Month end"}).json() == view
    changed = api.send("PATCH", path, {"question": {"measure": "tokens_output", "model": "nova-pro,~none"}}).json()
    assert changed["name"] == "Month end"
    assert changed["question"]["basis"] == "rated"
    assert changed["question"]["model"] == "nova-pro,~none"
    assert "service" not in changed["question"]["group_by"]


def test_a_name_stands_once(api: Api) -> None:
    save(api)
    assert refusal(save(api, name="MONTH END"))[:2] == (409, "saved_view_name_taken")


@pytest.mark.parametrize(
    ("question", "code", "field"),
    [
        ({"basis": "rated", "group_by": "heading"}, "dimension_not_in_basis", "question.group_by"),
        ({"period": "yesterday"}, "not_a_choice", "question.period"),
        ({"period": "custom"}, "not_a_day", "question.from"),
        ({"colour": "red"}, "unknown_field", "question.colour"),
        ({"unit": "dozen"}, "invalid_choice", "question.unit"),
        ({"group_by": "model,tier,routing"}, "groups_too_many", "question.group_by"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_by_its_name(
    api: Api, question: dict[str, str], code: str, field: str
) -> None:
    assert refusal(save(api, question=question)) == (400, code, field)


def test_a_month_by_its_name_is_its_days(api: Api) -> None:
    question = save(api, question={"period": "2026-10"}).json()["question"]
    assert (question["period"], question["from"], question["to"]) == ("custom", "2026-10-01", "2026-10-31")
