"""Saved views on the pages: kept with their order and columns, private or shared, opened also when values are gone."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import AuditEvent
from billing.models import SavedView
from tests.cast import Cast, inside
from tests.factories.billing import make_saved_view
from tests.journeys.story import NOW, tell_november

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

VIEWS = "/o/acme/saved-views/"
QUERY = "group_by=cost_center,model&exclude_model=nova-pro&sort=name&columns=share&unit=thousand"


@pytest.fixture(autouse=True)
def november(cast: Cast) -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        tell_november(cast)
        yield


def enter(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return html.unescape(answer.content.decode())


def views(cast: Cast) -> list[SavedView]:
    with inside(cast.acme):
        return list(SavedView.objects.order_by("id"))


def verbs(cast: Cast) -> list[str]:
    with inside(cast.acme):
        return [event.verb for event in AuditEvent.objects.order_by("id") if event.verb.startswith("saved_view.")]


def save(client: Client, name: str = "October", **fields: str) -> Any:
    return client.post(f"{VIEWS}new/", {"name": name, "query": QUERY, **fields})


def test_a_view_keeps_the_whole_question_with_order_and_columns(cast: Cast) -> None:
    ada = enter(cast.ada)
    answer = save(ada)
    (view,) = views(cast)
    assert "view=" in answer["Location"]
    assert view.question["sort"] == "name"
    assert (view.question["columns"], view.question["unit"], view.question["exclude_model"]) == (
        "share",
        "thousand",
        "nova-pro",
    )
    text = text_of(ada.get(answer["Location"]))
    assert "Saved as October." in text
    assert "Model is not Nova Pro" in text
    assert verbs(cast) == ["saved_view.created"]


def test_a_private_view_is_seen_by_its_owner_only(cast: Cast) -> None:
    ben = enter(cast.ben)
    save(ben, "Mine")
    (view,) = views(cast)
    assert "Mine" in text_of(ben.get(VIEWS))
    ada = enter(cast.ada)
    assert "Mine" not in text_of(ada.get(VIEWS))
    for path in ("", "edit/"):
        assert ada.get(f"{VIEWS}{view.pk}/{path}").status_code == 404
    assert ada.post(f"{VIEWS}{view.pk}/question/", {"query": QUERY}).status_code == 404


def test_a_viewer_may_save_for_himself_and_not_share(cast: Cast) -> None:
    ben = enter(cast.ben)
    text = text_of(save(ben, is_shared="on"), 422)
    assert "not share or change shared ones" in text
    assert views(cast) == []
    assert "Share with everybody" not in text_of(ben.get("/o/acme/explore/"))


def test_a_shared_view_is_everybodys_to_open_and_finances_to_change(cast: Cast) -> None:
    save(enter(cast.ada), is_shared="on")
    (view,) = views(cast)
    ben, fay = enter(cast.ben), enter(cast.fay)
    assert "October" in text_of(ben.get(VIEWS))
    assert ben.post(f"{VIEWS}{view.pk}/delete/").status_code == 302
    assert len(views(cast)) == 1
    assert ben.post(f"{VIEWS}{view.pk}/question/", {"query": ""}).status_code == 403
    assert fay.post(f"{VIEWS}{view.pk}/edit/", {"name": "Autumn", "is_shared": "on"}).status_code == 302
    assert views(cast)[0].name == "Autumn"
    assert fay.post(f"{VIEWS}{view.pk}/delete/").status_code == 302
    assert views(cast) == []
    assert verbs(cast) == ["saved_view.created", "saved_view.changed", "saved_view.deleted"]


def test_a_view_that_was_changed_on_the_page_can_be_replaced(cast: Cast) -> None:
    ada = enter(cast.ada)
    save(ada)
    (view,) = views(cast)
    shown = text_of(ada.get("/o/acme/explore/", {"group_by": "model", "view": str(view.pk)}))
    assert "(changed)" in shown
    assert "Replace October" in shown
    ada.post(f"{VIEWS}{view.pk}/question/", {"query": "group_by=model"})
    assert views(cast)[0].question["group_by"] == "model"
    opened = text_of(ada.get(ada.get(f"{VIEWS}{view.pk}/")["Location"]))
    assert "(changed)" not in opened


def test_a_name_stands_once(cast: Cast) -> None:
    ada, fay = enter(cast.ada), enter(cast.fay)
    save(ada)
    assert "A saved view named OCTOBER exists already." in text_of(save(ada, "OCTOBER"), 422)
    assert save(fay).status_code == 302
    assert save(ada, is_shared="on").status_code == 302
    assert "exists already" in text_of(save(fay, is_shared="on"), 422)
    assert len(views(cast)) == 3


def test_a_view_of_a_value_that_is_gone_opens_and_says_so(cast: Cast) -> None:
    with inside(cast.acme):
        view = make_saved_view(question={"cost_center": "growth,search", "colour": "red", "period": "this_month"})
    ada = enter(cast.ada)
    text = text_of(ada.get(ada.get(f"{VIEWS}{view.pk}/")["Location"]))
    assert "Cost center growth does not exist, or no longer" in text
    assert "Search" in text


def test_an_open_view_of_nobody_is_just_no_view(cast: Cast) -> None:
    ada = enter(cast.ada)
    for text in ("999999", "x", "9" * 40, "²"):
        assert "(changed)" not in text_of(ada.get("/o/acme/explore/", {"view": text}))


def test_another_organization_sees_no_view(cast: Cast) -> None:
    with inside(cast.acme):
        view = make_saved_view()
    cleo = enter(cast.cleo)
    assert cleo.get(f"/o/globex/saved-views/{view.pk}/").status_code == 404
    assert "October" not in text_of(cleo.get("/o/globex/saved-views/"))
