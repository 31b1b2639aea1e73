"""Enters an organization's own price as it was typed, once it was held against the known one."""

from __future__ import annotations

from datetime import datetime

from accounts.domain.audit import Actor
from billing.domain.price_entry import PriceEntry, check_confirmed
from billing.operations.catalog import SavedPrice, check_override, override_price
from billing.queries.price_effects import weigh_entry


def enter_price(*, actor: Actor, entry: PriceEntry, is_confirmed: bool, now: datetime) -> SavedPrice:
    """Put a price that a person typed in force from a time on; stored usage of that time is rated again.

    Raises PriceMalformed, PriceTooFine, MissingRate, PriceImplausible, PriceDoubtful unless it is confirmed, and what
    `override_price` raises.
    """
    check_override(entry.key, effective_from=entry.effective_from, effective_to=entry.effective_to)
    weighed = weigh_entry(entry, now=now)
    check_confirmed(weighed, is_confirmed=is_confirmed)
    return override_price(
        actor=actor,
        key=entry.key,
        rate_usd_per_million=weighed.rate_usd_per_million,
        effective_from=entry.effective_from,
        effective_to=entry.effective_to,
        source=entry.source,
        typed=entry,
        units_per_usd=None if weighed.exchange.month is None else weighed.exchange.units_per_usd,
        now=now,
    )
