"""What a page remembers: each question once within, anew outside, and never of another organization."""

from __future__ import annotations

from uuid import UUID

from accounts.tenancy.answers import asked_once, remembered_answers
from accounts.tenancy.context import organization_scope

ACME, GLOBEX = UUID(int=1), UUID(int=2)
asked: list[tuple[int, str]] = []


@asked_once
def question(number: int, *, word: str = "") -> str:
    asked.append((number, word))
    return f"{number}{word}"


def test_a_question_is_asked_once_for_each_of_its_arguments_and_organizations() -> None:
    asked.clear()
    with remembered_answers():
        for organization in (ACME, GLOBEX):
            with organization_scope(organization):
                assert [question(1), question(1), question(1, word="a"), question(2)] == ["1", "1", "1a", "2"]

    assert asked == [(1, ""), (1, "a"), (2, "")] * 2


def test_outside_every_question_is_asked() -> None:
    asked.clear()
    assert [question(1), question(1)] == ["1", "1"]
    with organization_scope(ACME):
        with remembered_answers():
            question(1)
        question(1)

    assert len(asked) == 4
