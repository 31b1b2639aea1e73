"""Thresholds: the levels of a budget that alert, in percent of its amount."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop
from billing.domain.money import EXACT, Money

MAX_THRESHOLDS = 10
MAX_PERCENT = Decimal(1000)
HUNDRED = Decimal(100)


class AlertKind(StrEnum):
    """What is held against the threshold: what was spent, or what the month will come to."""

    ACTUAL = "ACTUAL"
    FORECAST = "FORECAST"


ALERT_KIND_LABELS: Mapping[AlertKind, str] = {
    AlertKind.ACTUAL: gettext_noop("Spent so far"),
    AlertKind.FORECAST: gettext_noop("Forecast for the whole month"),
}


class ThresholdInvalid(Invalid):
    """A threshold that could never or always be crossed."""

    code: ClassVar[str] = "threshold_invalid"
    message: ClassVar[str] = gettext_noop("A threshold is a percentage from 1 to %(limit)s with at most one decimal.")


class ThresholdRepeated(Invalid):
    """The same line twice would be one alert all the same."""

    code: ClassVar[str] = "threshold_repeated"
    message: ClassVar[str] = gettext_noop("The threshold %(percent)s %% is there twice.")


class TooManyThresholds(Invalid):
    """More lines than anybody reads."""

    code: ClassVar[str] = "too_many_thresholds"
    message: ClassVar[str] = gettext_noop("A budget may have at most %(limit)s thresholds.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """An alert rule of a budget: a level in percent of its amount, and the channels that hear of it."""

    kind: AlertKind
    percent: Decimal
    channel_ids: tuple[int, ...] = ()


def check_thresholds(thresholds: tuple[Threshold, ...]) -> tuple[Threshold, ...]:
    """Return the thresholds in order. Raises ThresholdInvalid, ThresholdRepeated or TooManyThresholds."""
    if len(thresholds) > MAX_THRESHOLDS:
        raise TooManyThresholds(field="thresholds", limit=MAX_THRESHOLDS)
    seen = set()
    for threshold in thresholds:
        percent = threshold.percent
        if not percent.is_finite() or not 1 <= percent <= MAX_PERCENT or percent != round(percent, 1):
            raise ThresholdInvalid(field="thresholds", limit=MAX_PERCENT)
        if (threshold.kind, percent) in seen:
            raise ThresholdRepeated(field="thresholds", percent=f"{percent.normalize():f}")
        seen.add((threshold.kind, percent))
    return tuple(sorted(thresholds, key=lambda threshold: (threshold.percent, threshold.kind)))


def limit_of(amount: Money, percent: Decimal) -> Money:
    """The amount that a threshold stands for."""
    return amount.scale(EXACT.divide(percent, HUNDRED))


def reached_thresholds(thresholds: Iterable[Threshold], amount: Money, spent: Money) -> tuple[Threshold, ...]:
    """Return the thresholds that a month which came to `spent` would have crossed."""
    return tuple(threshold for threshold in thresholds if limit_of(amount, threshold.percent) <= spent)


def is_heard(thresholds: Iterable[Threshold], active_channel_ids: Collection[int]) -> bool:
    """Return whether any alert of a budget would reach somebody."""
    return any(set(threshold.channel_ids) & set(active_channel_ids) for threshold in thresholds)
