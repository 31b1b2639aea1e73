"""The dictionaries of series: find or make, read again when more is known, and say who pays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from accounts.models import CostCenter
from billing.domain.allocation import cost_center_for, cost_center_of_account
from billing.domain.catalog import ModelCatalog, series_key
from billing.domain.dimensions import Namespace, SeriesKey
from billing.domain.records import BilledRecord
from billing.models import (
    AwsConnection,
    BilledSeries,
    InferenceProfile,
    SeriesAssignment,
    UsageSeries,
)

BY_TAG = "TAG"
BY_ACCOUNT = "ACCOUNT"


class RawKey(NamedTuple):
    """What makes a usage series the same series, whatever is read out of it."""

    aws_account_id: str
    aws_region: str
    namespace: str
    aws_model_id: str
    tier: str
    inference_profile_id: str
    project: str


class BilledKey(NamedTuple):
    """What makes a line of the bill the same line."""

    aws_account_id: str
    service: str
    usage_type: str
    unit: str
    currency: str


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


def find_or_add_billed_series(
    records: Iterable[BilledRecord], connection_id: int, now: datetime
) -> dict[BilledKey, int]:
    """Return the id of each line of a payer's bill; what is new is made."""
    wanted = {billed_key(record) for record in records}
    known = _known_billed(connection_id)
    missing = [
        BilledSeries(connection_id=connection_id, first_seen_at=now, **key._asdict())
        for key in sorted(wanted)
        if key not in known
    ]
    BilledSeries.objects.bulk_create(missing, ignore_conflicts=True)
    return _known_billed(connection_id) if missing else known


def list_series_ids(place: Mapping[str, str]) -> list[int]:
    """Return the usage series of one account and region."""
    return list(UsageSeries.objects.filter(**place).order_by("id").values_list("id", flat=True))


def billed_key(record: BilledRecord) -> BilledKey:
    """Return the identity of a bill record's line."""
    return BilledKey(record.aws_account_id, record.service, record.usage_type, record.unit, record.currency)


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


def assign_series(*, now: datetime) -> int:
    """Write who pays for each series: by its tag, or by the cost center that claims its account; returns the changes.

    A series is assigned from its first hour. When its tag or the claim changes later, the past stays where it was and
    the new payer begins with the UTC day of `now`. What a person or a rule assigned is left alone.
    """
    centers = {center.code: center for center in CostCenter.objects.filter(retired_at__isnull=True)}
    ids = {code: center.pk for code, center in centers.items()}
    claims: dict[str, set[str]] = defaultdict(set)
    for code, center in centers.items():
        if center.aws_account_id:
            claims[code].add(center.aws_account_id)
    tag_keys = dict(AwsConnection.objects.values_list("aws_account_id", "tag_key").order_by("id"))
    today = now.date()
    changes = 0
    usage = _assigned("usage_series_id")
    for row in UsageSeries.objects.all():
        payer = cost_center_for(row.tags, tag_keys.get(row.aws_account_id, ""), ids)
        changes += _assign({"usage_series_id": row.pk}, usage.get(row.pk), ids.get(payer or ""), BY_TAG, today)
    billed = _assigned("billed_series_id")
    for series_id, account in BilledSeries.objects.values_list("id", "aws_account_id"):
        payer = cost_center_of_account(account, claims)
        changes += _assign(
            {"billed_series_id": series_id}, billed.get(series_id), ids.get(payer or ""), BY_ACCOUNT, today
        )
    return changes


def _assigned(column: str) -> dict[int, SeriesAssignment]:
    rows = SeriesAssignment.objects.filter(**{f"{column}__isnull": False}, assigned_to__isnull=True)
    return {getattr(row, column): row for row in rows}


def _assign(
    series: dict[str, int], current: SeriesAssignment | None, center_id: int | None, origin: str, today: date
) -> int:
    if current is not None and (current.origin != origin or current.cost_center_id == center_id):
        return 0
    if current is None and center_id is None:
        return 0
    had_payer = SeriesAssignment.objects.filter(**series).exists()
    if current is not None:
        _end(current, today)
    if center_id is not None:
        made = SeriesAssignment(
            **series, cost_center_id=center_id, origin=origin, assigned_from=today if had_payer else None
        )
        # Another worker may assign the same series at the same time: whoever comes second leaves it at that.
        SeriesAssignment.objects.bulk_create([made], ignore_conflicts=True)
    return 1


def _end(current: SeriesAssignment, today: date) -> None:
    if current.assigned_from is not None and current.assigned_from >= today:
        current.delete()
        return
    current.assigned_to = today
    current.save(update_fields=["assigned_to"])


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


def _known_billed(connection_id: int) -> dict[BilledKey, int]:
    rows = BilledSeries.objects.filter(connection_id=connection_id).values_list("id", *BilledKey._fields)
    return {BilledKey(*values): series_id for series_id, *values in rows}


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
