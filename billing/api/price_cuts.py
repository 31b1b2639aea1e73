"""What a price cut came to, and the bill's lines behind it, as the API says them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from rest_framework import serializers

from billing.domain.announcements import NotReceived
from billing.domain.money import plain
from billing.domain.price_cuts import Outcome, Standing
from billing.queries.announcements import EvidenceRow, MeasuredCut
from billing.queries.price_events import BillLine

RATE_PLACES = Decimal("1E-10")


class PartField(serializers.Serializer[Any]):
    """What was not received for one reason; below zero: received beyond what was announced."""

    points = serializers.CharField(
        help_text="Percentage points of the spend before, at constant mix; a decimal number."
    )
    money = serializers.CharField(help_text="Since the first day, at the volumes used; a decimal number.")


class MeasuredField(serializers.Serializer[Any]):
    """What an announced cut came to. Points and amounts of `not_received` add up to what is missing exactly."""

    standing = serializers.ChoiceField(
        choices=[item.value for item in Standing], help_text="Whether the bill can say anything, and if not, why."
    )
    announced_percent = serializers.CharField(help_text="A decimal number.")
    eligible_share = serializers.CharField(
        allow_null=True,
        help_text="The part of the spend before that is in scope, from 0 to 1; null without spend before.",
    )
    realised_percent = serializers.CharField(
        allow_null=True,
        help_text="By how much all our spend became cheaper at constant mix; null without spend before.",
    )
    rate_before = serializers.CharField(
        allow_null=True, help_text="Of what is in scope, per million tokens, at the volumes before."
    )
    rate_after = serializers.CharField(allow_null=True, help_text="The same volumes at the rates since.")
    value_to_date = serializers.CharField(help_text="What was saved since the first day, at the volumes used.")
    value_per_year = serializers.CharField(help_text="At the volumes of the bill's latest 30 days, for 365.")
    announced_to_date = serializers.CharField(help_text="What all of the spend since would have saved.")
    spend_before = serializers.CharField(help_text="All spend of `before`, at the rates of its end.")
    currency = serializers.CharField(help_text="Of the bill.")
    currencies_left_out = serializers.ListField(child=serializers.CharField())
    not_received = serializers.DictField(
        child=PartField(), help_text=f"By reason: {', '.join(f'`{reason.value}`' for reason in NotReceived)}."
    )
    before_start = serializers.DateField(help_text="The stretch whose volumes are the constant mix: 30 days at most.")
    before_end = serializers.DateField()
    billed_until = serializers.DateField(allow_null=True, help_text="The first UTC day that is not on the bill yet.")
    days_since = serializers.IntegerField(help_text="Billed days since the first day.")


class EvidenceOutput(serializers.Serializer[Any]):
    """A line of the bill on one UTC day, and what the cut came to on it."""

    date = serializers.DateField()
    aws_account = serializers.CharField()
    service = serializers.CharField()
    usage_type = serializers.CharField()
    model = serializers.CharField(allow_null=True, help_text="Null: not recognised, or none.")
    aws_region = serializers.CharField(allow_null=True)
    routing = serializers.CharField(allow_null=True)
    tier = serializers.CharField(allow_null=True)
    token_class = serializers.CharField(allow_null=True)
    context_band = serializers.CharField(allow_null=True)
    tokens = serializers.CharField(help_text="Or units of the bill, where it does not count tokens; a decimal number.")
    cost = serializers.CharField(help_text="After private discounts; a decimal number.")
    currency = serializers.CharField()
    rate = serializers.CharField(allow_null=True, help_text="Per million tokens on that day.")
    is_estimated = serializers.BooleanField(help_text="AWS may still change it.")
    example: ClassVar[dict[str, object]] = {
        "date": "2026-11-22",
        "aws_account": "111122223333",
        "service": "Claude Sonnet 4.5 (Amazon Bedrock Edition)",
        "usage_type": "USE1-MP:USE1_InputTokenCount_Global-Units",
        "model": "claude-sonnet-4-5",
        "aws_region": "us-east-1",
        "routing": "GLOBAL",
        "tier": "STANDARD",
        "token_class": "input",
        "context_band": "STANDARD",
        "tokens": "12345678",
        "cost": "27.7777755",
        "currency": "USD",
        "rate": "2.25",
        "is_estimated": True,
    }


class AnnouncementEvidenceOutput(EvidenceOutput):
    """A line of the bill on one UTC day since a cut."""

    rate_before = serializers.CharField(allow_null=True, help_text="Of the line before the cut; null where unknown.")
    received = serializers.CharField(help_text="What the day would have cost before, less what it cost.")
    is_eligible = serializers.BooleanField()
    reason = serializers.ChoiceField(
        choices=[item.value for item in NotReceived], allow_null=True, help_text="Null: received as announced."
    )
    example: ClassVar[dict[str, object]] = {
        **EvidenceOutput.example,
        "rate_before": "3",
        "received": "9.2592585",
        "is_eligible": True,
        "reason": None,
    }


def serialize_cut(cut: MeasuredCut) -> dict[str, object]:
    """Say what a cut came to, by the names of `MeasuredField`."""
    outcome, until = cut.outcome, cut.billed.until
    return {
        "standing": outcome.standing.value,
        "announced_percent": plain(outcome.announced_percent),
        "eligible_share": _number(outcome.eligible_share),
        "realised_percent": _number(outcome.realised_percent),
        "rate_before": _number(outcome.rate_before),
        "rate_after": _number(outcome.rate_after),
        "value_to_date": plain(outcome.value_to_date),
        "value_per_year": plain(outcome.value_per_year),
        "announced_to_date": plain(outcome.announced_to_date),
        "spend_before": plain(outcome.spend_before),
        "currency": cut.currency,
        "currencies_left_out": list(cut.currencies_left_out),
        "not_received": serialize_parts(outcome),
        "before_start": cut.windows.before.start,
        "before_end": cut.windows.before.end,
        "billed_until": until,
        "days_since": cut.days_since,
    }


def serialize_parts(outcome: Outcome) -> dict[str, dict[str, str]]:
    """Say what was not received, by reason."""
    return {
        part.reason.value: {"points": plain(part.points), "money": plain(part.money)} for part in outcome.not_received
    }


def serialize_bill_line(row: BillLine, currency: str) -> dict[str, object]:
    """Say a line of the bill on one day, by the names of `EvidenceOutput`."""
    line = row.line
    return {
        "date": row.date,
        "aws_account": line.aws_account_id,
        "service": row.service,
        "usage_type": row.usage_type,
        "model": line.model_id or None,
        "aws_region": line.aws_region or None,
        "routing": line.routing_class or None,
        "tier": line.tier or None,
        "token_class": line.token_class or None,
        "context_band": line.context_band or None,
        "tokens": plain(row.quantity),
        "cost": plain(row.cost),
        "currency": currency,
        "rate": _number(None if row.rate is None else row.rate.quantize(RATE_PLACES)),
        "is_estimated": row.is_estimated,
    }


def serialize_evidence(row: EvidenceRow, currency: str) -> dict[str, object]:
    """Say a line of the bill and what the cut came to on it, by the names of `AnnouncementEvidenceOutput`."""
    return {
        **serialize_bill_line(row.bill, currency),
        "rate_before": _number(row.rate_before),
        "received": plain(row.received),
        "is_eligible": row.is_eligible,
        "reason": row.reason.value if row.reason else None,
    }


def _number(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
