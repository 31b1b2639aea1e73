"""Moments, days and months as callers write them, and the order of months in lists."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from rest_framework import serializers

from billing.api.catalog import Key
from billing.domain.periods import Month

# Calculations with days and months end before Python's own calendar does.
MONTH = r"\A(19|2[01])[0-9]{2}-(0[1-9]|1[0-2])\Z"
DAY = re.compile(r"2[01][0-9]{2}-[0-9]{2}-[0-9]{2}")
INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


class DayField(serializers.DateField):
    """A day such as 2026-10-01 of the years 2000 to 2199; the library's own field takes weeks and ordinal days too."""

    def to_internal_value(self, value: Any) -> date:
        if not (isinstance(value, str) and DAY.fullmatch(value)):
            self.fail("invalid", format="YYYY-MM-DD")
        return super().to_internal_value(value)


class InstantField(serializers.DateTimeField):
    """A time with its offset, as RFC 3339 has it; without one nobody can tell which hour is meant."""

    def to_internal_value(self, value: Any) -> datetime:
        if not (isinstance(value, str) and INSTANT.fullmatch(value)):
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ss[.uuuuuu][+HH:MM|-HH:MM|Z]")
        return super().to_internal_value(value.upper())


def newest_first(month: Month) -> Key:
    """Return what puts the latest month first where rows are sorted upwards."""
    return (f"{3_652_060 - month.start.toordinal():07}",)
