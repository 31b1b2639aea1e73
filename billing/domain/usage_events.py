"""Usage that other meters tell by CloudEvents: what an event counts, and how events become hours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop
from billing.domain.catalog import CanonicalModel, ModelCatalog, canonical_model
from billing.domain.dimensions import Namespace, Provider, Routing, SeriesKey, Tier
from billing.domain.periods import floor_hour
from billing.domain.records import TokenCounts, UsageRecord

EVENT_TYPE = "yosan.usage"
MAX_EVENTS = 1000
MAX_COUNT = 10**15
# Clocks differ; more than that is a mistake.
AHEAD = timedelta(hours=1)
# As far back as CloudWatch keeps its hours.
OLDEST = timedelta(days=455)


class EventOutOfTime(Invalid):
    """The event's time lies in the future, or so long ago that no page shows it."""

    code: ClassVar[str] = "event_out_of_time"
    message: ClassVar[str] = gettext_noop("The time of an event lies within the last 455 days and not in the future.")


class UnknownEventCostCenter(Invalid):
    """The organization has no cost center of that code."""

    code: ClassVar[str] = "unknown_cost_center"
    message: ClassVar[str] = gettext_noop("There is no cost center with the code %(code)s.")


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageEvent:
    """One told event: known by its source and id, whatever else it says."""

    source: str
    event_id: str
    time: datetime
    provider: Provider
    model: str
    region: str
    cost_center: str
    requests: int
    tokens: TokenCounts

    @property
    def hour(self) -> datetime:
        """The UTC hour in which it counts."""
        return floor_hour(self.time)


def check_times(events: Iterable[UsageEvent], now: datetime) -> None:
    """Raise EventOutOfTime, with the event's place in the batch, where a time cannot be right."""
    for index, event in enumerate(events):
        if not now - OLDEST <= event.time <= now + AHEAD:
            raise EventOutOfTime(field=f"events.{index}.time")


def series_of(event: UsageEvent, catalog: ModelCatalog) -> SeriesKey:
    """Return the line of usage that an event counts in: provider, model, region and cost center make it.

    A model that the catalog knows is called as there; any other keeps the name it was told by, so that it can be priced.
    """
    named = catalog.models.get(event.model)
    known = (
        CanonicalModel(model_id=named.model_id, publisher=named.publisher, routing=Routing.IN_REGION)
        if named
        else canonical_model(event.model, catalog)
    )
    return SeriesKey(
        aws_account_id="",
        aws_region=event.region,
        namespace=Namespace.EVENTS,
        aws_model_id=event.model,
        model_id=known.model_id or event.model,
        publisher=known.publisher,
        routing=known.routing if known.model_id else Routing.IN_REGION,
        tier=Tier.STANDARD,
        inference_profile_id="",
        project=f"{event.provider.value}:{event.cost_center}",
    )


def hours_of(events: Iterable[UsageEvent], catalog: ModelCatalog) -> list[UsageRecord]:
    """Add events up into hours, one record for each series and hour, in the order of series."""
    counts: dict[tuple[SeriesKey, datetime], tuple[int, TokenCounts]] = defaultdict(lambda: (0, TokenCounts()))
    keys: dict[tuple[str, str, str, str], SeriesKey] = {}
    for event in events:
        said = (event.provider.value, event.model, event.region, event.cost_center)
        series = keys.setdefault(said, series_of(event, catalog))
        requests, tokens = counts[series, event.hour]
        counts[series, event.hour] = (requests + event.requests, tokens.plus(event.tokens))
    ordered = sorted(counts.items(), key=lambda item: (item[0][0].aws_model_id, item[0][0].project, item[0][1]))
    return [UsageRecord(series, hour, requests, tokens) for (series, hour), (requests, tokens) in ordered]
