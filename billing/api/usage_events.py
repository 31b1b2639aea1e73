"""Usage of any other meter over REST: batches of CloudEvents, once each."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.parsers import JSONParser
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.domain.closed_months import MonthIsClosed
from accounts.domain.roles import Permission
from billing.api.periods import InstantField
from billing.domain.dimensions import TOKEN_CLASSES, Provider
from billing.domain.records import TokenCounts
from billing.domain.usage_events import (
    EVENT_TYPE,
    MAX_COUNT,
    MAX_EVENTS,
    EventOutOfTime,
    UnknownEventCostCenter,
    UsageEvent,
)
from billing.operations.usage_events import receive_usage_events

EXAMPLE = {
    "specversion": "1.0",
    "id": "8d2f6c1e-20261110T0900",
    "source": "https://gateway.example.com/azure",
    "type": EVENT_TYPE,
    "time": "2026-11-10T09:00:00Z",
    "data": {
        "provider": "azure_openai",
        "model": "gpt-5.1",
        "region": "swedencentral",
        "cost_center": "search",
        "requests": 41,
        "input_tokens": 120000,
        "output_tokens": 18000,
        "cache_read_tokens": 64000,
    },
}


class CloudEventsBatchParser(JSONParser):
    """The batched content mode of CloudEvents: an array of events."""

    media_type = "application/cloudevents-batch+json"


class Count(serializers.IntegerField):
    """A whole number of something that happened."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=MAX_COUNT, default=0, **kwargs)


class UsageData(serializers.Serializer[Any]):
    """What a meter counted. The token classes are disjoint: a token is counted in one of them, and no total is taken."""

    provider = serializers.ChoiceField(choices=[item.value for item in Provider], help_text="Who bills for it.")
    model = serializers.CharField(max_length=128)
    region = serializers.CharField(max_length=32, default="", allow_blank=True)
    cost_center = serializers.CharField(
        max_length=64, default="", allow_blank=True, help_text="The code of the cost center that pays."
    )
    requests = Count()
    input_tokens = Count(help_text="Without those that were read from a cache or written to one.")
    output_tokens = Count()
    cache_read_tokens = Count()
    cache_write_tokens = Count(help_text="Of which the meter does not tell how long they are kept.")
    cache_write_5m_tokens = Count()
    cache_write_1h_tokens = Count()


class UsageEventInput(serializers.Serializer[Any]):
    """One CloudEvent 1.0; it is known by `source` and `id`."""

    specversion = serializers.ChoiceField(choices=["1.0"])
    id = serializers.CharField(max_length=255)
    source = serializers.CharField(max_length=255)  # type: ignore[assignment] # DRF takes declared fields off the class
    type = serializers.ChoiceField(choices=[EVENT_TYPE])
    time = InstantField(help_text="When the usage happened; it counts in the UTC hour of it.")
    datacontenttype = serializers.ChoiceField(choices=["application/json"], default="application/json")
    subject = serializers.CharField(max_length=255, default="", allow_blank=True, help_text="Taken and not read.")
    data = UsageData()  # type: ignore[assignment] # as above


class UsageEventBatch(serializers.Serializer[Any]):
    """A batch. As `application/cloudevents-batch+json`, or as JSON, the array alone is taken as well."""

    events = serializers.ListField(child=UsageEventInput(), min_length=1, max_length=MAX_EVENTS)
    example = {"events": [EXAMPLE]}


class ReceivedOutput(serializers.Serializer[Any]):
    """What became of a batch."""

    accepted = serializers.IntegerField(help_text="New events.")
    repeated = serializers.IntegerField(help_text="Events whose source and id had come before: they change nothing.")
    example = {"accepted": 1, "repeated": 0}


class UsageEventList(OrganizationApiView):
    """Usage of other meters. A batch is taken as a whole or, with one event that is wrong, not at all."""

    permissions = {"POST": Permission.SEND_USAGE}
    parser_classes = (JSONParser, CloudEventsBatchParser)
    Input = UsageEventBatch
    Output = ReceivedOutput
    statuses = {"POST": 202}
    errors = {"POST": (EventOutOfTime, MonthIsClosed, UnknownEventCostCenter)}

    def post(self, request: OrganizationApiRequest) -> Response:
        """Send usage events, at most 1,000 in a batch."""
        events = [_event(one) for one in self.read_input()["events"]]
        received = receive_usage_events(events, now=request.now)
        return Response({"accepted": received.accepted, "repeated": received.repeated}, status=202)

    def _body(self) -> Any:
        body = super()._body()
        return {"events": body} if isinstance(body, list) else body


def _event(given: dict[str, Any]) -> UsageEvent:
    data = given["data"]
    return UsageEvent(
        source=given["source"],
        event_id=given["id"],
        time=given["time"],
        provider=Provider(data["provider"]),
        model=data["model"],
        region=data["region"],
        cost_center=data["cost_center"],
        requests=data["requests"],
        tokens=TokenCounts(*(data[f"{name.value}_tokens"] for name in TOKEN_CLASSES)),
    )
