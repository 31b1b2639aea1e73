"""Thresholds over REST: parts of a budget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from forecasting.domain.payloads import percent_text
from forecasting.domain.thresholds import AlertKind, Threshold


class ThresholdField(serializers.Serializer[Any]):
    """A level that alerts once a month, on each of its channels."""

    kind = serializers.ChoiceField(choices=[kind.value for kind in AlertKind])
    percent = serializers.DecimalField(max_digits=5, decimal_places=1, help_text="Of the amount.")
    channels = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        default=list,
        max_length=50,
        help_text="Ids of channels; without any the alert is raised and reaches nobody.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Demand what makes a threshold, in a PATCH too: DRF takes everything in it for optional, however deep."""
        missing = [name for name in ("kind", "percent") if name not in attrs]
        if missing:
            raise serializers.ValidationError(
                {name: [ErrorDetail(_("This field is required."), code="required")] for name in missing}
            )
        return attrs


def read_thresholds(given: Sequence[Mapping[str, Any]]) -> tuple[Threshold, ...]:
    """Return checked input as thresholds."""
    return tuple(
        Threshold(kind=AlertKind(item["kind"]), percent=item["percent"], channel_ids=tuple(item.get("channels", ())))
        for item in given
    )


def serialize_thresholds(thresholds: Iterable[Threshold]) -> list[dict[str, object]]:
    """Return thresholds as the API tells them."""
    return [
        {"kind": item.kind.value, "percent": percent_text(item.percent), "channels": list(item.channel_ids)}
        for item in thresholds
    ]
