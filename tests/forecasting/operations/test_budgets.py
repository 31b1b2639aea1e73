"""Budgets: created, changed, closed, each with its audit line; two editors notice each other."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import AuditEvent, Membership
from billing.domain.money import Money
from billing.operations.catalog import sync_price_table
from forecasting.domain.budget_entry import (
    BudgetAmountInvalid,
    BudgetAmountTooFine,
    BudgetAmountTooLarge,
    BudgetNameInvalid,
    BudgetScopeInvalid,
)
from forecasting.domain.series import WHOLE_ORGANIZATION, Scope, ScopeKind
from forecasting.domain.thresholds import AlertKind, Threshold, ThresholdInvalid, ThresholdRepeated
from forecasting.models import Budget
from forecasting.operations.budgets import (
    BudgetChangedMeanwhile,
    BudgetClosed,
    BudgetNameTaken,
    BudgetScopeUnknown,
    ChannelUnknown,
    CurrencyWithoutRate,
    OwnerIsNoMember,
    SavedBudget,
    change_budget,
    close_budget,
    create_budget,
)
from forecasting.queries.alerts import list_thresholds
from forecasting.queries.budgets import BudgetNotFound, get_budget, list_budgets
from tests.cast import NOW, Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.forecasting import make_budget, make_channel, make_rate

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def threshold(percent: int = 80, *channel_ids: int, kind: AlertKind = AlertKind.ACTUAL) -> Threshold:
    return Threshold(kind=kind, percent=Decimal(percent), channel_ids=channel_ids)


@pytest.fixture
def create(cast: Cast) -> Callable[..., SavedBudget]:
    def create(**fields: Any) -> SavedBudget:
        given = {
            "name": "Search team",
            "scope": WHOLE_ORGANIZATION,
            "amount": usd("4300"),
            "owner_user_id": cast.ada.pk,
            "thresholds": (),
        }
        return create_budget(actor=cast.ada_acts, now=NOW, **{**given, **fields})

    return create


def change(cast: Cast, saved: SavedBudget, **fields: Any) -> SavedBudget:
    budget = saved.budget
    given = {
        "budget_id": budget.id,
        "expected_version": budget.version,
        "name": budget.name,
        "amount": budget.amount,
        "owner_user_id": budget.owner.user_id if budget.owner else None,
        "thresholds": saved.thresholds,
    }
    return change_budget(actor=cast.ada_acts, now=NOW, **{**given, **fields})


def test_a_budget_is_created_with_its_thresholds_and_an_audit_line(
    cast: Cast, create: Callable[..., SavedBudget]
) -> None:
    with inside(cast.acme):
        channel = make_channel()
        saved = create(thresholds=(threshold(100, kind=AlertKind.FORECAST), threshold(80, channel.pk)))
        line = AuditEvent.objects.get(pk=saved.audit_event_id)

        assert get_budget(saved.budget.id) == saved.budget
        assert saved.thresholds == (threshold(80, channel.pk), threshold(100, kind=AlertKind.FORECAST))
    assert saved.budget.owner is not None
    assert saved.budget.owner.label == "Ada"
    assert (line.verb, line.target, line.before) == ("budget.created", f"budget:{saved.budget.id}", None)
    assert line.after is not None
    assert line.after["amount"] == "4300"
    assert line.after["thresholds"][0] == {"kind": "ACTUAL", "percent": "80", "channels": [channel.pk]}


@pytest.mark.parametrize(
    ("fields", "error", "named"),
    [
        ({"name": ""}, BudgetNameInvalid, "name"),
        ({"name": "x" * 10_000}, BudgetNameInvalid, "name"),
        ({"amount": usd("0")}, BudgetAmountInvalid, "amount"),
        ({"amount": usd("-1")}, BudgetAmountInvalid, "amount"),
        ({"amount": usd("0.001")}, BudgetAmountTooFine, "amount"),
        ({"amount": usd("1e30")}, BudgetAmountTooLarge, "amount"),
        ({"scope": Scope(ScopeKind.COST_CENTER)}, BudgetScopeInvalid, "scope"),
        ({"scope": Scope(ScopeKind.COST_CENTER, "999999")}, BudgetScopeUnknown, "scope"),
        ({"scope": Scope(ScopeKind.COST_CENTER, "x" * 300)}, BudgetScopeUnknown, "scope"),
        ({"scope": Scope(ScopeKind.MODEL, "no.such-model")}, BudgetScopeUnknown, "scope"),
        ({"owner_user_id": 999_999}, OwnerIsNoMember, "owner"),
        ({"thresholds": (threshold(0),)}, ThresholdInvalid, "thresholds"),
        ({"thresholds": (threshold(80), threshold(80))}, ThresholdRepeated, "thresholds"),
        ({"thresholds": (threshold(80, 999_999),)}, ChannelUnknown, "thresholds"),
    ],
)
def test_what_could_not_work_is_refused_named_and_changes_nothing(
    cast: Cast, create: Callable[..., SavedBudget], fields: dict[str, Any], error: type[Exception], named: str
) -> None:
    with pytest.raises(error) as refused, inside(cast.acme):
        create(**fields)

    assert refused.value.field == named  # type: ignore[attr-defined] # every one is a CallerError
    with inside(cast.acme):
        assert list_budgets() == ()
        assert not AuditEvent.objects.exists()


def test_a_budget_in_a_currency_without_a_rate_is_refused(cast: Cast, create: Callable[..., SavedBudget]) -> None:
    yen = Money(Decimal(4_300_000), "JPY")
    with inside(cast.acme):
        with pytest.raises(CurrencyWithoutRate, match="no exchange rate from USD to JPY") as refused:
            create(amount=yen)
        assert refused.value.field == "currency"

        make_rate("JPY", units="152.57")
        assert create(amount=yen).budget.amount == yen


def test_a_name_is_taken_whatever_its_capitals_until_its_budget_is_closed(
    cast: Cast, create: Callable[..., SavedBudget]
) -> None:
    with inside(cast.acme):
        first = create(name="Search team")
        with pytest.raises(BudgetNameTaken, match="A budget named SEARCH TEAM exists already"):
            create(name="SEARCH TEAM")

        close_budget(actor=cast.ada_acts, budget_id=first.budget.id, now=NOW)
        assert create(name="Search team").budget.id != first.budget.id


def test_globex_may_use_the_same_name(cast: Cast, create: Callable[..., SavedBudget]) -> None:
    with inside(cast.acme):
        create(name="Search team")
    with inside(cast.globex):
        make_budget(name="Search team")
        assert len(list_budgets()) == 1


def test_a_cost_center_and_a_model_may_have_a_budget(cast: Cast, create: Callable[..., SavedBudget]) -> None:
    sync_price_table(now=NOW)
    with inside(cast.acme):
        center = make_cost_center(code="search", name="Search team")
        of_center = create(name="One", scope=Scope(ScopeKind.COST_CENTER, str(center.pk)))
        of_model = create(name="Two", scope=Scope(ScopeKind.MODEL, "nova-pro"))

    assert of_center.budget.scope_label == "Search team"
    assert of_model.budget.scope_label


def test_another_organizations_cost_center_and_channel_are_unknown(
    cast: Cast, create: Callable[..., SavedBudget]
) -> None:
    with inside(cast.globex):
        center, channel = make_cost_center(), make_channel()
    with inside(cast.acme):
        with pytest.raises(BudgetScopeUnknown):
            create(scope=Scope(ScopeKind.COST_CENTER, str(center.pk)))
        with pytest.raises(ChannelUnknown):
            create(thresholds=(threshold(80, channel.pk),))
        with pytest.raises(OwnerIsNoMember):
            create(owner_user_id=cast.cleo.pk)


def test_a_change_raises_the_version_and_says_what_changed(cast: Cast, create: Callable[..., SavedBudget]) -> None:
    with inside(cast.acme):
        created = create(thresholds=(threshold(80),))
        changed = change(cast, created, amount=usd("6000"), thresholds=(threshold(90),))
        line = AuditEvent.objects.get(pk=changed.audit_event_id)

    assert changed.budget.version == 2
    assert line.before == {"amount": "4300", "thresholds": [{"kind": "ACTUAL", "percent": "80", "channels": []}]}
    assert line.after == {"amount": "6000", "thresholds": [{"kind": "ACTUAL", "percent": "90", "channels": []}]}


def test_who_saves_second_is_told_and_overwrites_nothing(cast: Cast, create: Callable[..., SavedBudget]) -> None:
    with inside(cast.acme):
        created = create()
        change(cast, created, amount=usd("5000"))
        with pytest.raises(BudgetChangedMeanwhile, match="at version 2, and you edited version 1"):
            change(cast, created, amount=usd("6000"))

        assert get_budget(created.budget.id).amount == usd("5000")


def test_a_budget_cannot_take_the_name_of_another(cast: Cast, create: Callable[..., SavedBudget]) -> None:
    with inside(cast.acme):
        create(name="Search team")
        other = create(name="Support team")
        with pytest.raises(BudgetNameTaken):
            change(cast, other, name="search TEAM")

        # The refusal was a savepoint: the transaction can still answer.
        assert get_budget(other.budget.id).name == "Support team"


def test_who_has_left_keeps_the_budget_until_somebody_else_takes_it(
    cast: Cast, create: Callable[..., SavedBudget]
) -> None:
    with inside(cast.acme):
        created = create(owner_user_id=cast.ben.pk)
        Membership.objects.filter(user=cast.ben).delete()

        changed = change(cast, created, amount=usd("5000"))
        assert changed.budget.owner is not None
        assert changed.budget.owner.label == "Ben"
        assert change(cast, changed, owner_user_id=None).budget.owner is None


def test_a_closed_budget_is_history(cast: Cast, create: Callable[..., SavedBudget]) -> None:
    with inside(cast.acme):
        created = create(thresholds=(threshold(80),))
        closed = close_budget(actor=cast.ada_acts, budget_id=created.budget.id, now=NOW)
        line = AuditEvent.objects.get(pk=closed.audit_event_id)
        assert line.verb == "budget.closed"
        assert line.after == {"closed_at": NOW.isoformat()}
        assert list_budgets() == ()
        assert [budget.id for budget in list_budgets(closed=True)] == [created.budget.id]

        with pytest.raises(BudgetClosed):
            close_budget(actor=cast.ada_acts, budget_id=created.budget.id, now=NOW)
        with pytest.raises(BudgetClosed):
            change(cast, closed, amount=usd("5000"))


def test_a_budget_of_globex_is_not_there_for_acme(cast: Cast) -> None:
    with inside(cast.globex):
        theirs = make_budget()
    with inside(cast.acme):
        with pytest.raises(BudgetNotFound):
            get_budget(theirs.pk)
        with pytest.raises(BudgetNotFound):
            close_budget(actor=cast.ada_acts, budget_id=theirs.pk, now=NOW)
    with inside(cast.globex):
        assert Budget.objects.get().closed_at is None


def test_thresholds_that_did_not_change_keep_their_rows(cast: Cast, create: Callable[..., SavedBudget]) -> None:
    with inside(cast.acme):
        created = create(thresholds=(threshold(80),))
        before = list(Budget.objects.get().alert_rules.values_list("pk", flat=True))
        change(cast, created, amount=usd("5000"))

        assert list(Budget.objects.get().alert_rules.values_list("pk", flat=True)) == before
        assert list_thresholds([created.budget.id]) == {created.budget.id: (threshold(80),)}
