"""The dictionaries of series: find or make, and read again when more is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from billing.domain.catalog import ModelCatalog, series_key
from billing.domain.dimensions import Namespace, SeriesKey
from billing.models import (
    InferenceProfile,
    UsageSeries,
)


class RawKey(NamedTuple):
    """What makes a usage series the same series, whatever is read out of it."""

    aws_account_id: str
    aws_region: str
    namespace: str
    aws_model_id: str
    tier: str
    inference_profile_id: str
    project: str


def find_or_add_usage_series(
    keys: Iterable[SeriesKey], tags_of_profile: Mapping[str, Mapping[str, str]], now: datetime
) -> dict[SeriesKey, int]:
    """Return the id of each series, all of one account and region; what is new is made, what is read anew is changed."""
    wanted = {_raw(key): key for key in keys}
    known = _known(wanted)
    missing = [_series(key, tags_of_profile, now) for raw, key in wanted.items() if raw not in known]
    # Another window of the same region may make the same series at the same time: whoever comes second takes them.
    UsageSeries.objects.bulk_create(missing, ignore_conflicts=True)
    known = _known(wanted)
    # In the order of their ids, as everywhere: two transactions that change the same series wait, and do not lock up.
    for raw in sorted(wanted, key=lambda raw: known[raw].pk):
        key = wanted[raw]
        _read_anew(known[raw], key, tags_of_profile.get(key.inference_profile_id), now)
    return {key: known[raw].pk for raw, key in wanted.items()}


def list_series_ids(place: Mapping[str, str]) -> list[int]:
    """Return the usage series of one account and region."""
    return list(UsageSeries.objects.filter(**place).order_by("id").values_list("id", flat=True))


def read_series_again(
    place: Mapping[str, str], profiles: Sequence[InferenceProfile], catalog: ModelCatalog, now: datetime
) -> int:
    """Read the series of one account and region again with what is known now; returns how many say something new.

    A profile that was resolved, or a model that the catalog has learnt, names the past as well.
    """
    arns = {profile.profile_id: profile.model_arns for profile in profiles}
    tags = {profile.profile_id: profile.tags for profile in profiles}
    changed = 0
    for row in UsageSeries.objects.filter(**place).order_by("id"):
        key = series_key(
            aws_account_id=row.aws_account_id,
            aws_region=row.aws_region,
            namespace=Namespace(row.namespace),
            aws_model_id=row.aws_model_id,
            profile_model_arns=arns.get(row.aws_model_id),
            catalog=catalog,
        )
        changed += _read_anew(row, key, tags.get(row.inference_profile_id), now)
    return changed


def _raw(key: SeriesKey) -> RawKey:
    return RawKey(
        key.aws_account_id,
        key.aws_region,
        key.namespace,
        key.aws_model_id,
        key.tier,
        key.inference_profile_id,
        key.project,
    )


def _known(wanted: Mapping[RawKey, SeriesKey]) -> dict[RawKey, UsageSeries]:
    rows = UsageSeries.objects.filter(
        aws_account_id__in={raw.aws_account_id for raw in wanted}, aws_region__in={raw.aws_region for raw in wanted}
    )
    return {RawKey(*(getattr(row, column) for column in RawKey._fields)): row for row in rows}


def _series(key: SeriesKey, tags_of_profile: Mapping[str, Mapping[str, str]], now: datetime) -> UsageSeries:
    return UsageSeries(
        **_raw(key)._asdict(),
        model_id=key.model_id,
        publisher=key.publisher,
        routing=key.routing,
        tags=dict(tags_of_profile.get(key.inference_profile_id, {})),
        first_seen_at=now,
    )


def _read_anew(row: UsageSeries, key: SeriesKey, tags: Mapping[str, str] | None, now: datetime) -> int:
    """Change what is read out of a series when it reads differently now; a model that was known is never forgotten."""
    before = (row.model_id, row.publisher, row.routing)
    if key.model_id or not row.model_id:
        row.model_id, row.publisher, row.routing = key.model_id, key.publisher, key.routing
    is_model_new = before != (row.model_id, row.publisher, row.routing)
    is_tag_new = tags is not None and row.tags != dict(tags)
    if is_tag_new:
        row.tags = dict(tags or {})
    if is_model_new:
        row.named_at = now
    if is_model_new or is_tag_new:
        row.save(update_fields=["model_id", "publisher", "routing", "tags", "named_at"])
    return int(is_model_new or is_tag_new)
