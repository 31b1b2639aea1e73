"""What an organization is to those who work inside it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationValue:
    """An organization's settings: time zone (IANA name), reporting currency (ISO 4217), first month of the fiscal year."""

    id: UUID
    slug: str
    name: str
    time_zone: str
    currency: str
    fiscal_year_start_month: int
    is_demonstration: bool
