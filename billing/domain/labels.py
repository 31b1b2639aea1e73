"""What people call the codes that a price is known by; marked here, translated by the pages."""

from __future__ import annotations

from collections.abc import Mapping

from accounts.domain.text import gettext_noop
from billing.domain.collection import ConnectionKind
from billing.domain.dimensions import RoutingClass, Tier, TokenClass

TOKEN_CLASS_LABELS: Mapping[TokenClass, str] = {
    TokenClass.INPUT: gettext_noop("Input"),
    TokenClass.OUTPUT: gettext_noop("Output"),
    TokenClass.CACHE_READ: gettext_noop("Cache read"),
    TokenClass.CACHE_WRITE: gettext_noop("Cache write"),
    TokenClass.CACHE_WRITE_5M: gettext_noop("Cache write, 5 minutes"),
    TokenClass.CACHE_WRITE_1H: gettext_noop("Cache write, 1 hour"),
}
# What a price can be entered for: a write of unknown lifetime is rated as one of five minutes.
PRICED_CLASSES = tuple(label for label in TOKEN_CLASS_LABELS if label is not TokenClass.CACHE_WRITE)
ROUTING_CLASS_LABELS: Mapping[RoutingClass, str] = {
    RoutingClass.REGIONAL: gettext_noop("In-region or geography"),
    RoutingClass.GLOBAL: gettext_noop("Global"),
}
TIER_LABELS: Mapping[Tier, str] = {
    Tier.STANDARD: gettext_noop("Standard"),
    Tier.BATCH: gettext_noop("Batch"),
    Tier.FLEX: gettext_noop("Flex"),
    Tier.PRIORITY: gettext_noop("Priority"),
    Tier.RESERVED: gettext_noop("Reserved"),
    Tier.LATENCY_OPTIMIZED: gettext_noop("Latency-optimized"),
}
CONNECTION_KIND_LABELS: Mapping[ConnectionKind, str] = {
    ConnectionKind.PAYER: gettext_noop("Payer: pays the bill, or stands alone"),
    ConnectionKind.MEMBER: gettext_noop("Member: its bill comes with a payer account"),
}
