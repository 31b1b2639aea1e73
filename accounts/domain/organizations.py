"""What an organization is to those who work inside it, and what its settings may be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import available_timezones

from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SLUG_MINIMUM, SLUG_LIMIT = 2, 60
# How long the data of a closed organization are kept; the database insists on it, too (migration 0005).
KEPT_FOR = timedelta(days=30)

# ISO 4217, active currencies of payment (funds, metals and test codes left out).
# https://www.six-group.com/en/products-services/financial-information/data-standards.html
_ISO_4217 = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY "
    "COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR "
    "ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK "
    "MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF "
    "SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU "
    "UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"
)
CURRENCIES: tuple[str, ...] = tuple(_ISO_4217.split())


class SlugMalformed(Invalid):
    """The slug stands in addresses: small letters, digits, single dashes."""

    code = "organization_slug_malformed"
    message = gettext_noop(
        "The address has 2 to 60 small letters, digits and single dashes between them, for example acme-tokyo."
    )


class TimeZoneUnknown(Invalid):
    """Not a zone of the IANA database."""

    code = "time_zone_unknown"
    message = gettext_noop("Choose a time zone of the IANA list, for example Asia/Tokyo.")


class CurrencyUnknown(Invalid):
    """Not a currency of ISO 4217."""

    code = "currency_unknown"
    message = gettext_noop("Choose a currency by its ISO 4217 code, for example JPY.")


class MonthOutOfRange(Invalid):
    """A year begins in one of twelve months."""

    code = "month_out_of_range"
    message = gettext_noop("The first month of the fiscal year is a number from 1 to 12.")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """What a new organization in a country most likely wants; everything can be changed."""

    currency: str
    fiscal_year_start_month: int
    time_zone: str | None
    language: str


# Time zone None: take the browser's.
PRESETS: dict[str, Preset] = {
    "JP": Preset(currency="JPY", fiscal_year_start_month=4, time_zone="Asia/Tokyo", language="ja"),
    "OTHER": Preset(currency="USD", fiscal_year_start_month=1, time_zone=None, language="en"),
}


def erased_on(closed_at: datetime) -> datetime:
    """Return when an organization that was closed at a time is erased."""
    return closed_at + KEPT_FOR


def fiscal_year(day: date, start_month: int) -> tuple[date, date]:
    """Return the first and the last day of the fiscal year that a day lies in."""
    first = date(day.year if day.month >= start_month else day.year - 1, start_month, 1)
    return first, date(first.year + 1, start_month, 1) - timedelta(days=1)


def check_slug(slug: str) -> None:
    """Check an organization's place in addresses. Raises SlugMalformed."""
    if not SLUG_MINIMUM <= len(slug) <= SLUG_LIMIT or SLUG.fullmatch(slug) is None:
        raise SlugMalformed(field="slug")


def check_settings(*, time_zone: str, currency: str, fiscal_year_start_month: int) -> None:
    """Check an organization's settings. Raises TimeZoneUnknown, CurrencyUnknown, MonthOutOfRange."""
    if time_zone not in time_zones():
        raise TimeZoneUnknown(field="time_zone")
    if currency not in CURRENCIES:
        raise CurrencyUnknown(field="currency")
    if not 1 <= fiscal_year_start_month <= 12:  # noqa: PLR2004 - months of a year
        raise MonthOutOfRange(field="fiscal_year_start_month")


def time_zones() -> frozenset[str]:
    """Return the names people choose from: places and UTC, without the database's historical aliases."""
    return _TIME_ZONES


_TIME_ZONES = frozenset(
    name
    for name in available_timezones()
    if name == "UTC" or ("/" in name and not name.startswith(("Etc/", "posix/", "right/", "SystemV/", "US/")))
)


def slug_from(name: str) -> str:
    """Return a slug to propose for a name; empty where the name has no Latin letters or digits."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:SLUG_LIMIT].strip("-")
