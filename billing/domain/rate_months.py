"""The months that are told in another currency: which have a rate, which are missing one, what a rate would change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.domain.exchange_rates import ExchangeRate, RateInForce, rate_in_force
from billing.domain.money import Money
from billing.domain.periods import Month


@dataclass(frozen=True, slots=True, kw_only=True)
class RateCell:
    """One currency in one month: the rate entered for it, or the older one that is used meanwhile, or none."""

    currency: str
    month: Month
    in_force: RateInForce | None
    is_missed: bool  # something was spent, and nobody has said what a dollar bought

    @property
    def is_entered(self) -> bool:
        return self.in_force is not None and self.in_force.month == self.month


@dataclass(frozen=True, slots=True, kw_only=True)
class RateMonth:
    """One month with its spend and a cell for each currency."""

    month: Month
    spent_usd: Decimal | None
    cells: tuple[RateCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedMonth:
    """A month's spend in a currency, before and after rates change; None: told in dollars."""

    month: Month
    before: Money | None
    after: Money | None


def rate_months(
    rates: Sequence[ExchangeRate], currencies: Iterable[str], months: Iterable[Month], spent: Mapping[Month, Decimal]
) -> tuple[RateMonth, ...]:
    """Return the grid of months and currencies."""
    shown = tuple(currencies)
    return tuple(
        RateMonth(
            month=month,
            spent_usd=spent.get(month),
            cells=tuple(_cell(rates, currency, month, spent) for currency in shown),
        )
        for month in months
    )


def changed_months(
    rates: Sequence[ExchangeRate], new: ExchangeRate, spent: Mapping[Month, Decimal]
) -> tuple[ChangedMonth, ...]:
    """Return the months whose spend would read otherwise: the rate's own, and later ones that have none of their own."""
    return compared_months(rates, with_rates(rates, [new]), new.currency, spent)


def with_rates(rates: Sequence[ExchangeRate], new: Iterable[ExchangeRate]) -> list[ExchangeRate]:
    """Return the rates with new ones in place of those of the same month and currency."""
    table = {(rate.month, rate.currency): rate for rate in (*rates, *new)}
    return list(table.values())


def compared_months(
    rates: Sequence[ExchangeRate], others: Sequence[ExchangeRate], currency: str, spent: Mapping[Month, Decimal]
) -> tuple[ChangedMonth, ...]:
    """Return the months whose spend reads otherwise, in a currency, at other rates."""
    changed = []
    for month in sorted(spent):
        before, after = rate_in_force(rates, currency, month), rate_in_force(others, currency, month)
        if (before and before.units_per_usd) != (after and after.units_per_usd):
            changed.append(
                ChangedMonth(
                    month=month,
                    before=before.convert(spent[month]) if before else None,
                    after=after.convert(spent[month]) if after else None,
                )
            )
    return tuple(changed)


def _cell(rates: Sequence[ExchangeRate], currency: str, month: Month, spent: Mapping[Month, Decimal]) -> RateCell:
    in_force = rate_in_force(rates, currency, month)
    is_entered = in_force is not None and in_force.month == month
    return RateCell(
        currency=currency, month=month, in_force=in_force, is_missed=bool(spent.get(month)) and not is_entered
    )
