"""The audit log in the browser."""

from __future__ import annotations

import csv
import json

import pytest
import time_machine
from django.test import Client

from accounts.domain.audit import SYSTEM, Actor, ActorKind
from accounts.models import User
from accounts.operations.audit import record_event
from accounts.queries import audit as audit_queries
from accounts.web import audit
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

    for word in ("Ada", "budget.<wbr>changed", "budget:<wbr>42", "1 → note 000."):
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
        ({"target": "budget:\x00"}, "target"),
        ({"target": "rocket"}, "target"),
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


def test_each_filter_can_be_taken_away_by_its_chip(cast: Cast) -> None:
    write(cast)
    response = client_of(cast.fay).get(LOG, {"actor": "ad", "verb": "budget.changed", "start": "2020-01-01", "end": ""})
    chips = dict(response.context["chips"])

    assert chips["What is budget.changed"] == f"{LOG}?actor=ad&start=2020-01-01"
    assert chips["Who contains ad"] == f"{LOG}?verb=budget.changed&start=2020-01-01"
    assert len(chips) == 3


def test_what_was_not_told_before_is_no_change_from_nothing(cast: Cast) -> None:
    with inside(cast.acme):
        record_event(
            actor=SYSTEM,
            verb="budget.created",
            target="budget:1",
            after={"channels": ["a", "b"], "owner": None, "is_open": True, "by": {"day": 1}},
        )
        record_event(actor=SYSTEM, verb="budget.closed", target="budget:1", before={"owner": "Ada"})
    (_, closed), (_, created) = client_of(cast.fay).get(LOG).context["events"]

    assert closed == [("owner", "Ada", None)]
    assert sorted(created) == [
        ("by", None, "day: 1"),
        ("channels", None, "a, b"),
        ("is open", None, "yes"),
        ("owner", None, "nothing"),
    ]


def test_the_file_holds_every_line_that_matches(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "ROWS_AT_ONCE", 7)
    write(cast, count=20)
    write(cast, verb="budget.created", target="budget:43")
    with inside(cast.globex):
        record_event(actor=SYSTEM, verb="budget.changed", target="budget:1")
    response = client_of(cast.fay).get(f"{LOG}export/", {"verb": "budget.changed"})
    text = response.getvalue().decode()
    rows = list(csv.DictReader(text.removeprefix("\ufeff").splitlines()))

    assert text.startswith("\ufeff")
    assert "acme-audit-log-" in response["Content-Disposition"]
    assert len(rows) == 20
    assert {row["target"] for row in rows} == {"budget:42"}
    assert json.loads(rows[0]["after"]) == {"amount": "note 019."}
    assert [row["line"] for row in rows] == sorted((row["line"] for row in rows), key=int, reverse=True)


def test_a_name_that_is_a_formula_is_a_text_in_the_file(cast: Cast) -> None:
    with inside(cast.acme):
        record_event(
            actor=Actor(kind=ActorKind.USER, id="1", label="=HYPERLINK(1)"), verb="budget.closed", target="budget:1"
        )
    assert ",'=HYPERLINK(1)," in client_of(cast.fay).get(f"{LOG}export/").getvalue().decode()


def test_a_file_that_would_be_too_long_is_refused_with_what_to_do(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_queries, "EXPORT_LIMIT", 3)
    write(cast, count=4)
    client = client_of(cast.fay)
    refused = client.get(f"{LOG}export/")

    assert refused.status_code == 422
    assert "Choose fewer days" in refused.content.decode()
    assert client.get(f"{LOG}export/", {"start": "not a day"}).status_code == 422
    for person, status in ((cast.ben, 403), (cast.cleo, 404)):
        assert client_of(person).get(f"{LOG}export/").status_code == status
