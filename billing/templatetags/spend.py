"""Money, tokens and deltas as people read them: template filters over `billing.domain.figures`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from django import template
from django.utils.translation import get_language

from billing.domain import figures
from billing.domain.dimensions import Basis
from billing.domain.money import Money
from billing.domain.periods import Month

register = template.Library()


@register.filter
def money(value: Money | None) -> str:
    """Write an amount in full, an unknown one as a dash."""
    return figures.UNKNOWN if value is None else figures.money(value, _language())


@register.filter
def money_short(value: Money | None) -> str:
    """Write an amount for prose and tiles."""
    return figures.UNKNOWN if value is None else figures.money_short(value, _language())


@register.filter
def money_change(value: Money | None) -> str:
    """Write a difference for prose, with its sign."""
    return figures.UNKNOWN if value is None else figures.money_short(value, _language(), signed=True)


@register.filter
def amount(value: Money | None) -> str:
    """Write an amount for a table cell, whose header names the currency."""
    return figures.UNKNOWN if value is None else figures.amount(value, _language())


@register.filter
def amount_change(value: Money | None) -> str:
    """Write a difference for a table cell, with its sign."""
    return figures.UNKNOWN if value is None else figures.amount(value, _language(), signed=True)


@register.filter
def currency_label(currency: str) -> str:
    """Write a currency for a table's header."""
    return figures.currency_label(currency, _language())


@register.filter
def unit_price(value: Money | None) -> str:
    """Write a price per million tokens."""
    return figures.UNKNOWN if value is None else figures.unit_price(value, _language())


@register.filter
def percent(value: Decimal | None) -> str:
    """Write a fraction in percent."""
    return figures.percent(value, _language())


@register.filter
def percent_change(value: Decimal | None) -> str:
    """Write a relative difference in percent, with its sign."""
    return figures.percent(value, _language(), signed=True)


@register.filter
def share(value: Decimal | None) -> str:
    """Write a part of a whole in percent, always with one decimal."""
    return figures.percent(value, _language(), share=True)


@register.filter
def probability(value: Decimal | float | None) -> str:
    """Write a chance in percent."""
    return figures.UNKNOWN if value is None else figures.probability(Decimal(str(value)), _language())


@register.filter
def tokens(value: int | Decimal | None) -> str:
    """Write a count exactly."""
    return figures.tokens(value)


@register.filter
def tokens_short(value: int | Decimal | None) -> str:
    """Write a count for prose."""
    return figures.UNKNOWN if value is None else figures.tokens_short(value, _language())


@register.filter
def day(value: date | None) -> str:
    """Write a day without its year."""
    return figures.UNKNOWN if value is None else figures.day(value, _language())


@register.filter
def full_day(value: date | None) -> str:
    """Write a day with its year."""
    return figures.UNKNOWN if value is None else figures.full_day(value, _language())


@register.filter
def month(value: Month | date | None) -> str:
    """Write a month with its year."""
    if value is None:
        return figures.UNKNOWN
    return figures.month(value if isinstance(value, Month) else Month.of(value), _language())


@register.filter
def month_name(value: Month | None) -> str:
    """Write a month without its year."""
    return figures.UNKNOWN if value is None else figures.month_name(value, _language())


@register.filter
def moment(value: datetime | None, time_zone: str = "UTC") -> str:
    """Write a time in a time zone: `{{ made_at|moment:organization.time_zone }}`."""
    return figures.UNKNOWN if value is None else figures.moment(value, time_zone, _language())


@register.filter
def utc_moment(value: datetime | None) -> str:
    """Write a time in UTC, for the hover text beside a local one."""
    return moment(value, "UTC")


@register.inclusion_tag("partials/_money.html")
def money_block(value: Money | None, basis: Basis | str, note: str = "") -> Mapping[str, object]:
    """Show an amount with the badge that says what kind of amount it is."""
    return {"value": value, "basis": str(basis), "note": note}


def _language() -> str:
    return (get_language() or "en").partition("-")[0]
