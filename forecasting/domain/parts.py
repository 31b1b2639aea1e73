"""Parts that add up to the whole: the forecasts of parts, brought into line with the organization's, to the last digit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from billing.domain.money import split_exactly
from forecasting.domain.series import PARTITIONS, WHOLE_ORGANIZATION, Scope

ZERO = Decimal(0)

Amounts = Mapping[Scope, Sequence[Decimal]]


def reconcile(expected: Amounts, *, recent: Mapping[Scope, Decimal]) -> dict[Scope, tuple[Decimal, ...]]:
    """Share each day of the organization's forecast out over its cost centers, and over its foundation models.

    A median is not linear, so the parts' own forecasts do not add up; what they say is used as proportions. On a day
    of which no part expects anything, the proportions are those of `recent` spend. The whole is never changed.
    """
    whole = tuple(expected[WHOLE_ORGANIZATION])
    reconciled = {WHOLE_ORGANIZATION: whole}
    for kind in PARTITIONS:
        parts = [scope for scope in expected if scope.kind is kind]
        if parts:
            days = [_share_out(amount, day, parts, expected, recent) for day, amount in enumerate(whole)]
            reconciled.update(
                zip(parts, zip(*days, strict=True), strict=True) if days else ((part, ()) for part in parts)
            )
    return reconciled


def _share_out(
    amount: Decimal, day: int, parts: Sequence[Scope], expected: Amounts, recent: Mapping[Scope, Decimal]
) -> tuple[Decimal, ...]:
    candidates = ([expected[part][day] for part in parts], [recent[part] for part in parts], [Decimal(1)] * len(parts))
    weights = next(weights for weights in candidates if sum(weights, ZERO) > 0)
    return split_exactly(amount, weights)
