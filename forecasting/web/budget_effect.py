"""What a budget would have done in the last months, and what it would say today: shown before it is saved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing.domain.money import Money
from billing.domain.periods import Month
from forecasting.domain.alerts import Threshold, reached_thresholds
from forecasting.domain.budgets import BudgetForecast, RateInForce, share_of
from forecasting.domain.series import Scope
from forecasting.queries.budgets import find_outlook

MONTHS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectMonth:
    """A past month against the amount."""

    month: Month
    spent: Money
    share: Decimal
    reached: tuple[Threshold, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a budget would have done and would do."""

    rate: RateInForce
    amount: Money
    months: tuple[EffectMonth, ...]
    forecast: BudgetForecast | None

    @property
    def alerting(self) -> int:
        """In how many of the months it would have alerted."""
        return sum(1 for month in self.months if month.reached)


def effect_of(*, scope: Scope, amount: Money, thresholds: tuple[Threshold, ...], as_of: datetime) -> Effect | None:
    """Return the effect of a budget; None where its currency has no exchange rate."""
    outlook = find_outlook(scope=scope, amount=amount, months=MONTHS, as_of=as_of)
    if outlook is None:
        return None
    return Effect(
        rate=outlook.rate,
        amount=amount,
        months=tuple(
            EffectMonth(
                month=past.month,
                spent=past.spent,
                share=share_of(past.spent, amount),
                reached=reached_thresholds(thresholds, amount, past.spent),
            )
            for past in outlook.months
        ),
        forecast=outlook.forecast,
    )
