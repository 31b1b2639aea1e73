"""What spend and usage are asked by over REST: the range, the periods, the groups."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.access.api import OrganizationApiRequest
from accounts.access.declarations import CommaSeparated, PageParameters
from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop
from billing.domain.dimensions import Basis, Dimension, Granularity
from billing.queries.questions import BillHasUtcDays, SpendQuestion

CALENDARS = ("utc", "organization")
UTC_NAME = "UTC"
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2}))?", re.ASCII)
DATE_LENGTH = 10
FIRST_YEAR, LAST_YEAR = 2000, 2200


class TimeNeedsHours(Invalid):
    """A time of day was given where periods are whole days."""

    code: ClassVar[str] = "time_needs_hours"
    message: ClassVar[str] = gettext_noop(
        "A time of day goes with granularity=hour only; give a date such as 2026-10-01."
    )


@extend_schema_field(OpenApiTypes.STR)
class Moment(serializers.Field[date | datetime, str, str, Any]):
    """A date, or a full hour with its offset."""

    default_error_messages = {
        "not_a_moment": _("This is not a date such as 2026-10-01, nor a full hour such as 2026-10-01T13:00:00Z."),
    }

    def to_internal_value(self, data: str) -> date | datetime:
        try:
            return _read_moment(data)
        except ValueError:
            self.fail("not_a_moment")


class QuestionParameters(PageParameters):
    """The parameters that spend and usage share."""

    start = Moment(
        help_text="The first day, `2026-10-01`; with `granularity=hour` also an hour, `2026-10-01T13:00:00Z`."
    )
    end = Moment(help_text="The day, or hour, before which it ends: it is not included.")
    granularity = serializers.ChoiceField(choices=[item.value for item in Granularity], default=Granularity.DAY.value)
    calendar = serializers.ChoiceField(
        choices=CALENDARS,
        default="utc",
        help_text="Whose days and months: UTC's, or with `organization` those of the organization's time zone.",
    )
    group_by = CommaSeparated(
        child=serializers.ChoiceField(choices=[item.value for item in Dimension]),
        default=list,
        help_text="Dimensions, with commas between them; without any, one row for each period.",
    )

    def validate_group_by(self, value: list[str]) -> list[str]:
        """Refuse a dimension that is named twice: its column would stand there once."""
        if len(set(value)) < len(value):
            raise serializers.ValidationError(_("Each dimension can be named once."), code="repeated")
        return value


def question_of(request: OrganizationApiRequest, asked: Mapping[str, Any], basis: Basis) -> SpendQuestion:
    """Turn checked parameters into a question. Raises Invalid where they do not fit together."""
    if asked["calendar"] == "organization" and basis is Basis.BILLED:
        raise BillHasUtcDays(field="calendar")
    time_zone = request.organization.time_zone if asked["calendar"] == "organization" else UTC_NAME
    granularity = Granularity(asked["granularity"])
    return SpendQuestion(
        basis=basis,
        start=_moment(asked["start"], "start", granularity, time_zone),
        end=_moment(asked["end"], "end", granularity, time_zone),
        granularity=granularity,
        group_by=tuple(Dimension(name) for name in asked["group_by"]),
        time_zone=time_zone,
    )


def named_key(question: SpendQuestion, key: tuple[str | None, ...]) -> dict[str, str | None]:
    """The values of a row's groups by the names of their dimensions."""
    return {dimension.value: value for dimension, value in zip(question.group_by, key, strict=True)}


def period_text(period: date | datetime | None) -> str:
    """A period as it is told: the date it begins with, or the hour in UTC."""
    assert period is not None, "questions over REST always have periods"
    if isinstance(period, datetime):
        return period.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return period.isoformat()


def _read_moment(text: str) -> date | datetime:
    # The library's own reading takes weeks and ordinal days too, which nobody would expect here.
    if MOMENT.fullmatch(text) is None:
        raise ValueError(text)
    if len(text) == DATE_LENGTH:
        return _in_range(date.fromisoformat(text))
    moment = datetime.fromisoformat(text)
    if (moment.minute, moment.second) != (0, 0):
        raise ValueError(text)
    _in_range(moment)
    return moment.astimezone(UTC)


def _in_range(day: date) -> date:
    # Far from here the conversion between time zones runs out of numbers.
    if not FIRST_YEAR <= day.year < LAST_YEAR:
        raise ValueError(day)
    return day


def _moment(value: date | datetime, field: str, granularity: Granularity, time_zone: str) -> datetime:
    if isinstance(value, datetime):
        if granularity is not Granularity.HOUR:
            raise TimeNeedsHours(field=field)
        return value
    return datetime.combine(value, time.min, ZoneInfo(time_zone)).astimezone(UTC)


class GroupedOutput(serializers.Serializer[Any]):
    """The columns that every row can have: its period, and one for each dimension of `group_by`."""

    period = serializers.CharField(help_text="The date with which the period begins; with hours, its time in UTC.")
    model = serializers.CharField(
        required=False, allow_null=True, help_text="The canonical id; null when AWS's id is not recognised."
    )
    publisher = serializers.CharField(required=False, allow_null=True, help_text="Who made the model.")
    provider = serializers.CharField(required=False, help_text="Who bills for it.")
    aws_region = serializers.CharField(required=False, help_text="The region that the calls were made from.")
    aws_account = serializers.CharField(required=False)
    cost_center = serializers.CharField(
        required=False, allow_null=True, help_text="The code of the cost center; null is unassigned."
    )
    token_class = serializers.CharField(required=False)
    routing = serializers.CharField(required=False, help_text="`IN_REGION`, `GEO` or `GLOBAL`.")
    tier = serializers.CharField(required=False)
