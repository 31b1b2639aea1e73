"""How the last reading of AWS's Price List went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from billing.domain.price_lists import PriceListState
from billing.models import PriceListReading


@dataclass(frozen=True, slots=True, kw_only=True)
class ListReading:
    """When the list was read last, what it came to, and why not since."""

    state: PriceListState
    tried_at: datetime
    read_at: datetime | None
    detail: str
    products: int
    prices: int


def find_list_reading() -> ListReading | None:
    """Return how the last reading went; None before the first."""
    row = PriceListReading.objects.first()
    if row is None:
        return None
    return ListReading(
        state=PriceListState(row.state),
        tried_at=row.tried_at,
        read_at=row.read_at,
        detail=row.detail,
        products=row.products,
        prices=row.prices,
    )
