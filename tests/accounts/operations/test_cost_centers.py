"""Creating, changing, moving and retiring cost centers."""

from __future__ import annotations

import pytest

from accounts.domain.cost_centers import AwsAccountIdMalformed, CostCenterCodeMalformed
from accounts.domain.hierarchy import CostCenterBelowItself
from accounts.domain.names import NameTooLong
from accounts.models import AuditEvent, CostCenter
from accounts.operations.cost_centers import (
    AwsAccountClaimed,
    CostCenterCodeTaken,
    CostCenterHasChildren,
    CostCenterRetired,
    ParentNotFound,
    change_cost_center,
    create_cost_center,
    retire_cost_center,
)
from accounts.queries.cost_centers import (
    CostCenterNotFound,
    find_cost_center_by_code,
    get_cost_center,
    list_cost_centers,
    list_subtree_ids,
)
from tests.cast import NOW, Cast, inside
from tests.factories.accounts import make_cost_center

ACCOUNT = "123456789012"


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


def test_a_branch_is_moved_as_a_whole(cast: Cast) -> None:
    with inside(cast.acme):
        top, other = make_cost_center(code="engineering"), make_cost_center(code="product")
        search = make_cost_center(code="search", parent=top)
        ranking = make_cost_center(code="ranking", parent=search)
        line = change_cost_center(
            actor=cast.ada_acts, cost_center_id=search.pk, name="Search", parent_id=other.pk, aws_account_id=None
        )

        assert get_cost_center(ranking.pk).path == ("product", "search", "ranking")
        assert list_subtree_ids(other.pk) == {other.pk, search.pk, ranking.pk}
        assert line is not None
        event = AuditEvent.objects.get(id=line)
        assert event.before is not None
        assert event.before["parent_id"] == top.pk


def test_a_center_cannot_be_moved_below_itself(cast: Cast) -> None:
    with inside(cast.acme):
        top = make_cost_center(code="engineering")
        search = make_cost_center(code="search", parent=top)
        for parent in (top, search):
            with pytest.raises(CostCenterBelowItself):
                change_cost_center(
                    actor=cast.ada_acts, cost_center_id=top.pk, name="E", parent_id=parent.pk, aws_account_id=None
                )


def test_saving_the_same_writes_no_line(cast: Cast) -> None:
    with inside(cast.acme):
        center = make_cost_center(code="search", name="Search")
        line = change_cost_center(
            actor=cast.ada_acts, cost_center_id=center.pk, name="Search", parent_id=None, aws_account_id=""
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
            change_cost_center(
                actor=cast.ada_acts, cost_center_id=center.pk, name="S", parent_id=None, aws_account_id=None
            )
        with pytest.raises(ParentNotFound):
            create_cost_center(actor=cast.ada_acts, code="ranking", name="Ranking", parent_id=center.pk)


def test_a_center_of_another_organization_is_not_found(cast: Cast) -> None:
    with inside(cast.globex):
        foreign = make_cost_center(code="search")
    with inside(cast.acme):
        with pytest.raises(CostCenterNotFound):
            get_cost_center(foreign.pk)
        with pytest.raises(CostCenterNotFound):
            list_subtree_ids(foreign.pk)
        with pytest.raises(CostCenterNotFound):
            retire_cost_center(actor=cast.ada_acts, cost_center_id=foreign.pk, now=NOW)
        with pytest.raises(CostCenterNotFound):
            change_cost_center(
                actor=cast.ada_acts, cost_center_id=foreign.pk, name="S", parent_id=None, aws_account_id=None
            )


def test_a_code_is_found_however_it_is_capitalized(cast: Cast) -> None:
    with inside(cast.acme):
        center = make_cost_center(code="Search")
        found = find_cost_center_by_code("sEARCH")

        assert found is not None
        assert found.id == center.pk
