"""What was announced of a price: its scope, and why a line of the bill is out of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, NamedTuple

from accounts.domain.errors import Conflict, Invalid, NotFound
from accounts.domain.text import gettext_noop
from billing.domain.catalog import nearness
from billing.domain.dimensions import ContextBand, CostHeading, Provider, TokenClass
from billing.domain.money import plain

CACHE_CLASSES = frozenset({"cache_read", "cache_write", "cache_write_5m", "cache_write_30m", "cache_write_1h"})
COUNTED = frozenset({CostHeading.TOKENS.value, CostHeading.MEDIA.value})
PERCENT = re.compile(r"\d{1,3}(\.\d{1,4})?", re.ASCII)
HUNDRED = Decimal(100)
# Nobody announces less than one percent; who types 0.25 means a quarter.
DOUBTFUL_BELOW = Decimal(1)
PLACES = 4
EARLIEST, LATEST = date(2015, 1, 1), date(2100, 1, 1)
TITLE_LIMIT = 120


class AnnouncementOrigin(StrEnum):
    """Who said that prices go down: somebody of ours who registered it, or a published price list."""

    REGISTERED = "REGISTERED"
    PRICE_LIST = "PRICE_LIST"


class AnnouncementNotFound(NotFound):
    """No announcement of this organization has the id."""

    code: ClassVar[str] = "announcement_not_found"
    message: ClassVar[str] = gettext_noop("There is no such announcement.")


class AnnouncementWithdrawn(Conflict):
    """It was withdrawn already."""

    code: ClassVar[str] = "announcement_withdrawn"
    message: ClassVar[str] = gettext_noop("This announcement was withdrawn already.")


class PercentMalformed(Invalid):
    """The text is no percentage."""

    code: ClassVar[str] = "percent_malformed"
    message: ClassVar[str] = gettext_noop(
        "Cut must be a percentage above 0 and up to 100 with at most 4 decimals, for example 25."
    )


class PercentDoubtful(Invalid):
    """A fraction looks like a percentage of less than one."""

    code: ClassVar[str] = "percent_doubtful"
    message: ClassVar[str] = gettext_noop(
        "This is a cut of %(percent)s %%, less than one in a hundred. Enter 25 for 25 %%, or confirm it."
    )


class AnnouncementTimes(Invalid):
    """The announcement's days are in no order, or beyond any that we keep."""

    code: ClassVar[str] = "announcement_times"
    message: ClassVar[str] = gettext_noop("A cut begins between 2015 and 2100 and ends after it began.")


class ScopeUnknown(Invalid):
    """The scope names what nothing is called."""

    code: ClassVar[str] = "scope_unknown"
    message: ClassVar[str] = gettext_noop("%(value)s is neither in the catalog nor on the bill.")


class NotReceived(StrEnum):
    """Why a part of what was announced did not reach us; the values are the API's names."""

    OTHER_MODEL = "other_model"
    ROUTING = "routing"
    TIER = "tier"
    REGION = "region"
    LONG_CONTEXT = "long_context"
    CACHE_SHARE = "cache_share"
    TOKEN_CLASS = "token_class"  # noqa: S105 - the name of a reason, not a secret
    NOT_TOKENS = "not_tokens"
    UNRECOGNIZED = "unrecognized"
    NOT_YET_BILLED = "not_yet_billed"
    NOT_USED_SINCE = "not_used_since"
    NO_RATE_BEFORE = "no_rate_before"
    RECEIVED_LESS = "received_less"
    RECEIVED_MORE = "received_more"


