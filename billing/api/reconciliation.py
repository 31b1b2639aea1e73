"""Rated against billed over REST: days and their whole, the lines of a day, the tolerance."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters
from accounts.access.patience import REPORT
from accounts.domain.errors import Invalid
from accounts.domain.roles import Permission
from accounts.domain.text import gettext_noop
from billing.api.catalog import Key, page_of
from billing.api.periods import DayField
from billing.domain.exchange_rates import USD
from billing.domain.money import plain
from billing.domain.periods import DAY
from billing.domain.reconciliation import REASONS, Line, LineKey, Sums
from billing.operations.reconciliation import ImpossibleTolerance, set_tolerance
from billing.queries.reconciliation import LONGEST, MatchedDay, get_reconciliation, get_tolerance, match_days
from billing.queries.restatements import count_versions

MONEY = "A decimal number, unrounded."


class RangeTooLong(Invalid):
    """More days than are answered at once, or none."""

    code: ClassVar[str] = "range_too_long"
    message: ClassVar[str] = gettext_noop("Ask for at least one day and at most %(days)s: start comes before end.")


class RangeParameters(serializers.Serializer[Any]):
    """Which UTC days, as bills have them."""

    start = DayField(help_text="The first UTC day.")
    end = DayField(help_text="The UTC day after the last.")
    example = {"start": "2026-10-01", "end": "2026-11-01"}


class ExplainedOutput(serializers.Serializer[Any]):
    """The difference by reason; a reason without money is absent."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {reason.value: serializers.CharField(required=False, help_text=MONEY) for reason in REASONS}

    example = {"price_differs": "-0.75", "batch": "61.2"}


class SumsOutput(serializers.Serializer[Any]):
    """What a match came to: rated + everything explained + unexplained = billed, to the last digit."""

    rated = serializers.CharField(help_text="Tokens times our prices.")
    billed = serializers.CharField(help_text="What the provider put on the bill, in US dollars.")
    difference = serializers.CharField(help_text="Billed less rated.")
    matched = serializers.CharField(help_text="Money that both sides say alike.")
    explained = ExplainedOutput()
    unexplained = serializers.CharField(help_text="What no reason was found for; 0 is told as well.")
    tokens_unpriced = serializers.IntegerField(help_text="Tokens that have no price and are not in `rated`.")
    example = {
        "rated": "25912.4",
        "billed": "25972.85",
        "difference": "60.45",
        "matched": "24100",
        "explained": {"price_differs": "-0.75", "batch": "61.2"},
        "unexplained": "0",
        "tokens_unpriced": 0,
    }


class MatchedDayOutput(SumsOutput):
    """A UTC day."""

    date = serializers.DateField()
    is_closed = serializers.BooleanField(help_text="Neither usage nor bill of the day is awaited.")
    version = serializers.IntegerField(help_text="Counts from 1; more than 1: the day was restated after it was whole.")
    reconciled_at = serializers.DateTimeField(allow_null=True, help_text="Null: matched for this answer.")
    other_currencies = serializers.DictField(
        child=serializers.CharField(), help_text="Bills in other currencies, which nothing is matched with."
    )
    example = {
        **SumsOutput.example,
        "date": "2026-10-01",
        "is_closed": True,
        "version": 1,
        "reconciled_at": "2026-10-04T06:10:00Z",
        "other_currencies": {},
    }


class ReconciliationOutput(serializers.Serializer[Any]):
    """The match of some days: by day, and the whole."""

    start = serializers.DateField()
    end = serializers.DateField()
    currency = serializers.CharField()
    whole = SumsOutput()
    days = MatchedDayOutput(many=True)
    example = {
        "start": "2026-10-01",
        "end": "2026-10-02",
        "currency": "USD",
        "whole": SumsOutput.example,
        "days": [MatchedDayOutput.example],
    }


class ReconciliationDetail(OrganizationApiView):
    """What we rated against what was billed: every cent of the difference by its reason."""

    permissions = {"GET": Permission.VIEW_SPEND}
    statement_limit = REPORT
    Parameters = RangeParameters
    Output = ReconciliationOutput
    errors = {"GET": (RangeTooLong,)}

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        """Return the match of some days."""
        asked = self.read_parameters()
        start, end = asked["start"], asked["end"]
        require_range(start, end)
        found = get_reconciliation(start, end)
        versions = count_versions(start, end)
        return Response(
            {
                "start": start.isoformat(),
                "end": end.isoformat(),
                "currency": USD,
                "whole": _sums(found.whole),
                "days": [_day(day, versions) for day in found.days],
            }
        )


