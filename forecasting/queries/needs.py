"""What waits for somebody: budgets that will be exceeded, sources that fail, tokens and lines that nothing is known of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.domain.freshness import Freshness
from billing.domain.money import Money
from billing.queries.collection import SourceFreshness
from billing.queries.usage_types import count_strange_usage_types
from forecasting.domain.budgets import BudgetStatus
from forecasting.domain.dashboard import ZERO, NeedKind, excess_of
from forecasting.queries.alerts import list_thresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that waits for somebody, with what its kind is about."""

    kind: NeedKind
    at_stake: Money | None = None
    at_stake_usd: Decimal = ZERO
    budget: BudgetStatus | None = None
    source: SourceFreshness | None = None
    budgets: tuple[BudgetStatus, ...] = ()
    tokens: int = 0
    usage_types: int = 0


def list_needs(
    budgets: Sequence[BudgetStatus], sources: Iterable[SourceFreshness], tokens_unpriced: int
) -> tuple[Need, ...]:
    """Return what waits for somebody, most money at stake first; of one source that fails in many regions one line."""
    over = [
        Need(kind=NeedKind.BUDGET, at_stake=amount, at_stake_usd=status.rate.convert_back(amount), budget=status)
        for status in budgets
        if (amount := excess_of(status)) is not None
    ]
    over.sort(key=lambda need: need.at_stake_usd, reverse=True)
    failing = {
        (source.connection_id, source.source, source.state): Need(kind=NeedKind.SOURCE, source=source)
        for source in sources
        if source.state in (Freshness.DENIED, Freshness.LATE)
    }
    thresholds = list_thresholds(status.budget.id for status in budgets)
    unheard = tuple(
        status for status in budgets if not any(one.channel_ids for one in thresholds.get(status.budget.id, ()))
    )
    silent = [Need(kind=NeedKind.UNHEARD, budgets=unheard)] if unheard else []
    unpriced = [Need(kind=NeedKind.UNPRICED, tokens=tokens_unpriced)] if tokens_unpriced else []
    strange = count_strange_usage_types()
    unread = [Need(kind=NeedKind.UNREAD, usage_types=strange)] if strange else []
    return (*over, *failing.values(), *unpriced, *unread, *silent)
