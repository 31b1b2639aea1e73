"""The reference of the API as pages: public, complete, with links that lead somewhere."""

from __future__ import annotations

import re
from http import HTTPStatus

import pytest
from django.test import Client

from config.reference import list_sections

DOCS = "/api/v1/docs/"
pytestmark = pytest.mark.django_db


def page(path: str, language: str = "en") -> str:
    answer = Client(headers={"Accept-Language": language}).get(path)
    assert answer.status_code == HTTPStatus.OK
    return answer.content.decode()


def test_everybody_may_read_what_can_be_asked() -> None:
    text = page(DOCS)

    for section in list_sections("http://localhost"):
        for operation in section.operations:
            assert f'href="{DOCS}{section.tag}/#{operation.id}"' in text


@pytest.mark.parametrize("tag", [section.tag for section in list_sections("http://localhost")])
def test_a_part_shows_each_call_with_what_it_takes_answers_and_refuses(tag: str) -> None:
    text = page(f"{DOCS}{tag}/")
    (shown,) = (section for section in list_sections("http://localhost") if section.tag == tag)

    identities = re.findall(r'\bid="([^"]+)"', text)
    assert len(identities) == len(set(identities))
    for operation in shown.operations:
        assert operation.id in identities
        assert f"<code>{operation.path}</code>" in text
        assert f"<code>{operation.permission}</code>" in text
        assert {problem.code for problem in operation.problems} >= {"api_key_missing", "scope_missing"}
        assert "$YOSAN_API_KEY" in operation.call
        assert "{" not in operation.call.partition("\n")[0], "an id in the address has no example"
    assert "<script>" not in text
    assert "style=" not in text


def test_a_part_that_is_not_there_is_not_found() -> None:
    assert Client().get(f"{DOCS}nowhere/").status_code == HTTPStatus.NOT_FOUND


def test_fields_within_fields_are_told_by_their_path() -> None:
    operations = {one.id: one for section in list_sections("http://localhost") for one in section.operations}
    budget = {field.name: field for field in operations["list_budgets"].answer}
    change = {field.name: field for field in operations["create_budget"].body}

    assert budget["rows"].kind == "list of object"
    assert budget["rows[].status.forecast.total"].kind == "text"
    assert budget["next"].kind == "text or null"
    assert (change["name"].is_required, change["owner_user_id"].is_required) == (True, False)
    assert change["thresholds[].kind"].values == ("ACTUAL", "FORECAST")


def test_a_call_is_what_a_shell_takes() -> None:
    operations = {one.id: one for section in list_sections("http://localhost") for one in section.operations}

    assert operations["list_spend"].call.startswith(
        'curl "http://localhost/api/v1/spend/?start=2026-10-01&end=2026-11-01&granularity=day&group_by=model,aws_region"'
    )
    assert operations["delete_budget"].call.startswith('curl -X DELETE "http://localhost/api/v1/budgets/42/"')
    assert "-d '{\n" in operations["create_budget"].call
