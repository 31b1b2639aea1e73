"""What spend and usage are asked by over REST: the range, the periods, the groups."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from enum import StrEnum
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
from billing.domain.dimensions import (
    Basis,
    BilledTokenClass,
    ChargeCategory,
    CostHeading,
    Dimension,
    Granularity,
    Provider,
    Routing,
    RoutingClass,
    Tier,
)
from billing.domain.explore import MOST_VALUES, VALUE_LENGTH, WITHOUT
from billing.queries.questions import BillHasUtcDays, SpendQuestion

CALENDARS = ("utc", "organization")
# One row for each group over the whole range, as the table of a page has it.
TOTAL = "total"
WITH_HOURS = (Granularity.HOUR.value, TOTAL)
UTC_NAME = "UTC"
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2}))?", re.ASCII)
DATE_LENGTH = 10
FIRST_YEAR, LAST_YEAR = 2000, 2200


class TimeNeedsHours(Invalid):
    """A time of day was given where periods are whole days."""

    code: ClassVar[str] = "time_needs_hours"
    message: ClassVar[str] = gettext_noop(
        "A time of day goes with granularity=hour or total only; give a date such as 2026-10-01."
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


class DimensionValues(CommaSeparated):
    """The values of one dimension that are wanted, or not wanted."""

    def __init__(self, *, choices: type[StrEnum] | None = None, **options: Any) -> None:
        child = (
            serializers.ChoiceField(choices=[item.value for item in choices])
            if choices
            else serializers.CharField(max_length=VALUE_LENGTH)
        )
        super().__init__(child=child, required=False, max_length=MOST_VALUES, **options)

    def to_internal_value(self, data: Any) -> list[str | None]:
        return [None if value == WITHOUT else value for value in super().to_internal_value(data)]


class AskedRouting(StrEnum):
    """Where calls may be served, as usage tells it, or as a bill does, which knows two."""

    IN_REGION = Routing.IN_REGION.value
    GEO = Routing.GEO.value
    REGIONAL = RoutingClass.REGIONAL.value
    GLOBAL = Routing.GLOBAL.value


class QuestionParameters(PageParameters):
    """The parameters that spend and usage share."""

    start = Moment(
        help_text="The first day, `2026-10-01`; with `granularity=hour` or `total` also an hour, "
        "`2026-10-01T13:00:00Z`."
    )
    end = Moment(help_text="The day, or hour, before which it ends: it is not included.")
    granularity = serializers.ChoiceField(
        choices=[*(item.value for item in Granularity), TOTAL],
        default=Granularity.DAY.value,
        help_text="`total` is one row for each group over the whole range; its `period` is the start.",
    )
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

    model = DimensionValues(
        help_text="Canonical ids with commas between them; `~none` is usage whose id is not recognised, and on a bill "
        "`no_model` what has none."
    )
    publisher = DimensionValues(help_text="Who made the model; `~none` where that is not known.")
    provider = DimensionValues(choices=Provider, help_text="Who bills for them.")
    aws_region = DimensionValues(help_text="Regions that calls were made from.")
    aws_account = DimensionValues(help_text="Numbers of AWS accounts.")
    cost_center = DimensionValues(help_text="Codes of cost centers; `~none` is what is unassigned.")
    token_class = DimensionValues(
        choices=BilledTokenClass, help_text="Classes of tokens; billed, also classes that only a bill tells apart."
    )
    routing = DimensionValues(
        choices=AskedRouting, help_text="Rated: `IN_REGION`, `GEO` or `GLOBAL`. Billed: `REGIONAL` or `GLOBAL`."
    )
    tier = DimensionValues(choices=Tier, help_text="Service tiers.")
    heading = DimensionValues(
        choices=CostHeading, help_text="Billed only: under which heading of a statement the line stands."
    )
    charge_category = DimensionValues(choices=ChargeCategory, help_text="Billed only: what kind of charge it is.")
    service = DimensionValues(help_text="Billed only: services as the bill names them.")
    usage_type = DimensionValues(help_text="Billed only.")
    exclude_model = DimensionValues(help_text="Everything but these; `exclude_…` goes with every dimension.")
    exclude_publisher = DimensionValues(help_text="All publishers but these.")
    exclude_provider = DimensionValues(choices=Provider, help_text="All providers but these.")
    exclude_aws_region = DimensionValues(help_text="All regions but these.")
    exclude_aws_account = DimensionValues(help_text="All accounts but these.")
    exclude_cost_center = DimensionValues(help_text="All cost centers but these.")
    exclude_token_class = DimensionValues(choices=BilledTokenClass, help_text="All token classes but these.")
    exclude_routing = DimensionValues(choices=AskedRouting, help_text="All routings but these.")
    exclude_tier = DimensionValues(choices=Tier, help_text="All tiers but these.")
    exclude_heading = DimensionValues(choices=CostHeading, help_text="All headings but these.")
    exclude_charge_category = DimensionValues(choices=ChargeCategory, help_text="All charge categories but these.")
    exclude_service = DimensionValues(help_text="All services but these.")
    exclude_usage_type = DimensionValues(help_text="All usage types but these.")

    example = {"start": "2026-10-01", "end": "2026-11-01", "granularity": "day", "group_by": ["model", "aws_region"]}

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
    granularity = asked["granularity"]
    return SpendQuestion(
        basis=basis,
        start=_moment(asked["start"], "start", granularity, time_zone),
        end=_moment(asked["end"], "end", granularity, time_zone),
        granularity=None if granularity == TOTAL else Granularity(granularity),
        group_by=tuple(Dimension(name) for name in asked["group_by"]),
        filters=_values(asked, ""),
        excluded=_values(asked, "exclude_"),
        time_zone=time_zone,
    )


def _values(asked: Mapping[str, Any], prefix: str) -> dict[Dimension, tuple[str | None, ...]]:
    return {
        dimension: tuple(asked[f"{prefix}{dimension.value}"])
        for dimension in Dimension
        if f"{prefix}{dimension.value}" in asked
    }


def named_key(question: SpendQuestion, key: tuple[str | None, ...]) -> dict[str, str | None]:
    """The values of a row's groups by the names of their dimensions."""
    return {dimension.value: value for dimension, value in zip(question.group_by, key, strict=True)}


