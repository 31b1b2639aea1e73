"""The audit log in the browser."""

from __future__ import annotations

import pytest
import time_machine
from django.test import Client

from accounts.domain.audit import SYSTEM
from accounts.models import User
from accounts.operations.audit import record_event
from tests.cast import Cast, inside

LOG = "/o/acme/audit-log/"


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def write(cast: Cast, count: int = 1, verb: str = "budget.changed", target: str = "budget:42") -> None:
    with inside(cast.acme):
        for number in range(count):
            record_event(
                actor=cast.ada_acts,
                verb=verb,
                target=target,
                before={"amount": "1"},
                after={"amount": f"note {number:03}."},
            )


def test_an_empty_log_says_what_will_stand_here(cast: Cast) -> None:
    assert "Nothing was changed yet" in client_of(cast.fay).get(LOG).content.decode()


def test_a_line_says_who_changed_what_from_what_to_what(cast: Cast) -> None:
    write(cast)
    page = client_of(cast.fay).get(LOG).content.decode()

    for word in ("Ada", "budget.changed", "budget:42", "amount: 1 → note 000."):
        assert word in page


def test_the_newest_line_stands_first_and_pages_do_not_jump(cast: Cast) -> None:
    write(cast, count=60)
    client = client_of(cast.fay)
    first = client.get(LOG)
    write(cast)
    second = client.get(LOG, {"after": first.context["next"]})

    assert [event.after["amount"] for event, _ in first.context["events"]][:2] == ["note 059.", "note 058."]
    assert next(event.after["amount"] for event, _ in second.context["events"]) == "note 009."
    assert len(second.context["events"]) == 10
    assert second.context["next"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"actor": "ad"}, 2),
        ({"actor": "yosan"}, 1),
        ({"verb": "budget.changed"}, 1),
        ({"target": "budget:42"}, 1),
        ({"target": "budget"}, 2),
        ({"target": "budget:4"}, 0),
        ({"start": "2020-01-01"}, 3),
        ({"end": "2020-01-02"}, 0),
    ],
)
def test_lines_are_found_by_who_what_and_when(cast: Cast, query: dict[str, str], found: int) -> None:
    write(cast)
    write(cast, verb="budget.created", target="budget:43")
    with inside(cast.acme):
        record_event(actor=SYSTEM, verb="connection.marked", target="connection:1")

    assert len(client_of(cast.fay).get(LOG, query).context["events"]) == found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"start": "2026-02-30"}, "start"),
        ({"start": "0001-01-01"}, "start"),
        ({"end": "9999-12-31"}, "end"),
        ({"verb": "budget.flown"}, "verb"),
        ({"actor": "x" * 10_000}, "actor"),
        ({"target": "a\x00b"}, "target"),
    ],
)
def test_a_filter_that_makes_no_sense_is_named(cast: Cast, query: dict[str, str], field: str) -> None:
    write(cast)
    response = client_of(cast.fay).get(LOG, query)

    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert response.context["events"] == []


@pytest.mark.parametrize("cursor", ["tampered", "x" * 5000])
def test_a_position_that_we_did_not_give_out_is_not_found(cast: Cast, cursor: str) -> None:
    assert client_of(cast.fay).get(LOG, {"after": cursor}).status_code == 404


def test_until_means_the_whole_day_of_the_organization(cast: Cast) -> None:
    # 15:30 UTC is half past midnight of the next day in Tokyo.
    with time_machine.travel("2026-11-10T15:30:00Z", tick=False):
        write(cast)
        client = client_of(cast.fay)

        assert len(client.get(LOG, {"end": "2026-11-10"}).context["events"]) == 0
        assert len(client.get(LOG, {"start": "2026-11-11", "end": "2026-11-11"}).context["events"]) == 1


def test_only_those_with_the_right_read_the_log(cast: Cast) -> None:
    for person, status in ((cast.ada, 200), (cast.max, 200), (cast.fay, 200), (cast.ben, 403), (cast.cleo, 404)):
        assert client_of(person).get(LOG).status_code == status
