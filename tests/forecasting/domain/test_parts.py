"""Parts add up to the whole, to the last digit, whatever they expected themselves."""

from __future__ import annotations

from decimal import Decimal

import pytest

from forecasting.domain.parts import reconcile
from forecasting.domain.series import WHOLE_ORGANIZATION, Scope, ScopeKind

SEARCH = Scope(ScopeKind.COST_CENTER_OWN, "7")
NOBODY = Scope(ScopeKind.COST_CENTER_OWN)
SONNET = Scope(ScopeKind.MODEL, "anthropic.claude-sonnet-4-5")
THIRD = Decimal("0.333333")


def amounts(*values: str) -> list[Decimal]:
    return [Decimal(value) for value in values]


@pytest.mark.parametrize(
    ("whole", "search", "nobody"),
    [
        (amounts("10", "7"), amounts("4", "3"), amounts("4", "3")),
        (amounts("1", "1"), amounts("0.333333", "0.1"), amounts("0.666666", "0.2")),
        (amounts("10", "0"), amounts("0", "5"), amounts("0", "0")),
        (amounts("0.000001", "100"), amounts("1", "0"), amounts("2", "9")),
    ],
)
def test_every_day_adds_up_exactly(whole: list[Decimal], search: list[Decimal], nobody: list[Decimal]) -> None:
    expected = {WHOLE_ORGANIZATION: whole, SEARCH: search, NOBODY: nobody, SONNET: amounts("1", "1")}

    reconciled = reconcile(expected, recent=dict.fromkeys(expected, Decimal(1)))

    assert reconciled[WHOLE_ORGANIZATION] == tuple(whole)
    assert [one + other for one, other in zip(reconciled[SEARCH], reconciled[NOBODY], strict=True)] == whole
    assert list(reconciled[SONNET]) == whole


@pytest.mark.parametrize(
    ("recent", "shares"),
    [
        ({SEARCH: Decimal(3), NOBODY: Decimal(1)}, (Decimal("7.5"), Decimal("2.5"))),
        ({SEARCH: Decimal(0), NOBODY: Decimal(0)}, (Decimal(5), Decimal(5))),
    ],
)
def test_what_no_part_expects_is_shared_as_lately(
    recent: dict[Scope, Decimal], shares: tuple[Decimal, Decimal]
) -> None:
    expected = {WHOLE_ORGANIZATION: amounts("10"), SEARCH: amounts("0"), NOBODY: amounts("0")}

    reconciled = reconcile(expected, recent={WHOLE_ORGANIZATION: Decimal(0), **recent})

    assert (reconciled[SEARCH][0], reconciled[NOBODY][0]) == shares


def test_an_organization_without_parts_stands_alone() -> None:
    expected = {WHOLE_ORGANIZATION: amounts("1.5")}

    assert reconcile(expected, recent={WHOLE_ORGANIZATION: Decimal(0)}) == {WHOLE_ORGANIZATION: (Decimal("1.5"),)}


def test_a_month_without_days_to_come_has_parts_without_days() -> None:
    expected: dict[Scope, list[Decimal]] = {WHOLE_ORGANIZATION: [], SEARCH: [], NOBODY: []}

    assert reconcile(expected, recent=dict.fromkeys(expected, Decimal(1))) == {
        WHOLE_ORGANIZATION: (),
        SEARCH: (),
        NOBODY: (),
    }