def row_period(question: SpendQuestion, period: date | datetime | None) -> str:
    """The period of a row as it is told; of a row over the whole range, where that begins."""
    if period is not None:
        return period_text(period)
    local = question.start.astimezone(ZoneInfo(question.time_zone))
    return period_text(local.date() if local.time() == time.min else question.start)


def period_text(period: date | datetime) -> str:
    """A period as it is told: the date it begins with, or the hour in UTC."""
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


def _moment(value: date | datetime, field: str, granularity: str, time_zone: str) -> datetime:
    if isinstance(value, datetime):
        if granularity not in WITH_HOURS:
            raise TimeNeedsHours(field=field)
        return value
    return datetime.combine(value, time.min, ZoneInfo(time_zone)).astimezone(UTC)


class GroupedOutput(serializers.Serializer[Any]):
    """The columns that every row can have: its period, and one for each dimension of `group_by`."""

    period = serializers.CharField(help_text="The date with which the period begins; with hours, its time in UTC.")
    model = serializers.CharField(
        required=False,
        allow_null=True,
        help_text="The canonical id; null when AWS's id is not recognised, "
        "`no_model` for a bill line that belongs to none.",
    )
    publisher = serializers.CharField(required=False, allow_null=True, help_text="Who made the model.")
    provider = serializers.CharField(required=False, help_text="Who bills for it.")
    aws_region = serializers.CharField(
        required=False, allow_null=True, help_text="The region that the calls were made from."
    )
    aws_account = serializers.CharField(required=False)
    cost_center = serializers.CharField(
        required=False, allow_null=True, help_text="The code of the cost center; null is unassigned."
    )
    token_class = serializers.CharField(
        required=False, allow_null=True, help_text="Null for a bill line that does not count tokens."
    )
    routing = serializers.CharField(
        required=False, allow_null=True, help_text="`IN_REGION`, `GEO` or `GLOBAL`; billed `REGIONAL` or `GLOBAL`."
    )
    tier = serializers.CharField(required=False, allow_null=True)