class LineParameters(PageParameters):
    """Which lines of the day."""

    day = DayField(help_text="The UTC day.")
    only_differing = serializers.BooleanField(default=False, help_text="Leave out the lines in which both sides agree.")
    example = {"day": "2026-10-01"}


class LineOutput(SumsOutput):
    """One account, region, model and token class of a day."""

    provider = serializers.CharField()
    aws_account = serializers.CharField()
    aws_region = serializers.CharField()
    model = serializers.CharField(help_text="Empty: the bill tells none, or it is not recognized.")
    token_class = serializers.CharField(help_text="Empty where nothing is counted in tokens.")
    tokens_rated = serializers.IntegerField()
    tokens_billed = serializers.CharField(help_text=MONEY)
    example = {
        **SumsOutput.example,
        "provider": "aws_bedrock",
        "aws_account": "111122223333",
        "aws_region": "us-east-1",
        "model": "claude-sonnet-4-5",
        "token_class": "input",
        "tokens_rated": 1000000,
        "tokens_billed": "1000000",
    }


class ReconciliationLineList(OrganizationApiView):
    """The lines of one UTC day, matched from its facts when asked for."""

    permissions = {"GET": Permission.VIEW_SPEND}
    Parameters = LineParameters
    Output = LineOutput

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - as above
        """List the lines of a day."""
        asked = self.read_parameters()
        day: date = asked["day"]
        matches = match_days(day, day + DAY)
        lines = matches[0].lines if matches else ()
        if asked["only_differing"]:
            lines = tuple(line for line in lines if line.difference or line.explained or line.unexplained)
        return self.page(page_of(lines, _line_key, asked["after"], asked["limit"]), _line)


class ToleranceInput(serializers.Serializer[Any]):
    """A difference is left alone within the amount, or within the percentage of its line."""

    absolute_usd = serializers.DecimalField(max_digits=12, decimal_places=2, help_text="In US dollars, as text.")
    percent = serializers.DecimalField(max_digits=5, decimal_places=2, help_text="Of the line's amount, as text.")
    example = {"absolute_usd": "1.00", "percent": "0.50"}


class ToleranceOutput(serializers.Serializer[Any]):
    """What nobody need look at."""

    absolute_usd = serializers.CharField()
    percent = serializers.CharField()
    example = {"absolute_usd": "1", "percent": "0.5"}


class ReconciliationTolerance(OrganizationApiView):
    """The organization's tolerance."""

    permissions = {"GET": Permission.VIEW_SPEND, "PUT": Permission.EDIT_RECONCILIATION}
    Input = ToleranceInput
    Output = ToleranceOutput
    errors = {"PUT": (ImpossibleTolerance,)}

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - as above
        """Return the tolerance."""
        return Response(_tolerance())

    def put(self, request: OrganizationApiRequest) -> Response:
        """Set the tolerance; every day is matched again with it."""
        set_tolerance(actor=request.actor, now=request.now, **self.read_input())
        return Response(_tolerance())


def require_range(start: date, end: date) -> None:
    """Refuse days that are too many, or none, by the name of their end."""
    if not timedelta(0) < end - start <= LONGEST:
        raise RangeTooLong(field="end", days=LONGEST.days)


def _sums(sums: Sums | Line) -> dict[str, object]:
    return {
        "rated": plain(sums.rated),
        "billed": plain(sums.billed),
        "difference": plain(sums.difference),
        "matched": plain(sums.matched),
        "explained": {reason.value: plain(sums.explained[reason]) for reason in REASONS if reason in sums.explained},
        "unexplained": plain(sums.unexplained),
        "tokens_unpriced": sums.rated_tokens_unpriced if isinstance(sums, Line) else sums.tokens_unpriced,
    }


def _day(day: MatchedDay, versions: Mapping[date, int]) -> dict[str, object]:
    return {
        "date": day.date.isoformat(),
        **_sums(day.sums),
        "is_closed": day.is_closed,
        "version": versions.get(day.date, 1),
        "reconciled_at": day.reconciled_at,
        "other_currencies": {currency: plain(amount) for currency, amount in day.other_currencies.items()},
    }


def _line_key(line: Line) -> Key:
    return line.key


def _line(line: Line) -> dict[str, object]:
    return {
        **place(line.key),
        "tokens_rated": line.rated_tokens,
        "tokens_billed": plain(line.billed_tokens),
        **_sums(line),
    }


def place(key: LineKey) -> dict[str, object]:
    """Return what a line is about by the API's names."""
    names = ("provider", "aws_account", "aws_region", "model", "token_class")
    return dict(zip(names, key, strict=True))


def _tolerance() -> dict[str, str]:
    tolerance = get_tolerance()
    return {"absolute_usd": plain(Decimal(tolerance.absolute_usd)), "percent": plain(Decimal(tolerance.percent))}
