"""Reads the inventory of a region: which profiles there are, whose they are, and which models were ever used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from accounts.tenancy.context import tenant_transaction
from billing.adapters.aws.bedrock import (
    LIST_MODELS,
    LIST_TAGS,
    Profile,
    list_application_profiles,
    list_foundation_model_ids,
    list_system_profile_ids,
    list_tags,
)
from billing.adapters.aws.cloudwatch import DAY_SECONDS, QUERIES_PER_CALL, Metric, fetch_sums
from billing.adapters.aws.errors import Denied
from billing.domain.collection import CLOUDWATCH_RETENTION, WindowState
from billing.domain.connections import Charge
from billing.domain.dimensions import Namespace
from billing.domain.parsing.cloudwatch import Counted, dimensions_of, metric_names
from billing.domain.periods import DAY, utc_day_start
from billing.domain.tiers import TIER_OF
from billing.models import CollectionWindow, InferenceProfile, ObservedMetric
from billing.operations.series import read_series_again
from billing.operations.windows import Claim, Keeper, Stored
from billing.queries.catalog import get_model_catalog

# What a model that was used at all has data of.
PROBED_METRIC = "Invocations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What a region's inventory told; `tags` is None where we may not read them."""

    profiles: Sequence[Profile]
    tags: Mapping[str, Mapping[str, str]] | None
    silent: Sequence[Counted]
    missing_permissions: Sequence[str]


def read_inventory(claim: Claim, charge: Charge, keeper: Keeper) -> Callable[[datetime], Stored]:
    """Ask Bedrock for the region's profiles; returns what stores them, to be called with the window's row locked.

    The first time, ask CloudWatch as well which of all models that exist were used in the past: it lists only those that
    were used in the last two weeks.
    """
    profiles, tags = _list_profiles(claim)
    missing = [] if tags is not None else [LIST_TAGS]
    silent: list[Counted] = []
    if _is_first_reading(claim):
        keeper.keep()
        try:
            silent = _find_silent_models(claim, charge, profiles)
        except Denied as error:
            if error.action != LIST_MODELS:
                raise
            missing.append(LIST_MODELS)
    found = Inventory(profiles=profiles, tags=tags, silent=silent, missing_permissions=missing)
    return lambda now: _store(claim, found, now)


def profiles_of(place: Mapping[str, str]) -> list[InferenceProfile]:
    """Return the remembered profiles of one account and region, deleted ones too."""
    return list(InferenceProfile.objects.filter(**place))


def metric_of(namespace: Namespace, name: str, what: Counted) -> Metric:
    """Return the metric of that name as AWS publishes it, its dimensions in the order in which they are compared."""
    return Metric(namespace=namespace, name=name, dimensions=tuple(sorted(dimensions_of(namespace, what).items())))


def refresh_profiles(claim: Claim) -> None:
    """Look the region's profiles up at once, because an id has appeared that nobody knows.

    A missing permission is no reason not to read usage: it then stays unrecognised, and the inventory's own window says
    what is missing.
    """
    try:
        profiles, tags = _list_profiles(claim)
    except Denied:
        return
    with tenant_transaction():
        remember_profiles(_place(claim), profiles, tags, claim.started_at)


def remember_profiles(
    place: Mapping[str, str],
    profiles: Sequence[Profile],
    tags: Mapping[str, Mapping[str, str]] | None,
    now: datetime,
) -> None:
    """Write the profiles down as seen now; those that AWS no longer lists are kept, marked deleted."""
    known = {row.profile_id: row for row in profiles_of(place)}
    for profile in profiles:
        row = known.pop(profile.profile_id, None) or InferenceProfile(
            **place, profile_id=profile.profile_id, first_seen_at=now
        )
        row.name, row.arn, row.model_arns = profile.name, profile.arn, list(profile.model_arns)
        row.last_seen_at, row.deleted_at = now, None
        if tags is not None:
            row.tags = dict(tags[profile.profile_id])
        row.save()
    for gone in known.values():
        if gone.deleted_at is None:
            gone.deleted_at = now
            gone.save(update_fields=["deleted_at"])


def _store(claim: Claim, found: Inventory, now: datetime) -> Stored:
    place = _place(claim)
    remember_profiles(place, found.profiles, found.tags, now)
    read_series_again(place, profiles_of(place), get_model_catalog(), now)
    _remember_silent_models(place, found.silent, now)
    return Stored(rows=len(found.profiles), missing_permissions=found.missing_permissions)


def _list_profiles(claim: Claim) -> tuple[Sequence[Profile], Mapping[str, Mapping[str, str]] | None]:
    profiles = list_application_profiles(claim.role, claim.span.aws_region)
    tags: dict[str, Mapping[str, str]] = {}
    for profile in profiles:
        try:
            tags[profile.profile_id] = list_tags(claim.role, claim.span.aws_region, profile.arn)
        except Denied:
            return profiles, None
    return profiles, tags


def _is_first_reading(claim: Claim) -> bool:
    with tenant_transaction():
        return not CollectionWindow.objects.filter(
            connection_id=claim.connection_id,
            source=claim.span.source,
            aws_region=claim.span.aws_region,
            state=WindowState.DONE,
        ).exists()


def _find_silent_models(claim: Claim, charge: Charge, profiles: Iterable[Profile]) -> list[Counted]:
    """What has called in the whole time that CloudWatch keeps: models, of all that the region offers, and their tiers."""
    region = claim.span.aws_region
    ids = {
        *list_foundation_model_ids(claim.role, region),
        *list_system_profile_ids(claim.role, region),
        *(profile.profile_id for profile in profiles),
    }
    models = _find_used(claim, charge, [Counted(aws_model_id=model_id) for model_id in sorted(ids)])
    tiers = [replace(model, service_tier=name, resolved_service_tier=name) for model in models for name in TIER_OF]
    return [*models, *_find_used(claim, charge, tiers)]


def _find_used(claim: Claim, charge: Charge, candidates: Sequence[Counted]) -> list[Counted]:
    end = utc_day_start(claim.started_at) + DAY
    since = end - CLOUDWATCH_RETENTION
    used: list[Counted] = []
    for start in range(0, len(candidates), QUERIES_PER_CALL):
        batch = candidates[start : start + QUERIES_PER_CALL]
        metrics = [metric_of(Namespace.BEDROCK, PROBED_METRIC, what) for what in batch]
        sums = fetch_sums(
            claim.role, claim.span.aws_region, metrics, since, end, charge=charge, period_seconds=DAY_SECONDS
        )
        used.extend(what for what, item in zip(batch, sums, strict=True) if any(item.sums))
    return used


def _remember_silent_models(place: Mapping[str, str], used: Iterable[Counted], now: datetime) -> None:
    rows = [
        ObservedMetric(
            **place,
            namespace=Namespace.BEDROCK,
            name=name,
            aws_model_id=what.aws_model_id,
            service_tier=what.service_tier,
            resolved_service_tier=what.resolved_service_tier,
            first_seen_at=now,
        )
        for what in used
        for name in metric_names(Namespace.BEDROCK)
    ]
    ObservedMetric.objects.bulk_create(rows, ignore_conflicts=True)


def _place(claim: Claim) -> dict[str, str]:
    return {"aws_account_id": claim.aws_account_id, "aws_region": claim.span.aws_region}
