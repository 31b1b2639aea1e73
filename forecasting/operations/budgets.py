"""Create, change, close a budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from accounts.domain.audit import Actor, Json
from accounts.domain.errors import Conflict, Invalid, Stale
from accounts.domain.text import gettext_noop
from accounts.operations.audit import record_event
from accounts.operations.conflicts import unique_or
from accounts.queries.cost_centers import list_cost_centers
from accounts.queries.memberships import list_members
from accounts.tenancy.context import tenant_transaction
from billing.domain.money import Money, plain
from billing.queries.catalog import list_foundation_models
from forecasting.domain.budget_entry import check_amount, check_name, check_scope
from forecasting.domain.budgets import BudgetBasis, BudgetValue
from forecasting.domain.payloads import percent_text
from forecasting.domain.series import Scope, ScopeKind
from forecasting.domain.thresholds import Threshold, check_thresholds
from forecasting.models import AlertRule, AlertRuleChannel, Budget, NotificationChannel
from forecasting.queries.alerts import list_thresholds
from forecasting.queries.budgets import BudgetNotFound, find_rate_in_force, get_budget

NAME_UNIQUE = "budget_name_unique"


class BudgetNameTaken(Conflict):
    """Alerts name the budget, so two of one name could not be told apart."""

    code: ClassVar[str] = "budget_name_taken"
    message: ClassVar[str] = gettext_noop("A budget named %(name)s exists already.")


class BudgetChangedMeanwhile(Stale):
    """Somebody else saved first."""

    code: ClassVar[str] = "budget_changed_meanwhile"
    message: ClassVar[str] = gettext_noop(
        "Somebody changed this budget meanwhile: it is at version %(version)s, and you edited version %(expected)s."
    )


class BudgetClosed(Conflict):
    """A closed budget is history."""

    code: ClassVar[str] = "budget_closed"
    message: ClassVar[str] = gettext_noop("This budget is closed.")


class CurrencyWithoutRate(Invalid):
    """Spend is in US dollars: without a rate nothing could be held against the amount."""

    code: ClassVar[str] = "currency_without_rate"
    message: ClassVar[str] = gettext_noop(
        "There is no exchange rate from USD to %(currency)s yet. Enter one under Currencies, or use USD."
    )


class BudgetScopeUnknown(Invalid):
    """A budget for something that does not exist would watch nothing."""

    code: ClassVar[str] = "budget_scope_unknown"
    message: ClassVar[str] = gettext_noop("There is no such cost center or model.")


class OwnerIsNoMember(Invalid):
    """Who answers for a budget must be able to see it."""

    code: ClassVar[str] = "owner_is_no_member"
    message: ClassVar[str] = gettext_noop("The owner must be a member of the organization.")


class ChannelUnknown(Invalid):
    """An alert to a channel that does not exist would reach nobody."""

    code: ClassVar[str] = "channel_unknown"
    message: ClassVar[str] = gettext_noop("There is no such channel.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedBudget:
    """What was saved, and the audit line that says so."""

    budget: BudgetValue
    thresholds: tuple[Threshold, ...]
    audit_event_id: int


def create_budget(
    *,
    actor: Actor,
    name: str,
    scope: Scope,
    amount: Money,
    owner_user_id: int | None,
    thresholds: tuple[Threshold, ...],
    now: datetime,
    basis: BudgetBasis = BudgetBasis.RATED,
) -> SavedBudget:
    """Create a monthly budget with its alert rules; what it is held against stays, as what it is for does.

    Raises BudgetNameInvalid, BudgetNameTaken, BudgetScopeInvalid, BudgetScopeUnknown, a budget amount error,
    CurrencyWithoutRate, OwnerIsNoMember, a threshold error or ChannelUnknown.
    """
    name = check_name(name)
    with tenant_transaction():
        _check_scope_exists(check_scope(scope))
        _check_amount(amount, now)
        owner_label = _owner_label(owner_user_id)
        with unique_or(BudgetNameTaken(field="name", name=name), constraint=NAME_UNIQUE):
            row = Budget.objects.create(
                name=name,
                scope_kind=scope.kind,
                scope_key=scope.key,
                amount=amount.amount,
                currency=amount.currency,
                basis=basis,
                owner_id=owner_user_id,
                owner_label=owner_label,
                created_at=now,
                changed_at=now,
            )
        _replace_rules(row, check_thresholds(thresholds))
        return _saved(row, actor=actor, verb="budget.created", before=None)


def change_budget(
    *,
    actor: Actor,
    budget_id: int,
    expected_version: int,
    name: str,
    amount: Money,
    owner_user_id: int | None,
    thresholds: tuple[Threshold, ...],
    now: datetime,
) -> SavedBudget:
    """Change a budget and its alert rules; what it is for stays, because its alerts and figures would change their meaning.

    Raises BudgetNotFound, BudgetClosed, BudgetChangedMeanwhile when it is not at the expected version any more, and
    what create_budget raises.
    """
    name = check_name(name)
    with tenant_transaction():
        row = _lock(budget_id)
        _check_version(row, expected_version)
        before = _facts(row)
        if (amount.amount, amount.currency) != (row.amount, row.currency):
            _check_amount(amount, now)
        if owner_user_id != row.owner_id:
            row.owner_label = _owner_label(owner_user_id)
            row.owner_id = owner_user_id
        row.name, row.amount, row.currency = name, amount.amount, amount.currency
        row.version, row.changed_at = row.version + 1, now
        with unique_or(BudgetNameTaken(field="name", name=name), constraint=NAME_UNIQUE):
            row.save()
        _replace_rules(row, check_thresholds(thresholds))
        return _saved(row, actor=actor, verb="budget.changed", before=before)


def close_budget(*, actor: Actor, budget_id: int, now: datetime, expected_version: int | None = None) -> SavedBudget:
    """Close a budget: it is watched no more, and its alerts stay.

    Raises BudgetNotFound, BudgetClosed, or BudgetChangedMeanwhile when a version is expected and it is at another one.
    """
    with tenant_transaction():
        row = _lock(budget_id)
        _check_version(row, expected_version)
        before = _facts(row)
        row.closed_at, row.changed_at, row.version = now, now, row.version + 1
        row.save()
        return _saved(row, actor=actor, verb="budget.closed", before=before)


def _lock(budget_id: int) -> Budget:
    row = Budget.objects.select_for_update().filter(pk=budget_id).first()
    if row is None:
        raise BudgetNotFound
    if row.closed_at is not None:
        raise BudgetClosed
    return row


def _check_version(row: Budget, expected: int | None) -> None:
    if expected is not None and row.version != expected:
        raise BudgetChangedMeanwhile(version=row.version, expected=expected)


def _check_scope_exists(scope: Scope) -> None:
    known = {
        ScopeKind.ORGANIZATION: lambda: {""},
        ScopeKind.COST_CENTER: lambda: {str(center.id) for center in list_cost_centers()},
        ScopeKind.MODEL: lambda: {model.model_id for model in list_foundation_models()},
    }.get(scope.kind, set)()
    if scope.key not in known:
        raise BudgetScopeUnknown(field="scope")


def _check_amount(amount: Money, now: datetime) -> None:
    check_amount(amount.amount)
    if find_rate_in_force(amount.currency, as_of=now) is None:
        raise CurrencyWithoutRate(field="currency", currency=amount.currency)


def _owner_label(user_id: int | None) -> str:
    if user_id is None:
        return ""
    for member in list_members():
        if member.user_id == user_id:
            return member.label
    raise OwnerIsNoMember(field="owner")


def _replace_rules(row: Budget, thresholds: tuple[Threshold, ...]) -> None:
    wanted = {channel_id for threshold in thresholds for channel_id in threshold.channel_ids}
    known = set(NotificationChannel.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    if wanted != known:
        raise ChannelUnknown(field="thresholds")
    if list_thresholds([row.pk]).get(row.pk, ()) == _in_order(thresholds):
        return
    AlertRule.objects.filter(budget=row).delete()
    for threshold in thresholds:
        rule = AlertRule.objects.create(budget=row, threshold_percent=threshold.percent, kind=threshold.kind)
        AlertRuleChannel.objects.bulk_create(
            AlertRuleChannel(rule=rule, channel_id=channel_id) for channel_id in sorted(set(threshold.channel_ids))
        )


def _in_order(thresholds: tuple[Threshold, ...]) -> tuple[Threshold, ...]:
    return tuple(
        Threshold(kind=item.kind, percent=item.percent, channel_ids=tuple(sorted(set(item.channel_ids))))
        for item in thresholds
    )


def _facts(row: Budget) -> dict[str, Json]:
    """What an audit line says of a budget."""
    thresholds: list[Json] = [
        {"kind": item.kind.value, "percent": percent_text(item.percent), "channels": list(item.channel_ids)}
        for item in list_thresholds([row.pk]).get(row.pk, ())
    ]
    return {
        "name": row.name,
        "scope": f"{row.scope_kind}:{row.scope_key}" if row.scope_key else row.scope_kind,
        "amount": plain(Decimal(row.amount)),
        "currency": row.currency,
        "basis": row.basis,
        "owner": row.owner_label,
        "thresholds": thresholds,
        "closed_at": row.closed_at.isoformat() if row.closed_at else None,
    }


def _saved(row: Budget, *, actor: Actor, verb: str, before: Mapping[str, Json] | None) -> SavedBudget:
    after = _facts(row)
    changed = [name for name in after if before is None or before[name] != after[name]]
    event_id = record_event(
        actor=actor,
        verb=verb,
        target=f"budget:{row.pk}",
        before=None if before is None else {name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )
    return SavedBudget(
        budget=get_budget(row.pk), thresholds=list_thresholds([row.pk]).get(row.pk, ()), audit_event_id=event_id
    )
