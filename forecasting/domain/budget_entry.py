"""What may be entered as a budget: amounts as people type them, names, scopes."""

from __future__ import annotations

import re
import unicodedata
from decimal import ROUND_HALF_EVEN, Decimal
from typing import ClassVar

from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop
from forecasting.domain.series import Scope, ScopeKind

MAX_NAME_LENGTH = 100
# Above the yearly spend of any company, below where a mistyped amount would stop fitting its column.
MAX_AMOUNT = Decimal("1E12")
MAX_AMOUNT_DECIMALS = 2
SMALLEST_AMOUNT = Decimal("0.01")
# Thousands stand in groups of three, so that "4,3" is not taken for 43.
AMOUNT = re.compile(r"(\d+|\d{1,3}(,\d{3})+)(\.\d+)?", re.ASCII)


class BudgetNameInvalid(Invalid):
    """A budget is known by its name in every alert."""

    code: ClassVar[str] = "budget_name_invalid"
    message: ClassVar[str] = gettext_noop("Enter a name of 1 to %(limit)s characters in one line.")


class BudgetAmountInvalid(Invalid):
    """Nothing can be measured against no amount."""

    code: ClassVar[str] = "budget_amount_invalid"
    message: ClassVar[str] = gettext_noop("Amount must be more than 0, for example 4300000.")


class BudgetAmountTooLarge(Invalid):
    """More than any company spends: a slip of the keyboard."""

    code: ClassVar[str] = "budget_amount_too_large"
    message: ClassVar[str] = gettext_noop("Amount must be less than %(limit)s.")


class BudgetAmountTooFine(Invalid):
    """Fractions of a cent are a slip of the keyboard, too."""

    code: ClassVar[str] = "budget_amount_too_fine"
    message: ClassVar[str] = gettext_noop("Amount may have at most %(limit)s decimals.")


class BudgetScopeInvalid(Invalid):
    """The whole organization has no key; a part of it has one."""

    code: ClassVar[str] = "budget_scope_invalid"
    message: ClassVar[str] = gettext_noop("Choose what the budget is for: the organization, a cost center or a model.")


def parse_amount(text: str) -> Decimal:
    """Return the amount that a person typed: commas, spaces, a currency sign and full-width digits are understood.

    Raises BudgetAmountInvalid for anything that is not one plain number, and what check_amount raises.
    """
    plain = unicodedata.normalize("NFKC", text).strip().lstrip("¥$€£").removesuffix("円")
    match = AMOUNT.fullmatch(plain.replace(" ", ""))
    if match is None:
        raise BudgetAmountInvalid(field="amount")
    return check_amount(Decimal(match.group().replace(",", "")))


def check_amount(amount: Decimal) -> Decimal:
    """Return an amount that a budget may have. Raises BudgetAmountInvalid, -TooLarge or -TooFine."""
    if not amount.is_finite() or amount <= 0:
        raise BudgetAmountInvalid(field="amount")
    if amount >= MAX_AMOUNT:
        raise BudgetAmountTooLarge(field="amount", limit=f"{MAX_AMOUNT:,f}")
    if amount != amount.quantize(SMALLEST_AMOUNT, rounding=ROUND_HALF_EVEN):
        raise BudgetAmountTooFine(field="amount", limit=MAX_AMOUNT_DECIMALS)
    return amount


def check_name(name: str) -> str:
    """Return the name without outer spaces. Raises BudgetNameInvalid; a line break would split a message's subject."""
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME_LENGTH or not name.isprintable():
        raise BudgetNameInvalid(field="name", limit=MAX_NAME_LENGTH)
    return name


def check_scope(scope: Scope) -> Scope:
    """Return the scope. Raises BudgetScopeInvalid for a part without a key: what nobody owns has no budget."""
    if (scope.kind is ScopeKind.ORGANIZATION) != (scope.key == ""):
        raise BudgetScopeInvalid(field="scope")
    return scope
