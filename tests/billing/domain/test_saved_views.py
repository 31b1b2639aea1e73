"""Whose a saved view is, and who may change it."""

from __future__ import annotations

from datetime import UTC, datetime

from accounts.domain.audit import Actor, ActorKind
from accounts.domain.roles import Permission
from billing.domain.explore import Measure
from billing.domain.saved_views import SavedViewValue

ADA = Actor(kind=ActorKind.USER, id="1", label="Ada")
KEY = Actor(kind=ActorKind.API_KEY, id="1", label="A program")


def view(*, is_shared: bool) -> SavedViewValue:
    return SavedViewValue(
        id=7,
        name="October",
        is_shared=is_shared,
        owner_kind="USER",
        owner_id="1",
        owner_label="Ada",
        question={"measure": "tokens_input", "colour": "red"},
        saved_at=datetime(2026, 11, 10, tzinfo=UTC),
    )


def test_a_private_view_is_changed_by_its_owner_and_a_shared_one_by_who_may_share() -> None:
    sharing = {Permission.EDIT_SHARED_VIEWS}
    assert view(is_shared=False).can_change(ADA, ())
    assert not view(is_shared=False).can_change(KEY, sharing)
    assert view(is_shared=True).can_change(KEY, sharing)
    assert not view(is_shared=True).can_change(ADA, ())


def test_a_question_with_names_of_another_version_is_read_as_far_as_it_goes() -> None:
    old = view(is_shared=True)
    assert old.exploration.measure is Measure.TOKENS_INPUT
    assert [problem.field for problem in old.reading.problems] == ["colour"]
