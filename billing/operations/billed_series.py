"""The dictionary of bill lines: find or make, read out of each what it says, and read again what an older reader read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import datetime

from django.db.models import Q

from accounts.tenancy.context import tenant_transaction
from billing.domain.dimensions import CostHeading, Provider
from billing.domain.parsing.bill_lines import BilledKey, LineReading, read_bill_line
from billing.domain.parsing.usage_types import HEADINGS_WITH_MODEL, READING
from billing.domain.records import BilledRecord
from billing.models import BilledSeries
from billing.queries.catalog import get_model_catalog

READ_COLUMNS = tuple(column.name for column in fields(LineReading))
# How many lines are read again in one go of the timetable.
READ_AGAIN = 5_000


def find_or_add_billed_series(
    records: Iterable[BilledRecord], connection_id: int, now: datetime
) -> dict[BilledKey, int]:
    """Return the id of each line of a payer's bill; what is new is made, and says what it was read as."""
    return find_or_add_bill_lines({billed_key(record) for record in records}, {"connection_id": connection_id}, {}, now)


def find_or_add_bill_lines(
    keys: Iterable[BilledKey],
    bill: Mapping[str, int],
    tags_of: Mapping[str, Mapping[str, str]],
    now: datetime,
) -> dict[BilledKey, int]:
    """Return the id of each line of a bill: that of a connection, or what comes from one source of files.

    `bill` names the one (`connection_id` or `cost_source_id`); `tags_of` are the tags behind each digest in the keys.
    """
    known = _known(bill)
    missing = sorted(set(keys) - known.keys())
    if not missing:
        return known
    catalog = get_model_catalog()
    made = [
        BilledSeries(
            **bill,
            **key._asdict(),
            **asdict(read_bill_line(key, catalog)),
            tags=dict(tags_of.get(key.tags_digest, {})),
            reading=READING,
            first_seen_at=now,
        )
        for key in missing
    ]
    # Another window of the same bill may make the same line at the same time: whoever comes second takes it.
    BilledSeries.objects.bulk_create(made, ignore_conflicts=True)
    return _known(bill)


def read_billed_series_again() -> int:
    """Read the lines again that an older reader has read, or that were not understood; returns how many say something new.

    Doing it twice changes nothing more. A model that the catalog has learnt names the past as well.
    """
    with tenant_transaction():
        is_strange = Q(heading=CostHeading.UNRECOGNIZED) | Q(heading__in=HEADINGS_WITH_MODEL, model_id="")
        due = BilledSeries.objects.filter(~Q(reading=READING) | is_strange, provider=Provider.AWS_BEDROCK)
        rows = list(due.select_for_update(skip_locked=True).order_by("reading", "id")[:READ_AGAIN])
        if not rows:
            return 0
        catalog = get_model_catalog()
        changed = [row for row in rows if _read_anew(row, read_bill_line(key_of(row), catalog))]
        BilledSeries.objects.bulk_update(changed, [*READ_COLUMNS, "reading"])
    return len(changed)


def billed_key(record: BilledRecord) -> BilledKey:
    """Return the identity of a bill record's line."""
    return BilledKey(record.aws_account_id, record.service, record.usage_type, record.unit, record.currency)


def key_of(row: BilledSeries) -> BilledKey:
    """Return the identity of a stored line."""
    return BilledKey(*(getattr(row, column) for column in BilledKey._fields))


def _known(bill: Mapping[str, int]) -> dict[BilledKey, int]:
    rows = BilledSeries.objects.filter(**bill).values_list("id", *BilledKey._fields)
    return {BilledKey(*values): series_id for series_id, *values in rows}


def _read_anew(row: BilledSeries, read: LineReading) -> bool:
    """Change what a line was read as; a model that was known is never forgotten."""
    before = (row.reading, *(getattr(row, column) for column in READ_COLUMNS))
    if read.model_id or not row.model_id:
        for column in READ_COLUMNS:
            setattr(row, column, getattr(read, column))
    row.reading = READING
    return before != (row.reading, *(getattr(row, column) for column in READ_COLUMNS))