NOT_RECEIVED_LABELS: Mapping[NotReceived, str] = {
    NotReceived.OTHER_MODEL: gettext_noop("Model out of scope"),
    NotReceived.ROUTING: gettext_noop("Other routing"),
    NotReceived.TIER: gettext_noop("Other service tier"),
    NotReceived.REGION: gettext_noop("Other region"),
    NotReceived.LONG_CONTEXT: gettext_noop("Long prompts"),
    NotReceived.CACHE_SHARE: gettext_noop("Cached tokens"),
    NotReceived.TOKEN_CLASS: gettext_noop("Other token class"),
    NotReceived.NOT_TOKENS: gettext_noop("Not billed by token"),
    NotReceived.UNRECOGNIZED: gettext_noop("Model not recognized"),
    NotReceived.NOT_YET_BILLED: gettext_noop("Not yet on the bill"),
    NotReceived.NOT_USED_SINCE: gettext_noop("Not used since"),
    NotReceived.NO_RATE_BEFORE: gettext_noop("Not used before, so no rate to compare"),
    NotReceived.RECEIVED_LESS: gettext_noop("In scope, but cut by less"),
    NotReceived.RECEIVED_MORE: gettext_noop("In scope, and cut by more"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an announcement is about; empty is everything of the provider's."""

    provider: Provider = Provider.AWS_BEDROCK
    publishers: tuple[str, ...] = ()
    model_ids: tuple[str, ...] = ()
    routing_class: str = ""
    tiers: tuple[str, ...] = ()
    aws_regions: tuple[str, ...] = ()
    token_classes: tuple[str, ...] = ()
    context_band: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementEntry:
    """A cut as somebody registers it; `ends` is the first day on which it no longer holds."""

    title: str
    scope: Scope
    percent: Decimal
    first_day: date
    ends: date | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementValue:
    """A registered or listed cut."""

    id: int
    origin: AnnouncementOrigin
    entry: AnnouncementEntry
    registered_by: str
    registered_at: datetime
    withdrawn_by: str
    withdrawn_at: datetime | None


def parse_percent(text: str) -> Decimal:
    """Return the percentage that a person typed, with or without the sign and in full-width digits.

    Raises PercentMalformed.
    """
    typed = unicodedata.normalize("NFKC", text).strip().lstrip("-\N{MINUS SIGN}").removesuffix("%").strip()
    if PERCENT.fullmatch(typed) is None:
        raise PercentMalformed(field="percent")
    return check_percent(Decimal(typed))


def check_percent(percent: Decimal) -> Decimal:
    """Raise PercentMalformed unless a number can be a cut in percent."""
    exponent = percent.as_tuple().exponent
    if not percent.is_finite() or not 0 < percent <= HUNDRED or not isinstance(exponent, int) or exponent < -PLACES:
        raise PercentMalformed(field="percent")
    return percent


def check_entry(entry: AnnouncementEntry, *, is_confirmed: bool) -> None:
    """Raise PercentMalformed, PercentDoubtful unless it is confirmed, or AnnouncementTimes."""
    check_percent(entry.percent)
    if entry.percent < DOUBTFUL_BELOW and not is_confirmed:
        raise PercentDoubtful(field="percent", percent=plain(entry.percent))
    if not EARLIEST <= entry.first_day < LATEST:
        raise AnnouncementTimes(field="first_day")
    if entry.ends is not None and not entry.first_day < entry.ends < LATEST:
        raise AnnouncementTimes(field="ends")


class Line(NamedTuple):
    """What has one rate, as the bill's lines were read."""

    aws_account_id: str
    publisher: str
    model_id: str
    aws_region: str
    routing_class: str
    tier: str
    token_class: str
    context_band: str
    heading: str
    # Where nothing proves how many tokens a unit is, the bill's own unit: two of them never share a rate.
    unit: str = ""


def reason_outside(line: Line, scope: Scope) -> NotReceived | None:
    """Return why a line is out of an announcement's scope, the first reason in a fixed order; None: it is in scope."""
    checks = (
        (line.heading in COUNTED or line.heading in ("", CostHeading.UNRECOGNIZED), NotReceived.NOT_TOKENS),
        (line.heading in COUNTED and (line.model_id or line.publisher), NotReceived.UNRECOGNIZED),
        (_is_of(line.publisher, scope.publishers), NotReceived.OTHER_MODEL),
        (_is_of(line.model_id, scope.model_ids), NotReceived.OTHER_MODEL),
        (scope.routing_class in ("", line.routing_class), NotReceived.ROUTING),
        (_is_of(line.tier, scope.tiers), NotReceived.TIER),
        (_is_in(line.aws_region, scope.aws_regions), NotReceived.REGION),
        (scope.context_band in ("", line.context_band or ContextBand.STANDARD.value), NotReceived.LONG_CONTEXT),
        (_is_of_class(line.token_class, scope.token_classes), _class_reason(line.token_class)),
    )
    return next((reason for is_met, reason in checks if not is_met), None)


def _is_of(value: str, wanted: tuple[str, ...]) -> bool:
    return not wanted or value in wanted


def _is_in(aws_region: str, patterns: tuple[str, ...]) -> bool:
    return not patterns or any(nearness(pattern, aws_region) for pattern in patterns)


def _is_of_class(token_class: str, wanted: tuple[str, ...]) -> bool:
    """A bill that does not tell how long a cache entry lives is in scope with any of the lives."""
    if token_class == TokenClass.CACHE_WRITE and any(name.startswith(TokenClass.CACHE_WRITE) for name in wanted):
        return True
    return _is_of(token_class, wanted)


def _class_reason(token_class: str) -> NotReceived:
    return NotReceived.CACHE_SHARE if token_class in CACHE_CLASSES else NotReceived.TOKEN_CLASS
