"""Learns rates from the bill, writes them down, and marks the hours that are to be rated again with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import structlog
from django.db.models import Max

from accounts.tenancy.context import tenant_transaction
from billing.domain.catalog import PriceKey
from billing.domain.dimensions import (
    BilledTokenClass,
    ChargeCategory,
    ContextBand,
    CostHeading,
    Provider,
    RoutingClass,
    Tier,
)
from billing.domain.exchange_rates import USD
from billing.domain.learnt_rates import (
    BilledDay,
    LearntStretch,
    RateSpan,
    learn,
    listed_rates,
    priced_class,
    span_of_change,
)
from billing.domain.periods import utc_day_start
from billing.models import LearntRate, ModelPrice, RateLearning
from billing.operations.rating import mark_rating_due
from billing.queries.catalog import get_published_prices, price_of
from billing.sql import execute

log = structlog.get_logger()

# What a rate card says of such a rate; the days and the lines of the bill stand in the rate's own row.
SOURCE = "AWS bill"
PRICED = [billed.value for billed in BilledTokenClass if priced_class(billed) is not None]
EVIDENCE = (
    "source_date",
    "last_day",
    "days",
    "cost",
    "tokens",
    "series_ids",
    "is_estimated",
    "is_list_rate",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """What was learnt: how many rates there are, how many are new or gone, and the windows to be rated again."""

    rates: int
    changed: int
    days_refused: int
    windows_due: int


def mark_learning_due() -> None:
    """Write down, in the transaction that changes the bill or how it is read, that rates are to be learnt again."""
    RateLearning.objects.bulk_create(
        [RateLearning(is_due=True)],
        update_conflicts=True,
        unique_fields=["organization"],
        update_fields=["is_due"],
    )


def learn_rates(*, now: datetime) -> Learning | None:
    """Learn the rates of the whole bill, when it or the published prices have changed; None when nothing is due.

    What is stored is replaced by what the bill says now, so that a restated day moves or removes a rate. Doing it twice
    changes nothing, and only hours whose rate became another are rated again.
    """
    with tenant_transaction():
        state = RateLearning.objects.select_for_update().first()
        if state is None or not _is_due(state):
            return None
        rows, refused = _learn(now)
        learning = _store(rows, refused)
        state.is_due, state.learnt_at, state.days_refused = False, now, refused
        state.save(update_fields=["is_due", "learnt_at", "days_refused"])
        if refused:
            log.warning("billed_days_not_believed", days=refused)
        return learning


def _is_due(state: RateLearning) -> bool:
    if state.is_due or state.learnt_at is None:
        return True
    listed_at = ModelPrice.objects.aggregate(newest=Max("listed_at"))["newest"]
    return listed_at is not None and listed_at > state.learnt_at


def _learn(now: datetime) -> tuple[list[LearntRate], int]:
    published = get_published_prices()
    rows: list[LearntRate] = []
    refused = 0
    for key, days in _billed_days().items():
        lesson = learn(days, listed_rates(published, key))
        refused += len(lesson.refused)
        rows.extend(_row(key, stretch, now) for stretch in lesson.stretches)
    return rows, refused


def _billed_days() -> Mapping[PriceKey, Sequence[BilledDay]]:
    found = execute(
        "billed_days",
        provider=Provider.AWS_BEDROCK,
        charge_category=ChargeCategory.USAGE,
        heading=CostHeading.TOKENS,
        currency=USD,
        token_classes=PRICED,
    )
    days: dict[PriceKey, list[BilledDay]] = defaultdict(list)
    for model_id, aws_region, routing_class, tier, billed_class, band, day, *figures in found:
        token_class = priced_class(billed_class)
        assert token_class is not None, "only such classes were asked for"
        key = PriceKey(
            model_id=model_id,
            aws_region=aws_region,
            routing_class=RoutingClass(routing_class),
            tier=Tier(tier),
            token_class=token_class,
            context_band=ContextBand(band),
        )
        cost, tokens, lines, tokens_per_unit, is_estimated, series_ids = figures
        days[key].append(
            BilledDay(
                day=day,
                cost=cost,
                tokens=tokens,
                lines=lines,
                tokens_per_unit=int(tokens_per_unit),
                is_estimated=is_estimated,
                series_ids=tuple(series_ids),
            )
        )
    return days


def _row(key: PriceKey, stretch: LearntStretch, now: datetime) -> LearntRate:
    return LearntRate(
        model_id=key.model_id,
        aws_region=key.aws_region,
        routing_class=key.routing_class.value,
        tier=key.tier.value,
        token_class=key.token_class.value,
        context_band=key.context_band.value,
        rate_usd_per_million=stretch.rate_usd_per_million,
        currency=USD,
        effective_from=utc_day_start(stretch.first_day),
        effective_to=None if stretch.until is None else utc_day_start(stretch.until),
        source=SOURCE,
        source_date=stretch.last_day,
        first_day=stretch.first_day,
        last_day=stretch.last_day,
        days=stretch.days,
        cost=stretch.cost,
        tokens=stretch.tokens,
        series_ids=list(stretch.series_ids),
        is_estimated=stretch.is_estimated,
        is_list_rate=stretch.is_list_rate,
        learnt_at=now,
    )


def _store(rows: Sequence[LearntRate], refused: int) -> Learning:
    stored = list(LearntRate.objects.all())
    known = {_identity(row): row for row in stored}
    wanted = {_identity(row) for row in rows}
    gone = [row for identity, row in known.items() if identity not in wanted]
    new = [row for row in rows if _identity(row) not in known]
    LearntRate.objects.filter(pk__in=[row.pk for row in gone]).delete()
    LearntRate.objects.bulk_create(new)
    _update_evidence(known, [row for row in rows if _identity(row) in known])
    windows = _mark_changed(stored, rows) if gone or new else 0
    return Learning(rates=len(rows), changed=len(gone) + len(new), days_refused=refused, windows_due=windows)


def _update_evidence(known: Mapping[tuple[object, ...], LearntRate], rows: Iterable[LearntRate]) -> None:
    """Every bill adds a day to what a rate was learnt from, which changes nothing that was rated with it."""
    grown = []
    for row in rows:
        stored = known[_identity(row)]
        if any(getattr(stored, name) != getattr(row, name) for name in EVIDENCE):
            for name in EVIDENCE:
                setattr(stored, name, getattr(row, name))
            grown.append(stored)
    LearntRate.objects.bulk_update(grown, EVIDENCE, batch_size=500)


def _mark_changed(before: Iterable[LearntRate], after: Iterable[LearntRate]) -> int:
    """Mark the windows of the regions and times in which a rate became another one."""
    spans: dict[str, list[RateSpan]] = defaultdict(list)
    old, new = _spans_by_key(before), _spans_by_key(after)
    for key in old.keys() | new.keys():
        changed = span_of_change(old.get(key, ()), new.get(key, ()))
        if changed is not None:
            spans[key.aws_region].append(changed)
    due = 0
    for aws_region, changes in sorted(spans.items()):
        ends = [change.end for change in changes if change.end is not None]
        end = max(ends) if len(ends) == len(changes) else None
        due += mark_rating_due(start=min(change.start for change in changes), end=end, aws_region=aws_region)
    return due


def _spans_by_key(rows: Iterable[LearntRate]) -> Mapping[PriceKey, Sequence[RateSpan]]:
    spans: dict[PriceKey, list[RateSpan]] = defaultdict(list)
    for row in rows:
        rate: Decimal = row.rate_usd_per_million
        spans[price_of(row).key].append(RateSpan(row.effective_from, row.effective_to, rate))
    return spans


def _identity(row: LearntRate) -> tuple[object, ...]:
    return (price_of(row).key, row.rate_usd_per_million.normalize(), row.effective_from, row.effective_to)
