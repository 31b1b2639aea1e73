"""Money, tokens and deltas as people read them: template filters over `billing.domain.figures`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django import template
from django.utils.translation import get_language, gettext, ngettext

from billing.domain import figures
from billing.domain.collection import Source
from billing.domain.dimensions import Basis, CostHeading, PriceOrigin, Provider, RoutingClass, Tier, TokenClass
from billing.domain.exchange_rates import USD
from billing.domain.freshness import FRESHNESS_LABELS, SOURCE_LABELS, Freshness
from billing.domain.labels import (
    HEADING_LABELS,
    PRICE_ORIGIN_LABELS,
    PROVIDER_LABELS,
    ROUTING_CLASS_LABELS,
    TIER_LABELS,
    TOKEN_CLASS_LABELS,
)
from billing.domain.money import Money, plain
from billing.domain.periods import DateRange, Month
from billing.domain.price_entry import PRICE_UNIT_LABELS, PriceUnit

register = template.Library()

SHORTEST = timedelta(microseconds=1)
MINUTE, HOUR = 60, 3600


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
def exact_price(value: Money | None) -> str:
    """Write a price to its last digit, however fine."""
    return figures.UNKNOWN if value is None else figures.exact_price(value)


@register.filter
def money_signed(value: Money | None) -> str:
    """Write a difference in full, with its sign."""
    return figures.UNKNOWN if value is None else figures.money(value, _language(), signed=True)


@register.filter
def money_unsigned(value: Money | None) -> str:
    """Write the size of a difference whose direction the sentence says."""
    return (
        figures.UNKNOWN if value is None else figures.money_short(Money(abs(value.amount), value.currency), _language())
    )


@register.filter
def plain_number(value: Decimal | None) -> str:
    """Write a number to its last digit, without idle zeros."""
    return figures.UNKNOWN if value is None else plain(value)


@register.filter
def price_unit_name(value: PriceUnit | None) -> str:
    """Name what a price is for: per 1M tokens, per 1K tokens."""
    return "" if value is None else gettext(PRICE_UNIT_LABELS[value])


@register.filter
def unit_amount(value: Money | None) -> str:
    """Write a price per million tokens for a table cell: no symbol, as many decimals as the column's finest."""
    return figures.UNKNOWN if value is None else figures.unit_amount(value)


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
def days(value: DateRange | None) -> str:
    """Write whole days: a month by its name, others by the first and the last of them."""
    return figures.UNKNOWN if value is None else figures.days(value, _language())


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


@register.filter
def usd(value: Decimal | None) -> Money | None:
    """Take a bare number for US dollars, as AWS's charges and prices are."""
    return None if value is None else Money(value, USD)


@register.filter
def last_utc_day(value: datetime) -> date:
    """Return the last UTC day that is complete at a midnight, which is how far a bill reaches."""
    return (value - SHORTEST).astimezone(UTC).date()


@register.filter
def at(values: Mapping[object, object], key: object) -> object:
    """Look a key up, which templates cannot do by themselves; what has no name stands for itself."""
    return values.get(key, key)


@register.filter
def duration(seconds: int) -> str:
    """Write how long something takes, in the unit that people would choose."""
    if seconds < MINUTE:
        return ngettext("%(count)s second", "%(count)s seconds", seconds) % {"count": seconds}
    if seconds < HOUR:
        minutes = round(seconds / MINUTE)
        return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
    hours = round(seconds / HOUR)
    return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}


@register.filter
def token_class_name(value: TokenClass) -> str:
    """Name a token class."""
    return gettext(TOKEN_CLASS_LABELS[value])


@register.filter
def routing_name(value: RoutingClass) -> str:
    """Name a routing as price lists know it."""
    return gettext(ROUTING_CLASS_LABELS[value])


@register.filter
def tier_name(value: Tier) -> str:
    """Name a service tier."""
    return gettext(TIER_LABELS[value])


@register.filter
def origin_name(value: PriceOrigin) -> str:
    """Name what a price comes from."""
    return gettext(PRICE_ORIGIN_LABELS[value])


@register.filter
def source_name(value: Source) -> str:
    """Name a source of data."""
    return gettext(SOURCE_LABELS[value])


@register.filter
def provider_name(value: str) -> str:
    """Name who bills."""
    return gettext(PROVIDER_LABELS[Provider(value)])


@register.filter
def heading_name(value: str) -> str:
    """Name the heading that a bill line stands under."""
    return gettext(HEADING_LABELS[CostHeading(value)]) if value else "–"


@register.filter
def freshness_name(value: Freshness) -> str:
    """Name how fresh a source is."""
    return gettext(FRESHNESS_LABELS[value])


@register.inclusion_tag("partials/_money.html")
def money_block(value: Money | None, basis: Basis | str, note: str = "") -> Mapping[str, object]:
    """Show an amount with the badge that says what kind of amount it is."""
    return {"value": value, "basis": str(basis), "note": note}


def _language() -> str:
    return (get_language() or "en").partition("-")[0]
