"""Creating, changing, moving and retiring cost centers."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

import pytest
from django.db import IntegrityError, transaction

from accounts.domain.cost_centers import AwsAccountIdMalformed, CostCenterCodeMalformed
from accounts.domain.hierarchy import CostCenterBelowItself
from accounts.domain.names import NameTooLong
from accounts.domain.placements import MoveDateOutOfRange
from accounts.models import AuditEvent, CostCenter, CostCenterPlacement
from accounts.operations.cost_centers import (
    AwsAccountClaimed,
    CostCenterCodeTaken,
    CostCenterHasChildren,
    CostCenterRetired,
    ParentNotFound,
    change_cost_center,
    create_cost_center,
    move_cost_center,
    retire_cost_center,
)
from accounts.queries.cost_centers import (
    CostCenterNotFound,
    find_cost_center_by_code,
    get_cost_center,
    get_tree,
    list_cost_centers,
    list_placements,
)
from tests.cast import NOW, Cast, inside
from tests.factories.accounts import make_cost_center

ACCOUNT = "123456789012"
DAY = timedelta(days=1)
FIFTH = date(2026, 11, 5)


def _line(event_id: int | None) -> AuditEvent:
    assert event_id is not None
    return AuditEvent.objects.get(id=event_id)


def test_a_center_is_created_with_a_line_in_the_log(cast: Cast) -> None:
    with inside(cast.acme):
        parent = make_cost_center(code="engineering")
        created = create_cost_center(
            actor=cast.ada_acts, code=" search ", name="Search", parent_id=parent.pk, aws_account_id="1234-5678-9012"
        )
        value = get_cost_center(created)

        assert value.path == ("engineering", "search")
        assert value.aws_account_id == ACCOUNT
        event = AuditEvent.objects.get()
        assert (event.verb, event.target) == ("cost_center.created", f"cost_center:{created}")


def test_a_code_stands_for_one_center_however_it_is_capitalized(cast: Cast) -> None:
    with inside(cast.acme):
        make_cost_center(code="Search", retired_at=NOW)

        with pytest.raises(CostCenterCodeTaken) as refusal:
            create_cost_center(actor=cast.ada_acts, code="search", name="Search")

    assert refusal.value.field == "code"


def test_another_organization_may_use_the_same_code_and_account(cast: Cast) -> None:
    with inside(cast.globex):
        make_cost_center(code="search", aws_account_id=ACCOUNT)
    with inside(cast.acme):
        create_cost_center(actor=cast.ada_acts, code="search", name="Search", aws_account_id=ACCOUNT)

        assert [value.code for value in list_cost_centers()] == ["search"]


def test_an_account_is_claimed_once_until_its_center_retires(cast: Cast) -> None:
    with inside(cast.acme):
        first = make_cost_center(code="search", aws_account_id=ACCOUNT)
        with pytest.raises(AwsAccountClaimed) as refusal:
            create_cost_center(actor=cast.ada_acts, code="support", name="Support", aws_account_id=ACCOUNT)
        retire_cost_center(actor=cast.ada_acts, cost_center_id=first.pk, now=NOW)
        create_cost_center(actor=cast.ada_acts, code="support", name="Support", aws_account_id=ACCOUNT)

    assert refusal.value.field == "aws_account_id"
    assert "search" in str(refusal.value)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"name": "x" * 10_000}, NameTooLong),
        ({"code": "x" * 10_000}, CostCenterCodeMalformed),
        ({"aws_account_id": "12"}, AwsAccountIdMalformed),
        ({"parent_id": 987_654_321}, ParentNotFound),
    ],
)
def test_what_breaks_a_rule_creates_nothing(cast: Cast, changed: dict[str, object], error: type[Exception]) -> None:
    given: dict[str, object] = {"actor": cast.ada_acts, "code": "search", "name": "Search"}
    with inside(cast.acme):
        with pytest.raises(error):
            create_cost_center(**{**given, **changed})  # type: ignore[arg-type] # wrong on purpose

        assert not CostCenter.objects.exists()


def test_a_center_of_another_organization_is_no_parent(cast: Cast) -> None:
    with inside(cast.globex):
        foreign = make_cost_center()
    with inside(cast.acme), pytest.raises(ParentNotFound):
        create_cost_center(actor=cast.ada_acts, code="search", name="Search", parent_id=foreign.pk)


def test_a_branch_is_moved_as_a_whole_and_its_past_stays(cast: Cast) -> None:
    with inside(cast.acme):
        top, other = make_cost_center(code="engineering"), make_cost_center(code="product")
        search = make_cost_center(code="search", parent=top)
        ranking = make_cost_center(code="ranking", parent=search)
        line = move_cost_center(
            actor=cast.ada_acts, cost_center_id=search.pk, parent_id=other.pk, from_date=FIFTH, now=NOW
        )

        assert get_cost_center(ranking.pk).path == ("product", "search", "ranking")
        assert get_tree().branch(other.pk, FIFTH) == {other.pk, search.pk, ranking.pk}
        assert get_tree().branch(top.pk, FIFTH - DAY) == {top.pk, search.pk, ranking.pk}
        assert [(one.parent_id, one.valid_from, one.valid_to) for one in list_placements(search.pk)] == [
            (top.pk, None, FIFTH),
            (other.pk, FIFTH, None),
        ]
        event = _line(line)
        assert (event.verb, event.target) == ("cost_center.moved", f"cost_center:{search.pk}")
        assert event.before == {"code": "search", "parent": "engineering"}
        assert event.after == {"code": "search", "parent": "product", "from_date": "2026-11-05"}


def test_a_move_that_replaces_a_later_one_says_so_in_the_log(cast: Cast) -> None:
    with inside(cast.acme):
        top, other = make_cost_center(code="engineering"), make_cost_center(code="product")
        search = make_cost_center(code="search")
        move = partial(move_cost_center, actor=cast.ada_acts, cost_center_id=search.pk, now=NOW)
        move(parent_id=top.pk, from_date=FIFTH)
        line = move(parent_id=other.pk, from_date=FIFTH - DAY)

        assert [one.parent_id for one in list_placements(search.pk)] == [None, other.pk]
        assert _line(line).before == {
            "code": "search",
            "parent": None,
            "later_moves": {"2026-11-05": "engineering"},
        }


def test_moving_to_the_same_place_writes_no_line(cast: Cast) -> None:
    with inside(cast.acme):
        top = make_cost_center()
        search = make_cost_center(parent=top)

        assert (
            move_cost_center(actor=cast.ada_acts, cost_center_id=search.pk, parent_id=top.pk, from_date=FIFTH, now=NOW)
            is None
        )
        assert not AuditEvent.objects.exists()


def test_today_is_the_organizations_own(cast: Cast) -> None:
    """In Tokyo the 11th has begun when it is evening of the 10th in Greenwich."""
    with inside(cast.acme):
        top, search = make_cost_center(), make_cost_center()
        move = partial(move_cost_center, actor=cast.ada_acts, cost_center_id=search.pk, parent_id=top.pk)
        with pytest.raises(MoveDateOutOfRange):
            move(from_date=date(2026, 11, 11), now=NOW)
        assert move(from_date=date(2026, 11, 11), now=NOW + timedelta(hours=8)) is not None


def test_a_center_cannot_be_moved_below_itself(cast: Cast) -> None:
    with inside(cast.acme):
        top = make_cost_center(code="engineering")
        search = make_cost_center(code="search", parent=top)
        for parent in (top, search):
            with pytest.raises(CostCenterBelowItself):
                move_cost_center(
                    actor=cast.ada_acts, cost_center_id=top.pk, parent_id=parent.pk, from_date=FIFTH, now=NOW
                )


def test_two_places_at_once_are_refused_by_the_database(cast: Cast) -> None:
    with inside(cast.acme):
        top, search = make_cost_center(), make_cost_center()
        for field, error in (({"parent": top}, "stands_in_one_place"), ({"parent": search}, "own_parent")):
            with pytest.raises(IntegrityError, match=error), transaction.atomic():
                CostCenterPlacement.objects.create(cost_center=search, valid_from=FIFTH, **field)


def test_a_code_is_changed_where_it_is_free(cast: Cast) -> None:
    with inside(cast.acme):
        make_cost_center(code="taken")
        center = make_cost_center(code="serach", name="Search")
        change = partial(
            change_cost_center, actor=cast.ada_acts, cost_center_id=center.pk, name="Search", aws_account_id=None
        )
        with pytest.raises(CostCenterCodeTaken):
            change(code="TAKEN")
        line = change(code="search")

        event = _line(line)
        assert (event.before, event.after) == ({"code": "serach"}, {"code": "search"})


def test_saving_the_same_writes_no_line(cast: Cast) -> None:
    with inside(cast.acme):
        center = make_cost_center(code="search", name="Search")
        line = change_cost_center(
            actor=cast.ada_acts, cost_center_id=center.pk, code="search", name="Search", aws_account_id=""
        )

        assert line is None
        assert not AuditEvent.objects.exists()


def test_a_center_with_open_centers_below_it_does_not_retire(cast: Cast) -> None:
    with inside(cast.acme):
        top = make_cost_center(code="engineering")
        search = make_cost_center(code="search", parent=top)
        with pytest.raises(CostCenterHasChildren):
            retire_cost_center(actor=cast.ada_acts, cost_center_id=top.pk, now=NOW)
        retire_cost_center(actor=cast.ada_acts, cost_center_id=search.pk, now=NOW)
        retire_cost_center(actor=cast.ada_acts, cost_center_id=top.pk, now=NOW)

        assert list_cost_centers() == ()
        assert [value.retired_at for value in list_cost_centers(retired=True)] == [NOW, NOW]


def test_a_retired_center_takes_no_change_and_no_child_and_is_found_by_no_code(cast: Cast) -> None:
    with inside(cast.acme):
        center = make_cost_center(code="search", retired_at=NOW)

        assert retire_cost_center(actor=cast.ada_acts, cost_center_id=center.pk, now=NOW) is None
        assert find_cost_center_by_code("search") is None
        with pytest.raises(CostCenterRetired):
            change_cost_center(actor=cast.ada_acts, cost_center_id=center.pk, code="s", name="S", aws_account_id=None)
        with pytest.raises(CostCenterRetired):
            move_cost_center(actor=cast.ada_acts, cost_center_id=center.pk, parent_id=None, from_date=FIFTH, now=NOW)
        with pytest.raises(ParentNotFound):
            create_cost_center(actor=cast.ada_acts, code="ranking", name="Ranking", parent_id=center.pk)


def test_a_center_of_another_organization_is_not_found(cast: Cast) -> None:
    with inside(cast.globex):
        foreign = make_cost_center(code="search")
    with inside(cast.acme):
        with pytest.raises(CostCenterNotFound):
            get_cost_center(foreign.pk)
        assert list_placements(foreign.pk) == ()
        with pytest.raises(CostCenterNotFound):
            move_cost_center(actor=cast.ada_acts, cost_center_id=foreign.pk, parent_id=None, from_date=FIFTH, now=NOW)
        with pytest.raises(CostCenterNotFound):
            retire_cost_center(actor=cast.ada_acts, cost_center_id=foreign.pk, now=NOW)
        with pytest.raises(CostCenterNotFound):
            change_cost_center(actor=cast.ada_acts, cost_center_id=foreign.pk, code="s", name="S", aws_account_id=None)


def test_a_code_is_found_however_it_is_capitalized(cast: Cast) -> None:
    with inside(cast.acme):
        center = make_cost_center(code="Search")
        found = find_cost_center_by_code("sEARCH")

        assert found is not None
        assert found.id == center.pk
